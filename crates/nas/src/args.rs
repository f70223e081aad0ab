//! The command line.

use clap::{Parser, Subcommand};

/// Finds the most accurate network that meets a latency budget on this CPU.
#[derive(Parser)]
#[command(name = "nas", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Example:\n  nas search --target-ms 15 --w -0.15")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(clap::Args)]
pub(crate) struct Global {
    /// Print one JSON object on stdout, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Zoo(ZooArgs),
    Space(SpaceArgs),
    Describe(DescribeArgs),
}

/// List the published networks, or print one as a RON file
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas zoo\n  nas zoo mobilenet_v2@width=0.5 > net.ron")]
pub(crate) struct ZooArgs {
    /// Print this network's RON file: a name with options, as in mobilenet_v2@width=0.5
    pub(crate) name: Option<String>,
}

/// List the search spaces, or the choices of one
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas space\n  nas space mnasnet")]
pub(crate) struct SpaceArgs {
    /// A space's name or RON file
    pub(crate) space: Option<String>,
}

/// Count a network's parameters, multiply-adds and memory, layer by layer
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas describe mobilenet_v3_small@resolution=160\n  \
    nas describe best.ron\n  nas describe mnasnet:0120212021201000010020000000")]
pub(crate) struct DescribeArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
}

/// What NET may be.
pub(crate) const NET_HELP: &str = "A published name with options \
    (NAME@width=0.5,resolution=160,classes=10,stem_stride=1), a RON file, or SPACE:GENOTYPE";
