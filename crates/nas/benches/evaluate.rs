//! Evaluations of genotypes per second on one core, without measuring: decoding, accuracy from the
//! surrogate and latency from the table.

use controller::accuracy::surrogate::Surrogate;
use controller::random::{Purpose, rng};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latency_predictor::{BuildSettings, Entry, Quantiles, Runtime, Setup, Table, Timing};
use search_space::{Genotype, published};

fn evaluate(criterion: &mut Criterion) {
    let space = published::space("mnasnet").expect("ships");
    let surrogate = Surrogate::shipped(&space).expect("fits its space");
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    let latency = Quantiles { p10_ms: 1.0, p50_ms: 1.0, p90_ms: 1.0 };
    let entry = |unit| Entry { unit, latency, runs: 1, networks: 1, timing: Timing::InContext };
    table.extend(space.units().into_iter().map(entry));
    let mut rng = rng(0, Purpose::Random, 0);
    let genotypes: Vec<Genotype> = (0..1_000).map(|_| space.sample(&mut rng)).collect();

    let mut group = criterion.benchmark_group("evaluate");
    group.throughput(Throughput::Elements(genotypes.len() as u64));
    group.bench_function("surrogate and table, mnasnet", |bencher| {
        bencher.iter(|| {
            let one = |genotype: &Genotype| {
                let network = space.decode(genotype).expect("of this space");
                let latency_ms = table.predict_ms(&network).expect("complete");
                surrogate.predict(genotype).expect("of this space").accuracy / latency_ms
            };
            genotypes.iter().map(one).sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
