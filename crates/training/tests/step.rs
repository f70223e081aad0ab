//! One step on small networks of every family.

use kernels::training::smoothed_targets;
use search_space::{Graph, published};
use training::{Optimiser, Recipe, Run, Trainer};

fn numbers(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

fn graph(name: &str, resolution: usize) -> Graph {
    let mut network = published::network(name).unwrap();
    network.input.resolution = resolution;
    // Fixed: masks differ from batch to batch.
    network.head = network.head.at_inference();
    network.lower().unwrap()
}

fn recipe(optimiser: Optimiser, learning_rate: f32) -> Recipe {
    Recipe {
        optimiser,
        learning_rate,
        weight_decay: 1e-4,
        largest_norm: Some(5.0),
        average_decay: Some(0.9),
        label_smoothing: 0.1,
        warm_up_steps: 2,
        steps: 1_000,
    }
}

const NETWORKS: [&str; 5] = [
    "mobilenet_v1@width=0.25,classes=4",
    "mobilenet_v2@width=0.35,classes=4",
    "mobilenet_v3_small@classes=4",
    "shufflenet_v1_g3@width=0.5,classes=4",
    "shufflenet_v2@width=0.5,classes=4",
];

#[test]
fn threads_change_no_bit() {
    for name in NETWORKS {
        let graph = graph(name, 32);
        let images = numbers(40 * graph.input().elements());
        let labels: Vec<u32> = (0..40).map(|i| i % 4).collect();
        let trained = |threads: usize| {
            let recipe = recipe(Optimiser::RMSPROP, 0.01);
            let mut run = Run::new(&graph, recipe, 7, threads).unwrap();
            for _ in 0..2 {
                run.step(&images, &labels).unwrap();
            }
            run.result().clone()
        };
        assert!(trained(1) == trained(2), "{name}");
    }
}

/// Along the gradient, the loss rises by the gradient's norm: of all parameters together, and of
/// the first, a middle and the last tensor alone.
#[test]
fn gradients_are_those_of_the_loss() {
    for name in NETWORKS {
        let graph = graph(name, 64);
        let images = numbers(12 * graph.input().elements());
        let targets = smoothed_targets(&[0, 1, 2, 3, 0, 2, 1, 3, 3, 0, 2, 1], 4, 0.1);
        let mut trainer = Trainer::new(&graph, 3, 1).unwrap();
        trainer.accumulate(&images, &targets).unwrap();
        let gradients = trainer.gradients().to_vec();
        let start: Vec<Vec<f32>> =
            trainer.model().parameters.iter().map(|parameter| parameter.values.clone()).collect();
        let count = start.len();
        for tensors in [0..count, 0..1, count / 2..count / 2 + 1, count - 1..count] {
            let squares =
                gradients[tensors.clone()].iter().flatten().map(|&g| f64::from(g).powi(2));
            let norm = squares.sum::<f64>().sqrt();
            if norm < 1e-4 {
                continue;
            }
            let mut loss_at = |distance: f64| {
                for index in tensors.clone() {
                    let values = &mut trainer.model_mut().parameters[index].values;
                    for (at, value) in values.iter_mut().enumerate() {
                        let direction = f64::from(gradients[index][at]) / norm;
                        *value = (f64::from(start[index][at]) + distance * direction) as f32;
                    }
                }
                trainer.accumulate(&images, &targets).unwrap()
            };
            // A short way drowns in rounding, on a long one the loss bends.
            let mut slope = |way: f64| {
                let h = way / norm.max(0.2);
                (loss_at(h) - loss_at(-h)) / (2.0 * h)
            };
            let slopes = [2.5e-4, 1e-3, 4e-3].map(&mut slope);
            loss_at(0.0);
            let off = slopes.map(|slope| (slope / norm - 1.0).abs());
            let least = off.into_iter().fold(f64::INFINITY, f64::min);
            assert!(least < 0.05, "{name} {tensors:?}: {slopes:?} for {norm}");
        }
    }
}

#[test]
fn steps_lower_the_loss() {
    for name in NETWORKS {
        let graph = graph(name, 32);
        let images = numbers(16 * graph.input().elements());
        let labels: Vec<u32> = (0..16).map(|i| i % 4).collect();
        let plain = Recipe { label_smoothing: 0.0, ..recipe(Optimiser::SGD, 0.1) };
        let mut run = Run::new(&graph, plain, 5, 1).unwrap();
        let mut losses: Vec<f64> = (0..25).map(|_| run.step(&images, &labels).unwrap()).collect();
        let (first, last) = (losses[0], losses.pop().unwrap());
        assert!(last < 0.8 * first, "{name}: {first} to {last}");
    }
}
