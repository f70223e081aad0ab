#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod args;
mod args_netadapt;
mod args_training;
mod commands;
mod device_option;
mod exit;
mod folder_readme;
mod interrupt;
mod load;
mod output_folder;
mod process_setup;
mod progress;
mod readable;
mod scatter;
mod screen;
mod shell;
mod tables;
mod weights;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

/// Sets up the process and runs its command line. It has to be called before any thread is started.
pub fn main() -> ExitCode {
    process_setup::run();
    // A pipe that its reader closes, as `head` does, ends the command without a message.
    sigpipe::reset();
    run(std::env::args_os())
}

/// Runs a command line, whose first argument is the name of the command. Prints results on stdout,
/// and progress, warnings and errors on stderr. Returns the exit code: 0 done; 1 failed; 2 bad usage
/// or bad input; 3 finished, but no network met the target.
pub fn run<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> ExitCode {
    match Args::try_parse_from(args) {
        Ok(args) => exit::code(commands::run(&args)),
        Err(error) => {
            // If stdout or stderr is closed, nobody reads the message.
            _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}
