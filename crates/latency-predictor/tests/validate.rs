//! Validation of made-up tables by a fake measurer, and its figures against plain formulas.

use std::collections::HashSet;
use std::path::Path;

use latency_predictor::{
    Anchor, BuildRecord, BuildSettings, Conditions, DrawnNetwork, Entry, Errors, InvalidPasses,
    Pass, Quantiles, Runtime, Setup, Table, Timing, Validation, WholeLatency, draw_networks,
    measure_passes, measured_ms,
};
use proptest::prelude::*;
use search_space::{PlacedUnit, SearchSpace, published};

fn made_up_ms(unit: &PlacedUnit) -> f64 {
    let pixels = unit.input.resolution as f64;
    let letters: f64 = unit.to_string().bytes().map(f64::from).sum();
    1e-4 * letters * (1.0 + pixels / 50.0)
}

fn entry(unit: PlacedUnit) -> Entry {
    let p50_ms = made_up_ms(&unit);
    let latency = Quantiles { p10_ms: p50_ms, p50_ms, p90_ms: p50_ms };
    Entry { unit, latency, runs: 8, networks: 6, timing: Timing::InContext }
}

fn table(space: &SearchSpace) -> Table {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.extend(space.units().into_iter().map(entry));
    table
}

fn space(name: &str) -> SearchSpace {
    published::space(name).unwrap()
}

fn tiny() -> SearchSpace {
    let stage = "(out: 16, layers: 1, stride: 2, choices: [Expand([3, 6]), Kernel([3, 5])])";
    SearchSpace::from_ron(&format!(
        "SearchSpace(format: 1, name: \"tiny\", channels: 3, resolution: [16, 24, 32], classes: 10, \
         stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)], stages: [{stage}], head: Pool())"
    ))
    .unwrap()
}

fn units(network: &DrawnNetwork) -> Vec<PlacedUnit> {
    network.network.units().collect()
}

#[test]
fn networks_are_spread_over_the_range_of_latencies() {
    for name in ["mnasnet", "mobilenet_v3"] {
        let space = space(name);
        let table = table(&space);
        let drawn = draw_networks(&table, &space, 24, 7).unwrap();
        assert_eq!(drawn.len(), 24);
        assert_eq!(drawn, draw_networks(&table, &space, 24, 7).unwrap());
        assert_ne!(drawn, draw_networks(&table, &space, 24, 8).unwrap());
        let distinct: HashSet<Vec<PlacedUnit>> = drawn.iter().map(units).collect();
        assert_eq!(distinct.len(), 24);
        for network in &drawn {
            assert_eq!(table.predict_ms(&network.network).unwrap(), network.built_ms);
            assert_eq!(space.decode(&network.genotype).unwrap(), network.network);
            assert_eq!(network.network.lower().unwrap().cost(), network.cost);
        }
        let logs: Vec<f64> = drawn.iter().map(|network| network.built_ms.ln()).collect();
        let step = (logs[23] - logs[0]) / 23.0;
        for pair in logs.windows(2) {
            assert!((0.0..2.0 * step).contains(&(pair[1] - pair[0])), "{name}: {logs:?}");
        }
        // Uniformly random networks alone are far from both ends.
        let one_draw = |index: u64| {
            use rand::SeedableRng;
            let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(index);
            table.predict_ms(&space.decode(&space.sample(&mut rng)).unwrap()).unwrap().ln()
        };
        let random: Vec<f64> = (0..300).map(one_draw).collect();
        let low = random.iter().copied().fold(f64::INFINITY, f64::min);
        let high = random.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(logs[0] < low && logs[23] > high, "{name}: {low} {high} {logs:?}");
    }
}

