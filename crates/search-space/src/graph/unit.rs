//! Units: blocks and heads at an input shape, which are the keys of latency tables.

use crate::graph::Shape;
use crate::network::block::Block;
use crate::network::head::Head;

/// A block or the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A block.
    Block(Block),
    /// The head and its number of classes.
    Head {
        /// The head without dropout, which does nothing at inference.
        head: Head,
        /// Outputs of the linear layer.
        classes: usize,
    },
}

/// A unit and the shape of its input. The text form (`Display`, `FromStr`) determines everything
/// that the unit does at inference: `ir_k5_s2_e240_i40_o80_se64hsig_hs@28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlacedUnit {
    /// The block or head.
    pub unit: Unit,
    /// Shape of its input.
    pub input: Shape,
}

impl PlacedUnit {
    /// Shape of the unit's output.
    pub fn output(&self) -> Shape {
        match self.unit {
            Unit::Block(block) => block.output(self.input),
            Unit::Head { classes, .. } => Shape::new(classes, 1),
        }
    }
}
