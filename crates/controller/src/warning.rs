//! Warnings about results, with advice on what to do.

use std::fmt;

use crate::netadapt::HoldOutEvaluation;

/// A reason to doubt a result that is not an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Networks were measured while other work slowed the machine.
    BusyMachine {
        /// The names of the networks.
        networks: Vec<String>,
        /// The maximum slowdown, as a ratio to the undisturbed machine.
        slowdown: f64,
    },
    /// The anchors of a latency table were measured while other work slowed the machine.
    BusyLevel {
        /// Their latency as a ratio to that during the build.
        slowdown: f64,
    },
    /// The blocks of a latency table were measured while other work disturbed the machine.
    DisturbedTable {
        /// Which blocks, in words.
        blocks: String,
        /// The signs of other work, in words.
        signs: Vec<String>,
        /// What to do.
        advice: String,
    },
    /// The hold-out is too small to distinguish proposals.
    CoarseHoldOut {
        /// The number of images held out.
        images: usize,
        /// Half the width of the 95 % confidence interval of the seed's accuracy, a fraction.
        interval: f64,
    },
    /// The seed of an adaptation is no better than chance.
    SeedAtChance {
        /// The seed's accuracy on the hold-out, a fraction.
        accuracy: f64,
        /// Half the width of its 95 % confidence interval, a fraction.
        interval: f64,
        /// The accuracy of random guessing, a fraction.
        chance: f64,
    },
}

/// The half-width of a 95 % confidence interval above which proposals that save a hundredth of the
/// latency cannot be distinguished.
const MAX_INTERVAL: f64 = 0.015;

impl Warning {
    /// The reasons why proposals from this seed may not be distinguishable on its hold-out.
    pub fn of_seed(seed: &HoldOutEvaluation, classes: usize) -> Vec<Self> {
        let (accuracy, interval) = (seed.accuracy(), seed.interval());
        let chance = 1.0 / classes as f64;
        let coarse = (interval > MAX_INTERVAL)
            .then_some(Self::CoarseHoldOut { images: seed.correct.len(), interval });
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
                "other work slowed the machine by a factor of up to {slowdown:.1} nearly all the time \
                 while {} was measured; stop it and measure again",
                networks.join(", ")
            ),
            Self::BusyLevel { slowdown } => write!(
                f,
                "other work slowed the machine while the anchors were measured ({:+.1} %), so \
                 predictions may be too high; stop it, or pass --level built",
                (slowdown - 1.0) * 100.0
            ),
            Self::DisturbedTable { blocks, signs, advice } => write!(
                f,
                "other work disturbed the measuring of {blocks}:\n  {}\n\
                 the latencies in the table may be too high; {advice}",
                signs.join("\n  ")
            ),
            Self::CoarseHoldOut { images, interval } => write!(
                f,
                "accuracies on the {images} images held out are known to +- {:.1} points (95 %), too \
                 coarse to distinguish proposals; use more images or a larger --hold-out",
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

    /// The warnings about a seed that is correct on the first `correct` of `all` images.
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
        // An accuracy of 10.4 % with ten classes.
        let chance = warnings(520, 5000, 10);
        assert!(chance.len() == 1 && chance[0].contains("correct on 10.4 "), "{chance:?}");
        assert_eq!(warnings(520, 5000, 100), [""; 0]);
        assert_eq!(warnings(10, 100, 10).len(), 2);
    }
}
