//! Interpolation between measured widths, against latencies that are known.

use std::collections::HashSet;
use std::ops::ControlFlow;

use latency_predictor::{
    BuildFiles, BuildSettings, Built, Coverage, Entry, MeasuredWidths, MissingUnits, Progress,
    Quantiles, Runtime, Sample, Setup, Table, Timing, build, journal_path, measured_units,
};
use proptest::prelude::*;
use search_space::{Network, PlacedUnit, SearchSpace, published};

const SETTINGS: BuildSettings =
    BuildSettings { rounds: 3, runs: 4, seed: 5, widths: MeasuredWidths::Subset };

fn unit(input: usize, expand: usize, out: usize) -> PlacedUnit {
    format!("ir_k3_s2_e{expand}_i{input}_o{out}_re@28").parse().unwrap()
}

/// Microseconds of an inverted residual at 28 pixels with stride 2, linear in the multiply-adds of
/// its convolutions: the plain reference, written down without the graph.
fn linear_ms(input: usize, expand: usize, out: usize) -> f64 {
    let [input, expand, out] = [input, expand, out].map(|width| width as f64);
    let (before, after) = (28.0 * 28.0, 14.0 * 14.0);
    let macs =
        3.0 * input * expand * before + 20.0 * 9.0 * expand * after + 4.0 * expand * out * after;
    0.02 + macs * 1e-8
}

fn entry(unit: PlacedUnit, p50_ms: f64) -> Entry {
    let latency = Quantiles { p10_ms: p50_ms, p50_ms, p90_ms: p50_ms };
    Entry { unit, latency, runs: 24, networks: 6, timing: Timing::InContext }
}

fn table(entries: impl IntoIterator<Item = Entry>) -> Table {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), SETTINGS);
    table.extend(entries);
    table
}

/// Measured units of which no two widths go together. None of them is a fused inverted residual,
/// for which the maps are too small.
fn measured() -> Vec<[usize; 3]> {
    let mut all = Vec::new();
    for (place, input) in [16, 24, 32, 40].into_iter().enumerate() {
        for expand in [32, 48, 64, 80] {
            all.push([input, expand, [24, 56, 40, 72][(place + expand / 16) % 4]]);
        }
    }
    all.extend([[16, 32, 24], [40, 80, 72]]);
    all
}

fn linear_table() -> Table {
    table(measured().iter().map(|&[i, e, o]| entry(unit(i, e, o), linear_ms(i, e, o))))
}

proptest! {
    #[test]
    fn what_is_linear_in_the_costs_is_found_again(i in 2_usize..=5, e in 4_usize..=10, o in 3_usize..=9) {
        let (i, e, o) = (8 * i, 8 * e, 8 * o);
        let table = linear_table();
        let unit = unit(i, e, o);
        prop_assume!(table.get(&unit).is_none());
        let found = table.interpolate(&unit).unwrap();
        let off = found.p50_ms / linear_ms(i, e, o) - 1.0;
        prop_assert!(off.abs() < 0.005, "{unit}: {found:?} {off}");
        prop_assert!(found.error < 0.005, "{found:?}");
    }

    /// Whatever the latencies are, as long as they rise with every width.
    #[test]
    fn what_rises_stays_between_its_neighbours(steps in proptest::array::uniform4(0.001_f64..1.0), e in 5_usize..=9) {
        let mut ms = 0.1;
        let widths = [32, 48, 64, 80];
        let rising: Vec<(usize, f64)> = widths.iter().zip(steps).map(|(&width, step)| {
            ms += step;
            (width, ms)
        }).collect();
        let table = table(rising.iter().map(|&(width, ms)| entry(unit(16, width, 24), ms)));
        let unit = unit(16, 8 * e, 24);
        if let Some(found) = table.interpolate(&unit) {
            let low = rising.iter().rfind(|(width, _)| *width <= 8 * e).unwrap().1;
            let high = rising.iter().find(|(width, _)| *width >= 8 * e).unwrap().1;
            prop_assert!((low - 1e-6..=high + 1e-6).contains(&found.p50_ms), "{low} {found:?} {high}");
        }
    }

    #[test]
    fn nothing_is_extrapolated(i in 1_usize..=9, e in 1_usize..=20, o in 1_usize..=20) {
        let (i, e, o) = (8 * i, 8 * e, 8 * o);
        let outside = !(16..=40).contains(&i) || !(32..=80).contains(&e) || !(24..=72).contains(&o);
        prop_assume!(outside);
        prop_assert_eq!(linear_table().interpolate(&unit(i, e, o)), None);
    }
}

