//! Evaluating subnets, after their batch norms were calibrated.

use dataset::{Augment, BatchSettings, Dataset, Order, batches};
use search_space::Genotype;

use super::store::Supernet;
use crate::error::TrainingError;
use crate::evaluate::{Evaluation, evaluate};
use crate::model::{Model, NamedVar, Placement};

/// How the statistics of a subnet's batch norms are computed: from the same images in the same order
/// for every subnet, since those of the paths in training are of many networks. With few images,
/// accuracies depend on which ones they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Number of training images, rounded up to whole batches, or all of them if there are fewer.
    pub images: usize,
    /// Images per batch.
    pub batch: usize,
    /// Seed of the choice of the images.
    pub seed: u64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { images: 1_024, batch: 64, seed: 0 }
    }
}

impl Supernet {
    /// The network of a genotype with its weights and with statistics of its batch norms from
    /// training images without augmentation.
    ///
    /// # Errors
    /// A genotype or images that do not fit the space.
    pub fn calibrated(
        &self,
        genotype: &Genotype,
        data: &Dataset,
        calibration: Calibration,
        placement: &Placement,
    ) -> Result<Model, TrainingError> {
        let model = self.model(&self.subnet(genotype)?, &placement.backend, 0)?;
        if model.state().iter().all(NamedVar::is_parameter) {
            return Ok(model);
        }
        let batch = calibration.batch.clamp(1, data.train.len().max(1));
        let settings = BatchSettings {
            batch,
            resolution: model.graph().input().resolution,
            augment: Augment::NONE,
            order: Order::Shuffled,
            seed: calibration.seed,
        };
        let count = calibration.images.div_ceil(batch).max(1);
        for (index, batch) in batches(&data.train, &settings, 0)?.take(count).enumerate() {
            model.observe(&batch?.images, 1.0 / (index + 1) as f32, placement.threads)?;
        }
        Ok(model)
    }

    /// Evaluates the network of a genotype on the hold-out, after [`Supernet::calibrated`]. The
    /// result is the same for any number of threads.
    ///
    /// # Errors
    /// A genotype or images that do not fit the space.
    pub fn evaluate(
        &self,
        genotype: &Genotype,
        data: &Dataset,
        calibration: Calibration,
        placement: &Placement,
    ) -> Result<Evaluation, TrainingError> {
        let model = self.calibrated(genotype, data, calibration, placement)?;
        evaluate(&model, &data.hold_out, placement.threads)
    }
}
