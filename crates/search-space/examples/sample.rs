//! Parses a search space from a text and prints its size and random networks with their costs.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::SearchSpace;

const SPACE: &str = "SearchSpace(
    format: 1, name: \"small\", channels: 3, resolution: [64, 96], classes: 10,
    stem: [Conv(out: 16, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 24, layers: 2, stride: 2, choices: [Kernel([3, 5]), Expand([3, 6])]),
        (out: 40, layers: 3, stride: 2, choices: [Kernel([3, 5]), Expand([3, 6]), Layers([2, 3])]),
    ],
    head: ConvThenPool(conv: 240, act: Relu),
)";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = SearchSpace::from_ron(SPACE)?;
    println!("{}: {} networks", space.name, space.size());
    for choice in space.choices() {
        println!("  {}: {}", choice.name, choice.options.join(", "));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for _ in 0..5 {
        let genotype = space.sample(&mut rng);
        let cost = space.decode(&genotype)?.lower()?.cost();
        let (params, macs) = (cost.params as f64 / 1e3, cost.macs as f64 / 1e6);
        println!("{genotype}: {params:.1} K parameters, {macs:.1} M multiply-adds");
    }
    Ok(())
}
