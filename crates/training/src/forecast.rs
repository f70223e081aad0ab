//! How long a training, or a task that has trainings among its parts, still takes: learned from the work
//! that is done.

/// The cost of a unit is averaged over about this share of the task's units of its kind, so that
/// the estimate follows a machine or a network that becomes slower or faster.
const MEMORY: f64 = 0.25;
/// An expected cost counts as much as this share of the units of its kind.
const EXPECTATION: f64 = 0.01;

/// What is known of the cost of a unit before any of its kind is done.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// Nothing: the time that is left is unknown until some of it is done.
    Nothing,
    /// Seconds for each unit.
    Seconds(f64),
    /// So many times the cost of a unit of another kind.
    Times(f64, Kind),
}

/// A kind of work in a [`Forecast`], whose units cost about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(usize);

/// What the time since the last report was spent on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spent {
    /// On work of a task.
    On {
        /// Its kind.
        kind: Kind,
        /// The number of units that were done.
        units: f64,
    },
    /// On none of its kinds.
    Otherwise,
}

/// The work that a task still has, by kind, and what its units cost.
///
/// ```
/// use training::forecast::{Expected, Forecast};
///
/// let mut forecast = Forecast::default();
/// let steps = forecast.add(100.0, Expected::Nothing);
/// let evaluated = forecast.add(2_000.0, Expected::Times(0.005, steps));
/// assert_eq!(forecast.left_s(), None);
/// forecast.did(steps, 10.0, 2.0);
/// // 90 steps of 0.2 s, and 2,000 images of a two hundredth of that.
/// assert!((forecast.left_s().expect("known") - 20.0).abs() < 1e-9);
/// # _ = evaluated;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Forecast {
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
    pub fn add(&mut self, units: f64, expected: Expected) -> Kind {
        let (done, recent_units, recent_s) = (0.0, 0.0, 0.0);
        self.works.push(Work { left: units, done, expected, recent_units, recent_s });
        Kind(self.works.len() - 1)
    }

    /// Sets the number of units that are left.
    pub fn leave(&mut self, kind: Kind, units: f64) {
        self.works[kind.0].left = units.max(0.0);
    }

    /// Records that `units` units were done in `seconds`.
    pub fn did(&mut self, kind: Kind, units: f64, seconds: f64) {
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
    pub fn left_of_s(&self, kind: Kind) -> Option<f64> {
        match self.works[kind.0].left {
            0.0 => Some(0.0),
            left => self.cost_s(kind).map(|seconds| left * seconds),
        }
    }

    /// The seconds that the whole task still takes; `None` while the cost of some of it is unknown,
    /// and for a task whose work was not told.
    pub fn left_s(&self) -> Option<f64> {
        if self.works.is_empty() {
            return None;
        }
        (0..self.works.len()).map(|kind| self.left_of_s(Kind(kind))).sum()
    }
}
