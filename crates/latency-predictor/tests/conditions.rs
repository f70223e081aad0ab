//! What a build records of other work on the machine, with readings that are made up.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use latency_predictor::{
    BuildFiles, BuildSettings, Built, Conditions, Disturbance, MeasureUnits, MeasuredWidths,
    PredictorError, ProcessorTime, Progress, Quantiles, Runtime, Sample, Setup, Table, build,
    journal_path,
};
use search_space::{Network, SearchSpace, published};

const SETTINGS: BuildSettings =
    BuildSettings { rounds: 2, runs: 4, seed: 5, widths: MeasuredWidths::All };

/// Measures nothing and has seen these conditions.
struct MadeUp(Conditions);

impl MeasureUnits for MadeUp {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        let latency = Quantiles { p10_ms: 1.0, p50_ms: 1.0, p90_ms: 1.0 };
        Ok(network.units().map(|unit| Sample { unit, latency, runs: 4 }).collect())
    }

    fn conditions(&mut self) -> Conditions {
        self.0.clone()
    }
}

/// A hundred networks on two CPUs that nothing disturbed, over a hundred seconds.
fn quiet() -> Conditions {
    let processor = ProcessorTime { cpus: 2, all: 20_000, others: 200, stolen: 10 };
    Conditions {
        networks: 100,
        slowed_networks: 0,
        runs: 820,
        left_out: 20,
        probe_levels_ms: vec![0.1, 0.101, 0.1, 0.14, 0.102],
        probe_ms: Some(0.099),
        earlier_probe_ms: Some(0.097),
        processor: Some(processor),
    }
}

fn space() -> SearchSpace {
    published::space("mnasnet").unwrap()
}

/// Builds the table at `path` under these conditions until `stop_after` networks are measured.
fn build_under(path: &Path, conditions: Conditions, stop_after: usize) -> Built {
    let space = space();
    let table = Table::load(path).unwrap();
    let mut table = table.unwrap_or_else(|| Table::new(Setup::here(Runtime::Native, 1), SETTINGS));
    let journal = journal_path(path, &space);
    let mut seen = 0;
    let mut progress = |_: Progress<'_>| {
        seen += 1;
        if seen > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let files = BuildFiles { table: path, journal: &journal };
    let mut measure = MadeUp(conditions);
    build(&space, &mut table, files, SETTINGS, &mut measure, &mut progress).unwrap()
}

fn in_folder(test: impl FnOnce(PathBuf)) {
    let folder = tempfile::tempdir().unwrap();
    test(folder.path().join("table.ron"));
}

#[test]
fn each_sign_of_other_work_is_named_with_its_size() {
    let processor = |others: u64, stolen: u64| {
        let time = ProcessorTime { cpus: 2, all: 20_000, others, stolen };
        Conditions { processor: Some(time), ..quiet() }
    };
    let cases = [
        (quiet(), None),
        (Conditions::default(), None),
        // One busy loop from the beginning to the end, and two of them.
        (processor(10_000, 0), Some("other programs kept 1.0 of 2 CPUs busy")),
        (processor(19_000, 0), Some("1.9 of 2 CPUs")),
        (processor(0, 2_000), Some("hypervisor gave 10 % of the time")),
        (Conditions { left_out: 820 * 83 / 100, ..quiet() }, Some("83 % of the runs")),
        (Conditions { slowed_networks: 40, ..quiet() }, Some("in 40 % of the networks")),
        (
            Conditions { probe_levels_ms: vec![0.15, 0.1, 0.12, 0.1, 0.12], ..quiet() },
            Some("at least 20 % slower than at its best"),
        ),
        (
            Conditions { earlier_probe_ms: Some(0.066), ..quiet() },
            Some("50 % slower than when these blocks were measured before"),
        ),
    ];
    for (conditions, named) in cases {
        let signs: Vec<String> =
            conditions.disturbances().iter().map(Disturbance::to_string).collect();
        match named {
            None => assert_eq!(signs, [""; 0], "{conditions:?}"),
            Some(named) => {
                assert!(signs.len() == 1 && signs[0].contains(named), "{named}: {signs:?}");
            }
        }
    }
}

/// A system that reports nothing still has the probe.
#[test]
fn without_the_operating_system_the_probe_is_left() {
    let unknown = Conditions { processor: None, ..quiet() };
    assert!(unknown.disturbances().is_empty());
    let zeros = ProcessorTime { cpus: 2, all: 0, others: 0, stolen: 0 };
    assert!(Conditions { processor: Some(zeros), ..quiet() }.disturbances().is_empty());
    assert_eq!(Conditions { left_out: 500, ..unknown }.disturbances().len(), 1);
}

#[test]
fn a_table_tells_under_which_conditions_it_was_built() {
    in_folder(|path| {
        let busy = Conditions { left_out: 500, ..quiet() };
        assert_eq!(build_under(&path, busy.clone(), usize::MAX), Built::Complete);
        let mut table = Table::load(&path).unwrap().unwrap();
        assert_eq!(table.builds.len(), 1);
        assert_eq!((&table.builds[0].space[..], &table.builds[0].conditions), ("mnasnet", &busy));
        for space in [None, Some("mnasnet"), Some("mobilenet_v3")] {
            assert_eq!(table.disturbed_builds(space).len(), 1, "{space:?}");
        }
        // A build of the blocks that are missing is another one, ...
        table.forget(&space().units()[..3]);
        table.save(&path).unwrap();
        build_under(&path, quiet(), usize::MAX);
        let mut table = Table::load(&path).unwrap().unwrap();
        assert_eq!((table.builds.len(), table.disturbed_builds(None).len()), (2, 1));
        // ... and one of all blocks takes the place of both.
        table.forget(&space().units());
        table.save(&path).unwrap();
        build_under(&path, quiet(), usize::MAX);
        let table = Table::load(&path).unwrap().unwrap();
        assert_eq!((table.builds.len(), table.disturbed_builds(None).len()), (1, 0));
    });
}

/// Other work before an interruption counts as much as other work after it.
#[test]
fn the_conditions_of_an_interrupted_build_are_those_of_all_its_parts() {
    in_folder(|path| {
        let busy = Conditions {
            left_out: 820,
            probe_ms: Some(0.11),
            earlier_probe_ms: Some(0.097),
            processor: Some(ProcessorTime { cpus: 2, all: 20_000, others: 8_000, stolen: 0 }),
            ..quiet()
        };
        assert_eq!(build_under(&path, busy, 2), Built::Stopped);
        assert_eq!(build_under(&path, quiet(), usize::MAX), Built::Complete);
        let table = Table::load(&path).unwrap().unwrap();
        let expected = Conditions {
            networks: 200,
            slowed_networks: 0,
            runs: 1_640,
            left_out: 840,
            probe_levels_ms: [quiet().probe_levels_ms, quiet().probe_levels_ms].concat(),
            probe_ms: Some(0.099),
            earlier_probe_ms: Some(0.097),
            processor: Some(ProcessorTime { cpus: 2, all: 40_000, others: 8_200, stolen: 10 }),
        };
        assert_eq!(table.builds[0].conditions, expected);
        assert_eq!(table.builds[0].disturbances().len(), 2);
    });
}
