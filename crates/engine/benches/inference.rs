//! The time of one image through each published network at its own resolution.

use criterion::{Criterion, criterion_group, criterion_main};
use engine::Engine;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Weights, published};

fn inference(c: &mut Criterion) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = c.benchmark_group("inference");
    for name in published::network_names() {
        let graph = published::network(name).expect(name).lower().expect(name);
        let weights = Weights::random(&graph, 0);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let image: Vec<f32> =
            (0..graph.input().elements()).map(|_| rng.random_range(-1.0..1.0)).collect();
        for threads in if cores > 1 { vec![1, cores] } else { vec![1] } {
            let mut engine = Engine::new(&graph, &weights, threads).expect(name);
            group.bench_function(format!("{name}, threads: {threads}"), |bencher| {
                bencher.iter(|| engine.run(&image)[0]);
            });
        }
    }
    group.finish();
}

criterion_group!(benches, inference);
criterion_main!(benches);
