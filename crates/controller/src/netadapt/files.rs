//! The files of an adaptation in its folder, beside its store: the network of each iteration with its
//! weights, the result, and what led to it as CSV. Each is written completely or not at all.

use std::path::{Path, PathBuf};

use search_space::Network;
use training::TrainingError;
use training::fit::write_atomically;

use super::adapt::path;
use super::csv::{latency_records_csv, proposals_csv, trajectory_csv};
use super::error::AdaptError;
use super::problem::Event;
use super::store::{Adaptation, EvaluatedProposal, Iteration};
use crate::final_trainings::{FinalResult, trained_csv};

/// The files of an adaptation, and the iterations and proposals that they show.
#[derive(Debug)]
pub struct AdaptFiles {
    folder: PathBuf,
    steps: u64,
    iterations: Vec<Iteration>,
    proposals: Vec<EvaluatedProposal>,
}

impl AdaptFiles {
    /// The folder below that of the adaptation with the networks of the iterations.
    const ITERATIONS: &str = "iterations";

    /// The files of an adaptation of `seed` in a folder. Networks and weights that an interrupted run
    /// did not get to write are written. `steps` is the number of training steps of a proposal.
    ///
    /// # Errors
    /// [`AdaptError`] if the store cannot be read, if it is that of another seed, or if a file cannot be
    /// written.
    pub fn open(
        folder: &Path,
        seed: &Network,
        steps: u64,
        store: &Adaptation,
    ) -> Result<Self, AdaptError> {
        let (iterations, proposals) = (store.iterations()?, store.proposals()?);
        let networks = folder.join(Self::ITERATIONS);
        let refused = |source| TrainingError::Io { path: networks.clone(), source };
        std::fs::create_dir_all(&networks).map_err(refused)?;
        let files = Self { folder: folder.to_owned(), steps, iterations, proposals };
        for (network, iteration) in path(seed, &files.iterations)?.iter().zip(&files.iterations) {
            files.write_network(iteration, network)?;
        }
        if let Some(last) = files.iterations.last() {
            write_atomically(&files.weights(last), &store.weights()?)?;
        }
        Ok(files)
    }

    /// The folder of the adaptation.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The completed iterations, the seed first.
    pub fn iterations(&self) -> &[Iteration] {
        &self.iterations
    }

    /// The proposals that were evaluated.
    pub fn proposals(&self) -> &[EvaluatedProposal] {
        &self.proposals
    }

    /// The RON file of an iteration's network.
    pub fn network(&self, iteration: &Iteration) -> PathBuf {
        self.file_of(iteration, "ron")
    }

    /// The weights file of an iteration's network.
    pub fn weights(&self, iteration: &Iteration) -> PathBuf {
        self.file_of(iteration, "safetensors")
    }

    fn file_of(&self, iteration: &Iteration, extension: &str) -> PathBuf {
        let name = format!("{:03}.{extension}", iteration.number);
        self.folder.join(Self::ITERATIONS).join(name)
    }

    /// Takes note of an event, and writes the files of an iteration that was completed.
    ///
    /// # Errors
    /// [`AdaptError::Training`] with the file that cannot be written.
    pub fn on_event(&mut self, event: &Event<'_>) -> Result<(), AdaptError> {
        match event {
            Event::Proposing { .. } | Event::Proposals { .. } | Event::Measuring(_) => Ok(()),
            Event::Evaluated(proposal) => {
                self.proposals.push((*proposal).clone());
                Ok(())
            }
            Event::Iteration { completed, network, weights } => {
                self.iterations.push((*completed).clone());
                self.write_network(completed, network)?;
                write_atomically(&self.weights(completed), weights)?;
                self.write_path()
            }
        }
    }

    /// Writes the result of the iterations: `adapted.ron`, its weights, and the CSV files.
    ///
    /// # Errors
    /// [`AdaptError`] if the store cannot be read or a file cannot be written.
    pub fn write_adapted(&self, network: &Network, store: &Adaptation) -> Result<(), AdaptError> {
        self.write("adapted.ron", network.to_ron().as_bytes())?;
        self.write("adapted.safetensors", &store.weights()?)?;
        self.write_path()?;
        self.write_latencies(store)
    }

    /// Writes `trained.csv` with the final trainings that have ended, and the latencies, of which those
    /// of the baselines are new.
    ///
    /// # Errors
    /// [`AdaptError`] if the store cannot be read or a file cannot be written.
    pub fn write_trained(
        &self,
        trained: &[FinalResult],
        store: &Adaptation,
    ) -> Result<(), AdaptError> {
        self.write("trained.csv", trained_csv(trained).as_bytes())?;
        self.write_latencies(store)
    }

    fn write_network(&self, iteration: &Iteration, network: &Network) -> Result<(), AdaptError> {
        Ok(write_atomically(&self.network(iteration), network.to_ron().as_bytes())?)
    }

    fn write_path(&self) -> Result<(), AdaptError> {
        self.write("trajectory.csv", trajectory_csv(&self.iterations).as_bytes())?;
        let proposals = proposals_csv(&self.proposals, &self.iterations, self.steps);
        self.write("proposals.csv", proposals.as_bytes())
    }

    fn write_latencies(&self, store: &Adaptation) -> Result<(), AdaptError> {
        self.write("measurements.csv", latency_records_csv(&store.latencies()?).as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), AdaptError> {
        Ok(write_atomically(&self.folder.join(name), bytes)?)
    }
}
