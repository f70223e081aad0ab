//! `nas completions` and `nas man`, which are generated from the definition of the command line.

use std::io;

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::exit::{Outcome, bad_input};

pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    clap_complete::generate(args.shell, &mut Args::command(), "nas", &mut io::stdout());
    Outcome::Done
}

pub(crate) fn man(args: &ManArgs) -> Result<Outcome> {
    clap_mangen::generate_to(Args::command(), &args.out)
        .map_err(|error| bad_input("--out", format!("{}: {error}", args.out.display())))?;
    Ok(Outcome::Done)
}
