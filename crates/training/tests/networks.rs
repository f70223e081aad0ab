//! Whole networks with the fused ops against the same networks with stock ops in f64.

use candle_core::{DType, Device, Tensor};
use candle_nn::ModuleT;
use kernels::training::smoothed_targets;
use search_space::{Activation, Gate, Graph, Op, published};
use training::{Backend, Model};

const BATCH: usize = 6;

/// Reproducible values that are not symmetric, and of which no two neighbours are equal.
fn numbers(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

/// A network without dropout, with maps of odd size and more than one pixel in the last one.
fn graph(name: &str) -> Graph {
    let mut network = published::network(name).unwrap();
    network.input.resolution = 72;
    network.head = network.head.at_inference();
    network.lower().unwrap()
}

fn oracle() -> Backend {
    Backend::Stock { device: Device::Cpu, dtype: DType::F64 }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn elements(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Loss, gradients and running statistics after one batch.
fn check(name: &str, graph: &Graph, allowed: f64) {
    let images = numbers(BATCH * graph.input().elements());
    let targets = smoothed_targets(&[0, 1, 2, 3, 0, 2], 4, 0.1);
    let [fused, stock] = [Backend::Fused, oracle()].map(|b| Model::new(graph, b, 3).unwrap());
    let found = fused.loss_and_gradients(&images, &targets, 1).unwrap();
    let expected = stock.loss_and_gradients(&images, &targets, 1).unwrap();
    assert!((found.loss / expected.loss - 1.0).abs() < 1e-5, "{name}: {found:?}, {expected:?}");
    let all: Vec<f64> = expected.gradients.iter().flat_map(elements).collect();
    let whole = norm(&all);
    let gradients = found.gradients.iter().zip(&expected.gradients);
    for ((found, expected), parameter) in gradients.zip(fused.parameters()) {
        let (found, expected) = (elements(found), elements(expected));
        let off: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        // The gradient of a scale or shift that the next batch norm cancels consists of rounding
        // errors.
        let size = norm(&expected).max(1e-3 * whole);
        assert!(
            norm(&off) < allowed * size,
            "{name}, {}: {} of {size}",
            parameter.name,
            norm(&off)
        );
    }
    for (found, expected) in fused.state().iter().zip(stock.state()) {
        let (values, expected) = (elements(&found.var), elements(&expected.var));
        let largest = expected.iter().fold(1e-2_f64, |a, b| a.max(b.abs()));
        for (a, b) in values.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-4 * largest, "{name}, {}: {a} for {b}", found.name);
        }
    }
}

const NETWORKS: [&str; 9] = [
    "lcnet@width=0.5,classes=4",
    "mobilenet_v1@width=0.25,classes=4",
    "mobilenet_v2@width=0.35,classes=4",
    "mobilenet_v3_small@classes=4",
    "mobilenet_v4_conv_small@width=0.25,classes=4",
    "mnasnet_a1@classes=4",
    "shufflenet_v1_g3@width=0.5,classes=4",
    "shufflenet_v2@width=0.5,classes=4",
    "shufflenet_v2_torchvision@width=0.5,classes=4",
];

/// With smooth activations in place of the networks' own, so that rounding moves no value across a
/// kink.
#[test]
fn gradients_are_those_of_stock_ops_in_f64() {
    for name in NETWORKS {
        let mut graph = graph(name);
        for node in &mut graph.nodes {
            match &mut node.op {
                Op::Act(act) => *act = Activation::Swish,
                Op::Gate(gate) => *gate = Gate::Sigmoid,
                _ => {}
            }
        }
        check(name, &graph, 1e-3);
    }
}

/// A single value that rounding moves across a kink in the last layers changes every gradient by
/// more than a hundredth.
#[test]
fn gradients_with_the_networks_own_activations_are_close() {
    for name in NETWORKS {
        check(name, &graph(name), 0.1);
    }
}

/// In training mode the module updates its running statistics and tracks gradients. Otherwise it
/// changes nothing, tracks no gradients, and both backends agree.
#[test]
fn a_network_is_a_candle_module() {
    for name in NETWORKS {
        let graph = graph(name);
        let images = numbers(2 * graph.input().elements());
        let side = graph.input().resolution;
        let images = Tensor::from_vec(images, (2, side, side, 3), &Device::Cpu).unwrap();
        let model = Model::new(&graph, Backend::Fused, 3).unwrap();
        let before = model.to_weights().unwrap();
        let fresh = model.forward_t(&images, false).unwrap();
        assert!(fresh.dims() == [2, 4] && !fresh.track_op(), "{name}");
        assert!(model.to_weights().unwrap() == before, "{name}");
        let loss = model.forward_t(&images, true).unwrap().sqr().unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        assert!(model.parameters().all(|p| gradients.get(&p.var).is_some()), "{name}");
        assert!(model.to_weights().unwrap() != before, "{name}");
        let names = model.var_map().data().lock().unwrap().len();
        assert_eq!(names, model.state().len(), "{name}");

        let stock = Model::new(&graph, oracle(), 0).unwrap();
        stock.load(&model.to_weights().unwrap()).unwrap();
        let expected = stock.forward_t(&images.to_dtype(DType::F64).unwrap(), false).unwrap();
        let found = model.forward_t(&images, false).unwrap();
        let (found, expected) = (elements(&found), elements(&expected));
        let largest = expected.iter().fold(1e-3_f64, |a, b| a.max(b.abs()));
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-4 * largest, "{name}: {a} for {b}");
        }
        let wrong = images.narrow(1, 0, side - 1).unwrap();
        let error = model.forward_t(&wrong, false).unwrap_err().to_string();
        assert!(error.starts_with("images: found [2, 71, 72, 3]"), "{error}");
    }
}
