//! Known genotypes of the `mnasnet` space, shown beside the front with the same sources.

use search_space::LatencyError;

use super::sources::Sources;

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

/// The references that are candidates of the search; none in a space that is not `mnasnet`.
pub(super) fn of(sources: &Sources) -> Result<Vec<Reference>, LatencyError> {
    let problem = sources.problem();
    let mut references = Vec::new();
    if sources.space.as_ref().is_none_or(|space| space.name != "mnasnet") {
        return Ok(references);
    }
    for (name, text) in GENOTYPES {
        let Ok(genotype) = sources.domain.parse(text) else { continue };
        let candidate = problem.candidate(&genotype)?;
        if let Some(latency_ms) = candidate.and_then(|candidate| candidate.latency_ms) {
            let accuracy = problem.estimate(&genotype).accuracy;
            references.push(Reference { name, genotype: text, latency_ms, accuracy });
        }
    }
    Ok(references)
}
