//! The quality of rankings beside that of multiply-adds.

use controller::accuracy::{RankQuality, RankedNetwork};
use controller::statistics::kendall_tau;
use rand::RngExt;

/// Networks whose accuracy rises with their MACs and with something that MACs do not show, which the
/// source sees with a share of noise.
fn networks(count: usize, noise: f64) -> Vec<RankedNetwork> {
    let mut rng = controller::random::rng(5, controller::random::Purpose::Random, 0);
    let network = |_| {
        let [macs, other, error] = std::array::from_fn(|_| rng.random::<f64>());
        let trained = macs + 0.5 * other;
        RankedNetwork { trained, estimated: trained + noise * error, macs }
    };
    (0..count).map(network).collect()
}

#[test]
fn a_perfect_source_has_a_tau_of_one() {
    let quality = RankQuality::of(&networks(503, 0.0), 0).unwrap();
    assert_eq!(quality.networks, 503);
    assert_eq!(quality.source.all, 1.0);
    assert_eq!(quality.source.quintiles, [1.0; 5]);
    // MACs rank well over all networks and badly within a quintile.
    assert!(quality.macs.all > 0.6 && quality.macs.mean_of_quintiles() < 0.4, "{quality:?}");
    assert!(quality.interval[0] > 0.5 && quality.interval[1] < 1.0, "{quality:?}");
}

#[test]
fn quintiles_are_by_multiply_adds() {
    let networks = networks(100, 1.0);
    let quality = RankQuality::of(&networks, 0).unwrap();
    let mut sorted = networks.clone();
    sorted.sort_by(|a, b| a.macs.total_cmp(&b.macs));
    let of = |part: &[RankedNetwork], by: fn(&RankedNetwork) -> f64| {
        let trained: Vec<f64> = part.iter().map(|network| network.trained).collect();
        kendall_tau(&part.iter().map(by).collect::<Vec<_>>(), &trained)
    };
    assert_eq!(quality.source.all, of(&networks, |network| network.estimated));
    for (quintile, part) in sorted.chunks(20).enumerate() {
        assert_eq!(quality.source.quintiles[quintile], of(part, |network| network.estimated));
        assert_eq!(quality.macs.quintiles[quintile], of(part, |network| network.macs));
    }
    let means = quality.source.mean_of_quintiles() - quality.macs.mean_of_quintiles();
    assert_eq!(quality.difference, means);
}

/// A source that sees nothing but the MACs is not told apart from them.
#[test]
fn a_source_of_macs_is_no_better() {
    let mut networks = networks(500, 0.0);
    networks.iter_mut().for_each(|network| network.estimated = network.macs.powi(3));
    let quality = RankQuality::of(&networks, 0).unwrap();
    assert_eq!(quality.difference, 0.0);
    assert_eq!(quality.interval, [0.0, 0.0]);
    networks.iter_mut().for_each(|network| network.estimated = 0.5);
    let quality = RankQuality::of(&networks, 0).unwrap();
    assert_eq!(quality.source.all, 0.0);
    assert!(quality.interval[1] < 0.0, "{quality:?}");
    assert_eq!(RankQuality::of(&networks[..9], 0), None);
}
