//! Levels, and builds on a fake device whose speed changes.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use latency_predictor::{
    Anchor, BuildFiles, BuildSettings, Built, Level, MeasureUnits, MeasuredWidths, MissingUnits,
    PredictorError, Quantiles, Runtime, Sample, Setup, Table, WholeLatency, build, plan,
};
use proptest::prelude::*;
use search_space::{Network, PlacedUnit, SearchSpace, published};

const SETTINGS: BuildSettings =
    BuildSettings { rounds: 2, runs: 4, seed: 5, widths: MeasuredWidths::All };

fn true_ms(unit: &PlacedUnit) -> f64 {
    let name = unit.to_string();
    name.len() as f64 + f64::from(name.bytes().map(u32::from).sum::<u32>() % 97) / 100.0
}

/// A device on which everything takes `slowdown` times as long.
struct Device {
    slowdown: f64,
}

impl MeasureUnits for Device {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        let units: HashSet<PlacedUnit> = network.units().collect();
        let sample = |unit: PlacedUnit| {
            let ms = self.slowdown * true_ms(&unit);
            let latency = Quantiles { p10_ms: ms, p50_ms: ms, p90_ms: ms };
            Sample { unit, latency, runs: SETTINGS.runs }
        };
        Ok(units.into_iter().map(sample).collect())
    }

    fn whole(&mut self, network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
        let sum_ms: f64 = network.units().map(|unit| true_ms(&unit)).sum();
        Ok(Some(WholeLatency { p50_ms: self.slowdown * sum_ms, disturbed: false }))
    }
}

fn build_into(folder: &Path, table: &mut Table, space: &SearchSpace, slowdown: f64) {
    let files =
        BuildFiles { table: &folder.join("table.ron"), journal: &folder.join("journal.ron") };
    let mut device = Device { slowdown };
    let go_on = &mut |_: latency_predictor::Progress<'_>| ControlFlow::Continue(());
    let built = build(space, table, files, SETTINGS, &mut device, go_on).unwrap();
    assert_eq!(built, Built::Complete);
}

fn new_table() -> Table {
    Table::new(Setup::here(Runtime::Native, 1), SETTINGS)
}

fn assert_true(table: &Table, units: impl IntoIterator<Item = PlacedUnit>, factor: f64) {
    for unit in units {
        let ratio = table.get(&unit).unwrap().latency.p50_ms / (factor * true_ms(&unit));
        assert!((ratio - 1.0).abs() < 1e-3, "{unit}: {ratio}");
    }
}

/// The blocks of a space that is added an hour later are those that the device would have had.
#[test]
fn a_later_build_has_the_level_of_the_first_one() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["mnasnet", "mobilenet_v2"].map(|name| published::space(name).unwrap());
    let mut table = new_table();
    build_into(folder.path(), &mut table, &first, 1.25);
    assert_true(&table, first.units(), 1.25);
    build_into(folder.path(), &mut table, &second, 1.6);
    assert_true(&table, second.units(), 1.25);
    let loaded = Table::load(&folder.path().join("table.ron")).unwrap().unwrap();
    assert_eq!(loaded.anchors, table.anchors);
}

