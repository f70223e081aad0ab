//! Progress of a training, alone or as a part of a longer task.

use controller::netadapt::FORWARD_SHARE;
use training::fit::{EpochRecord, EvaluatedSplit, FitEvent, FitPlan};

use crate::args::Global;
use crate::progress::{Expected, Forecast, Kind, Progress};

/// The work of a training in a forecast.
pub(crate) struct TrainingWork {
    /// Training steps.
    steps: Kind,
    /// Images that are evaluated, or computed before an evaluation.
    images: Kind,
}

impl TrainingWork {
    /// Adds the work of a whole training. `step` is the expected cost of a training step.
    pub(crate) fn add(forecast: &mut Forecast, plan: &FitPlan, step: Expected) -> Self {
        let epochs = plan.epochs as f64;
        let steps = forecast.add(epochs * plan.steps_per_epoch as f64, step);
        let test = plan.data.dataset.test.len() as f64;
        let image = Expected::Times(FORWARD_SHARE / plan.batches.batch as f64, steps);
        let images = forecast.add(epochs * plan.images_after_epoch() as f64 + test, image);
        Self { steps, images }
    }

    /// The cost of a training step.
    pub(crate) fn step(&self) -> Kind {
        self.steps
    }

    /// Takes the training out of the forecast, once it is complete.
    pub(crate) fn remove(&self, forecast: &mut Forecast) {
        forecast.leave(self.steps, 0.0);
        forecast.leave(self.images, 0.0);
    }
}

/// The progress of a running training.
pub(crate) struct TrainingProgress<'a> {
    pub(crate) bar: &'a mut Progress,
    work: TrainingWork,
    plan: &'a FitPlan,
    /// What the names of its phases begin with.
    prefix: &'static str,
}

impl<'a> TrainingProgress<'a> {
    /// The progress of the training `plan` as a part of the task of `bar`.
    pub(crate) fn new(
        bar: &'a mut Progress,
        work: TrainingWork,
        plan: &'a FitPlan,
        prefix: &'static str,
    ) -> Self {
        Self { bar, work, plan, prefix }
    }

    /// Shows an event. The time since the event before counts for the work that it reports.
    pub(crate) fn on_event(&mut self, event: &FitEvent<'_>) {
        let epochs = self.plan.epochs;
        match event {
            FitEvent::Restarted | FitEvent::OtherLength { .. } | FitEvent::Resumed { .. } => {}
            FitEvent::Step { epoch, done, steps, loss } => {
                self.bar.phase(&format!("{}epoch {epoch}/{epochs}", self.prefix));
                // A resumed training has fewer steps left than a whole one.
                let left = (epochs - epoch) * self.plan.steps_per_epoch + steps - done;
                let after = (epochs - epoch + 1) as f64 * self.plan.images_after_epoch() as f64
                    + self.test_images();
                let forecast = self.bar.forecast();
                forecast.leave(self.work.steps, left as f64 + 1.0);
                forecast.leave(self.work.images, after);
                self.bar.did(self.work.steps, 1.0, &format!("{done}/{steps}  loss {loss:.3}"));
            }
            FitEvent::Evaluating(EvaluatedSplit::HoldOut) => {
                let epoch = self.bar.title().to_owned();
                self.bar.phase(&format!("{epoch}, evaluating"));
            }
            FitEvent::Epoch { history } => {
                let left = epochs - history.last().map_or(0, |record: &EpochRecord| record.epoch);
                let each = self.plan.images_after_epoch() as f64;
                let all_left = (left + 1) as f64 * each + self.test_images();
                self.bar.forecast().leave(self.work.images, all_left);
                self.bar.did(self.work.images, each, "");
            }
            FitEvent::Evaluating(EvaluatedSplit::Test) => {
                self.bar.phase(&format!("{}test images", self.prefix));
                let test = self.test_images();
                let forecast = self.bar.forecast();
                forecast.leave(self.work.steps, 0.0);
                forecast.leave(self.work.images, test);
                self.bar.resume_clock();
            }
        }
    }

    /// Ends the training, which is complete, in the forecast.
    pub(crate) fn complete(self) {
        self.bar.did(self.work.images, self.test_images(), "");
        self.work.remove(self.bar.forecast());
    }

    fn test_images(&self) -> f64 {
        self.plan.data.dataset.test.len() as f64
    }
}

/// The progress of a training that is a task of its own.
pub(crate) fn alone(global: &Global, plan: &FitPlan) -> (Progress, TrainingWork) {
    let mut forecast = Forecast::default();
    let work = TrainingWork::add(&mut forecast, plan, Expected::Nothing);
    (Progress::of_task(global, forecast), work)
}
