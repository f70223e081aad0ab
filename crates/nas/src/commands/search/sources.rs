//! The sources of a search's genotypes, accuracies and latencies.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::accuracy::surrogate::Surrogate;
use controller::accuracy::{AccuracySource, AccuracyTable, Scale, TableColumns};
use controller::search::{LatencyOf, Limits, Problem};
use controller::study::LatencyId;
use latency_predictor::{DeviceTable, Level, MeasuredWidths, NativeLatency, Validation};
use search_space::{Domain, SearchSpace};
use training::fit::FitData;

use super::proxy::ProxySource;
use super::supernet::SupernetSource;
use crate::args::{Global, LevelChoice};
use crate::args_images::BaselinesKind;
use crate::args_search::{AccuracyArg, SearchArgs};
use crate::exit::bad_input;
use crate::progress::note;
use crate::tables::NamedSpace;
use crate::{load, tables, validated};

/// The sources of a search, and its limits.
pub(super) struct Sources {
    pub(super) domain: Domain,
    /// `None` if the architectures of a table do not stand for networks.
    pub(super) space: Option<SearchSpace>,
    pub(super) limits: Limits,
    pub(super) accuracy: Accuracy,
    pub(super) latency: Latency,
    /// File of the device's latency table, if latencies are the device's.
    pub(super) table_file: Option<PathBuf>,
}

pub(super) enum Accuracy {
    Surrogate(Box<Surrogate>),
    Table(Box<AccuracyTable>),
    Supernet(Box<SupernetSource>),
    Proxy(Box<ProxySource>),
}

impl Accuracy {
    /// The images on which networks are trained, and the resolution; `None` if they come from no
    /// images.
    pub(super) fn images(&self) -> Option<(&FitData, usize)> {
        match self {
            Self::Supernet(supernet) => Some(supernet.images()),
            Self::Proxy(proxy) => Some(proxy.images()),
            Self::Surrogate(_) | Self::Table(_) => None,
        }
    }
}

pub(super) enum Latency {
    Device(Box<NativeLatency>),
    /// A column of the accuracy table.
    Column,
    Unknown,
}

/// Sources whose latency table may still lack blocks.
pub(super) struct Opened {
    sources: Sources,
    device: Option<DeviceTable>,
    runs: usize,
    level: LevelChoice,
    /// The space as the user named it.
    space_argument: String,
}

const DEFAULT_RUNS: usize = 100;
const DEFAULT_SPACE: &str = "mnasnet";
/// The name of the space whose choices are the positions of the accuracy table.
const TABLE: &str = "table";

