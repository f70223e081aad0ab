//! Hard limits on the costs of a network other than its latency.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use search_space::{Network, NetworkCost};

/// A cost that can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Parameters.
    Params,
    /// Multiply-adds.
    Macs,
    /// The peak of the bytes of live activations, in f32 for one image.
    PeakActivation,
    /// Elements that convolutions and linear layers read and write.
    MemoryAccessCost,
}

impl Cost {
    /// All costs.
    pub const ALL: [Self; 4] =
        [Self::Params, Self::Macs, Self::PeakActivation, Self::MemoryAccessCost];

    /// The name in `--max`.
    pub fn name(self) -> &'static str {
        match self {
            Cost::Params => "params",
            Cost::Macs => "macs",
            Cost::PeakActivation => "peak_activation",
            Cost::MemoryAccessCost => "memory_access_cost",
        }
    }

    /// This cost of a network.
    pub fn of(self, cost: &NetworkCost) -> usize {
        match self {
            Cost::Params => cost.params,
            Cost::Macs => cost.macs,
            Cost::PeakActivation => cost.peak_activation_bytes,
            Cost::MemoryAccessCost => cost.memory_access_cost,
        }
    }

    /// The units that may follow a number, with their factors.
    fn units(self) -> &'static [(&'static str, f64)] {
        const COUNTS: &[(&str, f64)] = &[("", 1.0), ("K", 1e3), ("M", 1e6), ("G", 1e9)];
        const BYTES: &[(&str, f64)] =
            &[("B", 1.0), ("KB", 1e3), ("MB", 1e6), ("KiB", 1024.0), ("MiB", 1024.0 * 1024.0)];
        if self == Cost::PeakActivation { BYTES } else { COUNTS }
    }
}

/// The maximum of some costs, such as `params=4M,macs=300M,peak_activation=512KiB`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<(Cost, usize)>);

impl Limits {
    /// The first limit that a network exceeds.
    pub fn exceeded(&self, cost: &NetworkCost) -> Option<Cost> {
        self.0.iter().find(|(limited, max)| limited.of(cost) > *max).map(|(limited, _)| *limited)
    }

    /// The maximum ratio of a cost to its limit; 0 without limits.
    pub fn greatest_share(&self, cost: &NetworkCost) -> f64 {
        let share = |(limited, max): &(Cost, usize)| limited.of(cost) as f64 / *max as f64;
        self.0.iter().map(share).fold(0.0, f64::max)
    }

    /// Whether a network exceeds no limit. If there are limits, a network that cannot be lowered
    /// does not pass.
    pub fn allow(&self, network: &Network) -> bool {
        let exceeds =
            || network.lower().map_or(true, |graph| self.exceeded(&graph.cost()).is_some());
        self.is_empty() || !exceeds()
    }

    /// Each limited cost with its maximum.
    pub fn iter(&self) -> impl Iterator<Item = (Cost, usize)> {
        self.0.iter().copied()
    }

    /// Whether there are no limits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for Limits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The first unit has the factor 1: `B`, or no unit.
        let unit = |cost: &Cost| cost.units()[0].0;
        let texts = self.0.iter().map(|(cost, max)| format!("{}={max}{}", cost.name(), unit(cost)));
        f.write_str(&texts.collect::<Vec<_>>().join(","))
    }
}

/// A text that does not describe limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found}; expected: {expected}")]
pub struct LimitError {
    /// The invalid part.
    pub found: String,
    /// What is expected instead.
    pub expected: String,
}

impl FromStr for Limits {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong =
            |found: &str, expected: String| LimitError { found: found.to_owned(), expected };
        let mut limits: Vec<(Cost, usize)> = Vec::new();
        for part in text.split(',') {
            let form = || wrong(part, "NAME=NUMBER, separated by commas".to_owned());
            let (name, value) = part.split_once('=').ok_or_else(form)?;
            let names = Cost::ALL.map(Cost::name).join(", ");
            let known = Cost::ALL.into_iter().find(|cost| cost.name() == name.trim());
            let cost = known.ok_or_else(|| wrong(name, names))?;
            if limits.iter().any(|(other, _)| *other == cost) {
                return Err(wrong(part, format!("{name} once")));
            }
            limits.push((
                cost,
                number(cost, value.trim()).ok_or_else(|| {
                    let units: Vec<&str> = cost.units().iter().map(|(unit, _)| *unit).collect();
                    let units = units.join(" ").trim().to_owned();
                    wrong(part, format!("a number above 0 with one of the units {units}"))
                })?,
            ));
        }
        Ok(Self(limits))
    }
}

fn number(cost: Cost, text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let (_, factor) = cost.units().iter().find(|(name, _)| *name == unit)?;
    let number = digits.trim().parse::<f64>().ok()? * factor;
    (number.is_finite() && number >= 1.0).then_some(number as usize)
}
