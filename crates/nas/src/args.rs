//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use latency_predictor::{MeasuredWidths, MissingUnits};

use crate::args_netadapt::NetAdaptArgs;
use crate::args_search::{SearchArgs, StatisticKind};
use crate::args_training::{BenchCommand, DataCommand, EvalArgs, ImportArgs, InferArgs, TrainArgs};
use crate::sizes;

/// Finds accurate networks that meet a latency budget on this CPU.
#[derive(Parser)]
#[command(name = "nas", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Example:\n  nas search --target-ms 15 --w -0.15")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of [`Global`] in each help.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Clone, clap::Args)]
pub(crate) struct Global {
    /// Print the result as one JSON object on stdout
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Print only warnings and errors on stderr, no progress
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// Number of threads: of the measured network [default: 1], or of training [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = sizes::threads, help_heading = GLOBAL)]
    pub(crate) threads: Option<usize>,
    /// Number of trials or trainings in parallel; measuring is always alone [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = sizes::jobs, help_heading = GLOBAL)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Random seed
    #[arg(long, global = true, value_name = "N", default_value_t = 0, help_heading = GLOBAL)]
    pub(crate) seed: u64,
}

impl Global {
    /// Number of threads of the network that is measured.
    pub(crate) fn measured_threads(&self) -> usize {
        self.threads.unwrap_or(1)
    }

    /// Number of trainings in parallel.
    pub(crate) fn parallel_jobs(&self) -> usize {
        self.jobs.map_or_else(Self::default_threads, usize::from)
    }

    /// Number of threads of a training.
    pub(crate) fn training_threads(&self) -> usize {
        self.threads.unwrap_or_else(Self::default_threads)
    }

    fn default_threads() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Search(SearchArgs),
    Compare(CompareArgs),
    #[command(name = "netadapt")]
    NetAdapt(NetAdaptArgs),
    #[command(subcommand)]
    Table(TableCommand),
    Latency(LatencyArgs),
    Zoo(ZooArgs),
    Space(SpaceArgs),
    Describe(DescribeArgs),
    Train(TrainArgs),
    Eval(EvalArgs),
    Infer(InferArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    #[command(subcommand)]
    Data(DataCommand),
    #[command(subcommand)]
    Bench(BenchCommand),
    #[command(subcommand)]
    Surrogate(SurrogateCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Compare studies over seeds: best accuracy, hypervolume and regret after each number of trials
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas compare results/evolution-* results/ppo-*\n\nStudies that differ \
    only in the seed share one line: their median, with a band from\nthe 25th to the 75th percentile. \
    The hypervolume is the share of the latencies from\n0 to the target and the accuracies from 0 to \
    100 % that the trials so far dominate;\nits reference point is the target at accuracy 0. The regret \
    is the optimum minus\nthe best accuracy so far, for tables, whose optimum is known."
)]
pub(crate) struct CompareArgs {
    /// Output folders of nas search, or their study.sqlite; a search may still be running there
    #[arg(value_name = "STUDY", required = true)]
    pub(crate) studies: Vec<PathBuf>,
    /// Output folder [default: results/compare-SPACE-TARGETms]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Which latency table.
#[derive(clap::Args)]
pub(crate) struct TableChoice {
    /// Latency table [default: this device's table in the user's cache]
    #[arg(long, value_name = "T")]
    pub(crate) table: Option<PathBuf>,
    /// Allow a table of another device, runtime or number of threads
    #[arg(long)]
    pub(crate) allow_foreign: bool,
}

/// The speed of the device at which latencies are predicted.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct LevelChoice {
    /// Predict latencies at the speed of this CPU now, for which the anchors of the table are measured
    /// again, or at its speed during the build [default: now]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<LevelArg>,
}

/// The values of `--level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    Now,
    Built,
}

/// Measure the blocks of a search space on this CPU, print, validate or compare latency tables
#[derive(Subcommand)]
pub(crate) enum TableCommand {
    Build(TableBuildArgs),
    Show(TableShowArgs),
    Validate(TableValidateArgs),
    Diff(TableDiffArgs),
}

/// Measure the blocks of a search space on this CPU; continues an interrupted build
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas table build\n  nas table build --space mobilenet_v3 --threads 2\n  \
    nas table build --space mobilenet_v3 --widths all"
)]
pub(crate) struct TableBuildArgs {
    /// Search space: a name or a RON file
    #[arg(long, value_name = "S", default_value = "mnasnet")]
    pub(crate) space: String,
    /// File of the table [default: this device's table in the user's cache]
    #[arg(long, value_name = "T")]
    pub(crate) out: Option<PathBuf>,
    /// Blocks to measure: all, or a subset between whose widths the others are interpolated, where
    /// it is less than half of them
    #[arg(long, value_enum, value_name = "WIDTHS", default_value_t = WidthsKind::Subset)]
    pub(crate) widths: WidthsKind,
}

