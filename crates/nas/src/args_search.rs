//! The command line of a search.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use controller::search::Limits;
use controller::search::algorithm::Algorithm;
use search_space::Statistic;

use crate::args::{LevelChoice, TableChoice};
use crate::args_images::ImagesArgs;
use crate::sizes;

/// Search a space for accurate networks that meet a latency target on this CPU
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  nas search --target-ms 15 --w -0.15\n  nas search --target-ms 5,10,15 \
    --max params=4M\n  nas search --accuracy table:bench.csv --latency-column ms_pixel3 \\\n      --target-ms 8 \
    --samples 300\n  nas search --data folder:photos --space mobilenet_v3 --target-ms 5\n\nA quarter of the trials (--front) goes where the Pareto front of accuracy and\nlatency is weakest. Of \
    the others, the first half maximises the reward\nACC x (LAT/TAR)^w and the second half accuracy under the target. Of the networks\nfound, the \
    winner is the most accurate one whose measured latency is at least\n1.5 % (--margin) below the target."
)]
pub(crate) struct SearchArgs {
    /// Target latency in milliseconds; several separated by commas give one winner each
    #[arg(
        long,
        value_name = "X",
        required_unless_present = "maximize",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    pub(crate) target_ms: Vec<f64>,
    /// Maximise accuracy alone, without a latency target
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["target_ms", "w", "reward", "front"])]
    pub(crate) maximize: Option<Maximize>,
    /// Exponent of the soft reward, or weight of the absolute reward; at most 0 [default: -0.15]
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    pub(crate) w: Option<f64>,
    /// Reward: soft is ACC x (LAT/TAR)^w; hard has exponent 0 up to the target and -1 above it;
    /// absolute is ACC + w x |LAT/TAR - 1|
    #[arg(long, value_enum, default_value_t = RewardKind::Soft)]
    pub(crate) reward: RewardKind,
    /// Hard limits, such as params=4M,macs=300M; also peak_activation=512KiB and
    /// memory_access_cost=20M
    #[arg(long, value_name = "LIMITS")]
    pub(crate) max: Option<Limits>,
    /// Search space: a name, a RON file, or "table" for the choices of an accuracy table
    /// [default: mnasnet, or table with --accuracy table:FILE]
    #[arg(long, value_name = "S")]
    pub(crate) space: Option<String>,
    #[command(flatten)]
    pub(crate) accuracy: AccuracyChoice,
    #[command(flatten)]
    pub(crate) images: ImagesArgs,
    /// Search algorithm: evolution, ppo, nsga2, bayesian (a Gaussian process fitted to the trials so
    /// far chooses the next ones, for searches with few trials) or random
    /// [default: evolution, or bayesian with --accuracy proxy]
    #[arg(long, value_name = "A")]
    pub(crate) algorithm: Option<Algorithm>,
    /// Number of trials; with --resume, more trials than before extend the study, and the new ones
    /// search for accuracy under the targets [default: 16000, 400
    /// with --accuracy supernet, 96 with --accuracy proxy, or as before with --resume]
    #[arg(long, value_name = "N", value_parser = sizes::samples)]
    pub(crate) samples: Option<usize>,
    /// Share of the trials that go where the Pareto front is weakest, from 0 to below 1
    /// [default: 0.25, or 0 with nsga2 and random]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub(crate) front: Option<f64>,
    #[command(flatten)]
    pub(crate) table: TableChoice,
    #[command(flatten)]
    pub(crate) level: LevelChoice,
    /// Number of undisturbed runs for each measured network [default: 100]
    #[arg(long, value_name = "N", value_parser = sizes::runs)]
    pub(crate) runs: Option<NonZeroUsize>,
    /// Share of the target by which the measured latency of a winner must stay below it, from 0 to
    /// below 1; measurements of other processes differ by about 1.5 % [default: 0.015]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub(crate) margin: Option<f64>,
    /// Measured latency that must meet the target: the p50 of the undisturbed runs, or of all runs
    /// [default: undisturbed]
    #[arg(long, value_enum, value_name = "STATISTIC")]
    pub(crate) statistic: Option<StatisticKind>,
    /// Output folder [default: results/search-SPACE-TARGETms]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the study in the output folder, or extend it with more --samples
    #[arg(long)]
    pub(crate) resume: bool,
}

/// Where accuracies, and latencies if asked for, come from.
#[derive(clap::Args)]
pub(crate) struct AccuracyChoice {
    /// Accuracy source: surrogate; supernet, weights that all networks of the space share and that are
    /// trained on --data first; proxy, a short training of each network on --data; or table:FILE, a CSV file (plain or gzipped) of architectures, such
    /// as 0120, "(0, 2, 1)", 8:64:16 or |none~0|+|none~0|none~1|, with accuracies from 0 to 1 or in
    /// per cent; architectures that it lacks are not proposed
    /// [default: surrogate, or supernet with --data]
    #[arg(long, value_name = "SOURCE")]
    pub(crate) accuracy: Option<AccuracyArg>,
    /// Column of the architectures; with --space S, as genotypes of S [default: genotype or arch]
    #[arg(long, value_name = "NAME")]
    pub(crate) arch_column: Option<String>,
    /// Column of the accuracies [default: accuracy or mean_acc]
    #[arg(long, value_name = "NAME")]
    pub(crate) accuracy_column: Option<String>,
    /// Column of latencies in milliseconds, used instead of this device's [default: latency_ms with
    /// --space table, if there is one]
    #[arg(long, value_name = "NAME")]
    pub(crate) latency_column: Option<String>,
}

/// An accuracy source as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccuracyArg {
    Surrogate,
    Supernet,
    Proxy,
    Table(PathBuf),
}

impl SearchArgs {
    /// The algorithm: the default with short trainings is the one that needs the fewest.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(match self.accuracy_source() {
            AccuracyArg::Proxy => Algorithm::Bayesian,
            AccuracyArg::Surrogate | AccuracyArg::Supernet | AccuracyArg::Table(_) => {
                Algorithm::Evolution
            }
        })
    }

    /// The accuracy source: a supernet is the default with images.
    pub(crate) fn accuracy_source(&self) -> AccuracyArg {
        match (&self.accuracy.accuracy, &self.images.data) {
            (Some(source), _) => source.clone(),
            (None, Some(_)) => AccuracyArg::Supernet,
            (None, None) => AccuracyArg::Surrogate,
        }
    }
}

impl FromStr for AccuracyArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "surrogate" => Ok(Self::Surrogate),
            None if text == "supernet" => Ok(Self::Supernet),
            None if text == "proxy" => Ok(Self::Proxy),
            Some(("table", file)) if !file.is_empty() => Ok(Self::Table(file.into())),
            _ => Err(format!("found {text}; expected: surrogate, supernet, proxy, table:FILE")),
        }
    }
}

/// The objective of a search without a target.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Maximize {
    Accuracy,
}

/// The number that stands for a measured latency.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatisticKind {
    /// p50 of the runs during which nothing else slowed the CPU
    Undisturbed,
    /// p50 of all runs
    All,
}

impl From<StatisticKind> for Statistic {
    fn from(kind: StatisticKind) -> Self {
        match kind {
            StatisticKind::Undisturbed => Self::Undisturbed,
            StatisticKind::All => Self::All,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RewardKind {
    Soft,
    Hard,
    Absolute,
}
