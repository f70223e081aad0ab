//! Dense and grouped convolution with any odd kernel.

use crate::activation::Activation;
use crate::conv_rows::ConvRows;
use crate::gemm::{MatrixProduct, Rows, gemm};
use crate::geometry::Geometry;
use crate::memory::PackedWeights;
use crate::microkernel::MAX_ROWS;
use crate::packed::PackedMatrix;
use crate::parallel::Workspace;
use crate::simd::InstructionSet;

/// What follows the sums of a convolution: `act(sum + residual)`.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a> {
    /// What is added before the activation: as long as the output.
    pub residual: Option<&'a [f32]>,
    /// The activation, which is applied last.
    pub act: Activation,
}

/// The weights and the bias of a dense or grouped convolution in PyTorch's layout.
#[derive(Clone, Copy, Debug)]
pub struct ConvWeights<'a> {
    /// `[out_channels, in_channels / groups, kernel, kernel]`
    pub weights: &'a [f32],
    /// `[out_channels]`
    pub bias: &'a [f32],
    /// Channels of the input.
    pub in_channels: usize,
    /// The side of the window, which is odd.
    pub kernel: usize,
    /// The number of groups, which divides the channels of the input and the output.
    pub groups: usize,
}

/// A dense or grouped convolution with a bias, whose weights have been packed.
#[derive(Clone, Debug)]
pub struct Conv {
    kernel: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    /// One matrix for each group, with rows `[kernel, kernel, in_channels / groups]`.
    pub(crate) groups: Vec<PackedMatrix>,
}

impl Conv {
    /// Packs the weights for an instruction set.
    ///
    /// # Panics
    /// When the weights have the wrong length, the groups do not divide the channels, or the CPU
    /// lacks the instruction set.
    pub fn new(set: InstructionSet, of: &ConvWeights<'_>) -> Self {
        let ConvWeights { weights, bias, in_channels, kernel, groups } = *of;
        let out_channels = bias.len();
        assert!(
            groups > 0 && in_channels.is_multiple_of(groups) && out_channels.is_multiple_of(groups),
            "{groups} groups do not divide {in_channels} and {out_channels} channels"
        );
        let (group_in, group_out) = (in_channels / groups, out_channels / groups);
        let taps = kernel * kernel;
        let depth = taps * group_in;
        assert_eq!(
            weights.len(),
            out_channels * depth,
            "length of the weights [out, in / groups, kernel, kernel]"
        );
        let mut reordered = vec![0.0; weights.len()];
        for (from, to) in weights.chunks_exact(depth).zip(reordered.chunks_exact_mut(depth)) {
            for (channel, filter) in from.chunks_exact(taps).enumerate() {
                for (tap, &weight) in filter.iter().enumerate() {
                    to[tap * group_in + channel] = weight;
                }
            }
        }
        let groups = reordered
            .chunks_exact(group_out * depth)
            .zip(bias.chunks_exact(group_out))
            .map(|(weights, bias)| PackedMatrix::new(set, weights, bias, depth))
            .collect();
        Self { kernel, in_channels, out_channels, groups }
    }

    /// The weights and biases, to be gathered with those of other kernels.
    pub fn packed_weights(&mut self) -> impl Iterator<Item = &mut PackedWeights> {
        self.groups.iter_mut().flat_map(PackedMatrix::packed_weights)
    }

    /// The elements of scratch memory that [`Conv::run`] needs for each thread.
    pub fn scratch_len(&self, geometry: &Geometry) -> usize {
        let depth = self.groups.first().map_or(0, |weights| weights.depth);
        match self.groups.len() {
            _ if self.is_product(geometry) => 0,
            1 => MAX_ROWS * depth,
            _ => geometry.out_width() * depth,
        }
    }

    /// Whether each output pixel is computed from one input pixel, in the same order.
    fn is_product(&self, geometry: &Geometry) -> bool {
        self.kernel == 1 && geometry.stride == 1
    }

    /// Computes `act(conv(input) + bias + residual)`. The input is `[height, width, in_channels]`;
    /// the output and the residual are `[out_height, out_width, out_channels]`.
    ///
    /// # Panics
    /// When a slice has the wrong length, the workspace has less than [`Conv::scratch_len`] for each
    /// thread, or the geometry has another kernel size.
    pub fn run(
        &self,
        input: &[f32],
        geometry: &Geometry,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
        workspace: Workspace<'_>,
    ) {
        assert_eq!(geometry.kernel, self.kernel, "kernel size of the geometry");
        assert_eq!(input.len(), geometry.in_pixels() * self.in_channels, "length of the input");
        assert_eq!(out.len(), geometry.out_pixels() * self.out_channels, "length of the output");
        if self.is_product(geometry) {
            for (group, weights) in self.groups.iter().enumerate() {
                let product = MatrixProduct {
                    a: input,
                    a_rows: Rows { offset: group * weights.depth, stride: self.in_channels },
                    weights,
                    residual: epilogue.residual,
                    act: epilogue.act,
                    out_rows: Rows { offset: group * weights.columns, stride: self.out_channels },
                    rows: geometry.in_pixels(),
                };
                gemm(&product, out, workspace.threads);
            }
            return;
        }
        let rows = ConvRows { conv: self, input, geometry, epilogue };
        let row = geometry.out_width() * self.out_channels;
        workspace.for_each_share(out, row, self.scratch_len(geometry), |first, out, patches| {
            rows.write(first, out, patches);
        });
    }
}
