//! Expansion, depthwise convolution and projection in one pass over a map, band of rows by band, so
//! that what lies between them never leaves a core's cache.

use std::ops::Range;

use crate::activation::Activation;
use crate::depthwise::{Depthwise, Ring};
use crate::gemm::{Product, Runs};
use crate::geometry::Geometry;
use crate::packed::PackedMatrix;
use crate::parallel::Threads;

/// Outputs of the depthwise convolution that a band has at least, where the map has: enough rows
/// for the matrix products.
const BAND_PIXELS: usize = 48;

/// A pointwise convolution and its activation.
#[derive(Clone, Debug)]
pub struct Pointwise {
    /// `[in_channels, out_channels]`
    pub weights: PackedMatrix,
    /// Applied last.
    pub act: Activation,
}

/// `[pointwise,] depthwise[, pointwise]`: the core of an inverted residual or separable block.
#[derive(Clone, Debug)]
pub struct Bands {
    /// Before the depthwise convolution.
    pub expand: Option<Pointwise>,
    /// The depthwise convolution.
    pub depthwise: Depthwise,
    /// The depthwise convolution's activation.
    pub act: Activation,
    /// After it.
    pub project: Option<Pointwise>,
}

impl Bands {
    /// Channels of the input.
    fn in_channels(&self) -> usize {
        self.expand.as_ref().map_or(self.depthwise.channels, |expand| expand.weights.depth)
    }

    /// Channels of the output.
    fn out_channels(&self) -> usize {
        self.project.as_ref().map_or(self.depthwise.channels, |project| project.weights.columns)
    }

    /// Rows of outputs in a band.
    fn band(geometry: &Geometry) -> usize {
        BAND_PIXELS.div_ceil(geometry.out_width()).min(geometry.out_height())
    }

    /// Rows of the expanded map that a band needs.
    fn slots(geometry: &Geometry) -> usize {
        (Self::band(geometry) - 1) * geometry.stride + geometry.kernel
    }

    /// Numbers of the expanded rows and of a band of the depthwise convolution's outputs.
    fn parts(&self, geometry: &Geometry) -> (usize, usize) {
        let channels = self.depthwise.channels;
        let ring = Self::slots(geometry) * geometry.width * channels;
        let band = Self::band(geometry) * geometry.out_width() * channels;
        (self.expand.as_ref().map_or(0, |_| ring), self.project.as_ref().map_or(0, |_| band))
    }

    /// Numbers of scratch that [`Bands::run`] needs a thread.
    pub fn scratch_len(&self, geometry: &Geometry) -> usize {
        let (ring, band) = self.parts(geometry);
        ring + band
    }

    /// Input `[height, width, in_channels]`, output and residual (which takes a projection)
    /// `[out_height, out_width, out_channels]`; the geometry is the depthwise convolution's.
    ///
    /// # Panics
    /// When a slice has another length, `scratch` less than [`Bands::scratch_len`] a thread, the
    /// geometry another kernel, or the convolutions do not fit one another.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        residual: Option<&[f32]>,
        out: &mut [f32],
        scratch: &mut [f32],
        threads: Threads,
    ) {
        assert_eq!(input.len(), geometry.in_pixels() * self.in_channels(), "input");
        assert_eq!(out.len(), geometry.out_pixels() * self.out_channels(), "output");
        assert!(residual.is_none() || self.project.is_some(), "a residual takes a projection");
        let row = geometry.out_width() * self.out_channels();
        let scratch_len = self.scratch_len(geometry);
        threads.for_each_share(out, row, scratch, scratch_len, |first, out, scratch| {
            let (ring, band) = scratch.split_at_mut(self.parts(geometry).0);
            let mut ring = ExpandedRows { bands: self, input, geometry, ring, end: 0 };
            let band_rows = Self::band(geometry);
            for (index, out) in out.chunks_mut(band_rows * row).enumerate() {
                let start = first + index * band_rows;
                let rows = start..start + out.len() / row;
                let expanded = ring.under(rows.clone());
                let Some(project) = &self.project else {
                    self.depthwise.rows(expanded, geometry, self.act, rows, out);
                    continue;
                };
                let pixels = rows.len() * geometry.out_width();
                let band = &mut band[..pixels * self.depthwise.channels];
                self.depthwise.rows(expanded, geometry, self.act, rows, band);
                project.apply(band, residual.map(|residual| &residual[start * row..]), pixels, out);
            }
        });
    }
}

impl Pointwise {
    fn apply(&self, a: &[f32], residual: Option<&[f32]>, pixels: usize, out: &mut [f32]) {
        let Self { weights, act } = self;
        let runs = Runs::one(weights.depth);
        Product {
            a,
            a_stride: weights.depth,
            runs,
            weights,
            first_weight: 0,
            residual,
            act: *act,
            rows: pixels,
        }
        .write(out, weights.columns);
    }
}

/// The last rows of the expanded map, or the whole input where nothing expands it.
struct ExpandedRows<'a> {
    bands: &'a Bands,
    input: &'a [f32],
    geometry: &'a Geometry,
    ring: &'a mut [f32],
    /// Past the last row that was expanded.
    end: usize,
}

impl ExpandedRows<'_> {
    /// Expands what is missing under some rows of outputs.
    fn under(&mut self, rows: Range<usize>) -> Ring<'_> {
        let Geometry { height, width, .. } = *self.geometry;
        let Some(expand) = &self.bands.expand else {
            return Ring { values: self.input, slots: height };
        };
        let (slots, channels) = (Bands::slots(self.geometry), self.bands.depthwise.channels);
        let needed = self.geometry.rows_under(rows);
        self.end = self.end.max(needed.start);
        while self.end < needed.end {
            let slot = self.end % slots;
            let count = (needed.end - self.end).min(slots - slot);
            let input = &self.input[self.end * width * expand.weights.depth..];
            let to = &mut self.ring[slot * width * channels..];
            expand.apply(input, None, count * width, to);
            self.end += count;
        }
        Ring { values: self.ring, slots }
    }
}
