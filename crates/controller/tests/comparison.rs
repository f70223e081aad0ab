//! Hypervolumes, best accuracies and quartiles compared with plain references.

use std::path::PathBuf;

use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, FrontShare, Goal, Limits, Quartiles, Reward, SearchSettings, Target, best_accuracies,
    hypervolumes, improvements, quartiles, trial_counts,
};
use controller::study::{
    AccuracyId, ComparableStudy, LatencyId, Manifest, SourceIds, SpaceId, StudyPoint,
    group_by_search,
};
use proptest::prelude::*;
use search_space::quantile;

fn point(latency_ms: f64, accuracy: f64) -> StudyPoint {
    StudyPoint { latency_ms: Some(latency_ms), accuracy }
}

/// All trial counts up to `longest`.
fn all_of(longest: usize) -> Vec<usize> {
    (1..=longest).collect()
}

proptest! {
    /// Points on a grid dominate whole cells of it, which the reference counts one by one.
    #[test]
    fn hypervolumes_are_the_dominated_cells(
        points in prop::collection::vec((0..14_u32, 0..=10_u32), 1..40)
    ) {
        const TARGET: u32 = 12;
        let trials: Vec<StudyPoint> =
            points.iter().map(|&(ms, tenths)| point(f64::from(ms), f64::from(tenths) / 10.0)).collect();
        let shares = hypervolumes(&trials, f64::from(TARGET));
        for (done, share) in (1..).zip(shares) {
            let dominated = |column: u32, row: u32| {
                points[..done].iter().any(|&(ms, tenths)| ms <= column && row < tenths)
            };
            let cells = (0..TARGET).flat_map(|column| (0..10).map(move |row| (column, row)));
            let count = cells.filter(|&(column, row)| dominated(column, row)).count();
            let expected = count as f64 / f64::from(TARGET * 10);
            prop_assert!((share.unwrap() - expected).abs() < 1e-12, "{done}: {share:?}, {expected}");
        }
    }

    /// The hypervolume does not depend on the order of the trials, whatever their coordinates.
    #[test]
    fn hypervolumes_do_not_depend_on_the_order(
        points in prop::collection::vec((0.0..20.0_f64, 0.0..1.0_f64), 1..60)
    ) {
        let trials: Vec<StudyPoint> = points.iter().map(|&(ms, accuracy)| point(ms, accuracy)).collect();
        let last = |trials: &[StudyPoint]| hypervolumes(trials, 15.0).pop().flatten().unwrap();
        let reversed: Vec<StudyPoint> = trials.iter().rev().copied().collect();
        prop_assert!((last(&trials) - last(&reversed)).abs() < 1e-12);
        let all = hypervolumes(&trials, 15.0);
        prop_assert!(all.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    /// A quantile interpolates linearly between the sorted values.
    #[test]
    fn quantiles(mut values in prop::collection::vec(-1e3..1e3_f64, 1..30), share in 0.0..=1.0_f64) {
        values.sort_by(f64::total_cmp);
        let found = quantile(&values, share);
        let last = values.len() - 1;
        let place = share * last as f64;
        let ranks = values.iter().enumerate().map(|(rank, &value)| {
            // Linear interpolation gives each rank a triangular weight.
            value * (1.0 - (rank as f64 - place).abs()).max(0.0)
        });
        prop_assert!((found - ranks.sum::<f64>()).abs() < 1e-9);
        prop_assert_eq!(quantile(&values, 0.0), values[0]);
        prop_assert_eq!(quantile(&values, 1.0), values[last]);
    }
}

/// The values are those of numpy.quantile([1, 2, 4, 8], [0.25, 0.5, 0.75]).
#[test]
fn quantiles_are_numpys() {
    let of = |share| quantile(&[1.0, 2.0, 4.0, 8.0], share);
    assert_eq!([of(0.25), of(0.5), of(0.75)], [1.75, 3.0, 5.0]);
    assert!(quantile(&[], 0.5).is_nan());
    assert_eq!(quantile(&[f64::NEG_INFINITY, 1.0], 0.5), f64::NEG_INFINITY);
}

#[test]
fn best_accuracies_count_what_meets_the_target() {
    let trials = [
        point(9.0, 0.7),
        point(5.0, 0.5),
        StudyPoint { latency_ms: None, accuracy: 0.9 },
        point(4.0, 0.4),
        point(3.0, 0.6),
    ];
    let under = best_accuracies(trials, Some(5.0));
    assert_eq!(under, [None, Some(0.5), Some(0.5), Some(0.5), Some(0.6)]);
    assert_eq!(improvements(trials, Some(5.0)), [(1, 0.5), (4, 0.6)]);
    assert_eq!(improvements(trials, None), [(0, 0.7), (2, 0.9)]);
    assert_eq!(improvements(trials, Some(2.0)), []);
    let any = best_accuracies(trials, None);
    assert_eq!(any, [Some(0.7), Some(0.7), Some(0.9), Some(0.9), Some(0.9)]);
}

#[test]
fn quartiles_are_of_the_curves_that_are_long_enough() {
    let curves = [
        vec![None, Some(0.5), Some(0.6)],
        vec![Some(0.2), Some(0.3), Some(0.4), Some(0.8)],
        vec![None, Some(0.7), Some(0.7)],
    ];
    let after = |trials, seeds, q25, median, q75| Quartiles { trials, seeds, q25, median, q75 };
    let found = quartiles(&curves, &all_of(5));
    let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-12,
        (a, b) => a == b,
    };
    let expected = [
        // Two of the three seeds have nothing yet, so every quartile involves one of them.
        after(1, 3, None, None, None),
        after(2, 3, Some(0.4), Some(0.5), Some(0.6)),
        after(3, 3, Some(0.5), Some(0.6), Some(0.65)),
        after(4, 1, Some(0.8), Some(0.8), Some(0.8)),
    ];
    assert_eq!(found.len(), expected.len(), "no curve has five trials: {found:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((found.trials, found.seeds), (expected.trials, expected.seeds));
        assert!(close(found.q25, expected.q25), "{found:?}");
        assert!(close(found.median, expected.median), "{found:?}");
        assert!(close(found.q75, expected.q75), "{found:?}");
    }
    let regret = found[1].regret(0.75);
    assert!(close(regret.q25, Some(0.15)) && close(regret.q75, Some(0.35)), "{regret:?}");
}

#[test]
fn trial_counts_are_round_and_reach_every_end() {
    assert_eq!(trial_counts(&[]), Vec::<usize>::new());
    assert_eq!(trial_counts(&[1]), [1]);
    assert_eq!(trial_counts(&[12, 10]), all_of(12));
    let counts = trial_counts(&[16_000, 4_321]);
    for count in [1, 99, 100, 200, 500, 1_000, 4_321, 15_000, 16_000] {
        assert!(counts.contains(&count), "{count}");
    }
    assert!(!counts.contains(&101) && !counts.contains(&4_320));
    assert!(counts.is_sorted() && counts.len() < 300, "{}", counts.len());
}

/// A study for 10 ms, or for accuracy alone, whose optimum is 0.75.
fn study(seed: u64, target_ms: Option<f64>, points: &[StudyPoint]) -> ComparableStudy {
    let sources = SourceIds {
        space: SpaceId { name: "table".to_owned(), fingerprint: None },
        accuracy: AccuracyId::Surrogate,
        latency: LatencyId::Unknown,
        optimum: Some(vec![0.75]),
    };
    let goal = target_ms.map_or(Goal::Accuracy, |ms| Goal::Targets {
        reward: Reward::Soft(Exponent::DEFAULT),
        targets: vec![Target::new(ms).unwrap()],
        front: FrontShare::NONE,
    });
    let (algorithm, samples, earlier) = (Algorithm::Random, points.len(), Vec::new());
    let settings = SearchSettings { algorithm, goal, samples, earlier, seed };
    let manifest = Manifest::new(sources, &settings, &Limits::default());
    let (path, settings) = (PathBuf::from(format!("{seed}")), manifest.to_settings());
    ComparableStudy { path, manifest, settings, points: points.to_vec() }
}

#[test]
fn a_group_has_the_quartiles_of_each_quantity_over_its_seeds() {
    let studies = vec![
        study(0, Some(10.0), &[point(11.0, 0.7), point(5.0, 0.5), point(5.0, 0.5)]),
        study(1, Some(10.0), &[point(5.0, 0.25), point(2.5, 0.75)]),
    ];
    let groups = group_by_search(studies).unwrap();
    // The seeds have other numbers of trials, which is another search.
    assert_eq!(groups.len(), 2);
    let studies = vec![
        study(0, Some(10.0), &[point(11.0, 0.7), point(5.0, 0.5)]),
        study(1, Some(10.0), &[point(5.0, 0.25), point(2.5, 0.75)]),
    ];
    let groups = group_by_search(studies).unwrap();
    let progress = groups[0].progress(Some(10.0)).unwrap();
    let medians = |points: &[Quartiles]| points.iter().map(|at| at.median).collect::<Vec<_>>();
    // The first seed has nothing under 10 ms after one trial.
    assert_eq!(medians(&progress.accuracy.points), [None, Some(0.625)]);
    assert_eq!(progress.accuracy.common, progress.accuracy.points[1]);
    // Shares of 10 ms: none and a half of 0.25; then a half of 0.5 and three quarters of 0.75.
    let volumes = progress.hypervolume.unwrap();
    assert_eq!(medians(&volumes.points), [Some(0.0625), Some((0.25 + 0.5625) / 2.0)]);
    assert_eq!(medians(&progress.regret.unwrap().points), [None, Some(0.125)]);
}

#[test]
fn a_group_for_accuracy_alone_has_no_hypervolume() {
    let points = [StudyPoint { latency_ms: None, accuracy: 0.5 }];
    let groups = group_by_search(vec![study(0, None, &points)]).unwrap();
    let progress = groups[0].progress(None).unwrap();
    assert_eq!(progress.hypervolume, None);
    assert_eq!(progress.regret.unwrap().common.median, Some(0.25));
    let groups = group_by_search(vec![study(0, None, &[])]).unwrap();
    assert_eq!(groups[0].progress(None), None, "no trials");
}
