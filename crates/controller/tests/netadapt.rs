//! Adaptations of a small network on synthetic images, with latencies computed from multiply-adds.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use controller::final_trainings::MeasuredNetwork;
use controller::netadapt::{
    AdaptError, AdaptSettings, Adaptation, Adapted, Baseline, Latencies, LatencyKind, Metric,
    NetAdapt, Schedule, adapt, baseline, path, read_latency_records,
};
use dataset::{Augment, BatchSettings, Dataset, HoldOut, Order};
use search_space::{LatencyError, LatencySource, Network, Weights};
use tempfile::tempdir;
use training::{Backend, FineTune, Optimiser, Recipe};

const NET: &str =
    "Network(format: 1, name: \"seed\", input: (channels: 3, resolution: 16), classes: 4,
    blocks: [
        Conv(out: 16, kernel: 3, stride: 2, act: Relu),
        InvertedResidual(expand: 32, out: 16, kernel: 3, stride: 1, act: Relu, skip: Identity),
        InvertedResidual(expand: 48, out: 24, kernel: 3, stride: 2, act: HardSwish,
            se: (channels: 8, gate: HardSigmoid)),
    ], head: ConvThenPool(conv: 64, act: Relu))";

/// A latency of one millisecond per thousand multiply-adds; the measured latency is a tenth higher
/// than the predicted one.
struct Counted;

impl LatencySource for Counted {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(network.lower().expect("a legal network").cost().macs as f64 / 1e3)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(1.1 * self.predict_ms(network)?)
    }
}

/// Measures the same latency for every network, whatever is predicted for it.
struct Stuck;

impl LatencySource for Stuck {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Counted.predict_ms(network)
    }

    fn measure_ms(&self, _: &Network) -> Result<f64, LatencyError> {
        Ok(100.0)
    }
}

/// The settings in which the adaptations of the tests differ.
#[derive(Clone, Copy)]
struct How {
    /// The target as a share of the seed's latency.
    share: f64,
    jobs: usize,
    schedule: Schedule,
    learning_rate: f32,
}

impl How {
    fn to(share: f64, jobs: usize) -> Self {
        Self { share, jobs, schedule: Schedule::Full, learning_rate: 0.01 }
    }
}

struct Setting {
    seed: Network,
    weights: Weights,
    data: Dataset,
}

impl Setting {
    fn new() -> Self {
        let seed = Network::from_ron(NET).unwrap();
        let weights = Weights::random(&seed.lower().unwrap(), 5);
        let source = "shapes:classes=4,size=16,train=160,test=20".parse().unwrap();
        let data = Dataset::load(&source, HoldOut::new(0.25).unwrap(), 2).unwrap();
        Self { seed, weights, data }
    }