#[test]
fn anchors_are_not_drawn_and_a_small_space_is_exhausted() {
    let space = tiny();
    let mut table = table(&space);
    assert_eq!(draw_networks(&table, &space, 12, 0).unwrap().len(), 12);
    let error = draw_networks(&table, &space, 13, 0).unwrap_err();
    assert_eq!((error.found, error.expected), (12, 13));
    let anchor = space.decode(&space.parse_genotype("010").unwrap()).unwrap();
    let anchor_units: Vec<PlacedUnit> = anchor.units().collect();
    table.anchors.push(Anchor { space: "tiny".to_owned(), network: anchor });
    let drawn = draw_networks(&table, &space, 11, 0).unwrap();
    assert!(drawn.iter().all(|network| units(network) != anchor_units));
    let message = draw_networks(&table, &space, 12, 0).unwrap_err().to_string();
    assert!(message.contains("found 11 networks of tiny"), "{message}");
    // No block of another space is measured.
    assert_eq!(draw_networks(&table, &self::space("mnasnet"), 2, 0).unwrap_err().found, 0);
}

/// Latencies of a fake device: those of the table times `slowdown`, with an error for each network
/// and pass.
fn fake(network: &DrawnNetwork, number: usize, slowdown: f64) -> WholeLatency {
    let digits: u32 = network.genotype.to_string().bytes().map(u32::from).sum();
    let shape = 0.94 + 0.02 * f64::from(digits % 7);
    let noise = 1.0 + 0.01 * f64::from((digits + number as u32) % 3);
    WholeLatency {
        p50_ms: network.built_ms * slowdown * shape * noise,
        disturbed: digits.is_multiple_of(5),
    }
}

fn measured(networks: &[DrawnNetwork], levels: &[f64]) -> (Vec<Pass>, Vec<Vec<String>>) {
    let mut orders = Vec::new();
    let passes = measure_passes(networks, levels.len(), 3, &mut |number, shuffled| {
        let level = levels[number];
        orders.push(shuffled.iter().map(|network| network.genotype.to_string()).collect());
        let measured = shuffled.iter().map(|network| fake(network, number, 1.02 * level)).collect();
        Ok::<_, ()>(Pass { level, measured })
    });
    (passes.unwrap(), orders)
}

#[test]
fn passes_measure_in_different_orders_and_are_put_back() {
    let space = space("mnasnet");
    let networks = draw_networks(&table(&space), &space, 10, 1).unwrap();
    let (passes, orders) = measured(&networks, &[1.0, 1.1, 0.9]);
    for (number, pass) in passes.iter().enumerate() {
        let expected: Vec<WholeLatency> =
            networks.iter().map(|network| fake(network, number, 1.02 * pass.level)).collect();
        assert_eq!(pass.measured, expected);
    }
    let sets: HashSet<Vec<String>> = orders.iter().cloned().collect();
    assert_eq!(sets.len(), 3, "{orders:?}");
    let stopped = measure_passes(&networks, 3, 3, &mut |number, _| match number {
        0 => Ok(passes[0].clone()),
        number => Err(number),
    });
    assert_eq!(stopped, Err(1));
}