/// Opens the sources. Nothing is measured and nothing is written.
pub(super) fn open(global: &Global, args: &SearchArgs) -> Result<Opened> {
    let (choice, source) = (&args.accuracy, args.accuracy_source());
    let (default, columns) = match source {
        AccuracyArg::Surrogate | AccuracyArg::Supernet | AccuracyArg::Proxy => {
            (DEFAULT_SPACE, false)
        }
        AccuracyArg::Table(_) => (TABLE, true),
    };
    let space_name = args.space.as_deref().unwrap_or(default);
    let named = [
        ("--arch-column", &choice.arch_column),
        ("--accuracy-column", &choice.accuracy_column),
        ("--latency-column", &choice.latency_column),
    ];
    for (flag, name) in named {
        if let (Some(name), false) = (name, columns) {
            let message = format!("found {name}; expected: none without --accuracy table:FILE");
            return Err(bad_input(flag, message));
        }
    }
    if let Some((flag, other)) = args.images.of_other_source(&source) {
        return Err(bad_input(flag, format!("expected: none without --accuracy {other}")));
    }
    if args.images.then.is_some() {
        if args.maximize.is_some() {
            let message = "found it with --maximize accuracy; expected: a --target-ms to adapt to";
            return Err(bad_input("--then", message));
        }
        if args.images.epochs == Some(0) {
            return Err(bad_input("--then", "found it with --epochs 0; expected: one of both"));
        }
    }
    if args.images.check.is_some() && args.images.baselines == Some(BaselinesKind::None) {
        return Err(bad_input("--check", "found it with --baselines none; expected: one of both"));
    }
    let mut space =
        if columns && space_name == TABLE { None } else { Some(load::space(space_name)?) };
    let accuracy = match (&source, &mut space) {
        (AccuracyArg::Supernet, Some(space)) => {
            Accuracy::Supernet(Box::new(SupernetSource::open(global, &args.images, space)?))
        }
        (AccuracyArg::Proxy, Some(space)) => {
            Accuracy::Proxy(Box::new(ProxySource::open(global, &args.images, space)?))
        }
        (AccuracyArg::Surrogate, Some(space)) => {
            Accuracy::Surrogate(Box::new(super::super::surrogate::shipped(space)?))
        }
        (AccuracyArg::Surrogate | AccuracyArg::Supernet | AccuracyArg::Proxy, None) => {
            let message = "found table; expected: a space, or --accuracy table:FILE";
            return Err(bad_input("--space", message));
        }
        (AccuracyArg::Table(file), space) => {
            let columns = TableColumns {
                arch: choice.arch_column.clone(),
                accuracy: choice.accuracy_column.clone(),
                latency: choice.latency_column.clone(),
            };
            Accuracy::Table(Box::new(read(global, file, &columns, space.as_ref())?))
        }
    };
    let column = match &accuracy {
        Accuracy::Table(table) => table.latency_column(),
        Accuracy::Surrogate(_) | Accuracy::Supernet(_) | Accuracy::Proxy(_) => None,
    };
    refuse_contradictions(args, column, space.as_ref())?;
    let device = match (column, args.maximize, &space) {
        (None, None, Some(_)) => Some(tables::open(global, &args.table)?),
        _ => None,
    };
    if let Some(device) = &device {
        tables::check_level(global, device, &args.level)?;
    }
    let domain = match (&accuracy, &space) {
        (Accuracy::Table(table), _) => table.domain.clone(),
        (_, Some(space)) => space.domain(),
        (_, None) => return Err(bad_input("--space", "found none")),
    };
    let latency = if column.is_some() { Latency::Column } else { Latency::Unknown };
    let limits = args.max.clone().unwrap_or_default();
    let table_file = device.as_ref().map(|device| device.path.clone());
    let sources = Sources { domain, space, limits, accuracy, latency, table_file };
    let runs = args.runs.map_or(DEFAULT_RUNS, usize::from);
    let level = args.level;
    Ok(Opened { sources, device, runs, level, space_argument: space_name.to_owned() })
}

fn read(
    global: &Global,
    file: &Path,
    columns: &TableColumns,
    space: Option<&SearchSpace>,
) -> Result<AccuracyTable> {
    let table = AccuracyTable::read(file, columns, space)
        .map_err(|error| bad_input("--accuracy", error))?;
    if table.scale == Scale::PerCent {
        let column = &table.columns[1];
        let reason = "has values above 1, so it is read as per cent";
        note(global, &format!("{column} of {} {reason}", table.name));
    }
    Ok(table)
}

/// Refuses options that contradict each other.
fn refuse_contradictions(
    args: &SearchArgs,
    column: Option<&str>,
    space: Option<&SearchSpace>,
) -> Result<()> {
    let device_flags = [
        ("--table", args.table.table.is_some()),
        ("--allow-foreign", args.table.allow_foreign),
        ("--runs", args.runs.is_some()),
        ("--level", args.level.level.is_some()),
        ("--margin", args.margin.is_some()),
        ("--statistic", args.statistic.is_some()),
    ];
    let given = device_flags.iter().find(|(_, given)| *given).map(|(flag, _)| *flag);
    match (given, column, args.maximize) {
        (Some(flag), Some(column), _) => {
            let message =
                format!("nothing is measured, since the latencies are in the column {column}");
            return Err(bad_input(flag, message));
        }
        (Some(flag), None, Some(_)) => {
            return Err(bad_input(flag, "nothing is measured with --maximize accuracy"));
        }
        _ => {}
    }
    if space.is_some() {
        return Ok(());
    }
    if args.max.is_some() {
        let message =
            "found limits, but the architectures of a table are not networks; expected: a --space";
        return Err(bad_input("--max", message));
    }
    if column.is_none() && args.maximize.is_none() {
        let message = "there are no latencies without a latency column or a space; name the \
                       column with --latency-column, or search with --maximize accuracy";
        return Err(bad_input("--target-ms", message));
    }
    Ok(())
}

impl Opened {
    pub(super) fn name(&self) -> &str {
        &self.sources.domain.name
    }

