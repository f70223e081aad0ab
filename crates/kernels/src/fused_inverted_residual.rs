//! Expansion, depthwise convolution and projection in one pass over a map. The pass goes from one
//! strip of rows to the next, so that the maps in between never leave a core's cache.

use crate::activation::Activation;
use crate::depthwise::{Depthwise, Strip};
use crate::expanded_rows::ExpandedRows;
use crate::geometry::Geometry;
use crate::memory::PackedWeights;
use crate::parallel::Workspace;
use crate::pointwise::Pointwise;

/// The least number of pixels in a strip of the depthwise convolution's outputs, provided that the
/// map has that many: enough rows for the matrix products.
const MIN_STRIP_PIXELS: usize = 48;

/// `[pointwise,] depthwise[, pointwise]` as one kernel: the core of an inverted residual, or of a
/// depthwise separable block.
#[derive(Clone, Debug)]
pub struct FusedInvertedResidual {
    /// The pointwise convolution before the depthwise one.
    pub expand: Option<Pointwise>,
    /// The depthwise convolution.
    pub depthwise: Depthwise,
    /// The depthwise convolution's activation.
    pub act: Activation,
    /// The pointwise convolution after the depthwise one.
    pub project: Option<Pointwise>,
}

/// How many elements of scratch memory a thread needs.
struct ScratchParts {
    /// Of the ring with the last rows of the expanded map.
    ring: usize,
    /// Of a strip of the depthwise convolution's outputs.
    strip: usize,
}

impl FusedInvertedResidual {
    /// The weights and biases, to be gathered with those of other kernels.
    pub fn packed_weights<'a>(&'a mut self) -> impl Iterator<Item = &'a mut PackedWeights> {
        let Self { expand, depthwise, project, .. } = self;
        let of = |part: &'a mut Option<Pointwise>| {
            part.iter_mut().flat_map(|part| part.weights.packed_weights())
        };
        of(expand).chain(depthwise.packed_weights()).chain(of(project))
    }

    fn in_channels(&self) -> usize {
        self.expand.as_ref().map_or(self.depthwise.channels, |expand| expand.weights.depth)
    }

    fn out_channels(&self) -> usize {
        self.project.as_ref().map_or(self.depthwise.channels, |project| project.weights.columns)
    }

    /// Rows of outputs in a strip.
    fn strip_rows(geometry: &Geometry) -> usize {
        MIN_STRIP_PIXELS.div_ceil(geometry.out_width()).min(geometry.out_height())
    }

    /// Rows of the expanded map under a strip of outputs.
    fn slots(geometry: &Geometry) -> usize {
        (Self::strip_rows(geometry) - 1) * geometry.stride + geometry.kernel
    }

    fn scratch_parts(&self, geometry: &Geometry) -> ScratchParts {
        let channels = self.depthwise.channels;
        let ring = Self::slots(geometry) * geometry.width * channels;
        let strip = Self::strip_rows(geometry) * geometry.out_width() * channels;
        ScratchParts {
            ring: self.expand.as_ref().map_or(0, |_| ring),
            strip: self.project.as_ref().map_or(0, |_| strip),
        }
    }

    /// The elements of scratch memory that [`FusedInvertedResidual::run`] needs for each thread.
    pub fn scratch_len(&self, geometry: &Geometry) -> usize {
        let ScratchParts { ring, strip } = self.scratch_parts(geometry);
        ring + strip
    }

    /// Computes the whole block. The input is `[height, width, in_channels]`; the output is
    /// `[out_height, out_width, out_channels]`, and so is the residual, which needs a projection to
    /// be added to. The geometry is that of the depthwise convolution.
    ///
    /// # Panics
    /// When a slice has the wrong length, the workspace has less than
    /// [`FusedInvertedResidual::scratch_len`] for each thread, the geometry has another kernel size,
    /// or the channels of the convolutions do not match.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        residual: Option<&[f32]>,
        out: &mut [f32],
        workspace: Workspace<'_>,
    ) {
        let expanded = self.expand.as_ref().map_or(self.depthwise.channels, |e| e.weights.columns);
        assert_eq!(expanded, self.depthwise.channels, "channels of the expansion's output");
        let projected = self.project.as_ref().map_or(self.depthwise.channels, |p| p.weights.depth);
        assert_eq!(projected, self.depthwise.channels, "channels of the projection's input");
        assert_eq!(input.len(), geometry.in_pixels() * self.in_channels(), "length of the input");
        assert_eq!(out.len(), geometry.out_pixels() * self.out_channels(), "length of the output");
        assert!(
            residual.is_none() || self.project.is_some(),
            "a residual needs a projection to be added to"
        );
        let row = geometry.out_width() * self.out_channels();
        let ScratchParts { ring: ring_len, strip: strip_len } = self.scratch_parts(geometry);
        workspace.for_each_share(out, row, ring_len + strip_len, |first, out, scratch| {
            let (ring, strip) = scratch.split_at_mut(ring_len);
            let slots = Self::slots(geometry);
            let expand = self.expand.as_ref();
            let mut ring = ExpandedRows { expand, input, geometry, ring, slots, end: 0 };
            let strip_rows = Self::strip_rows(geometry);
            for (index, out) in out.chunks_mut(strip_rows * row).enumerate() {
                let start = first + index * strip_rows;
                let rows = start..start + out.len() / row;
                let pixels = rows.len() * geometry.out_width();
                let input = ring.under(rows.clone());
                let depthwise = Strip { input, geometry, act: self.act, rows };
                let Some(project) = &self.project else {
                    self.depthwise.write_strip(&depthwise, out);
                    continue;
                };
                let strip = &mut strip[..pixels * self.depthwise.channels];
                self.depthwise.write_strip(&depthwise, strip);
                let residual = residual.map(|residual| &residual[start * row..]);
                project.apply(strip, residual, pixels, out);
            }
        });
    }
}
