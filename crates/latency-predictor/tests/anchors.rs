//! Levels, and builds on a fake device whose speed changes.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use latency_predictor::{
    Anchor, AnchorReading, BuildFiles, BuildSettings, Built, Level, MeasureUnits, PredictorError,
    Quantiles, Runtime, Sample, Setup, Table, build,
};
use proptest::prelude::*;
use search_space::{Network, PlacedUnit, SearchSpace, published};

const SETTINGS: BuildSettings = BuildSettings { rounds: 2, runs: 4, seed: 5 };

fn true_ms(unit: &PlacedUnit) -> f64 {
    let name = unit.to_string();
    name.len() as f64 + f64::from(name.bytes().map(u32::from).sum::<u32>() % 97) / 100.0
}

/// A device on which everything takes `slowdown` times as long. Its anchors take 1, 2, ... ms.
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

    fn anchors(&mut self) -> Result<Option<AnchorReading>, PredictorError> {
        Ok(Some(reading(self.slowdown)))
    }
}

fn reading(slowdown: f64) -> AnchorReading {
    AnchorReading { p50_ms: (1..=6).map(|ms| slowdown * f64::from(ms)).collect() }
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
    assert_eq!(table.anchors[1].p50_ms, 2.5);
    build_into(folder.path(), &mut table, &second, 1.6);
    assert_true(&table, second.units(), 1.25);
    assert_eq!(table.anchors[1].p50_ms, 2.5);
    let loaded = Table::load(&folder.path().join("table.ron")).unwrap().unwrap();
    assert_eq!(loaded.anchors, table.anchors);
}

/// A network none of whose blocks is known is measured at another speed.
#[test]
fn blocks_measured_on_demand_have_the_level_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = new_table();
    build_into(folder.path(), &mut table, &published::space("mnasnet").unwrap(), 1.0);
    let other = published::network("shufflenet_v2").unwrap();
    let prediction = table.predict_or_measure(&other, &mut Device { slowdown: 1.4 }).unwrap();
    let sum_ms: f64 = other.units().map(|unit| true_ms(&unit)).sum();
    assert!((prediction.ms / sum_ms - 1.0).abs() < 1e-3, "{} {sum_ms}", prediction.ms);
}

/// The first block of a new table brings the anchors with it.
#[test]
fn a_table_that_grows_on_demand_has_anchors() {
    let mut table = new_table();
    let network = published::network("mobilenet_v3_small").unwrap();
    table.predict_or_measure(&network, &mut Device { slowdown: 2.0 }).unwrap();
    assert_eq!(table.anchors.len(), 6);
    assert_true(&table, network.units(), 2.0);
}

#[test]
fn anchors_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    build_into(folder.path(), &mut new_table(), &published::space("mnasnet").unwrap(), 1.0);
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, expected) in [
        ("\"mobilenet_v3_small\"", "\"mobilenet_v33\"", "mobilenet_v33"),
        ("p50_ms: 2.0)", "p50_ms: -2.0)", "-2"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = Table::load(&path).unwrap_err().to_string();
        assert!(error.contains("anchor") && error.contains(expected), "{error}");
    }
}

fn anchors() -> Vec<Anchor> {
    let anchor = |ms: i32| Anchor { network: "mobilenet_v2".to_owned(), p50_ms: f64::from(ms) };
    (1..=6).map(anchor).collect()
}

#[test]
fn no_readings_have_no_level() {
    assert_eq!(Level::of(&anchors(), &[]), None);
    assert_eq!(Level::of(&[], &[reading(1.0)]), None);
}

proptest! {
    /// One anchor may be off, in all readings, without an effect on the level.
    #[test]
    fn a_level_is_the_slowdown_of_most_anchors(
        slowdown in 0.5..2.0_f64,
        off in 0..6_usize,
        outlier in 0.2..5.0_f64,
        count in 1..5_usize,
    ) {
        let mut read = reading(slowdown);
        read.p50_ms[off] *= outlier;
        let level = Level::of(&anchors(), &vec![read; count]).unwrap();
        prop_assert!((level.ratio / slowdown - 1.0).abs() < 1e-9, "{level:?}");
        prop_assert!(level.min <= level.ratio && level.ratio <= level.max);
    }
}
