//! Upper bounds on numbers of the command line that size an allocation or a loop. A larger value is most
//! likely a typing error. The bounds of networks are those of the crate `search-space`.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::screen::grouped;

/// The number of trials of a search.
const SAMPLES: usize = 10_000_000;
/// Runs of a measured network, and timed training steps.
const RUNS: usize = 1_000_000;
/// Threads of a network or a training, and jobs in parallel.
const THREADS: usize = 1_024;
/// Epochs of a training.
const EPOCHS: u64 = 1_000_000;
/// Training steps of a proposal.
const STEPS: u64 = 1_000_000_000;
/// Final trainings of each network.
const SEEDS: u64 = 1_000;
/// Networks of a validation, and its passes.
const VALIDATED: usize = 10_000;
const PASSES: usize = 100;
/// The side of a square in pixels, as that of images.
const PIXELS: usize = 8_192;

pub(crate) fn samples(text: &str) -> Result<usize, String> {
    whole(text, 1..=SAMPLES)
}

pub(crate) fn runs(text: &str) -> Result<NonZeroUsize, String> {
    non_zero(text, RUNS)
}

pub(crate) fn threads(text: &str) -> Result<usize, String> {
    whole(text, 0..=THREADS)
}

pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    non_zero(text, THREADS)
}

pub(crate) fn timed_steps(text: &str) -> Result<usize, String> {
    whole(text, 0..=RUNS)
}

pub(crate) fn epochs(text: &str) -> Result<u64, String> {
    whole(text, 0..=EPOCHS)
}

pub(crate) fn steps(text: &str) -> Result<u64, String> {
    whole(text, 0..=STEPS)
}

pub(crate) fn seeds(text: &str) -> Result<u64, String> {
    whole(text, 0..=SEEDS)
}

/// Networks of `--check`: fewer than four have no interval.
pub(crate) fn checked(text: &str) -> Result<usize, String> {
    whole(text, 4..=VALIDATED)
}

pub(crate) fn networks(text: &str) -> Result<usize, String> {
    whole(text, 2..=VALIDATED)
}

pub(crate) fn passes(text: &str) -> Result<usize, String> {
    whole(text, 1..=PASSES)
}

pub(crate) fn pixels(text: &str) -> Result<usize, String> {
    whole(text, 0..=PIXELS)
}

fn non_zero(text: &str, max: usize) -> Result<NonZeroUsize, String> {
    let number = whole(text, 1..=max)?;
    NonZeroUsize::new(number).ok_or_else(|| format!("found {text}; expected: at least 1"))
}

/// A whole number within bounds. Commands check the lower bounds that depend on other options.
fn whole<T>(text: &str, bounds: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| {
        let (min, max) = (bounds.start(), grouped(bounds.end()));
        format!("found {text}; expected: a whole number from {min} to {max}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked_before_anything_is_allocated() {
        assert_eq!(samples("60"), Ok(60));
        assert_eq!(samples("10000000"), Ok(10_000_000));
        for text in ["4000000000", "10000001", "-1", "1e3", "", "99999999999999999999999"] {
            let error = samples(text).expect_err(text);
            assert!(error.contains(text) && error.contains("1 to 10,000,000"), "{error}");
        }
        assert!(jobs("0").is_err() && runs("0").is_err() && threads("0").is_ok());
    }
}
