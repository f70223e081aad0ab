//! Blocks, networks, graphs, costs, search spaces and genotypes of mobile networks.
//!
//! Pure: parses text it is given, and does no I/O. Data flows one way:
//! [`SearchSpace`] -> [`Genotype`] -> [`Network`] -> [`Graph`] -> costs, latency keys
//! ([`PlacedUnit`]), engine, training and ONNX.

#![warn(clippy::unwrap_used)]

pub mod axes;
pub mod block;
pub mod channel_groups;
pub mod cost;
pub mod domain;
pub mod error;
pub mod fold;
pub mod genotype;
pub mod graph;
pub mod hash;
pub mod head;
pub mod lanes;
pub mod latency;
mod limits;
mod lower;
mod lower_blocks;
pub mod network;
pub mod proposals;
pub mod published;
mod ron_text;
pub mod rounding;
pub mod space;
mod space_check;
mod space_units;
mod stage;
pub mod unit;
mod unit_text;
pub mod validation;
pub mod weights;
mod width;

pub use axes::{Axis, AxisKind, axes};
pub use block::{Activation, Block, Gate, Skip, SqueezeExcite};
pub use channel_groups::{ChannelGroup, Freedom, channel_groups};
pub use cost::{LayerCost, NetworkCost};
pub use domain::{Domain, DomainChoice};
pub use error::{Invalid, ParseError};
pub use fold::{Filter, NormTensors};
pub use genotype::Genotype;
pub use graph::{Graph, Node, NodeId, Op, Shape, UnitSpan};
pub use head::{Dropout, Head};
pub use lanes::Lanes;
pub use latency::{LatencyError, LatencySource};
pub use network::{Input, Network, Norm};
pub use proposals::{Proposal, proposals};
pub use space::{Choice, Family, SeRule, SearchSpace, Stage};
pub use unit::{PlacedUnit, Unit};
pub use validation::{Validation, validate};
pub use weights::{NodeWeights, Weights};
