//! Progress of an adaptation, whose phases are one task with one time left.

use controller::netadapt::{
    AdaptCost, AdaptSettings, Baseline, EvaluatedProposal, FORWARD_SHARE, FinalTraining, Iteration,
};

use super::plan::Plan;
use crate::args::Global;
use crate::commands::train::progress::{TrainingProgress, TrainingWork};
use crate::progress::{Expected, Forecast, Kind, Progress};

/// The expected time in seconds of the measurements of an iteration, until one is complete.
pub(super) const MEASURING_S: f64 = 8.0;
/// The expected time in seconds of finding a baseline.
const BASELINE_S: f64 = 20.0;
/// The cost of a training step of the adapted network and its baselines, relative to the seed's.
pub(super) const ADAPTED_SHARE: f64 = 0.8;

/// The progress of an adaptation.
pub(super) struct AdaptProgress<'a> {
    pub(super) bar: Progress,
    plan: &'a Plan,
    settings: &'a AdaptSettings,
    seed_ms: f64,
    cost: AdaptCost,
    /// Trained images of proposals.
    proposals: Kind,
    /// Iterations, of which only the measurements count.
    measuring: Kind,
    baselines: Kind,
    /// Trained images of the final trainings.
    finals: Kind,
    iteration: Running,
}

/// The proposals of the running iteration.
#[derive(Default)]
struct Running {
    number: usize,
    proposals: usize,
    evaluated: usize,
    /// The steps after which they are evaluated.
    trained_steps: u64,
    new_steps: u64,
    /// Whether proposals of the iteration were trained already.
    began: bool,
}

impl<'a> AdaptProgress<'a> {
    /// The progress of a whole adaptation, and the work of the seed's training in it.
    /// `seeds` is that of `--seeds`.
    pub(super) fn new(
        global: &Global,
        plan: &'a Plan,
        settings: &'a AdaptSettings,
        (cost, seed_ms): (AdaptCost, f64),
        seeds: u64,
    ) -> (Self, TrainingWork) {
        let mut forecast = Forecast::default();
        let batch = plan.training.batches.batch as f64;
        let step = Expected::Seconds(cost.image_s * batch);
        let seed = TrainingWork::add(&mut forecast, &plan.training, step);
        if plan.weights.is_some() {
            seed.remove(&mut forecast);
        }
        let images = (cost.iterations * cost.widths) as f64 * cost.proposal_images;
        let proposals = forecast.add(images, Expected::Times(1.0 / batch, seed.step()));
        let measuring = forecast.add(cost.iterations as f64, Expected::Seconds(MEASURING_S));
        let baselines = if seeds == 0 { 0.0 } else { 2.0 + seeds as f64 };
        let baselines = forecast.add(baselines, Expected::Seconds(BASELINE_S));
        let images = cost.training_images * scratch_trainings(seeds);
        let finals = forecast.add(images, Expected::Times(ADAPTED_SHARE, proposals));
        let bar = Progress::of_task(global, forecast);
        let iteration = Running::default();
        let progress = Self {
            bar,
            plan,
            settings,
            seed_ms,
            cost,
            proposals,
            measuring,
            baselines,
            finals,
            iteration,
        };
        (progress, seed)
    }

