//! The durations of a supernet's updates and evaluations.

use std::time::Instant;

use dataset::batches;
use search_space::{Genotype, quantile};

use super::evaluate::Calibration;
use super::plan::SupernetPlan;
use crate::error::TrainingError;
use crate::model::Placement;

/// What a supernet costs, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupernetTimes {
    /// An epoch of the training.
    pub epoch_s: f64,
    /// The evaluation of a network on one thread, with its calibration.
    pub evaluation_s: f64,
}

impl SupernetPlan {
    /// Times `updates` updates, after one that is not counted, and one evaluation of a network, whose
    /// weights are then thrown away.
    ///
    /// # Errors
    /// Images that cannot be read, a genotype of another space, or a training that diverges.
    pub fn time(
        &self,
        genotype: &Genotype,
        calibration: Calibration,
        updates: usize,
    ) -> Result<SupernetTimes, TrainingError> {
        let mut run = self.start()?;
        let mut times_s = Vec::new();
        for batch in batches(&self.data.dataset.train, &self.batches, 0)?.take(1 + updates) {
            let batch = batch?;
            let start = Instant::now();
            run.step(&batch.images, &batch.labels)?;
            times_s.push(start.elapsed().as_secs_f64());
        }
        if times_s.len() > 1 {
            times_s.remove(0);
        }
        times_s.sort_unstable_by(f64::total_cmp);
        let epoch_s = quantile(&times_s, 0.5) * self.updates_per_epoch as f64;
        let placement = Placement { threads: 1, ..self.placement.clone() };
        let start = Instant::now();
        run.supernet().evaluate(genotype, &self.data.dataset, calibration, &placement)?;
        Ok(SupernetTimes { epoch_s, evaluation_s: start.elapsed().as_secs_f64() })
    }
}
