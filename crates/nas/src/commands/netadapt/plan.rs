//! From arguments to what is adapted and how.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use controller::netadapt::{Metric, Recorded, Schedule, read_recorded};
use search_space::hash::fnv1a;
use search_space::{Network, Weights, axes};
use training::{FineTune, Recipe};

use super::screen;
use crate::args::Global;
use crate::args_netadapt::{MetricKind, NetAdaptArgs, ScheduleKind};
use crate::args_training::TrainArgs;
use crate::commands::train::data;
use crate::commands::train::plan::Plan as TrainingPlan;
use crate::exit::bad_input;
use crate::tables::{self, OpenTable};
use crate::weights;

/// The learning rate of the short trainings as a share of the long ones' (NetAdapt, section 4.1).
pub(super) const SHORT_TRAINING_RATE: f32 = 0.1;

/// What is adapted and how.
pub(super) struct Plan {
    /// The deployed seed, with the data's classes.
    pub(super) seed: Network,
    /// Of the seed's training variant, where the user has them.
    pub(super) weights: Option<Weights>,
    /// Data, training variant, batches, and the recipe of long trainings.
    pub(super) training: TrainingPlan,
    pub(super) fine_tune: FineTune,
    pub(super) metric: Metric,
    pub(super) schedule: Schedule,
    /// Of this device; None where recorded latencies are replayed.
    pub(super) table: Option<OpenTable>,
    /// Latencies that are known before anything is measured.
    pub(super) recorded: Vec<Recorded>,
}

impl Plan {
    pub(super) fn new(global: &Global, args: &NetAdaptArgs) -> Result<Self> {
        check(args)?;
        // --threads are those of the network that is measured.
        let trainer = Global { threads: Some(screen::jobs(global)), ..global.clone() };
        let train = train_args(args, &args.net, args.epochs);
        let data = data::of(&trainer, &train)?;
        let mut training = TrainingPlan::new(&trainer, &train, data)?;
        if training.data.hold_out.is_empty() {
            return Err(bad_input("--hold-out", "found 0; allowed: above 0: it chooses"));
        }
        let mut weights = None;
        if let Some(path) = &args.weights {
            let (network, found) = weights::fit(path, &training.variant)?;
            if network.classes != training.variant.classes {
                let message = format!(
                    "found {} classes; allowed: {}, those of {}; nas train --weights makes such",
                    network.classes, training.variant.classes, args.data
                );
                return Err(bad_input(path.display(), message));
            }
            (training.variant.norm, training.deployed.norm) = (network.norm, network.norm);
            weights = Some(found);
        }
        let seed = training.deployed.clone();
        let legal = axes(&seed).map_err(|error| bad_input(&args.net, error))?;
        if !legal.iter().any(|axis| axis.can_be_adapted()) {
            return Err(bad_input(&args.net, "found no width that can be narrowed"));
        }
        let (table, recorded) = match &args.measurements {
            Some(path) => {
                let recorded =
                    read_recorded(path).map_err(|error| bad_input("--measurements", error))?;
                (None, recorded)
            }
            None => (Some(tables::open(global, &args.table)?), Vec::new()),
        };
        let recipe = Recipe {
            learning_rate: SHORT_TRAINING_RATE * training.recipe.learning_rate,
            ema_decay: None,
            warm_up_steps: 0,
            steps: args.steps,
            ..training.recipe
        };
        let fine_tune = FineTune { recipe, batches: training.batches, first_epoch: 0 };
        let metric = match args.metric {
            MetricKind::Ratio => Metric::Ratio,
            MetricKind::Accuracy => Metric::Accuracy,
        };
        let schedule = match args.schedule {
            ScheduleKind::Full => Schedule::Full,
            ScheduleKind::Halving => Schedule::Halving,
        };
        Ok(Self { seed, weights, training, fine_tune, metric, schedule, table, recorded })
    }

    /// The training variant of a deployed network.
    pub(super) fn variant(&self, deployed: &Network, stem_stride: Option<usize>) -> Network {
        crate::commands::train::variant::with(
            deployed.clone(),
            self.training.batches.resolution,
            stem_stride,
        )
    }

    /// What decides the path: a run is resumed only with the same.
    pub(super) fn settings(&self, args: &NetAdaptArgs) -> Result<BTreeMap<String, String>> {
        let train = train_args(args, &args.net, args.epochs);
        let mut settings = self.training.settings(&train);
        let target = match args.target_ms {
            Some(ms) => format!("{ms} ms"),
            None => format!("{} of the seed's", args.target_ratio),
        };
        let latencies = match &self.table {
            Some(open) => {
                let setup = &open.table.setup;
                let (device, runtime) = (setup.device.identity(), setup.runtime.name());
                format!("{device}, {runtime} {}, {} threads", setup.runtime_version, setup.threads)
            }
            None => format!("replay of {}", recorded_hash(&self.recorded)),
        };
        let weights = match &args.weights {
            Some(path) => file_hash(path)?,
            None => "trained first".to_owned(),
        };
        for (name, value) in [
            ("target", target),
            ("latencies", latencies),
            ("weights", weights),
            ("delta", args.delta.to_string()),
            ("decay", args.decay.to_string()),
            ("steps", args.steps.to_string()),
            ("metric", format!("{:?}", self.metric)),
            ("schedule", format!("{:?}", self.schedule)),
            ("hold_out", format!("{:016x}", self.training.data.hold_out.fingerprint())),
        ] {
            settings.insert(name.to_owned(), value);
        }
        Ok(settings)
    }
}

fn file_hash(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| bad_input(path.display(), error))?;
    Ok(format!("{:016x}", fnv1a(bytes)))
}

fn recorded_hash(recorded: &[Recorded]) -> String {
    let bytes = recorded.iter().flat_map(|r| r.key.bytes().chain(r.ms.to_le_bytes()));
    format!("{:016x}", fnv1a(bytes))
}

/// A training of `net` as the user wants the seed's.
pub(super) fn train_args(args: &NetAdaptArgs, net: &str, epochs: u64) -> TrainArgs {
    TrainArgs {
        net: net.to_owned(),
        data: args.data.clone(),
        epochs,
        weights: None,
        recipe: args.recipe.clone(),
        hold_out: args.hold_out,
        out: None,
        resume: true,
    }
}

fn check(args: &NetAdaptArgs) -> Result<()> {
    let share = |name: &str, value: f64| match value > 0.0 && value < 1.0 {
        true => Ok(()),
        false => {
            Err(bad_input(name, format!("found {value}; allowed: between 0 and 1, both excluded")))
        }
    };
    share("--target-ratio", args.target_ratio)?;
    share("--delta", args.delta)?;
    if !(args.decay > 0.0 && args.decay <= 1.0) {
        return Err(bad_input("--decay", format!("found {}; allowed: above 0 to 1", args.decay)));
    }
    if let Some(ms) = args.target_ms.filter(|ms| !(*ms > 0.0 && ms.is_finite())) {
        return Err(bad_input("--target-ms", format!("found {ms}; allowed: above 0")));
    }
    if args.steps == 0 {
        return Err(bad_input("--steps", "found 0; allowed: 1 and more"));
    }
    Ok(())
}