/// Everything again from plain sums.
#[test]
fn figures_are_those_of_plain_formulas() {
    let space = space("mnasnet");
    let networks = draw_networks(&table(&space), &space, 15, 2).unwrap();
    let levels = [1.0, 1.1, 0.95];
    let (passes, _) = measured(&networks, &levels);
    let found = Validation::of(&space, &networks, &passes).unwrap();
    let truth: Vec<f64> = (0..15)
        .map(|network| {
            let mut all = [0, 1, 2].map(|pass: usize| passes[pass].measured[network].p50_ms);
            all.sort_by(f64::total_cmp);
            all[1]
        })
        .collect();
    for (network, truth) in truth.iter().enumerate() {
        assert_eq!(measured_ms(&passes, network), Some(*truth));
    }
    let near =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");

    let (mut sum, mut log, mut worst, mut within) = (0.0, 0.0, 0.0_f64, [0, 0]);
    for level in levels {
        for (network, truth) in networks.iter().zip(&truth) {
            let ratio = network.built_ms * level / truth;
            sum += (ratio - 1.0).abs();
            log += ratio.ln();
            worst = worst.max((ratio - 1.0).abs());
            within[0] += usize::from((ratio - 1.0).abs() <= 0.05);
            within[1] += usize::from((ratio - 1.0).abs() <= 0.10);
        }
    }
    let Errors { count, bias, mape, worst: found_worst, .. } = found.as_predicted;
    assert_eq!(count, 45);
    near(mape, sum / 45.0);
    near(bias, (log / 45.0).exp() - 1.0);
    near(found_worst, worst);
    assert_eq!(found.as_predicted.within_5_percent, within[0]);
    assert_eq!(found.as_predicted.within_10_percent, within[1]);

    let logs: Vec<f64> = networks
        .iter()
        .zip(&truth)
        .map(|(network, truth)| (network.built_ms / truth).ln())
        .collect();
    let mean = logs.iter().sum::<f64>() / 15.0;
    near(found.bias_at_built_level, mean.exp() - 1.0);
    let shape: Vec<f64> = logs.iter().map(|log| ((log - mean).exp() - 1.0).abs()).collect();
    near(found.shape.mape, shape.iter().sum::<f64>() / 15.0);
    near(found.shape.worst, shape.iter().copied().fold(0.0, f64::max));
    near(found.shape.bias, 0.0);

    let mut repeated = Vec::new();
    for (earlier, later) in [(0, 1), (0, 2), (1, 2)] {
        for network in 0..15 {
            let p50 = |pass: usize| passes[pass].measured[network].p50_ms;
            repeated.push((p50(earlier) / p50(later) - 1.0).abs());
        }
    }
    let floor = found.repeat_floor.unwrap();
    near(floor.mape, repeated.iter().sum::<f64>() / 45.0);
    assert_eq!(floor.within_5_percent, repeated.iter().filter(|error| **error <= 0.05).count());

    // Without ties: 1 - 6 x sum of squared differences of ranks / (n (n^2 - 1)).
    let ranks = |values: &[f64]| -> Vec<f64> {
        values.iter().map(|a| values.iter().filter(|b| *b < a).count() as f64).collect()
    };
    let spearman = |values: Vec<f64>| {
        let pairs = ranks(&values).into_iter().zip(ranks(&truth));
        1.0 - 6.0 * pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / (15.0 * (15.0 * 15.0 - 1.0))
    };
    let built = networks.iter().map(|network| network.built_ms).collect();
    near(found.spearman.prediction.unwrap(), spearman(built));
    let macs = networks.iter().map(|network| network.cost.macs as f64).collect();
    near(found.spearman.macs.unwrap(), spearman(macs));
    let disturbed = passes.iter().flat_map(|pass| &pass.measured).filter(|one| one.disturbed);
    assert_eq!(found.disturbed, disturbed.count());
    assert!(found.disturbed > 0);
    assert_eq!((found.networks, &found.levels[..]), (15, &levels[..]));
    let single = Validation::of(&space, &networks, &passes[..1]).unwrap();
    assert_eq!(single.repeat_floor, None);
}

proptest! {
    /// A device that is slower by the same factor as its anchors is predicted as well as before, and at
    /// the level of the build the factor is the bias.
    #[test]
    fn a_level_takes_the_speed_of_the_device_out(slowdown in 0.5..2.0_f64) {
        let space = tiny();
        let networks = draw_networks(&table(&space), &space, 6, 1).unwrap();
        let pass = |level: f64| Pass {
            level,
            measured: networks.iter().map(|network| fake(network, 0, level)).collect(),
        };
        let [usual, slower] =
            [1.0, slowdown].map(|level| Validation::of(&space, &networks, &[pass(level)]).unwrap());
        prop_assert!((usual.as_predicted.mape - slower.as_predicted.mape).abs() < 1e-9);
        prop_assert!((usual.shape.mape - slower.shape.mape).abs() < 1e-9);
        let factor = (1.0 + usual.bias_at_built_level) / (1.0 + slower.bias_at_built_level);
        prop_assert!((factor / slowdown - 1.0).abs() < 1e-9);
    }
}

