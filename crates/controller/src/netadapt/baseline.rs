//! Baselines for an adapted network: the same seed scaled to the same latency without regard to
//! accuracy.

use rand::RngExt;
use search_space::{Axis, Network, axes};

use super::error::AdaptError;
use super::latencies::Latencies;
use super::store::Adaptation;
use crate::final_trainings::MeasuredNetwork;
use crate::random::{Purpose, rng};

/// How a seed is scaled to a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// All widths that NetAdapt may change are multiplied by one factor.
    UniformWidth,
    /// As [`Baseline::UniformWidth`], at a lower resolution: width and resolution share the
    /// reduction (MobileNetV1, sections 3.3 and 3.4).
    WidthAndResolution,
    /// Each of these widths is multiplied by a random factor of its own, and all of them by a
    /// common factor.
    RandomWidths {
        /// The seed of the random factors.
        seed: u64,
    },
}

impl Baseline {
    /// The name in tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::UniformWidth => "uniform width",
            Self::WidthAndResolution => "width and resolution",
            Self::RandomWidths { .. } => "random widths",
        }
    }
}

/// Reduced resolutions are multiples of this.
const RESOLUTION_STEP: usize = 32;
/// The minimum random factor of a width.
const MIN_FACTOR: f64 = 0.25;
/// The number of bisections of the common factor.
const BISECTIONS: usize = 12;
/// The maximum number of networks that are measured for a baseline.
const MAX_MEASURED: usize = 5;
/// The relative deviation from the wanted latency below which no closer network is sought.
const NEAR: f64 = 0.01;
/// The maximum relative deviation from the wanted latency of a comparable baseline.
const MAX_DISTANCE: f64 = 0.05;

/// The network of a baseline whose measured latency is closest to that of `wanted`, with its
/// latency. `None` if none is found within 5 % of it.
///
/// # Errors
/// Returns an error if a latency is not available or cannot be stored.
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
        // Latency is taken to be proportional to the squares of width and resolution.
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

/// For each axis, the factor by which the common factor is multiplied.
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

/// The widest network with these factors whose predicted latency is at most `max_ms`. If several
/// widths grow at the same common factor, those that still fit are widened, in the order of the
/// layers.
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
    let min_factor = factors.iter().copied().fold(1.0, f64::min);
    let (mut low, mut high) = (0.0, 1.0 / min_factor);
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
