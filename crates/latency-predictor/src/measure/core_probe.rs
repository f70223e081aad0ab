//! A probe of the core: a small calculation that takes longer while something else uses the same core,
//! be it another program or, through hyper-threading, another guest of the hypervisor.

use std::hint::black_box;

use crate::measure::runs::timed_ms;

/// The calculation works on so little data that it displaces nothing but a corner of the first-level
/// cache, and it is so short that it can be timed between the units of a network.
#[derive(Clone, Debug)]
pub(crate) struct CoreProbe {
    values: Vec<f32>,
}

/// Number of values, 4 KiB of them.
const VALUES: usize = 1024;
/// Number of sums that are computed side by side: enough to keep all arithmetic units busy, which is
/// what makes the calculation sensitive to other work on them.
const SUMS: usize = 32;
/// Number of passes over the values, for about 10 microseconds.
const PASSES: usize = 100;

impl CoreProbe {
    pub(crate) fn new() -> Self {
        Self { values: vec![0.5; VALUES] }
    }

    /// Times the calculation in milliseconds.
    pub(crate) fn time_ms(&self) -> f64 {
        timed_ms(|| {
            let mut sums = [0.0_f32; SUMS];
            for _ in 0..PASSES {
                for values in self.values.chunks_exact(SUMS) {
                    sums.iter_mut()
                        .zip(values)
                        .for_each(|(sum, value)| *sum = *sum * 0.999 + value);
                }
            }
            black_box(sums);
        })
    }
}