    fn adapt(
        &self,
        store: &mut Adaptation,
        how: How,
        latencies: Latencies<'_>,
        stop: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Adapted, AdaptError> {
        let problem = NetAdapt {
            backend: &Backend::Fused,
            seed: &self.seed,
            weights: &self.weights,
            variant: &Network::clone,
            train: &self.data.train,
            hold_out: &self.data.hold_out,
            latencies,
            stop,
        };
        let recipe = Recipe {
            optimiser: Optimiser::SGD,
            learning_rate: how.learning_rate,
            weight_decay: 1e-4,
            clip_norm: None,
            ema_decay: None,
            label_smoothing: 0.1,
            warm_up_steps: 0,
            // An epoch has fewer steps.
            steps: 5,
        };
        let batches = BatchSettings {
            batch: 40,
            resolution: 16,
            augment: Augment::NONE,
            order: Order::Shuffled,
            seed: 3,
        };
        let settings = AdaptSettings {
            metric: Metric::Ratio,
            delta: 0.03,
            decay: 0.96,
            schedule: how.schedule,
            target_ms: how.share * Counted.measure_ms(&self.seed)?,
            fine_tune: FineTune { recipe, batches, first_epoch: 0 },
            jobs: how.jobs,
        };
        adapt(&problem, &settings, store, &mut |_| go_on())
    }

    /// Stops and resumes an adaptation until it ends. Each run is stopped after `more` more checks
    /// than the one before, wherever the training is then.
    fn adapt_with_interruptions(&self, folder: &Path, how: How, more: usize) -> Adapted {
        for run in 4..200 {
            let left = AtomicUsize::new(more * run);
            let stop = || counted_down(&left);
            match self.adapt(&mut store(folder), how, Latencies::Device(&Counted), &stop) {
                Ok(adapted) => {
                    assert!(run > 6, "{run}");
                    return adapted;
                }
                Err(AdaptError::Stopped) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the adaptation does not end");
    }
}

fn store(folder: &Path) -> Adaptation {
    let settings = [("seed".to_owned(), "0".to_owned())].into();
    match Adaptation::is_there(folder) {
        true => Adaptation::resume(folder, &settings).unwrap(),
        false => Adaptation::create(folder, &settings, &[].into(), &[]).unwrap(),
    }
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Returns `Break` once it was called as often as `left` was at first.
fn counted_down(left: &AtomicUsize) -> ControlFlow<()> {
    match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
        Ok(_) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

#[test]
fn every_iteration_cuts_enough_and_the_path_is_the_same_after_any_interruption() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let mut whole = store(folder.path());
    let adapted =
        setting.adapt(&mut whole, How::to(0.5, 1), Latencies::Device(&Counted), &go_on).unwrap();
    let iterations = whole.iterations().unwrap();
    assert!(adapted.meets_target);
    assert!(iterations.len() > 3, "{}", iterations.len());
    let delta_ms = 0.03 * iterations[0].latency_ms;
    for pair in iterations.windows(2) {
        let cut_ms = pair[0].latency_ms - pair[1].latency_ms;
        let demanded_ms = delta_ms * 0.96_f64.powi(pair[0].number as i32);
        assert!(cut_ms >= demanded_ms * (1.0 - 1e-9), "{pair:?}");
        assert!((pair[1].cut_ms - cut_ms).abs() < 1e-9);
        assert_eq!(pair[1].to % 8, 0);
        // Predictions are corrected by measured latencies.
        assert!((pair[1].predicted_ms / pair[1].latency_ms - 1.0).abs() < 1e-9);
    }
    let last = iterations.last().unwrap();
    assert!((adapted.latency_ms / last.latency_ms - 1.0).abs() < 1e-9);
    assert!((Counted.measure_ms(&adapted.network).unwrap() / last.latency_ms - 1.0).abs() < 1e-12);
    let proposals = whole.proposals().unwrap();
    assert!(proposals.iter().all(|p| p.hold_out.correct.len() == setting.data.hold_out.len()));

    // Two jobs, stopped and resumed.
    let folder = tempdir().unwrap();
    assert_eq!(setting.adapt_with_interruptions(folder.path(), How::to(0.5, 2), 4), adapted);
    let part = store(folder.path());
    assert_eq!(part.iterations().unwrap(), iterations);
    assert_eq!(part.weights().unwrap(), whole.weights().unwrap());

    // The recorded latencies are enough to repeat the adaptation without a device.
    let folder = tempdir().unwrap();
    let recorded = whole.latencies().unwrap();
    let mut replayed =
        Adaptation::create(folder.path(), &[].into(), &[].into(), &recorded).unwrap();
    let again = setting.adapt(&mut replayed, How::to(0.5, 2), Latencies::Replay, &go_on).unwrap();
    assert_eq!(again, adapted);
    let unknown = Adaptation::create(tempdir().unwrap().path(), &[].into(), &[].into(), &[]);
    let refused = setting
        .adapt(&mut unknown.unwrap(), How::to(0.5, 1), Latencies::Replay, &go_on)
        .unwrap_err();
    assert!(matches!(refused, AdaptError::NotRecorded { kind: "measured", .. }), "{refused}");
}

#[test]
fn halving_trains_half_as_much_and_goes_on_after_any_interruption() {
    let setting = Setting::new();
    let how = How { schedule: Schedule::Halving, ..How::to(0.7, 1) };
    let folder = tempdir().unwrap();
    let mut whole = store(folder.path());
    let adapted = setting.adapt(&mut whole, how, Latencies::Device(&Counted), &go_on).unwrap();
    assert!(adapted.meets_target);
    let (iterations, proposals) = (whole.iterations().unwrap(), whole.proposals().unwrap());
    for (number, completed) in iterations.iter().enumerate().skip(1) {
        // Five training steps have parts that end after 1, 2 and 5 steps.
        let after = |trained: u64| {
            proposals.iter().filter(|p| p.iteration == number && p.trained_steps == trained).count()
        };
        assert!(after(1) > 2);
        assert_eq!((after(2), after(5)), (after(1).div_ceil(2), after(1).div_ceil(4)), "{number}");
        let chosen = |p: &&controller::netadapt::EvaluatedProposal| {
            (p.iteration, &p.axis, p.trained_steps) == (number, &completed.axis, 5)
        };
        assert_eq!(proposals.iter().find(chosen).unwrap().hold_out, completed.hold_out);
    }

    let folder = tempdir().unwrap();
    let how = How { jobs: 2, ..how };
    assert_eq!(setting.adapt_with_interruptions(folder.path(), how, 3), adapted);
    assert_eq!(store(folder.path()).weights().unwrap(), whole.weights().unwrap());
}

#[test]
fn a_learning_rate_with_which_all_diverge_is_named() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let how = How { learning_rate: 1e30, ..How::to(0.5, 2) };
    let mut out = store(folder.path());
    let error = setting.adapt(&mut out, how, Latencies::Device(&Counted), &go_on).unwrap_err();
    assert!(matches!(error, AdaptError::AllDiverged { iteration: 1, .. }), "{error}");
    // The proposals are recorded as diverged and not trained again.
    let proposals = out.proposals().unwrap();
    assert!(!proposals.is_empty() && proposals.iter().all(|p| p.hold_out.has_diverged()));
    let again = setting.adapt(&mut out, how, Latencies::Replay, &go_on).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    assert_eq!(out.proposals().unwrap(), proposals);
}

#[test]
fn a_target_out_of_reach_ends_at_the_closest_network() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let mut out = store(folder.path());
    let adapted =
        setting.adapt(&mut out, How::to(0.01, 2), Latencies::Device(&Counted), &go_on).unwrap();
    assert!(!adapted.meets_target);
    assert_eq!(adapted.latency_ms, out.iterations().unwrap().last().unwrap().latency_ms);
}

/// Multiplies the measured ratio of two networks by a factor that depends on them.
struct Misread<Factor>(Factor);

impl<Factor: Fn(&Network, &Network) -> f64 + Sync> LatencySource for Misread<Factor> {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Counted.predict_ms(network)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Counted.measure_ms(network)
    }

    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        let ratio = self.measure_ms(network)? / self.measure_ms(other)?;
        Ok((self.0)(network, other) * ratio)
    }
}

