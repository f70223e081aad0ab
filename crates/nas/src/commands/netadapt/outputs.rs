//! Handling of the events of an adaptation: its files, its figures and its progress.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use controller::Warning;
use controller::final_trainings::FinalResult;
use controller::netadapt::{AdaptFiles, Adaptation, Adapted, Event, Iteration};

use super::plan::Plan;
use super::progress::AdaptProgress;
use super::{figures, screen};
use crate::args::Global;
use crate::exit::stopped_after;
use crate::progress::note;
use crate::resume;
use crate::screen::warn;

/// Files and progress of a run.
pub(super) struct Outputs<'a> {
    global: &'a Global,
    pub(super) plan: &'a Plan,
    pub(super) seed_ms: f64,
    pub(super) target_ms: f64,
    pub(super) files: AdaptFiles,
    pub(super) progress: AdaptProgress<'a>,
    /// When the current training of proposals began.
    since: Instant,
    /// Seconds spent on training proposals in this process.
    pub(super) tuning_s: f64,
    /// The error with which [`Outputs::on_event`] broke.
    pub(super) failure: Option<anyhow::Error>,
}

impl<'a> Outputs<'a> {
    /// Writes the files that an interrupted run did not get to write.
    pub(super) fn new(
        global: &'a Global,
        plan: &'a Plan,
        progress: AdaptProgress<'a>,
        (seed_ms, target_ms): (f64, f64),
        out: &Path,
        store: &Adaptation,
    ) -> Result<Self> {
        let files = AdaptFiles::open(out, &plan.seed, plan.fine_tune.recipe.steps, store)?;
        let (since, tuning_s, failure) = (Instant::now(), 0.0, None);
        let mut outputs =
            Self { global, plan, seed_ms, target_ms, files, progress, since, tuning_s, failure };
        if outputs.iterations().last().is_some_and(|last| last.number > 0) {
            note(global, &format!("continuing: {}", outputs.last_complete()));
        }
        outputs.progress.resumed(outputs.files.iterations());
        outputs.write_hint()?;
        if outputs.iterations().is_empty() {
            outputs.progress.bar.phase("evaluating the seed");
        }
        Ok(outputs)
    }

    fn iterations(&self) -> &[Iteration] {
        self.files.iterations()
    }

    /// What is complete: the last iteration and where its network is.
    fn last_complete(&self) -> String {
        let network = |iteration: &Iteration| {
            format!("{} with its .safetensors", self.files.network(iteration).display())
        };
        screen::last_complete(self.iterations().last(), &network)
    }

    /// The error of an adaptation that was stopped.
    pub(super) fn stopped(&self) -> anyhow::Error {
        stopped_after(self.files.folder(), &self.last_complete())
    }

    fn write_hint(&self) -> Result<()> {
        resume::write_hint(self.files.folder(), &self.last_complete())
    }

    /// Breaks if a file cannot be written.
    pub(super) fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Proposing { .. } | Event::Measuring(_) => {}
            Event::Proposals { .. } => self.since = Instant::now(),
            Event::Evaluated(_) => {
                self.tuning_s += self.since.elapsed().as_secs_f64();
                self.since = Instant::now();
            }
            Event::Iteration { completed, .. } => {
                let line = screen::iteration_line(completed, self.iterations().last());
                self.progress.bar.above(|| note(self.global, &line));
                if completed.number == 0 {
                    let classes = self.plan.seed.classes;
                    Warning::of_seed(&completed.hold_out, classes).iter().for_each(warn);
                }
            }
        }
        if let Err(error) = self.write(event) {
            self.failure = Some(error);
            return ControlFlow::Break(());
        }
        self.progress.on_event(event, self.files.iterations());
        ControlFlow::Continue(())
    }

    fn write(&mut self, event: &Event<'_>) -> Result<()> {
        self.files.on_event(event)?;
        if let Event::Iteration { .. } = event {
            figures::write_path(self, &[])?;
            self.write_hint()?;
        }
        Ok(())
    }

    /// Writes the files of the iterations' result, before the final trainings.
    pub(super) fn adapted(&mut self, adapted: &Adapted, store: &mut Adaptation) -> Result<()> {
        self.files.write_adapted(&adapted.network, store)?;
        figures::write_path(self, &[])?;
        figures::write_widths(self, &adapted.network)?;
        Ok(store.compact()?)
    }

    /// Writes the files of the final trainings.
    pub(super) fn trained(&self, trained: &[FinalResult], store: &Adaptation) -> Result<()> {
        figures::write_path(self, trained)?;
        Ok(self.files.write_trained(trained, store)?)
    }
}
