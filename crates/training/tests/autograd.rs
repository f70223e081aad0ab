//! Gradients of whole networks against candle's autograd in f64, over plain formulas of every op.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use kernels::training::smoothed_targets;
use search_space::{Activation, Gate, Graph, Node, Op, published};
use training::Trainer;

const BATCH: usize = 6;

/// Not symmetric, and of no two equal neighbours.
fn numbers(count: usize) -> Vec<f32> {
    let mix = |i: usize| i.wrapping_mul(2_654_435_761) % 2_001;
    (0..count).map(|i| mix(i) as f32 / 1_000.0 - 1.0).collect()
}

struct Reference<'a> {
    graph: &'a Graph,
    parameters: HashMap<&'a str, Var>,
}

impl Reference<'_> {
    fn parameter(&self, node: &Node, name: &str) -> &Tensor {
        self.parameters[format!("{}.{name}", node.name).as_str()].as_tensor()
    }

    /// `x` `[batch, channels, height, width]` and the logits `[batch, classes]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut values: Vec<Tensor> = Vec::new();
        for node in &self.graph.nodes {
            let inputs: Vec<&Tensor> = node.inputs.iter().map(|id| &values[id.0]).collect();
            let value = if inputs.is_empty() { x.clone() } else { self.node(node, &inputs)? };
            values.push(value);
        }
        values.pop().expect("a node").flatten_from(1)
    }

    fn node(&self, node: &Node, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = inputs[0];
        match node.op {
            Op::Input | Op::Dropout { .. } => Ok(x.clone()),
            Op::Conv { kernel, stride, groups, bias } => {
                let y = self.conv(node, x, kernel, stride, groups)?;
                if bias { self.plus_bias(node, &y) } else { Ok(y) }
            }
            Op::Linear { bias } => {
                let y = x.flatten_from(1)?.matmul(&self.parameter(node, "weight").t()?)?;
                if bias { y.broadcast_add(self.parameter(node, "bias")) } else { Ok(y) }
            }
            Op::BatchNorm => {
                let mean = x.mean_keepdim((0, 2, 3))?;
                let centred = x.broadcast_sub(&mean)?;
                let variance = centred.sqr()?.mean_keepdim((0, 2, 3))?;
                let deviation = (variance + f64::from(self.graph.norm.eps))?.sqrt()?;
                let scale = self.parameter(node, "weight").reshape((1, (), 1, 1))?;
                let y = centred.broadcast_div(&deviation)?.broadcast_mul(&scale)?;
                self.plus_bias(node, &y)
            }
            Op::Act(Activation::Linear) => Ok(x.clone()),
            Op::Act(Activation::Relu) => x.relu(),
            Op::Act(Activation::Relu6) => x.clamp(0.0, 6.0),
            Op::Act(Activation::HardSwish) => x.mul(&((x + 3.0)?.clamp(0.0, 6.0)? / 6.0)?),
            Op::Act(Activation::Swish) => x.mul(&sigmoid(x)?),
            Op::Gate(Gate::Sigmoid) => sigmoid(x),
            Op::Gate(Gate::HardSigmoid) => (x + 3.0)?.clamp(0.0, 6.0)? / 6.0,
            Op::MaxPool { kernel, stride } => {
                // Zeros of padding must not win.
                let taps = taps(&(x + 1e3)?, kernel, stride)?;
                let most = taps[1..].iter().try_fold(taps[0].clone(), |a, b| a.maximum(b))?;
                most - 1e3
            }
            Op::AvgPool { kernel, stride } => {
                let taps = taps(x, kernel, stride)?;
                let sum = taps[1..].iter().try_fold(taps[0].clone(), |sum, tap| sum.add(tap))?;
                sum / (kernel * kernel) as f64
            }
            Op::GlobalAvgPool => x.mean_keepdim(3)?.mean_keepdim(2),
            Op::Add => x.add(inputs[1]),
            Op::Multiply => x.broadcast_mul(inputs[1]),
            Op::Concat => Tensor::cat(inputs, 1),
            Op::Split { start } => x.narrow(1, start, node.output.channels),
            Op::ChannelShuffle { groups } => {
                let (batch, channels, height, width) = x.dims4()?;
                let split = (batch, groups, channels / groups, height, width);
                x.reshape(split)?.transpose(1, 2)?.reshape((batch, channels, height, width))
            }
        }
    }

    fn plus_bias(&self, node: &Node, y: &Tensor) -> Result<Tensor> {
        y.broadcast_add(&self.parameter(node, "bias").reshape((1, (), 1, 1))?)
    }

    /// The sum over the kernel's taps of a product (depthwise) or a matrix product (all others).
    fn conv(
        &self,
        node: &Node,
        x: &Tensor,
        kernel: usize,
        stride: usize,
        groups: usize,
    ) -> Result<Tensor> {
        let weight = self.parameter(node, "weight");
        let (out, of_group, _, _) = weight.dims4()?;
        let channels = x.dim(1)?;
        let mut sum: Option<Tensor> = None;
        for (tap, shifted) in taps(x, kernel, stride)?.into_iter().enumerate() {
            let weight = weight.narrow(2, tap / kernel, 1)?.narrow(3, tap % kernel, 1)?;
            let product = if groups == channels && of_group == 1 && out == channels {
                shifted.broadcast_mul(&weight.reshape((1, out, 1, 1))?)?
            } else {
                let (batch, _, height, width) = shifted.dims4()?;
                let weight = weight.reshape((groups, out / groups, of_group))?;
                let columns = shifted.reshape((batch, groups, of_group, height * width))?;
                let product = weight.broadcast_left(batch)?.contiguous()?.matmul(&columns)?;
                product.reshape((batch, out, height, width))?
            };
            sum = Some(match sum {
                Some(sum) => sum.add(&product)?,
                None => product,
            });
        }
        Ok(sum.expect("a tap"))
    }
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

