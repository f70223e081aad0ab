//! The weights of a supernet, and subnets that use slices of them.

use std::collections::HashMap;

use candle_core::{Device, Tensor, Var};
use search_space::{Genotype, Graph, SearchSpace};

use super::shared::{SharedTensor, largest_tensors, shared_tensors};
use super::slice::Slice;
use crate::error::TrainingError;
use crate::initialise::initialise;
use crate::model::{Backend, Model, NamedVar};
use crate::tensors::{TensorSpec, tensor_specs};

/// The weights that all networks of a space share.
///
/// Each tensor is stored as large as the largest one at its place: the layer of a stage, the family
/// of the block and the role in it. A network takes the centre of kernels and the leading channels
/// of widths, of each group where a convolution is grouped. A stage with fewer layers has the
/// leading ones. Blocks of other families, the blocks of a `Block` list, and convolutions with other
/// numbers of groups have weights of their own. Running statistics of batch norms are not shared.
#[derive(Debug)]
pub struct Supernet {
    space: SearchSpace,
    tensors: Vec<NamedVar>,
    index: HashMap<String, usize>,
}

impl Supernet {
    /// A supernet with random weights, which the seed decides.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn new(space: &SearchSpace, seed: u64) -> Result<Self, TrainingError> {
        let spec = |SharedTensor { name, shape, .. }| TensorSpec { name, shape };
        let specs: Vec<TensorSpec> = largest_tensors(space).into_iter().map(spec).collect();
        let mut tensors = Vec::with_capacity(specs.len());
        for (TensorSpec { name, shape }, values) in specs.iter().zip(initialise(&specs, seed)) {
            let var = Var::from_tensor(&Tensor::from_vec(values, &shape[..], &Device::Cpu)?)?;
            tensors.push(NamedVar { name: name.clone(), var });
        }
        let index = specs.into_iter().enumerate().map(|(index, spec)| (spec.name, index));
        Ok(Self { space: space.clone(), tensors, index: index.collect() })
    }

    /// The space whose networks share the weights.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// The stored tensors, which are all parameters, on the CPU.
    pub fn tensors(&self) -> &[NamedVar] {
        &self.tensors
    }

    /// The subnet of a genotype.
    ///
    /// # Errors
    /// [`TrainingError::Invalid`]: a genotype that the space does not have, or a network that cannot
    /// be computed.
    pub fn subnet(&self, genotype: &Genotype) -> Result<Subnet, TrainingError> {
        let graph = self.space.decode(genotype)?.lower()?;
        let places = self.space.unit_places(genotype)?;
        let slice = |SharedTensor { name, shape, groups }| {
            let &stored = self.index.get(&name).ok_or(TrainingError::OtherNetwork)?;
            Ok(Slice::new(stored, self.tensors[stored].var.dims(), &shape, groups))
        };
        let slices = shared_tensors(&graph, &places).into_iter().map(slice);
        let slices = slices.collect::<Result<_, TrainingError>>()?;
        Ok(Subnet { graph, slices })
    }

    /// The network of a subnet with a copy of its weights. Running statistics are those of a network
    /// that has seen no images. The seed decides the dropout masks.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn model(
        &self,
        subnet: &Subnet,
        backend: &Backend,
        seed: u64,
    ) -> Result<Model, TrainingError> {
        let mut slices = subnet.slices.iter();
        let mut values = Vec::new();
        for spec in tensor_specs(&subnet.graph) {
            let slice = if spec.is_parameter() { slices.next() } else { None };
            values.push(match slice {
                Some(slice) => slice.of(&self.tensors[slice.stored].values()?),
                None => vec![if spec.leaf() == "running_var" { 1.0 } else { 0.0 }; spec.shape[0]],
            });
        }
        Model::with_values(&subnet.graph, backend.clone(), seed, &values)
    }
}

/// A network of the space with the places of its weights among those that are stored.
#[derive(Clone, Debug)]
pub struct Subnet {
    pub(super) graph: Graph,
    /// The slice of each parameter, in the order of [`tensor_specs`].
    pub(super) slices: Vec<Slice>,
}

impl Subnet {
    /// The graph that the subnet computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
}
