//! How good the algorithms are with few trials.
//!
//!     cargo run --release -p controller --example nas_bench -- macro FILE.csv [SEEDS]
//!     cargo run --release -p controller --example nas_bench -- mnasnet [SEEDS]
//!
//! `macro`: NAS-Bench-Macro (Su et al. 2021), of which every network was trained, by accuracy alone.
//! Prints the median regret in points after some counts of trials. The file has the columns `arch`
//! and `mean_acc`.
//!
//! `mnasnet`: the shipped surrogate and a made-up latency (a constant, the MACs, and something for
//! each op) at w = -0.15. Prints each seed's best reward.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::ControlFlow::Continue;

use controller::algorithm::BATCH;
use controller::surrogate::Surrogate;
use controller::{
    Algorithm, Estimate, Exponent, Half, Limits, Reward, SearchSettings, Searcher, Study,
    StudySettings, Target, Trial, search,
};
use rayon::prelude::*;
use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace, published};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Choices of NAS-Bench-Macro, of three options each.
const LAYERS: usize = 8;
/// Trials after which the regret is printed.
const COUNTS: [usize; 9] = [60, 100, 160, 200, 240, 300, 360, 400, 500];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let seeds = |rest: &[&str], default: u64| rest.first().map_or(Ok(default), |n| n.parse());
    match &args[..] {
        ["macro", file, rest @ ..] => nas_bench_macro(file, seeds(rest, 100)?),
        ["mnasnet", rest @ ..] => mnasnet(seeds(rest, 5)?),
        _ => Err("usage: nas_bench macro FILE.csv [SEEDS], or nas_bench mnasnet [SEEDS]".into()),
    }
}

fn nas_bench_macro(file: &str, seeds: u64) -> Result<()> {
    let space = stand_in()?;
    let accuracies = read(file, &space)?;
    let best = accuracies.values().copied().fold(f64::NEG_INFINITY, f64::max);
    println!("median regret in points over {seeds} seeds, best {best:.3}");
    println!("{:>10}{}", "trials", COUNTS.map(|count| format!("{count:>8}")).join(""));
    for algorithm in Algorithm::ALL {
        let runs: Vec<Vec<f64>> = (0..seeds)
            .into_par_iter()
            .map(|seed| best_so_far(algorithm, &space, &accuracies, seed))
            .collect::<Result<_>>()?;
        let regret = |count: usize| {
            let mut regrets: Vec<f64> = runs.iter().map(|run| best - run[count - 1]).collect();
            regrets.sort_by(f64::total_cmp);
            (regrets[(regrets.len() - 1) / 2] + regrets[regrets.len() / 2]) / 2.0
        };
        let cells = COUNTS.map(|count| format!("{:>8.3}", regret(count)));
        println!("{:>10}{}", algorithm.to_string(), cells.join(""));
    }
    Ok(())
}

/// A space with as many choices and options. Its networks are others, but nobody looks at them: the
/// latency is no objective, and the accuracy is looked up by the genotype.
fn stand_in() -> Result<SearchSpace> {
    let stage = "(out: 8, layers: 1, stride: 1, choices: [Expand([1, 3, 6])]),";
    Ok(SearchSpace::from_ron(&format!(
        r#"SearchSpace(format: 1, name: "nas_bench_macro", channels: 3, resolution: [32], classes: 10,
            stem: [Conv(out: 8, kernel: 3, stride: 1, act: Relu)],
            stages: [{}],
            head: Pool())"#,
        stage.repeat(LAYERS)
    ))?)
}

/// Mean accuracies in per cent.
fn read(file: &str, space: &SearchSpace) -> Result<HashMap<Genotype, f64>> {
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|header| header == name);
        found.ok_or_else(|| format!("{file}: no column {name}"))
    };
    let (arch, accuracy) = (column("arch")?, column("mean_acc")?);
    let mut accuracies = HashMap::new();
    for record in reader.records() {
        let record = record?;
        accuracies.insert(space.parse_genotype(&record[arch])?, record[accuracy].parse()?);
    }
    Ok(accuracies)
}

/// The best accuracy after each trial.
fn best_so_far(
    algorithm: Algorithm,
    space: &SearchSpace,
    accuracies: &HashMap<Genotype, f64>,
    seed: u64,
) -> Result<Vec<f64>> {
    let mut searcher = Searcher::new(algorithm, space, seed);
    let mut bests: Vec<f64> = Vec::new();
    while bests.len() < COUNTS[COUNTS.len() - 1] {
        let accept = |_: &Network| Ok::<_, Infallible>(true);
        let batch = searcher.ask(BATCH, &|trial: &Trial| trial.reward, &accept)?;
        let mut trials = Vec::new();
        for genotype in batch {
            let accuracy = *accuracies.get(&genotype).ok_or(format!("{genotype} is missing"))?;
            let best = bests.last().copied().unwrap_or(f64::NEG_INFINITY);
            bests.push(best.max(accuracy));
            let estimate = Estimate { accuracy: accuracy / 100.0, standard_error: 0.0 };
            let (latency_ms, reward) = (1.0, estimate.accuracy);
            trials.push(Trial { genotype, latency_ms, estimate, reward, half: Half::Reward });
        }
        searcher.tell(&trials);
    }
    Ok(bests)
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

    fn measure_ms(&mut self, network: &Network) -> std::result::Result<f64, LatencyError> {
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
    let run = |algorithm, samples, seed| -> Result<String> {
        let reward = Reward::Soft(Exponent::DEFAULT);
        let settings = SearchSettings {
            algorithm,
            reward,
            targets: vec![target],
            limits: Limits::default(),
            samples,
            seed,
        };
        let folder = tempfile::tempdir()?;
        let none = StudySettings::new();
        let mut study = Study::create(folder.path(), &none, &none)?;
        let trials =
            search(&space, &settings, &accuracy, &MadeUp, &mut study, &mut |_| Continue(()))?;
        let best = |value: &dyn Fn(&Trial) -> f64| {
            trials.iter().map(value).fold(f64::NEG_INFINITY, f64::max)
        };
        let under = |trial: &Trial| {
            if trial.latency_ms <= target.ms() { trial.estimate.accuracy } else { 0.0 }
        };
        Ok(format!("{:.5}/{:.5}", best(&|trial| trial.reward), best(&under)))
    };
    println!("best soft reward/best accuracy under {} ms, by seed", target.ms());
    for (algorithm, samples) in [
        (Algorithm::Ppo, 4_000),
        (Algorithm::Random, 16_000),
        (Algorithm::Nsga2, 4_000),
        (Algorithm::Evolution, 4_000),
        (Algorithm::Evolution, 16_000),
    ] {
        let runs: Vec<String> = (0..seeds)
            .into_par_iter()
            .map(|seed| run(algorithm, samples, seed))
            .collect::<Result<_>>()?;
        println!("{:>10} {samples:>6}  {}", algorithm.to_string(), runs.join("  "));
    }
    Ok(())
}
