//! The search with a made-up device and made-up accuracies.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicUsize, Ordering};

use controller::accuracy::{AccuracySource, Estimate};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Binding, Cost, Exponent, FrontShare, Goal, LatencyOf, Limits, Phase, Problem, Range, Reward,
    SearchError, SearchSettings, Target, Trial, UnmetLimit, Winner, best_accuracies,
    best_under_target, check_limits, elasticity, least_cost, pareto_front, random_comparison,
    range, search,
};
use controller::study::{Study, StudyError, StudySettings};
use proptest::prelude::*;
use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace, published};
use tempfile::tempdir;

/// Accuracy grows with every digit, at a decreasing rate.
fn accuracy(genotype: &Genotype) -> Estimate {
    let weighted =
        genotype.0.iter().enumerate().map(|(i, &d)| f64::from(d) * (1.0 + i as f64 / 9.0));
    let accuracy = 1.0 - 1.0 / (1.5 + weighted.sum::<f64>() / 20.0);
    Estimate { accuracy, standard_error: 0.003 }
}

/// A device whose latency is a function of the MACs, and which fails after some calls.
struct Device {
    calls_left: AtomicUsize,
    /// The ratio of measured to predicted latency.
    bias: f64,
}

impl Device {
    fn reliable() -> Self {
        Self::failing_after(usize::MAX / 2)
    }

    fn failing_after(calls: usize) -> Self {
        Self { calls_left: AtomicUsize::new(calls), bias: 1.0 }
    }

    fn call(&self, network: &Network) -> Result<f64, LatencyError> {
        if self.calls_left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.calls_left.store(0, Ordering::Relaxed);
            let message = "the device failed".to_owned();
            return Err(LatencyError { network: network.name.clone(), message });
        }
        Ok((network.lower().expect("valid").cost().macs as f64 / 1e7).powf(0.9))
    }
}

impl LatencySource for Device {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.call(network)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        Ok(self.call(network)? * self.bias)
    }
}

fn space() -> SearchSpace {
    published::space("shufflenet_v1").expect("ships with the crate")
}

fn settings(algorithm: Algorithm, target_ms: f64, samples: usize) -> SearchSettings {
    let reward = Reward::Soft(Exponent::DEFAULT);
    let targets = vec![Target::new(target_ms).expect("positive")];
    let goal = Goal::Targets { reward, targets, front: FrontShare::QUARTER };
    SearchSettings { algorithm, goal, samples, earlier: Vec::new(), seed: 5 }
}

/// Calls `run` with the problem of the space's networks on the device, within limits.
fn on_device<T>(device: &Device, limits: &Limits, run: impl FnOnce(&Problem<'_>) -> T) -> T {
    let space = space();
    run(&Problem {
        domain: &space.domain(),
        space: Some(&space),
        limits,
        accuracy: AccuracySource::Model(&accuracy),
        latency: LatencyOf::Device(device),
    })
}

/// The setting of a study that is extended.
fn samples(settings: &SearchSettings) -> StudySettings {
    let totals = settings.earlier.iter().chain([&settings.samples]);
    let totals: Vec<String> = totals.map(usize::to_string).collect();
    names(&[("samples", &totals.join(","))])
}

fn names(pairs: &[(&str, &str)]) -> StudySettings {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Runs a search to its end, continuing from its study, and chooses its winner.
fn run(
    settings: &SearchSettings,
    device: &Device,
    study: &mut Study,
) -> Result<(Vec<Trial>, Option<Winner>), SearchError> {
    on_device(device, &Limits::default(), |problem| {
        let trials = search(problem, settings, study, &mut |_| Continue(()))?;
        let target = settings.goal.targets()[0];
        let none = &mut |_: &Trial, _| Continue(());
        let best = best_under_target(problem, &trials, target, study, none)?;
        Ok((trials, best))
    })
}

fn run_in_memory(settings: &SearchSettings, device: &Device) -> (Vec<Trial>, Option<Winner>) {
    let folder = tempdir().expect("a temporary folder");
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none).expect("writable");
    run(settings, device, &mut study).expect("a reliable device")
}

#[test]
fn rewards_are_the_papers() {
    let target = Target::new(80.0).unwrap();
    // MnasNet, Fig. 3: accuracy 0.5 at 80 ms; at w = -0.07, twice the latency costs about 5 %.
    let soft = Reward::Soft(Exponent::new(-0.07).unwrap());
    assert_eq!(soft.of(0.5, 80.0, target), 0.5);
    assert!((soft.of(0.5, 160.0, target) / 0.5 - 0.9526).abs() < 1e-4);
    assert!(soft.of(0.5, 40.0, target) > 0.5);
    assert_eq!(Reward::Hard.of(0.5, 40.0, target), 0.5);
    assert_eq!(Reward::Hard.of(0.5, 160.0, target), 0.25);
    // TuNAS: a deviation of 20 ms costs w / 4 in either direction, and there is no cost at the
    // target.
    let absolute = Reward::Absolute(Exponent::new(-0.08).unwrap());
    assert_eq!(absolute.of(0.5, 80.0, target), 0.5);
    for ms in [60.0, 100.0] {
        assert!((absolute.of(0.5, ms, target) - 0.48).abs() < 1e-12, "{ms}");
    }
}

#[test]
fn targets_and_exponents_that_no_search_can_have() {
    for ms in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Target::new(ms).is_err(), "{ms}");
    }
    for w in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(Exponent::new(w).is_err(), "{w}");
    }
    let error = Exponent::new(0.1).unwrap_err().to_string();
    assert!(error.contains("0.1") && error.contains("slower"), "{error}");
    assert_eq!(Exponent::new(0.0).unwrap().w(), 0.0);
}

