//! A budget of time, turned into counts once, at the start of a search: from then on no clock decides
//! anything.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What the units of a search on images cost, in seconds with all threads, as timed at its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitCosts {
    /// An epoch of the supernet's training; `None` if networks are not ranked by one.
    pub supernet_epoch_s: Option<f64>,
    /// A trial, with the network of the random comparison beside it, if there is one.
    pub trial_s: f64,
    /// An epoch of one training from scratch at the end.
    pub final_epoch_s: f64,
    /// What takes the same time whatever the counts are, such as measuring baselines.
    pub fixed_s: f64,
}

/// The counts of a search on images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetCounts {
    /// Number of epochs of the supernet's training, a multiple of 1/100; `None` without a supernet.
    pub supernet_epochs: Option<f64>,
    /// Number of trials.
    pub samples: usize,
    /// Number of epochs of each training from scratch at the end.
    pub epochs: u64,
}

/// A budget too short for anything useful.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a budget that is too short: it takes {needed:?}")]
pub struct ShortBudget {
    /// What the smallest useful counts take.
    pub needed: Duration,
    /// These counts.
    pub counts: BudgetCounts,
}

/// The share of the budget that goes to trials with a supernet. Half of the rest trains the supernet.
const TRIALS_WITH_SUPERNET: f64 = 0.2;
/// The same if each trial is a training.
const TRIALS_WITHOUT: f64 = 0.6;
const SUPERNET_OF_REST: f64 = 0.5;
/// Below these counts, a search finds nothing that is worth its time.
const MIN_SAMPLES: usize = 48;
const MIN_SUPERNET_EPOCHS: f64 = 1.0;
const MIN_EPOCHS: u64 = 5;
/// Above these counts, more hardly helps.
const MAX_SAMPLES: usize = 1_000;
const MAX_SUPERNET_EPOCHS: f64 = 120.0;
const MAX_EPOCHS: u64 = 300;
/// The share of a budget that is left for what was not timed.
const RESERVE: f64 = 0.05;

impl BudgetCounts {
    /// The counts for a budget; `trainings` networks are trained at the end.
    ///
    /// # Errors
    /// [`ShortBudget`] with what the smallest useful counts would take.
    ///
    /// ```
    /// use std::time::Duration;
    /// use controller::search::{BudgetCounts, UnitCosts};
    ///
    /// let supernet_epoch_s = Some(120.0);
    /// let costs = UnitCosts { supernet_epoch_s, trial_s: 2.0, final_epoch_s: 5.0, fixed_s: 100.0 };
    /// let counts = BudgetCounts::within(Duration::from_secs(8 * 3600), &costs, 20)?;
    /// assert!(counts.takes(&costs, 20) < Duration::from_secs(8 * 3600));
    /// let short = BudgetCounts::within(Duration::from_secs(60), &costs, 20).unwrap_err();
    /// assert!(short.needed > Duration::from_secs(60));
    /// # Ok::<(), controller::search::ShortBudget>(())
    /// ```
    pub fn within(
        budget: Duration,
        costs: &UnitCosts,
        trainings: usize,
    ) -> Result<Self, ShortBudget> {
        let UnitCosts { supernet_epoch_s, trial_s, final_epoch_s, fixed_s } = *costs;
        let smallest = Self {
            supernet_epochs: supernet_epoch_s.map(|_| MIN_SUPERNET_EPOCHS),
            samples: MIN_SAMPLES,
            epochs: MIN_EPOCHS,
        };
        let needed = smallest.takes(costs, trainings).div_f64(1.0 - RESERVE);
        if budget < needed {
            return Err(ShortBudget { needed, counts: smallest });
        }
        let left_s = (1.0 - RESERVE) * budget.as_secs_f64() - fixed_s;
        // What the smallest counts leave is shared out.
        let spare_s = left_s - (smallest.takes(costs, trainings).as_secs_f64() - fixed_s);
        let more = |share_s: f64, unit_s: f64| share_s / unit_s.max(f64::MIN_POSITIVE);
        let share = supernet_epoch_s.map_or(TRIALS_WITHOUT, |_| TRIALS_WITH_SUPERNET);
        let trials = more(share * spare_s, trial_s).min((MAX_SAMPLES - MIN_SAMPLES) as f64);
        let samples = MIN_SAMPLES + trials as usize;
        let rest_s = spare_s - (samples - MIN_SAMPLES) as f64 * trial_s;
        let supernet_epochs = supernet_epoch_s.map(|epoch_s| {
            let epochs = MIN_SUPERNET_EPOCHS + more(SUPERNET_OF_REST * rest_s, epoch_s);
            (100.0 * epochs.min(MAX_SUPERNET_EPOCHS)).floor() / 100.0
        });
        let of_supernet_s = match (supernet_epochs, supernet_epoch_s) {
            (Some(epochs), Some(epoch_s)) => (epochs - MIN_SUPERNET_EPOCHS) * epoch_s,
            _ => 0.0,
        };
        let all_epochs_s = final_epoch_s * trainings as f64;
        let epochs = more(rest_s - of_supernet_s, all_epochs_s);
        let epochs = (MIN_EPOCHS + epochs.min(MAX_EPOCHS as f64) as u64).min(MAX_EPOCHS);
        Ok(Self { supernet_epochs, samples, epochs })
    }

