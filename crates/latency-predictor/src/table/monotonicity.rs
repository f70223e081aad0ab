//! Monotonicity: a block that has a larger width or kernel than another one, and is else the same,
//! should not be faster.

use std::collections::HashMap;

use search_space::{Block, Head, PlacedUnit, Unit};
use serde::Serialize;

use crate::measure::quantiles::Quantiles;
use crate::table::{Entry, Table, file};

/// In what two blocks differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Channels of the input.
    Input,
    /// Output channels.
    Out,
    /// Width of the expansion, of the bottleneck of a shuffle unit, or inside a head.
    Expansion,
    /// Width of the second layer inside a head.
    Features,
    /// Width of squeeze-and-excite.
    Squeeze,
    /// Side of the kernel: of `UniversalInvertedBottleneck`, of the one after the expansion.
    Kernel,
    /// `UniversalInvertedBottleneck`: side of the kernel before the expansion.
    StartKernel,
}

/// Two measured blocks of which the larger one is faster, by more than the spread of their runs
/// explains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// In what the blocks differ.
    pub differs_in: Dimension,
    /// The block with the smaller width or kernel.
    #[serde(serialize_with = "file::as_text::serialize")]
    pub smaller: PlacedUnit,
    /// Its latency.
    pub smaller_latency: Quantiles,
    /// The block with the larger width or kernel.
    #[serde(serialize_with = "file::as_text::serialize")]
    pub larger: PlacedUnit,
    /// Its latency.
    pub larger_latency: Quantiles,
}

impl Violation {
    /// By what share the p50 of the larger block is below that of the smaller one.
    pub fn faster_by(&self) -> f64 {
        1.0 - self.larger_latency.p50_ms / self.smaller_latency.p50_ms
    }
}

impl Table {
    /// The pairs of measured blocks that differ in one width or one kernel only and of which the
    /// larger one is faster, although the p90 of its runs is compared with the p10 of the runs of the
    /// smaller one. Those first that are furthest off.
    pub fn monotonicity_violations(&self) -> Vec<Violation> {
        let mut alike: HashMap<(Dimension, PlacedUnit), Vec<(usize, &Entry)>> = HashMap::new();
        for entry in self.entries() {
            for (dimension, size, rest) in sizes(&entry.unit) {
                alike.entry((dimension, rest)).or_default().push((size, entry));
            }
        }
        let mut violations: Vec<Violation> = alike
            .into_iter()
            .flat_map(|((differs_in, _), alike)| {
                let larger = |smaller: usize| {
                    let is_larger = move |other: &&(usize, &Entry)| other.0 > smaller;
                    alike.iter().filter(is_larger).map(|(_, entry)| *entry).collect::<Vec<_>>()
                };
                let pairs = alike.iter().flat_map(|(size, smaller)| {
                    larger(*size)
                        .into_iter()
                        .filter_map(|larger| violation(differs_in, smaller, larger))
                });
                pairs.collect::<Vec<_>>()
            })
            .collect();
        violations.sort_by_cached_key(|violation| {
            (violation.smaller.to_string(), violation.larger.to_string())
        });
        violations.sort_by(|a, b| b.faster_by().total_cmp(&a.faster_by()));
        violations
    }
}

fn violation(differs_in: Dimension, smaller: &Entry, larger: &Entry) -> Option<Violation> {
    (larger.latency.p90_ms < smaller.latency.p10_ms).then_some(Violation {
        differs_in,
        smaller: smaller.unit,
        smaller_latency: smaller.latency,
        larger: larger.unit,
        larger_latency: larger.latency,
    })
}

/// The widths and kernels with which the work of a unit grows if all else stays the same, each with
/// the unit that is left when it is set to 0. Left out are groups, the input of the unit of
/// ShuffleNetV1 with stride 2, which computes the fewer channels the more the input has, and the
/// shortcut of ShuffleNetV2's, with which one branch grows and the other shrinks.
fn sizes(unit: &PlacedUnit) -> Vec<(Dimension, usize, PlacedUnit)> {
    use Dimension::{Expansion, Features, Input, Kernel, Out, Squeeze, StartKernel};
    // A function pointer finds a field in a copy of the unit. `None` if the unit has no such field.
    type Field = fn(&mut PlacedUnit) -> Option<&mut usize>;
    let fields: [(Dimension, Field); 7] = [
        (Input, input),
        (Out, out),
        (Expansion, expansion),
        (Features, features),
        (Squeeze, squeeze),
        (Kernel, kernel),
        (StartKernel, start_kernel),
    ];
    let of_field = |(dimension, field): (Dimension, Field)| {
        let mut rest = *unit;
        let size = std::mem::take(field(&mut rest)?);
        Some((dimension, size, rest))
    };
    fields.into_iter().filter_map(of_field).collect()
}

