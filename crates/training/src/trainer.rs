//! Gradients and logits of a batch, whose shards are computed on several threads.

use std::sync::atomic::Ordering;

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor};

use crate::error::TrainingError;
use crate::forward::Mode;
use crate::model::Model;
use crate::ops::BatchStatistics;

/// Maximum number of images in a shard, the part of a batch that one thread computes at once.
pub const SHARD_IMAGES: usize = 32;

/// Stack size of a thread. candle traverses a graph by recursion, and stock ops make graphs deep.
const STACK_BYTES: usize = 64 << 20;

/// Maximum number of elements of the images of a batch: 4 GiB of f32.
const MAX_BATCH_ELEMENTS: usize = 1 << 30;

/// Checks that the images of a batch fit in memory, with `image` elements each.
pub(crate) fn check_batch(batch: usize, image: usize) -> Result<(), TrainingError> {
    let max = MAX_BATCH_ELEMENTS / image.max(1);
    if batch <= max {
        return Ok(());
    }
    let expected = format!("at most {max}, since the images of a batch may have 4 GiB");
    Err(TrainingError::setting("batch", &batch, expected))
}

/// Loss and gradients of a batch.
#[derive(Debug)]
pub struct BatchGradients {
    /// Mean loss over the images.
    pub loss: f64,
    /// Gradients of the mean loss by each parameter, in the order of [`Model::parameters`].
    pub gradients: Vec<Tensor>,
}

impl BatchGradients {
    /// The gradients as candle's optimisers take them.
    pub fn into_store(self, model: &Model) -> GradStore {
        let mut store = GradStore::default();
        for (parameter, gradient) in model.parameters().zip(self.gradients) {
            store.insert(&parameter.var, gradient);
        }
        store
    }
}

/// Results of one shard.
struct Shard {
    /// Its contribution to the mean loss of the batch.
    loss: f64,
    gradients: Vec<Tensor>,
    statistics: Vec<BatchStatistics>,
}

impl Model {
    /// Forward and backward pass of a batch on `threads` threads, with images
    /// `[batch, height, width, channels]` and targets `[batch, classes]` whose rows sum to 1.
    /// Updates the running statistics. Shards are added up in their order, so that results are
    /// bit-identical for any number of threads.
    ///
    /// # Errors
    /// No images, an incomplete image, targets of another length, or no threads.
    pub fn loss_and_gradients(
        &self,
        images: &[f32],
        targets: &[f32],
        threads: usize,
    ) -> Result<BatchGradients, TrainingError> {
        let batch = self.images_in(images)?;
        let (image, classes) = (self.graph().input().elements(), self.graph().classes());
        if targets.len() != batch * classes {
            let expected = (batch * classes).to_string();
            return Err(TrainingError::Length { what: "targets", found: targets.len(), expected });
        }
        let first_stream = self.batches.fetch_add(1, Ordering::Relaxed) << 32;
        let share = 1.0 / batch as f32;
        let shards =
            images.chunks(SHARD_IMAGES * image).zip(targets.chunks(SHARD_IMAGES * classes));
        let shards = on_threads(threads, shards.collect(), |index, (images, targets)| {
            self.shard(images, targets, share, first_stream | index as u64)
        })?;
        let loss = shards.iter().map(|shard| shard.loss).sum();
        let mut statistics = Vec::with_capacity(shards.len());
        let mut gradients: Vec<Tensor> = Vec::new();
        for shard in shards {
            statistics.push(shard.statistics);
            if gradients.is_empty() {
                gradients = shard.gradients;
                continue;
            }
            for (sum, gradient) in gradients.iter_mut().zip(shard.gradients) {
                *sum = (&*sum + gradient)?;
            }
        }
        self.move_statistics(&statistics, self.graph.norm.momentum)?;
        Ok(BatchGradients { loss, gradients })
    }

