//! One file for each command.

mod describe;
mod space;
mod zoo;

use anyhow::Result;

use crate::args::{Args, Command};
use crate::exit::Outcome;

/// Runs the command that was asked for.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    match &args.command {
        Command::Zoo(zoo) => zoo::run(&args.global, zoo),
        Command::Space(space) => space::run(&args.global, space),
        Command::Describe(describe) => describe::run(&args.global, describe),
    }
}
