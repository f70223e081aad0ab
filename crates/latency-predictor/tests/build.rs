//! Builds with a fake measurement, in which the latency depends on the block only.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::PathBuf;

use latency_predictor::{
    BuildFiles, BuildSettings, Built, Entry, MeasuredWidths, MissingUnits, PredictorError,
    Progress, Quantiles, Runtime, Sample, Setup, Table, Timing, build, journal_path, plan,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Network, PlacedUnit, SearchSpace, published};

const SETTINGS: BuildSettings =
    BuildSettings { rounds: 3, runs: 4, seed: 5, widths: MeasuredWidths::All };

fn mnasnet() -> SearchSpace {
    published::space("mnasnet").unwrap()
}

fn true_ms(unit: &PlacedUnit) -> f64 {
    let name = unit.to_string();
    name.len() as f64 + f64::from(name.bytes().map(u32::from).sum::<u32>() % 97) / 100.0
}

/// The fake measurement of a network: a sample for each distinct unit.
fn samples(network: &Network) -> Vec<Sample> {
    let units: HashSet<PlacedUnit> = network.units().collect();
    let sample = |unit: PlacedUnit| {
        let ms = true_ms(&unit);
        let latency = Quantiles { p10_ms: ms, p50_ms: ms, p90_ms: ms };
        Sample { unit, latency, runs: SETTINGS.runs }
    };
    units.into_iter().map(sample).collect()
}

/// A build in a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
    /// Names of the measured networks.
    measured: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), measured: Vec::new() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("table.ron")
    }

    fn table(&self) -> Table {
        let table = Table::load(&self.path()).unwrap();
        table.unwrap_or_else(|| Table::new(Setup::here(Runtime::Native, 1), SETTINGS))
    }

    /// Builds until `stop_after` networks are measured and then requests a stop.
    fn build(&mut self, space: &SearchSpace, stop_after: usize) -> Built {
        let (mut table, path) = (self.table(), self.path());
        let journal = journal_path(&path, space);
        let measured = std::cell::RefCell::new(Vec::new());
        let mut measure = |network: &Network| {
            measured.borrow_mut().push(network.name.clone());
            Ok(samples(network))
        };
        let mut before = None;
        let mut progress = |Progress { done, total, .. }: Progress<'_>| {
            assert!(done < total);
            // Between two reports a network is measured, or else times left would be wrong.
            assert!(before.replace(done).is_none_or(|before| done > before), "{done} of {total}");
            let stop = measured.borrow().len() == stop_after;
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let files = BuildFiles { table: &path, journal: &journal };
        let built = build(space, &mut table, files, SETTINGS, &mut measure, &mut progress).unwrap();
        self.measured.extend(measured.into_inner());
        built
    }

    fn files(&self) -> usize {
        self.folder.path().read_dir().unwrap().count()
    }
}

#[test]
fn a_built_table_predicts_every_network_of_the_space() {
    let (space, mut bench) = (mnasnet(), Bench::new());
    assert_eq!(bench.build(&space, usize::MAX), Built::Complete);
    let table = bench.table();
    assert_eq!(table.len(), space.units().len());
    for seed in 0..50 {
        let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
        let network = space.decode(&genotype).unwrap();
        let expected: f64 = network.units().map(|unit| true_ms(&unit)).sum();
        let predicted = table.predict_ms(&network).unwrap();
        assert!((predicted / expected - 1.0).abs() < 1e-9, "{predicted} for {expected}");
    }
    assert_eq!(bench.files(), 1, "the journal is removed");
}

