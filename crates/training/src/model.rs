//! What a network learns, and what its batch norms remember.

use search_space::{Graph, Node, NodeWeights, Op, Weights};

use crate::error::TrainingError;
use crate::tensors::flat;

/// Whether weight decay applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// Weights of convolutions and linear layers.
    Applies,
    /// Biases, and batch norm's scale and shift.
    None,
}

/// A tensor that is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its node's name with `.weight` or `.bias`, as in PyTorch.
    pub name: String,
    /// In PyTorch's layout: `[out, in / groups, kernel, kernel]`, `[out, in]` or `[channels]`.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
    /// Whether weight decay applies.
    pub decay: Decay,
}

/// Running statistics of a batch norm, each `[channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningStatistics {
    /// The batch norm's node.
    pub name: String,
    /// Running mean.
    pub mean: Vec<f32>,
    /// Running unbiased variance.
    pub var: Vec<f32>,
}

/// All that a network has learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// What is learned, in the order of the graph.
    pub parameters: Vec<Parameter>,
    /// Statistics of the batch norms, in the order of the graph.
    pub statistics: Vec<RunningStatistics>,
}

impl Model {
    /// Every tensor, in the order of [`crate::tensor_specs`].
    pub(crate) fn tensors_mut(&mut self) -> Vec<&mut Vec<f32>> {
        let mut statistics = self.statistics.iter_mut();
        let mut tensors = Vec::new();
        let mut parameters = self.parameters.iter_mut();
        while let Some(parameter) = parameters.next() {
            let is_scale = parameter.decay == Decay::None && parameter.name.ends_with(".weight");
            tensors.push(&mut parameter.values);
            if is_scale && let (Some(shift), Some(running)) = (parameters.next(), statistics.next())
            {
                tensors.extend([&mut shift.values, &mut running.mean, &mut running.var]);
            }
        }
        tensors
    }

    /// As the tensors of a graph's nodes.
    pub fn to_weights(&self, graph: &Graph) -> Weights {
        let mut parameters = self.parameters.iter().map(|parameter| parameter.values.clone());
        let mut statistics = self.statistics.iter();
        let mut next = || parameters.next().unwrap_or_default();
        let of = |node: &Node| match node.op {
            Op::Conv { bias, .. } | Op::Linear { bias } => {
                let weight = next();
                NodeWeights::Filter { weight, bias: if bias { next() } else { Vec::new() } }
            }
            Op::BatchNorm => {
                let (gamma, beta) = (next(), next());
                let running = statistics.next();
                let (mean, var) = running.map(|s| (s.mean.clone(), s.var.clone())).unzip();
                let (mean, var) = (mean.unwrap_or_default(), var.unwrap_or_default());
                NodeWeights::Norm { gamma, beta, mean, var }
            }
            _ => NodeWeights::None,
        };
        Weights { nodes: graph.nodes.iter().map(of).collect() }
    }

    /// Takes over the tensors of a graph's nodes.
    ///
    /// # Errors
    /// Tensors of another number or size.
    pub fn load(&mut self, weights: &Weights) -> Result<(), TrainingError> {
        let from = flat(weights);
        let to = self.tensors_mut();
        let lens = |lens: &mut dyn Iterator<Item = usize>| lens.collect::<Vec<_>>();
        let found = lens(&mut from.iter().map(|tensor| tensor.len()));
        if found != lens(&mut to.iter().map(|tensor| tensor.len())) {
            return Err(TrainingError::OtherNetwork);
        }
        to.into_iter().zip(from).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(())
    }
}
