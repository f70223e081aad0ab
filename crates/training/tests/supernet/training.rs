//! Whole trainings of a small supernet.

use std::ops::ControlFlow;
use std::path::Path;

use dataset::{Dataset, HoldOut, Source};
use search_space::{Genotype, SearchSpace};
use training::fit::FitData;
use training::supernet::{
    Calibration, PathSampling, SupernetEvent, SupernetPlan, SupernetSettings, TrainedSupernet,
};
use training::{Placement, TrainingError};

use crate::quadrants::write_quadrants;

const SPACE: &str = r#"SearchSpace(
    format: 1, name: "tiny", channels: 1, resolution: [224], classes: 1000,
    stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 16, layers: 1, stride: 2, choices: [Kernel([3, 5]), Expand([1, 2, 3])]),
        (out: 16, layers: 1, stride: 2, choices: [Layers([1, 2])]),
    ],
    head: Pool(dropout: 0.1),
)"#;

fn space() -> SearchSpace {
    SearchSpace::from_ron(SPACE).unwrap()
}

fn data(folder: &Path) -> FitData {
    let source = Source::Mnist(folder.to_path_buf());
    let dataset = Dataset::load(&source, HoldOut::new(0.2).unwrap(), 2).unwrap();
    FitData { source, dataset }
}

fn settings() -> SupernetSettings {
    SupernetSettings { epochs: 2.5, batch: 40, ..SupernetSettings::default() }
}

fn plan(folder: &Path, threads: usize) -> SupernetPlan {
    SupernetPlan::new(&space(), data(folder), &settings(), Placement::cpu(threads)).unwrap()
}

/// Trains in `out`; after each number of updates in `stops`, the training is interrupted and
/// continued.
fn trained(plan: &SupernetPlan, out: &Path, stops: &[u64]) -> TrainedSupernet {
    let mut stops = stops.iter().peekable();
    loop {
        let mut on_event = |event: &SupernetEvent| match event {
            SupernetEvent::Update { done, .. } if stops.next_if(|stop| *stop == done).is_some() => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        if let Some(trained) = plan.train(out, &mut on_event).unwrap() {
            return trained;
        }
    }
}

#[test]
fn interruptions_and_threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let one = plan(folder.path(), 1);
    let updates = one.recipe.steps;
    assert_eq!(updates, 2 * one.updates_per_epoch + one.updates_per_epoch / 2);
    assert_eq!(one.image_passes(), updates * 40 * 3);
    let run = |plan: &SupernetPlan, stops: &[u64]| {
        let out = tempfile::tempdir().unwrap();
        let trained = trained(plan, out.path(), stops);
        let bytes = std::fs::read(SupernetPlan::checkpoint(out.path())).unwrap();
        let genotype = Genotype(vec![1, 2, 0]);
        let calibration = Calibration { images: 100, batch: 50, seed: 0 };
        let (data, placement) = (&plan.data.dataset, &plan.placement);
        let top1 = trained.supernet.evaluate(&genotype, data, calibration, placement).unwrap();
        (bytes, trained.fingerprint, top1)
    };
    let whole = run(&one, &[]);
    assert!(run(&one, &[1, 7, one.updates_per_epoch, updates - 1]) == whole);
    assert!(run(&plan(folder.path(), 2), &[3]) == whole);
    // Of four classes.
    assert!(whole.2.top1 > 0.8, "{:?}", whole.2);
}