    /// The progress of the seed's training.
    pub(super) fn of_seed(&mut self, work: TrainingWork) -> TrainingProgress<'_> {
        TrainingProgress::new(&mut self.bar, work, &self.plan.training, "seed, ")
    }

    pub(super) fn proposing(&mut self, iteration: usize) {
        if self.iteration.number != iteration {
            self.iteration = Running { number: iteration, ..Running::default() };
            self.bar.resume_clock();
        }
        self.bar.phase(&format!("iteration {iteration}, measuring"));
    }

    /// `steps` are those after which proposals are evaluated, and the new ones among them.
    pub(super) fn training(
        &mut self,
        (proposals, evaluated): (usize, usize),
        steps: (u64, u64),
        iterations: &[Iteration],
    ) {
        let is_first_part = steps.0 == steps.1;
        let running = &mut self.iteration;
        (running.proposals, running.evaluated) = (proposals, evaluated);
        (running.trained_steps, running.new_steps) = steps;
        if is_first_part {
            // Measured before the trainings: half of the iteration's measurements. If the
            // iteration begins again with narrower proposals, it takes longer.
            self.bar.did(self.measuring, if running.began { 0.0 } else { 0.5 }, "");
            self.iteration.began = true;
            let left = self.settings.iterations_left(self.seed_ms, iterations).max(1) as f64;
            let images = left * proposals as f64 * self.cost.proposal_images;
            let images = images - evaluated as f64 * self.images();
            self.bar.forecast().leave(self.measuring, left - 0.5);
            self.bar.forecast().leave(self.proposals, images);
        }
        self.bar.phase(&format!("iteration {}, proposals", self.iteration.number));
    }

    pub(super) fn evaluated(&mut self, proposal: &EvaluatedProposal) {
        self.iteration.evaluated += 1;
        let EvaluatedProposal { axis, from, to, hold_out, .. } = proposal;
        let result = match hold_out.has_diverged() {
            true => "diverged".to_owned(),
            false => format!("{:.1} %", 100.0 * hold_out.accuracy()),
        };
        let Running { proposals, evaluated, trained_steps, .. } = self.iteration;
        let all_steps = self.settings.fine_tune.recipe.steps;
        let part = match trained_steps == all_steps {
            true => String::new(),
            false => format!("  {trained_steps} of {all_steps} steps"),
        };
        let message = format!("{evaluated}/{proposals}{part}  {axis} {from} -> {to}: {result}");
        self.bar.did(self.proposals, self.images(), &message);
    }

    /// The number of trained images that one evaluated proposal has cost.
    fn images(&self) -> f64 {
        let hold_out = self.plan.training.data.dataset.hold_out.len() as f64;
        let batch = self.settings.fine_tune.batches.batch as f64;
        self.iteration.new_steps as f64 * batch + FORWARD_SHARE * hold_out
    }

    pub(super) fn measuring(&mut self) {
        self.bar.phase(&format!("iteration {}, measuring", self.iteration.number));
    }

    /// `iterations` are those that are complete, the seed first.
    pub(super) fn completed(&mut self, iterations: &[Iteration]) {
        if iterations.len() < 2 {
            self.bar.resume_clock();
        } else {
            self.bar.did(self.measuring, 0.5, "");
        }
        self.forecast_after(iterations);
    }

    /// Forecasts the iterations that follow these.
    pub(super) fn forecast_after(&mut self, iterations: &[Iteration]) {
        let left = self.settings.iterations_left(self.seed_ms, iterations) as f64;
        let images = left * self.cost.widths as f64 * self.cost.proposal_images;
        self.bar.forecast().leave(self.measuring, left);
        self.bar.forecast().leave(self.proposals, images);
    }

    /// The iterations have ended.
    pub(super) fn adapted(&mut self) {
        self.bar.forecast().leave(self.proposals, 0.0);
        self.bar.forecast().leave(self.measuring, 0.0);
        self.bar.resume_clock();
    }

    /// A baseline is sought; `done` were found before.
    pub(super) fn baseline(&mut self, baseline: Baseline, done: usize) {
        if done > 0 {
            self.bar.did(self.baselines, 1.0, "");
        }
        self.bar.phase(&format!("measuring {}", baseline.name()));
    }

    /// All baselines were found, and the final trainings begin.
    pub(super) fn final_trainings(&mut self, trainings: &[FinalTraining]) {
        self.bar.did(self.baselines, 1.0, "");
        self.bar.forecast().leave(self.baselines, 0.0);
        self.bar.phase("final trainings");
        let left = self.left_after(trainings, &[]);
        self.bar.forecast().leave(self.finals, left);
    }

    /// `epochs` are the numbers of epochs that are complete, by training.
    pub(super) fn final_epoch(&mut self, trainings: &[FinalTraining], epochs: &[u64]) {
        let epoch = self.cost.training_images / self.plan.training.epochs as f64;
        self.bar.did(self.finals, epoch, &final_epochs(trainings, epochs));
        let left = self.left_after(trainings, epochs);
        self.bar.forecast().leave(self.finals, left);
    }

    /// The trained images that are left of the final trainings.
    fn left_after(&self, trainings: &[FinalTraining], epochs: &[u64]) -> f64 {
        let epoch = self.cost.training_images / self.plan.training.epochs as f64;
        let done = epochs.iter().copied().chain(std::iter::repeat(0));
        let left =
            trainings.iter().zip(done).map(|(training, done)| training.settings.epochs - done);
        left.sum::<u64>() as f64 * epoch
    }
}

fn final_epochs(trainings: &[FinalTraining], epochs: &[u64]) -> String {
    let all: u64 = trainings.iter().map(|training| training.settings.epochs).sum();
    format!("{}/{all} epochs", epochs.iter().sum::<u64>())
}

/// The final trainings in units of a training from scratch: the adapted network and three baselines
/// for each seed, and a fine-tuning with half the epochs.
pub(super) fn scratch_trainings(seeds: u64) -> f64 {
    if seeds == 0 { 0.0 } else { 0.5 + 4.0 * seeds as f64 }
}
