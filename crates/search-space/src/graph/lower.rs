//! Lowers a network to its graph. Shapes are checked here and in [`lower_block`] only.

use std::collections::HashSet;

use crate::error::Invalid;
use crate::graph::lower_blocks::lower_block;
use crate::graph::{Graph, Node, NodeId, Op, Shape, UnitSpan};
use crate::network::Network;
use crate::network::block::{Activation, Gate};
use crate::network::head::Head;
use crate::size_limits::{self, check_size};

pub(crate) fn lower(network: &Network) -> Result<Graph, Invalid> {
    check_globals(network)?;
    let mut builder = Builder::new(network);
    let mut x = NodeId(0);
    for ((index, block), unit) in network.blocks.iter().enumerate().zip(network.units()) {
        let start = builder.graph.nodes.len();
        let place = format!("blocks[{index}]");
        builder.scope = format!("blocks.{index}");
        x = lower_block(&mut builder, x, block).map_err(|error| error.within(&place))?;
        builder.end_unit(start, unit);
    }
    let start = builder.graph.nodes.len();
    builder.scope = "head".to_owned();
    lower_head(&mut builder, x, &network.head, network.classes).map_err(|e| e.within("head"))?;
    if let Some(unit) = network.units().last() {
        builder.end_unit(start, unit);
    }
    Ok(builder.graph)
}

fn check_globals(network: &Network) -> Result<(), Invalid> {
    if network.format != Network::FORMAT {
        return Err(Invalid::new("format", network.format, Network::FORMAT.to_string()));
    }
    check_size("input.channels", network.input.channels, size_limits::CHANNELS)?;
    check_size("input.resolution", network.input.resolution, size_limits::RESOLUTION)?;
    check_size("classes", network.classes, size_limits::CLASSES)?;
    check_class_names(network)?;
    if let Some(preprocessing) = &network.preprocessing {
        preprocessing.check(network.input).map_err(|error| error.within("preprocessing"))?;
    }
    let norm = network.norm;
    if !(norm.eps > 0.0 && norm.eps <= 1.0) {
        return Err(Invalid::new("norm.eps", norm.eps, "above 0, at most 1"));
    }
    if !(norm.momentum > 0.0 && norm.momentum <= 1.0) {
        return Err(Invalid::new("norm.momentum", norm.momentum, "above 0, at most 1"));
    }
    let p = network.head.dropout().0;
    if !(0.0..1.0).contains(&p) {
        return Err(Invalid::new("head.dropout", p, "at least 0 and below 1"));
    }
    if network.blocks.is_empty() || network.blocks.len() > size_limits::BLOCKS {
        let found = format!("{} blocks", network.blocks.len());
        return Err(Invalid::new("blocks", found, format!("1 to {}", size_limits::BLOCKS)));
    }
    Ok(())
}

fn check_class_names(Network { class_names, classes, .. }: &Network) -> Result<(), Invalid> {
    if !class_names.is_empty() && class_names.len() != *classes {
        let found = format!("{} names", class_names.len());
        return Err(Invalid::new("class_names", found, format!("{classes}, one for each class")));
    }
    let mut seen = HashSet::new();
    match class_names.iter().find(|name| !seen.insert(*name)) {
        Some(name) => {
            Err(Invalid::new("class_names", format!("{name:?} twice"), "different names"))
        }
        None => Ok(()),
    }
}

fn lower_head(b: &mut Builder, x: NodeId, head: &Head, classes: usize) -> Result<(), Invalid> {
    let (features, dropout, bias) = match *head {
        Head::Pool { dropout, bias } => (b.push("pool", Op::GlobalAvgPool, &[x]), dropout, bias),
        Head::ConvThenPool { conv, act, dropout, bias } => {
            check_size("conv", conv, size_limits::CHANNELS)?;
            let x = b.conv_norm_act("conv", x, ConvSpec::pointwise(conv), act)?;
            (b.push("pool", Op::GlobalAvgPool, &[x]), dropout, bias)
        }
        Head::PoolThenFeatures { features, act, dropout, bias } => {
            (lower_features(b, x, features, act)?, dropout, bias)
        }
        Head::PoolThenConv { conv, features, act, dropout, bias } => {
            check_size("conv", conv, size_limits::CHANNELS)?;
            let x = b.conv_norm_act("conv", x, ConvSpec::pointwise(conv), act)?;
            (lower_features(b, x, features, act)?, dropout, bias)
        }
        Head::PoolThenConvNorm { features, act, dropout, bias } => {
            check_size("features", features, size_limits::CHANNELS)?;
            let x = b.push("pool", Op::GlobalAvgPool, &[x]);
            (b.conv_norm_act("features", x, ConvSpec::pointwise(features), act)?, dropout, bias)
        }
    };
    let x = match dropout.0 {
        0.0 => features,
        p => b.push("dropout", Op::Dropout { p }, &[features]),
    };
    b.push_shaped("classifier", Op::Linear { bias }, &[x], classes, 1)?;
    Ok(())
}

/// Appends a global average pool, a linear layer with bias to `features` and an activation.
fn lower_features(
    b: &mut Builder,
    x: NodeId,
    features: usize,
    act: Activation,
) -> Result<NodeId, Invalid> {
    check_size("features", features, size_limits::CHANNELS)?;
    let x = b.push("pool", Op::GlobalAvgPool, &[x]);
    let x = b.push_shaped("features", Op::Linear { bias: true }, &[x], features, 1)?;
    Ok(b.act("features.act", x, act))
}

