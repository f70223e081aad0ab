//! A probe of the shared cache and the memory bus. The probe of the core fits into the core's own
//! caches, so it does not notice another program that streams through memory.

use std::hint::black_box;

use crate::measure::quantiles::quantile;
use crate::measure::runs::timed_ms;

/// The maximum slowdown of the probe, as a ratio to its fastest time, at which memory counts as
/// undisturbed. Undisturbed times differ by more than those of the core's probe.
pub(crate) const MAX_MEMORY_SLOWDOWN: f64 = 1.25;

/// Size of the buffer that is read: larger than the second-level caches of CPUs, so that it comes
/// from the shared cache or from memory.
const BYTES: usize = 8 << 20;
/// Number of times that the probe is timed at first.
const CALIBRATION: usize = 40;
/// Number of times that the probe is timed for one reading, the fastest of which counts: a single one
/// may be interrupted.
const TIMES: usize = 2;
/// Maximum number of readings while waiting for an undisturbed moment.
const PATIENCE: usize = 10;

/// Times how long it takes to read a buffer once.
#[derive(Debug)]
pub(crate) struct MemoryProbe {
    buffer: Vec<u64>,
    fastest_ms: f64,
}

impl MemoryProbe {
    /// Creates the probe and times it. `fastest_ms` is what an earlier one found.
    pub(crate) fn new(fastest_ms: Option<f64>) -> Self {
        let buffer = (0..BYTES as u64 / 8).collect();
        let mut probe = Self { buffer, fastest_ms: f64::INFINITY };
        let mut times_ms: Vec<f64> = (0..CALIBRATION).map(|_| probe.time_ms()).collect();
        let usual_ms = quantile(&mut times_ms, 0.1).unwrap_or(f64::INFINITY);
        probe.fastest_ms = usual_ms.min(fastest_ms.unwrap_or(f64::INFINITY));
        probe
    }

    /// The usual time of the probe on the undisturbed device, in milliseconds.
    pub(crate) fn fastest_ms(&self) -> f64 {
        self.fastest_ms
    }

    /// The slowdown now, as a ratio to the fastest time.
    pub(crate) fn slowdown(&mut self) -> f64 {
        let ms = (0..TIMES).map(|_| self.time_ms()).fold(f64::INFINITY, f64::min);
        ms / self.fastest_ms
    }

    /// Waits a little for an undisturbed moment and returns the slowdown then.
    pub(crate) fn wait(&mut self) -> f64 {
        let mut slowdown = self.slowdown();
        for _ in 1..PATIENCE {
            if slowdown <= MAX_MEMORY_SLOWDOWN {
                break;
            }
            slowdown = self.slowdown();
        }
        slowdown
    }

    fn time_ms(&mut self) -> f64 {
        let sum = || self.buffer.iter().fold(0, |sum: u64, value| sum.wrapping_add(*value));
        timed_ms(|| _ = black_box(sum()))
    }
}
