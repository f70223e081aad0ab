//! Differences between made-up tables.

use latency_predictor::{
    BuildSettings, Entry, NoCommonBlocks, Quantiles, Runtime, Setup, Table, Timing,
};
use search_space::{PlacedUnit, published};

fn made_up_ms(unit: &PlacedUnit) -> f64 {
    1e-3 * unit.to_string().bytes().map(f64::from).sum::<f64>()
}

/// A table of these units with latencies times a factor for each.
fn table(units: &[PlacedUnit], factor: impl Fn(&PlacedUnit) -> f64) -> Table {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.extend(units.iter().map(|&unit| {
        let p50_ms = factor(&unit) * made_up_ms(&unit);
        let latency = Quantiles { p10_ms: 0.9 * p50_ms, p50_ms, p90_ms: 1.2 * p50_ms };
        Entry { unit, latency, runs: 8, networks: 6, timing: Timing::InContext }
    }));
    table
}

#[test]
fn a_slower_device_differs_in_its_level_only() {
    let space = published::space("mnasnet").unwrap();
    let units = space.units();
    let (a, b) = (table(&units, |_| 1.0), table(&units, |_| 1.3));
    let diff = a.diff(&b, Some(&space), 1).unwrap();
    assert_eq!(diff.common, units.len());
    assert!((diff.level_ratio - 1.3).abs() < 1e-12);
    assert!((diff.spearman_of_blocks.unwrap() - 1.0).abs() < 1e-12);
    let networks = diff.networks.unwrap();
    assert_eq!(networks.count, 1_000);
    // Sums that are equal but for rounding may change places.
    assert!(networks.spearman.unwrap() > 0.9999);
    assert!(diff.blocks.iter().all(|block| (block.ratio - 1.0).abs() < 1e-12));
    assert_eq!(a.diff(&b, None, 1).unwrap().networks, None);
    assert_eq!(a.diff(&b, Some(&space), 1), a.diff(&b, Some(&space), 1));
}

#[test]
fn blocks_that_differ_most_come_first_with_their_spread() {
    let space = published::space("mnasnet").unwrap();
    let units = space.units();
    let (slow, fast) = (units[7], units[20]);
    let factor = move |unit: &PlacedUnit| match unit {
        unit if *unit == slow => 2.0 * 0.8,
        unit if *unit == fast => 0.4 * 0.8,
        _ => 0.8,
    };
    let diff = table(&units, |_| 1.0).diff(&table(&units, factor), Some(&space), 1).unwrap();
    assert!((diff.level_ratio - 0.8).abs() < 1e-12);
    let [first, second, third] = [0, 1, 2].map(|place| diff.blocks[place]);
    assert_eq!((first.unit, second.unit), (fast, slow));
    assert!((first.ratio - 0.4).abs() < 1e-12 && (second.ratio - 2.0).abs() < 1e-12);
    assert!((third.ratio - 1.0).abs() < 1e-12);
    let expected_ms = 0.4 * 0.8 * made_up_ms(&fast);
    assert!((first.second.p90_ms - 1.2 * expected_ms).abs() < 1e-12);
    assert!(diff.spearman_of_blocks.unwrap() < 1.0);
    assert!(diff.networks.unwrap().spearman.unwrap() < 1.0);
}

#[test]
fn only_blocks_of_both_and_of_the_space_count() {
    let [mnasnet, v2] = ["mnasnet", "mobilenet_v2"].map(|name| published::space(name).unwrap());
    let all = [mnasnet.units(), v2.units()].concat();
    let (a, b) = (table(&all, |_| 1.0), table(&all, |_| 1.0));
    let of_both = a.diff(&table(&mnasnet.units()[..30], |_| 1.0), None, 1).unwrap();
    assert_eq!(of_both.common, 30);
    assert_eq!(a.diff(&b, Some(&v2), 1).unwrap().common, v2.units().len());
    let few = a.diff(&table(&v2.units()[..3], |_| 1.0), Some(&v2), 1).unwrap();
    assert_eq!(few.networks.unwrap().count, 0);
    assert_eq!(few.networks.unwrap().spearman, None);
    let other = table(&mnasnet.units(), |_| 1.0);
    assert_eq!(other.diff(&table(&v2.units(), |_| 1.0), Some(&mnasnet), 1), Err(NoCommonBlocks));
    assert_eq!(other.diff(&table(&[], |_| 1.0), None, 1), Err(NoCommonBlocks));
}