#[test]
fn shares_that_no_front_phase_can_have() {
    for share in [-0.1, 1.0, 1.5, f64::NAN, f64::INFINITY] {
        let error = FrontShare::new(share).expect_err("refused").to_string();
        assert!(error.contains(&format!("found {share}")) && error.contains("below 1"), "{error}");
    }
    assert_eq!(FrontShare::new(0.0), Ok(FrontShare::NONE));
    assert_eq!(FrontShare::new(0.25), Ok(FrontShare::QUARTER));
    assert_eq!(FrontShare::new(0.3).unwrap().of(11), 3);
}

/// The front phase comes last, so the trials before it are those of a search without it.
#[test]
fn the_front_phase_follows_a_search_without_it() {
    for algorithm in Algorithm::ALL {
        let with = settings(algorithm, 8.0, 400);
        let mut without = settings(algorithm, 8.0, 300);
        if let Goal::Targets { front, .. } = &mut without.goal {
            *front = FrontShare::NONE;
        }
        let (with, _) = run_in_memory(&with, &Device::reliable());
        let (without, _) = run_in_memory(&without, &Device::reliable());
        assert_eq!((with.len(), without.len()), (400, 300));
        assert_eq!(with[..300], without[..]);
        assert!(with[300..].iter().all(|trial| trial.phase == Phase::Front));
        assert!(without[..150].iter().all(|trial| trial.phase == Phase::Reward));
        assert!(without[150..].iter().all(|trial| trial.phase == Phase::Target));
    }
}

/// A search that stops before, at the start of and in its front phase has the trials of one that
/// never stopped.
#[test]
fn a_front_phase_is_resumed() {
    check_resumed(&settings(Algorithm::Evolution, 8.0, 240), &[160, 180, 200, 220]);
}

/// Bayesian optimisation has smaller batches than the others and its front phase.
#[test]
fn a_bayesian_search_is_resumed_after_any_of_its_batches() {
    check_resumed(&settings(Algorithm::Bayesian, 8.0, 88), &[5, 20, 25, 33, 60, 66, 86]);
}

/// Stops a search after each of these numbers of trials and compares it with one that never stopped.
fn check_resumed(settings: &SearchSettings, stops: &[usize]) {
    let whole = run_in_memory(settings, &Device::reliable());
    let folder = tempdir().expect("a temporary folder");
    let none = StudySettings::new();
    drop(Study::create(folder.path(), &none, &none).expect("writable"));
    for &stop in stops {
        let mut study = Study::resume(folder.path(), &none).expect("there");
        let stopped = on_device(&Device::reliable(), &Limits::default(), |problem| {
            search(problem, settings, &mut study, &mut |trials| match trials.len() < stop {
                true => Continue(()),
                false => Break(()),
            })
        });
        assert!(matches!(stopped, Err(SearchError::Stopped)));
    }
    let mut study = Study::resume(folder.path(), &none).expect("there");
    assert_eq!(run(settings, &Device::reliable(), &mut study).expect("reliable"), whole);
}

