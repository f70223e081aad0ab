//! Trainings of few epochs, in which the weights change faster than the running statistics of a
//! batch norm with a small momentum.

mod quadrants;

use std::ops::ControlFlow;
use std::path::Path;

use dataset::{Dataset, HoldOut, Source};
use quadrants::write_quadrants;
use search_space::{Network, published};
use training::fit::{EvaluatedSplit, FitData, FitEvent, FitPlan, FitSettings, Fitted};
use training::{Placement, WeightsFile};

fn network() -> Network {
    let mut network = published::network("mobilenet_v3_small@width=0.5").unwrap();
    network.input.channels = 1;
    network
}

fn plan(folder: &Path, epochs: u64) -> FitPlan {
    let source = Source::Mnist(folder.to_path_buf());
    let dataset = Dataset::load(&source, HoldOut::new(0.2).unwrap(), 2).unwrap();
    let settings =
        FitSettings { epochs, batch: 32, train_stem_stride: Some(1), ..Default::default() };
    let data = FitData { source, dataset };
    FitPlan::new(&network(), data, None, &settings, Placement::cpu(2)).unwrap()
}

/// Trains in `out`; after each number of steps in `stops`, the training is interrupted and
/// continued.
fn fitted(plan: &FitPlan, out: &Path, stops: &[u64]) -> Fitted {
    let mut stops = stops.iter().peekable();
    let mut steps = 0;
    loop {
        let mut on_event = |event: &FitEvent<'_>| {
            if let FitEvent::Step { .. } = event {
                steps += 1;
            }
            match stops.next_if(|stop| **stop == steps) {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        if let Some(fitted) = plan.fit(out, &mut on_event).unwrap() {
            return fitted;
        }
    }
}

#[test]
fn mobilenet_v3_learns_above_chance_in_two_epochs() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let plan = plan(folder.path(), 2);
    assert_eq!(plan.variant.norm.momentum, 0.01);
    let whole = fitted(&plan, &folder.path().join("whole"), &[]);
    // Chance is 0.25.
    let hold_out = whole.hold_out_top1.unwrap();
    assert!(whole.top1 > 0.5 && hold_out > 0.5, "{}, {hold_out}", whole.top1);

    // The estimated statistics are part of what is resumed bit for bit: in the first epoch, at its
    // end, and in the second one.
    let again = folder.path().join("again");
    let steps = plan.steps_per_epoch;
    assert_eq!(fitted(&plan, &again, &[3, steps, steps + 2]).top1, whole.top1);
    let bytes =
        |out: &str| std::fs::read(folder.path().join(out).join("last.safetensors")).unwrap();
    assert!(bytes("whole") == bytes("again"));
    assert_eq!(WeightsFile::read(&bytes("again")).unwrap().network.norm.momentum, 0.01);
}

#[test]
fn events_name_what_a_training_does() {
    let folder = tempfile::tempdir().unwrap();
    write_quadrants(folder.path());
    let plan = plan(folder.path(), 1);
    let out = folder.path().join("out");
    let mut names = Vec::new();
    let mut run = |stop_at_step: Option<u64>| {
        let ended = plan.fit(&out, &mut |event| {
            let name = match event {
                FitEvent::Restarted | FitEvent::OtherLength { .. } => "restarted",
                FitEvent::Resumed { epochs: 0 } => "resumed in the first epoch",
                FitEvent::Resumed { .. } => "resumed",
                FitEvent::Step { done, .. } if Some(*done) == stop_at_step => {
                    return ControlFlow::Break(());
                }
                FitEvent::Step { .. } => "step",
                FitEvent::Evaluating(EvaluatedSplit::HoldOut) => "hold-out",
                FitEvent::Evaluating(EvaluatedSplit::Test) => "test",
                FitEvent::Epoch { .. } => "epoch",
            };
            if names.last() != Some(&name) {
                names.push(name);
            }
            ControlFlow::Continue(())
        });
        ended.unwrap().is_some()
    };
    assert!(!run(Some(2)));
    assert!(run(None));
    assert!(run(None));
    let first = ["step", "resumed in the first epoch", "step", "hold-out", "epoch", "test"];
    assert_eq!(names, [&first[..], &["resumed", "test"]].concat());
}