#[test]
fn errors_of_the_iterations_do_not_add_up_to_a_missed_target() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let mut out = store(folder.path());
    // The ratio of each network to the one before is too low; ratios to the seed are correct.
    let drifting =
        Misread(|_: &Network, other: &Network| if *other == setting.seed { 1.0 } else { 0.99 });
    let how = How::to(0.5, 2);
    let adapted = setting.adapt(&mut out, how, Latencies::Device(&drifting), &go_on).unwrap();
    let target_ms = 0.5 * Counted.measure_ms(&setting.seed).unwrap();
    let whole_ms = Counted.measure_ms(&adapted.network).unwrap();
    assert!(adapted.meets_target && whole_ms <= target_ms, "{whole_ms}, {target_ms}");
    // Before the last iteration, whose latency is confirmed relative to the seed, the error is
    // halved with each iteration, and every latency is the one before less the cut.
    let iterations = out.iterations().unwrap();
    for (number, network) in path(&setting.seed, &iterations).unwrap().iter().enumerate() {
        let ratio = iterations[number].latency_ms / Counted.measure_ms(network).unwrap();
        assert!((0.989..1.0 + 1e-9).contains(&ratio), "{number}: {ratio}");
    }
    for pair in iterations.windows(2) {
        assert_eq!(pair[1].cut_ms, pair[0].latency_ms - pair[1].latency_ms);
    }
    assert!((adapted.latency_ms / whole_ms - 1.0).abs() < 1e-9);
}