/// Each space has its own anchors, over at least the range of the networks of its blocks.
#[test]
fn anchors_are_spread_over_the_range_of_their_space() {
    let folder = tempfile::tempdir().unwrap();
    let space = published::space("mnasnet").unwrap();
    let mut table = new_table();
    build_into(folder.path(), &mut table, &space, 1.0);
    build_into(folder.path(), &mut table, &published::space("mobilenet_v2").unwrap(), 1.0);
    build_into(folder.path(), &mut table, &space, 1.0);
    for name in ["mnasnet", "mobilenet_v2"] {
        let own = table.anchors.iter().filter(|anchor| anchor.space == name);
        let mut own_ms: Vec<f64> =
            own.map(|anchor| table.predict_ms(&anchor.network).unwrap()).collect();
        assert!((2..=6).contains(&own_ms.len()), "{name}: {own_ms:?}");
        own_ms.sort_by(f64::total_cmp);
        let planned = plan(
            &published::space(name).unwrap(),
            &published::space(name).unwrap().units(),
            &SETTINGS,
        );
        let all_ms =
            planned.rounds.iter().flatten().map(|network| table.predict_ms(network).unwrap());
        let (least, most) = all_ms
            .fold((f64::INFINITY, 0.0_f64), |(least, most), ms| (least.min(ms), most.max(ms)));
        let (fastest, slowest) = (own_ms[0], own_ms[own_ms.len() - 1]);
        assert!(fastest <= least && slowest >= most, "{name}: {own_ms:?}, {least} to {most}");
    }
}

/// A network none of whose blocks is known is measured at another speed.
#[test]
fn blocks_measured_on_demand_have_the_level_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = new_table();
    build_into(folder.path(), &mut table, &published::space("mnasnet").unwrap(), 1.0);
    let other = published::network("shufflenet_v2").unwrap();
    let prediction = table
        .predict_or_measure(&other, MissingUnits::Measure, &mut Device { slowdown: 1.4 })
        .unwrap();
    let sum_ms: f64 = other.units().map(|unit| true_ms(&unit)).sum();
    assert!((prediction.ms / sum_ms - 1.0).abs() < 1e-3, "{} {sum_ms}", prediction.ms);
}

/// The first network of a new table is its first anchor.
#[test]
fn a_table_that_grows_on_demand_has_an_anchor() {
    let mut table = new_table();
    let network = published::network("mobilenet_v3_small").unwrap();
    table
        .predict_or_measure(&network, MissingUnits::Measure, &mut Device { slowdown: 2.0 })
        .unwrap();
    assert_eq!(table.anchors.len(), 1);
    assert_eq!(table.anchors[0].network, network);
    assert_true(&table, network.units(), 2.0);
}

#[test]
fn anchors_that_cannot_be_computed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    let mut table = new_table();
    let mut network = published::network("mobilenet_v2").unwrap();
    network.name = "too small".to_owned();
    network.input.resolution = 0;
    table.anchors.push(Anchor { space: String::new(), network });
    table.save(&path).unwrap();
    let error = Table::load(&path).unwrap_err().to_string();
    assert!(error.contains("anchor too small") && error.contains("resolution"), "{error}");
}

#[test]
fn no_ratios_have_no_level() {
    assert_eq!(Level::of(&[]), None);
    assert_eq!(Level::of(&[Vec::new(), Vec::new()]), None);
}

/// Where nothing else is known, disturbed measurements count.
#[test]
fn a_level_of_a_busy_machine_is_called_that() {
    let level = Level::of(&vec![vec![(1.5, true)]; 6]).unwrap();
    assert!(level.is_of_a_busy_machine() && (level.ratio - 1.5).abs() < 1e-9, "{level:?}");
}

proptest! {
    /// One anchor may be off, and any number of disturbed measurements are left out.
    #[test]
    fn a_level_is_the_slowdown_of_most_anchors(
        slowdown in 0.5..2.0_f64,
        off in 0..6_usize,
        outlier in 0.2..5.0_f64,
        disturbed in prop::collection::vec(1.1..3.0_f64, 0..8),
    ) {
        let mut ratios = vec![vec![(slowdown, false); 3]; 6];
        ratios[off] = vec![(outlier * slowdown, false)];
        for anchor in &mut ratios {
            anchor.extend(disturbed.iter().map(|by| (by * slowdown, true)));
        }
        let level = Level::of(&ratios).unwrap();
        prop_assert!((level.ratio / slowdown - 1.0).abs() < 1e-9, "{level:?}");
        prop_assert!(level.min <= level.ratio && level.ratio <= level.max);
        prop_assert!(!level.is_of_a_busy_machine());
    }
}