    /// The time that a search with these counts takes.
    pub fn takes(&self, costs: &UnitCosts, trainings: usize) -> Duration {
        let UnitCosts { supernet_epoch_s, trial_s, final_epoch_s, fixed_s } = *costs;
        let supernet_s = self.supernet_epochs.unwrap_or(0.0) * supernet_epoch_s.unwrap_or(0.0);
        let trials_s = self.samples as f64 * trial_s;
        let finals_s = (self.epochs * trainings as u64) as f64 * final_epoch_s;
        Duration::from_secs_f64((fixed_s + supernet_s + trials_s + finals_s).max(0.0))
    }
}

/// As a manifest has them.
impl fmt::Display for BudgetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { supernet_epochs, samples, epochs } = self;
        if let Some(supernet_epochs) = supernet_epochs {
            write!(f, "supernet_epochs={supernet_epochs},")?;
        }
        write!(f, "samples={samples},epochs={epochs}")
    }
}

/// A text that is not of [`BudgetCounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected: supernet_epochs=N,samples=N,epochs=N")]
pub struct BudgetCountsError;

impl FromStr for BudgetCounts {
    type Err = BudgetCountsError;

    fn from_str(text: &str) -> Result<Self, BudgetCountsError> {
        let (mut supernet_epochs, mut samples, mut epochs) = (None, None, None);
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("supernet_epochs", value)) => {
                    let value: f64 = value.parse().map_err(|_| BudgetCountsError)?;
                    supernet_epochs = Some(value);
                }
                Some(("samples", value)) => samples = value.parse().ok(),
                Some(("epochs", value)) => epochs = value.parse().ok(),
                _ => return Err(BudgetCountsError),
            }
        }
        let (samples, epochs) = samples.zip(epochs).ok_or(BudgetCountsError)?;
        Ok(Self { supernet_epochs, samples, epochs })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{BudgetCounts, MAX_EPOCHS, MAX_SAMPLES, UnitCosts};

    proptest! {
        /// What is planned fits into the budget, more time never plans less, and a budget of what is
        /// called needed is enough.
        #[test]
        fn counts_fit_into_the_budget(
            supernet_epoch_s in proptest::option::of(0.1..5e3_f64),
            (trial_s, final_epoch_s, fixed_s) in (0.001..500.0_f64, 0.01..500.0_f64, 0.0..600.0_f64),
            hours in 0.01..200.0_f64,
            trainings in 1..40_usize,
        ) {
            let costs = UnitCosts { supernet_epoch_s, trial_s, final_epoch_s, fixed_s };
            let budget = Duration::from_secs_f64(3600.0 * hours);
            match BudgetCounts::within(budget, &costs, trainings) {
                Ok(counts) => {
                    prop_assert!(counts.takes(&costs, trainings) <= budget);
                    prop_assert!(counts.samples <= MAX_SAMPLES && counts.epochs <= MAX_EPOCHS);
                    let longer = BudgetCounts::within(2 * budget, &costs, trainings).unwrap();
                    prop_assert!(longer.samples >= counts.samples && longer.epochs >= counts.epochs);
                    prop_assert!(longer.supernet_epochs >= counts.supernet_epochs);
                    prop_assert_eq!(counts.to_string().parse(), Ok(counts));
                }
                Err(short) => {
                    prop_assert!(short.needed > budget);
                    let enough = short.needed + Duration::from_millis(1);
                    let counts = BudgetCounts::within(enough, &costs, trainings).unwrap();
                    prop_assert_eq!(counts, short.counts);
                }
            }
        }
    }
}
