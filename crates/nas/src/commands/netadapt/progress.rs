//! Progress of an adaptation, whose phases are one task with one time left.

use controller::final_trainings::FinalTraining;
use controller::netadapt::{
    AdaptCost, AdaptSettings, AdaptWork, Baseline, EvaluatedProposal, Event, Iteration,
};
use training::fit::FitWork;
use training::forecast::Forecast;

use super::plan::Plan;
use crate::args::Global;
use crate::commands::train::progress::TrainingProgress;
use crate::progress::Progress;

/// The progress of an adaptation.
pub(super) struct AdaptProgress<'a> {
    pub(super) bar: Progress,
    plan: &'a Plan,
    work: AdaptWork<'a>,
    running: Running,
}

/// The proposals of the running iteration.
#[derive(Default)]
struct Running {
    number: usize,
    proposals: usize,
    evaluated: usize,
    /// The steps after which they are evaluated.
    trained_steps: u64,
}

impl<'a> AdaptProgress<'a> {
    /// The progress of a whole adaptation, and the work of the seed's training in it.
    /// `seeds` is that of `--seeds`.
    pub(super) fn new(
        global: &Global,
        plan: &'a Plan,
        settings: &'a AdaptSettings,
        cost: (AdaptCost, f64),
        seeds: u64,
    ) -> (Self, FitWork) {
        let mut forecast = Forecast::default();
        let (seed, work) = AdaptWork::add(&mut forecast, &plan.training, settings, cost, seeds);
        if plan.weights.is_some() {
            seed.remove(&mut forecast);
        }
        let bar = Progress::of_task(global, forecast);
        (Self { bar, plan, work, running: Running::default() }, seed)
    }

    /// The progress of the seed's training.
    pub(super) fn of_seed(&mut self, work: FitWork) -> TrainingProgress<'_> {
        TrainingProgress::new(&mut self.bar, work, self.plan.training.epochs, "seed, ")
    }

    /// Shows an event. `iterations` are those that are complete, the seed first.
    pub(super) fn on_event(&mut self, event: &Event<'_>, iterations: &[Iteration]) {
        let mut message = String::new();
        if let Event::Evaluated(proposal) = event {
            self.running.evaluated += 1;
            message = self.evaluated(proposal);
        }
        let spent = self.work.on_event(self.bar.forecast(), event, iterations);
        self.bar.spent(spent, &message);
        match *event {
            Event::Proposing { iteration } => {
                self.running = Running { number: iteration, ..Running::default() };
                self.bar.phase(&format!("iteration {iteration}, measuring"));
            }
            Event::Proposals { proposals, trained, trained_steps, .. } => {
                let number = self.running.number;
                self.running = Running { number, proposals, evaluated: trained, trained_steps };
                self.bar.phase(&format!("iteration {number}, proposals"));
            }
            Event::Measuring(_) => {
                self.bar.phase(&format!("iteration {}, measuring", self.running.number));
            }
            Event::Evaluated(_) | Event::Iteration { .. } => {}
        }
    }

    /// The message on a proposal that was evaluated.
    fn evaluated(&self, proposal: &EvaluatedProposal) -> String {
        let EvaluatedProposal { axis, from, to, hold_out, .. } = proposal;
        let result = match hold_out.has_diverged() {
            true => "diverged".to_owned(),
            false => format!("{:.1} %", 100.0 * hold_out.accuracy()),
        };
        let Running { proposals, evaluated, trained_steps, .. } = self.running;
        let all_steps = self.plan.fine_tune.recipe.steps;
        let part = match trained_steps == all_steps {
            true => String::new(),
            false => format!("  {trained_steps} of {all_steps} steps"),
        };
        format!("{evaluated}/{proposals}{part}  {axis} {from} -> {to}: {result}")
    }

    /// Forecasts the iterations that follow these.
    pub(super) fn resumed(&mut self, iterations: &[Iteration]) {
        self.work.resumed(self.bar.forecast(), iterations);
    }

    /// The iterations have ended.
    pub(super) fn adapted(&mut self) {
        let spent = self.work.adapted(self.bar.forecast());
        self.bar.spent(Some(spent), "");
    }

    /// A baseline is sought; `done` were found before.
    pub(super) fn baseline(&mut self, baseline: Baseline, done: usize) {
        if done > 0 {
            self.bar.spent(Some(self.work.baseline()), "");
        }
        self.bar.phase(&format!("measuring {}", baseline.name()));
    }

    /// All baselines were found, and the final trainings begin.
    pub(super) fn final_trainings(&mut self, trainings: &[FinalTraining]) {
        let spent = self.work.planned(self.bar.forecast(), trainings);
        self.bar.spent(Some(spent), "");
        self.bar.phase("final trainings");
    }

    /// `epochs` are the numbers of epochs that are complete, by training.
    pub(super) fn final_epoch(&mut self, trainings: &[FinalTraining], epochs: &[u64]) {
        let all: u64 = trainings.iter().map(|training| training.settings.epochs).sum();
        let message = format!("{}/{all} epochs", epochs.iter().sum::<u64>());
        let spent = self.work.final_epoch(self.bar.forecast(), trainings, epochs);
        self.bar.spent(Some(spent), &message);
    }
}
