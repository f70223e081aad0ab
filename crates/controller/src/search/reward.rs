//! The reward that a search maximises.

use search_space::{MeasuredLatency, Statistic};

use crate::search::acceptance::Acceptance;

/// The latency that a network should have, in milliseconds: positive and finite. Predicted
/// latencies are compared with it as they are, measured ones according to its [`Acceptance`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Target {
    ms: f64,
    acceptance: Acceptance,
}

/// The exponent of the soft reward, or the weight of the absolute one: negative, or 0 for accuracy
/// alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponent(f64);

/// An invalid target or exponent.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RewardError {
    /// The target is not a latency.
    #[error("found {0} ms; expected: a finite latency above 0 ms")]
    Target(f64),
    /// The exponent is above 0, which rewards slow networks.
    #[error(
        "found {0}; expected: at most 0. The reward is ACC x (LAT/TAR)^w, or ACC + w x \
         |LAT/TAR - 1|: with w above 0, a slower network gets a higher reward"
    )]
    PositiveExponent(f64),
    /// The reward of a network at an accuracy of 100 % is too large to compute with.
    #[error(
        "found {w}; expected: nearer to 0, since a network of {latency_ms:.3} ms would have a reward \
         beyond 1e100 with a target of {target_ms} ms"
    )]
    Huge {
        /// The exponent or weight.
        w: f64,
        /// The latency of the network in milliseconds.
        latency_ms: f64,
        /// The target in milliseconds.
        target_ms: f64,
    },
    /// The exponent is not a finite number.
    #[error("found {0}; expected: a finite number, at most 0")]
    Exponent(f64),
}

impl Target {
    /// A target in milliseconds, with the default acceptance.
    ///
    /// # Errors
    /// Returns an error if it is zero, negative, infinite or NaN.
    pub fn new(ms: f64) -> Result<Self, RewardError> {
        let acceptance = Acceptance::default();
        match ms.is_finite() && ms > 0.0 {
            true => Ok(Self { ms, acceptance }),
            false => Err(RewardError::Target(ms)),
        }
    }

    /// The same target with another acceptance.
    #[must_use]
    pub fn accepting(self, acceptance: Acceptance) -> Self {
        Self { acceptance, ..self }
    }

    /// The target in milliseconds.
    pub fn ms(self) -> f64 {
        self.ms
    }

    /// When a measured latency is accepted.
    pub fn acceptance(self) -> Acceptance {
        self.acceptance
    }

    /// The maximum measured latency that is accepted, in milliseconds: that of the target less the
    /// margin.
    pub fn max_measured_ms(self) -> f64 {
        (1.0 - self.acceptance.margin.share()) * self.ms
    }

    /// Whether a measured latency meets the target, without a margin. `None` if the statistic is
    /// not known of it.
    pub fn is_met_by(self, statistic: Statistic, measured: &MeasuredLatency) -> Option<bool> {
        statistic.of(measured).map(|ms| ms <= self.ms)
    }
}

/// The maximum size of a reward: algorithms square rewards and add them up.
const MAX_REWARD: f64 = 1e100;

/// Whether a latency is at most the target. Without a target, every network passes; with one, an
/// unknown latency does not.
pub(crate) fn meets(latency_ms: Option<f64>, target: Option<Target>) -> bool {
    target.is_none_or(|target| latency_ms.is_some_and(|ms| ms <= target.ms()))
}

impl Exponent {
    /// The exponent of MobileNetV3-Small (section 4.1).
    pub const DEFAULT: Self = Self(-0.15);

    /// An exponent with the value `w`.
    ///
    /// # Errors
    /// Returns an error if it is above 0, infinite or NaN.
    pub fn new(w: f64) -> Result<Self, RewardError> {
        match w {
            w if w > 0.0 && w.is_finite() => Err(RewardError::PositiveExponent(w)),
            w if w.is_finite() => Ok(Self(w)),
            w => Err(RewardError::Exponent(w)),
        }
    }

    /// The value of the exponent.
    pub fn w(self) -> f64 {
        self.0
    }
}

/// A reward of accuracy and latency: MnasNet's ACC x (LAT/TAR)^w (Eq. 1 to 3), or that of TuNAS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reward {
    /// The same exponent on both sides of the target. The target is then a constant factor, which
    /// cannot move the optimum.
    Soft(Exponent),
    /// The exponent is 0 up to the target and -1 above it.
    Hard,
    /// ACC + w x |LAT/TAR - 1| (Bender et al. 2020, TuNAS). Unlike the soft reward, it draws
    /// networks to the target from both sides.
    Absolute(Exponent),
}

impl Reward {
    /// The reward of an accuracy (a fraction) at a latency in milliseconds.
    pub fn of(self, accuracy: f64, latency_ms: f64, target: Target) -> f64 {
        let ratio = latency_ms / target.ms();
        match self {
            Reward::Soft(exponent) => accuracy * ratio.powf(exponent.w()),
            Reward::Hard => accuracy / ratio.max(1.0),
            Reward::Absolute(weight) => accuracy + weight.w() * (ratio - 1.0).abs(),
        }
    }

    /// Checks that the rewards of all networks between two latencies in milliseconds, the fastest
    /// and the slowest, are numbers that algorithms can compute with.
    ///
    /// # Errors
    /// [`RewardError::Huge`].
    pub fn check(self, latencies_ms: [f64; 2], target: Target) -> Result<(), RewardError> {
        let (Reward::Soft(exponent) | Reward::Absolute(exponent)) = self else { return Ok(()) };
        for latency_ms in latencies_ms {
            let reward = self.of(1.0, latency_ms, target);
            if !(-MAX_REWARD..=MAX_REWARD).contains(&reward) {
                let (w, target_ms) = (exponent.w(), target.ms());
                return Err(RewardError::Huge { w, latency_ms, target_ms });
            }
        }
        Ok(())
    }
}