#[test]
fn one_low_reading_does_not_meet_the_target() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let mut out = store(folder.path());
    // The first ratio of each network to the seed is too low.
    let asked: Mutex<Vec<Network>> = Mutex::default();
    let hasty = Misread(|network: &Network, other: &Network| {
        let mut asked = asked.lock().unwrap();
        if *other != setting.seed || asked.contains(network) {
            return 1.0;
        }
        asked.push(network.clone());
        0.95
    });
    let adapted =
        setting.adapt(&mut out, How::to(0.5, 2), Latencies::Device(&hasty), &go_on).unwrap();
    let ms = |network: &Network| Counted.measure_ms(network).unwrap();
    assert!(adapted.meets_target && ms(&adapted.network) <= 0.5 * ms(&setting.seed));
    assert!((adapted.latency_ms / ms(&adapted.network) - 1.0).abs() < 1e-9);
    let mut recorded = out.latencies().unwrap();
    recorded.retain(|recorded| recorded.kind == LatencyKind::Confirmed);
    assert!(!recorded.is_empty());
}

#[test]
fn a_cut_that_no_measurement_confirms_is_no_iteration() {
    let setting = Setting::new();
    let folder = tempdir().unwrap();
    let mut out = store(folder.path());
    let adapted =
        setting.adapt(&mut out, How::to(0.1, 2), Latencies::Device(&Stuck), &go_on).unwrap();
    assert!(!adapted.meets_target);
    assert_eq!(out.iterations().unwrap().len(), 1);
    assert_eq!(adapted.network, setting.seed);
}

#[test]
fn baselines_have_the_latency_that_was_asked_for() {
    let mut seed = search_space::published::network("mobilenet_v3_small").unwrap();
    seed.classes = 10;
    let folder = tempdir().unwrap();
    let mut out = store(folder.path());
    let seed_ms = Counted.measure_ms(&seed).unwrap();
    let mut half = search_space::published::network("mobilenet_v3_small@width=0.5").unwrap();
    half.classes = 10;
    let wanted_ms = Counted.measure_ms(&half).unwrap();
    assert!(wanted_ms < 0.6 * seed_ms);
    let kinds = [
        Baseline::UniformWidth,
        Baseline::WidthAndResolution,
        Baseline::RandomWidths { seed: 1 },
        Baseline::RandomWidths { seed: 2 },
    ];
    let mut found = Vec::new();
    for kind in kinds {
        let latencies = Latencies::Device(&Counted);
        let like = MeasuredNetwork { network: half.clone(), latency_ms: wanted_ms };
        let MeasuredNetwork { network, latency_ms: ms } =
            baseline(kind, &seed, &like, latencies, &mut out).unwrap().unwrap();
        assert!((ms / wanted_ms - 1.0).abs() <= 0.05, "{kind:?}: {ms} for {wanted_ms}");
        assert!((ms / Counted.measure_ms(&network).unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(network.input.resolution < 224, kind == Baseline::WidthAndResolution);
        found.push(network);
    }
    assert_ne!(found[2], found[3]);
    // The widths that NetAdapt does not change are as before.
    let squeezed = |network: &Network| -> Vec<usize> {
        let all = search_space::axes(network).unwrap().into_iter();
        all.filter(|a| a.kind == search_space::AxisKind::Squeeze).map(|a| a.width).collect()
    };
    assert!(found.iter().all(|network| squeezed(network) == squeezed(&seed)));
    let recorded = out.latencies().unwrap();
    assert!(recorded.iter().any(|r| r.kind == LatencyKind::Measured));
}

#[test]
fn latencies_of_earlier_adaptations_are_read() {
    let folder = tempdir().unwrap();
    let read = |text: &str| {
        let path = folder.path().join("measurements.csv");
        std::fs::write(&path, text).unwrap();
        read_latency_records(&path).map_err(|error| error.to_string())
    };
    let now = read("kind,key,ms\nrelative,a/b,0.5\nmeasured,a,0.25\n").unwrap();
    let before = read("reading,key,ms\nagainst,a/b,0.5\nmeasured,a,0.25\n").unwrap();
    assert_eq!(before, now);
    assert_eq!(now[0].kind, LatencyKind::Relative);
    let error = read("kind,key,ms\nguessed,a,0.5\n").unwrap_err();
    assert!(error.contains("line 2") && error.contains("guessed"), "{error}");
}
