//! A plain reference of which stored element is which element of a subnet.

use search_space::{Genotype, Op, SearchSpace, UnitPlace};
use training::supernet::Supernet;
use training::tensor_specs;

/// A parameter of a subnet: its index among the stored tensors, and for each of its elements the
/// index of the stored one.
pub(crate) struct Placed {
    pub(crate) stored: usize,
    pub(crate) elements: Vec<usize>,
}

/// Expansions, kernels, widths, depths, squeeze-and-excite and families, with groups of channels.
pub(crate) const SPACE: &str = r#"SearchSpace(
    format: 1, name: "small", channels: 1, resolution: [8], width: [0.5, 1.0], classes: 4,
    stem: [Conv(out: 16, kernel: 3, stride: 1, act: Relu)],
    stages: [
        (out: 16, layers: 1, stride: 1, choices: [
            Expand([1, 2]), Kernel([3, 5]), Layers([1, 2]),
            Se([None, OfInput(ratio: 0.5, gate: HardSigmoid)]),
        ]),
        (out: 48, layers: 1, stride: 2, choices: [
            Family([ShuffleUnitV1, ShuffleUnitV2, Separable]), Groups([1, 2, 4]),
            Mid([0.25, 0.5]), Kernel([3, 5]), Layers([1, 2]),
        ]),
        (out: 32, layers: 1, stride: 1, choices: [
            Block([[Family(Shortcut)], [Kernel(3), Expand(2)], [Kernel(5), Expand(4)]]),
        ]),
    ],
    head: ConvThenPool(conv: 40, act: HardSwish),
)"#;

pub(crate) fn space() -> SearchSpace {
    SearchSpace::from_ron(SPACE).unwrap()
}

pub(crate) fn is_legal(space: &SearchSpace, genotype: &Genotype) -> bool {
    space.decode(genotype).unwrap().lower().is_ok()
}

/// The parameters of a subnet in the order of the graph.
pub(crate) fn placed(supernet: &Supernet, genotype: &Genotype) -> Vec<Placed> {
    let space = supernet.space();
    let graph = space.decode(genotype).unwrap().lower().unwrap();
    let places = space.unit_places(genotype).unwrap();
    let mut placed = Vec::new();
    for spec in tensor_specs(&graph) {
        let (node_name, leaf) = spec.name.rsplit_once('.').unwrap();
        if leaf.starts_with("running") {
            continue;
        }
        let mut node = graph.nodes.iter().find(|node| node.name == node_name).unwrap();
        if node.op == Op::BatchNorm {
            node = graph.node(node.inputs[0]);
        }
        let groups = match node.op {
            Op::Conv { groups, .. } if groups < node.output.channels => groups,
            _ => 1,
        };
        let (unit, role) = match spec.name.strip_prefix("blocks.") {
            Some(rest) => rest.split_once('.').unwrap(),
            None => ("", spec.name.strip_prefix("head.").unwrap()),
        };
        let place = match unit.parse::<usize>() {
            Ok(block) => places[block],
            Err(_) => UnitPlace::Head,
        };
        let of_groups = if groups > 1 { format!("groups{groups}.") } else { String::new() };
        let name = format!("{place}.{of_groups}{role}");
        let stored = supernet.tensors().iter().position(|tensor| tensor.name == name);
        let stored = stored.unwrap_or_else(|| panic!("{name}"));
        let elements = elements(supernet.tensors()[stored].var.dims(), &spec.shape, groups);
        placed.push(Placed { stored, elements });
    }
    placed
}

/// For each element of a part, in row-major order, the index of the element of the whole.
fn elements(whole: &[usize], part: &[usize], groups: usize) -> Vec<usize> {
    let dim = |shape: &[usize], index: usize| shape.get(index).copied().unwrap_or(1);
    let [w, p] = [whole, part].map(|shape| [0, 1, 2, 3].map(|index| dim(shape, index)));
    let mut elements = Vec::new();
    for out in 0..p[0] {
        let (group, within) = (out / (p[0] / groups), out % (p[0] / groups));
        let out = group * (w[0] / groups) + within;
        for input in 0..p[1] {
            for y in 0..p[2] {
                for x in 0..p[3] {
                    let (y, x) = (y + (w[2] - p[2]) / 2, x + (w[3] - p[3]) / 2);
                    elements.push(((out * w[1] + input) * w[2] + y) * w[3] + x);
                }
            }
        }
    }
    elements
}
