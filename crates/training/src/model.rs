//! A network as a candle module.

use std::sync::atomic::AtomicU64;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use search_space::{Graph, Weights};

use crate::error::TrainingError;
use crate::initialise::initialise;
use crate::tensors::{TensorSpec, flat, tensor_specs, weights_of};
use crate::units::{Unit, units};

/// The ops that compute a network, and their device.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The fused ops of [`crate::ops`], in f32 on the CPU.
    Fused,
    /// The ops of [`crate::stock`], on any device of candle.
    Stock {
        /// The device.
        device: Device,
        /// The element type, F32 or F64.
        dtype: DType,
    },
}

impl Backend {
    /// The stock ops in f32 on a GPU.
    ///
    /// # Errors
    /// A device that does not exist, or a build without the feature `cuda`.
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

    /// A tensor of these elements on the backend's device and of its type.
    pub(crate) fn tensor(&self, values: &[f32], shape: &[usize]) -> candle_core::Result<Tensor> {
        Tensor::from_slice(values, shape, self.device())?.to_dtype(self.dtype())
    }
}

/// The backend and the threads that train or evaluate a network.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Backend.
    pub backend: Backend,
    /// Number of threads, each of which works on a shard of a batch.
    pub threads: usize,
}

impl Placement {
    /// The fused ops on `threads` threads.
    pub fn cpu(threads: usize) -> Self {
        Self { backend: Backend::Fused, threads }
    }
}

/// A variable of a network.
#[derive(Clone, Debug)]
pub struct NamedVar {
    /// The name of its node with `.weight`, `.bias`, `.running_mean` or `.running_var`, as in
    /// PyTorch.
    pub name: String,
    /// The variable, in PyTorch's layout.
    pub var: Var,
}

impl NamedVar {
    /// Whether it is a learned parameter: all variables but running statistics are.
    pub fn is_parameter(&self) -> bool {
        !self.name.ends_with(".running_mean") && !self.name.ends_with(".running_var")
    }

    /// Its elements in row-major order.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn values(&self) -> Result<Vec<f32>, TrainingError> {
        Ok(self.var.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }
}

/// A network as a [`candle_nn::ModuleT`], from images `[batch, height, width, channels]` to logits
/// `[batch, classes]`. In training, `forward_t` uses the statistics of the batch and updates the
/// running ones. Otherwise batch norms use the running statistics, dropout is inactive, and no
/// gradient is tracked.
pub struct Model {
    pub(crate) graph: Graph,
    pub(crate) backend: Backend,
    pub(crate) units: Vec<Unit>,
    /// Number of training batches so far, on which dropout depends beside the seed.
    pub(crate) batches: AtomicU64,
    pub(crate) seed: u64,
    /// All variables in the order of [`tensor_specs`].
    state: Vec<NamedVar>,
    var_map: VarMap,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Model {
    /// A network with random weights. The seed decides the weights and the dropout masks.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn new(graph: &Graph, backend: Backend, seed: u64) -> Result<Self, TrainingError> {
        let values = initialise(&tensor_specs(graph), seed);
        Self::with_values(graph, backend, seed, &values)
    }

    /// A network with these elements of its tensors, in the order of [`tensor_specs`]. The seed
    /// decides the dropout masks.
    pub(crate) fn with_values(
        graph: &Graph,
        backend: Backend,
        seed: u64,
        values: &[Vec<f32>],
    ) -> Result<Self, TrainingError> {
        let specs = tensor_specs(graph);
        let var_map = VarMap::new();
        let mut state = Vec::with_capacity(specs.len());
        for (TensorSpec { name, shape }, values) in specs.iter().zip(values) {
            let (dtype, device) = (backend.dtype(), backend.device());
            let zeros = candle_nn::Init::Const(0.0);
            let var = Var::from_tensor(&var_map.get(&shape[..], name, zeros, dtype, device)?)?;
            var.set(&backend.tensor(values, shape)?)?;
            state.push(NamedVar { name: name.clone(), var });
        }
        let units = units(graph, &state);
        let batches = AtomicU64::new(0);
        Ok(Self { graph: graph.clone(), backend, units, batches, seed, state, var_map })
    }

    /// A copy with variables of its own.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn duplicate(&self) -> Result<Self, TrainingError> {
        let copy = Self::new(&self.graph, self.backend.clone(), self.seed)?;
        for (to, from) in copy.state.iter().zip(&self.state) {
            to.var.set(&from.var)?;
        }
        Ok(copy)
    }

    /// The graph that the network computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// All variables by name, in no particular order.
    pub fn var_map(&self) -> &VarMap {
        &self.var_map
    }

    /// All variables in the order of [`tensor_specs`].
    pub fn state(&self) -> &[NamedVar] {
        &self.state
    }

    /// The learned variables, in the order of [`tensor_specs`].
    pub fn parameters(&self) -> impl Iterator<Item = &NamedVar> {
        self.state.iter().filter(|named| named.is_parameter())
    }

    /// The weights of the graph's nodes.
    ///
    /// # Errors
    /// Errors of the device.
    pub fn to_weights(&self) -> Result<Weights, TrainingError> {
        let values = self.state.iter().map(NamedVar::values).collect::<Result<Vec<_>, _>>()?;
        Ok(weights_of(&self.graph, values))
    }

    /// Sets all variables to the weights of the graph's nodes.
    ///
    /// # Errors
    /// [`TrainingError::OtherNetwork`]: another number of tensors, or tensors of other sizes.
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
