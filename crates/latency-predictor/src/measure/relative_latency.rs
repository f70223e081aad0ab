//! Measures the latency of a network relative to that of another one in turns, so that what slows
//! the device for a while slows both.

use search_space::Graph;

use crate::error::PredictorError;
use crate::measure::meter::Meter;
use crate::measure::quantiles::median;

/// Maximum number of turns. Each turn measures both networks separately, with a warm-up and copies
/// at other addresses in memory. In shorter turns each network would still find the other one's
/// data in the caches.
const TURNS: usize = 9;

/// A measurement that differs from the expected value by more than this share is an outlier.
const OUTLIER: f64 = 0.03;

/// The latency or ratio that `measure` returns. If it is an outlier relative to `expected`,
/// `measure` is called twice more and the median is returned: a single measurement is far off now
/// and then, but if all three are, the expected value is wrong.
///
/// # Errors
/// Those of `measure`.
pub fn remeasure_outlier<E>(
    expected: f64,
    mut measure: impl FnMut() -> Result<f64, E>,
) -> Result<f64, E> {
    let first = measure()?;
    if (first / expected - 1.0).abs() <= OUTLIER {
        return Ok(first);
    }
    Ok(median(&mut [first, measure()?, measure()?]).unwrap_or(first))
}

impl Meter<'_> {
    /// Measures the latency of a network as a ratio to that of `reference`. Both are measured in
    /// turns, each in about `runs` undisturbed runs in total. Returns the median ratio over the
    /// turns.
    ///
    /// # Errors
    /// `runs` is 0, or the engine cannot run a graph.
    pub fn relative_latency(
        &mut self,
        graph: &Graph,
        reference: &Graph,
        runs: usize,
    ) -> Result<f64, PredictorError> {
        let ratio = median_ratio(runs, |of, share| -> Result<f64, PredictorError> {
            let graph = match of {
                Of::Network => graph,
                Of::Reference => reference,
            };
            self.undisturbed_p50_ms(graph, share)
        })?;
        ratio.ok_or(PredictorError::NoRuns)
    }
}

/// The network that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Network,
    Reference,
}

/// The median ratio over turns among which `runs` are divided. The two networks alternate in being
/// first. `read` measures one of them with a number of runs. `None` if `runs` is 0.
fn median_ratio<E>(
    runs: usize,
    mut read: impl FnMut(Of, usize) -> Result<f64, E>,
) -> Result<Option<f64>, E> {
    let turns = TURNS.min(runs);
    let mut ratios = Vec::with_capacity(turns);
    for turn in 0..turns {
        let share = runs * (turn + 1) / turns - runs * turn / turns;
        ratios.push(if turn % 2 == 0 {
            let ms = read(Of::Network, share)?;
            ms / read(Of::Reference, share)?
        } else {
            let reference_ms = read(Of::Reference, share)?;
            read(Of::Network, share)? / reference_ms
        });
    }
    Ok(median(&mut ratios))
}

#[cfg(test)]
mod tests {
    use super::{Of, median_ratio, remeasure_outlier};

    /// The device has another speed in each turn, and once the speed changes within a turn.
    #[test]
    fn the_ratio_is_what_most_turns_say() {
        let mut asked = Vec::new();
        let ratio: Result<_, ()> = median_ratio(40, |of, share| {
            let speed = 1.0 + asked.len().div_euclid(2) as f64;
            let disturbed = if asked.len() == 7 { 5.0 } else { 1.0 };
            asked.push((of, share));
            Ok(match of {
                Of::Network => 3.0 * speed * disturbed,
                Of::Reference => 4.0 * speed,
            })
        });
        assert_eq!(ratio, Ok(Some(0.75)));
        for of in [Of::Network, Of::Reference] {
            let runs = asked.iter().filter(|(asked, _)| *asked == of).map(|(_, share)| share);
            assert_eq!(runs.sum::<usize>(), 40);
        }
        let first: Vec<Of> = asked.iter().step_by(2).map(|(of, _)| *of).collect();
        assert_eq!(first[..3], [Of::Network, Of::Reference, Of::Network]);
        assert_eq!(first.len(), 9);
    }

    #[test]
    fn few_runs_are_few_turns_and_none_gives_no_ratio() {
        let mut asked = 0;
        let mut read = |_, share| {
            assert_eq!(share, 1);
            asked += 1;
            Ok::<_, ()>(2.0)
        };
        assert_eq!(median_ratio(0, &mut read), Ok(None));
        assert_eq!(median_ratio(2, &mut read), Ok(Some(1.0)));
        assert_eq!(asked, 4);
        assert_eq!(median_ratio(2, |_, _| Err("failed")), Err("failed"));
    }

    /// The result when `readings` are measured one after another, and how many of them were used.
    fn read(expected: f64, readings: &[f64]) -> (Result<f64, usize>, usize) {
        let mut taken = 0;
        let reading = remeasure_outlier(expected, || {
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
        // Three readings that agree are preferred to the prediction.
        assert_eq!(read(0.70, &[0.64, 0.65, 0.63]), (Ok(0.64), 3));
        assert_eq!(read(0.70, &[0.64, 0.65]), (Err(3), 3));
    }
}