    /// `share` is the weight of one image's loss in the mean.
    fn shard(
        &self,
        images: &[f32],
        targets: &[f32],
        share: f32,
        stream: u64,
    ) -> Result<Shard, TrainingError> {
        let batch = images.len() / self.graph().input().elements();
        let targets = self.backend.tensor(targets, &[batch, self.graph().classes()])?;
        let (logits, statistics) = self.pass(&self.images(images)?, Mode::Training { stream })?;
        let loss = self.cross_entropy(&logits, &targets)?.affine(share.into(), 0.0)?;
        let mut store = loss.backward()?;
        let gradient = |parameter: &crate::NamedVar| match store.remove(&parameter.var) {
            Some(gradient) => Ok(gradient),
            None => parameter.var.zeros_like(),
        };
        let gradients = self.parameters().map(gradient).collect::<candle_core::Result<_>>()?;
        let loss = loss.to_dtype(DType::F64)?.to_scalar()?;
        Ok(Shard { loss, gradients, statistics })
    }

    /// Moves the running statistics towards those of a batch by `momentum`, without training. The
    /// batch is cut into shards as in training, and dropout is inactive.
    ///
    /// # Errors
    /// No images, an incomplete image, or no threads.
    pub(crate) fn observe(
        &self,
        images: &[f32],
        momentum: f32,
        threads: usize,
    ) -> Result<(), TrainingError> {
        self.images_in(images)?;
        let shards = images.chunks(SHARD_IMAGES * self.graph().input().elements());
        let statistics = on_threads(threads, shards.collect(), |_, images| {
            Ok(self.pass(&self.images(images)?, Mode::Statistics)?.1)
        })?;
        Ok(self.move_statistics(&statistics, momentum)?)
    }

    /// The logits `[batch, classes]` of images `[batch, height, width, channels]` at inference,
    /// computed on `threads` threads. Batch norms use their running statistics and do not update
    /// them.
    ///
    /// # Errors
    /// No images, an incomplete image, or no threads.
    pub fn logits(&self, images: &[f32], threads: usize) -> Result<Vec<f32>, TrainingError> {
        self.images_in(images)?;
        let shards = images.chunks(SHARD_IMAGES * self.graph().input().elements());
        let logits = on_threads(threads, shards.collect(), |_, images| {
            let (logits, _) = self.pass(&self.images(images)?, Mode::Inference)?;
            Ok(logits.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
        })?;
        Ok(logits.concat())
    }

    /// Whole images as a tensor.
    fn images(&self, images: &[f32]) -> candle_core::Result<Tensor> {
        let image = self.graph().input();
        let batch = images.len() / image.elements();
        self.backend.tensor(images, &[batch, image.resolution, image.resolution, image.channels])
    }

    /// The number of images in a slice.
    fn images_in(&self, images: &[f32]) -> Result<usize, TrainingError> {
        let image = self.graph().input().elements();
        if images.is_empty() || !images.len().is_multiple_of(image) {
            let expected = format!("a multiple of {image}");
            return Err(TrainingError::Length { what: "images", found: images.len(), expected });
        }
        Ok(images.len() / image)
    }
}

/// Distributes `work` over the threads in turn. The results are in the order of the work.
fn on_threads<W: Send, R: Send>(
    threads: usize,
    work: Vec<W>,
    run: impl Fn(usize, W) -> Result<R, TrainingError> + Sync,
) -> Result<Vec<R>, TrainingError> {
    if threads == 0 {
        return Err(TrainingError::no_threads());
    }
    let mut results: Vec<Option<Result<R, TrainingError>>> = work.iter().map(|_| None).collect();
    let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, (work, result)) in work.into_iter().zip(&mut results).enumerate() {
        shares[index % threads].push((index, work, result));
    }
    std::thread::scope(|scope| {
        for share in shares.into_iter().filter(|share| !share.is_empty()) {
            let run = &run;
            let work = move || {
                share
                    .into_iter()
                    .for_each(|(index, work, result)| *result = Some(run(index, work)));
            };
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, work).map_err(TrainingError::Thread)?;
        }
        Ok::<(), TrainingError>(())
    })?;
    results.into_iter().flatten().collect()
}