fn input(unit: &mut PlacedUnit) -> Option<&mut usize> {
    match unit.unit {
        Unit::Block(Block::ShuffleUnitV1(block)) if block.stride > 1 => None,
        _ => Some(&mut unit.input.channels),
    }
}

fn out(unit: &mut PlacedUnit) -> Option<&mut usize> {
    let Unit::Block(block) = &mut unit.unit else { return None };
    match block {
        Block::Conv(block) => Some(&mut block.out),
        Block::MaxPool(_) | Block::AvgPool(_) => None,
        Block::Separable(block) => Some(&mut block.out),
        Block::InvertedResidual(block) => Some(&mut block.out),
        Block::UniversalInvertedBottleneck(block) => Some(&mut block.out),
        Block::FusedInvertedBottleneck(block) => Some(&mut block.out),
        Block::ShuffleUnitV1(block) => Some(&mut block.out),
        Block::ShuffleUnitV2(block) => Some(&mut block.out),
    }
}

fn expansion(unit: &mut PlacedUnit) -> Option<&mut usize> {
    match &mut unit.unit {
        Unit::Block(
            Block::Conv(_) | Block::MaxPool(_) | Block::AvgPool(_) | Block::Separable(_),
        ) => None,
        Unit::Block(Block::InvertedResidual(block)) => block.expand.as_mut(),
        Unit::Block(Block::UniversalInvertedBottleneck(block)) => Some(&mut block.expand),
        Unit::Block(Block::FusedInvertedBottleneck(block)) => Some(&mut block.expand),
        Unit::Block(Block::ShuffleUnitV1(block)) => Some(&mut block.mid),
        Unit::Block(Block::ShuffleUnitV2(block)) => Some(&mut block.mid),
        Unit::Head {
            head: Head::ConvThenPool { conv, .. } | Head::PoolThenConv { conv, .. },
            ..
        } => Some(conv),
        Unit::Head { .. } => None,
    }
}

fn features(unit: &mut PlacedUnit) -> Option<&mut usize> {
    match &mut unit.unit {
        Unit::Block(_) | Unit::Head { head: Head::Pool { .. } | Head::ConvThenPool { .. }, .. } => {
            None
        }
        Unit::Head {
            head:
                Head::PoolThenFeatures { features, .. }
                | Head::PoolThenConv { features, .. }
                | Head::PoolThenConvNorm { features, .. },
            ..
        } => Some(features),
    }
}

fn squeeze(unit: &mut PlacedUnit) -> Option<&mut usize> {
    let se = match &mut unit.unit {
        Unit::Block(Block::Separable(block)) => &mut block.se,
        Unit::Block(Block::InvertedResidual(block)) => &mut block.se,
        Unit::Block(_) | Unit::Head { .. } => return None,
    };
    se.as_mut().map(|se| &mut se.channels)
}

fn kernel(unit: &mut PlacedUnit) -> Option<&mut usize> {
    let Unit::Block(block) = &mut unit.unit else { return None };
    match block {
        Block::Conv(block) => Some(&mut block.kernel),
        Block::MaxPool(block) | Block::AvgPool(block) => Some(&mut block.kernel),
        Block::Separable(block) => Some(&mut block.kernel),
        Block::InvertedResidual(block) => Some(&mut block.kernel),
        Block::UniversalInvertedBottleneck(block) => block.mid_kernel.as_mut(),
        Block::FusedInvertedBottleneck(block) => Some(&mut block.kernel),
        // Its kernel is 3x3.
        Block::ShuffleUnitV1(_) => None,
        Block::ShuffleUnitV2(block) => Some(&mut block.kernel),
    }
}

fn start_kernel(unit: &mut PlacedUnit) -> Option<&mut usize> {
    match &mut unit.unit {
        Unit::Block(Block::UniversalInvertedBottleneck(block)) => block.start_kernel.as_mut(),
        Unit::Block(_) | Unit::Head { .. } => None,
    }
}
