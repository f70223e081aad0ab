//! The commands, each in a file or folder of its own.

mod bench;
mod compare;
mod data;
mod describe;
mod eval;
mod export;
mod import;
mod infer;
mod latency;
mod manual;
mod netadapt;
mod search;
mod space;
mod surrogate;
mod table;
mod train;
mod zoo;

use anyhow::Result;

use crate::args::{Args, Command};
use crate::exit::Outcome;

pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let global = &args.global;
    match &args.command {
        Command::Search(args) => search::run(global, args),
        Command::Compare(args) => compare::run(global, args),
        Command::NetAdapt(args) => netadapt::run(global, args),
        Command::Table(command) => table::run(global, command),
        Command::Latency(args) => latency::run(global, args),
        Command::Zoo(args) => zoo::run(global, args),
        Command::Space(args) => space::run(global, args),
        Command::Describe(args) => describe::run(global, args),
        Command::Train(args) => train::run(global, args),
        Command::Eval(args) => eval::run(global, args),
        Command::Infer(args) => infer::run(global, args),
        Command::Import(args) => import::run(global, args),
        Command::Data(command) => data::run(global, command),
        Command::Bench(command) => bench::run(global, command),
        Command::Export(args) => export::run(global, args),
        Command::Surrogate(command) => surrogate::run(global, command),
        Command::Completions(args) => Ok(manual::completions(args)),
        Command::Man(args) => manual::man(args),
    }
}
