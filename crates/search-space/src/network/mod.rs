//! A concrete architecture: one RON file.

pub(crate) mod block;
pub(crate) mod head;
pub(crate) mod published_accuracy;
pub(crate) mod rounding;
pub(crate) mod width_multiplier;

use serde::{Deserialize, Serialize};

use crate::error::{Invalid, ParseError};
use crate::graph::lower;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::graph::{Graph, Shape};
use crate::network::block::Block;
use crate::network::head::Head;
use crate::ron_text;

/// The image that a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Colour channels.
    pub channels: usize,
    /// Height and width.
    pub resolution: usize,
}

/// Batch norm's settings, in PyTorch's sense.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    /// Added to the variance.
    pub eps: f32,
    /// Weight of the newest batch in the running statistics.
    pub momentum: f32,
}

impl Default for Norm {
    fn default() -> Self {
        Self { eps: 1e-5, momentum: 0.1 }
    }
}

/// The deployed network: its resolution and classes give latency, MACs and table keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Version of the file format.
    pub format: u32,
    /// Name, for people.
    pub name: String,
    /// The image.
    pub input: Input,
    /// Outputs of the classifier.
    pub classes: usize,
    /// Batch norm.
    #[serde(default)]
    pub norm: Norm,
    /// From the image on.
    pub blocks: Vec<Block>,
    /// After the last block.
    pub head: Head,
}

impl Network {
    /// The format that this version reads and writes.
    pub const FORMAT: u32 = 1;

    /// Parses and validates the text of a RON file.
    ///
    /// # Errors
    /// Syntax, types, unknown fields with line and column; a later format; values that do not fit
    /// together with their place.
    pub fn from_ron(text: &str) -> Result<Self, ParseError> {
        let network: Self = ron_text::parse(text, Self::FORMAT)?;
        network.lower()?;
        Ok(network)
    }

    /// The text of a RON file that [`Network::from_ron`] reads back.
    pub fn to_ron(&self) -> String {
        let mut fields = vec![
            ("format", ron_text::value(&self.format)),
            ("name", ron_text::value(&self.name)),
            ("input", ron_text::value(&self.input)),
            ("classes", ron_text::value(&self.classes)),
        ];
        if self.norm != Norm::default() {
            fields.push(("norm", ron_text::value(&self.norm)));
        }
        fields.push(("blocks", ron_text::lines(&self.blocks)));
        fields.push(("head", ron_text::value(&self.head)));
        ron_text::write("Network", &fields)
    }

    /// The network as ops with shapes. Refuses what no kernel could compute.
    ///
    /// # Errors
    /// The first value that does not fit, with its place (`blocks[5].groups`).
    pub fn lower(&self) -> Result<Graph, Invalid> {
        lower::lower(self)
    }

    /// Blocks in order, then the head, each with its input shape: the keys of a latency table. The
    /// same as those of the graph, without lowering.
    pub fn units(&self) -> impl Iterator<Item = PlacedUnit> {
        let mut input = Shape::new(self.input.channels, self.input.resolution);
        self.blocks
            .iter()
            .map(|&block| Unit::Block(block))
            .chain([Unit::Head { head: self.head.at_inference(), classes: self.classes }])
            .map(move |unit| {
                let placed = PlacedUnit { unit, input };
                input = placed.output();
                placed
            })
    }
}
