//! Lowers each kind of block to ops and checks that its values fit together.

use crate::error::Invalid;
use crate::graph::lower::{Builder, ConvSpec};
use crate::graph::{NodeId, Op, Shape};
use crate::network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, InvertedResidual, Pool, Separable,
    ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
use crate::size_limits::{self, check_divides, check_kernel, check_size};

/// Appends the nodes of `block` and returns its output.
pub(crate) fn lower_block(b: &mut Builder, x: NodeId, block: &Block) -> Result<NodeId, Invalid> {
    check_stride(block, b.shape(x))?;
    if let Some(out) = block.out() {
        check_size("out", out, size_limits::CHANNELS)?;
    }
    match block {
        Block::Conv(conv) => lower_conv(b, x, conv),
        Block::MaxPool(pool) => {
            lower_pool(b, x, pool, |kernel, stride| Op::MaxPool { kernel, stride })
        }
        Block::AvgPool(pool) => {
            lower_pool(b, x, pool, |kernel, stride| Op::AvgPool { kernel, stride })
        }
        Block::Separable(separable) => lower_separable(b, x, separable),
        Block::InvertedResidual(residual) => lower_inverted_residual(b, x, residual),
        Block::UniversalInvertedBottleneck(block) => lower_universal(b, x, block),
        Block::FusedInvertedBottleneck(block) => lower_fused(b, x, block),
        Block::ShuffleUnitV1(unit) => lower_shuffle_v1(b, x, unit),
        Block::ShuffleUnitV2(unit) => lower_shuffle_v2(b, x, unit),
    }
}

fn check_stride(block: &Block, input: Shape) -> Result<(), Invalid> {
    let stride = block.stride();
    let max_stride = match block {
        Block::ShuffleUnitV1(_) | Block::ShuffleUnitV2(_) => 2,
        _ => size_limits::STRIDE,
    };
    check_size("stride", stride, max_stride)?;
    if stride > input.resolution {
        let found = format!("{stride} on a feature map of {0}x{0}", input.resolution);
        let expected =
            "at most the size of the feature map (the input of the network is too small)";
        return Err(Invalid::new("stride", found, expected));
    }
    Ok(())
}

fn lower_conv(b: &mut Builder, x: NodeId, conv: &Conv) -> Result<NodeId, Invalid> {
    let Conv { out, kernel, stride, act, groups } = *conv;
    check_kernel("kernel", kernel)?;
    check_divides("groups", groups, b.shape(x).channels, "the input's channels")?;
    check_divides("groups", groups, out, "out")?;
    b.conv_norm_act("conv", x, ConvSpec { out, kernel, stride, groups }, act)
}

fn lower_pool(
    b: &mut Builder,
    x: NodeId,
    pool: &Pool,
    op: fn(usize, usize) -> Op,
) -> Result<NodeId, Invalid> {
    check_kernel("kernel", pool.kernel)?;
    Ok(b.push("pool", op(pool.kernel, pool.stride), &[x]))
}

fn lower_separable(b: &mut Builder, x: NodeId, block: &Separable) -> Result<NodeId, Invalid> {
    let Separable { out, kernel, stride, act, se } = *block;
    check_kernel("kernel", kernel)?;
    let depthwise = ConvSpec::depthwise(b.shape(x).channels, kernel, stride);
    let x = b.conv_norm_act("depthwise", x, depthwise, act)?;
    let x = lower_squeeze_excite(b, x, se)?;
    b.conv_norm_act("pointwise", x, ConvSpec::pointwise(out), act)
}

/// Appends squeeze-and-excite of `x`, or nothing if there is none.
fn lower_squeeze_excite(
    b: &mut Builder,
    x: NodeId,
    se: Option<SqueezeExcite>,
) -> Result<NodeId, Invalid> {
    let Some(SqueezeExcite { channels, gate }) = se else { return Ok(x) };
    check_size("se.channels", channels, size_limits::CHANNELS)?;
    b.squeeze_excite(x, channels, gate)
}

