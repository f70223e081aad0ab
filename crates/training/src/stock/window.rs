//! The values of a map at the taps of a square window.

use std::ops::Range;

use candle_core::{Result, Tensor, bail};

/// The value at a tap outside the map.
#[derive(Clone, Copy)]
pub(super) enum Outside {
    /// Zero.
    Zero,
    /// The nearest pixel of the map. It is in the window too, since the centre of a window is on
    /// the map.
    Edge,
}

/// A window of odd size that moves in strides over a map padded by kernel / 2.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: usize,
    stride: usize,
}

impl Window {
    pub(super) fn new(kernel: usize, stride: usize) -> Result<Self> {
        if kernel.is_multiple_of(2) || stride == 0 {
            bail!(
                "window: found kernel {kernel} and stride {stride}; expected: an odd kernel and a stride \
                 of at least 1"
            );
        }
        Ok(Window { kernel, stride })
    }

    /// The number of window positions along a side.
    pub(super) fn out(self, side: usize) -> usize {
        side.div_ceil(self.stride)
    }

    /// The values at `taps` along an axis, which becomes `taps x out` with the taps outermost.
    ///
    /// They are selected by index, because the gradient of that adds each element where it came
    /// from, while the gradient of a narrowed view is padded to the whole map for each tap.
    pub(super) fn select(
        self,
        x: &Tensor,
        axis: usize,
        taps: Range<usize>,
        outside: Outside,
    ) -> Result<Tensor> {
        let (side, pad) = (x.dim(axis)?, self.kernel / 2);
        let mut index = Vec::new();
        for tap in taps {
            for at in (0..self.out(side)).map(|out| out * self.stride + tap) {
                let on_map = at.clamp(pad, pad + side - 1);
                index.push(match outside {
                    // For the greatest index candle gives 0, without a gradient.
                    Outside::Zero if at != on_map => u32::MAX,
                    _ => (on_map - pad) as u32,
                });
            }
        }
        let count = index.len();
        x.contiguous()?.index_select(&Tensor::from_vec(index, count, x.device())?, axis)
    }

    /// The values at all taps along an axis, with zeros outside the map: `[kernel, out]` replaces
    /// the axis.
    pub(super) fn unfold(self, x: &Tensor, axis: usize) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        dims.splice(axis..=axis, [self.kernel, self.out(x.dim(axis)?)]);
        self.select(x, axis, 0..self.kernel, Outside::Zero)?.reshape(dims)
    }
}
