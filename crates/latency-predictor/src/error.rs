//! Why a latency could not be had.

use std::io;
use std::path::PathBuf;

use engine::EngineError;
use search_space::{Invalid, ParseError, PlacedUnit};

use crate::device::setup::ForeignSetup;
use crate::measure::lock::LockError;
use crate::table::cache::NoCacheFolder;
use crate::table::file::FileError;

/// Measuring or predicting failed.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// The network cannot be computed.
    #[error(transparent)]
    Network(#[from] Invalid),
    /// The network that is timed between runs cannot be parsed.
    #[error(transparent)]
    Probe(#[from] ParseError),
    /// The engine does not take it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table was measured with another setup.
    #[error("{}: {source}", path.display())]
    ForeignTable {
        /// The table's file.
        path: PathBuf,
        /// What differs.
        source: ForeignSetup,
    },
    /// There is no place for tables.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
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
    #[error("threads: found {found}; expected: 1 to {cpus}, the CPUs that this process may use")]
    Threads {
        /// As asked for.
        found: usize,
        /// CPUs.
        cpus: usize,
    },
    /// No runs, so no median.
    #[error("runs: found 0; expected: at least 1")]
    NoRuns,
    /// The system does not let threads be pinned.
    #[error("cannot pin threads to CPUs: {0}")]
    Pin(io::Error),
}
