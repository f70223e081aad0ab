//! The target of an adaptation, and checks of its settings.

use std::fmt::Display;

use super::error::AdaptError;

/// The latency to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AdaptTarget {
    /// A latency in milliseconds.
    Ms(f64),
    /// A share of the seed's latency.
    Ratio(f64),
}

impl AdaptTarget {
    /// The target in milliseconds.
    ///
    /// # Errors
    /// [`AdaptError::TargetMet`] if the seed already meets the target.
    pub fn ms(self, seed_ms: f64) -> Result<f64, AdaptError> {
        match self {
            Self::Ratio(ratio) => Ok(ratio * seed_ms),
            Self::Ms(ms) if ms < seed_ms => Ok(ms),
            Self::Ms(ms) => Err(AdaptError::TargetMet { target_ms: ms, seed_ms }),
        }
    }

    /// Checks what can be checked before the seed is measured.
    ///
    /// # Errors
    /// [`AdaptError::Setting`] if the target is neither a positive latency nor a share between 0
    /// and 1.
    pub fn check(self) -> Result<(), AdaptError> {
        match self {
            Self::Ms(ms) if ms > 0.0 && ms.is_finite() => Ok(()),
            Self::Ms(ms) => Err(setting("target_ms", &ms, "above 0")),
            Self::Ratio(ratio) => share("target_ratio", ratio),
        }
    }
}

/// Checks the latency reduction of each iteration: `delta` and `decay` as in
/// [`AdaptSettings`](super::AdaptSettings), and the training steps of each proposal.
///
/// # Errors
/// [`AdaptError::Setting`] for the first invalid value.
pub fn check_reduction(delta: f64, decay: f64, steps: u64) -> Result<(), AdaptError> {
    share("delta", delta)?;
    if !(decay > 0.0 && decay <= 1.0) {
        return Err(setting("decay", &decay, "above 0 and at most 1"));
    }
    match steps {
        0 => Err(setting("steps", &steps, "at least 1")),
        _ => Ok(()),
    }
}

fn share(place: &'static str, value: f64) -> Result<(), AdaptError> {
    match value > 0.0 && value < 1.0 {
        true => Ok(()),
        false => Err(setting(place, &value, "between 0 and 1, both excluded")),
    }
}

fn setting(place: &'static str, found: &dyn Display, expected: &'static str) -> AdaptError {
    AdaptError::Setting { place, found: found.to_string(), expected }
}