/// Every algorithm evaluates each genotype only once, and the number of jobs changes nothing.
#[test]
fn trials_are_distinct_and_do_not_depend_on_the_number_of_jobs() {
    for algorithm in Algorithm::ALL {
        let settings = settings(algorithm, 8.0, 400);
        let in_pool = |jobs: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().expect("threads");
            pool.install(|| run_in_memory(&settings, &Device::reliable()))
        };
        let (one, three) = (in_pool(1), in_pool(3));
        assert_eq!(one, three);
        let mut genotypes: Vec<&Genotype> = one.0.iter().map(|trial| &trial.genotype).collect();
        genotypes.sort();
        genotypes.dedup();
        assert_eq!(genotypes.len(), 400);
        let first = one.0.iter().filter(|trial| trial.phase == Phase::Reward).count();
        assert_eq!(first, 150);
        let last = one.0.iter().filter(|trial| trial.phase == Phase::Front).count();
        assert_eq!(last, 100);
    }
}

/// The reference is the best network under the target among every seventh genotype of the space.
#[test]
fn evolution_finds_the_optimum_of_an_exhaustive_search() {
    let space = space();
    let counts = space.option_counts();
    let mut best = 0.0_f64;
    let target = 6.0;
    let mut genotype = vec![0_u8; counts.len()];
    let device = Device::reliable();
    // Accuracy is the same for equal digits, so every 7th genotype in counting order is a fair
    // lower bound on the optimum.
    for index in (0..space.size() as usize).step_by(7) {
        let mut rest = index;
        for (digit, &count) in genotype.iter_mut().zip(&counts) {
            *digit = (rest % usize::from(count)) as u8;
            rest /= usize::from(count);
        }
        let candidate = Genotype(genotype.clone());
        let accuracy = accuracy(&candidate).accuracy;
        if accuracy > best {
            let network = space.decode(&candidate).unwrap();
            if network.lower().is_ok() && device.predict_ms(&network).unwrap() <= target {
                best = accuracy;
            }
        }
    }
    let settings = settings(Algorithm::Evolution, target, 2_000);
    let (trials, winner) = run_in_memory(&settings, &Device::reliable());
    let found = trials[winner.unwrap().trial].estimate.accuracy;
    assert!(found >= best - 0.002, "{found} against {best}");
    let compare =
        |problem: &Problem<'_>| random_comparison(problem, &settings, &mut |_| Continue(()));
    let random = on_device(&device, &Limits::default(), compare).unwrap();
    let target = settings.goal.targets()[0];
    let random = best_accuracies(random.iter().map(Trial::point), Some(target.ms()))
        .pop()
        .flatten()
        .unwrap();
    assert!(found > random, "{found} against random's {random}");
}

#[test]
fn the_winner_is_chosen_by_measured_latency() {
    let settings = settings(Algorithm::Evolution, 8.0, 800);
    for bias in [0.95, 1.0, 1.2, 1.8] {
        let device = Device { bias, ..Device::reliable() };
        let (trials, winner) = run_in_memory(&settings, &device);
        let winner = winner.expect("something meets the target");
        let measured = winner.measured_ms.expect("of a device");
        assert!(measured <= 8.0, "{bias}: {winner:?}");
        let predicted = trials[winner.trial].latency_ms.expect("of a device");
        assert!((measured - predicted * bias).abs() < 1e-9);
        // No more accurate network would have met the target.
        let accuracy = trials[winner.trial].estimate.accuracy;
        let fast = |trial: &&Trial| {
            trial
                .latency_ms
                .is_some_and(|ms| ms * bias <= settings.goal.targets()[0].max_measured_ms())
        };
        let better = trials.iter().filter(fast).filter(|trial| trial.estimate.accuracy > accuracy);
        assert_eq!(better.count(), 0, "{bias}");
    }
    let (_, none) = run_in_memory(&settings, &Device { bias: 1e6, ..Device::reliable() });
    assert_eq!(none, None);
}

