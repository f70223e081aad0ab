//! The quantities that searches are compared by.

use crate::axis::{Axis, Scale};
use crate::error::ReportError;

/// The quantity that searches are compared by. Values are passed as fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The best accuracy so far, from 0 to 1. It is shown in per cent.
    Accuracy,
    /// The hypervolume that the trials so far dominate, from 0 to 1.
    Hypervolume,
    /// The optimal accuracy minus the best accuracy so far. It is shown in percentage points.
    Regret,
}

/// The smallest regret that a logarithmic axis shows, in percentage points.
const MIN_REGRET: f64 = 1e-3;

impl Quantity {
    /// The value in the units of the axis.
    pub(super) fn shown(self, value: f64) -> f64 {
        match self {
            Quantity::Accuracy | Quantity::Regret => 100.0 * value,
            Quantity::Hypervolume => value,
        }
    }

    /// The value as text, for the end of a line.
    pub(super) fn text(self, value: f64) -> String {
        let shown = self.shown(value);
        match self {
            Quantity::Accuracy => format!("{shown:.2} %"),
            Quantity::Hypervolume => format!("{shown:.4}"),
            Quantity::Regret => format!("{shown:.3}"),
        }
    }

    /// The name of the axis with its unit.
    pub(super) fn axis_name(self, axis: &Axis) -> String {
        match (self, axis.scale) {
            (Quantity::Accuracy, _) => "best accuracy so far (%)",
            (Quantity::Hypervolume, _) => "dominated hypervolume (fraction of the maximum)",
            (Quantity::Regret, Scale::Linear) => "regret (percentage points)",
            (Quantity::Regret, Scale::Logarithmic) => {
                "regret (percentage points, logarithmic, 0 at the bottom)"
            }
        }
        .to_owned()
    }

    /// An axis that includes `values`.
    pub(super) fn axis(self, values: &[f64]) -> Axis {
        let shown: Vec<f64> = values.iter().map(|&value| self.shown(value)).collect();
        match self {
            Quantity::Accuracy => Axis::around(&shown, (0.0, 100.0), 0.2),
            Quantity::Hypervolume => Axis::around(&shown, (0.0, 1.0), 0.005),
            Quantity::Regret => {
                let positive = |value: &f64| *value >= MIN_REGRET;
                let positives: Vec<f64> = shown.into_iter().filter(positive).collect();
                let axis = Axis::by_spread(&positives);
                match axis.scale {
                    Scale::Logarithmic => axis,
                    // A linear axis begins at 0, the best possible regret.
                    Scale::Linear => {
                        Axis::linear(0.0, if positives.is_empty() { 1.0 } else { axis.high })
                    }
                }
            }
        }
    }

    pub(super) fn check(self, place: &str, found: f64) -> Result<(), ReportError> {
        let (range, expected) = match self {
            Quantity::Accuracy | Quantity::Hypervolume => (0.0..=1.0, "a fraction from 0 to 1"),
            Quantity::Regret => (-1.0..=1.0, "a fraction from -1 to 1"),
        };
        if range.contains(&found) {
            return Ok(());
        }
        Err(ReportError::NotPlottable { place: place.to_owned(), found, expected })
    }
}
