//! Handling of the events of an adaptation: its files and its progress.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use controller::Warning;
use controller::netadapt::{Adaptation, Adapted, EvaluatedProposal, Event, Iteration, path};
use search_space::Network;

use super::files::Files;
use super::plan::Plan;
use super::screen;
use super::trainings::Trained;
use crate::args::Global;
use crate::progress::{Progress, note};
use crate::screen::warn;

/// Files and progress of a run.
pub(super) struct Outputs<'a> {
    global: &'a Global,
    pub(super) files: Files<'a>,
    bar: Progress,
    /// Number of proposals of the current iteration, and of those that are trained.
    at: (usize, usize),
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
        let (bar, since) = (Progress::Quiet, Instant::now());
        Ok(Self { global, files, bar, at: (0, 0), since, tuning_s: 0.0, failure: None })
    }

    /// Breaks if a file cannot be written.
    pub(super) fn on_event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Proposals { iteration, proposals, trained, trained_steps } => {
                self.at = (*proposals, *trained);
                self.since = Instant::now();
                let all = self.files.plan.fine_tune.recipe.steps;
                let label = match *trained_steps == all {
                    true => format!("iteration {iteration}"),
                    false => {
                        format!("iteration {iteration}, to {trained_steps} of {all} training steps")
                    }
                };
                self.bar = Progress::start(self.global, &label);
                self.bar.at(*trained, *proposals, "");
            }
            Event::Evaluated(proposal) => {
                self.tuning_s += self.since.elapsed().as_secs_f64();
                self.since = Instant::now();
                self.at.1 += 1;
                let EvaluatedProposal { axis, from, to, hold_out, .. } = proposal;
                let result = match hold_out.has_diverged() {
                    true => "diverged".to_owned(),
                    false => format!("{:.2} %", 100.0 * hold_out.accuracy()),
                };
                self.bar.at(self.at.1, self.at.0, &format!("{axis} {from} -> {to}: {result}"));
                self.files.proposals.push((*proposal).clone());
            }
            Event::Iteration { completed, network, weights } => {
                self.bar.end();
                self.bar = Progress::Quiet;
                note(self.global, &screen::iteration_line(completed));
                if completed.number == 0 {
                    let classes = self.files.plan.seed.classes;
                    Warning::of_seed(&completed.hold_out, classes).iter().for_each(warn);
                }
                self.files.iterations.push((*completed).clone());
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
        self.files.write_path(&[])
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
