//! How long a task still takes, learned from the work that is done.

/// The cost of a unit is averaged over about this share of the task's units of its kind, so that
/// the estimate follows a machine or a network that becomes slower or faster.
const MEMORY: f64 = 0.25;
/// An expected cost counts as much as this share of the units of its kind.
const EXPECTATION: f64 = 0.01;

/// What is known of the cost of a unit before any of its kind is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// Nothing: the time that is left is unknown until some of it is done.
    Nothing,
    /// Seconds for each unit.
    Seconds(f64),
    /// So many times the cost of a unit of another kind.
    Times(f64, Kind),
}

/// A kind of work in a [`Forecast`], whose units cost about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(usize);

/// The work that a task still has, by kind, and what its units cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forecast {
    works: Vec<Work>,
}

#[derive(Clone, Debug)]
struct Work {
    left: f64,
    done: f64,
    expected: Expected,
    /// Units and seconds in the average, in which what is long past counts less.
    recent_units: f64,
    recent_s: f64,
}

impl Forecast {
    /// Adds a kind of work with `units` units. [`Expected::Times`] refers to a kind that was added
    /// before.
    pub(crate) fn add(&mut self, units: f64, expected: Expected) -> Kind {
        let (done, recent_units, recent_s) = (0.0, 0.0, 0.0);
        self.works.push(Work { left: units, done, expected, recent_units, recent_s });
        Kind(self.works.len() - 1)
    }

    /// Sets the number of units that are left.
    pub(crate) fn leave(&mut self, kind: Kind, units: f64) {
        self.works[kind.0].left = units.max(0.0);
    }

    /// Records that `units` units were done in `seconds`.
    pub(crate) fn did(&mut self, kind: Kind, units: f64, seconds: f64) {
        let work = &mut self.works[kind.0];
        work.left = (work.left - units).max(0.0);
        work.done += units;
        let memory = MEMORY * (work.done + work.left);
        let kept = if memory > 0.0 { (-units / memory).exp() } else { 0.0 };
        work.recent_units = kept * work.recent_units + units;
        work.recent_s = kept * work.recent_s + seconds;
    }

    /// The seconds that a unit costs; `None` while nothing is known.
    fn cost_s(&self, kind: Kind) -> Option<f64> {
        let work = &self.works[kind.0];
        let expected_s = match work.expected {
            Expected::Nothing => None,
            Expected::Seconds(seconds) => Some(seconds),
            Expected::Times(factor, other) => self.cost_s(other).map(|seconds| factor * seconds),
        };
        let (units, seconds) = match expected_s {
            Some(expected_s) => {
                let weight = EXPECTATION * (work.done + work.left);
                (work.recent_units + weight, work.recent_s + weight * expected_s)
            }
            None => (work.recent_units, work.recent_s),
        };
        if units > 0.0 { Some(seconds / units) } else { expected_s }
    }

    /// The seconds that all work of one kind still takes; `None` while its cost is unknown.
    pub(crate) fn left_of_s(&self, kind: Kind) -> Option<f64> {
        match self.works[kind.0].left {
            0.0 => Some(0.0),
            left => self.cost_s(kind).map(|seconds| left * seconds),
        }
    }

    /// The seconds that the whole task still takes; `None` while the cost of some of it is unknown,
    /// and for a task whose work was not told.
    pub(crate) fn left_s(&self) -> Option<f64> {
        if self.works.is_empty() {
            return None;
        }
        (0..self.works.len()).map(|kind| self.left_of_s(Kind(kind))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ratios of estimated to true time left after 25, 50 and 75 % of the time of a task.
    /// `events` are its units with their seconds.
    fn ratios(forecast: &Forecast, events: &[(Kind, f64, f64)]) -> [f64; 3] {
        let all_s: f64 = events.iter().map(|event| event.2).sum();
        [0.25, 0.5, 0.75].map(|share| {
            let mut elapsed_s = 0.0;
            let mut forecast = forecast.clone();
            for &(kind, units, seconds) in events {
                if elapsed_s + seconds > share * all_s {
                    break;
                }
                forecast.did(kind, units, seconds);
                elapsed_s += seconds;
            }
            forecast.left_s().expect("some of it is done") / (all_s - elapsed_s)
        })
    }

    fn assert_within(ratios: [f64; 3]) {
        assert!(ratios.iter().all(|ratio| (1.0 / 1.5..1.5).contains(ratio)), "{ratios:?}");
    }

    #[test]
    fn a_training_with_evaluations_is_forecast_from_its_first_epoch() {
        let mut forecast = Forecast::default();
        let steps = forecast.add(20.0 * 100.0, Expected::Nothing);
        // Evaluations cost more than expected, and the last one is the largest.
        let evaluated = forecast.add(20.0 * 500.0 + 4_000.0, Expected::Times(0.3 / 64.0, steps));
        let mut events = Vec::new();
        for _ in 0..20 {
            events.extend([(steps, 1.0, 0.2); 100]);
            events.push((evaluated, 500.0, 500.0 * 0.003));
        }
        events.push((evaluated, 4_000.0, 12.0));
        assert!(forecast.left_s().is_none());
        assert_within(ratios(&forecast, &events));
    }

    #[test]
    fn phases_with_other_costs_are_counted_before_they_begin() {
        // 600 s of training, then 300 s of measuring and 900 s of training that costs a third less.
        let mut forecast = Forecast::default();
        let images = forecast.add(6_000.0, Expected::Seconds(0.13));
        let measured = forecast.add(30.0, Expected::Seconds(8.0));
        let finals = forecast.add(13_500.0, Expected::Times(0.8, images));
        let mut events = vec![(images, 600.0, 60.0); 10];
        events.extend([(measured, 1.0, 10.0); 30]);
        events.extend([(finals, 1_350.0, 90.0); 10]);
        assert_within(ratios(&forecast, &events));
    }

    #[test]
    fn a_task_that_becomes_slower_is_followed() {
        let mut forecast = Forecast::default();
        let trials = forecast.add(1_000.0, Expected::Nothing);
        let mut events = vec![(trials, 10.0, 1.0); 40];
        events.extend([(trials, 10.0, 2.0); 60]);
        let ratios = ratios(&forecast, &events);
        assert!(ratios[2] > 0.8 && ratios[2] < 1.2, "{ratios:?}");
    }

    #[test]
    fn what_is_left_can_change() {
        let mut forecast = Forecast::default();
        let iterations = forecast.add(30.0, Expected::Nothing);
        forecast.did(iterations, 1.0, 60.0);
        assert_eq!(forecast.left_s(), Some(29.0 * 60.0));
        forecast.leave(iterations, 10.0);
        assert_eq!(forecast.left_s(), Some(600.0));
        forecast.leave(iterations, 0.0);
        assert_eq!(forecast.left_s(), Some(0.0));
    }

    #[test]
    fn an_expectation_gives_way_to_what_is_observed() {
        let mut forecast = Forecast::default();
        let blocks = forecast.add(100.0, Expected::Seconds(1.0));
        assert_eq!(forecast.left_s(), Some(100.0));
        for _ in 0..20 {
            forecast.did(blocks, 1.0, 10.0);
        }
        let left_s = forecast.left_s().expect("known");
        assert!(left_s > 700.0 && left_s < 800.0, "{left_s}");
    }
}
