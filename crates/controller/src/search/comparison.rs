//! Comparison of searches: what each had reached after a number of trials, over its seeds.

use crate::search::hypervolume::Hypervolume;
use crate::study::StudyPoint;
use search_space::quantile;

/// The quartiles of what the seeds of a search had reached after a number of trials. A quartile is
/// `None` where it would involve seeds that had nothing yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// The number of trials.
    pub trials: usize,
    /// The number of seeds with that many trials.
    pub seeds: usize,
    /// The lower quartile.
    pub q25: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The upper quartile.
    pub q75: Option<f64>,
}

impl Quartiles {
    /// The quartiles of best accuracies as those of regrets: how far the accuracies are below
    /// `optimum`, a fraction.
    pub fn regret(&self, optimum: f64) -> Self {
        let below = |accuracy: Option<f64>| accuracy.map(|accuracy| optimum - accuracy);
        Self { q25: below(self.q75), median: below(self.median), q75: below(self.q25), ..*self }
    }
}

/// The trial counts at which searches of these lengths are compared: all counts up to the longest
/// length that have at most two digits followed by zeros, and the lengths themselves.
pub fn trial_counts(lengths: &[usize]) -> Vec<usize> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let decades = std::iter::successors(Some(1_usize), |decade| decade.checked_mul(10));
    let decades = decades.take_while(|decade| 10 * decade <= longest);
    let round = decades.flat_map(|decade| (10..100).map(move |digits| digits * decade));
    let mut counts: Vec<usize> = (1..10).chain(round).chain(lengths.iter().copied()).collect();
    counts.retain(|&count| (1..=longest).contains(&count));
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// The best accuracy after each trial, under the target if there is one; `None` as long as there is
/// none.
pub fn best_accuracies(
    points: impl IntoIterator<Item = StudyPoint>,
    target_ms: Option<f64>,
) -> Vec<Option<f64>> {
    let meets = |point: &StudyPoint| match (target_ms, point.latency_ms) {
        (None, _) => true,
        (Some(target_ms), Some(latency_ms)) => latency_ms <= target_ms,
        (Some(_), None) => false,
    };
    let mut best: Option<f64> = None;
    let after = |point: StudyPoint| {
        if meets(&point) {
            best = Some(best.unwrap_or(f64::NEG_INFINITY).max(point.accuracy));
        }
        best
    };
    points.into_iter().map(after).collect()
}

/// The trials that raised the best accuracy, under the target if there is one: their indices, and the
/// accuracies after them.
pub fn improvements(
    points: impl IntoIterator<Item = StudyPoint>,
    target_ms: Option<f64>,
) -> Vec<(usize, f64)> {
    let mut reached = f64::NEG_INFINITY;
    let better = |(index, best): (usize, Option<f64>)| {
        let accuracy = best.filter(|&accuracy| accuracy > reached)?;
        reached = accuracy;
        Some((index, accuracy))
    };
    best_accuracies(points, target_ms).into_iter().enumerate().filter_map(better).collect()
}

/// The hypervolume after each trial, as a share from 0 to 1. The reference point is at the target
/// and at accuracy 0. Trials without a latency add nothing.
pub fn hypervolumes(points: &[StudyPoint], target_ms: f64) -> Vec<Option<f64>> {
    let mut volume = Hypervolume::new(target_ms);
    let after = |point: &StudyPoint| {
        if let Some(latency_ms) = point.latency_ms {
            volume.add(latency_ms, point.accuracy);
        }
        Some(volume.share())
    };
    points.iter().map(after).collect()
}

/// The quartiles over the curves, one per seed, after each number of trials. Each count includes
/// the curves that are long enough; a count that no curve reaches is left out. A seed that had
/// nothing yet ranks below all others.
pub fn quartiles(curves: &[Vec<Option<f64>>], counts: &[usize]) -> Vec<Quartiles> {
    let at = |&trials: &usize| {
        let reached = |curve: &Vec<Option<f64>>| {
            let value = curve.get(trials.checked_sub(1)?)?;
            Some(value.unwrap_or(f64::NEG_INFINITY))
        };
        let mut values: Vec<f64> = curves.iter().filter_map(reached).collect();
        values.sort_unstable_by(f64::total_cmp);
        let share = |share: f64| Some(quantile(&values, share)).filter(|value| value.is_finite());
        let seeds = values.len();
        let (q25, median, q75) = (share(0.25), share(0.5), share(0.75));
        (seeds > 0).then_some(Quartiles { trials, seeds, q25, median, q75 })
    };
    counts.iter().filter_map(at).collect()
}
