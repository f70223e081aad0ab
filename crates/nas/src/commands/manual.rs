//! `nas completions` and `nas man`, which are generated from the definition of the command line.

use anyhow::Result;
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::exit::{Outcome, bad_input};

pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "nas", &mut script);
    out!("{}", String::from_utf8_lossy(&script));
    Outcome::Done
}

pub(crate) fn man(args: &ManArgs) -> Result<Outcome> {
    let refused = |error| bad_input("--out", format!("{}: {error}", args.out.display()));
    std::fs::create_dir_all(&args.out).map_err(refused)?;
    clap_mangen::generate_to(Args::command(), &args.out).map_err(refused)?;
    Ok(Outcome::Done)
}
