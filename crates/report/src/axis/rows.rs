//! Axes of named rows.

use super::numeric::{Axis, Scale, TickStyle};
use super::ticks::Tick;
use crate::canvas::Turn;
use crate::text::{self, Weight};
use crate::theme::TICK;

/// The length at which labels are cut.
const MAX_LENGTH: f64 = 220.0;
/// The smallest distance between upright labels, in ems.
const LINE: f64 = 1.1;
/// The smallest type size of the labels. If rows are too narrow for it, only some of them have
/// labels.
const MIN_EM: f64 = 13.0;

impl Axis {
    /// An axis of length `width` on which row `names[i]` goes from `i` to `i + 1`. Names that are
    /// too wide for their rows are written upwards, and in smaller type if the rows are narrow.
    pub(crate) fn rows(names: &[&str], width: f64) -> Axis {
        if names.is_empty() {
            return Axis::without_values();
        }
        let pitch = width / names.len() as f64;
        let room = |name: &&str| text::room(name, TICK, Weight::Regular);
        let widest = names.iter().map(room).fold(0.0, f64::max);
        let (em, turn) = if widest + TICK <= pitch {
            (TICK, Turn::Level)
        } else {
            ((pitch / LINE).clamp(MIN_EM, TICK), Turn::Upwards)
        };
        let every = (LINE * em / pitch).ceil() as usize;
        let tick = |(index, name): (usize, &&str)| Tick {
            value: index as f64 + 0.5,
            label: Some(text::cut(name, em, Weight::Regular, MAX_LENGTH.max(pitch))),
        };
        let ticks = names.iter().enumerate().step_by(every).map(tick).collect();
        let (high, style) = (names.len() as f64, TickStyle { em, turn, grid: false });
        Axis { scale: Scale::Linear, low: 0.0, high, ticks, style }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_turn_shrink_and_thin_out_with_their_number() {
        let check = |rows: usize, em: f64, turn: Turn, labels: usize| {
            let axis = Axis::rows(&vec!["3-4 expand"; rows], 1400.0);
            assert_eq!((axis.style.em, axis.style.turn), (em, turn), "{rows} rows");
            assert_eq!(axis.ticks.len(), labels, "{rows} rows");
        };
        check(5, TICK, Turn::Level, 5);
        check(20, TICK, Turn::Upwards, 20);
        check(70, 20.0 / LINE, Turn::Upwards, 70);
        check(200, MIN_EM, Turn::Upwards, 67);
        assert!(Axis::rows(&[], 1400.0).ticks.is_empty());
    }
}
