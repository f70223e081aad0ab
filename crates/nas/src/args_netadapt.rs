//! The command line of NetAdapt.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::args::{NET_HELP, TableChoice};
use crate::args_training::{DATA_HELP, RecipeArgs};

/// Adapt a network to a latency layer by layer, as MobileNetV3 was: NetAdapt
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  nas netadapt seed.ron\n  nas netadapt mobilenet_v3_small \
    --weights seed.safetensors --data cifar10:DIR \\\n      --train-stem-stride 1 --target-ratio 0.6\n  \
    nas netadapt seed.ron --out run --resume\n\nThe output folder gets adapted.ron with its weights, \
    trajectory.csv, proposals.csv,\nnetadapt.svg, widths.svg, trained.csv, measurements.csv, every \
    iteration under steps/, and\nnetadapt.sqlite, from which --resume goes on.")]
pub(crate) struct NetAdaptArgs {
    #[arg(help = NET_HELP, value_name = "SEED")]
    pub(crate) net: String,
    /// The seed's weights, which nas train or nas import wrote [default: the seed is trained first]
    #[arg(long, value_name = "W")]
    pub(crate) weights: Option<PathBuf>,
    #[arg(long, value_name = "D", default_value = "shapes", help = DATA_HELP)]
    pub(crate) data: String,
    /// Latency to reach, in milliseconds
    #[arg(long, value_name = "X", conflicts_with = "target_ratio", allow_negative_numbers = true)]
    pub(crate) target_ms: Option<f64>,
    /// Latency to reach, as a share of the seed's
    #[arg(long, value_name = "SHARE", default_value_t = 0.7, allow_negative_numbers = true)]
    pub(crate) target_ratio: f64,
    /// What each iteration cuts at least, as a share of the seed's latency
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, allow_negative_numbers = true)]
    pub(crate) delta: f64,
    /// What that is multiplied with after each iteration: 1 in MobileNetV3, 0.96 in NetAdapt
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    pub(crate) decay: f64,
    /// Training steps of every proposal
    #[arg(long, value_name = "T", default_value_t = 1000)]
    pub(crate) steps: u64,
    /// What proposals are chosen by: accuracy lost for each millisecond saved (MobileNetV3), or
    /// accuracy (NetAdapt)
    #[arg(long, value_enum, default_value_t = MetricKind::Ratio)]
    pub(crate) metric: MetricKind,
    /// Train all proposals for all training steps, or give up the worse half of them after a quarter
    /// of the steps, and again after half: half of the training
    #[arg(long, value_enum, default_value_t = ScheduleKind::Full)]
    pub(crate) schedule: ScheduleKind,
    /// Epochs of the seed's training and of those at the end; the long fine-tuning has half of them
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) epochs: u64,
    /// How often the adapted network and each baseline are trained from scratch at the end; 0 for
    /// no trainings and baselines
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seeds: u64,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Share of the training images that chooses between proposals, and is not trained on
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) hold_out: f64,
    /// Replay the latencies of another run's measurements.csv; nothing is measured
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "allow_foreign"])]
    pub(crate) measurements: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) table: TableChoice,
    /// Undisturbed runs of a network that is measured [default: 300]
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroUsize>,
    /// Output folder [default: results/netadapt-SEED]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the run of the output folder
    #[arg(long)]
    pub(crate) resume: bool,
}

/// What proposals are chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricKind {
    Ratio,
    Accuracy,
}

/// How long proposals are trained before some are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleKind {
    Full,
    Halving,
}
