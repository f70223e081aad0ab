//! Exit codes: 0 done; 1 failed; 2 bad usage or bad input, nothing written; 3 finished, but no network
//! met the target.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use training::TrainingError;

use crate::output;
use crate::resume;

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    TargetNotMet,
}

/// An error caused by the user's input.
#[derive(Debug)]
struct BadInput(String);

impl Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// An error with exit code 2. `place` is a file or an argument.
pub(crate) fn bad_input(place: impl Display, message: impl Display) -> anyhow::Error {
    anyhow::Error::new(BadInput(format!("{place}: {message}")))
}

/// A library's error about the user's input whose message names the place; its exit code is 2.
pub(crate) fn refused(error: impl Display) -> anyhow::Error {
    anyhow::Error::new(BadInput(error.to_string()))
}

/// The error of a command that Ctrl-C stopped and that can be continued from the folder `out`.
pub(crate) fn stopped(out: &Path) -> anyhow::Error {
    anyhow::anyhow!("stopped; to continue:\n{}", resume::command(out))
}

/// As [`stopped`], with what is complete so far.
pub(crate) fn stopped_after(out: &Path, last: &str) -> anyhow::Error {
    anyhow::anyhow!("stopped; {last}\nto continue:\n{}", resume::command(out))
}

/// An error of training. Errors that the user can mend name the argument or file and have exit code 2.
pub(crate) fn training_error(net: &str, error: TrainingError) -> anyhow::Error {
    match error {
        TrainingError::Setting { place, found, expected } => {
            bad_input(flag(place), format!("found {found}; expected: {expected}"))
        }
        TrainingError::OtherRun(_) => bad_input("--resume", error),
        TrainingError::Data(error) => bad_input("--data", error),
        TrainingError::Invalid(error) => bad_input(net, error),
        TrainingError::Tensors(_)
        | TrainingError::OtherNetwork
        | TrainingError::NoClassifier { .. }
        | TrainingError::NoStateDict { .. }
        | TrainingError::Blocks { .. }
        | TrainingError::Hint { .. } => bad_input("--weights", error),
        TrainingError::File { .. }
        | TrainingError::Network(_)
        | TrainingError::NoNames { .. }
        | TrainingError::Io { .. }
        | TrainingError::History { .. } => refused(error),
        TrainingError::Length { .. }
        | TrainingError::Label { .. }
        | TrainingError::Diverged { .. }
        | TrainingError::Candle(_)
        | TrainingError::Thread(_) => error.into(),
    }
}

/// The option for the setting that a library calls `place`.
pub(crate) fn flag(place: &str) -> String {
    match place {
        "ema_decay" => "--ema".to_owned(),
        "classes" | "input.channels" => place.to_owned(),
        place => format!("--{}", place.replace('_', "-")),
    }
}

/// What an error and its causes say. A cause that the message before it has already is left out.
pub(crate) fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |message, cause| {
        match message.as_str() {
            "" => cause,
            _ if message.contains(&cause) => message,
            _ => format!("{message}: {cause}"),
        }
    })
}

/// The error of writing to stdout.
pub(crate) fn stdout(error: impl Display) -> anyhow::Error {
    anyhow::anyhow!("cannot write to stdout: {error}")
}

/// Prints an error, if there is one, and returns the exit code. A command whose output cannot be
/// written has failed.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    let finished = output::finish();
    match result.and_then(|outcome| finished.map(|()| outcome).map_err(stdout)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::TargetNotMet) => ExitCode::from(3),
        Err(error) => {
            errln!("error: {}", message(&error));
            ExitCode::from(if error.downcast_ref::<BadInput>().is_some() { 2 } else { 1 })
        }
    }
}
