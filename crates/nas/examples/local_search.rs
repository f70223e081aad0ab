//! A reference for the winners of searches: iterated local search over single changes and pairs of
//! changes, with many more evaluations than a search has.
//!
//!     cargo run --release -p nas --example local_search -- TABLE TARGET_MS [EVALUATIONS]
//!
//! Prints the best accuracy under the target and the best soft reward at w = -0.15, with accuracies
//! of the surrogate and latencies predicted from the table.

use controller::accuracy::surrogate::Surrogate;
use controller::random::{Purpose, rng};
use controller::search::{Exponent, Reward, Target};
use latency_predictor::Table;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use search_space::{Genotype, SearchSpace, published};

/// Number of random changes of the best genotype at the start of a climb.
const KICK: usize = 4;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [table, target, rest @ ..] = &args[..] else {
        anyhow::bail!("usage: local_search TABLE TARGET_MS [EVALUATIONS]");
    };
    let target = Target::new(target.parse()?)?;
    let evaluations = rest.first().map_or(Ok(2_000_000), |count| count.parse())?;
    let space = published::space("mnasnet")?;
    let surrogate = Surrogate::shipped(&space)?;
    let table = Table::load(table.as_ref())?.ok_or(anyhow::anyhow!("{table}: no such table"))?;
    for (name, reward) in [
        ("accuracy under the target", Reward::Hard),
        ("soft reward", Reward::Soft(Exponent::DEFAULT)),
    ] {
        let score = |genotype: &Genotype| -> anyhow::Result<f64> {
            let ms = table.predict_ms(&space.decode(genotype)?)?;
            let accuracy = surrogate.predict(genotype)?.accuracy;
            Ok(match reward {
                // Genotypes that miss the target rank below all that meet it.
                Reward::Hard if ms > target.ms() => -ms,
                reward => reward.of(accuracy, ms, target),
            })
        };
        let (best, genotype) = local_search(&space, evaluations, &score)?;
        let ms = table.predict_ms(&space.decode(&genotype)?)?;
        println!("{name}: {best:.6} with {genotype} at {ms:.4} ms predicted");
    }
    Ok(())
}

fn local_search(
    space: &SearchSpace,
    evaluations: usize,
    score: &dyn Fn(&Genotype) -> anyhow::Result<f64>,
) -> anyhow::Result<(f64, Genotype)> {
    let mut rng = rng(0, Purpose::Random, u64::from(u32::MAX));
    let mut left = evaluations;
    let mut best = (f64::NEG_INFINITY, space.sample(&mut rng));
    let mut climbs = 0;
    while left > 0 {
        // Every fourth climb starts from a random genotype, the others near the best one.
        let mut start = best.1.clone();
        if climbs % 4 == 0 {
            start = space.sample(&mut rng);
        } else {
            (0..KICK).for_each(|_| start = space.mutate(&start, &mut rng));
        }
        climbs += 1;
        let climbed = climb(space, start, &mut left, score, &mut rng)?;
        if climbed.0 > best.0 {
            best = climbed;
        }
    }
    Ok(best)
}

fn climb(
    space: &SearchSpace,
    start: Genotype,
    left: &mut usize,
    score: &dyn Fn(&Genotype) -> anyhow::Result<f64>,
    rng: &mut ChaCha8Rng,
) -> anyhow::Result<(f64, Genotype)> {
    let singles: Vec<(usize, u8)> = space
        .option_counts()
        .iter()
        .enumerate()
        .flat_map(|(choice, &options)| (0..options).map(move |option| (choice, option)))
        .collect();
    let mut moves: Vec<((usize, u8), (usize, u8))> =
        singles.iter().flat_map(|&a| singles.iter().map(move |&b| (a, b))).collect();
    let mut now = (score(&start)?, start);
    loop {
        moves.shuffle(rng);
        let mut improved = false;
        for &((c1, o1), (c2, o2)) in &moves {
            let mut next = now.1.clone();
            next.0[c1] = o1;
            next.0[c2] = o2;
            if next == now.1 {
                continue;
            }
            if *left == 0 {
                return Ok(now);
            }
            *left -= 1;
            let value = score(&next)?;
            if value > now.0 {
                now = (value, next);
                improved = true;
                // Restarts the moves now and then, so that climbs differ.
                if rng.random_bool(0.05) {
                    break;
                }
            }
        }
        if !improved {
            return Ok(now);
        }
    }
}
