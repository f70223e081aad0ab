//! Element-wise ops, and ops that rearrange channels.

use candle_core::{Result, Tensor};
use kernels::Activation;
use kernels::training::{activation_backward, scale_backward};

use super::elements::{Gradients, SliceOp, Slices, map, of_shape, readable, refused};

/// `act(x)` for each element of a tensor of any shape. Where the function is not differentiable,
/// the gradient is that of its flat side, as in PyTorch.
///
/// # Errors
/// A tensor that is empty, not f32 or not on the CPU.
pub fn activation(x: &Tensor, act: Activation) -> Result<Tensor> {
    let x = readable("activation", "x", x)?;
    x.apply_op1(SliceOp {
        name: "activation",
        out: x.shape().clone(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| {
            out.extend_from_slice(x);
            act.apply(out);
        },
        backward: move |[x]: Slices<'_, 1>, gradient: &[f32], [to]: Gradients<'_, 1>| {
            let Some(to) = to else { return };
            to.extend_from_slice(gradient);
            activation_backward(act, x, to);
        },
    })
}

/// `a + b` of tensors of the same shape, by candle's own op.
///
/// # Errors
/// Tensors of different shapes or other types than f32.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let a = readable("add", "a", a)?;
    a.add(&of_shape("add", "b", b, a.dims())?)
}

/// `x` `[batch, height, width, channels]` times `scale` `[batch, 1, 1, channels]`, channel by channel
/// (squeeze-and-excite).
///
/// # Errors
/// Tensors of other shapes.
pub fn multiply(x: &Tensor, scale: &Tensor) -> Result<Tensor> {
    const NAME: &str = "multiply";
    let (x, [batch, height, width, channels]) = map(NAME, "x", x)?;
    let scale = of_shape(NAME, "scale", scale, &[batch, 1, 1, channels])?;
    let each = height * width * channels;
    let op = SliceOp {
        name: NAME,
        out: x.shape().clone(),
        forward: move |[x, scale]: Slices<'_, 2>, out: &mut Vec<f32>| {
            out.extend_from_slice(x);
            for (out, scale) in out.chunks_exact_mut(each).zip(scale.chunks_exact(channels)) {
                kernels::scale_channels(out, scale);
            }
        },
        backward: move |[x, scale]: Slices<'_, 2>,
                        gradient: &[f32],
                        [to, of_scale]: Gradients<'_, 2>| {
            let mut unused = (Vec::new(), Vec::new());
            let (to, of_scale) = (to.unwrap_or(&mut unused.0), of_scale.unwrap_or(&mut unused.1));
            to.extend_from_slice(gradient);
            of_scale.resize(scale.len(), 0.0);
            let maps = x.chunks_exact(each).zip(to.chunks_exact_mut(each));
            let scales = scale.chunks_exact(channels).zip(of_scale.chunks_exact_mut(channels));
            for ((x, to), (scale, of_scale)) in maps.zip(scales) {
                scale_backward(x, scale, to, of_scale);
            }
        },
    };
    x.apply_op2(&scale, op)
}

/// Concatenates maps along their channels.
///
/// # Errors
/// No maps, or maps of different batch size, height or width.
pub fn concat(maps: &[&Tensor]) -> Result<Tensor> {
    let Some((first, rest)) = maps.split_first() else {
        return Err(refused("concat", "maps", &maps.len(), &"at least 1"));
    };
    let (first, _) = map("concat", "maps", first)?;
    rest.iter().try_fold(first, |all, next| concat_two(&all, next))
}

fn concat_two(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "concat";
    let (a, [batch, height, width, of_a]) = map(NAME, "maps", a)?;
    let of_b = b.dims().last().copied().unwrap_or(0);
    let b = of_shape(NAME, "maps", b, &[batch, height, width, of_b])?;
    let all = of_a + of_b;
    let op = SliceOp {
        name: NAME,
        out: (batch, height, width, all).into(),
        forward: move |[a, b]: Slices<'_, 2>, out: &mut Vec<f32>| {
            for (a, b) in a.chunks_exact(of_a).zip(b.chunks_exact(of_b)) {
                out.extend_from_slice(a);
                out.extend_from_slice(b);
            }
        },
        backward: move |_: Slices<'_, 2>, gradient: &[f32], to: Gradients<'_, 2>| {
            for (to, (count, from)) in to.into_iter().zip([(of_a, 0), (of_b, of_a)]) {
                let Some(to) = to else { continue };
                let pixels = gradient.chunks_exact(all);
                pixels.for_each(|pixel| to.extend_from_slice(&pixel[from..from + count]));
            }
        },
    };
    a.apply_op2(&b, op)
}

/// The channels `start..start + len` of a map.
///
/// # Errors
/// A tensor that is not a map, no channels, or channels beyond those of the map.
pub fn split(x: &Tensor, start: usize, len: usize) -> Result<Tensor> {
    const NAME: &str = "split";
    let (x, [batch, height, width, channels]) = map(NAME, "x", x)?;
    if len == 0 || start.checked_add(len).is_none_or(|end| end > channels) {
        let expected = format!("a range of the {channels} channels");
        return Err(refused(NAME, "start and len", &(start, len), &expected));
    }
    x.apply_op1(SliceOp {
        name: NAME,
        out: (batch, height, width, len).into(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| {
            let pixels = x.chunks_exact(channels);
            pixels.for_each(|pixel| out.extend_from_slice(&pixel[start..start + len]));
        },
        backward: move |_: Slices<'_, 1>, gradient: &[f32], [to]: Gradients<'_, 1>| {
            let Some(to) = to else { return };
            to.resize(gradient.len() / len * channels, 0.0);
            let pixels = gradient.chunks_exact(len).zip(to.chunks_exact_mut(channels));
            pixels.for_each(|(from, to)| to[start..start + len].copy_from_slice(from));
        },
    })
}

/// Channel shuffle: views the channels as `[groups, channels / groups]`, transposes and flattens them
/// (ShuffleNetV1, section 3.1).
///
/// # Errors
/// A tensor that is not a map, or groups that do not divide its channels.
pub fn channel_shuffle(x: &Tensor, groups: usize) -> Result<Tensor> {
    const NAME: &str = "channel_shuffle";
    let (x, [.., channels]) = map(NAME, "x", x)?;
    if groups == 0 || !channels.is_multiple_of(groups) {
        return Err(refused(
            NAME,
            "groups",
            &groups,
            &format!("a divisor of the {channels} channels"),
        ));
    }
    x.apply_op1(SliceOp {
        name: NAME,
        out: x.shape().clone(),
        forward: move |[x]: Slices<'_, 1>, out: &mut Vec<f32>| {
            out.resize(x.len(), 0.0);
            kernels::channel_shuffle(x, channels, groups, out);
        },
        backward: move |_: Slices<'_, 1>, gradient: &[f32], [to]: Gradients<'_, 1>| {
            let Some(to) = to else { return };
            to.resize(gradient.len(), 0.0);
            kernels::channel_shuffle(gradient, channels, channels / groups, to);
        },
    })
}
