//! The accuracy source of short trainings: which networks are given up, and searches that are resumed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use controller::accuracy::{AccuracyError, AccuracySource, ProxyAccuracy, ProxyPlan};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Goal, LatencyOf, Limits, Problem, SearchError, SearchSettings, Trial, search,
};
use controller::study::{Study, StudyError, StudySettings};
use dataset::{Dataset, HoldOut};
use search_space::{Genotype, SearchSpace};
use tempfile::tempdir;
use training::Placement;
use training::fit::{FitData, FitEvent, FitPlan, FitSettings};

const SPACE: &str = r#"SearchSpace(
    format: 1, name: "tiny", channels: 3, resolution: [16], classes: 4,
    stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 8, layers: 1, stride: 2, choices: [Kernel([3, 5]), Expand([1, 2, 3])]),
        (out: 16, layers: 1, stride: 2, choices: [Kernel([3, 5]), Layers([1, 2, 3])]),
    ],
    head: Pool(),
)"#;
const EPOCHS: u64 = 4;

fn plan(seed: u64, threads: usize) -> ProxyPlan {
    let source = "shapes:classes=4,size=16,train=200,test=20".parse().unwrap();
    let dataset = Dataset::load(&source, HoldOut::new(0.2).unwrap(), 2).unwrap();
    let settings = FitSettings { epochs: EPOCHS, batch: 40, seed, ..FitSettings::default() };
    let space = SearchSpace::from_ron(SPACE).unwrap();
    ProxyPlan { space, data: FitData { source, dataset }, settings, threads }
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn open(folder: &Path, threads: usize) -> ProxyAccuracy {
    plan(0, threads).open(folder, go_on).unwrap()
}

/// Accuracies and multiply-adds by genotype.
type Rung = BTreeMap<String, (f64, i64)>;

/// What was stored of all networks by number of epochs.
fn rungs(folder: &Path) -> BTreeMap<i64, Rung> {
    let connection = rusqlite::Connection::open(folder.join("proxies.sqlite")).unwrap();
    let mut query =
        connection.prepare("SELECT epochs, genotype, accuracy, macs FROM rungs").unwrap();
    let rows = query
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, (row.get(2)?, row.get(3)?))));
    let mut all: BTreeMap<i64, Rung> = BTreeMap::new();
    for row in rows.unwrap() {
        let (epochs, genotype, values) = row.unwrap();
        all.entry(epochs).or_default().insert(genotype, values);
    }
    all
}

fn batch() -> Vec<Genotype> {
    let of = |i: u8| Genotype(vec![i % 2, i / 2 % 3, i / 6 % 2, i / 12]);
    (0..36).step_by(3).map(of).collect()
}

