//! Known genotypes of the `mnasnet` space, shown beside the front with the same surrogate.

use controller::search::Accuracy;
use latency_predictor::NativeLatency;
use search_space::{LatencySource, SearchSpace};

/// Name and genotype. The uniform ones have EfficientNet-B0's depths and no squeeze-and-excite.
const GENOTYPES: [(&str, &str); 3] = [
    ("EfficientNet-B0", "0001201121112021212121312001"),
    ("uniform e4-k3", "1000101010101020102010301000"),
    ("uniform e6-k5", "2100211021102120212021302100"),
];

/// A reference on the figure's axes.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) name: &'static str,
    pub(super) genotype: &'static str,
    pub(super) latency_ms: f64,
    pub(super) accuracy: f64,
}

/// The references that `space` has; none in a space that is not `mnasnet`.
pub(super) fn of(
    space: &SearchSpace,
    accuracy: Accuracy<'_>,
    latency: &NativeLatency,
) -> Vec<Reference> {
    if space.name != "mnasnet" {
        return Vec::new();
    }
    let reference = |&(name, text): &(&'static str, &'static str)| {
        let genotype = space.parse_genotype(text).ok()?;
        let latency_ms = latency.predict_ms(&space.decode(&genotype).ok()?).ok()?;
        let accuracy = accuracy(&genotype).accuracy;
        Some(Reference { name, genotype: text, latency_ms, accuracy })
    };
    GENOTYPES.iter().filter_map(reference).collect()
}
