//! The manifest of a study is written to settings and read back.

use controller::search::algorithm::Algorithm;
use controller::search::{
    Acceptance, BudgetCounts, Exponent, FrontShare, Goal, Margin, Reward, SearchSettings, Target,
};
use controller::study::{AccuracyId, LatencyId, Manifest, SourceIds, SpaceId};
use proptest::prelude::*;
use search_space::Statistic;

fn sources() -> impl Strategy<Value = SourceIds> {
    let space = prop_oneof![
        Just(SpaceId { name: "table".to_owned(), fingerprint: None }),
        Just(SpaceId { name: "my space".to_owned(), fingerprint: Some("00ff".to_owned()) }),
    ];
    let accuracy = prop_oneof![
        Just(AccuracyId::Surrogate),
        Just(AccuracyId::Supernet { fingerprint: "0123456789abcdef".to_owned() }),
        Just(AccuracyId::Proxy { fingerprint: "fedcba9876543210".to_owned() }),
        Just(AccuracyId::Table {
            name: "bench 2.csv".to_owned(),
            fingerprint: "0123".to_owned(),
            columns: vec!["arch".to_owned(), "mean acc".to_owned()],
        }),
    ];
    let latency = prop_oneof![
        Just(LatencyId::Column),
        Just(LatencyId::Unknown),
        (1..65_usize, prop_oneof![Just(1.0), 0.5..2.0]).prop_map(|(threads, level)| {
            LatencyId::Device {
                device: "AMD EPYC; avx2 fma; L1D 32 KiB, L2 512 KiB".to_owned(),
                runtime: "native 0.1.0".to_owned(),
                threads,
                fingerprint: "89abcdef".to_owned(),
                level,
            }
        }),
    ];
    let optimum = proptest::option::of(Just(vec![0.71, 0.729_999]));
    (space, accuracy, latency, optimum).prop_map(|(space, accuracy, latency, optimum)| SourceIds {
        space,
        accuracy,
        latency,
        optimum,
    })
}

fn goals() -> impl Strategy<Value = Goal> {
    let reward = (0..3_u8, -3.0..0.0_f64).prop_map(|(kind, w)| {
        let exponent = Exponent::new(w).expect("an exponent");
        [Reward::Soft(exponent), Reward::Hard, Reward::Absolute(exponent)][usize::from(kind)]
    });
    let front = prop_oneof![Just(0.0), 0.0..1.0_f64]
        .prop_map(|share| FrontShare::new(share).expect("a share"));
    let acceptance = (any::<bool>(), 0.0..1.0_f64).prop_map(|(is_all, share)| Acceptance {
        statistic: if is_all { Statistic::All } else { Statistic::Undisturbed },
        margin: Margin::new(share).expect("a margin"),
    });
    let targets = proptest::collection::vec(0.001..1e4_f64, 1..4);
    let targets = (reward, targets, acceptance, front);
    let targets = targets.prop_map(|(reward, targets, acceptance, front)| {
        let target = |&ms: &f64| Target::new(ms).expect("a target").accepting(acceptance);
        Goal::Targets { reward, targets: targets.iter().map(target).collect(), front }
    });
    prop_oneof![Just(Goal::Accuracy), targets]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        sources in sources(),
        goal in goals(),
        (samples, seed, algorithm) in (1..1_000_000_usize, any::<u64>(), 0..4_usize),
        extensions in proptest::collection::vec(1..9_000_usize, 0..4),
        budget in proptest::option::of((proptest::option::of(1.0..99.0_f64), 1..999_usize, 1..99_u64)),
        limits in prop_oneof![Just(""), Just("params=4M"), Just("macs=300M,peak_activation=512KiB")],
    ) {
        let algorithm = Algorithm::ALL[algorithm];
        // Only latencies of a device are measured.
        let goal = match (goal, &sources.latency) {
            (goal, LatencyId::Device { .. }) | (goal @ Goal::Accuracy, _) => goal,
            (Goal::Targets { reward, targets, front }, _) => {
                let target = |target: &Target| target.accepting(Acceptance::default());
                Goal::Targets { reward, targets: targets.iter().map(target).collect(), front }
            }
        };
        let mut sources = sources;
        if let Some(optimum) = &mut sources.optimum {
            optimum.resize(goal.targets().len().max(1), 0.5);
        }
        let earlier = extensions.iter().scan(0, |total, more| { *total += more; Some(*total) });
        let earlier: Vec<usize> = earlier.filter(|total| *total < samples).collect();
        let settings = SearchSettings { algorithm, goal, samples, earlier, seed };
        let limits = if limits.is_empty() { Default::default() } else { limits.parse().unwrap() };
        let manifest = Manifest::new(sources, &settings, &limits);
        let budget = budget.map(|(supernet_epochs, samples, epochs)| BudgetCounts {
            supernet_epochs,
            samples,
            epochs,
        });
        let manifest = Manifest { budget, ..manifest };
        let read = Manifest::from_settings(&manifest.to_settings());
        prop_assert_eq!(read, Ok(manifest));
    }
}

#[test]
fn a_setting_that_no_search_writes_is_named() {
    let sources = SourceIds {
        space: SpaceId { name: "table".to_owned(), fingerprint: None },
        accuracy: AccuracyId::Surrogate,
        latency: LatencyId::Unknown,
        optimum: None,
    };
    let goal = Goal::Accuracy;
    let search =
        SearchSettings { algorithm: Algorithm::Random, goal, samples: 9, earlier: vec![], seed: 0 };
    let settings = Manifest::new(sources, &search, &Default::default()).to_settings();
    for (name, text) in [
        ("samples", "many"),
        ("samples", "60,40"),
        ("algorithm", "luck"),
        ("optimum", "inf"),
        ("budget", "8h"),
    ] {
        let mut other = settings.clone();
        other.insert(name.to_owned(), text.to_owned());
        let error = Manifest::from_settings(&other).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(text), "{error}");
    }
}
