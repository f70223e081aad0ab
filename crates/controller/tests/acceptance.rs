//! Which measured latencies are accepted under a target, with a made-up device.

use std::ops::ControlFlow::Continue;
use std::path::Path;

use controller::accuracy::{AccuracySource, Estimate};
use controller::search::{
    Acceptance, LatencyOf, Limits, Margin, Phase, Problem, SearchError, Target, Trial,
    TrialLatency, Winner, best_under_target,
};
use controller::study::{Study, StudySettings};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{
    AllRuns, Genotype, LatencyError, LatencySource, MeasuredLatency, MeasuredRuns, Network,
    SearchSpace, Statistic, published,
};
use tempfile::tempdir;

/// The ratio of the median of all runs to that of the undisturbed ones.
const DISTURBED: f64 = 1.16;

/// A device that other programs use as well.
struct Busy;

/// A device that tells medians only.
struct Terse;

fn ms(network: &Network) -> f64 {
    network.lower().expect("valid").cost().macs as f64 / 1e7
}

impl LatencySource for Busy {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(ms(network))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(ms(network))
    }

    fn measure(&self, network: &Network) -> Result<MeasuredLatency, LatencyError> {
        let p50_ms = self.measure_ms(network)?;
        let all = AllRuns { p50_ms: DISTURBED * p50_ms, p95_ms: 1.3 * p50_ms, runs: 100 };
        let (p10_ms, p90_ms) = (0.99 * p50_ms, 1.02 * p50_ms);
        let runs = MeasuredRuns { p10_ms, p90_ms, count: 40, left_out_share: 0.83, all };
        Ok(MeasuredLatency { p50_ms, runs: Some(runs) })
    }
}

impl LatencySource for Terse {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(ms(network))
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(ms(network))
    }
}

fn space() -> SearchSpace {
    published::space("shufflenet_v1").expect("ships with the crate")
}

/// Accuracy grows with latency, so that the slowest network that is accepted wins.
fn trials(space: &SearchSpace) -> Vec<Trial> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let genotypes = std::iter::repeat_with(|| space.sample(&mut rng));
    let trial = |genotype: Genotype| {
        let network = space.decode(&genotype).ok().filter(|network| network.lower().is_ok())?;
        let latency_ms = ms(&network);
        let estimate = Estimate { accuracy: latency_ms / 1e3, standard_error: 0.0 };
        let (latency_ms, phase) = (Some(latency_ms), Phase::Target);
        Some(Trial { genotype, latency_ms, estimate, reward: 0.0, phase })
    };
    genotypes.filter_map(trial).take(300).collect()
}

/// The winner under the median latency of the trials, and that target.
fn winner(
    source: &dyn LatencySource,
    acceptance: Acceptance,
    study: &mut Study,
) -> (Result<Option<Winner>, SearchError>, Target) {
    let (space, limits) = (space(), Limits::default());
    let trials = trials(&space);
    let unused = |_: &Genotype| Estimate { accuracy: 0.0, standard_error: 0.0 };
    let problem = Problem {
        domain: &space.domain(),
        space: Some(&space),
        limits: &limits,
        accuracy: AccuracySource::Model(&unused),
        latency: LatencyOf::Device(source),
    };
    let mut all_ms: Vec<f64> = trials.iter().filter_map(|trial| trial.latency_ms).collect();
    all_ms.sort_unstable_by(f64::total_cmp);
    let target = Target::new(all_ms[150]).expect("positive").accepting(acceptance);
    let none = &mut |_: &Trial, _: TrialLatency| Continue(());
    (best_under_target(&problem, &trials, target, study, none), target)
}

fn new_study(folder: &Path) -> Study {
    let none = StudySettings::new();
    Study::create(folder, &none, &none).expect("writable")
}

fn accepting(statistic: Statistic, share: f64) -> Acceptance {
    Acceptance { statistic, margin: Margin::new(share).expect("a margin") }
}

#[test]
fn the_chosen_statistic_decides_and_the_other_one_is_told() {
    for (statistic, factor) in [(Statistic::Undisturbed, 1.0), (Statistic::All, DISTURBED)] {
        for share in [0.0, 0.015, 0.3] {
            let folder = tempdir().expect("a temporary folder");
            let mut study = new_study(folder.path());
            let (found, target) = winner(&Busy, accepting(statistic, share), &mut study);
            let found = found.expect("a device").expect("something is fast enough");
            let max_ms = (1.0 - share) * target.ms();
            assert!((target.max_measured_ms() - max_ms).abs() < 1e-12);
            let measured_ms = found.measured_ms.expect("of a device");
            assert!(measured_ms <= max_ms, "{statistic:?} {share}");
            // Nothing slower would have been accepted.
            let trials = trials(&space());
            let accepted = trials.iter().filter_map(|trial| trial.latency_ms);
            let accepted = accepted.filter(|ms| factor * ms <= target.max_measured_ms());
            let slowest_ms = accepted.fold(0.0, f64::max);
            assert!((measured_ms - factor * slowest_ms).abs() < 1e-9, "{statistic:?} {share}");
            let measured = found.measured.expect("of a device");
            assert_eq!(statistic.of(&measured), Some(measured_ms));
            let runs = measured.runs.expect("told");
            assert_eq!((runs.left_out_share, runs.all.runs), (0.83, 100));
            assert_eq!(target.is_met_by(Statistic::Undisturbed, &measured), Some(true));
            let all_meets = DISTURBED * measured.p50_ms <= target.ms();
            assert_eq!(target.is_met_by(Statistic::All, &measured), Some(all_meets));

            // The measurements are stored with all that is known of them.
            drop(study);
            let mut study = Study::resume(folder.path(), &StudySettings::new()).expect("there");
            let (again, _) = winner(&Terse, accepting(statistic, share), &mut study);
            assert_eq!(again.expect("measured before"), Some(found));
        }
    }
}

#[test]
fn a_statistic_that_the_device_does_not_tell_is_an_error() {
    let folder = tempdir().expect("a temporary folder");
    let (found, _) = winner(&Terse, accepting(Statistic::All, 0.0), &mut new_study(folder.path()));
    let error = found.expect_err("no median of all runs").to_string();
    assert!(error.contains("p50 of all runs is not known"), "{error}");
}

#[test]
fn margins_are_shares() {
    for share in [0.0, -0.0, 0.015, 0.999] {
        let text = Margin::new(share).expect("a share").share().to_string();
        assert!(!text.contains('-'), "{text}");
    }
    for share in [-0.015, 1.0, 1.5, f64::NAN, f64::INFINITY] {
        let error = Margin::new(share).expect_err("not a share").to_string();
        assert!(error.contains(&share.to_string()) && error.contains("below 1"), "{error}");
    }
    let default = Target::new(10.0).expect("positive");
    assert!((default.max_measured_ms() - 9.85).abs() < 1e-12);
}