/// The blocks that a build measures.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WidthsKind {
    All,
    Subset,
}

impl From<WidthsKind> for MeasuredWidths {
    fn from(kind: WidthsKind) -> Self {
        match kind {
            WidthsKind::All => Self::All,
            WidthsKind::Subset => Self::Subset,
        }
    }
}

/// What is done about blocks that a table lacks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingKind {
    Interpolate,
    Measure,
}

impl From<MissingKind> for MissingUnits {
    fn from(kind: MissingKind) -> Self {
        match kind {
            MissingKind::Interpolate => Self::Interpolate,
            MissingKind::Measure => Self::Measure,
        }
    }
}

/// Print a latency table
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas table show")]
pub(crate) struct TableShowArgs {
    #[command(flatten)]
    pub(crate) table: TableChoice,
}

/// Compare predictions of a latency table with measurements by other processes
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas table validate\n  nas table validate --space mobilenet_v3 --networks 100\n\n\
    Draws networks evenly over the logarithm of predicted latency. Each pass is a new process\n\
    that reads the level from the anchors and measures all networks in another order. The truth\n\
    is the median over the passes. The result is kept in the table."
)]
pub(crate) struct TableValidateArgs {
    /// Search space of the networks: a name or a RON file
    #[arg(long, value_name = "S", default_value = "mnasnet")]
    pub(crate) space: String,
    /// Latency table [default: this device's table in the user's cache]
    #[arg(long, value_name = "T")]
    pub(crate) table: Option<PathBuf>,
    /// Number of networks
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = sizes::networks)]
    pub(crate) networks: usize,
    /// Number of processes that measure each network; from 2 on, they also tell how well a measurement
    /// is repeated
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = sizes::passes)]
    pub(crate) passes: usize,
    /// Folder for the figure, the measurements as CSV and a README.md [default: results/validate-SPACE]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Compare two latency tables: their levels, the order of their blocks, and where they differ most
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas table diff before.ron after.ron --space mnasnet")]
pub(crate) struct TableDiffArgs {
    /// The first table
    #[arg(value_name = "A")]
    pub(crate) first: PathBuf,
    /// The second table
    #[arg(value_name = "B")]
    pub(crate) second: PathBuf,
    /// Compare the blocks of this search space, a name or a RON file, and the predictions for random
    /// networks of it [default: all blocks, and no networks]
    #[arg(long, value_name = "S")]
    pub(crate) space: Option<String>,
}

/// Predict the latency of a network on this CPU, and measure it
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas latency mobilenet_v2 --measure\n  \
    nas latency best.ron --per-block\n  nas latency --genotypes genotypes.txt --space mnasnet --measure")]
pub(crate) struct LatencyArgs {
    #[arg(help = NET_HELP, required_unless_present = "genotypes")]
    pub(crate) net: Option<String>,
    #[command(flatten)]
    pub(crate) table: TableChoice,
    #[command(flatten)]
    pub(crate) level: LevelChoice,
    /// Measure the whole network as well
    #[arg(long)]
    pub(crate) measure: bool,
    /// Time exactly N runs, disturbed or not [default: until 100 runs were undisturbed]
    #[arg(long, value_name = "N", value_parser = sizes::runs, requires = "measure")]
    pub(crate) runs: Option<NonZeroUsize>,
    /// Measured latency that the prediction is compared with: the p50 of the undisturbed runs, or of
    /// all runs [default: undisturbed]
    #[arg(long, value_enum, value_name = "STATISTIC", requires = "measure")]
    pub(crate) statistic: Option<StatisticKind>,
    /// What to do about blocks that the table lacks: interpolate them between measured widths where
    /// possible, or measure all of them
    #[arg(long, value_enum, value_name = "HOW", default_value_t = MissingKind::Interpolate)]
    pub(crate) missing: MissingKind,
    /// Print the latency of each block
    #[arg(long)]
    pub(crate) per_block: bool,
    /// Predict the genotypes in a file, one per line, and with --measure measure their networks; prints
    /// one line for each: the genotype, the predicted and the measured latency in ms, or JSON
    #[arg(long, value_name = "FILE", requires = "space",
        conflicts_with_all = ["net", "per_block"])]
    pub(crate) genotypes: Option<String>,
    /// Search space of the genotypes: a name or a RON file
    #[arg(long, value_name = "S", requires = "genotypes")]
    pub(crate) space: Option<String>,
}

/// Fit the accuracy model that searches use, or evaluate it
#[derive(Subcommand)]
pub(crate) enum SurrogateCommand {
    Fit(SurrogateFitArgs),
    Eval(SurrogateEvalArgs),
}

