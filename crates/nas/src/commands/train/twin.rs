//! The network that is trained: the deployed one with its own classes, resolution and stem stride.

use anyhow::Result;
use search_space::{Block, Network};

use crate::exit::bad_input;

/// `network` at another resolution, and with another stride of the first convolution.
pub(crate) fn of(
    net: &str,
    mut network: Network,
    resolution: usize,
    stem_stride: Option<usize>,
) -> Result<Network> {
    network.input.resolution = resolution;
    if let Some(stride) = stem_stride {
        match network.blocks.iter_mut().find_map(conv) {
            Some(to) => *to = stride,
            None => {
                let allowed = "networks with a Conv block";
                let found = format!("found none in {}; allowed: {allowed}", network.name);
                return Err(bad_input("--train-stem-stride", found));
            }
        }
    }
    network.lower().map_err(|error| bad_input(net, error))?;
    Ok(network)
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
