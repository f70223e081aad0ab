//! Quantiles and rank correlation, shared by all crates.

/// The quantile of sorted values at `share` in [0, 1], linearly interpolated between two neighbours
/// (Hyndman and Fan 1996, definition 7; NumPy's default). NaN if there are no values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high, part) = (at(place.floor()), at(place.ceil()), place.fract());
    // Interpolating would turn infinite values into NaN and could round equal ones.
    if part == 0.0 || low == high { low } else { low * (1.0 - part) + high * part }
}

/// Spearman's rank correlation of two quantities of the same items: the correlation of their ranks,
/// where equal values share the mean of their ranks (as SciPy's `spearmanr`). 1 for the same order,
/// -1 for the reverse one. `None` if there are fewer than two items, a quantity is the same for all of
/// them, or the numbers of values differ.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let (x, y) = (centred_ranks(x), centred_ranks(y));
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let spread = (sum(&x, &x) * sum(&y, &y)).sqrt();
    (spread > 0.0).then(|| (sum(&x, &y) / spread).clamp(-1.0, 1.0))
}

/// The rank of each value less the mean rank.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = (values.len() as f64 - 1.0) / 2.0;
    let rank = |value: &f64| {
        let below = sorted.partition_point(|other| other.total_cmp(value).is_lt());
        let up_to = sorted.partition_point(|other| other.total_cmp(value).is_le());
        (below + up_to - 1) as f64 / 2.0 - mean
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::spearman;

    #[test]
    fn ranks_of_equal_values_are_shared() {
        let check = |x: &[f64], y: &[f64], expected: f64| {
            let found = spearman(x, y).expect("known");
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        };
        check(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1000.0], 1.0);
        check(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], -1.0);
        // Without ties: 1 - 6 x sum of squared differences of ranks / (n (n^2 - 1)).
        check(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.0], 1.0 - 6.0 * 4.0 / 120.0);
        // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]).statistic
        check(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 4.0], 0.948_683_298_050_513_7);
    }

    #[test]
    fn what_has_no_order_has_no_correlation() {
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(spearman(&[1.0], &[2.0]), None);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0, 3.0]), None);
    }
}
