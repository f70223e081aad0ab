//! Separates the time of a block from the speed of the device at that moment.

use std::collections::HashMap;
use std::hash::Hash;

use crate::measure::quantiles::median;

/// Enough rounds for all slowdowns to converge.
const ROUNDS: usize = 10;

/// The slowdown of the device, relative to its usual speed, during each row. A row has the times of
/// the blocks in one run, or of the blocks in one network. The time of a block is modelled as its
/// usual time multiplied by the slowdown of the row, and both are estimated in turn as medians
/// (Tukey's median polish on ratios). The usual speed is the median over the rows. On a steady
/// device all slowdowns are therefore near 1, and a block that is slow in a single row does not
/// affect the others.
pub(crate) fn slowdowns<K: Copy + Eq + Hash>(rows: &[Vec<(K, f64)>]) -> Vec<f64> {
    let mut slowdowns = vec![1.0; rows.len()];
    for _ in 0..ROUNDS {
        let mut times_ms: HashMap<K, Vec<f64>> = HashMap::new();
        for (row, slowdown) in rows.iter().zip(&slowdowns) {
            for &(key, ms) in row {
                times_ms.entry(key).or_default().push(ms / slowdown);
            }
        }
        let usual_ms: HashMap<K, f64> = times_ms
            .into_iter()
            .filter_map(|(key, mut times_ms)| Some((key, median(&mut times_ms)?)))
            .collect();
        for (row, slowdown) in rows.iter().zip(&mut slowdowns) {
            let mut ratios: Vec<f64> = row.iter().map(|(key, ms)| ms / usual_ms[key]).collect();
            *slowdown = median(&mut ratios).unwrap_or(1.0);
        }
        let usual = median(&mut slowdowns.clone()).unwrap_or(1.0);
        slowdowns.iter_mut().for_each(|slowdown| *slowdown /= usual);
    }
    slowdowns
}
