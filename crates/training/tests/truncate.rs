//! Truncation is exact for channels that nothing reads, and legal in every space.

use engine::Engine;
use onnx::{Batch, BatchNorm, Metadata, Opset, Settings};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{
    Axis, ChannelMapping, Graph, Network, NodeWeights, Op, Weights, WidthConstraint, axes,
    channel_groups, published,
};
use training::{Backend, Model, truncate};

/// A resolution small enough to run in a test, with the widths of the full size.
const RESOLUTION: usize = 32;
const SEEDS: u64 = 4;

fn networks() -> Vec<Network> {
    let published = published::network_names().map(|name| published::network(name).unwrap());
    let mut networks: Vec<Network> = published.collect();
    for space in published::space_names().map(|name| published::space(name).unwrap()) {
        for seed in 0..SEEDS {
            let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(seed));
            networks.push(space.decode(&genotype).unwrap());
        }
    }
    for network in &mut networks {
        network.input.resolution = RESOLUTION;
        network.classes = 10;
    }
    networks
}

fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

fn logits(graph: &Graph, weights: &Weights, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut engine = Engine::new(graph, weights, 1).unwrap();
    let image: Vec<f32> =
        (0..graph.input().elements()).map(|_| rng.random_range(-1.0..1.0)).collect();
    engine.run(&image).to_vec()
}

#[test]
fn equal_widths_keep_every_bit() {
    for network in networks() {
        let graph = network.lower().unwrap();
        let weights = Weights::random(&graph, 1);
        assert_eq!(truncate(&graph, &graph, &weights).unwrap(), weights, "{}", network.name);
    }
}

/// Makes the filters of some channels small, so that truncation removes them, and sets all weights
/// that read them to zero, so that their removal changes nothing. It relies on the graph's ops
/// alone.
fn silence(graph: &Graph, places: &dyn Fn(usize) -> Option<Vec<usize>>, weights: &mut Weights) {
    for (index, node) in graph.nodes.iter().enumerate() {
        let NodeWeights::Filter { weight, bias } = &mut weights.nodes[index] else { continue };
        let out = node.output.channels;
        let each = weight.len() / out;
        let input = node.inputs[0].0;
        let inputs = graph.nodes[input].output.channels;
        let (taps, groups) = match node.op {
            Op::Conv { kernel, groups, .. } => (kernel * kernel, groups),
            _ => (1, 1),
        };
        if groups > 1 && groups == out && groups == inputs {
            continue;
        }
        if let Some(silent) = places(index) {
            for channel in silent {
                weight[channel * each..(channel + 1) * each].iter_mut().for_each(|w| *w *= 1e-3);
                bias.iter_mut().skip(channel).take(1).for_each(|b| *b *= 1e-3);
            }
        }
        let Some(silent) = places(input) else { continue };
        for row in 0..out {
            let first = row * groups / out * (inputs / groups);
            for &channel in silent.iter().filter(|c| (first..first + inputs / groups).contains(c)) {
                let at = row * each + (channel - first) * taps;
                weight[at..at + taps].fill(0.0);
            }
        }
    }
}

#[test]
fn channels_that_nothing_reads_are_cut_exactly() {
    let mut cuts = 0;
    for (number, network) in networks().into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let graph = network.lower().unwrap();
        let legal = axes(&network).unwrap();
        let legal: Vec<&Axis> = legal.iter().filter(|axis| !axis.narrower.is_empty()).collect();
        if legal.is_empty() {
            continue;
        }
        let axis = *pick(&legal, &mut rng);
        let width = *pick(&axis.narrower, &mut rng);
        let narrow = axis.with_width(&network, width).lower().unwrap();
        let groups = channel_groups(&graph);
        let changes = |id: usize| narrow.nodes[id].output.channels == width;
        let group = groups
            .iter()
            .find(|group| {
                group.constraint != WidthConstraint::Fixed
                    && group.width == axis.width
                    && group.nodes.iter().all(|id| changes(id.0))
            })
            .unwrap_or_else(|| panic!("{}: {}", network.name, axis.name));
        let (old, new) = (
            ChannelMapping::new(&graph, group, group.width),
            ChannelMapping::new(&narrow, group, width),
        );
        let norms: Vec<f64> = (0..group.width).map(|_| rng.random_range(0.0..1.0)).collect();
        let kept = old.kept(&new, &norms).unwrap();
        let places = |id: usize| {
            let places = old.at(search_space::NodeId(id))?;
            let cut = (0..group.width).filter(|channel| !kept.contains(channel));
            Some(cut.map(|channel| places[channel]).collect::<Vec<usize>>())
        };
        let mut weights = Weights::random(&graph, number as u64);
        silence(&graph, &places, &mut weights);
        let cut = truncate(&graph, &narrow, &weights).unwrap();
        let whole = logits(&graph, &weights, &mut ChaCha8Rng::seed_from_u64(9));
        let less = logits(&narrow, &cut, &mut ChaCha8Rng::seed_from_u64(9));
        let largest = whole.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        for (a, b) in whole.iter().zip(&less) {
            let place = format!("{}, {} to {width}", network.name, axis.name);
            assert!((a - b).abs() <= 1e-5 * largest.max(1.0), "{place}: {a} against {b}");
        }
        cuts += 1;
    }
    assert!(cuts > 30, "{cuts}");
}

#[test]
fn every_legal_cut_lowers_runs_trains_and_exports() {
    for (number, network) in networks().into_iter().enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let graph = network.lower().unwrap();
        let weights = Weights::random(&graph, number as u64);
        let legal: Vec<Axis> =
            axes(&network).unwrap().into_iter().filter(|a| !a.narrower.is_empty()).collect();
        for axis in &legal {
            let width = *pick(&axis.narrower, &mut rng);
            let narrow = axis.with_width(&network, width);
            let place = format!("{}, {} to {width}", network.name, axis.name);
            let lowered = narrow.lower().unwrap_or_else(|error| panic!("{place}: {error}"));
            let cut = truncate(&graph, &lowered, &weights).unwrap();
            let model = Model::new(&lowered, Backend::Fused, 0).unwrap();
            model.load(&cut).unwrap_or_else(|error| panic!("{place}: {error}"));
        }
        let Some(axis) = legal.get(rng.random_range(0..legal.len().max(1))) else { continue };
        let narrow = axis.with_width(&network, *pick(&axis.narrower, &mut rng));
        let lowered = narrow.lower().unwrap();
        let cut = truncate(&graph, &lowered, &weights).unwrap();
        assert!(logits(&lowered, &cut, &mut rng).iter().all(|logit| logit.is_finite()));
        let model = Model::new(&lowered, Backend::Fused, 0).unwrap();
        model.load(&cut).unwrap();
        let images: Vec<f32> =
            (0..2 * lowered.input().elements()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut targets = vec![0.0; 20];
        (targets[3], targets[17]) = (1.0, 1.0);
        let loss = model.loss_and_gradients(&images, &targets, 1).unwrap().loss;
        assert!(loss.is_finite(), "{}", narrow.name);
        let (batch, norm) = (Batch::One, BatchNorm::Folded);
        let (opset, metadata) = (Opset::default(), Metadata::default());
        let settings = Settings { name: "cut", description: "", batch, norm, opset, metadata };
        assert!(!onnx::encode(&lowered, &cut, settings).unwrap().is_empty());
    }
}
