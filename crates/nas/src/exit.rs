//! Exit codes: 0 done; 1 failed; 2 bad usage or bad input, nothing written; 3 finished, but no
//! network met the target.

use std::fmt::Display;
use std::process::ExitCode;

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All done.
    Done,
    /// Finished, but no network met the target.
    TargetNotMet,
}

/// An error that the user's input caused.
#[derive(Debug)]
struct BadInput(String);

impl Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// An error that ends with exit code 2. `place` is a file or an argument.
pub(crate) fn bad_input(place: impl Display, message: impl Display) -> anyhow::Error {
    anyhow::Error::new(BadInput(format!("{place}: {message}")))
}

/// Prints an error and gives the exit code.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::TargetNotMet) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.downcast_ref::<BadInput>().is_some() { 2 } else { 1 })
        }
    }
}
