//! The number of genotypes per second whose latencies a search can predict.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latency_predictor::{BuildSettings, Entry, Quantiles, Runtime, Setup, Table, Timing};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, published};

fn predict(c: &mut Criterion) {
    let space = published::space("mnasnet").expect("it comes with the tool");
    let latency = Quantiles { p10_ms: 0.1, p50_ms: 0.1, p90_ms: 0.1 };
    let (runs, networks, timing) = (1, 1, Timing::InContext);
    let entry = |unit| Entry { unit, latency, runs, networks, timing };
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.extend(space.units().into_iter().map(entry));
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let genotypes: Vec<Genotype> = (0..1_000).map(|_| space.sample(&mut rng)).collect();

    let mut group = c.benchmark_group("genotypes");
    group.throughput(Throughput::Elements(genotypes.len() as u64));
    group.bench_function("decode and predict", |bencher| {
        bencher.iter(|| {
            genotypes.iter().for_each(|genotype| {
                let network = space.decode(genotype).expect("it is of the space");
                black_box(table.predict_ms(&network).expect("the table is complete"));
            });
        });
    });
    group.finish();
}

criterion_group!(benches, predict);
criterion_main!(benches);
