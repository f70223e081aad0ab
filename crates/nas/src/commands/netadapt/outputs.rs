//! Handles the events of an adaptation: writes its files and shows its progress.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use controller::netadapt::{
    Adaptation, Adapted, EvaluatedProposal, Event, HoldOutEvaluation, Iteration, path,
};
use search_space::Network;

use super::files::Files;
use super::plan::Plan;
use super::screen;
use super::trainings::Trained;
use crate::args::Global;
use crate::progress::{Progress, note};

/// Files and screen of a run.
pub(super) struct Outputs<'a> {
    global: &'a Global,
    pub(super) files: Files<'a>,
    bar: Progress,
    /// Proposals of the iteration at hand, and those of them that are trained.
    at: (usize, usize),
    /// When the training that goes on began.
    since: Instant,
    /// Spent on training proposals in this process.
    pub(super) tuning_s: f64,
    /// Why [`Outputs::on_event`] broke.
    pub(super) failure: Option<anyhow::Error>,
}

impl<'a> Outputs<'a> {
    /// Puts files in place that a run before did not come to write.
    pub(super) fn new(
        global: &'a Global,
        plan: &'a Plan,
        (seed_ms, target_ms): (f64, f64),
        out: &Path,
        store: &Adaptation,
    ) -> Result<Self> {
        let (iterations, proposals) = (store.iterations()?, store.proposals()?);
        std::fs::create_dir_all(out.join("steps"))?;
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

    /// Breaks where a file cannot be written.
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
                    for doubt in doubts(&completed.hold_out, self.files.plan.seed.classes) {
                        eprintln!("warning: {doubt}");
                    }
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

    /// The files of what the iterations led to, before the long trainings.
    pub(super) fn adapted(&mut self, adapted: &Adapted, store: &mut Adaptation) -> Result<()> {
        self.files.write_adapted(adapted, &store.weights()?)?;
        self.files.write_latencies(store.latencies()?)?;
        Ok(store.compact()?)
    }

    /// The files of what the long trainings gave.
    pub(super) fn trained(&self, trained: &[Trained], store: &Adaptation) -> Result<()> {
        self.files.write_path(trained)?;
        self.files.write_trained(trained)?;
        // The baselines were measured too.
        self.files.write_latencies(store.latencies()?)
    }
}

/// Phase of a 95 % interval from which on cuts of a hundredth of the latency are not told apart.
const COARSE: f64 = 0.015;

/// What makes it doubtful that proposals can be told apart by this hold-out, starting from this seed.
fn doubts(seed: &HoldOutEvaluation, classes: usize) -> Vec<String> {
    let (accuracy, interval) = (seed.accuracy(), seed.interval());
    let mut doubts = Vec::new();
    if interval > COARSE {
        doubts.push(format!(
            "{} images are held out: accuracies are known to +- {:.1} points (95 %), which \
             hardly tells proposals apart; give more images or a larger --hold-out",
            seed.correct.len(),
            100.0 * interval
        ));
    }
    let chance = 1.0 / classes as f64;
    if accuracy - interval <= chance {
        doubts.push(format!(
            "the seed has {:.1} +- {:.1} % of the hold-out, no more than chance ({:.1} %): every \
             proposal is as good; give more --epochs, or --train-stem-stride 1 for small images",
            100.0 * accuracy,
            100.0 * interval,
            100.0 * chance
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Correct on the first `correct` of `all` images.
    fn evaluation(correct: usize, all: usize) -> HoldOutEvaluation {
        let correct = (0..all).map(|image| image < correct).collect();
        HoldOutEvaluation { correct, loss: 1.0 }
    }

    #[test]
    fn few_images_and_a_seed_at_chance_are_named() {
        assert_eq!(doubts(&evaluation(4250, 5000), 10), [""; 0]);
        let few = doubts(&evaluation(850, 1000), 10);
        assert!(few.len() == 1 && few[0].starts_with("1000 images are held out: "), "{few:?}");
        // 10.4 % of ten classes.
        let chance = doubts(&evaluation(520, 5000), 10);
        assert!(chance.len() == 1 && chance[0].starts_with("the seed has 10.4 "), "{chance:?}");
        assert_eq!(doubts(&evaluation(520, 5000), 100), [""; 0]);
        assert_eq!(doubts(&evaluation(10, 100), 10).len(), 2);
    }
}
