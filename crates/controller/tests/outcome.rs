//! What a search found, on a table of nine architectures: `ij` has accuracy 0.6 + 0.1 i + 0.01 j and
//! takes 1 + 3 i + j ms.

use std::ops::ControlFlow::Continue;

use controller::accuracy::{AccuracySource, AccuracyTable, Estimate, TableColumns};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, Found, FrontShare, Goal, LatencyOf, Limits, Meets, Outcome, Phase, Problem, Reward,
    SearchSettings, Target, Trial, TrialLatency, Winner, Winners, search, winners,
};
use controller::study::{Study, StudySettings};
use search_space::{AllRuns, MeasuredLatency, MeasuredRuns, Statistic, published};

fn table() -> AccuracyTable {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bench.csv");
    let rows = (0..9).map(|i| format!("{}{},0.{}{},{}\n", i / 3, i % 3, 6 + i / 3, i % 3, 1 + i));
    std::fs::write(&file, format!("arch,accuracy,latency_ms\n{}", rows.collect::<String>()))
        .unwrap();
    AccuracyTable::read(&file, &TableColumns::default(), None).unwrap()
}

fn problem<'a>(table: &'a AccuracyTable, limits: &'a Limits) -> Problem<'a> {
    let (accuracy, latency) = (AccuracySource::Table(table), LatencyOf::Column(table));
    Problem { domain: &table.domain, space: None, limits, accuracy, latency }
}

fn goal(targets_ms: &[f64]) -> Goal {
    let targets = targets_ms.iter().map(|&ms| Target::new(ms).unwrap()).collect();
    Goal::Targets { reward: Reward::Soft(Exponent::DEFAULT), targets, front: FrontShare::NONE }
}

/// All architectures as trials, and the winners of a search.
fn searched(problem: &Problem<'_>, goal: &Goal) -> (Vec<Trial>, Vec<Winners>) {
    let (algorithm, goal, earlier) = (Algorithm::Random, goal.clone(), Vec::new());
    let settings = SearchSettings { algorithm, goal, samples: 9, earlier, seed: 0 };
    let folder = tempfile::tempdir().unwrap();
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none).unwrap();
    let trials = search(problem, &settings, &mut study, &mut |_| Continue(())).unwrap();
    let mut no_progress = |_: &Trial, _: TrialLatency| Continue(());
    let winners = winners(problem, &settings.goal, &trials, &mut study, &mut no_progress).unwrap();
    (trials, winners)
}

#[test]
fn winners_are_found_for_each_target() {
    let (table, limits, goal) = (table(), Limits::default(), goal(&[5.0, 0.5]));
    let problem = problem(&table, &limits);
    let (trials, winners) = searched(&problem, &goal);
    let outcome = Outcome {
        problem,
        goal: &goal,
        trials: &trials,
        winners: &winners,
        measured: &[],
        references: &[],
    };
    let found = outcome.found_for_targets();
    let best = found[0].best.as_ref().unwrap();
    assert_eq!((best.genotype.as_str(), best.accuracy), ("11", 0.71));
    assert_eq!((best.predicted_ms, best.measured_ms), (Some(5.0), Some(5.0)));
    assert_eq!(best.accuracy_interval, [0.71, 0.71], "a table is exact");
    assert_eq!(best.reward, 0.71, "at the target");
    assert_eq!(best.meets, Meets::default(), "nothing was measured");
    assert_eq!((found[0].target_ms, found[0].feasible), (Some(5.0), 5));
    assert_eq!((found[0].margin, found[0].statistic), (None, None), "nothing was measured");
    assert_eq!((&found[1].best, found[1].feasible), (&None, 0));
    // The reward of the soft exponent does not depend on the target.
    let by_reward =
        |index: usize| found[index].best_by_reward.as_ref().map(|f: &Found| &f.genotype);
    assert_eq!(by_reward(0), by_reward(1));
    let none = Outcome { trials: &[], winners: &[], ..outcome };
    assert_eq!((&none.found_for_targets()[0].best, none.found_for_targets().len()), (&None, 2));
}

