//! Rank correlation compared with its definition, and the normal distribution with references.

use controller::statistics::{kendall_tau, normal_cdf, r2};
use proptest::prelude::*;

/// Tau-b computed pair by pair (Kendall 1945).
fn by_pairs(x: &[f64], y: &[f64]) -> f64 {
    let (mut score, mut untied_x, mut untied_y) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        for j in 0..i {
            let sign = |v: &[f64]| if v[i] == v[j] { 0.0 } else { (v[i] - v[j]).signum() };
            score += sign(x) * sign(y);
            untied_x += sign(x).abs();
            untied_y += sign(y).abs();
        }
    }
    score / (f64::sqrt(untied_x) * f64::sqrt(untied_y))
}

proptest! {
    #[test]
    fn tau_is_that_of_all_pairs(
        pairs in prop::collection::vec((0..12_i32, -1e3..1e3_f64, any::<bool>()), 2..80)
    ) {
        let x: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.0)).collect();
        let y: Vec<f64> =
            pairs.iter().map(|pair| if pair.2 { pair.1 } else { (pair.1 / 300.0).round() }).collect();
        let (fast, slow) = (kendall_tau(&x, &y), by_pairs(&x, &y));
        prop_assert!(fast.is_nan() && slow.is_nan() || (fast - slow).abs() < 1e-12);
    }
}

#[test]
fn known_values() {
    // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), from its documentation.
    let tau = kendall_tau(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]);
    assert!((tau + 0.471_404_520_791_031_7).abs() < 1e-12, "{tau}");
    assert!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    // sklearn.metrics.r2_score([3, -0.5, 2, 7], [2.5, 0, 2, 8]), from its documentation.
    let r2 = r2(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0]);
    assert!((r2 - 0.948_608_137_044_967_9).abs() < 1e-12, "{r2}");
}

/// The references are half of C's erfc(-x / sqrt 2).
#[test]
fn the_normal_distribution_is_exact_in_its_tails() {
    for (x, expected) in [
        (0.0, 0.5),
        (-1.0, 0.158_655_253_931_457_05),
        (1.96, 0.975_002_104_851_779_5),
        (-3.0, 1.349_898_031_630_094_5e-3),
        (-2.999_999, 1.349_902_463_485_154e-3),
        (-6.0, 9.865_876_450_376_98e-10),
        (-10.0, 7.619_853_024_160_527e-24),
        (f64::NEG_INFINITY, 0.0),
        (f64::INFINITY, 1.0),
    ] {
        let found = normal_cdf(x);
        assert!((found - expected).abs() <= 1e-11 * expected, "{x}: {found} against {expected}");
    }
}
