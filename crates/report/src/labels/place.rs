//! Finding places for labels.

use crate::geometry::{Position, Rect};
use crate::text::{self, Weight};
use crate::theme::{DATA_LINE, LABEL};

/// A text that belongs to a point.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) text: String,
    pub(crate) point: Position,
    /// The distance to keep from the point: the radius of its mark and a little more.
    pub(crate) clearance: f64,
}

/// Something that labels should not cover. `weight` is the cost of a label that lies on it with its
/// whole area.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Obstacle {
    pub(crate) rect: Rect,
    pub(crate) weight: f64,
}

impl Obstacle {
    /// The pieces of a line, which are level or upright.
    pub(crate) fn along(line: &[Position], weight: f64) -> impl Iterator<Item = Obstacle> {
        line.windows(2).map(move |pair| Obstacle {
            rect: Rect::between(pair[0], pair[1]).grown(DATA_LINE),
            weight,
        })
    }
}

/// The costs of covering a mark, a line, a target's line or a trial.
pub(crate) const MARK: f64 = 100.0;
pub(crate) const LINE: f64 = 25.0;
pub(crate) const GUIDE: f64 = 8.0;
pub(crate) const TRIAL: f64 = 0.6;
/// The cost of touching another label. Covering all of it costs the same again.
const LABEL_ON_LABEL: f64 = 200.0;
const OUTSIDE: f64 = 10_000.0;
/// The cost of each label height of distance from the point.
const DISTANCE: f64 = 1.0;

/// Room at both ends of a label.
pub(super) const PAD: f64 = 0.15 * LABEL;

/// The distances from the point that are looked at, in label heights beyond the clearance.
const RINGS: [f64; 6] = [0.0, 0.6, 1.4, 2.4, 3.6, 5.0];
/// The directions in order of preference: beside the point first, then diagonally, then above and
/// below.
const DIRECTIONS: [Position; 8] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.7, -0.7),
    (0.7, 0.7),
    (-0.7, -0.7),
    (-0.7, 0.7),
    (0.0, -1.0),
    (0.0, 1.0),
];

/// Places the labels one after another, so that the first has the first choice. If every place
/// covers something, the label goes to the place inside `bounds` with the lowest cost.
pub(super) fn place(labels: &[Label], bounds: &Rect, obstacles: &[Obstacle]) -> Vec<Rect> {
    let mut taken = Vec::new();
    for label in labels {
        taken.push(best_place(label, bounds, obstacles, &taken));
    }
    taken
}

fn best_place(label: &Label, bounds: &Rect, obstacles: &[Obstacle], taken: &[Rect]) -> Rect {
    let width = text::room(&label.text, LABEL, Weight::Regular) + 2.0 * PAD;
    let height = 1.2 * LABEL;
    let cost = |place: &Rect, away: f64| {
        let covered: f64 = obstacles
            .iter()
            .map(|obstacle| obstacle.weight * obstacle.rect.overlap_area(place))
            .sum();
        let touching = taken.iter().map(|other| other.overlap_area(place));
        let on_labels: f64 = touching
            .filter(|&area| area > 0.0)
            .map(|area| LABEL_ON_LABEL * (1.0 + area / (width * height)))
            .sum();
        let outside = if bounds.holds(place) { 0.0 } else { OUTSIDE };
        covered / (width * height) + on_labels + outside + away
    };
    let mut best = (f64::INFINITY, Rect::around(label.point, width, height));
    let mut consider = |centre: Position, away: f64| {
        let place = Rect::around(centre, width, height);
        let cost = cost(&place, away);
        if cost < best.0 {
            best = (cost, place);
        }
        best.0
    };
    let mut min_cost = f64::INFINITY;
    for ring in RINGS {
        for (preference, direction) in DIRECTIONS.iter().enumerate() {
            let distance = label.clearance + ring * height;
            let centre = (
                label.point.0 + direction.0 * distance + sign(direction.0) * width / 2.0,
                label.point.1 + direction.1 * distance + sign(direction.1) * height / 2.0,
            );
            min_cost = consider(centre, ring * DISTANCE + preference as f64 * 0.02);
        }
    }
    if min_cost >= LABEL_ON_LABEL {
        for centre in everywhere(&bounds.grown(-1.0), width, height) {
            let (dx, dy) = (centre.0 - label.point.0, centre.1 - label.point.1);
            consider(centre, dx.hypot(dy) / height * DISTANCE);
        }
    }
    best.1
}

/// The centres of places all over the bounds, for labels whose surroundings are full. They are half
/// a height apart vertically and a quarter of a width apart horizontally.
fn everywhere(bounds: &Rect, width: f64, height: f64) -> impl Iterator<Item = Position> {
    let steps = |room: f64, step: f64| (room / step).max(0.0) as usize;
    let (left, top) = (bounds.left + width / 2.0, bounds.top + height / 2.0);
    let columns = steps(bounds.width() - width, width / 4.0);
    let rows = steps(bounds.height() - height, height / 2.0);
    (0..=rows).flat_map(move |row| {
        (0..=columns).map(move |column| {
            (left + column as f64 * width / 4.0, top + row as f64 * height / 2.0)
        })
    })
}

/// Like `f64::signum`, but 0 for 0.
fn sign(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(points: &[Position]) {
        let bounds = Rect { left: 0.0, top: 0.0, right: 1300.0, bottom: 700.0 };
        let labels: Vec<Label> = points
            .iter()
            .map(|&point| Label { text: "uniform 5x5 expansion 6".into(), point, clearance: 16.0 })
            .collect();
        let marks: Vec<Obstacle> = points
            .iter()
            .map(|&point| Obstacle { rect: Rect::around(point, 20.0, 20.0), weight: MARK })
            .collect();
        let places = place(&labels, &bounds, &marks);
        for (index, place) in places.iter().enumerate() {
            assert!(bounds.holds(place), "{place:?}");
            for other in &places[index + 1..] {
                assert_eq!(place.overlap_area(other), 0.0, "{place:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_label_whose_surroundings_are_taken_goes_elsewhere() {
        check(&[(995.7, 647.2), (914.9, 588.5), (1246.5, 696.0)]);
    }

    proptest! {
        #[test]
        fn a_handful_of_labels_stay_apart_and_inside(
            points in prop::collection::vec((0.0..1300.0f64, 0.0..700.0f64), 1..7),
        ) {
            check(&points);
        }
    }
}
