//! Whether a network fits in the memory of this machine, which is checked before anything is allocated.

use anyhow::Result;
use search_space::Network;

use crate::exit::bad_input;

/// How many times a command holds the weights and the largest feature maps, at least.
#[derive(Clone, Copy)]
pub(crate) enum Copies {
    /// The network, and the bytes of a file or the buffers of the engine.
    Computed = 2,
    /// The weights with their gradients, their moving averages and the optimiser's state.
    Trained = 4,
    /// The copies of a measured network.
    Measured = 5,
}

const BYTES_PER_WEIGHT: f64 = 4.0;
const GB: f64 = 1e9;

/// Refuses a network that can be described, but not computed here.
pub(crate) fn check(net: &str, network: &Network, copies: Copies) -> Result<()> {
    let cost = network.lower().map_err(|error| bad_input(net, error))?.cost();
    let weights = BYTES_PER_WEIGHT * cost.params as f64;
    let needed = f64::from(copies as u8) * (weights + cost.peak_activation_bytes as f64);
    match latency_predictor::memory_bytes().map(|bytes| bytes as f64) {
        Some(total) if needed > total => {
            let (needed, total) = (needed / GB, total / GB);
            let found = format!("found a network that takes about {needed:.0} GB of memory");
            Err(bad_input(net, format!("{found}; expected: at most {total:.0} GB, as here")))
        }
        // Where the memory is unknown, nothing is refused.
        _ => Ok(()),
    }
}
