//! The baselines of an adapted network: the same seed brought to the same latency without looking at
//! accuracy.

use rand::RngExt;
use search_space::{Axis, Network, axes};

use super::error::AdaptError;
use super::latencies::{Latencies, MeasuredNetwork};
use super::store::Adaptation;
use crate::random::{Purpose, rng};

/// How a seed is brought to a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// All widths that NetAdapt may change, by one factor.
    UniformWidth,
    /// The same at a lower resolution: width and resolution share the cut (MobileNetV1, section 3.3
    /// and 3.4).
    WidthAndResolution,
    /// Each width by a random factor.
    RandomWidths {
        /// Which ones.
        seed: u64,
    },
}

impl Baseline {
    /// Its name in tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::UniformWidth => "uniform width",
            Self::WidthAndResolution => "width and resolution",
            Self::RandomWidths { .. } => "random widths",
        }
    }
}

/// Resolutions are multiples of it.
const RESOLUTION_STEP: usize = 32;
/// The minimum factor of a random width.
const MIN_FACTOR: f64 = 0.25;
/// Bisections of the common factor.
const BISECTIONS: usize = 12;
/// The most networks that are measured.
const MAX_MEASURED: usize = 5;
/// A measured latency this near to the wanted one, as a share, is equal to it.
const NEAR: f64 = 0.01;
/// A baseline that is further from the wanted latency than this, as a share, is not comparable.
const MAX_DISTANCE: f64 = 0.05;

/// The network of a baseline whose measured latency is nearest to that of `wanted`, with that latency;
/// `None` where the baseline has none within 5 % of it.
///
/// # Errors
/// A latency that cannot be had or stored.
pub fn baseline(
    kind: Baseline,
    seed: &Network,
    wanted: &MeasuredNetwork,
    latencies: Latencies<'_>,
    store: &mut Adaptation,
) -> Result<Option<MeasuredNetwork>, AdaptError> {
    let wanted_ms = wanted.latency_ms;
    let mut base = seed.clone();
    if kind == Baseline::WidthAndResolution {
        let whole_ms = latencies.measured_ms(seed, store)?;
        // Latency goes with the square of the width and of the resolution.
        let share = (wanted_ms / whole_ms).powf(0.25);
        let steps = (share * seed.input.resolution as f64 / RESOLUTION_STEP as f64).round();
        base.input.resolution = (steps as usize).max(1) * RESOLUTION_STEP;
        if base.input.resolution >= seed.input.resolution {
            return Ok(None);
        }
    }
    let factors = factors(kind, &base)?;
    let mut nearest: Option<MeasuredNetwork> = None;
    let mut aim_ms = wanted_ms;
    for _ in 0..MAX_MEASURED {
        let network = widest(&base, &factors, aim_ms, latencies, store)?;
        let latency_ms = latencies.relative_ms(&network, wanted, store)?;
        let distance = |ms: f64| (ms / wanted_ms - 1.0).abs();
        if nearest.as_ref().is_none_or(|best| distance(latency_ms) < distance(best.latency_ms)) {
            nearest = Some(MeasuredNetwork { network, latency_ms });
        }
        if distance(latency_ms) <= NEAR {
            break;
        }
        aim_ms *= wanted_ms / latency_ms;
    }
    Ok(nearest.filter(|nearest| (nearest.latency_ms / wanted_ms - 1.0).abs() <= MAX_DISTANCE))
}

/// What each axis' share is multiplied with.
fn factors(kind: Baseline, network: &Network) -> Result<Vec<f64>, AdaptError> {
    let count = axes(network)?.len();
    Ok(match kind {
        Baseline::UniformWidth | Baseline::WidthAndResolution => vec![1.0; count],
        Baseline::RandomWidths { seed } => {
            let mut rng = rng(seed, Purpose::RandomWidths, 0);
            (0..count).map(|_| rng.random_range(MIN_FACTOR..1.0)).collect()
        }
    })
}

/// The widest network of the factors that takes at most `max_ms` by prediction. Where many widths go
/// up at the same factor, those of them that still fit do, in the order of the layers.
fn widest(
    base: &Network,
    factors: &[f64],
    max_ms: f64,
    latencies: Latencies<'_>,
    store: &mut Adaptation,
) -> Result<Network, AdaptError> {
    let axes = axes(base)?;
    let widths = |share: f64| -> Vec<usize> {
        let width = |(axis, factor): (&Axis, &f64)| match axis.can_be_adapted() {
            true => axis.nearest((share * factor).min(1.0)),
            false => axis.width,
        };
        axes.iter().zip(factors).map(width).collect()
    };
    let network = |widths: &[usize]| {
        let set = |network, (axis, &width): (&Axis, &usize)| axis.with_width(&network, width);
        axes.iter().zip(widths).fold(base.clone(), set)
    };
    let mut fits = |widths: &[usize]| -> Result<bool, AdaptError> {
        Ok(latencies.predicted_ms(&network(widths), store)? <= max_ms)
    };
    let least = factors.iter().copied().fold(1.0, f64::min);
    let (mut low, mut high) = (0.0, 1.0 / least);
    for _ in 0..BISECTIONS {
        let middle = (low + high) / 2.0;
        match fits(&widths(middle))? {
            true => low = middle,
            false => high = middle,
        }
    }
    let mut found = widths(low);
    for (index, width) in widths(high).into_iter().enumerate() {
        let narrower = std::mem::replace(&mut found[index], width);
        if width != narrower && !fits(&found)? {
            found[index] = narrower;
        }
    }
    Ok(network(&found))
}
