//! Weights in the order in which the microkernel reads them.

use crate::simd::InstructionSet;

/// A `[depth, columns]` matrix with a bias a column, cut into panels of two vectors' width; the last
/// panel is one vector wide where that is enough, and padded with zeros. A panel is
/// `[depth, width]`, row-major.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    pub(crate) set: InstructionSet,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    pub(crate) panels: Vec<f32>,
    /// Padded like the panels.
    pub(crate) bias: Vec<f32>,
}

impl PackedMatrix {
    /// Packs weights given as `[columns, depth]` (PyTorch's layout of linear layers and pointwise
    /// convolutions).
    ///
    /// # Panics
    /// When `weights` is not `columns * depth` long, `columns` being the length of `bias`, or when
    /// the CPU lacks the instruction set.
    pub fn new(set: InstructionSet, weights: &[f32], bias: &[f32], depth: usize) -> Self {
        let columns = bias.len();
        assert!(set.is_available(), "{set:?} on this CPU");
        assert_eq!(weights.len(), columns * depth, "weights are [columns, depth]");
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
        Self { set, depth, columns, panels, bias }
    }

    /// Packs weights given as `[depth, columns]`, without a bias.
    ///
    /// # Panics
    /// When `weights` has no whole rows.
    pub(crate) fn of_rows(set: InstructionSet, weights: &[f32], columns: usize) -> Self {
        assert!(weights.len().is_multiple_of(columns), "weights are [depth, columns]");
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
        Self { set, depth, columns, panels, bias: vec![0.0; padded] }
    }
}