#[test]
fn ranges_and_what_targets_mean_in_them() {
    let range = on_device(&Device::reliable(), &Limits::default(), |problem| range(problem, 1));
    let range = range.unwrap().expect("a device has latencies");
    assert!(range.fastest_ms < range.median_ms && range.median_ms < range.slowest_ms);
    let binding = |ms: f64| range.binding(Target::new(ms).unwrap());
    assert_eq!(binding(range.fastest_ms * 0.99), Binding::CannotBeMet);
    assert_eq!(binding(range.median_ms), Binding::Binds);
    assert_eq!(binding(range.slowest_ms * 1.01), Binding::DoesNotBind);
    assert!(range.suggested_ms().into_iter().all(|ms| binding(ms) == Binding::Binds));
}

/// Random draws find nothing within limits that one network in thousands keeps.
#[test]
fn tight_limits_and_targets_are_met_where_they_can_be() {
    let min_params = least_cost(&space(), Cost::Params, 0);
    let limits: Limits = format!("params={min_params}").parse().unwrap();
    let device = Device::reliable();
    let run = |limits: &Limits, settings: &SearchSettings| {
        let folder = tempdir().expect("a temporary folder");
        let none = StudySettings::new();
        let mut study = Study::create(folder.path(), &none, &none).expect("writable");
        on_device(&device, limits, |problem| {
            search(problem, settings, &mut study, &mut |_| Continue(())).expect("a reliable device")
        })
    };
    for trial in run(&limits, &settings(Algorithm::Random, 8.0, 40)) {
        let network = space().decode(&trial.genotype).unwrap();
        assert!(network.lower().unwrap().cost().params <= min_params);
    }
    assert!(!run(&limits, &settings(Algorithm::Random, 8.0, 40)).is_empty());

    let all = on_device(&device, &Limits::default(), |problem| range(problem, 1)).unwrap().unwrap();
    let settings = settings(Algorithm::Random, all.fastest_ms * 1.0001, 40);
    let met = run(&Limits::default(), &settings);
    assert!(met.iter().any(|trial| trial.meets(Some(settings.goal.targets()[0]))));
}

/// On a curve ACC = LAT^0.2 the reward is constant at w = -0.2; on a concave curve the optimum
/// moves with w.
#[test]
fn the_exponent_whose_optimum_is_the_target() {
    let on = |curve: &dyn Fn(f64) -> f64| -> Vec<Trial> {
        let trial = |latency_ms: f64| Trial {
            genotype: Genotype(vec![]),
            latency_ms: Some(latency_ms),
            estimate: Estimate { accuracy: curve(latency_ms), standard_error: 0.0 },
            reward: 0.0,
            phase: Phase::Reward,
        };
        (10..100).map(|tenth| trial(f64::from(tenth) / 10.0)).collect()
    };
    let target = Target::new(5.03).unwrap();
    let power = elasticity(&on(&|ms| 0.3 * ms.powf(0.2)), target).expect("spans the target");
    assert!((power.w + 0.2).abs() < 1e-9, "{power:?}");
    let concave = on(&|ms| 0.9 - 0.5 / ms);
    let found = elasticity(&concave, target).expect("spans the target");
    assert!(found.faster_ms <= 5.03 && 5.03 < found.slower_ms, "{found:?}");
    let optimum = |w: f64| {
        let reward = Reward::Soft(Exponent::new(w).unwrap());
        let of = |t: &Trial| reward.of(t.estimate.accuracy, t.latency_ms.unwrap(), target);
        let best = concave.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        best.and_then(|trial| trial.latency_ms).unwrap()
    };
    assert!((optimum(found.w - 1e-4) - found.faster_ms).abs() < 1e-9);
    assert!((optimum(found.w + 1e-4) - found.slower_ms).abs() < 1e-9);
    assert_eq!(elasticity(&concave, Target::new(20.0).unwrap()), None);
}

