//! A build on a fake device whose caches lose weights the more a network reads and writes.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::ControlFlow;

use latency_predictor::{
    BuildFiles, BuildSettings, Built, MeasureUnits, MeasuredWidths, PredictorError, Progress,
    Quantiles, Runtime, Sample, Setup, Table, WholeLatency, build, draw_networks,
};
use search_space::{Network, NetworkCost, PlacedUnit, published};

const SETTINGS: BuildSettings =
    BuildSettings { rounds: 2, runs: 4, seed: 5, widths: MeasuredWidths::All };

/// Milliseconds for a megabyte of weights in a network of this cost: twice as many above 80 MB.
fn ms_per_mb(cost: NetworkCost) -> f64 {
    if 4e-6 * (cost.memory_access_cost as f64) < 80.0 { 0.05 } else { 0.1 }
}

fn cost(network: &Network) -> NetworkCost {
    network.lower().unwrap().cost()
}

struct Device;

impl MeasureUnits for Device {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        let graph = network.lower()?;
        let ms_per_mb = ms_per_mb(graph.cost());
        let mut seen = HashSet::new();
        let spans = graph.units.iter().filter(|span| seen.insert(span.unit));
        let sample = |span: &search_space::UnitSpan| {
            let layers = span.nodes.clone().map(|node| graph.layer_cost(&graph.nodes[node]));
            let (macs, weights) = layers
                .fold((0, 0), |(macs, weights), layer| (macs + layer.macs, weights + layer.params));
            let ms = 2e-8 * macs as f64 + ms_per_mb * 4e-6 * weights as f64;
            let latency = Quantiles { p10_ms: ms, p50_ms: ms, p90_ms: ms };
            Sample { unit: span.unit, latency, runs: SETTINGS.runs }
        };
        Ok(spans.map(sample).collect())
    }

    fn whole(&mut self, network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
        Ok(Some(WholeLatency { p50_ms: true_ms(network), disturbed: false }))
    }
}

/// Counts the whole networks.
struct Counting<'a>(&'a Cell<usize>);

impl MeasureUnits for Counting<'_> {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        Device.units(network)
    }

    fn whole(&mut self, network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
        self.0.set(self.0.get() + 1);
        Device.whole(network)
    }
}

fn true_ms(network: &Network) -> f64 {
    let cost = cost(network);
    2e-8 * cost.macs as f64 + ms_per_mb(cost) * 4e-6 * cost.params as f64
}

#[test]
fn predictions_follow_the_caches_from_the_fastest_to_the_slowest_network() {
    let folder = tempfile::tempdir().unwrap();
    let (path, journal) = (folder.path().join("table.ron"), folder.path().join("journal.ron"));
    let space = published::space("mnasnet").unwrap();
    let mut table = Table::new(Setup::here(Runtime::Native, 1), SETTINGS);
    let files = BuildFiles { table: &path, journal: &journal };
    let go_on = &mut |_: Progress<'_>| ControlFlow::Continue(());
    let built = build(&space, &mut table, files, SETTINGS, &mut Device, go_on).unwrap();
    assert_eq!(built, Built::Complete);
    assert_eq!(table.cold_weights.len(), 1);

    let loaded = Table::load(&path).unwrap().unwrap();
    let mut without_fit = table.clone();
    without_fit.cold_weights.clear();
    let drawn = draw_networks(&table, &space, 30, 1).unwrap();
    let mean_error = |table: &Table| {
        let ratios: Vec<f64> = (drawn.iter())
            .map(|one| table.predict_ms(&one.network).unwrap() / true_ms(&one.network))
            .collect();
        let level = ratios.iter().sum::<f64>() / ratios.len() as f64;
        ratios.iter().map(|ratio| (ratio / level - 1.0).abs()).sum::<f64>() / ratios.len() as f64
    };
    let (with, without) = (mean_error(&table), mean_error(&without_fit));
    assert!(with < 0.03 && without > 2.0 * with, "{with} with the fit, {without} without");
    assert_eq!(mean_error(&loaded), with);
}

/// A build that was stopped while whole networks were measured is completed by the next one, which
/// measures no block again.
#[test]
fn a_build_stopped_at_the_whole_networks_is_continued_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let (path, journal) = (folder.path().join("table.ron"), folder.path().join("journal.ron"));
    let space = published::space("mnasnet").unwrap();
    let files = BuildFiles { table: &path, journal: &journal };
    let mut table = Table::new(Setup::here(Runtime::Native, 1), SETTINGS);
    let whole = Cell::new(0);
    let stop = &mut |_: Progress<'_>| match whole.get() {
        20 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut device = Counting(&whole);
    let built = build(&space, &mut table, files, SETTINGS, &mut device, stop).unwrap();
    assert_eq!((built, table.cold_weights.len()), (Built::Stopped, 0));

    struct OnlyWhole;
    impl MeasureUnits for OnlyWhole {
        fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
            panic!("the blocks of {} are measured again", network.name)
        }
        fn whole(&mut self, network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
            Device.whole(network)
        }
    }
    let mut table = Table::load(&path).unwrap().unwrap();
    assert!(!table.anchors.is_empty() && table.get(&any_unit(&space)).is_some());
    let go_on = &mut |_: Progress<'_>| ControlFlow::Continue(());
    let built = build(&space, &mut table, files, SETTINGS, &mut OnlyWhole, go_on).unwrap();
    assert_eq!((built, table.cold_weights.len()), (Built::Complete, 1));
}

fn any_unit(space: &search_space::SearchSpace) -> PlacedUnit {
    space.units()[0]
}
