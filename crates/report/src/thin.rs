//! Thinning out the marks of very many points.

use std::collections::HashSet;

use crate::geometry::Position;

/// The largest number of marks for points of one kind. It keeps an SVG under 600 kB.
pub(crate) const MAX_MARKS: usize = 2_500;
/// The side of the smallest cell. Marks that are closer cover each other anyway.
const MIN_CELL: f64 = 2.0;

/// Keeps the first point in each cell of a grid whose cells are just large enough to leave at most
/// `at_most` points. The points keep their own positions, so that the grid cannot be seen.
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
