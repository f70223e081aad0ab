//! The work of an adaptation in a forecast of the time that it takes.

use training::FORWARD_SHARE;
use training::fit::{FitPlan, FitWork};
use training::forecast::{Expected, Forecast, Kind, Spent};

use super::cost::{ADAPTED_SHARE, AdaptCost, MEASURING_S, scratch_trainings};
use super::problem::{AdaptSettings, Event};
use super::store::Iteration;
use crate::final_trainings::FinalTraining;

/// The expected time in seconds of finding a baseline.
const BASELINE_S: f64 = 20.0;

/// The work of an adaptation in a [`Forecast`]: proposals, measurements, baselines and final trainings.
/// Its methods update what is left, and return what the time since the last report was spent on, which
/// [`Forecast::did`] records.
#[derive(Debug)]
pub struct AdaptWork<'a> {
    settings: &'a AdaptSettings,
    cost: AdaptCost,
    seed_ms: f64,
    /// The number of images that a proposal is evaluated on.
    hold_out_images: f64,
    /// The number of trained images that an epoch of a final training costs.
    epoch_images: f64,
    /// Trained images of proposals.
    proposals: Kind,
    /// Iterations, of which only the measurements count.
    measuring: Kind,
    baselines: Kind,
    /// Trained images of the final trainings.
    finals: Kind,
    running: Running,
}

/// The running iteration.
#[derive(Debug, Default)]
struct Running {
    number: usize,
    /// The training steps of a proposal since the evaluation before.
    new_steps: u64,
    /// Whether proposals of the iteration were trained already.
    began: bool,
}

impl<'a> AdaptWork<'a> {
    /// Adds the training of the seed, and all that follows it. `seeds` is the number of final trainings
    /// of each network; 0 for none, and for no baselines.
    pub fn add(
        forecast: &mut Forecast,
        training: &FitPlan,
        settings: &'a AdaptSettings,
        (cost, seed_ms): (AdaptCost, f64),
        seeds: u64,
    ) -> (FitWork, Self) {
        let batch = training.batches.batch as f64;
        let seed = FitWork::add(forecast, training, Expected::Seconds(cost.image_s * batch));
        let images = (cost.iterations * cost.widths) as f64 * cost.proposal_images;
        let proposals = forecast.add(images, Expected::Times(1.0 / batch, seed.steps()));
        let measuring = forecast.add(cost.iterations as f64, Expected::Seconds(MEASURING_S));
        let baselines = if seeds == 0 { 0.0 } else { 2.0 + seeds as f64 };
        let baselines = forecast.add(baselines, Expected::Seconds(BASELINE_S));
        let images = cost.training_images * scratch_trainings(seeds);
        let finals = forecast.add(images, Expected::Times(ADAPTED_SHARE, proposals));
        let work = Self {
            settings,
            cost,
            seed_ms,
            hold_out_images: training.data.dataset.hold_out.len() as f64,
            epoch_images: cost.training_images / training.epochs as f64,
            proposals,
            measuring,
            baselines,
            finals,
            running: Running::default(),
        };
        (seed, work)
    }

    /// An event of the iterations. `iterations` are those that are complete, the seed first. `None` if
    /// what the time was spent on is told by a later event.
    pub fn on_event(
        &mut self,
        forecast: &mut Forecast,
        event: &Event<'_>,
        iterations: &[Iteration],
    ) -> Option<Spent> {
        match *event {
            Event::Proposing { iteration } => {
                let is_new = self.running.number != iteration;
                is_new.then(|| {
                    self.running = Running { number: iteration, ..Running::default() };
                    Spent::Otherwise
                })
            }
            Event::Proposals { proposals, trained, trained_steps, new_steps, .. } => {
                self.running.new_steps = new_steps;
                // In successive halving, later parts follow.
                (trained_steps == new_steps).then(|| {
                    let left =
                        self.settings.iterations_left(self.seed_ms, iterations).max(1) as f64;
                    let images = left * proposals as f64 * self.cost.proposal_images;
                    // Measured before the trainings: half of the iteration's measurements. If the
                    // iteration begins again with narrower proposals, it takes longer.
                    let measured = if self.running.began { 0.0 } else { 0.5 };
                    self.running.began = true;
                    forecast.leave(self.measuring, left - 0.5 + measured);
                    forecast.leave(self.proposals, images - trained as f64 * self.images());
                    Spent::On { kind: self.measuring, units: measured }
                })
            }
            Event::Evaluated(_) => Some(Spent::On { kind: self.proposals, units: self.images() }),
            Event::Measuring(_) => None,
            Event::Iteration { .. } => {
                self.resumed(forecast, iterations);
                if iterations.len() < 2 {
                    return Some(Spent::Otherwise);
                }
                let left = self.settings.iterations_left(self.seed_ms, iterations) as f64;
                forecast.leave(self.measuring, left + 0.5);
                Some(Spent::On { kind: self.measuring, units: 0.5 })
            }
        }
    }

    /// Forecasts the iterations that follow these.
    pub fn resumed(&self, forecast: &mut Forecast, iterations: &[Iteration]) {
        let left = self.settings.iterations_left(self.seed_ms, iterations) as f64;
        let images = left * self.cost.widths as f64 * self.cost.proposal_images;
        forecast.leave(self.measuring, left);
        forecast.leave(self.proposals, images);
    }

    /// The iterations have ended.
    pub fn adapted(&self, forecast: &mut Forecast) -> Spent {
        forecast.leave(self.proposals, 0.0);
        forecast.leave(self.measuring, 0.0);
        Spent::Otherwise
    }

    /// A baseline was found.
    pub fn baseline(&self) -> Spent {
        Spent::On { kind: self.baselines, units: 1.0 }
    }

    /// The last baseline was found, and these final trainings begin.
    pub fn planned(&self, forecast: &mut Forecast, trainings: &[FinalTraining]) -> Spent {
        forecast.leave(self.baselines, 1.0);
        forecast.leave(self.finals, self.images_left(trainings, &[]));
        self.baseline()
    }

    /// An epoch of a final training was trained. `epochs` are the numbers of epochs that are complete,
    /// by training.
    pub fn final_epoch(
        &self,
        forecast: &mut Forecast,
        trainings: &[FinalTraining],
        epochs: &[u64],
    ) -> Spent {
        let left = self.images_left(trainings, epochs);
        forecast.leave(self.finals, left + self.epoch_images);
        Spent::On { kind: self.finals, units: self.epoch_images }
    }

    /// The number of trained images that one evaluated proposal has cost.
    fn images(&self) -> f64 {
        let batch = self.settings.fine_tune.batches.batch as f64;
        self.running.new_steps as f64 * batch + FORWARD_SHARE * self.hold_out_images
    }

    /// The trained images that are left of the final trainings.
    fn images_left(&self, trainings: &[FinalTraining], epochs: &[u64]) -> f64 {
        let done = epochs.iter().copied().chain(std::iter::repeat(0));
        let left = trainings.iter().zip(done).map(|(one, done)| one.settings.epochs - done);
        left.sum::<u64>() as f64 * self.epoch_images
    }
}
