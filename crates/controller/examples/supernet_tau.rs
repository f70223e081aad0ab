//! How well a supernet ranks the networks of NAS-Bench-Macro (Su et al. 2021), each of which was
//! trained on CIFAR-10 three times.
//!
//!     CANDLE_NUM_THREADS=1 cargo run --release -p controller --example supernet_tau -- CIFAR10_FOLDER TABLE.csv.gz OUT
//!         [PASSES] [NETWORKS] [THREADS] [SEED]
//!
//! Trains the supernet of `nas_bench_macro` with PASSES images forward and backward through a path,
//! evaluates NETWORKS random networks on 2 % of the training images, and prints Kendall's tau against
//! the table, beside that of the multiply-adds. The folder OUT has the checkpoint and the accuracies;
//! the same command continues an interrupted run.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::ops::ControlFlow::Continue;
use std::path::Path;
use std::time::Instant;

use controller::accuracy::{AccuracyTable, RankQuality, RankedNetwork, TableColumns, Taus};
use controller::random::{Purpose, rng};
use dataset::{Dataset, HoldOut};
use search_space::{Genotype, SearchSpace, published};
use training::Placement;
use training::fit::FitData;
use training::supernet::{Calibration, Supernet, SupernetEvent, SupernetPlan, SupernetSettings};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const HOLD_OUT: f64 = 0.02;
const BATCH: usize = 64;
/// Updates between two lines of progress.
const PROGRESS: u64 = 20;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cifar, table, out, rest @ ..] = &args[..] else {
        return Err("usage: supernet_tau CIFAR10_FOLDER TABLE.csv.gz OUT [PASSES] [NETWORKS] \
                    [THREADS] [SEED]"
            .into());
    };
    let number = |index: usize, default: u64| -> Result<u64> {
        Ok(rest.get(index).map_or(Ok(default), |text| text.parse())?)
    };
    let (passes, networks) = (number(0, 1_400_000)?, number(1, 1_000)? as usize);
    let (threads, seed) = (number(2, 2)? as usize, number(3, 0)?);

    let space = published::space("nas_bench_macro")?;
    let table = AccuracyTable::read(Path::new(table), &TableColumns::default(), Some(&space))?;
    let plan = plan(cifar, &space, passes, threads, seed)?;
    let supernet = trained(&plan, Path::new(out))?;
    let sampled = sampled(&space, networks, seed);
    let accuracies = evaluated(&supernet, &plan, &sampled, Path::new(out))?;
    let ranked = sampled.iter().map(|genotype| -> Result<RankedNetwork> {
        let trained = table.get(genotype).ok_or("a genotype that the table lacks")?.accuracy;
        let macs = space.decode(genotype)?.lower()?.cost().macs as f64;
        Ok(RankedNetwork { trained, estimated: accuracies[genotype], macs })
    });
    let ranked = ranked.collect::<Result<Vec<_>>>()?;
    let quality = RankQuality::of(&ranked, seed).ok_or("too few networks for quintiles")?;
    print(&quality);
    Ok(())
}

fn plan(
    cifar: &str,
    space: &SearchSpace,
    passes: u64,
    threads: usize,
    seed: u64,
) -> Result<SupernetPlan> {
    let source = format!("cifar10:{cifar}").parse()?;
    let dataset = Dataset::load(&source, HoldOut::new(HOLD_OUT)?, threads)?;
    let paths = space.option_counts().into_iter().max().unwrap_or(1);
    let per_epoch = dataset.train.len() as f64 * f64::from(paths);
    let epochs = passes as f64 / per_epoch;
    let settings = SupernetSettings { epochs, batch: BATCH, seed, ..Default::default() };
    let data = FitData { source, dataset };
    Ok(SupernetPlan::new(space, data, &settings, Placement::cpu(threads))?)
}

fn trained(plan: &SupernetPlan, out: &Path) -> Result<Supernet> {
    let total = plan.recipe.steps;
    println!("{total} updates, {} image passes", plan.image_passes());
    let (start, mut first, mut sum) = (Instant::now(), None, 0.0);
    let trained = plan.train(out, &mut |event| {
        match *event {
            SupernetEvent::Resumed { updates } => println!("continued after {updates} updates"),
            SupernetEvent::Update { done, loss, .. } => {
                let first = *first.get_or_insert(done - 1);
                sum += loss;
                if done.is_multiple_of(PROGRESS) || done == total {
                    let since = (done - 1) % PROGRESS + 1;
                    let updates = (done - first) as f64;
                    let images = updates * (plan.paths() * plan.batches.batch) as f64;
                    let ms = start.elapsed().as_secs_f64() * 1e3 / images;
                    let loss = sum / since.min(done - first) as f64;
                    println!("update {done}: loss {loss:.4}, {ms:.2} ms per image pass");
                    sum = 0.0;
                }
            }
            SupernetEvent::Epoch { epoch, loss } => println!("epoch {epoch}: loss {loss:.4}"),
        }
        Continue(())
    })?;
    Ok(trained.ok_or("interrupted")?.supernet)
}

/// Different random genotypes.
fn sampled(space: &SearchSpace, count: usize, seed: u64) -> Vec<Genotype> {
    let mut rng = rng(seed, Purpose::Validation, 0);
    let mut sampled: Vec<Genotype> = Vec::new();
    while sampled.len() < count.min(space.size() as usize) {
        let genotype = space.sample(&mut rng);
        if !sampled.contains(&genotype) {
            sampled.push(genotype);
        }
    }
    sampled
}

/// The accuracies of genotypes, of which those in the file of `out` are not computed again.
fn evaluated(
    supernet: &Supernet,
    plan: &SupernetPlan,
    genotypes: &[Genotype],
    out: &Path,
) -> Result<HashMap<Genotype, f64>> {
    let path = out.join("accuracies.csv");
    let mut known = HashMap::new();
    for line in std::fs::read_to_string(&path).unwrap_or_default().lines() {
        let (genotype, accuracy) = line.split_once(',').ok_or("accuracies.csv: not two cells")?;
        known.insert(supernet.space().parse_genotype(genotype)?, accuracy.parse()?);
    }
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let start = Instant::now();
    let missing: Vec<&Genotype> = genotypes.iter().filter(|g| !known.contains_key(*g)).collect();
    for genotype in &missing {
        let data = &plan.data.dataset;
        let found = supernet.evaluate(genotype, data, Calibration::default(), &plan.placement)?;
        writeln!(file, "{genotype},{}", found.top1)?;
        known.insert((*genotype).clone(), found.top1);
    }
    let seconds = start.elapsed().as_secs_f64() / missing.len().max(1) as f64;
    println!("{} networks evaluated, {seconds:.2} s each", missing.len());
    Ok(known)
}

fn print(quality: &RankQuality) {
    let row = |name: &str, taus: &Taus| {
        let quintiles = taus.quintiles.map(|tau| format!("{tau:7.3}")).concat();
        println!("{name:<10}{:7.3}{quintiles}{:7.3}", taus.all, taus.mean_of_quintiles());
    };
    println!("Kendall tau of {} networks: all, quintiles by MACs, their mean", quality.networks);
    row("supernet", &quality.source);
    row("MACs", &quality.macs);
    let [low, high] = quality.interval;
    println!("mean of quintiles above MACs: {:.3} ({low:.3} to {high:.3})", quality.difference);
}
