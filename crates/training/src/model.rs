//! A network as a candle module.

use std::sync::atomic::AtomicU64;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::initialise::initialise;
use crate::tensors::{TensorSpec, flat, tensor_specs, weights_of};
use crate::units::{Unit, units};

/// What computes a network.
#[derive(Clone, Debug)]
pub enum Backend {
    /// [`crate::ops`]: f32 on the CPU.
    Fused,
    /// [`crate::stock`].
    Stock {
        /// Where.
        device: Device,
        /// F32 or F64.
        dtype: DType,
    },
}

impl Backend {
    /// The stock ops in f32 on a GPU.
    ///
    /// # Errors
    /// A device that is not there, or a build without the feature `cuda`.
    pub fn cuda(number: usize) -> Result<Self, TrainingError> {
        Ok(Self::Stock { device: Device::new_cuda(number)?, dtype: DType::F32 })
    }

    fn device(&self) -> &Device {
        match self {
            Self::Fused => &Device::Cpu,
            Self::Stock { device, .. } => device,
        }
    }

    fn dtype(&self) -> DType {
        match self {
            Self::Fused => DType::F32,
            Self::Stock { dtype, .. } => *dtype,
        }
    }

    /// A tensor of these elements where and as the backend computes.
    pub(crate) fn tensor(&self, values: &[f32], shape: &[usize]) -> candle_core::Result<Tensor> {
        Tensor::from_slice(values, shape, self.device())?.to_dtype(self.dtype())
    }
}

/// On what a network is trained or evaluated.
#[derive(Clone, Debug)]
pub struct Placement {
    /// What computes it.
    pub backend: Backend,
    /// Each works on a shard of a batch.
    pub threads: usize,
}

impl Placement {
    /// The fused ops on so many threads.
    pub fn cpu(threads: usize) -> Self {
        Self { backend: Backend::Fused, threads }
    }
}

/// A variable of a network.
#[derive(Clone, Debug)]
pub struct NamedVar {
    /// Its node's name with `.weight`, `.bias`, `.running_mean` or `.running_var`, as in PyTorch.
    pub name: String,
    /// In PyTorch's layout.
    pub var: Var,
}

impl NamedVar {
    /// Whether it is learned: all but running statistics.
    pub fn is_parameter(&self) -> bool {
        !self.name.ends_with(".running_mean") && !self.name.ends_with(".running_var")
    }

    /// Its elements, row-major.
    ///
    /// # Errors
    /// Those of the device.
    pub fn values(&self) -> Result<Vec<f32>, TrainingError> {
        Ok(self.var.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}

/// A network as a [`candle_nn::ModuleT`]: images `[batch, height, width, channels]` to logits `[batch,
/// classes]`. In training, `forward_t` takes the statistics of the batch and moves the running ones;
/// otherwise batch norms take the running ones, nothing is dropped, and no gradient is tracked.
pub struct Model {
    pub(crate) graph: Graph,
    pub(crate) backend: Backend,
    pub(crate) units: Vec<Unit>,
    /// Batches seen in training: with the seed, what dropout depends on.
    pub(crate) batches: AtomicU64,
    pub(crate) seed: u64,
    /// In the order of [`tensor_specs`].
    state: Vec<NamedVar>,
    var_map: VarMap,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Model {
    /// A network with fresh weights. The seed decides them, and what dropout drops.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(graph: &Graph, backend: Backend, seed: u64) -> Result<Self, TrainingError> {
        let specs = tensor_specs(graph);
        let var_map = VarMap::new();
        let mut state = Vec::with_capacity(specs.len());
        for (TensorSpec { name, shape }, values) in specs.iter().zip(initialise(&specs, seed)) {
            let (dtype, device) = (backend.dtype(), backend.device());
            let zeros = candle_nn::Init::Const(0.0);
            let var = Var::from_tensor(&var_map.get(&shape[..], name, zeros, dtype, device)?)?;
            var.set(&backend.tensor(&values, shape)?)?;
            state.push(NamedVar { name: name.clone(), var });
        }
        let units = units(graph, &state);
        let batches = AtomicU64::new(0);
        Ok(Self { graph: graph.clone(), backend, units, batches, seed, state, var_map })
    }

    /// Another network of the same values, in variables of its own.
    ///
    /// # Errors
    /// Those of the device.
    pub fn duplicate(&self) -> Result<Self, TrainingError> {
        let copy = Self::new(&self.graph, self.backend.clone(), self.seed)?;
        for (to, from) in copy.state.iter().zip(&self.state) {
            to.var.set(&from.var)?;
        }
        Ok(copy)
    }

    /// The graph that it computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// All variables by name, in no order.
    pub fn var_map(&self) -> &VarMap {
        &self.var_map
    }

    /// All variables in the order of [`tensor_specs`].
    pub fn state(&self) -> &[NamedVar] {
        &self.state
    }

    /// What is learned, in the order of [`tensor_specs`].
    pub fn parameters(&self) -> impl Iterator<Item = &NamedVar> {
        self.state.iter().filter(|named| named.is_parameter())
    }

    /// As the tensors of the graph's nodes.
    ///
    /// # Errors
    /// Those of the device.
    pub fn to_weights(&self) -> Result<Weights, TrainingError> {
        let values = self.state.iter().map(NamedVar::values).collect::<Result<Vec<_>, _>>()?;
        Ok(weights_of(&self.graph, values))
    }

    /// Takes over the tensors of the graph's nodes.
    ///
    /// # Errors
    /// Tensors of another number or size.
    pub fn load(&self, weights: &Weights) -> Result<(), TrainingError> {
        let from = flat(weights);
        let fits = |(to, from): (&NamedVar, &&[f32])| to.var.elem_count() == from.len();
        if from.len() != self.state.len() || !self.state.iter().zip(&from).all(fits) {
            return Err(TrainingError::OtherNetwork);
        }
        for (to, from) in self.state.iter().zip(from) {
            to.var.set(&self.backend.tensor(from, to.var.dims())?)?;
        }
        Ok(())
    }
}
