//! The places of a space at which its networks have units.

use std::fmt::{self, Display, Formatter};

use crate::space::Family;
use crate::space::stage::StageSettings;

/// The place of a unit in a space. Networks that have a unit of the same place there may share its
/// weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitPlace {
    /// A block of the stem.
    Stem {
        /// Index of the block.
        block: usize,
    },
    /// A layer of a stage. Blocks of different families, and the blocks of a [`Choice::Block`], are
    /// at places of their own.
    ///
    /// [`Choice::Block`]: crate::Choice::Block
    Layer {
        /// Index of the stage.
        stage: usize,
        /// Index of the layer in the stage.
        layer: usize,
        /// The family of the block.
        family: Family,
        /// The option of the stage's `Block` list; `None` if it has no such list.
        block: Option<usize>,
    },
    /// The head.
    Head,
}

/// The form of the prefix of tensor names, such as `stages.2.0.InvertedResidual`.
impl Display for UnitPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Stem { block } => write!(f, "stem.{block}"),
            Self::Layer { stage, layer, family, block: None } => {
                write!(f, "stages.{stage}.{layer}.{family:?}")
            }
            Self::Layer { stage, layer, family, block: Some(block) } => {
                write!(f, "stages.{stage}.{layer}.{family:?}.{block}")
            }
            Self::Head => write!(f, "head"),
        }
    }
}

impl StageSettings {
    /// The place of a layer of the stage of this index.
    pub(crate) fn place(&self, stage: usize, layer: usize) -> UnitPlace {
        UnitPlace::Layer { stage, layer, family: self.family, block: self.block }
    }
}