/// What each tap of a kernel sees of `x`, padded by `kernel / 2` zeros.
fn taps(x: &Tensor, kernel: usize, stride: usize) -> Result<Vec<Tensor>> {
    let (pad, resolution) = (kernel / 2, x.dim(3)?);
    let padded = x.pad_with_zeros(2, pad, pad)?.pad_with_zeros(3, pad, pad)?.contiguous()?;
    let out = (resolution + 2 * pad - kernel) / stride + 1;
    let rows = |from: usize| -> Result<Tensor> {
        let rows: Vec<u32> = (0..out).map(|at| (from + at * stride) as u32).collect();
        Tensor::new(rows, &Device::Cpu)
    };
    let mut taps = Vec::new();
    for y in 0..kernel {
        let cut = padded.index_select(&rows(y)?, 2)?;
        for x in 0..kernel {
            taps.push(cut.index_select(&rows(x)?, 3)?);
        }
    }
    Ok(taps)
}

/// The loss and the gradient of each parameter.
fn reference(trainer: &Trainer, images: &[f32], targets: &[f32]) -> Result<(f64, Vec<Vec<f64>>)> {
    let (graph, device) = (trainer.graph(), Device::Cpu);
    let mut parameters = HashMap::new();
    for parameter in &trainer.model().parameters {
        let values: Vec<f64> = parameter.values.iter().map(|&value| f64::from(value)).collect();
        let tensor = Tensor::from_vec(values, parameter.shape.clone(), &device)?;
        parameters.insert(parameter.name.as_str(), Var::from_tensor(&tensor)?);
    }
    let shape = (BATCH, graph.input().resolution, graph.input().resolution, graph.input().channels);
    let x = Tensor::from_slice(images, shape, &device)?.permute((0, 3, 1, 2))?.contiguous()?;
    let reference = Reference { graph, parameters };
    let logits = reference.forward(&x.to_dtype(DType::F64)?)?;
    let targets = Tensor::from_slice(targets, (BATCH, graph.classes()), &device)?;
    let log_sum = logits.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let log_softmax = logits.broadcast_sub(&log_sum)?;
    let loss =
        (log_softmax.mul(&targets.to_dtype(DType::F64)?)?.sum_all()? * (-1.0 / BATCH as f64))?;
    let gradients = loss.backward()?;
    let mut all = Vec::new();
    for parameter in &trainer.model().parameters {
        let gradient = gradients.get(&reference.parameters[parameter.name.as_str()]);
        all.push(gradient.expect("tracked").flatten_all()?.to_vec1()?);
    }
    Ok((loss.to_scalar()?, all))
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

/// A network without dropout, whose masks are random, on odd maps and with more than one pixel at
/// its end.
fn graph(name: &str) -> Graph {
    let mut network = published::network(name).unwrap();
    network.input.resolution = 72;
    network.head = network.head.at_inference();
    network.lower().unwrap()
}

fn check(name: &str, graph: &Graph, allowed: f64) {
    let images = numbers(BATCH * graph.input().elements());
    let targets = smoothed_targets(&[0, 1, 2, 3, 0, 2], 4, 0.1);
    let mut trainer = Trainer::new(graph, 3, 1).unwrap();
    let (expected_loss, expected) = reference(&trainer, &images, &targets).unwrap();
    let loss = trainer.accumulate(&images, &targets).unwrap();
    assert!((loss / expected_loss - 1.0).abs() < 1e-5, "{name}: {loss}, {expected_loss}");
    let whole = norm(expected.iter().flatten().copied());
    let parameters = &trainer.model().parameters;
    for ((found, expected), parameter) in trainer.gradients().iter().zip(&expected).zip(parameters)
    {
        let off = norm(found.iter().zip(expected).map(|(&a, b)| f64::from(a) - b));
        // A scale or shift that the next batch norm undoes has a gradient of rounding errors only.
        let size = norm(expected.iter().copied()).max(1e-3 * whole);
        assert!(off < allowed * size, "{name}, {}: off by {off} of {size}", parameter.name);
    }
}

const NETWORKS: [&str; 7] = [
    "mobilenet_v1@width=0.25,classes=4",
    "mobilenet_v2@width=0.35,classes=4",
    "mobilenet_v3_small@classes=4",
    "mnasnet_a1@classes=4",
    "shufflenet_v1_g3@width=0.5,classes=4",
    "shufflenet_v2@width=0.5,classes=4",
    "shufflenet_v2_torchvision@width=0.5,classes=4",
];

/// With smooth activations in place of the networks' own, so that rounding moves nothing across a
/// kink.
#[test]
fn gradients_are_those_of_autograd_in_f64() {
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

/// One value that rounding moves across a kink of the last layers changes every gradient by more than
/// a hundredth.
#[test]
fn gradients_with_the_networks_own_activations_are_close() {
    for name in NETWORKS {
        check(name, &graph(name), 0.1);
    }
}
