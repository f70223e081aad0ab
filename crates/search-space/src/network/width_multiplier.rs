//! The rules by which the published families scale their widths.

use crate::error::Invalid;
use crate::network::Network;
use crate::network::block::{
    Block, Conv, FusedInvertedBottleneck, InvertedResidual, Separable, ShuffleUnitV1,
    ShuffleUnitV2, UniversalInvertedBottleneck,
};
use crate::network::head::Head;
use crate::network::rounding::{make_divisible, scale};

/// How a published family scales its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WidthRule {
    /// MobileNetV1: max(8, floor(alpha x channels)).
    Truncate,
    /// MobileNetV2: outputs of blocks are scaled and rounded, and the expansion ratio is then
    /// applied to them. The head keeps its width for alpha < 1 (section 4).
    Round,
    /// MnasNet and PP-LCNet: as [`WidthRule::Round`], with squeeze-and-excite of max(1, floor(input
    /// / 4)) channels.
    RoundSeOfInput,
    /// MobileNetV3: as [`WidthRule::Round`], with squeeze-and-excite of a quarter of the expansion,
    /// rounded.
    RoundSeOfExpansion,
    /// MobileNetV4 in timm: as [`WidthRule::Round`], but the stem keeps its width for alpha < 1 and the
    /// features of the head keep theirs.
    RoundFixedStem,
    /// ShuffleNetV1: the width of the stem for each published multiplier. Stages are scaled
    /// exactly.
    ListV1(&'static [(f64, usize)]),
    /// ShuffleNetV2: the widths of the stages and the last convolution for each published
    /// multiplier.
    ListV2(&'static [(f64, [usize; 4])]),
}

/// Applies a width multiplier to a published network.
pub(crate) fn apply(network: &mut Network, rule: WidthRule, alpha: f64) -> Result<(), Invalid> {
    if alpha == 1.0 {
        return Ok(());
    }
    match rule {
        WidthRule::ListV1(list) => {
            let stem = listed(list, alpha)?;
            scale_shuffle_v1(network, stem, alpha);
        }
        WidthRule::ListV2(list) => scale_shuffle_v2(network, listed(list, alpha)?),
        _ if !(0.05..=8.0).contains(&alpha) => {
            return Err(Invalid::new("width", alpha, "0.05 to 8"));
        }
        WidthRule::Truncate => {
            let truncate = |channels: usize| ((channels as f64 * alpha) as usize).max(8);
            for block in &mut network.blocks {
                match block {
                    Block::Conv(conv) => conv.out = truncate(conv.out),
                    Block::Separable(separable) => separable.out = truncate(separable.out),
                    _ => {}
                }
            }
        }
        WidthRule::Round
        | WidthRule::RoundSeOfInput
        | WidthRule::RoundSeOfExpansion
        | WidthRule::RoundFixedStem => scale_rounded(network, rule, alpha),
    }
    Ok(())
}

fn listed<T: Copy>(list: &[(f64, T)], alpha: f64) -> Result<T, Invalid> {
    list.iter().find(|(width, _)| *width == alpha).map(|(_, value)| *value).ok_or_else(|| {
        let widths: Vec<String> = list.iter().map(|(width, _)| width.to_string()).collect();
        Invalid::new("width", alpha, format!("one of the published widths {}", widths.join(", ")))
    })
}

fn scale_rounded(network: &mut Network, rule: WidthRule, alpha: f64) {
    let (mut before, mut after) = (network.input.channels, network.input.channels);
    for (index, block) in network.blocks.iter_mut().enumerate() {
        let published = block.out().unwrap_or(before);
        match block {
            Block::Conv(_) if index == 0 && rule == WidthRule::RoundFixedStem && alpha < 1.0 => {}
            Block::Conv(conv) => conv.out = scale(conv.out, alpha),
            Block::Separable(separable) => {
                separable.out = scale(separable.out, alpha);
                if let Some(se) = &mut separable.se {
                    se.channels = (after / 4).max(1);
                }
            }
            Block::InvertedResidual(residual) => {
                scale_residual(residual, rule, alpha, before, after);
            }
            Block::UniversalInvertedBottleneck(UniversalInvertedBottleneck {
                expand, out, ..
            })
            | Block::FusedInvertedBottleneck(FusedInvertedBottleneck { expand, out, .. }) => {
                *expand = make_divisible(after as f64 * (*expand as f64 / before as f64));
                *out = scale(*out, alpha);
            }
            _ => {}
        }
        before = published;
        after = block.out().unwrap_or(after);
    }
    network.head = scale_head(network.head, alpha);
}

/// Scales an inverted residual. `before` and `after` are the width of its input in the published
/// and the scaled network.
fn scale_residual(
    residual: &mut InvertedResidual,
    rule: WidthRule,
    alpha: f64,
    before: usize,
    after: usize,
) {
    residual.out = scale(residual.out, alpha);
    residual.expand =
        residual.expand.map(|e| make_divisible(after as f64 * (e as f64 / before as f64)));
    if let Some(se) = &mut residual.se {
        se.channels = match rule {
            WidthRule::RoundSeOfExpansion => {
                make_divisible(residual.expand.unwrap_or(after) as f64 / 4.0)
            }
            _ => (after / 4).max(1),
        };
    }
}

fn scale_shuffle_v1(network: &mut Network, stem: usize, alpha: f64) {
    let exact = |channels: usize| (channels as f64 * alpha) as usize;
    for block in &mut network.blocks {
        match block {
            Block::Conv(conv) => conv.out = stem,
            Block::ShuffleUnitV1(ShuffleUnitV1 { out, mid, .. }) => {
                (*out, *mid) = (exact(*out), exact(*mid));
            }
            _ => {}
        }
    }
}

fn scale_shuffle_v2(network: &mut Network, [s2, s3, s4, last]: [usize; 4]) {
    let stem = network.blocks.iter().find_map(Block::out).unwrap_or_default();
    let mut published: Vec<(usize, usize)> = vec![(stem, stem)];
    for block in &mut network.blocks {
        let Block::ShuffleUnitV2(ShuffleUnitV2 { out, mid, shortcut, .. }) = block else {
            continue;
        };
        let base = *out;
        if published.iter().all(|(known, _)| *known != base) {
            published.push((base, [s2, s3, s4][(published.len() - 1).min(2)]));
        }
        let new = |channels: usize| {
            published.iter().find(|(known, _)| *known == channels).map(|(_, new)| *new)
        };
        *out = new(base).unwrap_or(base);
        *mid = *out / 2;
        // Branch A has the width of its input (official code) or half of the output (torchvision).
        *shortcut = shortcut.map(|a| if a == base / 2 { *out / 2 } else { new(a).unwrap_or(a) });
    }
    if let Head::ConvThenPool { conv, .. } = &mut network.head {
        *conv = last;
    }
}

/// Applies the width multiplier of a space to a block of the stem.
pub(crate) fn scale_stem(block: &Block, alpha: f64) -> Block {
    match *block {
        Block::Conv(conv) => Block::Conv(Conv { out: scale(conv.out, alpha), ..conv }),
        Block::Separable(separable) => {
            Block::Separable(Separable { out: scale(separable.out, alpha), ..separable })
        }
        Block::InvertedResidual(residual) => {
            let out = scale(residual.out, alpha);
            Block::InvertedResidual(InvertedResidual { out, ..residual })
        }
        other => other,
    }
}

/// Applies a width multiplier to a head. The width of the last features, which feed the classifier,
/// is kept for alpha < 1 (MobileNetV2, section 4), and by PP-LCNet's head for every alpha.
pub(crate) fn scale_head(head: Head, alpha: f64) -> Head {
    let wider = alpha.max(1.0);
    match head {
        Head::Pool { .. } | Head::PoolThenFeatures { .. } | Head::PoolThenConvNorm { .. } => head,
        Head::ConvThenPool { conv, act, dropout, bias } => {
            Head::ConvThenPool { conv: scale(conv, wider), act, dropout, bias }
        }
        Head::PoolThenConv { conv, features, act, dropout, bias } => Head::PoolThenConv {
            conv: scale(conv, alpha),
            features: scale(features, wider),
            act,
            dropout,
            bias,
        },
    }
}
