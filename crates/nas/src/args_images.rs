//! The arguments of a search on the user's images.

use std::time::Duration;

use clap::ValueEnum;
use training::supernet::PathSampling;

use crate::args_search::AccuracyArg;
use crate::sizes;

/// A search on images: what ranks networks, and the trainings of the winner and its
/// baselines.
#[derive(clap::Args)]
#[command(next_help_heading = "Search on your own images")]
pub(crate) struct ImagesArgs {
    /// Images on which a supernet or short trainings rank networks: shapes, cifar10:DIR, folder:DIR or mnist:DIR, as of
    /// nas train. At the end, the winner and its baselines are trained from scratch
    #[arg(long, value_name = "D")]
    pub(crate) data: Option<String>,
    /// Time that the whole search may take, such as 8h or 90min: a short timing at the start turns it
    /// into --supernet-epochs, --samples and --epochs, which a resumed search keeps. The latency
    /// table is measured before, and --then comes on top
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration,
        conflicts_with_all = ["supernet_epochs", "samples", "epochs"])]
    pub(crate) budget: Option<Duration>,
    /// Number of epochs of the supernet's training; in each, every image passes through as many
    /// networks as the longest list of the space has options [default: 10]
    #[arg(long, value_name = "N", value_parser = sizes::epochs)]
    pub(crate) supernet_epochs: Option<u64>,
    /// Networks that an update of the supernet trains: as many as the longest list has options, so
    /// that every option of a choice is used equally often, or the largest network, the smallest and
    /// two random ones [default: strictly-fair]
    #[arg(long, value_enum, value_name = "RULE")]
    pub(crate) supernet_paths: Option<PathsKind>,
    /// Number of epochs of the trainings of --accuracy proxy; networks that fall behind others of no
    /// more multiply-adds are given up after a quarter or a half of them [default: 5]
    #[arg(long, value_name = "N", value_parser = sizes::epochs)]
    pub(crate) proxy_epochs: Option<u64>,
    /// Height and width in pixels of the images that networks are deployed for, at which latencies
    /// are measured [default: that of the space, but at most that of the images]
    #[arg(long, value_name = "R", value_parser = sizes::pixels)]
    pub(crate) deploy_resolution: Option<usize>,
    /// Height and width in pixels of the images in training [default: that of --deploy-resolution, but
    /// at most that of the images]
    #[arg(long, value_name = "R", value_parser = sizes::pixels)]
    pub(crate) train_resolution: Option<usize>,
    /// Number of epochs of the trainings at the end; 0 leaves them out [default: 30]
    #[arg(long, value_name = "N", value_parser = sizes::epochs)]
    pub(crate) epochs: Option<u64>,
    /// Number of trainings, with different seeds, of the winner and its two best baselines; the other
    /// baselines are trained once [default: 3]
    #[arg(long, value_name = "N", value_parser = sizes::seeds)]
    pub(crate) seeds: Option<u64>,
    /// Check the supernet: train N random networks at the winner's latency (instead of five), and tell
    /// how well it ranks them, beside their multiply-adds
    #[arg(long, value_name = "N", value_parser = sizes::checked)]
    pub(crate) check: Option<usize>,
    /// Go on with NetAdapt: the most accurate network of the search that is 8 to 25 % above the target
    /// is trained and adapted to the target layer by layer, as nas netadapt does with --delta 0.02
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) then: Option<ThenKind>,
    /// Networks that the winner is compared with: all, which are the published families and five
    /// random networks of the space at the winner's latency, or none [default: all]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) baselines: Option<BaselinesKind>,
}

/// Networks that a winner is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BaselinesKind {
    All,
    None,
}

/// What follows a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThenKind {
    Netadapt,
}

/// Networks that an update of a supernet trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathsKind {
    StrictlyFair,
    Sandwich,
}

impl From<PathsKind> for PathSampling {
    fn from(kind: PathsKind) -> Self {
        match kind {
            PathsKind::StrictlyFair => Self::StrictlyFair,
            PathsKind::Sandwich => Self::Sandwich,
        }
    }
}

/// The options of one accuracy source on images.
const OF_SUPERNET: [&str; 3] = ["--supernet-epochs", "--supernet-paths", "--check"];
const OF_PROXY: [&str; 1] = ["--proxy-epochs"];

impl ImagesArgs {
    /// An option that was given and that this accuracy source does not take, with the source that
    /// does.
    pub(crate) fn of_other_source(
        &self,
        source: &AccuracyArg,
    ) -> Option<(&'static str, &'static str)> {
        self.given().find_map(|flag| match source {
            AccuracyArg::Supernet => OF_PROXY.contains(&flag).then_some((flag, "proxy")),
            AccuracyArg::Proxy => OF_SUPERNET.contains(&flag).then_some((flag, "supernet")),
            AccuracyArg::Surrogate | AccuracyArg::Table(_) => Some((flag, "supernet or proxy")),
        })
    }

    /// The options that were given.
    fn given(&self) -> impl Iterator<Item = &'static str> {
        [
            ("--data", self.data.is_some()),
            ("--budget", self.budget.is_some()),
            ("--supernet-epochs", self.supernet_epochs.is_some()),
            ("--supernet-paths", self.supernet_paths.is_some()),
            ("--proxy-epochs", self.proxy_epochs.is_some()),
            ("--deploy-resolution", self.deploy_resolution.is_some()),
            ("--train-resolution", self.train_resolution.is_some()),
            ("--epochs", self.epochs.is_some()),
            ("--seeds", self.seeds.is_some()),
            ("--check", self.check.is_some()),
            ("--baselines", self.baselines.is_some()),
            ("--then", self.then.is_some()),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
    }
}
