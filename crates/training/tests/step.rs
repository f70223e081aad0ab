//! Training steps of small networks of every family.

use search_space::{Graph, published};
use training::{Optimiser, Placement, Recipe, Run};

fn numbers(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

fn graph(name: &str, resolution: usize) -> Graph {
    let mut network = published::network(name).unwrap();
    network.input.resolution = resolution;
    // Without dropout, whose masks differ between batches.
    network.head = network.head.at_inference();
    network.lower().unwrap()
}

fn recipe(optimiser: Optimiser, learning_rate: f32) -> Recipe {
    Recipe {
        optimiser,
        learning_rate,
        weight_decay: 1e-4,
        clip_norm: Some(5.0),
        ema_decay: Some(0.9),
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
            let mut run = Run::new(&graph, recipe, Placement::cpu(threads), 7).unwrap();
            for _ in 0..2 {
                run.step(&images, &labels).unwrap();
            }
            run.result().to_weights().unwrap()
        };
        assert!(trained(1) == trained(2), "{name}");
    }
}

#[test]
fn steps_lower_the_loss() {
    for name in NETWORKS {
        let graph = graph(name, 32);
        let images = numbers(16 * graph.input().elements());
        let labels: Vec<u32> = (0..16).map(|i| i % 4).collect();
        let plain = Recipe { label_smoothing: 0.0, ..recipe(Optimiser::SGD, 0.1) };
        let mut run = Run::new(&graph, plain, Placement::cpu(1), 5).unwrap();
        let mut losses: Vec<f64> = (0..25).map(|_| run.step(&images, &labels).unwrap()).collect();
        let (first, last) = (losses[0], losses.pop().unwrap());
        assert!(last < 0.8 * first, "{name}: {first} to {last}");
    }
}
