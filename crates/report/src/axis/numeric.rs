//! Axes of numbers, with their range and scale.

use super::ticks::{Tick, linear_ticks, logarithmic_ticks};
use crate::canvas::Turn;
use crate::number::grouped;
use crate::text::{self, Weight};
use crate::theme::TICK;

/// How values are mapped to positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    Linear,
    Logarithmic,
}

/// The look of an axis's ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TickStyle {
    /// The type size of the labels.
    pub(crate) em: f64,
    /// The direction of the labels.
    pub(crate) turn: Turn,
    /// Whether grid lines are drawn at the labelled ticks.
    pub(crate) grid: bool,
}

impl TickStyle {
    const NUMBERS: TickStyle = TickStyle { em: TICK, turn: Turn::Level, grid: true };
}

#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) scale: Scale,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) style: TickStyle,
}

/// If the highest value is more than so many times the lowest, the axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 6.0;
/// Room at each end, as a share of the axis.
const PADDING: f64 = 0.05;
impl Axis {
    /// An axis for positive values, linear or logarithmic depending on their spread. Without values
    /// it has no ticks.
    pub(crate) fn by_spread(values: &[f64]) -> Axis {
        let Some((low, high)) = extent(values) else {
            return Axis::without_values();
        };
        if high / low <= LOGARITHMIC_FROM {
            return Axis::around(values, (0.0, f64::INFINITY), 0.2 * low);
        }
        let padding = (high / low).powf(PADDING);
        Axis::logarithmic(low / padding, high * padding)
    }

    /// A logarithmic axis from `low` to `high`, both positive.
    pub(crate) fn logarithmic(low: f64, high: f64) -> Axis {
        Axis::with_ticks(Scale::Logarithmic, low, high, logarithmic_ticks(low, high))
    }

    /// A linear axis with room around the values, but inside `limits`. Its range is at least
    /// `min_spread`. Without values it has no ticks.
    pub(crate) fn around(values: &[f64], limits: (f64, f64), min_spread: f64) -> Axis {
        let Some((low, high)) = extent(values) else {
            return Axis::without_values();
        };
        let spread = (high - low).max(min_spread);
        let middle = (low + high) / 2.0;
        let half = spread * (0.5 + PADDING);
        Axis::linear((middle - half).max(limits.0), (middle + half).min(limits.1))
    }

    /// An axis for a figure without data. It has no ticks, since no number on it would mean
    /// anything.
    pub(crate) fn without_values() -> Axis {
        Axis::with_ticks(Scale::Linear, 0.0, 1.0, Vec::new())
    }

    fn with_ticks(scale: Scale, low: f64, high: f64, ticks: Vec<Tick>) -> Axis {
        Axis { scale, low, high, ticks, style: TickStyle::NUMBERS }
    }

    /// A linear axis from `low` to `high`.
    pub(crate) fn linear(low: f64, high: f64) -> Axis {
        Axis::with_ticks(Scale::Linear, low, high, linear_ticks(low, high))
    }

    /// A linear axis for counts, from 0.
    pub(crate) fn counts(high: f64) -> Axis {
        Axis::linear(0.0, high.max(1.0)).of_counts()
    }

    /// The axis with ticks at whole numbers only.
    pub(crate) fn of_counts(mut self) -> Axis {
        self.ticks.retain(|tick| tick.value.fract() == 0.0);
        for tick in self.ticks.iter_mut().filter(|tick| tick.label.is_some()) {
            tick.label = Some(grouped(&format!("{:.0}", tick.value)));
        }
        self
    }

    /// The axis on a plot of this width, without the level labels that would touch the one before.
    /// Their ticks become small ones.
    pub(crate) fn readable(mut self, width: f64) -> Axis {
        if self.style.turn == Turn::Upwards {
            return self;
        }
        let em = self.style.em;
        let mut order: Vec<usize> = (0..self.ticks.len()).collect();
        order.sort_by(|&a, &b| self.ticks[a].value.total_cmp(&self.ticks[b].value));
        let mut end = f64::NEG_INFINITY;
        for index in order {
            let Some(label) = &self.ticks[index].label else { continue };
            let half = text::room(label, em, Weight::Regular) / 2.0;
            let x = self.share(self.ticks[index].value) * width;
            if x - half < end + em / 4.0 {
                self.ticks[index].label = None;
            } else {
                end = x + half;
            }
        }
        self
    }

    /// The position of `value` on the axis: 0 at `low`, 1 at `high`.
    pub(crate) fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        }
    }
}

fn extent(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::super::ticks::MAX_TICKS;
    use super::*;
    use proptest::prelude::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().filter_map(|tick| tick.label.as_deref()).collect()
    }

    #[test]
    fn ticks_are_the_customary_ones() {
        let check = |axis: Axis, expected: &[&str]| assert_eq!(labels(&axis), expected);
        check(Axis::by_spread(&[3.0, 40.0]), &["3", "5", "10", "20", "30"]);
        check(Axis::by_spread(&[0.2, 900.0]), &["1", "10", "100", "1,000"]);
        check(Axis::by_spread(&[8.0, 20.0]), &["8", "10", "12", "14", "16", "18", "20"]);
        check(Axis::around(&[43.1, 66.8], (0.0, 100.0), 1.0), &["45", "50", "55", "60", "65"]);
        check(
            Axis::around(&[61.2, 61.2], (0.0, 100.0), 1.0),
            &["60.8", "61.0", "61.2", "61.4", "61.6"],
        );
        check(Axis::counts(1.0), &["0", "1"]);
        check(
            Axis::counts(4000.0),
            &["0", "500", "1,000", "1,500", "2,000", "2,500", "3,000", "3,500", "4,000"],
        );
    }

    #[test]
    fn labels_that_would_touch_are_left_out() {
        let axis = Axis::logarithmic(1.0, 2e9);
        let all = labels(&axis).len();
        assert_eq!(labels(&axis.clone().readable(4_000.0)).len(), all);
        let few = axis.clone().readable(500.0);
        assert!((2..all).contains(&labels(&few).len()), "{:?}", labels(&few));
        assert_eq!(few.ticks.len(), axis.ticks.len(), "their ticks stay");
    }

    proptest! {
        #[test]
        fn ticks_lie_inside_and_read_as_their_value(
            low in 1e-3..1e3f64, factor in 1.0..1e5f64,
        ) {
            let axis = Axis::by_spread(&[low, low * factor]);
            prop_assert!(axis.share(low) >= 0.0 && axis.share(low * factor) <= 1.0 + 1e-9);
            let labelled: Vec<_> = axis.ticks.iter().filter(|tick| tick.label.is_some()).collect();
            prop_assert!((2..=MAX_TICKS).contains(&labelled.len()), "{:?}", axis);
            for tick in &axis.ticks {
                prop_assert!((axis.low..=axis.high).contains(&tick.value));
                if let Some(label) = &tick.label {
                    prop_assert_eq!(label.replace(',', "").parse::<f64>().ok(), Some(tick.value));
                }
            }
            prop_assert!(labelled.windows(2).all(|pair| pair[0].value < pair[1].value));
        }
    }
}
