#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod output;

mod args;
mod args_images;
mod args_netadapt;
mod args_search;
mod args_training;
mod commands;
mod device_option;
mod did_you_mean;
mod exit;
mod interrupt;
mod load;
mod measured;
mod memory;
mod output_folder;
mod process_setup;
mod progress;
mod readable;
mod resume;
mod screen;
mod shell;
mod sizes;
mod tables;
mod validated;
mod weights;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use report::scatter;

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
            let printed = error.print();
            match error.use_stderr() {
                // If stderr cannot be written to, nobody reads the message.
                true => ExitCode::from(2),
                false => exit::code(printed.map(|()| exit::Outcome::Done).map_err(exit::stdout)),
            }
        }
    }
}
