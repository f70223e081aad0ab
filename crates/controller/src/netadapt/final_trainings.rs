//! The trainings at the end of an adaptation: the adapted network and the baselines at its latency
//! are trained in the same way.

use std::ops::{ControlFlow, Range};

use search_space::Network;
use training::WeightsFile;
use training::fit::{FitSettings, TrainingVariant};

use super::baseline::{Baseline, baseline};
use super::error::AdaptError;
use super::latencies::Latencies;
use super::store::Adaptation;
use crate::final_trainings::{FinalTraining, MeasuredNetwork};

/// The learning rate of the short trainings and of the final fine-tuning, as a share of the
/// learning rate of a training from scratch (NetAdapt, section 4.1).
pub const FINE_TUNING_RATE: f32 = 0.1;

/// What all final trainings have in common.
pub struct FinalTrainings<'a> {
    /// The network from which the adaptation started.
    pub seed_network: &'a Network,
    /// The network that NetAdapt found.
    pub adapted: &'a MeasuredNetwork,
    /// How networks are trained from scratch. Its seed is that of the first training.
    pub settings: &'a FitSettings,
    /// The learning rate of a training from scratch.
    pub learning_rate: f32,
    /// The seed's training variant.
    pub variant: TrainingVariant,
    /// The number of trainings from scratch, with different seeds, of the adapted network and of
    /// each kind of baseline.
    pub seeds: u64,
}

impl FinalTrainings<'_> {
    /// Plans all final trainings. The latencies that this takes are measured here, while nothing
    /// trains. Baselines without a network at the latency of the adapted network are returned
    /// separately.
    /// `on_baseline` is called before each baseline is sought, and returns whether to continue.
    ///
    /// # Errors
    /// [`AdaptError`] if a latency is not available or cannot be stored;
    /// [`AdaptError::Stopped`] if `on_baseline` breaks.
    pub fn plan(
        &self,
        latencies: Latencies<'_>,
        store: &mut Adaptation,
        on_baseline: &mut dyn FnMut(Baseline) -> ControlFlow<()>,
    ) -> Result<(Vec<FinalTraining>, Vec<Baseline>), AdaptError> {
        let fine_tuned = FinalTraining {
            name: "adapted, fine-tuned".to_owned(),
            seed: 0,
            network: self.adapted.clone(),
            settings: FitSettings {
                epochs: (self.settings.epochs / 2).max(1),
                learning_rate: Some(FINE_TUNING_RATE * self.learning_rate),
                ..self.settings.clone()
            },
            start: Some(WeightsFile::read(&store.weights()?)?),
        };
        let mut all = vec![fine_tuned];
        let adapted = (self.adapted, self.settings);
        all.extend(self.scratch_trainings("adapted, from scratch", adapted, 0..self.seeds));
        let kinds = [Baseline::UniformWidth, Baseline::WidthAndResolution].into_iter();
        let random = (0..self.seeds).map(|seed| Baseline::RandomWidths { seed });
        let mut missing = Vec::new();
        for kind in kinds.chain(random) {
            let (kind, seeds) = match kind {
                Baseline::RandomWidths { seed } => {
                    let other = Baseline::RandomWidths { seed: self.settings.seed + seed };
                    (other, seed..seed + 1)
                }
                kind => (kind, 0..self.seeds),
            };
            if on_baseline(kind).is_break() {
                return Err(AdaptError::Stopped);
            }
            let found = baseline(kind, self.seed_network, self.adapted, latencies, store)?;
            let Some(mut found) = found else {
                missing.push(kind);
                continue;
            };
            found.network.name = format!("{}-{}", self.seed_network.name, kind.name());
            // The training resolution is scaled like the deployed one.
            let share =
                found.network.input.resolution as f64 / self.seed_network.input.resolution as f64;
            let resolution = (share * self.variant.resolution as f64).round() as usize;
            let settings =
                FitSettings { train_resolution: Some(resolution), ..self.settings.clone() };
            all.extend(self.scratch_trainings(kind.name(), (&found, &settings), seeds));
        }
        Ok((all, missing))
    }

    fn scratch_trainings(
        &self,
        name: &str,
        (network, settings): (&MeasuredNetwork, &FitSettings),
        seeds: Range<u64>,
    ) -> Vec<FinalTraining> {
        let one = |seed| FinalTraining::from_scratch(name, network, settings, seed);
        seeds.map(one).collect()
    }
}
