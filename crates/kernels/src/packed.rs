//! Weights in the order in which the microkernel reads them.

use crate::memory::PackedWeights;
use crate::simd::InstructionSet;

/// A `[depth, columns]` matrix with a bias for each column. It is cut into panels `[depth, width]`,
/// row-major, that are two vectors wide. The last panel is one vector wide where that is enough, and
/// it is padded with zeros.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    pub(crate) set: InstructionSet,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) panels: PackedWeights,
    /// Padded as the panels are.
    pub(crate) bias: PackedWeights,
}

impl PackedMatrix {
    /// Packs weights that are given as `[columns, depth]` (PyTorch's layout of linear layers and
    /// pointwise convolutions); the bias is `[columns]`.
    ///
    /// # Panics
    /// When the weights have the wrong length, or the CPU lacks the instruction set.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], depth: usize) -> Self {
        let columns = bias.len();
        assert!(set.is_available(), "this CPU lacks {set:?}");
        assert_eq!(weights.len(), columns * depth, "length of the weights [columns, depth]");
        let padded = columns.next_multiple_of(set.lanes());
        let width = 2 * set.lanes();
        let mut panels = vec![0.0; padded * depth];
        for (column, row) in weights.chunks_exact(depth.max(1)).enumerate() {
            let first = column / width * width;
            let panel = &mut panels[first * depth..];
            let width = width.min(padded - first);
            for (k, &weight) in row.iter().enumerate() {
                panel[k * width + column - first] = weight;
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(padded, 0.0);
        Self { set, depth, columns, panels: panels.into(), bias: bias.into() }
    }

    /// Packs weights that are given as `[depth, columns]`, without a bias.
    ///
    /// # Panics
    /// When the weights do not consist of whole rows.
    pub(crate) fn of_rows(set: InstructionSet, weights: &[f32], columns: usize) -> Self {
        assert!(
            weights.len().is_multiple_of(columns),
            "the weights [depth, columns] are not whole rows"
        );
        let depth = weights.len() / columns;
        let padded = columns.next_multiple_of(set.lanes());
        let width = 2 * set.lanes();
        let mut panels = vec![0.0; padded * depth];
        for first in (0..columns).step_by(width) {
            let (width, used) = (width.min(padded - first), width.min(columns - first));
            let rows =
                panels[first * depth..].chunks_exact_mut(width).zip(weights.chunks_exact(columns));
            rows.for_each(|(to, from)| to[..used].copy_from_slice(&from[first..first + used]));
        }
        Self { set, depth, columns, panels: panels.into(), bias: vec![0.0; padded].into() }
    }

    /// The panels and the bias, to be gathered with those of other kernels.
    pub(crate) fn packed_weights(&mut self) -> [&mut PackedWeights; 2] {
        [&mut self.panels, &mut self.bias]
    }
}
