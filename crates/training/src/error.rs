//! Errors.

use std::fmt::Display;
use std::path::PathBuf;

use dataset::DataError;
use search_space::{Invalid, ParseError};

use crate::fit::SettingDifference;

/// What training refuses, and how it fails.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A slice of another length than the network and the other slices need.
    #[error("{what}: found {found} elements; expected: {expected}")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What it may be.
        expected: String,
    },
    /// A setting that cannot be.
    #[error("{place}: found {found}; expected: {expected}")]
    Setting {
        /// Its name.
        place: &'static str,
        /// Its value.
        found: String,
        /// Its possible values.
        expected: String,
    },
    /// A file that the system does not let us read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
    /// A history that is not of the training.
    #[error("{}:{line}: {message}", path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What was found and what is expected.
        message: String,
    },
    /// A folder of a training with other settings.
    #[error("the training was started with other settings:{}", lines(.0))]
    OtherRun(Vec<SettingDifference>),
    /// Labels that the network has no class for.
    #[error("label {label}: found in a batch; expected: 0 to {}", classes - 1)]
    Label {
        /// The label.
        label: u32,
        /// The network's.
        classes: usize,
    },
    /// The loss or the weights are not finite any more.
    #[error(
        "training diverged at step {step}, learning rate {learning_rate}: {what}; try a lower learning rate"
    )]
    Diverged {
        /// Steps done before, from 0.
        step: u64,
        /// Of that step.
        learning_rate: f32,
        /// What is not finite.
        what: &'static str,
    },
    /// Weights of a network with other tensors.
    #[error("weights of another network: their number or sizes differ")]
    OtherNetwork,
    /// Tensors that a file lacks, has left over or has in another shape, all of them.
    #[error("{} tensors do not fit:{}", .0.len(), lines(.0))]
    Tensors(Vec<TensorFault>),
    /// A file that is not what its format says.
    #[error("found {found}; expected: {expected}")]
    File {
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// A network in a file that does not parse.
    #[error("the network inside: {0}")]
    Network(#[from] ParseError),
    /// A network that cannot be computed.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A network that the framework has not got.
    #[error("found {found}; expected: {expected}")]
    NoNames {
        /// What the network has.
        found: String,
        /// What it may have.
        expected: &'static str,
    },
    /// A tensor operation that failed.
    #[error("{0}")]
    Candle(String),
    /// A thread that the system refuses.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
    /// Images that cannot be had.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl TrainingError {
    /// A setting that cannot be: its name, its value, and its possible values.
    pub(crate) fn setting(
        place: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Setting { place, found: found.to_string(), expected: expected.into() }
    }

    pub(crate) fn no_threads() -> Self {
        Self::setting("threads", 0, "at least 1")
    }
}

/// Without candle's backtrace.
impl From<candle_core::Error> for TrainingError {
    fn from(error: candle_core::Error) -> Self {
        match error {
            candle_core::Error::WithBacktrace { inner, .. } => Self::from(*inner),
            error => Self::Candle(error.to_string()),
        }
    }
}

/// What is wrong with a tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorFault {
    /// The network needs it.
    #[error("{name} {shape:?}: missing")]
    Missing {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The network has no place for it.
    #[error("{name} {shape:?}: not the network's")]
    Extra {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The network needs another one.
    #[error("{name}: found {found:?}; expected: {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What its shape may be.
        expected: Vec<usize>,
    },
}

fn lines<T: Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}
