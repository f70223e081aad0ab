//! Benchmarks of the search algorithms.
//!
//!     cargo run --release -p controller --example nas_bench -- table FILE.csv [SEEDS]
//!     cargo run --release -p controller --example nas_bench -- latency FILE.csv COLUMN [SEEDS]
//!     cargo run --release -p controller --example nas_bench -- mnasnet [SEEDS]
//!
//! `table` searches a NAS benchmark such as NAS-Bench-Macro (Su et al. 2021), of which every
//! network was trained, for accuracy alone. It prints the median regret in percentage points after
//! several numbers of trials.
//!
//! `latency` searches a benchmark with a column of latencies. It prints the median regret under
//! targets at the 10th, 30th and 60th percentile of the latencies after 300 trials.
//!
//! `mnasnet` searches with the shipped surrogate and a made-up latency (a constant, the MACs, and
//! something for each op) at w = -0.15. It prints each seed's best reward and best accuracy under
//! the target.

use std::ops::ControlFlow::Continue;
use std::path::Path;

use controller::accuracy::surrogate::Surrogate;
use controller::accuracy::{AccuracySource, AccuracyTable, Estimate, TableColumns};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, FrontShare, Goal, LatencyOf, Limits, Problem, Reward, SearchSettings, Target, Trial,
    best_accuracies, search,
};
use controller::study::{Study, StudySettings};
use rayon::prelude::*;
use search_space::{Genotype, LatencyError, LatencySource, Network, published};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The numbers of trials after which the regret is printed.
const COUNTS: [usize; 9] = [60, 100, 160, 200, 240, 300, 360, 400, 500];
/// The number of trials of a search under a target.
const FEW: usize = 300;
const PERCENTILES: [f64; 3] = [0.1, 0.3, 0.6];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let seeds = |rest: &[&str], default: u64| rest.first().map_or(Ok(default), |n| n.parse());
    match &args[..] {
        ["table", file, rest @ ..] => accuracy_alone(file, seeds(rest, 100)?),
        ["latency", file, column, rest @ ..] => under_targets(file, column, seeds(rest, 20)?),
        ["mnasnet", rest @ ..] => mnasnet(seeds(rest, 5)?),
        _ => Err("usage: nas_bench table FILE.csv [SEEDS], latency FILE.csv COLUMN [SEEDS], or \
                  mnasnet [SEEDS]"
            .into()),
    }
}

/// Runs a search and returns all of its trials.
fn trials(problem: &Problem<'_>, settings: &SearchSettings) -> Result<Vec<Trial>> {
    let folder = tempfile::tempdir()?;
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none)?;
    Ok(search(problem, settings, &mut study, &mut |_| Continue(()))?)
}

