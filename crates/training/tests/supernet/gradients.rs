//! Weights and gradients of subnets.

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, SearchSpace, published};
use training::supernet::{Passes, Supernet};
use training::{Backend, Model, Placement};

use crate::reference::{is_legal, placed, space};

const PASSES: Passes = Passes { seed: 3, first: 5 };

fn legal(space: &SearchSpace, count: usize, seed: u64) -> Vec<Genotype> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = std::iter::repeat_with(|| space.sample(&mut rng)).take(10_000);
    let legal: Vec<Genotype> = draws.filter(|g| is_legal(space, g)).take(count).collect();
    assert_eq!(legal.len(), count);
    legal
}

fn batch(space: &SearchSpace, images: usize) -> (Vec<f32>, Vec<f32>) {
    let mix = |i: usize| (i.wrapping_mul(2_654_435_761) >> 5) % 2_001;
    let elements = images * space.channels * space.resolution[0].pow(2);
    let pixels = (0..elements).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect();
    let classes = space.classes;
    let target = |i: usize| if i % classes == (i / classes) % classes { 1.0 } else { 0.0 };
    (pixels, (0..images * classes).map(target).collect())
}

fn gradients(
    supernet: &Supernet,
    paths: &[Genotype],
    threads: usize,
) -> (f64, Vec<Option<Vec<f32>>>) {
    let (images, targets) = batch(supernet.space(), 40);
    let placement = Placement::cpu(threads);
    let batch = (&images[..], &targets[..]);
    let of_paths = supernet.loss_and_gradients(paths, batch, PASSES, &placement).unwrap();
    (of_paths.loss, of_paths.gradients)
}

/// The gradients of a subnet are those of a network of its own with the same weights, at their
/// places among the stored ones, and zero elsewhere.
#[test]
fn a_subnet_is_a_network_with_slices_of_the_stored_weights() {
    let space = space();
    let supernet = Supernet::new(&space, 1).unwrap();
    let stored: Vec<Vec<f32>> = supernet.tensors().iter().map(|t| t.values().unwrap()).collect();
    for genotype in legal(&space, 60, 7) {
        let graph = space.decode(&genotype).unwrap().lower().unwrap();
        let alone = Model::new(&graph, Backend::Fused, 11).unwrap();
        let placed = placed(&supernet, &genotype);
        for (parameter, at) in alone.parameters().zip(&placed) {
            let values: Vec<f32> = at.elements.iter().map(|&e| stored[at.stored][e]).collect();
            let values = Tensor::from_vec(values, parameter.var.dims(), &Device::Cpu).unwrap();
            parameter.var.set(&values).unwrap();
        }
        let (images, targets) = batch(&space, 40);
        let wanted = alone.loss_and_gradients(&images, &targets, 1).unwrap();
        let mut sums: Vec<Option<Vec<f32>>> = vec![None; stored.len()];
        for (gradient, at) in wanted.gradients.iter().zip(&placed) {
            let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
            let sum = sums[at.stored].get_or_insert_with(|| vec![0.0; stored[at.stored].len()]);
            at.elements.iter().zip(gradient).for_each(|(&e, value)| sum[e] = value);
        }
        let (loss, found) = gradients(&supernet, std::slice::from_ref(&genotype), 2);
        assert_eq!(loss, wanted.loss, "{genotype}");
        assert!(found == sums, "{genotype}");
    }
}

#[test]
fn gradients_of_paths_add_up() {
    let space = space();
    let supernet = Supernet::new(&space, 1).unwrap();
    let paths = legal(&space, 3, 1);
    let (mut loss, mut sums) = (0.0, vec![None; supernet.tensors().len()]);
    for path in &paths {
        let (of_path, gradients) = gradients(&supernet, std::slice::from_ref(path), 1);
        loss += of_path / 3.0;
        for (sum, gradient) in sums.iter_mut().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let sum: &mut Vec<f32> = sum.get_or_insert_with(|| vec![0.0; gradient.len()]);
            sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
    }
    let (found_loss, found) = gradients(&supernet, &paths, 2);
    assert_eq!(found_loss, loss);
    assert!(found == sums);
}

/// The gradient of the stored weights against differences of the loss, for the greatest gradient of
/// each tensor.
#[test]
fn gradients_are_the_slopes_of_the_loss() {
    const STEP: f32 = 2e-3;
    let space = space();
    let supernet = Supernet::new(&space, 4).unwrap();
    let paths = legal(&space, 2, 5);
    let (_, analytic) = gradients(&supernet, &paths, 2);
    let mut compared = 0;
    for (tensor, gradient) in supernet.tensors().iter().zip(&analytic) {
        let Some(gradient) = gradient else { continue };
        let greatest =
            (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()));
        let at = greatest.unwrap();
        let before = tensor.values().unwrap();
        let loss_at = |value: f32| {
            let mut moved = before.clone();
            moved[at] = value;
            let moved = Tensor::from_vec(moved, tensor.var.dims(), &Device::Cpu).unwrap();
            tensor.var.set(&moved).unwrap();
            // The sum over the paths, as the gradients are.
            2.0 * gradients(&supernet, &paths, 2).0
        };
        let [up, down] = [STEP, -STEP].map(|step| loss_at(before[at] + step));
        loss_at(before[at]);
        let slope = (up - down) / f64::from(2.0 * STEP);
        let wanted = f64::from(gradient[at]);
        let near = (slope - wanted).abs() <= 0.1 * wanted.abs() + 2e-3;
        assert!(near, "{}[{at}]: slope {slope}, gradient {wanted}", tensor.name);
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn every_built_in_space_has_a_supernet() {
    for name in published::space_names() {
        let mut space = published::space(name).unwrap();
        space.classes = 10;
        let supernet = Supernet::new(&space, 0).unwrap();
        let stored: usize = supernet.tensors().iter().map(|t| t.var.elem_count()).sum();
        for genotype in legal(&space, 3, 2) {
            let subnet = supernet.subnet(&genotype).unwrap();
            let model = supernet.model(&subnet, &Backend::Fused, 0).unwrap();
            let params: usize = model.parameters().map(|p| p.var.elem_count()).sum();
            let counted = space.decode(&genotype).unwrap().lower().unwrap().cost().params;
            assert_eq!(params, counted, "{name} {genotype}");
            assert!(params <= stored, "{name} {genotype}");
        }
    }
}
