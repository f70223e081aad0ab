//! The engine against plain loops over `[channels, height, width]` that know nothing of folding,
//! fusing, packing or buffers.

use engine::Engine;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Activation, Gate, Graph, Network, Node, NodeWeights, Op, Weights, published};

/// A map `[channels, height, width]`.
#[derive(Clone)]
struct Map {
    channels: usize,
    side: usize,
    values: Vec<f64>,
}

impl Map {
    fn new(channels: usize, side: usize, value: impl Fn(usize, usize, usize) -> f64) -> Self {
        let at = |i: usize| value(i / (side * side), i / side % side, i % side);
        Self { channels, side, values: (0..channels * side * side).map(at).collect() }
    }

    fn at(&self, c: usize, y: usize, x: usize) -> f64 {
        self.values[(c * self.side + y) * self.side + x]
    }

    /// The value at (y, x), or `None` outside the map.
    fn get(&self, c: usize, y: isize, x: isize) -> Option<f64> {
        let inside = |v: isize| (0..self.side as isize).contains(&v);
        (inside(y) && inside(x)).then(|| self.at(c, y as usize, x as usize))
    }

    fn map(&self, f: impl Fn(usize, f64) -> f64) -> Self {
        Map::new(self.channels, self.side, |c, y, x| f(c, self.at(c, y, x)))
    }
}

/// The values under the window of output (y, x), with `None` for what lies outside the map.
fn window(
    map: &Map,
    c: usize,
    (y, x): (usize, usize),
    kernel: usize,
    stride: usize,
) -> impl Iterator<Item = (usize, Option<f64>)> {
    let start = move |v: usize| (v * stride) as isize - (kernel / 2) as isize;
    (0..kernel * kernel).map(move |tap| {
        let (ky, kx) = ((tap / kernel) as isize, (tap % kernel) as isize);
        (tap, map.get(c, start(y) + ky, start(x) + kx))
    })
}

fn conv(map: &Map, out: usize, kernel: usize, stride: usize, groups: usize, weight: &[f32]) -> Map {
    let (each_in, each_out) = (map.channels / groups, out / groups);
    Map::new(out, map.side.div_ceil(stride), |o, y, x| {
        let first = o / each_out * each_in;
        let channel = |i: usize| {
            let filter = &weight[(o * each_in + i) * kernel * kernel..];
            let taps = window(map, first + i, (y, x), kernel, stride);
            taps.map(|(tap, v)| v.unwrap_or(0.0) * f64::from(filter[tap])).sum::<f64>()
        };
        (0..each_in).map(channel).sum()
    })
}

fn act(act: Activation, x: f64) -> f64 {
    match act {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Swish => x / (1.0 + (-x).exp()),
    }
}

fn node(graph: &Graph, node: &Node, weights: &NodeWeights, inputs: &[&Map]) -> Map {
    let out = node.output.channels;
    let bias_of = |bias: &[f32], c: usize| bias.get(c).map_or(0.0, |&b| f64::from(b));
    match (node.op, weights) {
        (Op::Conv { kernel, stride, groups, .. }, NodeWeights::Filter { weight, bias }) => {
            let sums = conv(inputs[0], out, kernel, stride, groups, weight);
            sums.map(|c, v| v + bias_of(bias, c))
        }
        (Op::Linear { .. }, NodeWeights::Filter { weight, bias }) => {
            conv(inputs[0], out, 1, 1, 1, weight).map(|c, v| v + bias_of(bias, c))
        }
        (Op::BatchNorm, NodeWeights::Norm { gamma, beta, mean, var }) => {
            let at = |values: &[f32], c: usize| f64::from(values[c]);
            let eps = f64::from(graph.norm.eps);
            inputs[0].map(|c, v| {
                (v - at(mean, c)) / (at(var, c) + eps).sqrt() * at(gamma, c) + at(beta, c)
            })
        }
        (Op::Act(kind), _) => inputs[0].map(|_, v| act(kind, v)),
        (Op::Gate(Gate::Sigmoid), _) => inputs[0].map(|_, v| 1.0 / (1.0 + (-v).exp())),
        (Op::Gate(Gate::HardSigmoid), _) => inputs[0].map(|_, v| (v + 3.0).clamp(0.0, 6.0) / 6.0),
        (Op::MaxPool { kernel, stride }, _) => Map::new(out, node.output.resolution, |c, y, x| {
            let taps = window(inputs[0], c, (y, x), kernel, stride);
            taps.filter_map(|(_, v)| v).fold(f64::NEG_INFINITY, f64::max)
        }),
        (Op::AvgPool { kernel, stride }, _) => Map::new(out, node.output.resolution, |c, y, x| {
            let taps = window(inputs[0], c, (y, x), kernel, stride);
            taps.filter_map(|(_, v)| v).sum::<f64>() / (kernel * kernel) as f64
        }),
        (Op::GlobalAvgPool, _) => Map::new(out, 1, |c, _, _| {
            let side = inputs[0].side;
            let sum: f64 = (0..side * side).map(|i| inputs[0].at(c, i / side, i % side)).sum();
            sum / (side * side) as f64
        }),
        (Op::Add, _) => {
            Map::new(out, inputs[0].side, |c, y, x| inputs[0].at(c, y, x) + inputs[1].at(c, y, x))
        }
        (Op::Multiply, _) => inputs[0].map(|c, v| v * inputs[1].at(c, 0, 0)),
        (Op::Concat, _) => Map::new(out, inputs[0].side, |c, y, x| {
            let mut c = c;
            let part = inputs.iter().find(|map| {
                let here = c < map.channels;
                c -= if here { 0 } else { map.channels };
                here
            });
            part.expect("a part with this channel").at(c, y, x)
        }),
        (Op::Split { start }, _) => {
            Map::new(out, inputs[0].side, |c, y, x| inputs[0].at(start + c, y, x))
        }
        (Op::ChannelShuffle { groups }, _) => Map::new(out, inputs[0].side, |c, y, x| {
            inputs[0].at(c % groups * (out / groups) + c / groups, y, x)
        }),
        (Op::Dropout { .. }, _) => inputs[0].clone(),
        (op, weights) => panic!("{op:?} with {weights:?}"),
    }
}

