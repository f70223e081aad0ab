//! Compiles a published network with random weights and runs it on a random image:
//! `cargo run --release -p engine --example classify -- mobilenet_v3_small 1`

use std::env;
use std::error::Error;
use std::time::Instant;

use engine::Engine;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Weights, published};

/// Runs that are timed, after as many for warming up.
const RUNS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "mobilenet_v2".to_owned());
    let threads = args.next().map_or(Ok(1), |threads| threads.parse())?;
    let graph = published::network(&name)?.lower()?;
    let mut engine = Engine::new(&graph, &Weights::random(&graph, 0), threads)?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let image: Vec<f32> = (0..engine.image_len()).map(|_| rng.random_range(-1.0..1.0)).collect();

    let mut times = [0.0; RUNS];
    for run in 0..2 * RUNS {
        let start = Instant::now();
        engine.run(&image);
        times[run % RUNS] = start.elapsed().as_secs_f64() * 1e3;
    }
    times.sort_by(f64::total_cmp);
    println!("{name}: {:.2} ms per image (median of {RUNS} runs)", times[RUNS / 2]);

    let logits = engine.run(&image).iter().enumerate();
    if let Some((class, logit)) = logits.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
        println!("top class: {class} (logit {logit:.3})");
    }
    Ok(())
}