/// The device is 1.4 times slower for a third of the networks and slightly slower for another
/// third.
#[test]
fn the_moment_at_which_a_network_is_measured_does_not_matter() {
    let (space, mut count) = (mnasnet(), 0);
    let mut measure = |network: &Network| {
        count += 1;
        let slowdown = [1.0, 1.0 + f64::from(count % 7) / 1e3, 1.4][count as usize % 3];
        let slower = |ms: f64| ms * slowdown;
        let slow = |sample: Sample| {
            let Quantiles { p10_ms, p50_ms, p90_ms } = sample.latency;
            let [p10_ms, p50_ms, p90_ms] = [p10_ms, p50_ms, p90_ms].map(slower);
            Sample { latency: Quantiles { p10_ms, p50_ms, p90_ms }, ..sample }
        };
        Ok(samples(network).into_iter().map(slow).collect())
    };
    let bench = Bench::new();
    let (mut table, path) = (bench.table(), bench.path());
    let journal = journal_path(&path, &space);
    let files = BuildFiles { table: &path, journal: &journal };
    let mut go_on = |_: Progress<'_>| ControlFlow::Continue(());
    build(&space, &mut table, files, SETTINGS, &mut measure, &mut go_on).unwrap();
    for entry in table.entries() {
        let ratio = entry.latency.p50_ms / true_ms(&entry.unit);
        assert!((ratio - 1.0).abs() < 0.01, "{}: {ratio}", entry.unit);
    }
}

#[test]
fn every_block_is_measured_in_each_round() {
    let (space, mut bench) = (mnasnet(), Bench::new());
    bench.build(&space, usize::MAX);
    for Entry { unit, networks, timing, runs, .. } in bench.table().entries() {
        assert!(*networks >= SETTINGS.rounds, "{unit}: {networks}");
        assert_eq!((*timing, *runs), (Timing::InContext, networks * SETTINGS.runs), "{unit}");
    }
}

#[test]
fn an_interrupted_build_continues_and_measures_nothing_twice() {
    let (space, mut whole, mut bench) = (mnasnet(), Bench::new(), Bench::new());
    whole.build(&space, usize::MAX);
    for part in [1, 0, 7, 20] {
        assert_eq!(bench.build(&space, part), Built::Stopped);
    }
    assert_eq!(bench.table().len(), 0, "there is only the journal");
    assert_eq!(bench.build(&space, usize::MAX), Built::Complete);
    assert_eq!(bench.measured, whole.measured);
    assert_eq!(bench.table().entries(), whole.table().entries());
}

#[test]
fn a_complete_table_is_left_alone_and_another_space_added_to_it() {
    let mut bench = Bench::new();
    bench.build(&mnasnet(), usize::MAX);
    let first = bench.measured.len();
    bench.build(&mnasnet(), usize::MAX);
    assert_eq!(bench.measured.len(), first, "nothing was left to measure");
    let other = published::space("shufflenet_v1").unwrap();
    bench.build(&other, usize::MAX);
    let units: HashSet<PlacedUnit> = mnasnet().units().into_iter().chain(other.units()).collect();
    let table = bench.table();
    assert!(units.iter().all(|unit| table.get(unit).is_some()));
}

#[test]
fn a_side_file_of_other_settings_is_not_continued() {
    let (space, mut bench) = (mnasnet(), Bench::new());
    bench.build(&space, 3);
    let settings = BuildSettings { seed: 6, ..SETTINGS };
    let journal = journal_path(&bench.path(), &space);
    let mut count = 0;
    let mut measure = |network: &Network| {
        count += 1;
        Ok(samples(network))
    };
    let path = bench.path();
    let files = BuildFiles { table: &path, journal: &journal };
    let mut go_on = |_: Progress<'_>| ControlFlow::Continue(());
    build(&space, &mut bench.table(), files, settings, &mut measure, &mut go_on).unwrap();
    let networks: usize = plan(&space, &space.units(), &settings).rounds.iter().map(Vec::len).sum();
    assert_eq!(count, networks);
}

#[test]
fn plans_hold_every_block_of_every_space_in_every_round() {
    for name in published::space_names() {
        let space = published::space(name).unwrap();
        let (units, settings) = (space.units(), BuildSettings { rounds: 1, ..SETTINGS });
        let planned = plan(&space, &units, &settings);
        if name == "mixed" {
            assert_eq!(planned, plan(&space, &units, &settings), "depends on the seed alone");
        }
        for round in &planned.rounds {
            let mut held: HashMap<PlacedUnit, usize> = HashMap::new();
            round.iter().flat_map(Network::units).for_each(|u| *held.entry(u).or_default() += 1);
            let lacking = units.iter().filter(|unit| !held.contains_key(unit)).count();
            assert_eq!(lacking, planned.uncovered.len(), "{name}");
        }
    }
}

