//! A probe of the core, which tells how fast its clock runs and whether something else uses it.

use std::hint::black_box;

use crate::measure::runs::timed_ms;

/// Two small calculations. One keeps the arithmetic units busy, so it takes longer while something
/// else uses the same core, be it another program or, through hyper-threading, another guest of the
/// hypervisor. The other is a chain of dependent operations, which leaves the units idle most of the
/// time, so how long it takes tells the clock of the core alone.
///
/// They work on so little data that they displace nothing but a corner of the first-level cache, and
/// they are so short that they can be timed between the units of a network.
#[derive(Clone, Debug)]
pub(crate) struct CoreProbe {
    values: Vec<f32>,
}

/// The times of both calculations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ProbeTime {
    /// The calculation that keeps the core busy, in milliseconds.
    pub(crate) work_ms: f64,
    /// The chain of dependent operations, in milliseconds. It is inversely proportional to the
    /// frequency of the core's clock.
    pub(crate) clock_ms: f64,
}

impl ProbeTime {
    /// What the work would take if the clock ran such that the chain took `clock_ms`.
    pub(crate) fn work_ms_at(self, clock_ms: f64) -> f64 {
        self.work_ms * clock_ms / self.clock_ms
    }

    /// The later of both times of several threads.
    pub(crate) fn slowest(self, other: Self) -> Self {
        Self {
            work_ms: self.work_ms.max(other.work_ms),
            clock_ms: self.clock_ms.max(other.clock_ms),
        }
    }
}

/// Number of values, 4 KiB of them.
const VALUES: usize = 1024;
/// Number of sums that are computed side by side.
const SUMS: usize = 32;
/// Number of passes over the values, for about 10 microseconds.
const PASSES: usize = 100;
/// Number of links of the chain, for about 2 microseconds.
const LINKS: usize = 700;

impl CoreProbe {
    pub(crate) fn new() -> Self {
        Self { values: vec![0.5; VALUES] }
    }

    /// Times both calculations.
    pub(crate) fn time(&self) -> ProbeTime {
        let before_ms = timed_ms(chain);
        let work_ms = timed_ms(|| self.work());
        // An interrupt would look like a slow clock, which makes the work look fast.
        ProbeTime { work_ms, clock_ms: timed_ms(chain).min(before_ms) }
    }

    fn work(&self) {
        let mut sums = [0.0_f32; SUMS];
        for _ in 0..PASSES {
            for values in self.values.chunks_exact(SUMS) {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum = *sum * 0.999 + value);
            }
        }
        black_box(sums);
    }
}

fn chain() {
    let mut link = black_box(1.0_f32);
    for _ in 0..LINKS {
        link = link * 0.999 + 0.5;
    }
    black_box(link);
}
