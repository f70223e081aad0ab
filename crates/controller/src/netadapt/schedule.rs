//! How long the proposals of an iteration are trained.

use std::ops::Range;

/// Successive halving keeps one of this many proposals.
pub(super) const KEEPS_ONE_OF: usize = 2;

/// How long proposals are trained before some are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// All proposals are trained for all steps.
    Full,
    /// After a quarter and after half of the steps, the worse half of the proposals is dropped,
    /// which halves the work (successive halving: Jamieson and Talwalkar 2016).
    Halving,
}

impl Schedule {
    /// The name of the schedule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Halving => "halving",
        }
    }

    /// The parts of `steps`, after each of which proposals are evaluated.
    pub(super) fn parts(self, steps: u64) -> Vec<Range<u64>> {
        let ends = match self {
            Self::Full => vec![steps],
            Self::Halving => vec![steps / 4, steps / 2, steps],
        };
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(|(start, end)| start..end).filter(|part| !part.is_empty()).collect()
    }

    /// The mean cost of a proposal if a full training has `steps` steps: its numbers of training
    /// steps and of evaluations.
    pub fn mean_cost(self, steps: u64) -> (f64, f64) {
        let (mut left, mut trained, mut evaluated) = (1.0, 0.0, 0.0);
        for part in self.parts(steps) {
            trained += left * (part.end - part.start) as f64;
            evaluated += left;
            left /= KEEPS_ONE_OF as f64;
        }
        (trained, evaluated)
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn parts_are_all_steps_in_order() {
        let parts = |schedule: Schedule, steps| -> Vec<(u64, u64)> {
            schedule.parts(steps).into_iter().map(|part| (part.start, part.end)).collect()
        };
        assert_eq!(parts(Schedule::Full, 7), [(0, 7)]);
        assert_eq!(parts(Schedule::Halving, 100), [(0, 25), (25, 50), (50, 100)]);
        assert_eq!(parts(Schedule::Halving, 3), [(0, 1), (1, 3)]);
        assert_eq!(parts(Schedule::Halving, 1), [(0, 1)]);
    }
}