#[test]
fn missing_blocks_are_an_error_or_measured() {
    let network = published::network("mobilenet_v3_small").unwrap();
    let mut table = Table::new(Setup::here(Runtime::Native, 1), SETTINGS);
    let missing = table.predict_ms(&network).unwrap_err();
    let first = network.units().next().unwrap();
    assert!(matches!(missing, PredictorError::MissingUnit { unit } if unit == first), "{missing}");

    let known: Vec<PlacedUnit> = network.units().take(3).collect();
    let latency = Quantiles { p10_ms: 1.0, p50_ms: 1.0, p90_ms: 1.0 };
    let (runs, networks, timing) = (1, 1, Timing::InContext);
    table.extend(known.iter().map(|&unit| Entry { unit, latency, runs, networks, timing }));
    let mut measure = |network: &Network| Ok(samples(network));
    let prediction =
        table.predict_or_measure(&network, MissingUnits::Measure, &mut measure).unwrap();
    let rest: f64 = network.units().skip(3).map(|unit| true_ms(&unit)).sum();
    assert!((prediction.ms - (3.0 + rest)).abs() < 1e-9, "known entries are kept");
    let (all, exact) = (network.units().count() as f64, prediction.coverage.exact);
    assert!((exact - 3.0 / all).abs() < 1e-12);
    assert!((exact + prediction.coverage.measured_now - 1.0).abs() < 1e-12);

    let again = table
        .predict_or_measure(&network, MissingUnits::Measure, &mut |_: &Network| -> Result<
            Vec<Sample>,
            PredictorError,
        > { panic!("all known") })
        .unwrap();
    assert_eq!((again.ms, again.coverage.exact), (prediction.ms, 1.0));
}

/// Blocks that are measured while the device is slow do not appear slower than those measured
/// before.
#[test]
fn missing_blocks_are_measured_at_the_speed_of_those_that_are_known() {
    let network = published::network("mobilenet_v3_small").unwrap();
    let unknown = network.units().nth(5).unwrap();
    let mut table = Table::new(Setup::here(Runtime::Native, 1), SETTINGS);
    let (runs, networks, timing) = (1, 1, Timing::InContext);
    let at = |unit: &PlacedUnit, slowdown: f64| {
        let ms = slowdown * true_ms(unit);
        Quantiles { p10_ms: ms, p50_ms: ms, p90_ms: ms }
    };
    let known = network.units().filter(|unit| *unit != unknown);
    let entry = |unit: PlacedUnit| Entry { unit, latency: at(&unit, 1.0), runs, networks, timing };
    table.extend(known.map(entry));
    let mut slowdown = 1.2;
    let mut measure = |network: &Network| {
        slowdown += 0.1;
        let sample = |unit: PlacedUnit| Sample { unit, latency: at(&unit, slowdown), runs };
        Ok(network.units().map(sample).collect())
    };
    let prediction =
        table.predict_or_measure(&network, MissingUnits::Measure, &mut measure).unwrap();
    let expected: f64 = network.units().map(|unit| true_ms(&unit)).sum();
    assert!((prediction.ms / expected - 1.0).abs() < 1e-6, "{} {expected}", prediction.ms);
}

#[test]
fn a_failed_measurement_keeps_what_was_measured_before() {
    let (space, mut bench) = (mnasnet(), Bench::new());
    let (path, journal) = (bench.path(), journal_path(&bench.path(), &space));
    let mut count = 0;
    let mut measure = |network: &Network| {
        count += 1;
        if count > 4 { Err(PredictorError::NoRuns) } else { Ok(samples(network)) }
    };
    let files = BuildFiles { table: &path, journal: &journal };
    let mut go_on = |_: Progress<'_>| ControlFlow::Continue(());
    let failed = build(&space, &mut bench.table(), files, SETTINGS, &mut measure, &mut go_on);
    assert!(matches!(failed, Err(PredictorError::NoRuns)), "{failed:?}");
    bench.build(&space, usize::MAX);
    let all: usize = plan(&space, &space.units(), &SETTINGS).rounds.iter().map(Vec::len).sum();
    assert_eq!(bench.measured.len(), all - 4);
}