/// Runs `of` for each seed, in parallel.
fn of_seeds<T: Send>(seeds: u64, of: impl Fn(u64) -> Result<T> + Sync + Send) -> Result<Vec<T>> {
    (0..seeds).into_par_iter().map(of).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn accuracy_alone(file: &str, seeds: u64) -> Result<()> {
    let table = AccuracyTable::read(Path::new(file), &TableColumns::default(), None)?;
    let limits = Limits::default();
    let problem = Problem {
        domain: &table.domain,
        space: None,
        limits: &limits,
        accuracy: AccuracySource::Table(&table),
        latency: LatencyOf::Unknown,
    };
    let best = problem.optimum(None)?.ok_or("an empty table")?;
    println!("median regret in points over {seeds} seeds, best {:.3}", 100.0 * best);
    println!("{:>10}{}", "trials", COUNTS.map(|count| format!("{count:>8}")).join(""));
    for algorithm in Algorithm::ALL {
        let curves = of_seeds(seeds, |seed| {
            let samples = COUNTS[COUNTS.len() - 1];
            let settings = SearchSettings {
                algorithm,
                goal: Goal::Accuracy,
                samples,
                earlier: Vec::new(),
                seed,
            };
            Ok(best_accuracies(trials(&problem, &settings)?.iter().map(Trial::point), None))
        })?;
        let regret = |count: usize| {
            let known = curves.iter().filter_map(|curve| curve.get(count - 1).copied().flatten());
            median(known.map(|accuracy| 100.0 * (best - accuracy)).collect())
        };
        let cells = COUNTS.map(|count| format!("{:>8.3}", regret(count)));
        println!("{:>10}{}", algorithm.to_string(), cells.join(""));
    }
    Ok(())
}

fn under_targets(file: &str, column: &str, seeds: u64) -> Result<()> {
    let columns = TableColumns { latency: Some(column.to_owned()), ..TableColumns::default() };
    let table = AccuracyTable::read(Path::new(file), &columns, None)?;
    let limits = Limits::default();
    let problem = Problem {
        domain: &table.domain,
        space: None,
        limits: &limits,
        accuracy: AccuracySource::Table(&table),
        latency: LatencyOf::Column(&table),
    };
    let mut latencies: Vec<f64> = table.rows().filter_map(|(_, known)| known.latency_ms).collect();
    latencies.sort_by(f64::total_cmp);
    println!("{column}: median regret in points over {seeds} seeds after {FEW} trials");
    for algorithm in Algorithm::ALL {
        let mut cells = Vec::new();
        for percentile in PERCENTILES {
            let target = Target::new(latencies[(percentile * latencies.len() as f64) as usize])?;
            let best = problem.optimum(Some(target))?.ok_or("nothing under the target")?;
            let regrets = of_seeds(seeds, |seed| {
                let reward = Reward::Soft(Exponent::DEFAULT);
                let (targets, front) = (vec![target], FrontShare::default_of(algorithm));
                let goal = Goal::Targets { reward, targets, front };
                let settings =
                    SearchSettings { algorithm, goal, samples: FEW, earlier: Vec::new(), seed };
                let curve = best_accuracies(
                    trials(&problem, &settings)?.iter().map(Trial::point),
                    Some(target.ms()),
                );
                let found = curve.last().copied().flatten().ok_or("nothing under the target")?;
                Ok(100.0 * (best - found))
            })?;
            cells.push(format!("{:>8.3}", median(regrets)));
        }
        println!("{:>10}{}", algorithm.to_string(), cells.join(""));
    }
    Ok(())
}

struct MadeUp;

impl LatencySource for MadeUp {
    fn predict_ms(&self, network: &Network) -> std::result::Result<f64, LatencyError> {
        let graph = network.lower().map_err(|error| LatencyError {
            network: network.name.clone(),
            message: error.to_string(),
        })?;
        Ok(0.5 + graph.cost().macs as f64 / 30e6 + 0.01 * graph.nodes.len() as f64)
    }

    fn measure_ms(&self, network: &Network) -> std::result::Result<f64, LatencyError> {
        self.predict_ms(network)
    }
}

fn mnasnet(seeds: u64) -> Result<()> {
    let space = published::space("mnasnet")?;
    let surrogate = Surrogate::shipped(&space)?;
    let accuracy = |genotype: &Genotype| {
        let known = surrogate.predict(genotype).ok();
        known.map_or(Estimate { accuracy: 0.0, standard_error: 0.0 }, |known| Estimate {
            accuracy: known.accuracy,
            standard_error: known.standard_error,
        })
    };
    let target = Target::new(12.0)?;
    let (domain, limits) = (space.domain(), Limits::default());
    let problem = Problem {
        domain: &domain,
        space: Some(&space),
        limits: &limits,
        accuracy: AccuracySource::Model(&accuracy),
        latency: LatencyOf::Device(&MadeUp),
    };
    println!("best soft reward/best accuracy under {} ms, by seed", target.ms());
    for (algorithm, samples) in [
        (Algorithm::Ppo, 4_000),
        (Algorithm::Random, 16_000),
        (Algorithm::Nsga2, 4_000),
        (Algorithm::Bayesian, 1_000),
        (Algorithm::Evolution, 1_000),
        (Algorithm::Evolution, 4_000),
        (Algorithm::Evolution, 16_000),
    ] {
        let runs = of_seeds(seeds, |seed| {
            let reward = Reward::Soft(Exponent::DEFAULT);
            let (targets, front) = (vec![target], FrontShare::default_of(algorithm));
            let goal = Goal::Targets { reward, targets, front };
            let trials = trials(
                &problem,
                &SearchSettings { algorithm, goal, samples, earlier: Vec::new(), seed },
            )?;
            let rewards = trials.iter().map(|trial| trial.reward);
            let reward = rewards.fold(f64::NEG_INFINITY, f64::max);
            let under = best_accuracies(trials.iter().map(Trial::point), Some(target.ms()))
                .last()
                .copied()
                .flatten();
            Ok(format!("{reward:.5}/{:.5}", under.unwrap_or_default()))
        })?;
        println!("{:>10} {samples:>6}  {}", algorithm.to_string(), runs.join("  "));
    }
    Ok(())
}
