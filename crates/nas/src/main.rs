//! The `nas` command: reads arguments, maps between the crates, prints.

#![warn(clippy::unwrap_used)]

mod args;
mod args_netadapt;
mod args_training;
mod commands;
mod device_option;
mod exit;
mod interrupt;
mod load;
mod output_folder;
mod process_setup;
mod progress;
mod scatter;
mod screen;
mod tables;
mod weights;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    process_setup::run();
    // A pipe that the reader closes, as `head` does, ends the command without a message.
    sigpipe::reset();
    let args = Args::parse();
    exit::code(commands::run(&args))
}