#[test]
fn the_csv_file_has_all_trials_with_what_was_measured() {
    let (table, limits, goal) = (table(), Limits::default(), goal(&[5.0]));
    let problem = problem(&table, &limits);
    let trial = |text: &str| {
        let genotype = table.domain.parse(text).unwrap();
        let latency_ms = problem.candidate(&genotype).unwrap().unwrap().latency_ms;
        let estimate = problem.estimate(&genotype).unwrap();
        let reward = goal.reward(estimate.accuracy, latency_ms, goal.each_target()[0]);
        Trial { genotype, latency_ms, estimate, reward, phase: Phase::Target }
    };
    let trials = ["00", "12", "11", "22"].map(trial);
    let index = |text: &str| {
        trials.iter().position(|trial| table.domain.text(&trial.genotype) == text).unwrap()
    };
    let all = AllRuns { p50_ms: 5.5, p95_ms: 6.25, runs: 140 };
    let runs = MeasuredRuns { p10_ms: 4.5, p90_ms: 4.9, count: 100, left_out_share: 0.25, all };
    let measured = Some(MeasuredLatency { p50_ms: 4.75, runs: Some(runs) });
    let best = Some(Winner { trial: index("11"), measured_ms: Some(4.75), measured });
    let winners = [Winners { target: Some(Target::new(5.0).unwrap()), best, best_by_reward: None }];
    let candidate = TrialLatency { ms: 6.5, measured: None };
    let measured = [(trials[index("12")].clone(), candidate)];
    let outcome = Outcome {
        problem,
        goal: &goal,
        trials: &trials,
        winners: &winners,
        measured: &measured,
        references: &[],
    };
    let text = outcome.pareto_csv();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "kind,trial,genotype,predicted_ms,accuracy,standard_error,reward,on_front,measured_ms,\
         undisturbed_p50_ms,all_p50_ms,all_p95_ms,left_out_share"
    );
    assert_eq!(lines.len(), 1 + trials.len());
    let line = |genotype: &str| {
        let line = lines.iter().find(|line| line.split(',').nth(2) == Some(genotype)).unwrap();
        line.split(',').collect::<Vec<_>>()
    };
    let won = line("11");
    assert_eq!(won[1], index("11").to_string());
    // Slower architectures are more accurate, so that all are on the front.
    assert_eq!(won[3..], ["5", "0.71", "0", "0.71", "1", "4.75", "4.75", "5.5", "6.25", "0.25"]);
    assert_eq!(line("12")[7..], ["1", "6.5", "", "", "", ""]);
    assert_eq!(line("00")[7..], ["1", "", "", "", "", ""]);
    let found = outcome.found_for_targets();
    let meets = found[0].best.as_ref().unwrap().meets;
    assert_eq!(
        (meets.by(Statistic::Undisturbed), meets.by(Statistic::All)),
        (Some(true), Some(false))
    );
}

#[test]
fn references_are_the_candidates_among_the_published_genotypes() {
    let space = published::space("mnasnet").unwrap();
    let (domain, limits) = (space.domain(), Limits::default());
    let accuracy = |_: &_| Estimate { accuracy: 0.5, standard_error: 0.1 };
    let with = |limits, latency| Problem {
        domain: &domain,
        space: Some(&space),
        limits,
        accuracy: AccuracySource::Model(&accuracy),
        latency,
    };
    let unknown = with(&limits, LatencyOf::Unknown);
    assert!(unknown.references().unwrap().is_empty(), "they have no latency");
    let references = with(&limits, LatencyOf::Device(&Counted)).references().unwrap();
    assert!(!references.is_empty() && references.iter().all(|r| r.latency_ms > 0.0));
    let names: Vec<&str> = references.iter().map(|reference| reference.known.name).collect();
    let fastest = references.iter().map(|r| r.latency_ms).fold(f64::INFINITY, f64::min);
    let at_most: Limits = format!("macs={}", (fastest * 1e6).ceil()).parse().unwrap();
    let limited = with(&at_most, LatencyOf::Device(&Counted)).references().unwrap();
    assert!(limited.len() < references.len(), "{names:?}");
}

/// A latency of one millisecond per million multiply-adds.
struct Counted;

impl search_space::LatencySource for Counted {
    fn predict_ms(
        &self,
        network: &search_space::Network,
    ) -> Result<f64, search_space::LatencyError> {
        Ok(network.lower().expect("valid").cost().macs as f64 / 1e6)
    }

    fn measure_ms(
        &self,
        network: &search_space::Network,
    ) -> Result<f64, search_space::LatencyError> {
        self.predict_ms(network)
    }
}

#[test]
fn an_interval_is_of_95_percent_and_within_0_and_1() {
    let interval = |accuracy, standard_error| Estimate { accuracy, standard_error }.interval();
    let [low, high] = interval(0.5, 0.1);
    assert!((low - 0.304).abs() < 1e-12 && (high - 0.696).abs() < 1e-12);
    assert_eq!(interval(0.99, 0.1)[1], 1.0);
    assert_eq!(interval(0.01, 0.1)[0], 0.0);
}