/// A training that was killed continues from the last checkpoint that it wrote.
#[test]
fn a_kill_after_a_checkpoint_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let plan = plan(folder.path(), 2);
    let [whole, killed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    trained(&plan, whole.path(), &[]);
    let path = SupernetPlan::checkpoint(killed.path());
    // Until an earlier checkpoint is put back, the training goes on beyond it.
    let mut early = Vec::new();
    let mut keep = |event: &SupernetEvent| match event {
        SupernetEvent::Epoch { epoch: 1, .. } => {
            early = std::fs::read(&path).unwrap();
            ControlFlow::Continue(())
        }
        SupernetEvent::Update { epoch: 2, done, .. } if *done == plan.updates_per_epoch + 5 => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    assert!(plan.train(killed.path(), &mut keep).unwrap().is_none());
    std::fs::write(&path, early).unwrap();
    trained(&plan, killed.path(), &[]);
    let read = |out: &Path| std::fs::read(SupernetPlan::checkpoint(out)).unwrap();
    assert!(read(whole.path()) == read(killed.path()));
}

fn stop(event: &SupernetEvent) -> ControlFlow<()> {
    match event {
        SupernetEvent::Update { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let out = tempfile::tempdir().unwrap();
    let first = plan(folder.path(), 2);
    assert!(first.train(out.path(), &mut stop).unwrap().is_none());
    let before = std::fs::read(SupernetPlan::checkpoint(out.path())).unwrap();
    let mut other = space();
    other.stages[0].out = 24;
    let of = |space: &SearchSpace, settings: &SupernetSettings| {
        let placement = Placement::cpu(2);
        let plan = SupernetPlan::new(space, data(folder.path()), settings, placement).unwrap();
        match plan.train(out.path(), &mut stop) {
            Err(TrainingError::OtherRun(differences)) => {
                differences.into_iter().map(|difference| difference.name).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(&other, &settings()), ["space"]);
    assert_eq!(of(&space(), &SupernetSettings { seed: 1, ..settings() }), ["seed"]);
    let sandwich = SupernetSettings { paths: PathSampling::Sandwich, ..settings() };
    assert_eq!(of(&space(), &sandwich), ["paths"]);
    assert_eq!(of(&space(), &SupernetSettings { epochs: 3.0, ..settings() }), ["updates"]);
    std::fs::write(SupernetPlan::checkpoint(out.path()), &before[..before.len() / 2]).unwrap();
    assert!(matches!(first.train(out.path(), &mut stop), Err(TrainingError::File { .. })));
}

#[test]
fn spaces_that_do_not_fit_the_data_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let error = |space: &SearchSpace, settings: &SupernetSettings| {
        let data = data(folder.path());
        let plan = SupernetPlan::new(space, data, settings, Placement::cpu(2));
        plan.expect_err("refused").to_string()
    };
    let source = format!("mnist:{}", folder.path().display());
    let channels = SearchSpace { channels: 3, ..space() };
    let expected = format!("channels: found 3; expected: 1, those of {source}");
    assert_eq!(error(&channels, &settings()), expected);
    let resolutions = SearchSpace { resolution: vec![24, 28], ..space() };
    assert_eq!(error(&resolutions, &settings()), "resolutions: found 2 in tiny; expected: 1");
    let small = SupernetSettings { train_resolution: Some(2), ..settings() };
    let found = error(&space(), &small);
    assert!(found.starts_with("blocks[1].stride: found 2 on a feature map of 1x1"), "{found}");
    let batch = SupernetSettings { batch: 100_000, ..settings() };
    assert!(error(&space(), &batch).starts_with("batch: found 100000; expected: 1 to "));
    let no_stem = SearchSpace { stem: Vec::new(), ..space() };
    let stride = SupernetSettings { train_stem_stride: Some(1), ..settings() };
    assert!(error(&no_stem, &stride).starts_with("train_stem_stride: found tiny without a Conv"));
    let mut one_class = data(folder.path());
    one_class.dataset.classes.truncate(1);
    let plan = SupernetPlan::new(&space(), one_class, &settings(), Placement::cpu(2));
    let message = plan.expect_err("refused").to_string();
    assert_eq!(message, format!("classes: found 1 class in {source}; expected: at least 2"));
}

/// Every update trains the networks with the most and the fewest multiply-adds, which are found here by
/// computing all of them.
#[test]
fn the_sandwich_rule_trains_the_largest_and_the_smallest_network() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let sandwich = SupernetSettings { paths: PathSampling::Sandwich, ..settings() };
    let plan = |seed| {
        let settings = SupernetSettings { seed, ..sandwich.clone() };
        SupernetPlan::new(&space(), data(folder.path()), &settings, Placement::cpu(1)).unwrap()
    };
    let (trained, macs) = (plan(0).space, |space: &SearchSpace, genotype: &Genotype| {
        space.decode(genotype).unwrap().lower().unwrap().cost().macs
    });
    let all: Vec<Genotype> = (0..12u8).map(|i| Genotype(vec![i % 2, i / 2 % 3, i / 6])).collect();
    let largest = all.iter().max_by_key(|genotype| macs(&trained, genotype)).unwrap();
    let smallest = all.iter().min_by_key(|genotype| macs(&trained, genotype)).unwrap();
    let first = |seed| plan(seed).start().unwrap().next_paths().unwrap();
    let paths = first(0);
    assert_eq!((&paths[0], &paths[1]), (largest, smallest));
    assert_eq!((paths.len(), plan(0).paths()), (4, 4));
    assert_eq!(paths, first(0));
    assert!((1..20).any(|seed| first(seed)[2..] != paths[2..]));
}
