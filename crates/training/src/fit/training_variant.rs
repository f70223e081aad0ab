//! The training variant of a network: the deployed network with the resolution and stem stride of
//! the training.

use search_space::{Block, Network};

use crate::error::TrainingError;

/// How the training variant of a network differs from the deployed network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingVariant {
    /// Height and width of the images in training.
    pub resolution: usize,
    /// Stride of the first convolution in training; `None` keeps that of the network.
    pub stem_stride: Option<usize>,
}

impl TrainingVariant {
    /// The training variant of `deployed`.
    ///
    /// # Errors
    /// [`TrainingError::Setting`]: a stem stride for a network without a `Conv` block;
    /// [`TrainingError::Invalid`]: a variant that cannot be computed.
    pub fn checked(self, deployed: &Network) -> Result<Network, TrainingError> {
        if self.stem_stride.is_some() && stem_stride(deployed).is_none() {
            let found = format!("{} without a Conv block", deployed.name);
            let expected = "a network with a Conv block";
            return Err(TrainingError::setting("train_stem_stride", &found, expected));
        }
        let variant = self.of(deployed);
        variant.lower()?;
        Ok(variant)
    }

    /// The training variant of a network that is known to have a valid one.
    pub fn of(self, deployed: &Network) -> Network {
        let mut variant = deployed.clone();
        variant.input.resolution = self.resolution;
        let first = variant.blocks.iter_mut().find_map(conv_stride);
        if let (Some(stride), Some(to)) = (self.stem_stride, first) {
            *to = stride;
        }
        variant
    }
}

/// The stride of the first convolution; `None` if the network has no `Conv` block.
pub fn stem_stride(network: &Network) -> Option<usize> {
    network.clone().blocks.iter_mut().find_map(conv_stride).copied()
}

fn conv_stride(block: &mut Block) -> Option<&mut usize> {
    match block {
        Block::Conv(conv) => Some(&mut conv.stride),
        _ => None,
    }
}
