//! NetAdapt's proposals: networks with one axis narrowed just enough to save latency.

use crate::error::Invalid;
use crate::network::Network;
use crate::widths::axes::{Axis, AxisKind, axes};

/// A network with one axis narrowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The axis' name.
    pub axis: String,
    /// What the axis is to its blocks.
    pub kind: AxisKind,
    /// Its channels before.
    pub from: usize,
    /// Its channels now.
    pub to: usize,
    /// The network with it.
    pub network: Network,
    /// The network's latency in milliseconds, as `latency_ms` said.
    pub latency_ms: f64,
}

/// Guesses by a straight line before an axis' widths are halved.
const GUESSES: usize = 4;

/// For each axis of `network`, which takes `now_ms`, the largest legal width with which the network
/// takes at most `most_ms` by `latency_ms`, as if latency rose with width (NetAdapt, Algorithm 1,
/// ChooseNumFilters; MobileNetV3, section 4.2). Axes that cannot save as much are left out.
///
/// # Errors
/// Those of `latency_ms`, and a network that does not lower.
pub fn proposals<E: From<Invalid>>(
    network: &Network,
    (now_ms, most_ms): (f64, f64),
    latency_ms: &mut dyn FnMut(&Network) -> Result<f64, E>,
) -> Result<Vec<Proposal>, E> {
    let mut proposals = Vec::new();
    for axis in axes(network)?.iter().filter(|axis| axis.can_be_adapted()) {
        proposals.extend(widest(network, axis, (now_ms, most_ms), latency_ms)?);
    }
    Ok(proposals)
}

fn widest<E: From<Invalid>>(
    network: &Network,
    axis: &Axis,
    (now_ms, most_ms): (f64, f64),
    latency_ms: &mut dyn FnMut(&Network) -> Result<f64, E>,
) -> Result<Option<Proposal>, E> {
    let mut found = None;
    // Widths before `low` are too slow, those from `high` on are fast enough.
    let (mut low, mut high) = (0, axis.narrower.len());
    let mut next = (high - low) / 4;
    for tries in 0.. {
        if low >= high {
            break;
        }
        let to = axis.narrower[next];
        let narrow = axis.with_width(network, to);
        let ms = latency_ms(&narrow)?;
        if ms <= most_ms {
            let (name, kind, from) = (axis.name.clone(), axis.kind, axis.width);
            found = Some(Proposal { axis: name, kind, from, to, network: narrow, latency_ms: ms });
            high = next;
        } else {
            low = next + 1;
        }
        let halfway = low + high.saturating_sub(low) / 2;
        // A measurement costs more than a guess: latency is nearly a straight line over width.
        let ms_per_channel = (now_ms - ms) / (axis.width - to) as f64;
        let cut = (now_ms - most_ms) / ms_per_channel;
        next = match tries < GUESSES && cut.is_finite() && cut > 0.0 {
            true => axis.narrower.partition_point(|&width| width as f64 > axis.width as f64 - cut),
            false => halfway,
        };
        next = next.clamp(low, high.saturating_sub(1).max(low));
    }
    Ok(found)
}
