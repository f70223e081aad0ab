//! The accuracy source of a supernet: stored evaluations, and searches that are resumed.

use std::ops::ControlFlow;
use std::path::Path;

use controller::accuracy::{AccuracyError, AccuracySource, SupernetAccuracy};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Goal, LatencyOf, Limits, Problem, SearchError, SearchSettings, Trial, random_comparison, search,
};
use controller::study::{Study, StudyError, StudySettings};
use dataset::{Dataset, HoldOut};
use search_space::{Genotype, SearchSpace};
use tempfile::tempdir;
use training::Placement;
use training::fit::FitData;
use training::supernet::{Calibration, SupernetPlan, SupernetSettings};

const SPACE: &str = r#"SearchSpace(
    format: 1, name: "tiny", channels: 3, resolution: [16], classes: 4,
    stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 8, layers: 1, stride: 2, choices: [Kernel([3, 5]), Expand([1, 2, 3])]),
        (out: 16, layers: 1, stride: 2, choices: [Kernel([3, 5]), Layers([1, 2, 3])]),
    ],
    head: Pool(),
)"#;

fn space() -> SearchSpace {
    SearchSpace::from_ron(SPACE).unwrap()
}

fn plan(hold_out: f64) -> SupernetPlan {
    let source = "shapes:classes=4,size=16,train=240,test=20".parse().unwrap();
    let dataset = Dataset::load(&source, HoldOut::new(hold_out).unwrap(), 2).unwrap();
    let settings = SupernetSettings { epochs: 1.0, batch: 40, ..SupernetSettings::default() };
    SupernetPlan::new(&space(), FitData { source, dataset }, &settings, Placement::cpu(2)).unwrap()
}

/// Trains in `folder`, or continues from the checkpoint there.
fn opened(folder: &Path, hold_out: f64) -> Result<SupernetAccuracy, AccuracyError> {
    let plan = plan(hold_out);
    let trained = plan.train(folder, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert_eq!(trained.fingerprint, plan.fingerprint());
    let calibration = Calibration { images: 80, batch: 40, seed: 0 };
    SupernetAccuracy::open(folder, trained, plan.data.dataset, calibration, Placement::cpu(1))
}

fn problem<'a>(
    domain: &'a search_space::Domain,
    space: &'a SearchSpace,
    limits: &'a Limits,
    accuracy: AccuracySource<'a>,
) -> Problem<'a> {
    Problem { domain, space: Some(space), limits, accuracy, latency: LatencyOf::Unknown }
}

/// Searches in `folder`, interrupted after each batch if `stops`.
fn trials(folder: &Path, accuracy: &SupernetAccuracy, stops: bool) -> Vec<Trial> {
    let (space, limits) = (space(), Limits::default());
    let domain = space.domain();
    let problem = problem(&domain, &space, &limits, AccuracySource::Supernet(accuracy));
    let settings = SearchSettings {
        algorithm: Algorithm::Evolution,
        goal: Goal::Accuracy,
        samples: 30,
        earlier: Vec::new(),
        seed: 1,
    };
    let none = StudySettings::new();
    let mut known = 0;
    let mut study = Study::create(folder, &none, &none).unwrap();
    loop {
        let mut progress = |trials: &[Trial]| {
            let is_more = trials.len() > known;
            known = known.max(trials.len());
            if stops && is_more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match search(&problem, &settings, &mut study, &mut progress) {
            Ok(trials) => return trials,
            Err(SearchError::Stopped) => study = Study::open(folder).unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn searches_are_resumed_to_the_same_trials() {
    let [whole, stopped] = [(); 2].map(|()| tempdir().unwrap());
    let first = trials(whole.path(), &opened(whole.path(), 0.2).unwrap(), false);
    let second = trials(stopped.path(), &opened(stopped.path(), 0.2).unwrap(), true);
    assert_eq!(first.len(), 30);
    assert_eq!(first, second);
    let distinct: std::collections::BTreeSet<u64> =
        first.iter().map(|trial| trial.estimate.accuracy.to_bits()).collect();
    assert!(distinct.len() > 3, "{distinct:?}");
}

#[test]
fn evaluations_are_stored_and_not_made_again() {
    let folder = tempdir().unwrap();
    let genotype = Genotype(vec![1, 2, 0, 1]);
    let supernet = opened(folder.path(), 0.2).unwrap();
    let found = supernet.estimate(&genotype).unwrap();
    let images = plan(0.2).data.dataset.hold_out.len() as f64;
    let error = (found.accuracy * (1.0 - found.accuracy) / images).sqrt();
    assert_eq!(found.standard_error, error);
    drop(supernet);
    let connection = rusqlite::Connection::open(folder.path().join("evaluations.sqlite")).unwrap();
    let changed = "UPDATE evaluations SET accuracy = 0.125 WHERE genotype = '1201'";
    assert_eq!(connection.execute(changed, []).unwrap(), 1);
    drop(connection);
    let supernet = opened(folder.path(), 0.2).unwrap();
    assert_eq!(supernet.estimate(&genotype).unwrap().accuracy, 0.125);
}

#[test]
fn evaluations_on_other_images_are_refused() {
    let folder = tempdir().unwrap();
    drop(opened(folder.path(), 0.2).unwrap());
    let other = tempdir().unwrap();
    let evaluations = "evaluations.sqlite";
    std::fs::copy(folder.path().join(evaluations), other.path().join(evaluations)).unwrap();
    let error = opened(other.path(), 0.3).unwrap_err();
    assert!(matches!(error, AccuracyError::Study(StudyError::OtherSettings { .. })), "{error}");
}

#[test]
fn a_random_comparison_can_be_stopped_and_an_untrained_supernet_has_no_accuracies() {
    let folder = tempdir().unwrap();
    let accuracy = opened(folder.path(), 0.2).unwrap();
    let (space, limits) = (space(), Limits::default());
    let domain = space.domain();
    let settings = SearchSettings {
        algorithm: Algorithm::Random,
        goal: Goal::Accuracy,
        samples: 30,
        earlier: Vec::new(),
        seed: 1,
    };
    let source = AccuracySource::Supernet(&accuracy);
    let compared =
        random_comparison(&problem(&domain, &space, &limits, source), &settings, &mut |_| {
            ControlFlow::Break(())
        });
    assert!(matches!(compared, Err(SearchError::Stopped)));
    let untrained = problem(&domain, &space, &limits, AccuracySource::Untrained);
    let estimate = untrained.estimate(&Genotype(vec![0; 4]));
    assert!(matches!(estimate, Err(AccuracyError::Untrained)));
}
