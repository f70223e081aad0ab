//! Progress of a training, alone or as a part of a longer task.

use training::fit::{EvaluatedSplit, FitEvent, FitPlan, FitWork};
use training::forecast::{Expected, Forecast};

use crate::args::Global;
use crate::progress::Progress;

/// The progress of a running training.
pub(crate) struct TrainingProgress<'a> {
    pub(crate) bar: &'a mut Progress,
    work: FitWork,
    epochs: u64,
    /// What the names of its phases begin with.
    prefix: &'static str,
}

impl<'a> TrainingProgress<'a> {
    /// The progress of a training over `epochs` epochs as a part of the task of `bar`.
    pub(crate) fn new(
        bar: &'a mut Progress,
        work: FitWork,
        epochs: u64,
        prefix: &'static str,
    ) -> Self {
        Self { bar, work, epochs, prefix }
    }

    /// Shows an event. The time since the event before counts for the work that it reports.
    pub(crate) fn on_event(&mut self, event: &FitEvent<'_>) {
        let (prefix, epochs) = (self.prefix, self.epochs);
        let mut message = String::new();
        match event {
            FitEvent::Step { epoch, done, steps, loss } => {
                self.bar.phase(&format!("{prefix}epoch {epoch}/{epochs}"));
                message = format!("{done}/{steps}  loss {loss:.3}");
            }
            FitEvent::Evaluating(EvaluatedSplit::HoldOut) => {
                let epoch = self.bar.title().to_owned();
                self.bar.phase(&format!("{epoch}, evaluating"));
            }
            FitEvent::Evaluating(EvaluatedSplit::Test) => {
                self.bar.phase(&format!("{prefix}test images"));
            }
            FitEvent::Restarted
            | FitEvent::OtherLength { .. }
            | FitEvent::Resumed { .. }
            | FitEvent::Epoch { .. } => {}
        }
        let spent = self.work.on_event(self.bar.forecast(), event);
        self.bar.spent(spent, &message);
    }

    /// Ends the training, which is complete, in the forecast.
    pub(crate) fn complete(self) {
        self.bar.spent(Some(self.work.test()), "");
        self.work.remove(self.bar.forecast());
    }
}

/// The progress of a training that is a task of its own.
pub(crate) fn alone(global: &Global, plan: &FitPlan) -> (Progress, FitWork) {
    let mut forecast = Forecast::default();
    let work = FitWork::add(&mut forecast, plan, Expected::Nothing);
    (Progress::of_task(global, forecast), work)
}
