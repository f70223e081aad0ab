//! Hatched areas, which are told apart by the direction and distance of their lines.

use plotters::style::RGBAColor;

use crate::canvas::Shape;
use crate::geometry::{Position, Rect};
use crate::theme::{HAIRLINE, HATCH, INK};

/// Parallel lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hatch {
    direction: Direction,
    /// The distance between lines, measured along an axis of the page.
    pitch: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    /// From bottom left to top right.
    Rising,
    /// From top left to bottom right.
    Falling,
    Upright,
    Level,
}

const PITCH: f64 = 14.0;
/// The opacity of the area under the lines.
const OPACITY: f64 = 0.04;

impl Hatch {
    /// Hatching number `index`. They repeat after 8.
    pub(crate) fn of(index: usize) -> Hatch {
        const DIRECTIONS: [Direction; 4] =
            [Direction::Rising, Direction::Falling, Direction::Upright, Direction::Level];
        let pitch = if (index / 4).is_multiple_of(2) { PITCH } else { 2.0 * PITCH };
        Hatch { direction: DIRECTIONS[index % 4], pitch }
    }

    /// The area of rectangles that stand side by side from left to right, and the lines on it.
    pub(crate) fn shapes(self, pieces: &[Rect]) -> Vec<Shape> {
        let upper =
            pieces.iter().flat_map(|piece| [(piece.left, piece.top), (piece.right, piece.top)]);
        let lower = pieces
            .iter()
            .rev()
            .flat_map(|piece| [(piece.right, piece.bottom), (piece.left, piece.bottom)]);
        let ink = RGBAColor(INK.0, INK.1, INK.2, OPACITY);
        let mut shapes = vec![Shape::Polygon { corners: upper.chain(lower).collect(), ink }];
        let Some(around) = pieces.iter().copied().reduce(|a, b| a.including(&b)) else {
            return Vec::new();
        };
        for line in self.lines(&around) {
            let mut drawn: Vec<(Position, Position)> = Vec::new();
            for (start, end) in pieces.iter().filter_map(|piece| clip(line, piece)) {
                match drawn.last_mut() {
                    Some(last) if is_near(last.1, start) => last.1 = end,
                    _ => drawn.push((start, end)),
                }
            }
            let drawn = drawn.into_iter().filter(|(start, end)| start != end);
            shapes.extend(drawn.map(|(start, end)| Shape::line(vec![start, end], HAIRLINE, HATCH)));
        }
        shapes
    }

    /// All lines that cross `area`, each from left to right, or from top to bottom. Their places do
    /// not depend on the area, so that the lines of neighbouring areas meet.
    fn lines(self, area: &Rect) -> Vec<(Position, Position)> {
        let Rect { left, top, right, bottom } = *area;
        let (low, high) = match self.direction {
            Direction::Rising => (left + top, right + bottom),
            Direction::Falling => (top - right, bottom - left),
            Direction::Upright => (left, right),
            Direction::Level => (top, bottom),
        };
        let line = |number: i64| {
            let at = self.pitch * number as f64;
            match self.direction {
                Direction::Rising => ((left, at - left), (right, at - right)),
                Direction::Falling => ((left, at + left), (right, at + right)),
                Direction::Upright => ((at, top), (at, bottom)),
                Direction::Level => ((left, at), (right, at)),
            }
        };
        ((low / self.pitch).ceil() as i64..=(high / self.pitch).floor() as i64).map(line).collect()
    }
}

fn is_near(a: Position, b: Position) -> bool {
    (a.0 - b.0).abs() < 1e-6 && (a.1 - b.1).abs() < 1e-6
}

/// The part of a line inside a rectangle (Liang and Barsky). Of a border that two rectangles
/// share, only the right one has an upright line.
fn clip((start, end): (Position, Position), area: &Rect) -> Option<(Position, Position)> {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    if dx == 0.0 && start.0 >= area.right {
        return None;
    }
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (step, room_before, room_after) in [
        (dx, area.left - start.0, area.right - start.0),
        (dy, area.top - start.1, area.bottom - start.1),
    ] {
        if step == 0.0 {
            if room_before > 0.0 || room_after < 0.0 {
                return None;
            }
            continue;
        }
        let (enter, leave) = (room_before / step, room_after / step);
        from = from.max(enter.min(leave));
        to = to.min(enter.max(leave));
    }
    let at = |share: f64| (start.0 + share * dx, start.1 + share * dy);
    (from < to).then(|| (at(from), at(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_stay_inside_their_area(
            index in 0..8_usize,
            heights in prop::collection::vec((0.0..300.0_f64, 0.0..300.0_f64), 1..12),
            width in 1.0..90.0_f64,
        ) {
            let pieces: Vec<Rect> = heights
                .iter()
                .enumerate()
                .map(|(at, &(a, b))| {
                    let left = at as f64 * width;
                    Rect { left, top: a.min(b), right: left + width, bottom: a.max(b) }
                })
                .collect();
            for shape in &Hatch::of(index).shapes(&pieces)[1..] {
                let Shape::Line { points, .. } = shape else { panic!("a line") };
                for step in 0..=20 {
                    let share = f64::from(step) / 20.0;
                    let x = points[0].0 + share * (points[1].0 - points[0].0);
                    let y = points[0].1 + share * (points[1].1 - points[0].1);
                    let inside = |piece: &&Rect| {
                        piece.grown(1e-6).holds(&Rect { left: x, top: y, right: x, bottom: y })
                    };
                    prop_assert!(pieces.iter().any(|piece| inside(&piece)), "{x} {y} {pieces:?}");
                }
            }
        }
    }

    #[test]
    fn neighbours_differ() {
        let all: Vec<Hatch> = (0..8).map(Hatch::of).collect();
        for (index, hatch) in all.iter().enumerate() {
            assert!(!all[..index].contains(hatch), "{hatch:?}");
        }
    }
}