    /// The problem without the latencies of this device.
    pub(super) fn problem(&self) -> Problem<'_> {
        self.sources.problem()
    }

    /// Measures the blocks that the device's table lacks. Latencies are predicted at the level of
    /// the study that is resumed, or of now.
    pub(super) fn complete(
        mut self,
        global: &Global,
        of_study: Option<&LatencyId>,
    ) -> Result<Sources> {
        if let (Some(mut device), Some(space)) = (self.device, &self.sources.space) {
            tables::complete(global, space, MeasuredWidths::Subset, &mut device)?;
            let named = NamedSpace { name: &space.name, argument: &self.space_argument };
            tables::warn_of_disturbed(&device, Some(named));
            let level = match of_study {
                Some(LatencyId::Device { level: ratio, .. }) => {
                    Level { ratio: *ratio, ..Level::BUILT }
                }
                _ => tables::level(global, &device, &self.level, Some(&space.name))?,
            };
            let native = NativeLatency { table: device.table, level, runs: self.runs };
            self.sources.latency = Latency::Device(Box::new(native));
        }
        Ok(self.sources)
    }
}

impl Sources {
    /// The problem that the controller searches.
    pub(super) fn problem(&self) -> Problem<'_> {
        let accuracy = match &self.accuracy {
            Accuracy::Surrogate(surrogate) => AccuracySource::Surrogate(surrogate),
            Accuracy::Table(table) => AccuracySource::Table(table),
            Accuracy::Supernet(supernet) => supernet.source(),
            Accuracy::Proxy(proxy) => proxy.source(),
        };
        let latency = match (&self.latency, &self.accuracy) {
            (Latency::Device(native), _) => LatencyOf::Device(native.as_ref()),
            (Latency::Column, Accuracy::Table(table)) => LatencyOf::Column(table),
            (Latency::Column, _) | (Latency::Unknown, _) => LatencyOf::Unknown,
        };
        let (domain, limits) = (&self.domain, &self.limits);
        Problem { domain, space: self.space.as_ref(), limits, accuracy, latency }
    }

    /// The same sources, with another number of epochs of the supernet, if there is one.
    pub(super) fn with_supernet_epochs(self, epochs: f64) -> Result<Self> {
        let accuracy = match self.accuracy {
            Accuracy::Supernet(supernet) => Accuracy::Supernet(Box::new((*supernet).over(epochs)?)),
            other => other,
        };
        Ok(Self { accuracy, ..self })
    }

    /// What is searched, in words.
    pub(super) fn searched_words(&self) -> String {
        match &self.space {
            Some(space) => format!("space {}", space.name),
            None => format!("table {}", self.domain.name),
        }
    }

    /// The validation of the latency table with networks of the space.
    pub(super) fn validation(&self) -> Option<&Validation> {
        let (Latency::Device(native), Some(space)) = (&self.latency, &self.space) else {
            return None;
        };
        native.table.validation(&space.name)
    }

    /// How well predictions of the latency table matched measurements, or the command that tells it;
    /// `None` if latencies are not predicted from a table of this space.
    pub(super) fn validation_words(&self) -> Option<String> {
        let (Latency::Device(native), Some(space)) = (&self.latency, &self.space) else {
            return None;
        };
        let (table, file) = (&native.table, self.table_file.as_deref()?);
        Some(match self.validation() {
            Some(validation) => validated::words(table, validation),
            None => validated::not_yet(file, &table.setup, Some(&space.name)),
        })
    }

    /// The source of the accuracies in words.
    pub(super) fn accuracy_words(&self) -> String {
        match &self.accuracy {
            Accuracy::Surrogate(_) => {
                "surrogate of a shortened ImageNet schedule, which ranks networks".to_owned()
            }
            Accuracy::Table(table) => format!("{} of {}", table.columns[1], table.name),
            Accuracy::Supernet(_) => {
                "hold-out with the shared weights of a supernet, which ranks networks".to_owned()
            }
            Accuracy::Proxy(proxy) => {
                format!(
                    "hold-out after {} epochs of training, which ranks networks",
                    proxy.epochs()
                )
            }
        }
    }

    /// The device, runtime and threads of the latencies; `None` if they are not of a device.
    pub(super) fn device_words(&self) -> Option<String> {
        match &self.latency {
            Latency::Device(native) => Some(native.table.setup.words()),
            Latency::Column | Latency::Unknown => None,
        }
    }

    /// The source of the latencies in words; `None` without latencies.
    pub(super) fn latency_words(&self) -> Option<String> {
        match (&self.latency, &self.accuracy) {
            (Latency::Device(_), _) => {
                let device = self.device_words().unwrap_or_default();
                Some(format!("trials predicted, best and best by reward measured; {device}"))
            }
            (Latency::Column, Accuracy::Table(table)) => {
                let column = table.latency_column().unwrap_or_default();
                Some(format!("{column} of {}", table.name))
            }
            _ => None,
        }
    }
}
