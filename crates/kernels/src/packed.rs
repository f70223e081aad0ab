//! Weights in the order in which the microkernel reads them.

use crate::simd::InstructionSet;

/// A `[depth, columns]` matrix with a bias a column, cut into panels of two vectors' width. A panel
/// is `[depth, width]`, row-major; the last one is padded with zeros.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    pub(crate) set: InstructionSet,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) panels: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl PackedMatrix {
    /// Packs weights given as `[columns, depth]` (PyTorch's layout of linear layers and pointwise
    /// convolutions).
    ///
    /// # Panics
    /// When `weights` is not `columns * depth` long, or `bias` not `columns`.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], depth: usize) -> Self {
        let columns = bias.len();
        assert_eq!(weights.len(), columns * depth, "weights are [columns, depth]");
        let width = 2 * set.lanes();
        let panel_count = columns.div_ceil(width);
        let mut panels = vec![0.0; panel_count * width * depth];
        for (column, row) in weights.chunks_exact(depth.max(1)).enumerate() {
            let (panel, lane) = (column / width, column % width);
            for (k, &weight) in row.iter().enumerate() {
                panels[(panel * depth + k) * width + lane] = weight;
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(panel_count * width, 0.0);
        Self { set, depth, columns, panels, bias: padded }
    }

    /// Width of a panel.
    pub(crate) fn width(&self) -> usize {
        2 * self.set.lanes()
    }

    /// Number of columns, without padding.
    pub fn columns(&self) -> usize {
        self.columns
    }
}
