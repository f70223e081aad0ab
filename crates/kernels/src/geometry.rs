//! How the windows of convolutions and pools move over maps.

use std::ops::Range;

/// How a square window moves over a map. The padding is `kernel / 2` on all sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Input rows.
    pub height: usize,
    /// Input columns.
    pub width: usize,
    /// The side of the window, which is odd.
    pub kernel: usize,
    /// The distance between neighbouring windows.
    pub stride: usize,
}

impl Geometry {
    /// Output rows.
    pub fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Output columns.
    pub fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Input pixels.
    pub fn in_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Output pixels.
    pub fn out_pixels(&self) -> usize {
        self.out_height() * self.out_width()
    }

    /// Padding on each side.
    pub(crate) fn pad(&self) -> usize {
        self.kernel / 2
    }

    /// The taps of the window along one axis that lie inside `0..size`, for the output at `position`.
    pub(crate) fn taps(&self, position: usize, size: usize) -> Range<usize> {
        let start = position * self.stride;
        let pad = self.pad();
        pad.saturating_sub(start)..self.kernel.min((size + pad).saturating_sub(start))
    }

    /// Input rows under the windows of some output rows.
    pub(crate) fn rows_under(&self, rows: Range<usize>) -> Range<usize> {
        let start = (rows.start * self.stride).saturating_sub(self.pad());
        let last = rows.end.saturating_sub(1) * self.stride;
        start..(last + self.kernel - self.pad()).min(self.height)
    }

    /// Output columns whose windows lie inside the row.
    pub(crate) fn inner_columns(&self) -> Range<usize> {
        let pad = self.pad();
        let end = if self.width > pad { (self.width - pad - 1) / self.stride + 1 } else { 0 };
        let end = end.min(self.out_width());
        pad.div_ceil(self.stride).min(end)..end
    }
}
