//! The sizes of a convolution, and which inputs are under which window.

use std::borrow::Cow;
use std::ops::Range;

use super::outer_product::rows_in_cache;
use crate::gemm::Rows;
use crate::geometry::Geometry;

/// The sizes of a dense, grouped or depthwise convolution, whose weights are
/// `[out, in / groups, kernel, kernel]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// How the window moves over one image.
    pub geometry: Geometry,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// The number of groups, which divides the channels of the input and the output.
    pub groups: usize,
}

impl ConvShape {
    pub(super) fn taps(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel
    }

    pub(super) fn group_in(&self) -> usize {
        self.in_channels / self.groups
    }

    pub(super) fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    /// The number of inputs of one group under one window.
    pub(super) fn depth(&self) -> usize {
        self.taps() * self.group_in()
    }

    /// Whether the rows of the matrix product are the pixels of the input as they are.
    pub(super) fn is_pointwise(&self) -> bool {
        self.geometry.kernel == 1 && self.geometry.stride == 1
    }

    /// Elements of one image of the input.
    pub(super) fn image_len(&self) -> usize {
        self.geometry.in_pixels() * self.in_channels
    }

    /// The number of images in an input of `in_len` elements.
    ///
    /// # Panics
    /// When there is part of an image, or the groups do not divide the channels.
    pub(super) fn images(&self, in_len: usize) -> usize {
        let Self { in_channels, out_channels, groups, .. } = *self;
        assert!(
            in_channels.is_multiple_of(groups) && out_channels.is_multiple_of(groups),
            "{groups} groups do not divide {in_channels} and {out_channels} channels"
        );
        let images = in_len / self.image_len();
        assert_eq!(in_len, images * self.image_len(), "length of the input");
        images
    }

    /// The weights of a group as `[group_out, kernel, kernel, group_in]`.
    pub(super) fn group_weights<'w>(&self, weights: &'w [f32], group: usize) -> Cow<'w, [f32]> {
        let (taps, depth) = (self.taps(), self.depth());
        let weights = &weights[group * self.group_out() * depth..][..self.group_out() * depth];
        if taps == 1 {
            return Cow::Borrowed(weights);
        }
        let mut ordered = vec![0.0; weights.len()];
        for (ordered, filter) in ordered.chunks_exact_mut(depth).zip(weights.chunks_exact(depth)) {
            for (at, value) in ordered.iter_mut().enumerate() {
                *value = filter[at % self.group_in() * taps + at / self.group_in()];
            }
        }
        Cow::Owned(ordered)
    }

    /// Where the outputs of a group are in each pixel.
    pub(super) fn out_rows(&self, group: usize) -> Rows {
        Rows { offset: group * self.group_out(), stride: self.out_channels }
    }

    /// Where the inputs of a group are in each pixel from `first` on.
    pub(super) fn in_rows(&self, first: usize, group: usize) -> Rows {
        let offset = first * self.in_channels + group * self.group_in();
        Rows { offset, stride: self.in_channels }
    }

    /// All pixels of a pointwise convolution, in blocks whose inputs and outputs stay in the cache. A
    /// few pixels left over join the last block, since the matrix product rounds one or two rows
    /// differently.
    pub(super) fn blocks(&self, images: usize) -> impl Iterator<Item = Range<usize>> {
        const SHORT: usize = 12;
        let pixels = images * self.geometry.out_pixels();
        let block = rows_in_cache(self.group_in() + self.group_out());
        let blocks = (pixels.saturating_sub(SHORT) / block) + 1;
        let end = move |index| if index == blocks { pixels } else { index * block };
        (0..blocks).map(move |index| end(index)..end(index + 1))
    }

    /// Calls `visit(pixel, tap, in_pixel)` for every output pixel of an image, and every tap of its
    /// window that lies in the map.
    pub(super) fn for_each_tap(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Geometry { height, width, kernel, stride } = self.geometry;
        for pixel in 0..self.geometry.out_pixels() {
            let (y, x) = (pixel / self.geometry.out_width(), pixel % self.geometry.out_width());
            for ky in self.geometry.taps(y, height) {
                for kx in self.geometry.taps(x, width) {
                    let row = y * stride + ky - kernel / 2;
                    let column = x * stride + kx - kernel / 2;
                    visit(pixel, ky * kernel + kx, row * width + column);
                }
            }
        }
    }

    /// Copies the inputs under each window of an image to `windows`,
    /// `[out_pixels, kernel, kernel, group_in]`.
    pub(super) fn windows(&self, image: &[f32], group: usize, windows: &mut Vec<f32>) {
        let (each, depth) = (self.group_in(), self.depth());
        windows.clear();
        windows.resize(self.geometry.out_pixels() * depth, 0.0);
        self.for_each_tap(|pixel, tap, in_pixel| {
            let from = &image[in_pixel * self.in_channels + group * each..][..each];
            windows[pixel * depth + tap * each..][..each].copy_from_slice(from);
        });
    }
}