/// Fit a surrogate to networks of known accuracy, and cross-validate it
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  nas surrogate fit mnasnet_imagenet.csv --data-name Accel-NASBench \
    --data-licence Apache-2.0 --out mnasnet.surrogate.ron\n\n\
    The columns are those of Accel-NASBench: expand7, kernel7, layers7, se7, val_top1, macs_M."
)]
pub(crate) struct SurrogateFitArgs {
    /// CSV file of trained networks and their accuracies
    pub(crate) file: PathBuf,
    /// Search space: a name or a RON file
    #[arg(long, value_name = "S", default_value = "mnasnet")]
    pub(crate) space: String,
    /// Name of the data set, stored with the surrogate [default: name of the CSV file]
    #[arg(long, value_name = "NAME")]
    pub(crate) data_name: Option<String>,
    /// Licence of the data set, stored with the surrogate
    #[arg(long, value_name = "SPDX", default_value = "not stated")]
    pub(crate) data_licence: String,
    /// File to write the surrogate to
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Compare the predictions of a surrogate with known accuracies
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas surrogate eval mnasnet_imagenet.csv")]
pub(crate) struct SurrogateEvalArgs {
    /// CSV file of trained networks and their accuracies
    pub(crate) file: PathBuf,
    /// Search space: a name or a RON file
    #[arg(long, value_name = "S", default_value = "mnasnet")]
    pub(crate) space: String,
    /// File of the surrogate [default: the one that is built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) surrogate: Option<String>,
}

/// List the published networks with their published accuracies, or print one as a RON file
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas zoo\n  nas zoo --measure --out results/zoo\n  \
    nas zoo mobilenet_v2@width=0.5 > net.ron")]
pub(crate) struct ZooArgs {
    /// Print the RON file of this network: a name with options, such as mobilenet_v2@width=0.5
    pub(crate) name: Option<String>,
    /// Measure all networks on this CPU, and plot latency against published accuracy
    #[arg(long, conflicts_with = "name")]
    pub(crate) measure: bool,
    /// Folder for the measurements as zoo.csv, zoo.svg and zoo.png
    #[arg(long, value_name = "DIR", requires = "measure")]
    pub(crate) out: Option<PathBuf>,
}

/// List the search spaces, or the choices of one search space
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas space\n  nas space mnasnet\n  nas space --validate mine.ron"
)]
pub(crate) struct SpaceArgs {
    /// Name or RON file of the search space
    pub(crate) space: Option<String>,
    /// Report which options are illegal and why, which have no effect, and how large the networks are
    #[arg(long, requires = "space")]
    pub(crate) validate: bool,
}

/// Count parameters, multiply-adds and memory of a network, layer by layer
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas describe mobilenet_v3_small@resolution=160\n  \
    nas describe best.ron\n  nas describe mnasnet:0120212021201000010020000000")]
pub(crate) struct DescribeArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
}

/// Write a network as an ONNX file
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas export best.ron --weights best.safetensors --onnx best.onnx\n  \
    nas export best.ron --onnx best-untrained.onnx\n  \
    nas export mobilenet_v2@width=0.5 --onnx v2.onnx --dynamic-batch --seed 1\n\n\
    The metadata of the file have class_names and preprocessing as JSON, where the weights\n\
    were trained by nas."
)]
pub(crate) struct ExportArgs {
    #[arg(help = NET_HELP)]
    pub(crate) net: String,
    /// Weights written by nas train or nas import; their classes, batch norm settings, resolution and
    /// stem stride replace those of NET, so that the file is what nas eval evaluates [default: random
    /// weights]
    #[arg(long, value_name = "W")]
    pub(crate) weights: Option<PathBuf>,
    /// Keep the resolution and the stem stride of NET, whatever those of the training were
    #[arg(long, requires = "weights")]
    pub(crate) deployed: bool,
    /// File to write: input `input` [batch, channels, height, width], output `logits`
    #[arg(long, value_name = "F")]
    pub(crate) onnx: PathBuf,
    /// Leave the batch size open [default: one image]
    #[arg(long)]
    pub(crate) dynamic_batch: bool,
    /// Keep batch norms as separate nodes [default: folded into the convolutions]
    #[arg(long)]
    pub(crate) unfolded: bool,
    /// Version of the ONNX operators, 13 to 21 [default: 17]
    #[arg(long, value_name = "N")]
    pub(crate) opset: Option<u8>,
}

/// The forms of NET.
pub(crate) const NET_HELP: &str = "A published name with options \
    (NAME@width=0.5,resolution=160,channels=1,classes=10,stem_stride=1), a RON file, or SPACE:GENOTYPE";

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas completions bash > /etc/bash_completion.d/nas")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages
#[derive(clap::Args)]
#[command(after_help = "Example:\n  nas man --out /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Folder for nas.1 and one page for each command
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
