//! `nas describe`: the costs of a network, layer by layer.

use anyhow::Result;
use search_space::{Graph, Network, Node, Shape};
use serde::Serialize;

use crate::args::{DescribeArgs, Global};
use crate::exit::Outcome;
use crate::load;
use crate::screen::{self, grouped};

/// Shapes are `[height, width, channels]`.
#[derive(Serialize)]
struct Layer {
    name: String,
    op: String,
    input: [usize; 3],
    output: [usize; 3],
    params: usize,
    macs: usize,
}

#[derive(Serialize)]
struct Description {
    name: String,
    params: usize,
    macs: usize,
    memory_access_cost: usize,
    peak_activation_bytes: usize,
    layers: Vec<Layer>,
}

pub(crate) fn run(global: &Global, args: &DescribeArgs) -> Result<Outcome> {
    let network = load::network(&args.net)?;
    let description = describe(&network, &network.lower()?);
    if global.json {
        screen::print_json(&description)?;
    } else {
        print(&network, &description);
    }
    Ok(Outcome::Done)
}

fn describe(network: &Network, graph: &Graph) -> Description {
    let cost = graph.cost();
    Description {
        name: network.name.clone(),
        params: cost.params,
        macs: cost.macs,
        memory_access_cost: cost.memory_access_cost,
        peak_activation_bytes: cost.peak_activation_bytes,
        layers: graph.nodes[1..].iter().map(|node| layer(graph, node)).collect(),
    }
}

fn layer(graph: &Graph, node: &Node) -> Layer {
    let dims = |shape: Shape| [shape.resolution, shape.resolution, shape.channels];
    let (input, cost) = (graph.input_shape(node), graph.layer_cost(node));
    Layer {
        name: node.name.clone(),
        op: graph.op_text(node),
        input: dims(input),
        output: dims(node.output),
        params: cost.params,
        macs: cost.macs,
    }
}

fn print(network: &Network, description: &Description) {
    let kib = description.peak_activation_bytes as f64 / 1024.0;
    let rows = [
        ("network", network.name.clone()),
        ("input", format!("{0}x{0}x{1}", network.input.resolution, network.input.channels)),
        ("classes", grouped(network.classes)),
        ("parameters", grouped(description.params)),
        ("MACs", grouped(description.macs)),
        ("memory access cost", format!("{} elements", grouped(description.memory_access_cost))),
        ("peak activations", format!("{kib:.1} KiB (f32, batch 1)")),
    ];
    for (name, value) in rows {
        outln!("{name:<20}{value}");
    }
    let dims = |[h, w, c]: [usize; 3]| format!("{h}x{w}x{c}");
    let cells = |layer: &Layer| {
        let (input, output) = (dims(layer.input), dims(layer.output));
        let counts = [layer.params, layer.macs].map(grouped);
        [vec![layer.name.clone(), layer.op.clone(), input, output], counts.to_vec()].concat()
    };
    let rows = description.layers.iter().map(cells).collect();
    let header = ["layer", "op", "input", "output", "parameters", "MACs"];
    outln!("\n{}", screen::table(&header, &["layer", "op"], rows));
}
