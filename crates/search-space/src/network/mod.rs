//! Networks: concrete architectures, one RON file each.

pub(crate) mod block;
pub(crate) mod head;
pub(crate) mod preprocessing;
pub(crate) mod published_accuracy;
pub(crate) mod rounding;
pub(crate) mod summary;
pub(crate) mod width_multiplier;

use serde::{Deserialize, Serialize};

use crate::error::{Invalid, ParseError};
use crate::graph::lower;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::graph::{Graph, Shape};
use crate::network::block::Block;
use crate::network::head::Head;
use crate::network::preprocessing::Preprocessing;
use crate::ron_text;

/// The image that is the input of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Colour channels.
    pub channels: usize,
    /// Height and width in pixels.
    pub resolution: usize,
}

/// The settings of batch norm, as PyTorch defines them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    /// Term added to the variance.
    pub eps: f32,
    /// Weight of the current batch in the running statistics.
    pub momentum: f32,
}

impl Default for Norm {
    fn default() -> Self {
        Self { eps: 1e-5, momentum: 0.1 }
    }
}

/// A network as it is deployed. Its resolution and classes determine latency, MACs and table keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Version of the file format.
    pub format: u32,
    /// Name for display.
    pub name: String,
    /// Shape of the image.
    pub input: Input,
    /// Number of classes, which are the outputs of the classifier.
    pub classes: usize,
    /// Names of the classes in the order of the outputs; empty if they are not known.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// What is done to images before the network takes them; `None` if it is not known.
    #[serde(default)]
    pub preprocessing: Option<Preprocessing>,
    /// Settings of all batch norms.
    #[serde(default)]
    pub norm: Norm,
    /// Blocks in order, from the image on.
    pub blocks: Vec<Block>,
    /// Head after the last block.
    pub head: Head,
}

impl Network {
    /// The version of the file format that this version of the crate reads and writes.
    pub const FORMAT: u32 = 1;

    /// Parses and validates the text of a RON file.
    ///
    /// # Errors
    /// A syntax error, a wrong type or an unknown field, with line and column; another format;
    /// values that are out of range or do not fit together, with their place.
    pub fn from_ron(text: &str) -> Result<Self, ParseError> {
        let network: Self = ron_text::parse(text, Self::FORMAT)?;
        network.lower()?;
        Ok(network)
    }

    /// Writes the text of a RON file that [`Network::from_ron`] parses.
    pub fn to_ron(&self) -> String {
        let mut fields = vec![
            ("format", ron_text::value(&self.format)),
            ("name", ron_text::value(&self.name)),
            ("input", ron_text::value(&self.input)),
            ("classes", ron_text::value(&self.classes)),
        ];
        if !self.class_names.is_empty() {
            fields.push(("class_names", ron_text::value(&self.class_names)));
        }
        if let Some(preprocessing) = &self.preprocessing {
            fields.push(("preprocessing", ron_text::value(preprocessing)));
        }
        if self.norm != Norm::default() {
            fields.push(("norm", ron_text::value(&self.norm)));
        }
        fields.push(("blocks", ron_text::lines(&self.blocks)));
        fields.push(("head", ron_text::value(&self.head)));
        ron_text::write("Network", &fields)
    }

    /// Writes the text of [`Network::to_ron`] after the lines of a comment.
    pub fn to_commented_ron(&self, comment: &str) -> String {
        let line = |line: &str| format!("// {line}").trim_end().to_owned() + "\n";
        comment.lines().map(line).collect::<String>() + &self.to_ron()
    }

    /// Lowers the network to a graph of ops with shapes. Rejects networks that cannot be computed.
    ///
    /// # Errors
    /// The first value that is invalid, with its place (`blocks[5].groups`).
    pub fn lower(&self) -> Result<Graph, Invalid> {
        lower::lower(self)
    }

    /// The network without its class names and its preprocessing, which do not change what is
    /// computed.
    pub fn architecture(&self) -> Self {
        Self { class_names: Vec::new(), preprocessing: None, ..self.clone() }
    }

    /// Drops class names and preprocessing if they are of another number of classes or channels
    /// than the network has, as after a change of these.
    pub fn drop_unfitting_names(&mut self) {
        if self.class_names.len() != self.classes {
            self.class_names.clear();
        }
        let input = self.input;
        self.preprocessing.take_if(|preprocessing| preprocessing.check(input).is_err());
    }

    /// The blocks in order, then the head, each with its input shape. These are the keys of a
    /// latency table. They equal the units of the graph but do not require lowering.
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
