//! Errors of measuring and predicting.

use std::io;
use std::path::PathBuf;

use engine::EngineError;
use search_space::{Invalid, ParseError, PlacedUnit};

use crate::device::setup::ForeignSetup;
use crate::measure::lock::LockError;
use crate::table::cache::NoCacheFolder;
use crate::table::file::FileError;

/// Why a latency could not be measured or predicted.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// The network cannot be computed.
    #[error(transparent)]
    Network(#[from] Invalid),
    /// The probe, which is the network that is timed between runs, cannot be parsed.
    #[error(transparent)]
    Probe(#[from] ParseError),
    /// The engine cannot run the network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table was measured with another setup.
    #[error("{}: {source}", path.display())]
    ForeignTable {
        /// File of the table.
        path: PathBuf,
        /// Difference between the setups.
        source: ForeignSetup,
    },
    /// The table has no anchors, so it is not known how fast the device was.
    #[error("{}: found no anchors, as an earlier version wrote it; expected: anchors", path.display())]
    NoAnchors {
        /// File of the table.
        path: PathBuf,
    },
    /// There is no folder for tables.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    /// A table or its journal cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The measuring lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The table has neither a measured nor an interpolated latency of a unit, and none is guessed.
    #[error("{unit}: not in the latency table")]
    MissingUnit {
        /// Block or head that the table lacks.
        unit: PlacedUnit,
    },
    /// The number of threads is 0 or larger than the number of CPUs.
    #[error("threads: found {found}; expected: 1 to {cpus}, the CPUs that this process may use")]
    Threads {
        /// Requested number of threads.
        found: usize,
        /// Number of CPUs that this process may use.
        cpus: usize,
    },
    /// No runs were requested, so there is no median.
    #[error("runs: found 0; expected: at least 1")]
    NoRuns,
    /// The operating system refuses to pin threads.
    #[error("cannot pin threads to CPUs: {0}")]
    Pin(io::Error),
}
