//! The rows of an inverted residual's expanded map that a strip of outputs needs.

use std::ops::Range;

use crate::depthwise::Ring;
use crate::geometry::Geometry;
use crate::pointwise::Pointwise;

/// The last rows of the expanded map, or the whole input where nothing expands it.
pub(crate) struct ExpandedRows<'a> {
    pub(crate) expand: Option<&'a Pointwise>,
    pub(crate) input: &'a [f32],
    pub(crate) geometry: &'a Geometry,
    pub(crate) ring: &'a mut [f32],
    /// How many rows the ring has.
    pub(crate) slots: usize,
    /// One past the last row that has been expanded.
    pub(crate) end: usize,
}

impl ExpandedRows<'_> {
    /// The rows under some rows of outputs; those that are missing are expanded first.
    pub(crate) fn under(&mut self, rows: Range<usize>) -> Ring<'_> {
        let Geometry { height, width, .. } = *self.geometry;
        let Some(expand) = self.expand else {
            return Ring { values: self.input, slots: height };
        };
        let (slots, channels) = (self.slots, expand.weights.columns);
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
