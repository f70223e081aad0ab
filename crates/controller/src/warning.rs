//! What a user should know about a result, and what to do about it.

use std::fmt;

use crate::netadapt::HoldOutEvaluation;

/// A doubt about a result that is no error.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Networks were measured while other work slowed the machine.
    BusyMachine {
        /// Their names.
        networks: Vec<String>,
        /// How much slower than undisturbed the machine was at most, as a ratio.
        slowdown: f64,
    },
    /// The hold-out is too small to tell proposals apart.
    CoarseHoldOut {
        /// Images held out.
        images: usize,
        /// Half of the 95 % interval of an accuracy, a fraction.
        interval: f64,
    },
    /// The seed of an adaptation is no better than chance.
    SeedAtChance {
        /// Its accuracy on the hold-out, a fraction.
        accuracy: f64,
        /// Half of its 95 % interval.
        interval: f64,
        /// The accuracy of guessing.
        chance: f64,
    },
}

/// Half of a 95 % interval above which cuts of a hundredth of the latency are not told apart.
const MAX_INTERVAL: f64 = 0.015;

impl Warning {
    /// Why proposals may not be told apart by this hold-out, starting from this seed.
    pub fn of_seed(seed: &HoldOutEvaluation, classes: usize) -> Vec<Self> {
        let (accuracy, interval) = (seed.accuracy(), seed.interval());
        let chance = 1.0 / classes as f64;
        let coarse = (interval > MAX_INTERVAL)
            .then(|| Self::CoarseHoldOut { images: seed.correct.len(), interval });
        let at_chance = (accuracy - interval <= chance).then_some(Self::SeedAtChance {
            accuracy,
            interval,
            chance,
        });
        coarse.into_iter().chain(at_chance).collect()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BusyMachine { networks, slowdown } => write!(
                f,
                "other work slowed the machine, by a factor of up to {slowdown:.1}, nearly all the time \
                 while {} was measured; stop it and measure again",
                networks.join(", ")
            ),
            Self::CoarseHoldOut { images, interval } => write!(
                f,
                "accuracies on the {images} images held out are known to +- {:.1} points (95 %), which \
                 hardly tells proposals apart; use more images or a larger --hold-out",
                100.0 * interval
            ),
            Self::SeedAtChance { accuracy, interval, chance } => write!(
                f,
                "the seed is correct on {:.1} +- {:.1} % of the hold-out, no better than chance ({:.1} %), \
                 so that all proposals look alike; train it longer with --epochs, or use \
                 --train-stem-stride 1 for small images",
                100.0 * accuracy,
                100.0 * interval,
                100.0 * chance
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Correct on the first `correct` of `all` images.
    fn warnings(correct: usize, all: usize, classes: usize) -> Vec<String> {
        let correct = (0..all).map(|image| image < correct).collect();
        let seed = HoldOutEvaluation { correct, loss: 1.0 };
        Warning::of_seed(&seed, classes).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn few_images_and_a_seed_at_chance_are_named() {
        assert_eq!(warnings(4250, 5000, 10), [""; 0]);
        let few = warnings(850, 1000, 10);
        assert!(few.len() == 1 && few[0].contains("the 1000 images held out"), "{few:?}");
        // 10.4 % of ten classes.
        let chance = warnings(520, 5000, 10);
        assert!(chance.len() == 1 && chance[0].contains("correct on 10.4 "), "{chance:?}");
        assert_eq!(warnings(520, 5000, 100), [""; 0]);
        assert_eq!(warnings(10, 100, 10).len(), 2);
    }
}
