//! The plan of an adaptation from its arguments.

use anyhow::Result;
use controller::netadapt::{
    AdaptError, AdaptManifest, AdaptTarget, LatenciesId, LatencyRecord, Metric, Schedule,
    check_reduction, fine_tuning, read_latency_records,
};
use controller::search::{Acceptance, Margin};
use controller::study::StudySettings;
use latency_predictor::{DeviceTable, Setup, Table};
use search_space::{Network, Weights, axes};
use training::fit::{FitPlan, FitSettings, TrainingVariant};
use training::{FineTune, Placement};

use crate::args::Global;
use crate::args_netadapt::{MetricKind, NetAdaptArgs, ScheduleKind};
use crate::commands::train::data;
use crate::exit::{bad_input, flag, training_error};
use crate::memory::Copies;
use crate::{load, tables, weights};

/// The networks, data and settings of an adaptation.
pub(super) struct Plan {
    /// The deployed seed, with the classes of the data.
    pub(super) seed: Network,
    /// Weights of the seed's training variant, if the user has them.
    pub(super) weights: Option<Weights>,
    /// The training of the seed.
    pub(super) training: FitPlan,
    /// The settings of trainings from scratch.
    pub(super) fit: FitSettings,
    pub(super) fine_tune: FineTune,
    pub(super) metric: Metric,
    pub(super) schedule: Schedule,
    pub(super) target: AdaptTarget,
    pub(super) acceptance: Acceptance,
    /// This device's table; `None` if recorded latencies are replayed.
    pub(super) table: Option<DeviceTable>,
    /// The device of the latencies in words; empty if they are replayed.
    pub(super) device: String,
    /// Latencies that are known before anything is measured.
    pub(super) recorded: Vec<LatencyRecord>,
}

impl Plan {
    pub(super) fn new(global: &Global, args: &NetAdaptArgs) -> Result<Self> {
        let target = args.target_ms.map_or(AdaptTarget::Ratio(args.target_ratio), AdaptTarget::Ms);
        target.check().map_err(refused)?;
        let margin = Margin::new(args.margin).map_err(|error| bad_input("--margin", error))?;
        let acceptance = Acceptance { margin, ..Acceptance::default() };
        check_reduction(args.delta, args.decay, args.steps).map_err(refused)?;
        let backend = args.recipe.device.backend()?;
        // `--threads` is the number of threads of the measured network.
        let threads = global.parallel_jobs();
        let trainer = Global { threads: Some(threads), ..global.clone() };
        let network = load::runnable(&args.net, Copies::Trained)?;
        let data = data::load(&trainer, &args.data, data::hold_out(args.hold_out)?)?;
        if data.dataset.hold_out.is_empty() {
            let message =
                "found 0; expected: above 0, since proposals are compared on the hold-out";
            return Err(bad_input("--hold-out", message));
        }
        let mut fit = args.recipe.settings(args.epochs, global.seed);
        let network = load::network_for_images(global, &args.net, network, &data)?;
        let file = args.weights.as_deref().map(weights::read).transpose()?;
        let data = match &file {
            Some(file) if file.network.classes == data.dataset.classes.len() => {
                data::matched(global, data, &file.network)?
            }
            _ => data,
        };
        if let Some(file) = &file {
            let TrainingVariant { resolution, stem_stride } = file.variant();
            fit.train_resolution = fit.train_resolution.or(Some(resolution));
            fit.train_stem_stride = fit.train_stem_stride.or(stem_stride);
        }
        let placement = Placement { backend, threads };
        let mut training = FitPlan::new(&network, data, None, &fit, placement)
            .map_err(|error| training_error(&args.net, error))?;
        let mut weights = None;
        if let Some((path, file)) = args.weights.as_ref().zip(file) {
            let fitted = file.fit(&training.variant);
            let (network, found) = fitted.map_err(|error| bad_input(path.display(), error))?;
            if network.classes != training.variant.classes {
                let message = format!(
                    "found {} classes; expected: {}, as in {}; train the weights on it with nas train --weights",
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
            return Err(bad_input(&args.net, "found none; expected: a width that can be narrowed"));
        }
        let (table, recorded) = match &args.measurements {
            Some(path) => {
                let bad = |error| bad_input("--measurements", error);
                (None, read_latency_records(path).map_err(bad)?)
            }
            None => {
                let device = tables::open(global, &args.table)?;
                tables::warn_of_disturbed(&device, None);
                (Some(device), Vec::new())
            }
        };
        let setup = table.as_ref().map(|device| &device.table.setup);
        let device = setup.map(Setup::words).unwrap_or_default();
        let fine_tune = fine_tuning(&training, args.steps);
        let metric = match args.metric {
            MetricKind::Ratio => Metric::Ratio,
            MetricKind::Accuracy => Metric::Accuracy,
        };
        let schedule = match args.schedule {
            ScheduleKind::Full => Schedule::Full,
            ScheduleKind::Halving => Schedule::Halving,
        };
        Ok(Self {
            seed,
            weights,
            training,
            fit,
            fine_tune,
            metric,
            schedule,
            target,
            acceptance,
            table,
            device,
            recorded,
        })
    }

    /// The manifest: the settings that decide the path. A run is resumed only with the same ones.
    pub(super) fn settings(&self, args: &NetAdaptArgs) -> Result<StudySettings> {
        let latencies = match &self.table {
            Some(DeviceTable { table: Table { setup, .. }, .. }) => LatenciesId::Device {
                device: setup.device.identity(),
                runtime: format!("{} {}", setup.runtime.name(), setup.runtime_version),
                threads: setup.threads,
            },
            None => LatenciesId::Replay(&self.recorded),
        };
        let weights = args
            .weights
            .as_ref()
            .map(|path| std::fs::read(path).map_err(|error| bad_input(path.display(), error)));
        let weights = weights.transpose()?;
        let manifest = AdaptManifest {
            training: &self.training,
            weights: weights.as_deref(),
            target: self.target,
            margin: self.acceptance.margin,
            latencies,
            delta: args.delta,
            decay: args.decay,
            steps: args.steps,
            metric: self.metric,
            schedule: self.schedule,
        };
        Ok(manifest.to_settings())
    }
}

/// An error of the controller in terms of arguments.
pub(super) fn refused(error: AdaptError) -> anyhow::Error {
    match error {
        AdaptError::Setting { place, found, expected } => {
            bad_input(flag(place), format!("found {found}; expected: {expected}"))
        }
        AdaptError::TargetMet { target_ms, seed_ms } => {
            let message =
                format!("found {target_ms}; expected: below {seed_ms:.3}, the seed's latency");
            bad_input("--target-ms", message)
        }
        error => error.into(),
    }
}
