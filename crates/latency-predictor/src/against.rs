//! Measuring one network against another: what slows the device for a while slows both.

use search_space::Graph;

use crate::error::PredictorError;
use crate::measure::Runs;
use crate::meter::Meter;
use crate::stats::median;

/// Turns of each network. Each is a measurement of its own, with a warm-up and copies in other places of
/// memory: shorter ones find each network in the caches of the other.
const TURNS: usize = 9;

/// A reading that is this far from what is expected, as a share, is doubted.
const DOUBTED: f64 = 0.03;

/// The latency or ratio that `read` measures. Where it is far from `expected`, the median of it and two
/// more: what is far off once in a while is the reading, what stays far off is the expectation.
///
/// # Errors
/// Those of `read`.
pub fn beyond_doubt<E>(expected: f64, mut read: impl FnMut() -> Result<f64, E>) -> Result<f64, E> {
    let first = read()?;
    if (first / expected - 1.0).abs() <= DOUBTED {
        return Ok(first);
    }
    let mut all = [first, read()?, read()?];
    all.sort_unstable_by(f64::total_cmp);
    Ok(all[1])
}

impl Meter<'_> {
    /// The latency of a network as a ratio to that of `reference`: both are measured in turns, each with
    /// `runs` undisturbed runs in all, within reason. The median over the turns.
    ///
    /// # Errors
    /// No runs; a graph that the engine does not take.
    pub fn against(
        &mut self,
        graph: &Graph,
        reference: &Graph,
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let turns = TURNS.min(runs);
        let mut ratios = Vec::with_capacity(turns);
        for turn in 0..turns {
            let share = Runs::Undisturbed(runs * (turn + 1) / turns - runs * turn / turns);
            let mut p50_ms = |graph| Ok(self.network(graph, share)?.latency.p50_ms);
            let both: Result<[f64; 2], PredictorError> = match turn % 2 {
                0 => p50_ms(graph).and_then(|ms| Ok([ms, p50_ms(reference)?])),
                _ => p50_ms(reference).and_then(|ms| Ok([p50_ms(graph)?, ms])),
            };
            let [ms, reference_ms] = both?;
            ratios.push(ms / reference_ms);
        }
        median(&mut ratios).ok_or(PredictorError::NoRuns)
    }
}

#[cfg(test)]
mod tests {
    use super::beyond_doubt;

    /// What a device gives that reads `readings` one after another, and how many it was asked for.
    fn read(expected: f64, readings: &[f64]) -> (Result<f64, usize>, usize) {
        let mut taken = 0;
        let reading = beyond_doubt(expected, || {
            taken += 1;
            readings.get(taken - 1).copied().ok_or(taken)
        });
        (reading, taken)
    }

    #[test]
    fn a_reading_far_from_what_is_expected_is_taken_again() {
        assert_eq!(read(0.70, &[0.72]), (Ok(0.72), 1));
        assert_eq!(read(0.70, &[0.64, 0.71, 0.70]), (Ok(0.70), 3));
        assert_eq!(read(0.70, &[0.75, 0.66, 0.69]), (Ok(0.69), 3));
        // Three readings know better than a prediction.
        assert_eq!(read(0.70, &[0.64, 0.65, 0.63]), (Ok(0.64), 3));
        assert_eq!(read(0.70, &[0.64, 0.65]), (Err(3), 3));
    }
}