fn lower_inverted_residual(
    b: &mut Builder,
    input: NodeId,
    block: &InvertedResidual,
) -> Result<NodeId, Invalid> {
    let InvertedResidual { expand, out, kernel, stride, act, project_act, se, skip } = *block;
    check_kernel("kernel", kernel)?;
    check_skip(b, input, skip, out, stride)?;
    let x = match expand {
        None => input,
        Some(width) => {
            check_size("expand", width, size_limits::CHANNELS)?;
            b.conv_norm_act("expand", input, ConvSpec::pointwise(width), act)?
        }
    };
    let depthwise = ConvSpec::depthwise(b.shape(x).channels, kernel, stride);
    let x = b.conv_norm_act("depthwise", x, depthwise, act)?;
    let x = lower_squeeze_excite(b, x, se)?;
    let x = b.conv_norm_act("project", x, ConvSpec::pointwise(out), project_act)?;
    Ok(add_skip(b, input, x, skip))
}

fn lower_universal(
    b: &mut Builder,
    input: NodeId,
    block: &UniversalInvertedBottleneck,
) -> Result<NodeId, Invalid> {
    let UniversalInvertedBottleneck { start_kernel, expand, mid_kernel, out, stride, act, skip } =
        *block;
    start_kernel.map_or(Ok(()), |kernel| check_kernel("start_kernel", kernel))?;
    mid_kernel.map_or(Ok(()), |kernel| check_kernel("mid_kernel", kernel))?;
    check_size("expand", expand, size_limits::CHANNELS)?;
    check_skip(b, input, skip, out, stride)?;
    if stride != 1 && start_kernel.is_none() && mid_kernel.is_none() {
        let expected = "1, since the block has neither start_kernel nor mid_kernel";
        return Err(Invalid::new("stride", stride, expected));
    }
    let mut x = input;
    if let Some(kernel) = start_kernel {
        let stride = if mid_kernel.is_none() { stride } else { 1 };
        let depthwise = ConvSpec::depthwise(b.shape(x).channels, kernel, stride);
        x = b.conv_norm("start", x, depthwise)?;
    }
    x = b.conv_norm_act("expand", x, ConvSpec::pointwise(expand), act)?;
    if let Some(kernel) = mid_kernel {
        x = b.conv_norm_act("depthwise", x, ConvSpec::depthwise(expand, kernel, stride), act)?;
    }
    x = b.conv_norm("project", x, ConvSpec::pointwise(out))?;
    Ok(add_skip(b, input, x, skip))
}

fn lower_fused(
    b: &mut Builder,
    input: NodeId,
    block: &FusedInvertedBottleneck,
) -> Result<NodeId, Invalid> {
    let FusedInvertedBottleneck { expand, out, kernel, stride, act, skip } = *block;
    check_kernel("kernel", kernel)?;
    check_size("expand", expand, size_limits::CHANNELS)?;
    check_skip(b, input, skip, out, stride)?;
    let x =
        b.conv_norm_act("expand", input, ConvSpec { out: expand, kernel, stride, groups: 1 }, act)?;
    let x = b.conv_norm("project", x, ConvSpec::pointwise(out))?;
    Ok(add_skip(b, input, x, skip))
}

fn check_skip(
    b: &Builder,
    input: NodeId,
    skip: Skip,
    out: usize,
    stride: usize,
) -> Result<(), Invalid> {
    let channels = b.shape(input).channels;
    if skip == Skip::None || (stride == 1 && channels == out) {
        return Ok(());
    }
    let found = format!("{skip:?} from {channels} to {out} channels, stride {stride}");
    Err(Invalid::new("skip", found, "None, or equal channels and stride 1"))
}

fn add_skip(b: &mut Builder, input: NodeId, x: NodeId, skip: Skip) -> NodeId {
    match skip {
        Skip::None => x,
        Skip::Identity => b.push("add", Op::Add, &[input, x]),
        Skip::Pool => {
            let pooled = b.push("skip.pool", Op::AvgPool { kernel: 3, stride: 1 }, &[input]);
            b.push("add", Op::Add, &[pooled, x])
        }
    }
}

