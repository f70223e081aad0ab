//! Proposals of NetAdapt: networks with one axis narrowed just enough to meet a latency.

use crate::error::Invalid;
use crate::network::Network;
use crate::widths::axes::{Axis, AxisKind, axes};

/// A network with one axis narrowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Name of the axis.
    pub axis: String,
    /// Role of the axis in its blocks.
    pub kind: AxisKind,
    /// Width of the axis before.
    pub from: usize,
    /// Width of the axis in `network`.
    pub to: usize,
    /// The network with the narrowed axis.
    pub network: Network,
    /// Latency of `network` in milliseconds, as returned by the `latency_ms` of [`proposals`].
    pub latency_ms: f64,
}

/// Widths that are guessed by linear extrapolation before the search of an axis turns to bisection.
const GUESSES: usize = 4;

/// Finds for each axis of `network`, whose latency is `now_ms`, the largest legal width with which
/// the latency is at most `max_ms` according to `latency_ms`, assuming that latency rises with
/// width (NetAdapt, Algorithm 1, ChooseNumFilters; MobileNetV3, section 4.2). Axes that cannot save
/// enough are left out.
///
/// # Errors
/// Those of `latency_ms`; the network cannot be lowered.
pub fn proposals<E: From<Invalid>>(
    network: &Network,
    (now_ms, max_ms): (f64, f64),
    latency_ms: &mut dyn FnMut(&Network) -> Result<f64, E>,
) -> Result<Vec<Proposal>, E> {
    let mut proposals = Vec::new();
    for axis in axes(network)?.iter().filter(|axis| axis.can_be_adapted()) {
        proposals.extend(widest(network, axis, (now_ms, max_ms), latency_ms)?);
    }
    Ok(proposals)
}

fn widest<E: From<Invalid>>(
    network: &Network,
    axis: &Axis,
    (now_ms, max_ms): (f64, f64),
    latency_ms: &mut dyn FnMut(&Network) -> Result<f64, E>,
) -> Result<Option<Proposal>, E> {
    let mut found = None;
    // Indices into `narrower`: widths before `low` are too slow, those from `high` on are fast
    // enough.
    let (mut low, mut high) = (0, axis.narrower.len());
    let mut next = (high - low) / 4;
    for evaluations in 0.. {
        if low >= high {
            break;
        }
        let to = axis.narrower[next];
        let narrow = axis.with_width(network, to);
        let ms = latency_ms(&narrow)?;
        if ms <= max_ms {
            let (name, kind, from) = (axis.name.clone(), axis.kind, axis.width);
            found = Some(Proposal { axis: name, kind, from, to, network: narrow, latency_ms: ms });
            high = next;
        } else {
            low = next + 1;
        }
        let halfway = low + high.saturating_sub(low) / 2;
        // Latency is nearly linear in width, so a guess usually saves measurements.
        let ms_per_channel = (now_ms - ms) / (axis.width - to) as f64;
        let cut = (now_ms - max_ms) / ms_per_channel;
        next = match evaluations < GUESSES && cut.is_finite() && cut > 0.0 {
            true => axis.narrower.partition_point(|&width| width as f64 > axis.width as f64 - cut),
            false => halfway,
        };
        next = next.clamp(low, high.saturating_sub(1).max(low));
    }
    Ok(found)
}
