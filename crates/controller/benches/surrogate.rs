//! The speed of predictions with the shipped surrogate.

use controller::accuracy::surrogate::Surrogate;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, published};

fn predictions(criterion: &mut Criterion) {
    let space = published::space("mnasnet").expect("a published space");
    let surrogate = Surrogate::shipped(&space).expect("a surrogate of this space");
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let genotypes: Vec<Genotype> = (0..1024).map(|_| space.sample(&mut rng)).collect();
    let mut group = criterion.benchmark_group("surrogate");
    group.throughput(Throughput::Elements(genotypes.len() as u64));
    group.bench_function("batch", |bencher| bencher.iter(|| surrogate.predict_batch(&genotypes)));
    group.bench_function("one_by_one", |bencher| {
        bencher.iter(|| genotypes.iter().map(|g| surrogate.predict(g)).collect::<Vec<_>>());
    });
    group.finish();
}

criterion_group!(benches, predictions);
criterion_main!(benches);