fn reference(graph: &Graph, weights: &Weights, image: &[f32]) -> Vec<f64> {
    let shape = graph.input();
    let mut maps = vec![Map::new(shape.channels, shape.resolution, |c, y, x| {
        f64::from(image[(y * shape.resolution + x) * shape.channels + c])
    })];
    for (op, weights) in graph.nodes.iter().zip(&weights.nodes).skip(1) {
        let inputs: Vec<&Map> = op.inputs.iter().map(|id| &maps[id.0]).collect();
        let map = node(graph, op, weights, &inputs);
        assert_eq!((map.channels, map.side), (op.output.channels, op.output.resolution));
        maps.push(map);
    }
    maps.pop().expect("logits").values
}

fn check(network: &Network, threads: usize) {
    let graph = network.lower().expect("valid");
    let weights = Weights::random(&graph, 7);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let image: Vec<f32> =
        (0..graph.input().elements()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let expected = reference(&graph, &weights, &image);
    let mut engine = Engine::new(&graph, &weights, threads).expect("compiles");
    let largest = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    assert!(largest.is_normal(), "{}: largest logit {largest}", network.name);
    // Twice: the second run finds the first one's values in its buffers.
    for _ in 0..2 {
        let logits = engine.run(&image);
        assert_eq!(logits.len(), expected.len());
        let worst = logits
            .iter()
            .zip(&expected)
            .fold(0.0, |m: f64, (a, b)| m.max((f64::from(*a) - b).abs()));
        assert!(worst < 1e-4 * largest, "{}: {worst} of {largest}", network.name);
    }
    let mut unit_ms = vec![0.0; engine.units()];
    let logits = engine.run_clocked(&image, &mut unit_ms).to_vec();
    assert_eq!(logits, engine.run(&image), "{}: the clock changes the logits", network.name);
    assert!(unit_ms.iter().all(|&ms| ms > 0.0), "{}: {unit_ms:?}", network.name);
}

#[test]
fn published_networks() {
    for name in published::network_names() {
        check(&published::network(&format!("{name}@resolution=64")).expect(name), 1);
    }
    for name in ["mobilenet_v3_small@resolution=75", "shufflenet_v2@width=0.5,resolution=33"] {
        check(&published::network(name).expect(name), 2);
    }
}

#[test]
fn random_genotypes_of_every_space() {
    for name in published::space_names() {
        let space = published::space(name).expect(name);
        for seed in 0..6 {
            let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
            let mut network = space.decode(&genotype).expect(name);
            network.input.resolution = 33 + 2 * seed as usize;
            check(&network, 1 + seed as usize % 3);
        }
    }
}

/// Blocks that no published network has: other kernels, strides and groups, odd widths, pools as blocks
/// and as skips, activations after projections.
#[test]
fn odd_blocks() {
    let blocks = [
        "Conv(out: 7, kernel: 5, stride: 3, act: Swish)",
        "Conv(out: 9, kernel: 3, stride: 1, act: Relu, groups: 3)",
        "Conv(out: 6, kernel: 1, stride: 2, act: Linear)",
        "Conv(out: 33, kernel: 1, stride: 1, act: HardSwish, groups: 3)",
        "Conv(out: 3, kernel: 9, stride: 1, act: Relu, groups: 3)",
        "AvgPool(kernel: 3, stride: 2)",
        "AvgPool(kernel: 5, stride: 1)",
        "MaxPool(kernel: 3, stride: 1)",
        "Separable(out: 17, kernel: 7, stride: 2, act: Relu6)",
        "Separable(out: 19, kernel: 9, stride: 3, act: Swish)",
        "Separable(out: 21, kernel: 5, stride: 2, act: HardSwish, se: (channels: 5, gate: HardSigmoid))",
        "InvertedResidual(expand: 13, out: 3, kernel: 3, stride: 1, act: Relu, skip: Pool)",
        "InvertedResidual(expand: 40, out: 3, kernel: 7, stride: 1, act: Swish, project_act: Relu6, skip: Identity)",
        "InvertedResidual(out: 3, kernel: 1, stride: 1, act: Relu, se: (channels: 1, gate: Sigmoid), skip: Identity)",
        "InvertedResidual(expand: 50, out: 70, kernel: 5, stride: 2, act: HardSwish, se: (channels: 3, gate: HardSigmoid))",
        "UniversalInvertedBottleneck(start_kernel: 3, expand: 13, mid_kernel: 5, out: 3, stride: 1, act: Relu, skip: Identity)",
        "UniversalInvertedBottleneck(start_kernel: 5, expand: 40, mid_kernel: 3, out: 16, stride: 2, act: HardSwish)",
        "UniversalInvertedBottleneck(start_kernel: 3, expand: 9, out: 24, stride: 2, act: Relu)",
        "UniversalInvertedBottleneck(expand: 17, mid_kernel: 3, out: 3, stride: 1, act: Swish, skip: Pool)",
        "UniversalInvertedBottleneck(expand: 33, out: 3, stride: 1, act: Relu, skip: Identity)",
        "FusedInvertedBottleneck(expand: 24, out: 3, kernel: 3, stride: 1, act: Relu, skip: Identity)",
        "FusedInvertedBottleneck(expand: 20, out: 40, kernel: 5, stride: 2, act: HardSwish)",
        "ShuffleUnitV1(out: 9, mid: 6, groups: 3, first_groups: 1, stride: 2)",
        "ShuffleUnitV1(out: 3, mid: 3, groups: 3, first_groups: 3, stride: 1)",
        "ShuffleUnitV2(out: 22, mid: 5, shortcut: 4, kernel: 5, stride: 2)",
    ];
    for block in blocks {
        for resolution in [4, 9, 16] {
            let ron = format!(
                r#"Network(format: 1, name: "{block} at {resolution}", classes: 5,
                input: (channels: 3, resolution: {resolution}), blocks: [{block}],
                head: PoolThenConv(conv: 10, features: 11, act: HardSwish, dropout: 0.5))"#
            );
            let network =
                Network::from_ron(&ron).unwrap_or_else(|error| panic!("{block}: {error}"));
            check(&network, 1);
        }
    }
}

