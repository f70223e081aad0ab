//! The command line of NetAdapt.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::args::{NET_HELP, TableChoice};
use crate::args_training::{DATA_HELP, RecipeArgs};
use crate::sizes;

/// Adapt a network to a target latency layer by layer with NetAdapt, as in MobileNetV3
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas netadapt seed.ron\n  nas netadapt mobilenet_v3_small \
    --weights seed.safetensors --data cifar10:DIR \\\n      --train-stem-stride 1 --target-ratio 0.6\n  \
    nas netadapt seed.ron --out run --resume\n\nThe output folder gets adapted.ron with its weights, \
    trajectory.csv, proposals.csv,\nnetadapt.svg, widths.svg, trained.csv, measurements.csv, every \
    iteration under iterations/,\nand netadapt.sqlite, from which --resume continues; RESUME.txt has the command.")]
pub(crate) struct NetAdaptArgs {
    #[arg(help = NET_HELP, value_name = "SEED")]
    pub(crate) net: String,
    /// Weights of the seed, written by nas train or nas import; trainings have their resolution and stem
    /// stride unless others are given [default: the seed is trained first]
    #[arg(long, value_name = "W")]
    pub(crate) weights: Option<PathBuf>,
    #[arg(long, value_name = "D", default_value = "shapes", help = DATA_HELP)]
    pub(crate) data: String,
    /// Target latency in milliseconds
    #[arg(long, value_name = "X", conflicts_with = "target_ratio", allow_negative_numbers = true)]
    pub(crate) target_ms: Option<f64>,
    /// Target latency as a share of the seed's
    #[arg(long, value_name = "SHARE", default_value_t = 0.7, allow_negative_numbers = true)]
    pub(crate) target_ratio: f64,
    /// Share of the target by which measured latencies must stay below it, from 0 to below 1, since
    /// measurements of other processes differ by about 1.5 %
    #[arg(long, value_name = "SHARE", default_value_t = 0.015, allow_negative_numbers = true)]
    pub(crate) margin: f64,
    /// Minimum latency reduction per iteration, as a share of the seed's latency
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, allow_negative_numbers = true)]
    pub(crate) delta: f64,
    /// Decay of the latency reduction per iteration: 1 in MobileNetV3, 0.96 in NetAdapt
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) decay: f64,
    /// Number of training steps for every proposal, to which the time of the iterations is about
    /// proportional; NetAdapt trains for 10,000 on ImageNet
    #[arg(long, value_name = "T", default_value_t = 200, value_parser = sizes::steps)]
    pub(crate) steps: u64,
    /// Metric that proposals are ranked by: the ratio of lost accuracy to saved latency (MobileNetV3), or
    /// the accuracy (NetAdapt)
    #[arg(long, value_enum, default_value_t = MetricKind::Ratio)]
    pub(crate) metric: MetricKind,
    /// Train all proposals for all steps, or use successive halving: drop the worse half of the proposals
    /// after a quarter of the steps, and again after half of them
    #[arg(long, value_enum, default_value_t = ScheduleKind::Full)]
    pub(crate) schedule: ScheduleKind,
    /// Number of epochs of the seed's training and of the final trainings; the final fine-tuning has half
    /// as many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = sizes::epochs)]
    pub(crate) epochs: u64,
    /// Number of final trainings from scratch of the adapted network and of each baseline; 0 leaves out
    /// the baselines and all final trainings
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = sizes::seeds)]
    pub(crate) seeds: u64,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Share of the training images held out to choose between proposals
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) hold_out: f64,
    /// Replay the latencies of a measurements.csv of an earlier run instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "allow_foreign"])]
    pub(crate) measurements: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) table: TableChoice,
    /// Number of undisturbed runs for each measured network [default: 300]
    #[arg(long, value_name = "N", value_parser = sizes::runs)]
    pub(crate) runs: Option<NonZeroUsize>,
    /// Output folder [default: results/netadapt-SEED]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the adaptation in the output folder
    #[arg(long)]
    pub(crate) resume: bool,
}

/// The metric that proposals are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricKind {
    Ratio,
    Accuracy,
}

/// How many steps proposals are trained before some are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleKind {
    Full,
    Halving,
}
