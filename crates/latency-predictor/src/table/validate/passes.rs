//! Passes: measurements of all networks of a validation, each by a process of its own.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::table::anchors::WholeLatency;
use crate::table::validate::draw::DrawnNetwork;

/// What one process measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// How fast the device was relative to the build of the table, as its anchors told the process:
    /// the ratio of a [`Level`](crate::Level).
    pub level: f64,
    /// The latency of each network.
    pub measured: Vec<WholeLatency>,
}

/// Measures the networks of the pass with this number, in this order.
type MeasurePass<'a, E> = dyn FnMut(usize, &[&DrawnNetwork]) -> Result<Pass, E> + 'a;

/// Measures all `networks` in each of `passes` passes, in another random order each time, so that
/// what comes before a network and the minute in which it is measured differ. `measure` is called with
/// the number of the pass, from 0 on, and the networks in that order. It returns their latencies in
/// the same order. The latencies of the result are in the order of `networks`.
///
/// # Errors
/// The first error of `measure`.
pub fn measure_passes<E>(
    networks: &[DrawnNetwork],
    passes: usize,
    seed: u64,
    measure: &mut MeasurePass<'_, E>,
) -> Result<Vec<Pass>, E> {
    let mut pass = |number: usize| -> Result<Pass, E> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 draws the networks.
        rng.set_stream(number as u64 + 1);
        let mut order: Vec<usize> = (0..networks.len()).collect();
        order.shuffle(&mut rng);
        let shuffled: Vec<&DrawnNetwork> = order.iter().map(|&place| &networks[place]).collect();
        let Pass { level, measured } = measure(number, &shuffled)?;
        let mut measured: Vec<(usize, WholeLatency)> = order.into_iter().zip(measured).collect();
        measured.sort_by_key(|(place, _)| *place);
        Ok(Pass { level, measured: measured.into_iter().map(|(_, latency)| latency).collect() })
    };
    (0..passes).map(&mut pass).collect()
}
