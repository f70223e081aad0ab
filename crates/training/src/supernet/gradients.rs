//! Gradients of several paths through a supernet on one batch.

use std::sync::atomic::Ordering;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor};
use search_space::Genotype;

use super::store::Supernet;
use crate::error::TrainingError;
use crate::model::Placement;

/// What decides the dropout masks of passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// The seed.
    pub seed: u64,
    /// The number of the first pass; the others follow.
    pub first: u64,
}

/// Loss and gradients of several paths on the same batch.
#[derive(Clone, Debug, PartialEq)]
pub struct PathGradients {
    /// The mean loss over the images and the paths.
    pub loss: f64,
    /// For each of [`Supernet::tensors`], the sum over the paths of the gradients of their mean
    /// losses; `None` if no path uses the tensor. Elements that no path uses are 0.
    pub gradients: Vec<Option<Vec<f32>>>,
}

impl Supernet {
    /// Forward and backward passes of a batch through the networks of `paths`, one after another,
    /// with images `[batch, height, width, channels]` and targets `[batch, classes]` whose rows sum
    /// to 1. The results are bit-identical for any number of threads.
    ///
    /// # Errors
    /// Genotypes, images or targets that do not fit the space; no threads.
    pub fn loss_and_gradients(
        &self,
        paths: &[Genotype],
        (images, targets): (&[f32], &[f32]),
        passes: Passes,
        placement: &Placement,
    ) -> Result<PathGradients, TrainingError> {
        let mut gradients: Vec<Option<Vec<f32>>> = vec![None; self.tensors().len()];
        let mut loss = 0.0;
        for (pass, path) in (passes.first..).zip(paths) {
            let subnet = self.subnet(path)?;
            let model = self.model(&subnet, &placement.backend, passes.seed)?;
            model.batches.store(pass, Ordering::Relaxed);
            let of_path = model.loss_and_gradients(images, targets, placement.threads)?;
            loss += of_path.loss / paths.len() as f64;
            for (slice, gradient) in subnet.slices.iter().zip(of_path.gradients) {
                let elements = self.tensors()[slice.stored].var.elem_count();
                let sum = gradients[slice.stored].get_or_insert_with(|| vec![0.0; elements]);
                let gradient = gradient.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                slice.add(&gradient, sum);
            }
        }
        Ok(PathGradients { loss, gradients })
    }
}

impl PathGradients {
    /// The factor that clips the global norm of the gradients to `clip_norm`; 1 if the norm is below
    /// it.
    pub(super) fn clip_factor(&self, clip_norm: f32) -> f32 {
        let square = |value: &f32| f64::from(*value).powi(2);
        let squares = self.gradients.iter().flatten().flatten().map(square);
        (f64::from(clip_norm) / squares.sum::<f64>().sqrt()).min(1.0) as f32
    }

    /// The gradients times `factor`, as candle's optimisers take them. Tensors that no path uses have
    /// none.
    pub(super) fn into_store(
        self,
        supernet: &Supernet,
        factor: f32,
    ) -> Result<GradStore, TrainingError> {
        let mut store = GradStore::default();
        for (tensor, gradient) in supernet.tensors().iter().zip(self.gradients) {
            let Some(mut gradient) = gradient else { continue };
            if factor < 1.0 {
                gradient.iter_mut().for_each(|value| *value *= factor);
            }
            let gradient = Tensor::from_vec(gradient, tensor.var.dims(), &Device::Cpu)?;
            store.insert(&tensor.var, gradient);
        }
        Ok(store)
    }
}
