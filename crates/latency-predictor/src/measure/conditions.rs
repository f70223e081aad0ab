//! The conditions under which blocks are measured, and whether other work disturbed them.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use crate::measure::processor_time::ProcessorTime;
use crate::measure::quantiles::median;

/// What was seen of other work on the machine while blocks were measured. All of it is zero or
/// empty where nothing was observed.
///
/// No single sign suffices. The probe does not see work that is there from the beginning to the
/// end, and the operating system does not see the guests of a hypervisor that reports no steal
/// time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// Number of networks in which blocks were measured.
    pub networks: usize,
    /// Number of those of which even runs that count were slowed, for lack of others.
    pub slowed_networks: usize,
    /// Number of their runs.
    pub runs: usize,
    /// Number of runs that do not count because something else slowed the device.
    pub left_out: usize,
    /// The time of the probe in milliseconds, again and again. Each is a low quantile of many.
    pub probe_levels_ms: Vec<f64>,
    /// The fastest time of the probe in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_ms: Option<f64>,
    /// The fastest time of the probe in milliseconds when the blocks were measured the last time
    /// before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier_probe_ms: Option<f64>,
    /// Who used the CPUs. `None` if the system does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorTime>,
}

/// A sign that other work disturbed measurements, so that they may be too high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disturbance {
    /// Other programs computed on the CPUs that measuring may use.
    BusyCpus {
        /// Number of CPUs that they kept busy on average.
        busy: f64,
        /// Number of CPUs.
        cpus: usize,
    },
    /// The hypervisor gave time to other guests.
    Stolen {
        /// Share of the time.
        share: f64,
    },
    /// Many runs were slowed and do not count.
    LeftOut {
        /// Share of the runs.
        share: f64,
    },
    /// Even runs that count were slowed.
    Slowed {
        /// Share of the networks.
        share: f64,
    },
    /// The device was slower than at its best for half of the time.
    Unsteady {
        /// The median of the probe's times as a ratio to the fastest one.
        slowdown: f64,
    },
    /// The device is slower than when the same blocks were measured before.
    SlowerThanBefore {
        /// The fastest time of the probe as a ratio to that of before.
        slowdown: f64,
    },
}

/// The number of CPUs that other programs may keep busy on average.
const MAX_BUSY_CPUS: f64 = 0.15;
/// The maximum share of the time for other guests of the hypervisor.
const MAX_STOLEN: f64 = 0.02;
/// The maximum share of runs that do not count.
const MAX_LEFT_OUT: f64 = 0.5;
/// The maximum share of networks of which even runs that count were slowed.
const MAX_SLOWED: f64 = 0.05;
/// The maximum ratio of the probe's median level to its fastest one.
const MAX_UNSTEADY: f64 = 1.05;
/// The maximum ratio of the probe's fastest time to that of before. Single times of the probe
/// differ more than its levels.
const MAX_SLOWER: f64 = 1.1;

impl Conditions {
    /// Whether nothing was observed.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Share of the runs that do not count. `None` without runs.
    pub fn left_out_share(&self) -> Option<f64> {
        share(self.left_out, self.runs)
    }

    /// The signs that other work disturbed the measurements, the clearest one first. None if they
    /// are as they should be.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        let processor = self.processor.as_ref();
        let busy = processor.and_then(|time| Some((time.busy_cpus()?, time.cpus)));
        let busy =
            busy.map(|(busy, cpus)| (busy, MAX_BUSY_CPUS, Disturbance::BusyCpus { busy, cpus }));
        let stolen = processor.and_then(ProcessorTime::stolen_share);
        let stolen = stolen.map(|share| (share, MAX_STOLEN, Disturbance::Stolen { share }));
        let left_out = self.left_out_share();
        let left_out = left_out.map(|share| (share, MAX_LEFT_OUT, Disturbance::LeftOut { share }));
        let slowed = share(self.slowed_networks, self.networks);
        let slowed = slowed.map(|share| (share, MAX_SLOWED, Disturbance::Slowed { share }));
        let unsteady = self.unsteadiness();
        let unsteady =
            unsteady.map(|slowdown| (slowdown, MAX_UNSTEADY, Disturbance::Unsteady { slowdown }));
        let slower = self.probe_ms.zip(self.earlier_probe_ms).map(|(now, before)| now / before);
        let slower = slower
            .map(|slowdown| (slowdown, MAX_SLOWER, Disturbance::SlowerThanBefore { slowdown }));
        let signs = [busy, stolen, slowed, left_out, unsteady, slower].into_iter().flatten();
        signs.filter(|(value, max, _)| value > max).map(|(_, _, sign)| sign).collect()
    }

    /// The conditions of an interrupted measurement and of its continuation together.
    #[must_use]
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.networks += later.networks;
        self.slowed_networks += later.slowed_networks;
        self.runs += later.runs;
        self.left_out += later.left_out;
        self.probe_levels_ms.extend(later.probe_levels_ms);
        self.probe_ms = match (self.probe_ms, later.probe_ms) {
            (Some(ms), Some(later_ms)) => Some(ms.min(later_ms)),
            (ms, later_ms) => ms.or(later_ms),
        };
        self.earlier_probe_ms = later.earlier_probe_ms.or(self.earlier_probe_ms);
        self.processor = match (self.processor, later.processor) {
            (Some(time), Some(later)) => Some(time.and(later)),
            (time, later) => time.or(later),
        };
        self
    }

    /// The median level of the probe as a ratio to the fastest one.
    fn unsteadiness(&self) -> Option<f64> {
        let fastest = self.probe_levels_ms.iter().copied().min_by(f64::total_cmp)?;
        Some(median(&mut self.probe_levels_ms.clone())? / fastest)
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Display for Disturbance {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = |share: &f64| share * 100.0;
        let slower = |slowdown: &f64| (slowdown - 1.0) * 100.0;
        match self {
            Self::BusyCpus { busy, cpus } => {
                write!(f, "other programs kept {busy:.1} of {cpus} CPUs busy")
            }
            Self::Stolen { share } => {
                write!(
                    f,
                    "the hypervisor gave {:.0} % of the time to other machines",
                    percent(share)
                )
            }
            Self::LeftOut { share } => write!(
                f,
                "{:.0} % of the runs were slowed by other work and are left out",
                percent(share)
            ),
            Self::Slowed { share } => write!(
                f,
                "in {:.0} % of the networks even the quietest runs were slowed",
                percent(share)
            ),
            Self::Unsteady { slowdown } => write!(
                f,
                "for half of the time the CPU was at least {:.0} % slower than at its best",
                slower(slowdown)
            ),
            Self::SlowerThanBefore { slowdown } => write!(
                f,
                "the CPU was {:.0} % slower than when these blocks were measured before",
                slower(slowdown)
            ),
        }
    }
}