#[test]
fn studies_are_not_mixed_up() {
    let folder = tempdir().unwrap();
    let (ours, theirs) = (names(&[("seed", "1")]), names(&[("seed", "2")]));
    let text = |result: Result<Study, StudyError>| result.unwrap_err().to_string();
    assert!(text(Study::resume(folder.path(), &ours)).contains("no study"));
    // A process that is killed before it creates the tables leaves an empty file.
    std::fs::write(folder.path().join("study.sqlite"), "").unwrap();
    assert!(text(Study::resume(folder.path(), &ours)).contains("no study"));
    drop(Study::create(folder.path(), &ours, &names(&[("command", "nas search")])).unwrap());
    assert!(text(Study::create(folder.path(), &ours, &ours)).contains("--resume"));
    let other = text(Study::resume(folder.path(), &theirs));
    assert!(other.contains("seed is 1, not 2"), "{other}");
    assert!(Study::resume(folder.path(), &ours).is_ok());
    let file = folder.path().join("study.sqlite");
    std::fs::write(&file, "not a database, and long enough to be read as one").unwrap();
    assert!(text(Study::resume(folder.path(), &ours)).contains("study.sqlite"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A search that is interrupted at random calls and resumed has the trials, front and winner of
    /// one that was never interrupted.
    #[test]
    fn interrupted_searches_resume(
        runs in proptest::collection::vec(1..700_usize, 1..6),
        algorithm in proptest::sample::select(Algorithm::ALL.to_vec()),
    ) {
        let settings = settings(algorithm, 8.0, 160);
        let whole = run_in_memory(&settings, &Device::reliable());
        let folder = tempdir().expect("a temporary folder");
        let none = StudySettings::new();
        drop(Study::create(folder.path(), &none, &none).expect("writable"));
        for calls in runs {
            let mut study = Study::resume(folder.path(), &none).expect("there");
            let _ = run(&settings, &Device::failing_after(calls), &mut study);
        }
        let mut study = Study::resume(folder.path(), &none).expect("there");
        let resumed = run(&settings, &Device::reliable(), &mut study).expect("a reliable device");
        prop_assert_eq!(pareto_front(&resumed.0), pareto_front(&whole.0));
        prop_assert_eq!(resumed, whole);
    }

    /// A study that is extended, and interrupted before and after it, has the trials of one that is
    /// extended without interruptions. Its first trials are those before the extension, and the new
    /// ones search under the target.
    #[test]
    fn extended_searches_resume(
        runs in proptest::collection::vec(1..90_usize, 0..3),
        totals in proptest::collection::vec(1..50_usize, 2..4),
        algorithm in proptest::sample::select(Algorithm::ALL.to_vec()),
    ) {
        let first = settings(algorithm, 8.0, 20 + totals[0]);
        let mut stages = vec![first];
        for more in &totals[1..] {
            let last = stages[stages.len() - 1].clone();
            let samples = last.samples + more;
            stages.push(last.extended_to(samples).expect("more trials"));
        }
        let folder = tempdir().expect("a temporary folder");
        drop(Study::create(folder.path(), &samples(&stages[0]), &names(&[])).expect("writable"));
        let mut before: Vec<Trial> = Vec::new();
        for stage in &stages {
            for &calls in &runs {
                let mut study = Study::resume(folder.path(), &samples(stage)).expect("there");
                let _ = run(stage, &Device::failing_after(calls), &mut study);
            }
            let mut study = Study::resume(folder.path(), &samples(stage)).expect("there");
            let found = run(stage, &Device::reliable(), &mut study).expect("a reliable device");
            prop_assert_eq!(found.0.len(), stage.samples);
            prop_assert_eq!(&found.0[..before.len()], &before[..]);
            let new = &found.0[before.len()..];
            prop_assert!(before.is_empty() || new.iter().all(|t| t.phase == Phase::Target));
            prop_assert_eq!(&found, &run_in_memory(stage, &Device::reliable()));
            before = found.0;
        }
        // Fewer trials than the study has.
        let fewer = Study::resume(folder.path(), &samples(&stages[0])).map(|_| ());
        prop_assert!(fewer.unwrap_err().to_string().contains("samples is"));
    }

    /// No trial beats one of the front, and every other trial is beaten or equalled.
    #[test]
    fn fronts(points in proptest::collection::vec((0..20_u32, 0..20_u32), 0..40)) {
        let trials: Vec<Trial> = points.iter().map(|&(latency, accuracy)| Trial {
            genotype: Genotype(vec![]),
            latency_ms: Some(f64::from(latency)),
            estimate: Estimate { accuracy: f64::from(accuracy), standard_error: 0.0 },
            reward: 0.0,
            phase: Phase::Reward,
        }).collect();
        let front = pareto_front(&trials);
        let beats = |a: &Trial, b: &Trial| {
            let (la, lb) = (a.latency_ms, b.latency_ms);
            let (aa, ab) = (a.estimate.accuracy, b.estimate.accuracy);
            la <= lb && aa >= ab && (la < lb || aa > ab)
        };
        for (index, trial) in trials.iter().enumerate() {
            let beaten = trials.iter().any(|other| beats(other, trial));
            let equal = front.iter().any(|&f| {
                let same = &trials[f];
                same.latency_ms == trial.latency_ms && same.estimate == trial.estimate
            });
            prop_assert_eq!(front.contains(&index) && beaten, false);
            prop_assert!(beaten || equal);
        }
    }
}

#[test]
fn a_study_goes_on_with_more_trials_and_never_with_fewer() {
    let first = settings(Algorithm::Random, 8.0, 60);
    assert_eq!(first.clone().extended_to(60), Some(first.clone()));
    assert_eq!(first.clone().extended_to(59), None);
    let twice = first.extended_to(120).and_then(|s| s.extended_to(200)).expect("more trials");
    assert_eq!((twice.samples, &twice.earlier[..]), (200, &[60, 120][..]));
    assert_eq!(twice.first_samples(), 60);
}

#[test]
fn the_setting_that_differs_is_named_in_the_users_words() {
    let folder = tempdir().unwrap();
    let ours = [("algorithm", "evolution"), ("optimum", "0.9"), ("target_ms", "1.8,5")];
    drop(Study::create(folder.path(), &names(&ours), &names(&[])).unwrap());
    let resumed =
        |theirs: &[(&str, &str)]| Study::resume(folder.path(), &names(theirs)).map(|_| ());
    let other = [("algorithm", "random"), ("optimum", "0.8"), ("target_ms", "2.5")];
    let error = resumed(&other).unwrap_err().to_string();
    assert!(error.contains("its target is 1.8, 5 ms, not 2.5 ms"), "{error}");
    assert!(!error.contains("0.9"), "{error}");
    let error = resumed(&[("maximize", "accuracy")]).unwrap_err().to_string();
    assert!(error.contains("its target is 1.8, 5 ms, not none"), "{error}");
    // The optimum follows from the other settings.
    assert!(resumed(&[ours[0], ("optimum", "0.899"), ours[2]]).is_ok());
}

#[test]
fn rewards_that_no_algorithm_can_compute_with_are_refused() {
    let range = Range { fastest_ms: 1.0, median_ms: 4.0, slowest_ms: 16.0 };
    let check = |reward: Reward, target_ms: f64| {
        let targets = vec![Target::new(target_ms).unwrap()];
        let goal = Goal::Targets { reward, targets, front: FrontShare::QUARTER };
        SearchSettings { goal, ..settings(Algorithm::Random, 1.0, 60) }.check_rewards(&range)
    };
    let exponent = |w: f64| Exponent::new(w).unwrap();
    for w in [0.0, -0.15, -10.0] {
        assert_eq!(check(Reward::Soft(exponent(w)), 4.0), Ok(()), "{w}");
        assert_eq!(check(Reward::Absolute(exponent(w)), 4.0), Ok(()), "{w}");
    }
    assert_eq!(check(Reward::Hard, 4.0), Ok(()));
    let error = check(Reward::Soft(exponent(-1e9)), 4.0).unwrap_err().to_string();
    for part in ["found -1000000000;", "1.000 ms", "target of 4 ms"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(check(Reward::Absolute(exponent(-1e300)), 4.0).is_err());
}

#[test]
fn limits_that_nothing_meets_are_known_before_anything_is_measured() {
    let check = |text: &str| {
        let limits: Limits = text.parse().unwrap();
        // No latency is asked for.
        on_device(&Device::failing_after(0), &limits, |problem| check_limits(problem, 0))
    };
    let min = least_cost(&space(), Cost::Params, 0);
    assert_eq!(check(&format!("params={min}")), Ok(()));
    assert_eq!(check("params=900M,macs=900G"), Ok(()));
    let unmet = check(&format!("params={},macs=900G", min - 1)).unwrap_err();
    assert_eq!(unmet.below, [UnmetLimit { cost: Cost::Params, max: min - 1, min }]);
    assert!(unmet.to_string().contains(&format!("the minimum of params is {min}")), "{unmet}");
}
