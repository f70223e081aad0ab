//! Known networks that a search is compared with: genotypes of the space, evaluated with the same
//! sources, and the published networks that users know.

use std::cmp::Ordering;

use controller::search::Reference;
use latency_predictor::NativeLatency;
use search_space::{LatencyError, Network, SearchSpace, published, published_accuracies};
use serde::Serialize;

use super::sources::{Latency, Sources};
use crate::args::Global;
use crate::interrupt;
use crate::progress::Progress;

/// A known network beside the winners.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Known {
    pub(super) name: String,
    /// The latency measured on this device, or that of the accuracy table.
    pub(super) latency_ms: f64,
    /// The accuracy on the scale of the search; `None` if its source does not know the network.
    pub(super) accuracy: Option<f64>,
    /// The published ImageNet accuracy of the network as it is measured here.
    pub(super) published_top1: Option<f64>,
    pub(super) published_source: Option<&'static str>,
}

/// The published networks that every search is compared with, and their names.
const PUBLISHED: [(&str, &str); 3] = [
    ("mobilenet_v2", "MobileNetV2"),
    ("mobilenet_v3_large", "MobileNetV3-Large"),
    ("mobilenet_v3_small", "MobileNetV3-Small"),
];
/// Number of undisturbed runs for each known network.
const RUNS: usize = 10;

/// The known networks, fastest first. On a device they are measured.
///
/// Returns `None` if it was interrupted.
pub(super) fn known(
    global: &Global,
    sources: &Sources,
    references: &[Reference],
) -> Result<Option<Vec<Known>>, LatencyError> {
    let of_space = |reference: &Reference| Known {
        name: reference.known.name.to_owned(),
        latency_ms: reference.latency_ms,
        accuracy: Some(reference.accuracy),
        published_top1: None,
        published_source: None,
    };
    let mut all: Vec<Known> = match (&sources.latency, &sources.space) {
        (Latency::Device(native), Some(space)) => {
            let of_network = |reference| Some((of_space(reference), decoded(space, reference)?));
            let networks = references.iter().filter_map(of_network);
            let networks = networks.chain(published_networks(space)).collect();
            let Some(measured) = measured(global, native, networks)? else { return Ok(None) };
            measured
        }
        _ => references.iter().map(of_space).collect(),
    };
    all.sort_by(|a, b| a.latency_ms.partial_cmp(&b.latency_ms).unwrap_or(Ordering::Equal));
    Ok(Some(all))
}

fn measured(
    global: &Global,
    native: &NativeLatency,
    mut networks: Vec<(Known, Network)>,
) -> Result<Option<Vec<Known>>, LatencyError> {
    let total = networks.len();
    let mut bar = Progress::start(global, "measuring known networks");
    let mut at = |done: usize| {
        bar.at(done, total, &networks[done].0.name);
        interrupt::check()
    };
    let measured =
        native.measure_quickly(networks.iter().map(|(_, network)| network), RUNS, &mut at);
    bar.end();
    let Some(measured) = measured? else { return Ok(None) };
    networks.iter_mut().zip(measured).for_each(|((known, _), ms)| known.latency_ms = ms.p50_ms);
    Ok(Some(networks.into_iter().map(|(known, _)| known).collect()))
}

fn decoded(space: &SearchSpace, reference: &Reference) -> Option<Network> {
    let genotype = space.parse_genotype(reference.known.genotype).ok()?;
    space.decode(&genotype).ok()
}

/// The published networks with the input and the classes of the space, yet to be measured.
fn published_networks(space: &SearchSpace) -> Vec<(Known, Network)> {
    let resolution = space.resolution.iter().copied().max().unwrap_or_default();
    let of = |(name, title): (&str, &str)| {
        let options = format!("{name}@resolution={resolution},classes={}", space.classes);
        let network = published::network(&options).ok()?;
        let as_published = published::network(name).ok()?;
        // The published accuracy is that of the published input and classes.
        let same = (network.input, network.classes) == (as_published.input, as_published.classes);
        let accuracy = published_accuracies(name).first().filter(|_| same);
        let known = Known {
            name: title.to_owned(),
            latency_ms: 0.0,
            accuracy: None,
            published_top1: accuracy.map(|accuracy| accuracy.top1),
            published_source: accuracy.map(|accuracy| accuracy.source),
        };
        (space.channels == network.input.channels).then_some((known, network))
    };
    PUBLISHED.into_iter().filter_map(of).collect()
}
