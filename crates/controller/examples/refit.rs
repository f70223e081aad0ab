//! Compares Bayesian optimisation with evolution on NAS-Bench-Macro (Su et al. 2021).
//!
//!     cargo run --release -p controller --example refit -- FILE.csv.gz OUT [SEEDS] [ALGORITHM ...]
//!
//! FILE has the columns `arch`, `mean_acc` and `flops` (MACs). Every seed of each algorithm searches
//! four times: for accuracy alone, and under three made-up latencies, which are the MACs times
//! log-normal noise of 5, 10 and 20 %. The targets are the median latencies. All trials of these
//! searches count accuracy under the target (the hard reward, without a front phase).
//!
//! OUT gets the table with its latencies, the studies, which `nas compare` reads, and `refit.csv`:
//! the median regret in percentage points, with its quartiles over the seeds, by number of trials.

use std::io::Read;
use std::ops::ControlFlow::Continue;
use std::path::Path;

use controller::accuracy::{AccuracySource, AccuracyTable, TableColumns};
use controller::random::{Purpose, rng};
use controller::search::algorithm::Algorithm;
use controller::search::{
    FrontShare, Goal, LatencyOf, Limits, Problem, Reward, SearchSettings, Target, Trial,
    best_accuracies, quartiles, search,
};
use controller::study::{
    AccuracyId, LatencyId, Manifest, SourceIds, SpaceId, Study, StudySettings,
};
use flate2::read::MultiGzDecoder;
use rand::RngExt;
use rayon::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The numbers of trials after which the regret is printed; the last one is that of a search.
const COUNTS: [usize; 7] = [40, 60, 80, 100, 120, 160, 200];
/// The columns of latencies with the standard deviations of the logarithm of their noise.
const LATENCIES: [(&str, f64); 3] =
    [("ms_noise_5", 0.05), ("ms_noise_10", 0.1), ("ms_noise_20", 0.2)];
/// MACs in a millisecond.
const MACS_PER_MS: f64 = 1e7;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, out, rest @ ..] = &args[..] else {
        return Err("usage: refit FILE.csv.gz OUT [SEEDS] [ALGORITHM ...]".into());
    };
    let seeds = rest.first().map_or(Ok(100), |seeds| seeds.parse())?;
    let mut algorithms = vec![Algorithm::Evolution, Algorithm::Bayesian];
    if rest.len() > 1 {
        algorithms =
            rest[1..].iter().map(|name| name.parse()).collect::<std::result::Result<_, _>>()?;
    }
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    let table = out.join("nas_bench_macro.csv");
    std::fs::write(&table, with_latencies(Path::new(file))?)?;
    println!("median regret in points over {seeds} seeds");
    println!("{:>12} {:>10}{}", "", "trials", COUNTS.map(|count| format!("{count:>8}")).join(""));
    let mut csv = "latency,target_ms,algorithm,trials,q25,median,q75\n".to_owned();
    for column in [None].into_iter().chain(LATENCIES.map(|(name, _)| Some(name))) {
        let columns =
            TableColumns { latency: column.map(str::to_owned), ..TableColumns::default() };
        let table = AccuracyTable::read(&table, &columns, None)?;
        for &algorithm in &algorithms {
            csv += &compared(&table, algorithm, seeds, &out.join(column.unwrap_or("accuracy")))?;
        }
    }
    std::fs::write(out.join("refit.csv"), csv)?;
    Ok(())
}

/// The table with its columns of latencies, as CSV.
fn with_latencies(file: &Path) -> Result<String> {
    let mut text = String::new();
    MultiGzDecoder::new(std::fs::File::open(file)?).read_to_string(&mut text)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.ok_or_else(|| format!("found no column {name} in {}", file.display()))
    };
    let (arch, accuracy, macs) = (place("arch")?, place("mean_acc")?, place("flops")?);
    let names = LATENCIES.map(|(name, _)| name).join(",");
    let mut table = format!("arch,mean_acc,{names}\n");
    let mut rng = rng(0, Purpose::Comparison, 0);
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let ms = cells[macs].parse::<f64>()? / MACS_PER_MS;
        let latencies = LATENCIES.map(|(_, deviation)| {
            // Box and Muller's normal numbers.
            let (radius, angle): (f64, f64) = (rng.random(), rng.random());
            let normal =
                (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
            format!("{:.5}", ms * (deviation * normal).exp())
        });
        table += &format!("{},{},{}\n", cells[arch], cells[accuracy], latencies.join(","));
    }
    Ok(table)
}

/// Runs all seeds of an algorithm, prints their median regrets and returns the lines of the CSV file.
fn compared(
    table: &AccuracyTable,
    algorithm: Algorithm,
    seeds: u64,
    folder: &Path,
) -> Result<String> {
    let limits = Limits::default();
    let column = table.latency_column();
    let latency = match column {
        Some(_) => LatencyOf::Column(table),
        None => LatencyOf::Unknown,
    };
    let accuracy = AccuracySource::Table(table);
    let problem =
        Problem { domain: &table.domain, space: None, limits: &limits, accuracy, latency };
    let mut latencies: Vec<f64> = table.rows().filter_map(|(_, known)| known.latency_ms).collect();
    latencies.sort_by(f64::total_cmp);
    let median = latencies.get(latencies.len() / 2);
    let target = median.map(|&ms| Target::new(ms)).transpose()?;
    let goal = match target {
        Some(target) => {
            Goal::Targets { reward: Reward::Hard, targets: vec![target], front: FrontShare::NONE }
        }
        None => Goal::Accuracy,
    };
    let optimum = problem.optimum(target)?.ok_or("nothing meets the target")?;
    let curves: Vec<Vec<Option<f64>>> = (0..seeds)
        .into_par_iter()
        .map(|seed| {
            let samples = COUNTS[COUNTS.len() - 1];
            let goal = goal.clone();
            let settings = SearchSettings { algorithm, goal, samples, earlier: Vec::new(), seed };
            let sources = SourceIds {
                space: SpaceId::of_table(),
                accuracy: AccuracyId::from(table),
                latency: if target.is_some() { LatencyId::Column } else { LatencyId::Unknown },
                optimum: Some(vec![optimum]),
            };
            let manifest = Manifest::new(sources, &settings, &limits).to_settings();
            let folder = folder.join(format!("{algorithm}-{seed}"));
            std::fs::create_dir_all(&folder)?;
            let mut study = Study::create(&folder, &manifest, &StudySettings::new())?;
            let trials = search(&problem, &settings, &mut study, &mut |_| Continue(()))?;
            Ok(best_accuracies(trials.iter().map(Trial::point), target.map(Target::ms)))
        })
        .collect::<Result<_>>()?;
    let name = column.unwrap_or("accuracy");
    let (mut cells, mut lines) = (String::new(), String::new());
    for quartiles in quartiles(&curves, &COUNTS) {
        let regret = quartiles.regret(optimum);
        let points =
            |regret: Option<f64>| regret.map_or(String::new(), |r| format!("{:.4}", 100.0 * r));
        cells += &format!("{:>8.3}", 100.0 * regret.median.unwrap_or(f64::NAN));
        let target_ms = target.map_or(String::new(), |target| target.ms().to_string());
        let of_seeds = [regret.q25, regret.median, regret.q75].map(points).join(",");
        lines += &format!("{name},{target_ms},{algorithm},{},{of_seeds}\n", regret.trials);
    }
    println!("{name:>12} {:>10}{cells}", algorithm.to_string());
    Ok(lines)
}