#[test]
fn other_kernels_strides_activations_and_resolutions_are_other_families() {
    let table = linear_table();
    assert!(table.interpolate(&unit(24, 56, 48)).is_some());
    for text in [
        "ir_k5_s2_e56_i24_o48_re@28",
        "ir_k3_s1_e56_i24_o48_re@28",
        "ir_k3_s2_e56_i24_o48_hs@28",
        "ir_k3_s2_e56_i24_o48_re@30",
        "ir_k3_s2_e56_i24_o48_se8sig_re@28",
        "ir_k3_s2_i24_o48_re@28",
        "sep_k3_s2_i24_o48_re@28",
    ] {
        assert_eq!(table.interpolate(&text.parse().unwrap()), None, "{text}");
    }
}

#[test]
fn widths_cost_as_much_as_whole_vectors() {
    let table = linear_table();
    let rounded = table.interpolate(&unit(24, 56, 48)).unwrap().p50_ms;
    let within = table.interpolate(&unit(24, 56, 43)).unwrap().p50_ms;
    assert!((within / rounded - 1.0).abs() < 0.005, "{within} {rounded}");
}

#[test]
fn what_varies_more_than_the_limit_is_refused() {
    let noisy = |place: usize, ms: f64| ms * [1.0, 1.3, 0.8][place % 3];
    let entries = measured()
        .into_iter()
        .enumerate()
        .map(|(place, [i, e, o])| entry(unit(i, e, o), noisy(place, linear_ms(i, e, o))));
    assert_eq!(table(entries).interpolate(&unit(24, 56, 48)), None);
}

/// On a machine that is this busy, measuring would be no better.
#[test]
fn the_limit_is_not_below_the_spread_of_runs() {
    let varying = |place: usize, ms: f64| ms * [1.0, 1.1, 0.9][place % 3];
    let entries = |spread: f64| {
        measured().into_iter().enumerate().map(move |(place, [i, e, o])| {
            let p50_ms = varying(place, linear_ms(i, e, o));
            let [p10_ms, p90_ms] = [p50_ms * (1.0 - spread), p50_ms * (1.0 + spread)];
            let latency = Quantiles { p10_ms, p50_ms, p90_ms };
            Entry { latency, ..entry(unit(i, e, o), p50_ms) }
        })
    };
    assert_eq!(table(entries(0.01)).interpolate(&unit(24, 56, 48)), None);
    assert!(table(entries(0.3)).interpolate(&unit(24, 56, 48)).is_some());
}

#[test]
fn two_units_are_too_few_to_know_the_error() {
    let table = table([entry(unit(16, 32, 24), 0.1), entry(unit(40, 80, 72), 0.4)]);
    assert_eq!(table.interpolate(&unit(24, 48, 40)), None);
}

