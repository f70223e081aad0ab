//! The errors of this crate.

use std::fmt::Display;
use std::path::PathBuf;

use dataset::DataError;
use search_space::{Invalid, ParseError};

use crate::fit::SettingDifference;

/// Why a training, an evaluation or a weights file is refused or fails.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A slice whose length does not fit the network or the other slices.
    #[error("{what}: found {found} elements; expected: {expected}")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its number of elements.
        found: usize,
        /// The expected number of elements.
        expected: String,
    },
    /// A setting that is out of range or does not fit the network or the data.
    #[error("{place}: found {found}; expected: {expected}")]
    Setting {
        /// Its name.
        place: &'static str,
        /// Its value.
        found: String,
        /// The expected values.
        expected: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
    /// A history that does not belong to the training.
    #[error("{}:{line}: {message}", path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What was found and what is expected.
        message: String,
    },
    /// A checkpoint of a training with other settings.
    #[error("the training was started with other settings:{}", lines(.0))]
    OtherRun(Vec<SettingDifference>),
    /// A label that is not a class of the network.
    #[error("label: found {label}; expected: 0 to {}", classes - 1)]
    Label {
        /// The label.
        label: u32,
        /// Number of classes of the network.
        classes: usize,
    },
    /// A training whose loss or weights are not finite any more.
    #[error(
        "training diverged at step {step} with learning rate {learning_rate}: {what} not finite; \
         try a lower learning rate"
    )]
    Diverged {
        /// Number of steps taken before.
        step: u64,
        /// Learning rate of that step.
        learning_rate: f32,
        /// What is not finite: `the loss is` or `the weights are`.
        what: &'static str,
    },
    /// Weights whose tensors are not those of the network.
    #[error("the weights are of another network: the number or the sizes of their tensors differ")]
    OtherNetwork,
    /// All tensors of a file that are missing, unexpected, of another shape or of values that are no
    /// weights. The message has the first few of them.
    #[error("{}:{}", count_of(.0), first_lines(.0))]
    Tensors(Vec<TensorFault>),
    /// A state dict that lacks linear layers of the head and nothing else.
    #[error(
        "found a state dict without its classifier ({}); expected: one with it",
        .missing.join(", ")
    )]
    NoClassifier {
        /// The names of the missing tensors.
        missing: Vec<String>,
    },
    /// A file without the state dict of a network of the framework.
    #[error("found {found}; expected: {expected}")]
    NoStateDict {
        /// Some of the file's tensors.
        found: String,
        /// A tensor of such a state dict.
        expected: String,
    },
    /// A state dict of a network with another number of blocks.
    #[error("found {found}; expected: {expected}")]
    Blocks {
        /// The number of blocks.
        found: String,
        /// The number of blocks of the network.
        expected: String,
    },
    /// An error with what may be the matter.
    #[error("{error}\n  hint: {hint}")]
    Hint {
        /// The error.
        error: Box<TrainingError>,
        /// What may be the matter.
        hint: String,
    },
    /// A file whose content is not what was expected.
    #[error("found {found}; expected: {expected}")]
    File {
        /// What the file holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// A network stored in a weights file that does not parse.
    #[error("the network in the file: {0}")]
    Network(#[from] ParseError),
    /// A network that cannot be lowered.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A network that the framework does not provide.
    #[error("found {found}; expected: {expected}")]
    NoNames {
        /// The part of the network without a name in the framework.
        found: String,
        /// The networks that the framework provides.
        expected: &'static str,
    },
    /// A tensor operation that failed.
    #[error("{0}")]
    Candle(String),
    /// A thread that cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// Images that cannot be read or prepared.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl TrainingError {
    /// [`TrainingError::Setting`] with the name of the setting, its value and the expected values.
    pub(crate) fn setting(
        place: &'static str,
        found: &dyn Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Setting { place, found: found.to_string(), expected: expected.into() }
    }

    pub(crate) fn no_threads() -> Self {
        Self::setting("threads", &0, "at least 1")
    }
}

impl From<candle_core::Error> for TrainingError {
    fn from(error: candle_core::Error) -> Self {
        Self::Candle(message(error))
    }
}

/// The message of a candle error on one line, without the backtraces that candle puts into messages if
/// `RUST_BACKTRACE` is set, and without debug forms.
pub(crate) fn message(error: candle_core::Error) -> String {
    use candle_core::Error;
    match error {
        Error::WithBacktrace { inner, .. } => message(*inner),
        Error::Context { inner, context } => format!("{context}: {}", message(*inner)),
        Error::WithPath { inner, path } => format!("{}: {}", path.display(), message(*inner)),
        Error::WrappedContext { wrapped, context } => format!("{context}: {wrapped}"),
        error => error.to_string(),
    }
}

/// What is wrong with a tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorFault {
    /// A tensor that the network needs and the file lacks.
    #[error("{name} {shape:?}: missing")]
    Missing {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A tensor that the network does not have.
    #[error("{name} {shape:?}: not part of the network")]
    Extra {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A tensor of another shape than the network's.
    #[error("{name}: found {found:?}; expected: {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the network.
        expected: Vec<usize>,
    },
    /// A value that cannot be a weight.
    #[error("{name}{index:?}: found {found}; expected: {expected}")]
    Value {
        /// The name of the tensor.
        name: String,
        /// The index of the value, one number for each dimension.
        index: Vec<usize>,
        /// The value.
        found: String,
        /// Which values are possible.
        expected: &'static str,
    },
}

impl TensorFault {
    /// Whether the tensor is there with the right shape.
    pub(crate) fn is_of_value(&self) -> bool {
        matches!(self, Self::Value { .. })
    }
}

/// The most tensors that a message names.
const SHOWN: usize = 5;

fn count_of(faults: &[TensorFault]) -> String {
    let of_values = faults.iter().all(TensorFault::is_of_value);
    match (faults.len(), of_values) {
        (1, true) => "1 tensor has a value that is no weight".to_owned(),
        (1, false) => "1 tensor does not fit the network".to_owned(),
        (count, true) => format!("{count} tensors have values that are no weights"),
        (count, false) => format!("{count} tensors do not fit the network"),
    }
}

fn first_lines(faults: &[TensorFault]) -> String {
    let more = match faults.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    lines(&faults[..faults.len().min(SHOWN)]) + &more
}

fn lines<T: Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use candle_core::Error;

    use super::*;

    #[test]
    fn messages_of_candle_have_no_backtrace() {
        let traced = |error: Error| Error::WithBacktrace {
            inner: Box::new(error),
            backtrace: Box::new(Backtrace::force_capture()),
        };
        let read = traced(Error::Msg("no such tensor".to_owned())).with_path("net.pth");
        let error = traced(traced(read).context("reading weights"));
        assert!(error.to_string().lines().count() > 2);
        assert_eq!(message(error), "reading weights: net.pth: no such tensor");
    }
}
