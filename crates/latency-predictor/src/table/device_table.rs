//! Device tables: latency tables with their files, to which missing blocks are added by measuring.

use std::ops::ControlFlow;
use std::path::PathBuf;

use search_space::{Network, PlacedUnit, SearchSpace};

use crate::device::setup::Setup;
use crate::error::PredictorError;
use crate::measure::conditions::Conditions;
use crate::measure::lock::{LockError, MeasuringLock};
use crate::measure::meter::{Meter, ProbeLevel};
use crate::measure::runs::{Measured, Runs};
use crate::table::Table;
use crate::table::anchors::{Level, WholeLatency};
use crate::table::build::{BuildFiles, Built, MeasureUnits, Progress, build, measure_in};
use crate::table::cache;
use crate::table::journal::{Journal, Sample};
use crate::table::plan::{BuildSettings, MeasuredWidths};
use crate::table::predict::{MissingUnits, Prediction};

/// How to treat a table that was measured with another setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignTable {
    /// Opening the table is an error.
    Refuse,
    /// The latencies of the table are used unchanged.
    Allow,
}

/// A latency table with its file.
#[derive(Clone, Debug)]
pub struct DeviceTable {
    /// Path of the file.
    pub path: PathBuf,
    /// The table: the contents of the file and what has been measured since.
    pub table: Table,
    /// The fastest time of the probe before [`DeviceTable::forget`].
    earlier_probe_ms: Option<f64>,
}

/// Number of undisturbed runs in a measurement of an anchor.
const ANCHOR_RUNS: usize = 10;

/// Measures blocks with a number of undisturbed runs of each network.
struct MeteredUnits<'lock> {
    meter: Meter<'lock>,
    runs: usize,
    earlier_probe_ms: Option<f64>,
}

impl MeasureUnits for MeteredUnits<'_> {
    fn units(&mut self, network: &Network) -> Result<Vec<Sample>, PredictorError> {
        self.meter.blocks(network, self.runs)
    }

    fn whole(&mut self, network: &Network) -> Result<Option<WholeLatency>, PredictorError> {
        self.meter.whole(network, ANCHOR_RUNS).map(Some)
    }

    fn probe_level(&self) -> Option<ProbeLevel> {
        Some(self.meter.probe_level())
    }

    fn settle_clock(&mut self) -> f64 {
        self.meter.settle_clock()
    }

    fn conditions(&mut self) -> Conditions {
        Conditions { earlier_probe_ms: self.earlier_probe_ms, ..self.meter.conditions() }
    }
}

impl DeviceTable {
    /// The path of a setup's table in the user's cache: in the first of `$NAS_CACHE`,
    /// `$XDG_CACHE_HOME/nas` and `$HOME/.cache/nas` whose variable is set.
    ///
    /// # Errors
    /// [`PredictorError::NoCacheFolder`]: none of the variables is set.
    pub fn default_path(setup: &Setup) -> Result<PathBuf, PredictorError> {
        let folder = cache::cache_folder(|name| std::env::var_os(name))?;
        Ok(cache::table_path(&folder, setup))
    }

    /// Opens the table at `path`, or creates an empty one that will be saved there.
    ///
    /// # Errors
    /// [`PredictorError::File`]: the file is not a table. [`PredictorError::ForeignTable`]: the
    /// table has another setup, and `foreign` is [`ForeignTable::Refuse`].
    pub fn open(
        path: PathBuf,
        setup: &Setup,
        foreign: ForeignTable,
    ) -> Result<Self, PredictorError> {
        let table = match Table::load(&path)? {
            None => Table::new(setup.clone(), BuildSettings::default()),
            Some(table) => {
                if foreign == ForeignTable::Refuse {
                    table.check_setup(setup).map_err(|source| PredictorError::ForeignTable {
                        path: path.clone(),
                        source,
                    })?;
                }
                table
            }
        };
        Ok(Self { path, table, earlier_probe_ms: None })
    }

    /// Whether the table has the latencies of all `units`, measured or interpolated.
    pub fn has_all(&self, units: impl IntoIterator<Item = PlacedUnit>) -> bool {
        units.into_iter().all(|unit| self.table.p50_ms(&unit).is_some())
    }

    /// Whether a build of `space` would measure nothing: the table has all of its blocks and, unless
    /// an earlier version or another program wrote it, the fit of what weights cost.
    pub fn is_complete(&self, space: &SearchSpace) -> bool {
        let has_fit = self.table.probe.is_none() || !self.table.lacks_fit(space);
        has_fit && self.has_all(space.units())
    }

    /// Whether a block must be measured before the latency of `network` can be predicted.
    pub fn must_measure(&self, network: &Network, missing: MissingUnits) -> bool {
        let is_missing = |unit: &PlacedUnit| match missing {
            MissingUnits::Measure => self.table.get(unit).is_none(),
            MissingUnits::Interpolate => {
                self.table.p50_ms(unit).is_none() && self.table.interpolate(unit).is_none()
            }
        };
        network.units().any(|unit| is_missing(&unit))
    }

    /// Whether the table has blocks but no anchors, as those of earlier versions.
    pub fn lacks_anchors(&self) -> bool {
        self.table.anchors.is_empty() && !self.table.is_empty()
    }