/// In one batch, a network stays unless more than half of those with no more multiply-adds are more
/// accurate.
#[test]
fn networks_that_fall_behind_are_given_up() {
    let folder = tempdir().unwrap();
    let accuracy = open(folder.path(), 2);
    accuracy.train_all(&batch()).unwrap();
    let rungs = rungs(folder.path());
    assert_eq!(rungs.keys().copied().collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(rungs[&1].len(), batch().len());
    assert!(rungs[&4].len() < batch().len() && !rungs[&4].is_empty());
    for (at, next) in [(1, 2), (2, 4)] {
        for (genotype, (top1, macs)) in &rungs[&at] {
            let peers =
                rungs[&at].iter().filter(|(other, value)| *other != genotype && value.1 <= *macs);
            let accuracies: Vec<f64> = peers.map(|(_, value)| value.0).collect();
            let better = accuracies.iter().filter(|other| *other > top1).count();
            let stays = accuracies.len() < 4 || 2 * better <= accuracies.len();
            assert_eq!(rungs[&next].contains_key(genotype), stays, "{genotype} after {at}");
        }
    }
    // A network's accuracy is that after its last epoch, and its training is removed.
    let last = |text: &str| rungs.values().rev().find_map(|rung| rung.get(text)).unwrap().0;
    let domain = plan(0, 1).space.domain();
    for genotype in batch() {
        let text = domain.text(&genotype);
        assert_eq!(accuracy.estimate(&genotype).unwrap().accuracy, last(&text), "{text}");
    }
    let left = std::fs::read_dir(folder.path().join("proxy-trainings")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn accuracies_are_those_of_ordinary_trainings() {
    let (folder, out) = (tempdir().unwrap(), tempdir().unwrap());
    let genotype = Genotype(vec![1, 2, 0, 1]);
    let found = open(folder.path(), 2).estimate(&genotype).unwrap();
    let ProxyPlan { space, data, settings, .. } = plan(0, 1);
    let network = space.decode(&genotype).unwrap();
    let fit = FitPlan::new(&network, data.clone(), None, &settings, Placement::cpu(1)).unwrap();
    let mut top1 = None;
    fit.fit(out.path(), &mut |event| {
        if let FitEvent::Epoch { history } = event {
            top1 = history.last().and_then(|record| record.hold_out_top1);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(Some(found.accuracy), top1);
    let images = data.dataset.hold_out.len() as f64;
    assert_eq!(found.standard_error, (found.accuracy * (1.0 - found.accuracy) / images).sqrt());
}

/// Messages after which the watch of the interrupted search breaks, again and again.
const STOP_AFTER: usize = 37;
static MESSAGES: AtomicUsize = AtomicUsize::new(0);

fn stop_sometimes() -> ControlFlow<()> {
    match MESSAGES.fetch_add(1, Ordering::Relaxed) % STOP_AFTER {
        0 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

/// Searches in `folder`, which is opened again after each interruption. Returns how often that was.
fn trials(folder: &Path, open: impl Fn() -> ProxyAccuracy) -> (Vec<Trial>, usize) {
    let (space, limits) = (SearchSpace::from_ron(SPACE).unwrap(), Limits::default());
    let domain = space.domain();
    let settings = SearchSettings {
        algorithm: Algorithm::Evolution,
        goal: Goal::Accuracy,
        samples: 12,
        earlier: Vec::new(),
        seed: 1,
    };
    let none = StudySettings::new();
    let mut study = Study::create(folder, &none, &none).unwrap();
    for stops in 0.. {
        let proxy = open();
        let (accuracy, latency) = (AccuracySource::Proxy(&proxy), LatencyOf::Unknown);
        let problem =
            Problem { domain: &domain, space: Some(&space), limits: &limits, accuracy, latency };
        match search(&problem, &settings, &mut study, &mut |_| ControlFlow::Continue(())) {
            Ok(trials) => return (trials, stops),
            Err(SearchError::Stopped) => study = Study::open(folder).unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!()
}

#[test]
fn interruptions_and_threads_change_nothing() {
    let [whole, stopped] = [(); 2].map(|()| tempdir().unwrap());
    let (first, none) = trials(whole.path(), || open(whole.path(), 1));
    let again = || plan(0, 2).open(stopped.path(), stop_sometimes).unwrap();
    let (second, stops) = trials(stopped.path(), again);
    assert_eq!((first.len(), none), (12, 0));
    assert!(stops > 3, "{stops}");
    assert_eq!(first, second);
    assert_eq!(rungs(whole.path()), rungs(stopped.path()));
}

#[test]
fn other_trainings_and_images_that_do_not_fit_are_refused() {
    let folder = tempdir().unwrap();
    drop(open(folder.path(), 1));
    let error = plan(1, 1).open(folder.path(), go_on).unwrap_err();
    assert!(matches!(error, AccuracyError::Study(StudyError::OtherSettings { .. })), "{error}");
    assert_eq!(plan(0, 1).fingerprint().unwrap(), plan(0, 2).fingerprint().unwrap());
    assert_ne!(plan(0, 1).fingerprint().unwrap(), plan(1, 1).fingerprint().unwrap());
    let mut other = plan(0, 1);
    other.space.channels = 1;
    assert!(other.check().unwrap_err().to_string().contains("channels"));
}
