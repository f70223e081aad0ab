//! Handling of the events of an adaptation: its files and its progress.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use controller::Warning;
use controller::netadapt::{Adaptation, Adapted, Event, Iteration, path};
use search_space::Network;

use super::files::Files;
use super::plan::Plan;
use super::progress::AdaptProgress;
use super::screen;
use super::trainings::Trained;
use crate::args::Global;
use crate::exit::stopped_after;
use crate::progress::note;
use crate::resume;
use crate::screen::warn;

/// Files and progress of a run.
pub(super) struct Outputs<'a> {
    global: &'a Global,
    pub(super) files: Files<'a>,
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
        let (iterations, proposals) = (store.iterations()?, store.proposals()?);
        std::fs::create_dir_all(out.join("iterations"))?;
        let out = out.to_owned();
        let mut files = Files { plan, seed_ms, target_ms, out, iterations: Vec::new(), proposals };
        for (network, iteration) in path(&plan.seed, &iterations)?.iter().zip(iterations) {
            files.write_network(&iteration, network)?;
            files.iterations.push(iteration);
        }
        if let Some(last) = files.iterations.last() {
            files.write_weights(last, &store.weights()?)?;
        }
        let since = Instant::now();
        let mut outputs = Self { global, files, progress, since, tuning_s: 0.0, failure: None };
        if let Some(last) = outputs.files.iterations.last().filter(|last| last.number > 0) {
            note(global, &format!("continuing: {}", outputs.last_complete(Some(last))));
        }
        outputs.progress.forecast_after(&outputs.files.iterations);
        outputs.write_hint()?;
        if outputs.files.iterations.is_empty() {
            outputs.progress.bar.phase("evaluating the seed");
        }
        Ok(outputs)
    }

    /// What is complete: the last iteration and where its network is.
    fn last_complete(&self, last: Option<&Iteration>) -> String {
        screen::last_complete(last, &|iteration| self.files.network_and_weights(iteration))
    }

    /// The error of an adaptation that was stopped.
    pub(super) fn stopped(&self) -> anyhow::Error {
        stopped_after(&self.files.out, &self.last_complete(self.files.iterations.last()))
    }

    fn write_hint(&self) -> Result<()> {
        let last = self.last_complete(self.files.iterations.last());
        resume::write_hint(&self.files.out, &last)
    }

    /// Breaks if a file cannot be written.
    pub(super) fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Proposing { iteration } => self.progress.proposing(*iteration),
            Event::Proposals { proposals, trained, trained_steps, new_steps, .. } => {
                self.since = Instant::now();
                let (counts, steps) = ((*proposals, *trained), (*trained_steps, *new_steps));
                self.progress.training(counts, steps, &self.files.iterations);
            }
            Event::Evaluated(proposal) => {
                self.tuning_s += self.since.elapsed().as_secs_f64();
                self.since = Instant::now();
                self.progress.evaluated(proposal);
                self.files.proposals.push((*proposal).clone());
            }
            Event::Measuring(_) => self.progress.measuring(),
            Event::Iteration { completed, network, weights } => {
                let line = screen::iteration_line(completed, self.files.iterations.last());
                self.progress.bar.above(|| note(self.global, &line));
                if completed.number == 0 {
                    let classes = self.files.plan.seed.classes;
                    Warning::of_seed(&completed.hold_out, classes).iter().for_each(warn);
                }
                self.files.iterations.push((*completed).clone());
                self.progress.completed(&self.files.iterations);
                if let Err(error) = self.write_iteration(completed, network, weights) {
                    self.failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn write_iteration(
        &self,
        iteration: &Iteration,
        network: &Network,
        weights: &[u8],
    ) -> Result<()> {
        self.files.write_network(iteration, network)?;
        self.files.write_weights(iteration, weights)?;
        self.files.write_path(&[])?;
        self.write_hint()
    }

    /// Writes the files of the iterations' result, before the final trainings.
    pub(super) fn adapted(&mut self, adapted: &Adapted, store: &mut Adaptation) -> Result<()> {
        self.files.write_adapted(adapted, &store.weights()?)?;
        self.files.write_latencies(store.latencies()?)?;
        Ok(store.compact()?)
    }

    /// Writes the files of the final trainings.
    pub(super) fn trained(&self, trained: &[Trained], store: &Adaptation) -> Result<()> {
        self.files.write_path(trained)?;
        self.files.write_trained(trained)?;
        // The baselines were measured as well.
        self.files.write_latencies(store.latencies()?)
    }
}
