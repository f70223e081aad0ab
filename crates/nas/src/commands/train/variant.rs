//! The training variant of a network: the deployed one with its own classes, resolution and stem stride.

use anyhow::Result;
use search_space::{Block, Network};

use crate::exit::bad_input;

/// The training variant of `network`: at another resolution, and with another stride of the first
/// convolution.
pub(crate) fn of(
    net: &str,
    network: Network,
    resolution: usize,
    stem_stride: Option<usize>,
) -> Result<Network> {
    if stem_stride.is_some() && self::stem_stride(&network).is_none() {
        let allowed = "networks with a Conv block";
        let found = format!("found none in {}; allowed: {allowed}", network.name);
        return Err(bad_input("--train-stem-stride", found));
    }
    let variant = with(network, resolution, stem_stride);
    variant.lower().map_err(|error| bad_input(net, error))?;
    Ok(variant)
}

/// As [`of`] for a network of which another one with the same blocks is known to have a training variant.
pub(crate) fn with(mut network: Network, resolution: usize, stem_stride: Option<usize>) -> Network {
    network.input.resolution = resolution;
    let first = network.blocks.iter_mut().find_map(conv);
    if let (Some(stride), Some(to)) = (stem_stride, first) {
        *to = stride;
    }
    network
}

/// Stride of the first convolution.
pub(crate) fn stem_stride(network: &Network) -> Option<usize> {
    network.clone().blocks.iter_mut().find_map(conv).copied()
}

fn conv(block: &mut Block) -> Option<&mut usize> {
    match block {
        Block::Conv(conv) => Some(&mut conv.stride),
        _ => None,
    }
}