fn lower_shuffle_v1(
    b: &mut Builder,
    input: NodeId,
    unit: &ShuffleUnitV1,
) -> Result<NodeId, Invalid> {
    let ShuffleUnitV1 { out, mid, groups, first_groups, stride } = *unit;
    let input_channels = b.shape(input).channels;
    check_size("mid", mid, size_limits::CHANNELS)?;
    let branch = match stride {
        1 if out == input_channels => out,
        1 => {
            let expected = format!("{input_channels}, as in the input, which stride 1 adds");
            return Err(Invalid::new("out", out, expected));
        }
        _ if out > input_channels => out - input_channels,
        _ => {
            let expected =
                format!("more than the {input_channels} of the input, which are concatenated");
            return Err(Invalid::new("out", out, expected));
        }
    };
    check_divides("first_groups", first_groups, input_channels, "the input's channels")?;
    check_divides("first_groups", first_groups, mid, "mid")?;
    check_divides("groups", groups, mid, "mid")?;
    check_divides("groups", groups, branch, "the branch's output")?;

    let first = ConvSpec { groups: first_groups, ..ConvSpec::pointwise(mid) };
    let x = b.conv_norm_act("reduce", input, first, Activation::Relu)?;
    let x = match groups {
        1 => x,
        groups => b.push("shuffle", Op::ChannelShuffle { groups }, &[x]),
    };
    let x = b.conv_norm("depthwise", x, ConvSpec::depthwise(mid, 3, stride))?;
    let second = ConvSpec { groups, ..ConvSpec::pointwise(branch) };
    let x = b.conv_norm("expand", x, second)?;
    if stride == 1 {
        let x = b.push("add", Op::Add, &[input, x]);
        return Ok(b.act("act", x, Activation::Relu));
    }
    let x = b.act("expand.act", x, Activation::Relu);
    let pooled = b.push("skip.pool", Op::AvgPool { kernel: 3, stride: 2 }, &[input]);
    Ok(b.push("concat", Op::Concat, &[pooled, x]))
}

fn lower_shuffle_v2(
    b: &mut Builder,
    input: NodeId,
    unit: &ShuffleUnitV2,
) -> Result<NodeId, Invalid> {
    let ShuffleUnitV2 { out, mid, shortcut, kernel, stride } = *unit;
    let Shape { channels, resolution } = b.shape(input);
    check_kernel("kernel", kernel)?;
    check_size("mid", mid, size_limits::CHANNELS)?;
    if !out.is_multiple_of(2) {
        return Err(Invalid::new("out", out, "an even width, for the shuffle in 2 groups"));
    }
    let (a, b_input, b_out) = match (stride, shortcut) {
        (1, None) if out == channels => {
            let half = channels / 2;
            let identity =
                b.push_shaped("split.a", Op::Split { start: 0 }, &[input], half, resolution)?;
            let start = channels - half;
            let convolved =
                b.push_shaped("split.b", Op::Split { start }, &[input], half, resolution)?;
            (identity, convolved, half)
        }
        (1, None) => {
            let expected = format!("{channels}, as in the input: stride 1 keeps the width");
            return Err(Invalid::new("out", out, expected));
        }
        (1, Some(width)) => {
            return Err(Invalid::new("shortcut", width, "none with stride 1"));
        }
        (_, None) => {
            return Err(Invalid::new("shortcut", "none", "branch A's width with stride 2"));
        }
        (_, Some(width)) => {
            check_size("shortcut", width, out - 1)?;
            let x = b.conv_norm("a.depthwise", input, ConvSpec::depthwise(channels, kernel, 2))?;
            let pointwise = ConvSpec::pointwise(width);
            let x = b.conv_norm_act("a.pointwise", x, pointwise, Activation::Relu)?;
            (x, input, out - width)
        }
    };
    let x = b.conv_norm_act("b.reduce", b_input, ConvSpec::pointwise(mid), Activation::Relu)?;
    let x = b.conv_norm("b.depthwise", x, ConvSpec::depthwise(mid, kernel, stride))?;
    let x = b.conv_norm_act("b.expand", x, ConvSpec::pointwise(b_out), Activation::Relu)?;
    let x = b.push("concat", Op::Concat, &[a, x]);
    Ok(b.push("shuffle", Op::ChannelShuffle { groups: 2 }, &[x]))
}
