#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used)]

mod error;
mod graph;
mod hash;
mod latency;
mod measured_latency;
mod network;
pub mod published;
mod ron_text;
mod size_limits;
mod space;
mod statistics;
mod weights;
mod widths;

pub use error::{Invalid, ParseError};
pub use graph::channel_groups::{ChannelGroup, WidthConstraint, channel_groups};
pub use graph::cost::{LayerCost, NetworkCost};
pub use graph::unit::{PlacedUnit, Unit};
pub use graph::unit_legend::{UnitPart, unit_legend};
pub use graph::{Graph, Node, NodeId, Op, Shape, UnitSpan};
pub use hash::fnv1a;
pub use latency::{LatencyError, LatencySource};
pub use measured_latency::{AllRuns, MeasuredLatency, MeasuredRuns, Statistic};
pub use network::block::{
    Activation, Block, Conv, FusedInvertedBottleneck, Gate, InvertedResidual, Pool, Separable,
    ShuffleUnitV1, ShuffleUnitV2, Skip, SqueezeExcite, UniversalInvertedBottleneck,
};
pub use network::head::{Dropout, Head};
pub use network::preprocessing::{
    ChannelOrder, ImageCrop, Preprocessing, ResizeFilter, ValueRange,
};
pub use network::published_accuracy::{PublishedAccuracy, published_accuracies};
pub use network::summary::StageSummary;
pub use network::{Input, Network, Norm};
pub use space::domain::{Domain, DomainChoice};
pub use space::genotype::Genotype;
pub use space::places::UnitPlace;
pub use space::reference_genotypes::{ReferenceGenotype, reference_genotypes};
pub use space::setting::Setting;
pub use space::validation::{
    Illegal, SampledNetwork, Sizes, Span, Validation, WithoutEffect, validate,
};
pub use space::{Choice, Family, SeRule, SearchSpace, SpaceChoice, Stage};
pub use statistics::{quantile, spearman};
pub use weights::fold::{Filter, NormTensors};
pub use weights::{NodeWeights, Weights};
pub use widths::axes::{Axis, AxisKind, axes};
pub use widths::channel_mapping::ChannelMapping;
pub use widths::proposals::{Proposal, proposals};