/// The settings of a convolution without bias.
#[derive(Clone, Copy)]
pub(crate) struct ConvSpec {
    pub(crate) out: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) groups: usize,
}

impl ConvSpec {
    pub(crate) fn pointwise(out: usize) -> Self {
        Self { out, kernel: 1, stride: 1, groups: 1 }
    }

    pub(crate) fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { out: channels, kernel, stride, groups: channels }
    }
}

/// Appends nodes to a graph and infers their shapes.
pub(crate) struct Builder {
    graph: Graph,
    /// Prefix of the names of new nodes.
    scope: String,
}

impl Builder {
    fn new(network: &Network) -> Self {
        let output = Shape::new(network.input.channels, network.input.resolution);
        let input = Node { name: "input".to_owned(), op: Op::Input, inputs: vec![], output };
        Self {
            graph: Graph { nodes: vec![input], units: vec![], norm: network.norm },
            scope: String::new(),
        }
    }

    pub(crate) fn shape(&self, id: NodeId) -> Shape {
        self.graph.node(id).output
    }

    /// Appends an op whose output shape follows from the shapes of its inputs.
    pub(crate) fn push(&mut self, name: &str, op: Op, inputs: &[NodeId]) -> NodeId {
        let input = self.shape(inputs[0]);
        let channels = match op {
            Op::Concat => inputs.iter().map(|&id| self.shape(id).channels).sum(),
            _ => input.channels,
        };
        let resolution = match op {
            Op::GlobalAvgPool => 1,
            Op::MaxPool { stride, .. } | Op::AvgPool { stride, .. } => {
                input.resolution.div_ceil(stride)
            }
            _ => input.resolution,
        };
        self.append(name, op, inputs, Shape::new(channels, resolution))
    }

    /// Appends an op with the given output shape.
    pub(crate) fn push_shaped(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[NodeId],
        channels: usize,
        resolution: usize,
    ) -> Result<NodeId, Invalid> {
        let output = Shape::new(channels, resolution);
        let fan_in = match op {
            Op::Conv { kernel, groups, .. } => {
                kernel * kernel * self.shape(inputs[0]).channels / groups
            }
            Op::Linear { .. } => self.shape(inputs[0]).channels,
            _ => 0,
        };
        let largest = output.elements().max(fan_in.saturating_mul(channels));
        if largest > size_limits::ELEMENTS {
            let found = format!("a tensor of {largest} elements in {name}");
            return Err(Invalid::new("out", found, format!("at most {}", size_limits::ELEMENTS)));
        }
        Ok(self.append(name, op, inputs, output))
    }

    fn append(&mut self, name: &str, op: Op, inputs: &[NodeId], output: Shape) -> NodeId {
        let name = format!("{}.{name}", self.scope);
        self.graph.nodes.push(Node { name, op, inputs: inputs.to_vec(), output });
        NodeId(self.graph.nodes.len() - 1)
    }

    /// Appends a convolution and its batch norm.
    pub(crate) fn conv_norm(
        &mut self,
        name: &str,
        x: NodeId,
        spec: ConvSpec,
    ) -> Result<NodeId, Invalid> {
        let ConvSpec { out, kernel, stride, groups } = spec;
        let resolution = self.shape(x).resolution.div_ceil(stride);
        let op = Op::Conv { kernel, stride, groups, bias: false };
        let x = self.push_shaped(&format!("{name}.conv"), op, &[x], out, resolution)?;
        Ok(self.push(&format!("{name}.bn"), Op::BatchNorm, &[x]))
    }

    /// Appends a convolution, its batch norm and an activation.
    pub(crate) fn conv_norm_act(
        &mut self,
        name: &str,
        x: NodeId,
        spec: ConvSpec,
        act: Activation,
    ) -> Result<NodeId, Invalid> {
        let x = self.conv_norm(name, x, spec)?;
        Ok(self.act(&format!("{name}.act"), x, act))
    }

    /// Appends an activation, or nothing for `Linear`.
    pub(crate) fn act(&mut self, name: &str, x: NodeId, act: Activation) -> NodeId {
        match act {
            Activation::Linear => x,
            act => self.push(name, Op::Act(act), &[x]),
        }
    }

    /// Appends squeeze-and-excite of `x` with `squeeze` channels in the squeezed vector.
    pub(crate) fn squeeze_excite(
        &mut self,
        x: NodeId,
        squeeze: usize,
        gate: Gate,
    ) -> Result<NodeId, Invalid> {
        let channels = self.shape(x).channels;
        let op = Op::Conv { kernel: 1, stride: 1, groups: 1, bias: true };
        let s = self.push("se.pool", Op::GlobalAvgPool, &[x]);
        let s = self.push_shaped("se.reduce", op, &[s], squeeze, 1)?;
        let s = self.act("se.act", s, Activation::Relu);
        let s = self.push_shaped("se.expand", op, &[s], channels, 1)?;
        let s = self.push("se.gate", Op::Gate(gate), &[s]);
        Ok(self.push("se.scale", Op::Multiply, &[x, s]))
    }

    fn end_unit(&mut self, start: usize, unit: crate::graph::unit::PlacedUnit) {
        let nodes = start..self.graph.nodes.len();
        debug_assert_eq!(self.graph.nodes[nodes.end - 1].output, unit.output());
        self.graph.units.push(UnitSpan { unit, nodes });
    }
}
