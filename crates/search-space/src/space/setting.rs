//! Settings: values of single properties of a stage.

use serde::{Deserialize, Serialize};

use crate::network::block::{Activation, Skip};
use crate::space::{Choice, Family, SeRule};

/// The value of one property of a stage. The properties are those of [`Choice`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Setting {
    /// Block family.
    Family(Family),
    /// Side of the (depthwise) kernel.
    Kernel(usize),
    /// Side of the depthwise kernel before the expansion, or 0 for none.
    StartKernel(usize),
    /// Side of the depthwise kernel after the expansion, or 0 for none.
    MidKernel(usize),
    /// Ratio of the expansion to the block's input.
    Expand(f64),
    /// Ratio of the bottleneck to the output.
    Mid(f64),
    /// Number of groups.
    Groups(usize),
    /// Squeeze-and-excite.
    Se(SeRule),
    /// Shortcut.
    Skip(Skip),
    /// Activation.
    Act(Activation),
    /// Multiplier of the stage's channels.
    Width(f64),
    /// Number of blocks.
    Layers(usize),
}

impl Setting {
    /// The name of the property.
    pub fn property(&self) -> &'static str {
        match self {
            Self::Family(_) => "Family",
            Self::Kernel(_) => "Kernel",
            Self::StartKernel(_) => "StartKernel",
            Self::MidKernel(_) => "MidKernel",
            Self::Expand(_) => "Expand",
            Self::Mid(_) => "Mid",
            Self::Groups(_) => "Groups",
            Self::Se(_) => "Se",
            Self::Skip(_) => "Skip",
            Self::Act(_) => "Act",
            Self::Width(_) => "Width",
            Self::Layers(_) => "Layers",
        }
    }
}

impl Choice {
    /// What an option sets: one property, or those of a block.
    pub(crate) fn settings(&self, option: usize) -> Vec<Setting> {
        let one = |setting| vec![setting];
        match self {
            Self::Family(options) => one(Setting::Family(options[option])),
            Self::Kernel(options) => one(Setting::Kernel(options[option])),
            Self::StartKernel(options) => one(Setting::StartKernel(options[option])),
            Self::MidKernel(options) => one(Setting::MidKernel(options[option])),
            Self::Expand(options) => one(Setting::Expand(options[option])),
            Self::Mid(options) => one(Setting::Mid(options[option])),
            Self::Groups(options) => one(Setting::Groups(options[option])),
            Self::Se(options) => one(Setting::Se(options[option])),
            Self::Skip(options) => one(Setting::Skip(options[option])),
            Self::Act(options) => one(Setting::Act(options[option])),
            Self::Width(options) => one(Setting::Width(options[option])),
            Self::Layers(options) => one(Setting::Layers(options[option])),
            Self::Block(options) => options[option].clone(),
        }
    }
}
