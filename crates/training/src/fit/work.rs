//! The work of a training in a forecast of the time that it takes.

use super::epochs::{EvaluatedSplit, FitEvent};
use super::history::EpochRecord;
use super::plan::FitPlan;
use crate::forecast::{Expected, Forecast, Kind, Spent};
use crate::step_time::FORWARD_SHARE;

/// The work of a training in a [`Forecast`]: its steps, and the images that are evaluated.
#[derive(Clone, Debug)]
pub struct FitWork {
    steps: Kind,
    /// Images that are evaluated, or computed before an evaluation.
    images: Kind,
    epochs: u64,
    steps_per_epoch: u64,
    images_after_epoch: f64,
    test_images: f64,
}

impl FitWork {
    /// Adds the work of a whole training. `step` is the expected cost of a training step.
    pub fn add(forecast: &mut Forecast, plan: &FitPlan, step: Expected) -> Self {
        let (epochs, steps_per_epoch) = (plan.epochs, plan.steps_per_epoch);
        let images_after_epoch = plan.images_after_epoch() as f64;
        let test_images = plan.data.dataset.test.len() as f64;
        let steps = forecast.add((epochs * steps_per_epoch) as f64, step);
        let image = Expected::Times(FORWARD_SHARE / plan.batches.batch as f64, steps);
        let images = forecast.add(epochs as f64 * images_after_epoch + test_images, image);
        Self { steps, images, epochs, steps_per_epoch, images_after_epoch, test_images }
    }

    /// The training steps, to which the cost of other work may refer.
    pub fn steps(&self) -> Kind {
        self.steps
    }

    /// Updates what is left before an event. Returns what the time since the last report was spent on,
    /// which [`Forecast::did`] records; `None` if that is told by a later event.
    pub fn on_event(&self, forecast: &mut Forecast, event: &FitEvent<'_>) -> Option<Spent> {
        match event {
            FitEvent::Restarted
            | FitEvent::OtherLength { .. }
            | FitEvent::Resumed { .. }
            | FitEvent::Evaluating(EvaluatedSplit::HoldOut) => None,
            FitEvent::Step { epoch, done, steps, .. } => {
                // A resumed training has fewer steps left than a whole one.
                let left = (self.epochs - epoch) * self.steps_per_epoch + steps - done + 1;
                let epochs_left = (self.epochs - epoch + 1) as f64;
                forecast.leave(self.steps, left as f64);
                forecast.leave(self.images, self.images_of(epochs_left));
                Some(Spent::On { kind: self.steps, units: 1.0 })
            }
            FitEvent::Epoch { history } => {
                let done = history.last().map_or(0, |record: &EpochRecord| record.epoch);
                let epochs_left = (self.epochs - done + 1) as f64;
                forecast.leave(self.images, self.images_of(epochs_left));
                Some(Spent::On { kind: self.images, units: self.images_after_epoch })
            }
            FitEvent::Evaluating(EvaluatedSplit::Test) => {
                forecast.leave(self.steps, 0.0);
                forecast.leave(self.images, self.test_images);
                Some(Spent::Otherwise)
            }
        }
    }

    /// The evaluation on the test images, with which the training is complete.
    pub fn test(&self) -> Spent {
        Spent::On { kind: self.images, units: self.test_images }
    }

    /// Takes the training out of the forecast, once it is complete or if there is none.
    pub fn remove(&self, forecast: &mut Forecast) {
        forecast.leave(self.steps, 0.0);
        forecast.leave(self.images, 0.0);
    }

    /// The images that are evaluated after so many epochs, and the test images.
    fn images_of(&self, epochs: f64) -> f64 {
        epochs * self.images_after_epoch + self.test_images
    }
}