#[test]
fn passes_that_do_not_fit_are_refused() {
    let space = tiny();
    let networks = draw_networks(&table(&space), &space, 3, 1).unwrap();
    let (mut passes, _) = measured(&networks, &[1.0, 1.0]);
    let of = |passes: &[Pass]| Validation::of(&space, &networks, passes);
    assert_eq!(of(&[]), Err(InvalidPasses::Nothing));
    assert_eq!(Validation::of(&space, &[], &passes), Err(InvalidPasses::Nothing));
    let whole = passes.clone();
    passes[1].measured.pop();
    assert_eq!(of(&passes), Err(InvalidPasses::Count { pass: 2, found: 2, expected: 3 }));
    passes[1] = Pass { level: 0.0, ..whole[1].clone() };
    let what = "level".to_owned();
    assert_eq!(of(&passes), Err(InvalidPasses::NotPositive { pass: 2, what, found: 0.0 }));
    passes = whole;
    passes[0].measured[1].p50_ms = f64::INFINITY;
    let what = networks[1].genotype.to_string();
    assert_eq!(
        of(&passes),
        Err(InvalidPasses::NotPositive { pass: 1, what, found: f64::INFINITY })
    );
}

fn validation(space: &SearchSpace, table: &Table, date: &str) -> Validation {
    let networks = draw_networks(table, space, 5, 1).unwrap();
    let (passes, _) = measured(&networks, &[1.0, 1.05]);
    let date = date.to_owned();
    Validation { date, ..Validation::of(space, &networks, &passes).unwrap() }
}

/// Replaces a text in the file of a table and returns the error of loading it.
fn damaged(path: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from}");
    let other = path.with_extension("damaged");
    std::fs::write(&other, text.replacen(from, to, 1)).unwrap();
    Table::load(&other).unwrap_err().to_string()
}

#[test]
fn a_table_keeps_one_validation_for_each_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    let (tiny, mnasnet) = (tiny(), space("mnasnet"));
    let mut table = table(&tiny);
    table.save(&path).unwrap();
    assert!(!std::fs::read_to_string(&path).unwrap().contains("validations"));
    table.extend(mnasnet.units().into_iter().map(entry));
    for (space, date) in [
        (&tiny, "2026-11-01T00:00:00Z"),
        (&mnasnet, "2026-11-02T00:00:00Z"),
        (&tiny, "2026-11-03T00:00:00Z"),
    ] {
        let validation = validation(space, &table, date);
        table.record_validation(validation);
    }
    assert_eq!(table.validations.len(), 2);
    assert_eq!(table.validation("tiny").unwrap().date, "2026-11-03T00:00:00Z");
    table.save(&path).unwrap();
    let loaded = Table::load(&path).unwrap().unwrap();
    assert_eq!(loaded.validations, table.validations);
    assert!(loaded == table);

    // A build of the space after it is told, one before it or of another space is not.
    let build = |space: &str, date: &str| {
        let (space, date) = (space.to_owned(), date.to_owned());
        BuildRecord { space, date, conditions: Conditions::default() }
    };
    table.builds =
        vec![build("tiny", "2026-11-02T00:00:00Z"), build("mnasnet", "2026-11-02T00:00:01Z")];
    let since = |space: &str| table.built_since(table.validation(space).unwrap());
    assert_eq!(since("tiny"), None);
    assert_eq!(since("mnasnet"), Some("2026-11-02T00:00:01Z"));

    let error = damaged(&path, "Validation(space: \"mnasnet\"", "Validation(space: \"tiny\"");
    assert!(error.contains("validation of tiny: found twice") && error.contains("line"), "{error}");
    let error = damaged(&path, "levels: [1.0, 1.05]", "levels: []");
    assert!(error.contains("levels"), "{error}");
    let error = damaged(&path, "mape: ", "mape: -");
    assert!(error.contains("impossible errors"), "{error}");
}
