//! Separating how long a block takes from how fast the device was at that moment.

use std::collections::HashMap;
use std::hash::Hash;

use crate::measure::quantiles::median;

/// Enough for the slowest rows to stop moving.
const ROUNDS: usize = 10;

/// How much slower than usual the device was during each row: a run with its blocks, or a network
/// with its blocks. A block's time is taken to be its usual time multiplied by the row's slowdown,
/// and both are found as medians in turn (Tukey's median polish, on ratios). The usual speed is the
/// median over the rows, so that where the device is steady this changes nothing, and a block that
/// one row alone holds up changes no other.
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
