//! Heads: the layers after the last block.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::network::block::Activation;

/// The probability, in [0, 1), with which dropout sets a feature to zero in training.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dropout(pub f32);

impl Dropout {
    fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

// `Network::lower` rejects NaN, so equality is total.
impl Eq for Dropout {}

impl Hash for Dropout {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 + 0.0).to_bits().hash(state);
    }
}

/// The head of a network. Every head ends in dropout and a linear layer to the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Head {
    /// Global average pool (MobileNetV1, ShuffleNetV1).
    Pool {
        /// Dropout before the linear layer.
        #[serde(default, skip_serializing_if = "Dropout::is_zero")]
        dropout: Dropout,
        /// Whether the linear layer has a bias.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        bias: bool,
    },
    /// Pointwise convolution, BN, activation, global average pool (MobileNetV2, MnasNet,
    /// ShuffleNetV2).
    ConvThenPool {
        /// Width of the convolution.
        conv: usize,
        /// Activation after the convolution.
        act: Activation,
        /// Dropout before the linear layer.
        #[serde(default, skip_serializing_if = "Dropout::is_zero")]
        dropout: Dropout,
        /// Whether the linear layer has a bias.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        bias: bool,
    },
    /// Global average pool, convolution of the pooled vector with bias and without BN, activation
    /// (PP-LCNet, section 3.4). A width multiplier does not change its width.
    PoolThenFeatures {
        /// Width of the convolution.
        features: usize,
        /// Activation after the convolution.
        act: Activation,
        /// Dropout before the linear layer.
        #[serde(default, skip_serializing_if = "Dropout::is_zero")]
        dropout: Dropout,
        /// Whether the linear layer has a bias.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        bias: bool,
    },
    /// Pointwise convolution, BN, activation, global average pool, convolution of the pooled vector
    /// with bias and without BN, activation (MobileNetV3, Fig. 5).
    PoolThenConv {
        /// Width of the convolution before the pool.
        conv: usize,
        /// Width of the convolution after the pool.
        features: usize,
        /// Activation after both convolutions.
        act: Activation,
        /// Dropout before the linear layer.
        #[serde(default, skip_serializing_if = "Dropout::is_zero")]
        dropout: Dropout,
        /// Whether the linear layer has a bias.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        bias: bool,
    },
    /// Global average pool, pointwise convolution of the pooled vector, BN, activation (MobileNetV4).
    PoolThenConvNorm {
        /// Width of the convolution.
        features: usize,
        /// Activation after the convolution.
        act: Activation,
        /// Dropout before the linear layer.
        #[serde(default, skip_serializing_if = "Dropout::is_zero")]
        dropout: Dropout,
        /// Whether the linear layer has a bias.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        bias: bool,
    },
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

impl Head {
    /// Dropout before the linear layer.
    pub fn dropout(&self) -> Dropout {
        match *self {
            Head::Pool { dropout, .. }
            | Head::ConvThenPool { dropout, .. }
            | Head::PoolThenFeatures { dropout, .. }
            | Head::PoolThenConv { dropout, .. }
            | Head::PoolThenConvNorm { dropout, .. } => dropout,
        }
    }

    /// The head without dropout, which does nothing at inference.
    pub fn at_inference(mut self) -> Self {
        match &mut self {
            Head::Pool { dropout, .. }
            | Head::ConvThenPool { dropout, .. }
            | Head::PoolThenFeatures { dropout, .. }
            | Head::PoolThenConv { dropout, .. }
            | Head::PoolThenConvNorm { dropout, .. } => *dropout = Dropout::default(),
        }
        self
    }
}