    /// Forgets the blocks of a space, so that the next build measures them again, and how fast the
    /// device was if the table has no other blocks. The file stays as it is until then.
    ///
    /// A table without anchors forgets all of its blocks, since their level is not known.
    pub fn forget(&mut self, space: &SearchSpace) {
        if self.lacks_anchors() {
            self.table = Table {
                probe: self.table.probe,
                ..Table::new(self.table.setup.clone(), self.table.settings)
            };
        }
        self.table.forget(&space.units());
        if self.table.is_empty() {
            self.earlier_probe_ms = self.table.probe.take().map(|probe| probe.fastest_ms);
        }
    }

    /// Measures the blocks of `space` that the table lacks and saves the table. With
    /// [`MeasuredWidths::Subset`] a part of them is interpolated if that is more than half. An
    /// interrupted build continues from its journal.
    ///
    /// # Errors
    /// A block cannot be measured, or a file cannot be read or written.
    pub fn build(
        &mut self,
        lock: &MeasuringLock,
        space: &SearchSpace,
        widths: MeasuredWidths,
        progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Built, PredictorError> {
        let settings = BuildSettings { widths, ..BuildSettings::default() };
        let journal = cache::journal_path(&self.path, space);
        let unfinished =
            Journal::resume(&journal, &self.table.setup, space.fingerprint(), settings)?;
        let probe = self.table.probe.or(unfinished.probe);
        let meter = Meter::new(lock, self.table.setup.threads, probe)?;
        let files = BuildFiles { table: &self.path, journal: &journal };
        let (runs, earlier_probe_ms) = (settings.runs, self.earlier_probe_ms);
        let mut measure = MeteredUnits { meter, runs, earlier_probe_ms };
        let built = build(space, &mut self.table, files, settings, &mut measure, progress)?;
        if built == Built::Complete {
            self.table.probe = Some(measure.meter.probe_level());
            self.table.save(&self.path)?;
        }
        Ok(built)
    }

    /// Predicts the latency of a network. Blocks that the table lacks are first interpolated, if
    /// `missing` allows it, or measured and saved, under a lock that `acquire` returns. If none is
    /// measured, `acquire` is not called and the file stays as it is.
    ///
    /// # Errors
    /// The lock cannot be taken, a block cannot be measured, or the file cannot be written.
    pub fn predict(
        &mut self,
        network: &Network,
        missing: MissingUnits,
        acquire: impl FnOnce() -> Result<MeasuringLock, LockError>,
    ) -> Result<Prediction, PredictorError> {
        if !self.must_measure(network, missing) {
            let nothing = &mut |_: &Network| Ok(Vec::new());
            return self.table.predict_or_measure(network, missing, nothing);
        }
        let lock = acquire()?;
        let runs = BuildSettings::default().runs;
        let meter = Meter::new(&lock, self.table.setup.threads, self.table.probe)?;
        let mut measure = MeteredUnits { meter, runs, earlier_probe_ms: None };
        let prediction = self.table.predict_or_measure(network, missing, &mut measure)?;
        self.table.probe = Some(measure.meter.probe_level());
        self.table.save(&self.path)?;
        Ok(prediction)
    }

    /// Measures the anchors, those of the space with this name if it has any, which takes some
    /// seconds.
    ///
    /// # Errors
    /// [`PredictorError::NoAnchors`]: an earlier version wrote the table. Otherwise an anchor cannot
    /// be measured.
    pub fn read_level(
        &self,
        lock: &MeasuringLock,
        space: Option<&str>,
    ) -> Result<Level, PredictorError> {
        let mut meter = Meter::new(lock, self.table.setup.threads, self.table.probe)?;
        let level = self
            .table
            .read_level(space, &mut |network| meter.whole(network, ANCHOR_RUNS).map(Some))?;
        level.ok_or_else(|| PredictorError::NoAnchors { path: self.path.clone() })
    }

    /// Measures the blocks of `networks`, as far as the table lacks them, each network several times
    /// in turns with the others, and saves the table.
    ///
    /// # Errors
    /// A block cannot be measured, or the file cannot be written.
    pub fn measure_blocks(
        &mut self,
        lock: &MeasuringLock,
        networks: &[Network],
    ) -> Result<(), PredictorError> {
        let BuildSettings { rounds, runs, .. } = BuildSettings::default();
        let units = networks.iter().flat_map(Network::units);
        let wanted = units.filter(|unit| self.table.get(unit).is_none()).collect();
        let meter = Meter::new(lock, self.table.setup.threads, self.table.probe)?;
        let mut measure = MeteredUnits { meter, runs, earlier_probe_ms: None };
        let in_turns: Vec<&Network> = (0..rounds).flat_map(|_| networks).collect();
        measure_in(&mut self.table, &in_turns, &wanted, &mut measure)?;
        self.table.probe = Some(measure.meter.probe_level());
        self.table.save(&self.path)?;
        Ok(())
    }

    /// Measures a whole network on `threads` threads of this device.
    ///
    /// # Errors
    /// The network cannot be computed, no runs are requested, or `threads` is 0 or larger than the
    /// number of CPUs.
    pub fn measure(
        &self,
        lock: &MeasuringLock,
        network: &Network,
        threads: usize,
        runs: Runs,
    ) -> Result<Measured, PredictorError> {
        Meter::new(lock, threads, self.table.probe)?.network(&network.lower()?, runs)
    }
}
