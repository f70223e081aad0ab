//! When a measured latency is accepted under a target.

use search_space::Statistic;

/// A share of the target by which measured latencies must stay below it: at least 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Margin(f64);

/// An invalid margin.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("found {0}; expected: a share of the target, at least 0 and below 1, such as 0.015")]
pub struct MarginError(f64);

/// What of a measurement is compared with a target, and by how much it must stay below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Acceptance {
    /// The number that is compared with the target.
    pub statistic: Statistic,
    /// How far below the target it must stay.
    pub margin: Margin,
}

impl Margin {
    /// A margin of this share of the target.
    ///
    /// # Errors
    /// Returns an error if the share is below 0, 1 or more, or NaN.
    pub fn new(share: f64) -> Result<Self, MarginError> {
        // Zero has no sign here.
        if (0.0..1.0).contains(&share) { Ok(Self(share.abs())) } else { Err(MarginError(share)) }
    }

    /// The share of the target.
    pub fn share(self) -> f64 {
        self.0
    }
}

impl Default for Margin {
    /// 1.5 %, since measurements of other processes differ by about as much.
    fn default() -> Self {
        Self(0.015)
    }
}