#[test]
fn images_may_have_their_channels_as_planes() {
    let network = published::network("mobilenet_v3_small@resolution=33,classes=5").unwrap();
    let graph = network.lower().unwrap();
    let mut engine = Engine::new(&graph, &Weights::random(&graph, 7), 1).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let images: Vec<f32> =
        (0..2 * engine.image_len()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let logits: Vec<f32> = images
        .chunks_exact(engine.image_len())
        .flat_map(|image| engine.run(image).to_vec())
        .collect();
    // [height, width, channels] as [channels, height, width].
    let planes = images.chunks_exact(engine.image_len()).flat_map(|image| {
        (0..3).flat_map(move |channel| (0..33 * 33).map(move |pixel| image[3 * pixel + channel]))
    });
    assert_eq!(engine.run_planes(&planes.collect::<Vec<f32>>()), logits);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let graph = published::network("mobilenet_v2").unwrap().lower().unwrap();
    let other = published::network("mobilenet_v2@width=0.5").unwrap().lower().unwrap();
    let error = Engine::new(&graph, &Weights::random(&other, 0), 1).unwrap_err().to_string();
    assert!(error.contains("blocks.0.conv.conv") && error.contains("864"), "{error}");
}

/// As in PyTorch, one pixel that is NaN makes all logits NaN: each of them depends on each pixel.
#[test]
fn nan_is_not_turned_into_numbers() {
    for name in published::network_names() {
        let network = published::network(&format!("{name}@resolution=64")).expect(name);
        let graph = network.lower().expect(name);
        let mut engine = Engine::new(&graph, &Weights::random(&graph, 7), 1).expect(name);
        let mut image = vec![0.5; engine.image_len()];
        image[3 * (20 * 64 + 33)] = f32::NAN;
        let logits = engine.run(&image);
        let numbers = logits.iter().filter(|logit| !logit.is_nan()).count();
        assert_eq!(numbers, 0, "{name}: finite logits of {}", logits.len());
    }
}
