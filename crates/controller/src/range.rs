//! The latencies that a space offers on this device.

use search_space::{Genotype, LatencyError, LatencySource, SearchSpace};

use crate::limits::Cost;
use crate::random::{Purpose, rng};
use crate::reward::Target;

/// Samples of which the median is taken.
const SAMPLES: usize = 1_001;
/// Descents from random genotypes towards the fastest and the slowest network.
const STARTS: usize = 4;

/// Predicted latencies of a space's networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The fastest network found.
    pub fastest_ms: f64,
    /// Median of random networks.
    pub median_ms: f64,
    /// The slowest network found.
    pub slowest_ms: f64,
}

/// What a target means in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing in the space is that fast.
    CannotBeMet,
    /// Some networks meet it, some do not.
    Binds,
    /// Every network meets it.
    DoesNotBind,
}

impl Range {
    /// What `target` means here.
    pub fn binding(&self, target: Target) -> Binding {
        match target.ms() {
            ms if ms < self.fastest_ms => Binding::CannotBeMet,
            ms if ms >= self.slowest_ms => Binding::DoesNotBind,
            _ => Binding::Binds,
        }
    }

    /// Targets that bind: at 1/4, 1/2, 3/4 of the way from the fastest to the slowest network, on a
    /// logarithmic scale.
    pub fn suggested_ms(&self) -> [f64; 3] {
        [0.25, 0.5, 0.75]
            .map(|share: f64| self.fastest_ms * (self.slowest_ms / self.fastest_ms).powf(share))
    }
}

/// The range of a space by predicted latency: descents choice by choice for the ends (exact where a
/// stage's latency changes in one direction with each of its choices), samples for the median.
///
/// # Errors
/// A latency that cannot be had.
pub fn range(
    space: &SearchSpace,
    latency: &dyn LatencySource,
    seed: u64,
) -> Result<Range, LatencyError> {
    let predict = |genotype: &Genotype| -> Result<Option<f64>, LatencyError> {
        match space.decode(genotype) {
            Ok(network) if network.lower().is_ok() => latency.predict_ms(&network).map(Some),
            _ => Ok(None),
        }
    };
    let mut rng = rng(seed, Purpose::Range, 0);
    let mut sampled = Vec::with_capacity(SAMPLES);
    let mut starts = Vec::new();
    while sampled.len() < SAMPLES {
        let genotype = space.sample(&mut rng);
        if let Some(ms) = predict(&genotype)? {
            sampled.push(ms);
            if starts.len() < STARTS {
                starts.push((genotype, ms));
            }
        }
    }
    let descend = |sign: f64| -> Result<f64, LatencyError> {
        let mut best = f64::INFINITY;
        for (start, ms) in &starts {
            best = best
                .min(descent(space, start, *ms * sign, &|g| Ok(predict(g)?.map(|ms| ms * sign)))?);
        }
        Ok(best * sign)
    };
    let (fastest_ms, slowest_ms) = (descend(1.0)?, descend(-1.0)?);
    sampled.sort_by(f64::total_cmp);
    Ok(Range { fastest_ms, median_ms: sampled[SAMPLES / 2], slowest_ms })
}

/// The least of a cost that a descent choice by choice finds in the space.
pub fn least_cost(space: &SearchSpace, cost: Cost, seed: u64) -> usize {
    let of = |genotype: &Genotype| {
        let graph = space.decode(genotype).and_then(|network| network.lower()).ok();
        Ok(graph.map(|graph| cost.of(&graph.cost()) as f64))
    };
    let mut rng = rng(seed, Purpose::Range, 1);
    let starts = std::iter::repeat_with(|| space.sample(&mut rng)).take(SAMPLES);
    let known = starts.filter_map(|start| Some((of(&start).ok()??, start)));
    let least = known.take(STARTS).filter_map(|(now, start)| descent(space, &start, now, &of).ok());
    least.fold(f64::INFINITY, f64::min) as usize
}

type Price<'a> = dyn Fn(&Genotype) -> Result<Option<f64>, LatencyError> + 'a;

/// The least cost reached by changing one choice at a time.
fn descent(
    space: &SearchSpace,
    start: &Genotype,
    start_cost: f64,
    cost: &Price<'_>,
) -> Result<f64, LatencyError> {
    let counts = space.option_counts();
    let (mut now, mut least) = (start.clone(), start_cost);
    loop {
        let before = least;
        for (choice, &options) in counts.iter().enumerate() {
            for option in 0..options {
                let mut other = now.clone();
                other.0[choice] = option;
                if let Some(cost) = cost(&other)?.filter(|&cost| cost < least) {
                    (now, least) = (other, cost);
                }
            }
        }
        if least == before {
            return Ok(least);
        }
    }
}
