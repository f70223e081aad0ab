//! The CSV files of an adaptation, and its manifest.

use controller::final_trainings::{FinalResult, trained_csv};
use controller::netadapt::{
    AdaptManifest, AdaptTarget, EvaluatedProposal, HoldOutEvaluation, Iteration, LatenciesId,
    LatencyKind, LatencyRecord, Metric, Schedule, fine_tuning, latency_records_csv, proposals_csv,
    read_latency_records, trajectory_csv,
};
use controller::search::Margin;
use dataset::{Dataset, HoldOut};
use search_space::{AllRuns, MeasuredRuns, fnv1a, published};
use training::Placement;
use training::fit::{FitData, FitPlan, FitSettings};

fn evaluation(loss: f64) -> HoldOutEvaluation {
    HoldOutEvaluation { correct: vec![true, true, true, false], loss }
}

fn iteration(number: usize, axis: &str, to: usize) -> Iteration {
    Iteration {
        number,
        axis: axis.to_owned(),
        from: if number == 0 { 0 } else { 32 },
        to,
        predicted_ms: 2.5,
        cut_ms: 0.25 * number as f64,
        latency_ms: 2.625,
        hold_out: evaluation(0.5),
    }
}

fn proposal(axis: &str, to: usize, trained_steps: u64, loss: f64) -> EvaluatedProposal {
    EvaluatedProposal {
        iteration: 1,
        axis: axis.to_owned(),
        from: 32,
        to,
        trained_steps,
        latency_ms: 2.5,
        hold_out: evaluation(loss),
        seconds: 1.5,
    }
}

#[test]
fn the_seed_of_a_trajectory_has_no_widths() {
    let text = trajectory_csv(&[iteration(0, "", 0), iteration(1, "1-2.expand", 24)]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "iteration,axis,from,to,predicted_ms,measured_ms,cut_ms,hold_out_top1,interval95,hold_out_loss"
    );
    // Half the width of the interval: 1.96 sqrt(0.75 x 0.25 / 4).
    assert!(
        lines[1].starts_with("0,,,,2.5,2.625,0,0.75,0.4243") && lines[1].ends_with(",0.5"),
        "{text}"
    );
    assert!(lines[2].starts_with("1,1-2.expand,32,24,2.5,2.625,0.25,0.75,"), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn proposals_are_chosen_after_all_steps_and_have_a_loss_unless_they_diverged() {
    let proposals = [
        proposal("1-2.expand", 24, 50, 0.5),
        proposal("1-2.expand", 24, 100, 0.5),
        proposal("0.out", 24, 100, f64::INFINITY),
    ];
    let text = proposals_csv(&proposals, &[iteration(1, "1-2.expand", 24)], 100);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "1,1-2.expand,32,24,50,2.5,0.75,0.5,1.5,no",
            "1,1-2.expand,32,24,100,2.5,0.75,0.5,1.5,yes",
            "1,0.out,32,24,100,2.5,0.75,,1.5,no",
        ]
    );
}

#[test]
fn latency_records_are_read_as_they_were_written() {
    let all = AllRuns { p50_ms: 2.75, p95_ms: 3.1, runs: 140 };
    let runs = MeasuredRuns { p10_ms: 2.4, p90_ms: 2.7, count: 100, left_out_share: 0.285, all };
    let record = |kind, key: &str, ms, runs| LatencyRecord { kind, key: key.to_owned(), ms, runs };
    let records = [
        record(LatencyKind::Measured, "00ff", 2.5, Some(runs)),
        record(LatencyKind::Predicted, "00ff", 0.1 + 0.2, None),
        record(LatencyKind::Relative, "00ff/0a", 2.25, None),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("measurements.csv");
    std::fs::write(&path, latency_records_csv(&records)).unwrap();
    assert_eq!(read_latency_records(&path).unwrap(), records);
}

#[test]
fn names_with_a_comma_are_quoted() {
    let (name, hold_out_top1) = ("adapted, fine-tuned", None);
    let text = trained_csv(&[FinalResult {
        name: name.to_owned(),
        seed: 0,
        latency_ms: 2.5,
        hold_out_top1,
        top1: 0.75,
    }]);
    let expected =
        "network,seed,latency_ms,hold_out_top1,test_top1\n\"adapted, fine-tuned\",0,2.5,,0.75\n";
    assert_eq!(text, expected);
}

#[test]
fn a_manifest_has_the_settings_of_the_adaptation_and_of_the_seeds_training() {
    let source = "shapes:classes=4,size=16,train=160,test=20".parse().unwrap();
    let dataset = Dataset::load(&source, HoldOut::new(0.25).unwrap(), 1).unwrap();
    let network =
        published::network("mobilenet_v1@width=0.25,stem_stride=1,resolution=16").unwrap();
    let settings = FitSettings { batch: 32, learning_rate: Some(0.2), ..Default::default() };
    let data = FitData { source, dataset };
    let training = FitPlan::new(&network, data, None, &settings, Placement::cpu(1)).unwrap();
    let of = |weights: Option<&[u8]>, latencies: LatenciesId<'_>| {
        let manifest = AdaptManifest {
            training: &training,
            weights,
            target: AdaptTarget::Ratio(0.7),
            margin: Margin::default(),
            latencies,
            delta: 0.05,
            decay: 0.96,
            steps: 20,
            metric: Metric::Ratio,
            schedule: Schedule::Halving,
        };
        manifest.to_settings()
    };
    let (device, runtime) = ("a CPU; avx2".to_owned(), "native 1.0".to_owned());
    let settings = of(None, LatenciesId::Device { device, runtime, threads: 2 });
    let value = |name: &str| settings[name].as_str();
    assert_eq!(value("target"), "0.7 of the seed's");
    assert_eq!(value("latencies"), "a CPU; avx2, native 1.0, 2 threads");
    assert_eq!(
        [value("weights"), value("decay"), value("schedule")],
        ["trained first", "0.96", "halving"]
    );
    assert_eq!(value("learning_rate"), "0.2", "of the seed's training");
    let fine_tune = fine_tuning(&training, 20);
    assert_eq!((fine_tune.recipe.learning_rate, fine_tune.recipe.steps), (0.1_f32 * 0.2, 20));

    let (kind, key) = (LatencyKind::Measured, "00ff".to_owned());
    let record = LatencyRecord { kind, key, ms: 2.5, runs: None };
    let settings = of(Some(b"weights"), LatenciesId::Replay(&[record]));
    let bytes = b"00ff".iter().copied().chain(2.5_f64.to_le_bytes());
    assert_eq!(settings["latencies"], format!("replay of {:016x}", fnv1a(bytes)));
    assert_eq!(settings["weights"], format!("{:016x}", fnv1a(b"weights".iter().copied())));
}
