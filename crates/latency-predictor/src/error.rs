//! Why a latency could not be had.

use std::io;

use engine::EngineError;
use search_space::{Invalid, ParseError, PlacedUnit};

use crate::file::FileError;
use crate::lock::LockError;
use crate::setup::ForeignSetup;

/// Measuring or predicting failed.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// The network cannot be computed.
    #[error(transparent)]
    Network(#[from] Invalid),
    /// The text of the network that is timed between runs.
    #[error(transparent)]
    Probe(#[from] ParseError),
    /// The engine does not take it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table does not hold for this setup.
    #[error(transparent)]
    Foreign(#[from] ForeignSetup),
    /// A table or its side file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The measuring lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The table has no entry; no number is invented for it.
    #[error("{unit}: not in the latency table")]
    MissingUnit {
        /// The block or head.
        unit: PlacedUnit,
    },
    /// More threads than CPUs.
    #[error("threads: found {found}; allowed: 1 to {cpus}, the CPUs that this process may use")]
    Threads {
        /// As asked for.
        found: usize,
        /// CPUs.
        cpus: usize,
    },
    /// A number of runs that gives no median.
    #[error("runs: found 0; allowed: 1 and more")]
    NoRuns,
    /// The system does not let threads be pinned.
    #[error("cannot pin threads to CPUs: {0}")]
    Pin(io::Error),
}
