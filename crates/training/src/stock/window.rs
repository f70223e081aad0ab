//! What the taps of a square window see of a map.

use std::ops::Range;

use candle_core::{Result, Tensor, bail};

/// What a tap sees beyond the map.
#[derive(Clone, Copy)]
pub(super) enum Outside {
    /// 0.
    Zero,
    /// The nearest pixel, which the window holds as well: its middle is always on the map.
    Edge,
}

/// A window with an odd side, moved in strides over a map padded by half of it.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: usize,
    stride: usize,
}

impl Window {
    pub(super) fn new(kernel: usize, stride: usize) -> Result<Self> {
        if kernel.is_multiple_of(2) || stride == 0 {
            bail!(
                "a window of side {kernel}, stride {stride}; expected: odd sides, strides from 1"
            );
        }
        Ok(Window { kernel, stride })
    }

    /// How often the window fits along a side.
    pub(super) fn out(self, side: usize) -> usize {
        side.div_ceil(self.stride)
    }

    /// What `taps` see along an axis: the axis becomes `taps x out`, taps outermost.
    ///
    /// By index, since its gradient adds each number where it came from. That of a narrowed view
    /// pads it to the whole map for each tap.
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
                    // candle reads the greatest index as "give 0, and take no gradient".
                    Outside::Zero if at != on_map => u32::MAX,
                    _ => (on_map - pad) as u32,
                });
            }
        }
        let count = index.len();
        x.contiguous()?.index_select(&Tensor::from_vec(index, count, x.device())?, axis)
    }

    /// What all taps see along an axis, with zeros outside: `[kernel, out]` in place of the axis.
    pub(super) fn unfold(self, x: &Tensor, axis: usize) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        dims.splice(axis..=axis, [self.kernel, self.out(x.dim(axis)?)]);
        self.select(x, axis, 0..self.kernel, Outside::Zero)?.reshape(dims)
    }
}