/// What a search or an adaptation has predicted once stays the same, whatever is measured later.
#[test]
fn interpolated_latencies_are_kept_until_the_unit_is_measured() {
    let network = |width: &str| {
        published::network(&format!("mobilenet_v1@width={width},resolution=96")).unwrap()
    };
    let widths = ["0.25", "0.375", "0.625", "0.75", "1.0"];
    let units: HashSet<PlacedUnit> =
        widths.iter().flat_map(|width| network(width).units().collect::<Vec<_>>()).collect();
    let at = |slowdown: f64| {
        let at = move |unit: &PlacedUnit| entry(*unit, slowdown * device_ms(unit));
        units.iter().map(at).collect::<Vec<_>>()
    };
    let mut table = table(at(1.0));
    let between = network("0.5");
    let mut measure = |network: &Network| Ok(samples(network));
    let first =
        table.predict_or_measure(&between, MissingUnits::Interpolate, &mut measure).unwrap();
    let Coverage { exact, interpolated, measured_now } = first.coverage;
    assert!(interpolated > 0.5 && (exact + interpolated + measured_now - 1.0).abs() < 1e-12);
    assert!(first.interpolation_error > 0.0 && first.interpolation_error < 0.05);

    table.extend(at(1.3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    table.save(&path).unwrap();
    let mut table = Table::load(&path).unwrap().unwrap();
    let again =
        table.predict_or_measure(&between, MissingUnits::Interpolate, &mut measure).unwrap();
    assert_eq!((again.ms, again.interpolation_error), (first.ms, first.interpolation_error));

    let exact = table.predict_or_measure(&between, MissingUnits::Measure, &mut measure).unwrap();
    assert!((exact.coverage.measured_now - interpolated).abs() < 1e-12);
    assert_eq!((exact.coverage.interpolated, exact.interpolation_error), (0.0, 0.0));
    assert!(table.interpolated().is_empty());
}

/// Latencies of a device whose vectors have eight channels, with noise of a per cent.
fn device_ms(unit: &PlacedUnit) -> f64 {
    let text = unit.to_string();
    let noise =
        text.bytes().fold(17_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let (i, o) = (unit.input.channels as f64, unit.output().channels as f64);
    let pixels = unit.input.pixels() as f64;
    let expand = text.split("_e").nth(1).and_then(|rest| rest.split('_').next()?.parse().ok());
    let e: f64 = expand.unwrap_or(i);
    let kernel: f64 = if text.contains("_k5") { 25.0 } else { 9.0 };
    let stride: f64 = if text.contains("_s2") { 4.0 } else { 1.0 };
    let macs = pixels * (e * i + 5.0 * kernel * e / stride + e * o / stride);
    (0.01 + 2e-8 * macs) * (1.0 + 0.02 * (f64::from(noise % 1000) / 1000.0 - 0.5))
}

/// The fake measurement of a network: a sample for each distinct unit.
fn samples(network: &Network) -> Vec<Sample> {
    let units: HashSet<PlacedUnit> = network.units().collect();
    let sample = |unit: PlacedUnit| Sample {
        unit,
        latency: entry(unit, device_ms(&unit)).latency,
        runs: SETTINGS.runs,
    };
    units.into_iter().map(sample).collect()
}

fn build_of(space: &SearchSpace, settings: BuildSettings) -> (Table, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    let journal = journal_path(&path, space);
    let mut table = Table::new(Setup::here(Runtime::Native, 1), settings);
    let mut count = 0;
    let mut measure = |network: &Network| {
        count += 1;
        Ok(samples(network))
    };
    let files = BuildFiles { table: &path, journal: &journal };
    let mut go_on = |_: Progress<'_>| ControlFlow::Continue(());
    let built = build(space, &mut table, files, settings, &mut measure, &mut go_on).unwrap();
    assert_eq!(built, Built::Complete);
    assert_eq!(Table::load(&path).unwrap().unwrap(), table);
    (table, count)
}

#[test]
fn a_large_space_is_measured_in_part_and_predicted_completely() {
    let space = published::space("mobilenet_v3").unwrap();
    let units = space.units();
    let (table, networks) = build_of(&space, BuildSettings { rounds: 1, ..SETTINGS });
    let (_, all) =
        build_of(&space, BuildSettings { rounds: 1, widths: MeasuredWidths::All, ..SETTINGS });
    assert!(2 * networks < all, "{networks} networks instead of {all}");
    let measured = measured_units(&units, MeasuredWidths::Subset).len();
    assert!(3 * measured < units.len(), "{measured} of {}", units.len());
    let mut off = Vec::new();
    for unit in &units {
        let ms = table.p50_ms(unit).unwrap_or_else(|| panic!("{unit} is missing"));
        if table.get(unit).is_none() {
            off.push(ms / device_ms(unit) - 1.0);
        }
    }
    let error = (off.iter().map(|off| off * off).sum::<f64>() / off.len() as f64).sqrt();
    let told = table.interpolation_error(&units).unwrap();
    assert!(error < 0.015, "{error}");
    assert!(error < 2.0 * told && told < 2.0 * error, "told {told}, is {error}");
}

#[test]
fn small_spaces_are_measured_completely() {
    let space = published::space("mnasnet").unwrap();
    let (table, _) = build_of(&space, SETTINGS);
    assert_eq!((table.len(), table.interpolated().len()), (space.units().len(), 0));
}
