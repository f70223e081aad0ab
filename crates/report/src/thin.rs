//! Fewer marks for many points.

use std::collections::HashSet;

use crate::geometry::Position;

/// Most marks for points of one kind: keeps an SVG under 600 kB.
pub(crate) const MAX_MARKS: usize = 2_500;
/// Side of the smallest cell: marks nearer than this hide each other.
const MIN_CELL: f64 = 2.0;

/// The first point in each cell of a grid, whose cells are as small as `at_most` allows. Points
/// keep their own positions, so that no grid shows.
pub(crate) fn thin(points: &[Position], at_most: usize) -> Vec<Position> {
    let mut cell = MIN_CELL;
    loop {
        let mut taken = HashSet::new();
        let kept: Vec<_> = points
            .iter()
            .filter(|(x, y)| taken.insert(((x / cell) as i64, (y / cell) as i64)))
            .copied()
            .collect();
        if kept.len() <= at_most.max(1) {
            return kept;
        }
        cell *= 1.25;
    }
}
