//! Published genotypes of the space, evaluated with the same sources and shown beside the front.

use search_space::{LatencyError, ReferenceGenotype, reference_genotypes};

use super::sources::Sources;

/// A published genotype with its latency and accuracy.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) known: ReferenceGenotype,
    pub(super) latency_ms: f64,
    pub(super) accuracy: f64,
}

/// The published genotypes that are candidates of the search.
pub(super) fn of(sources: &Sources) -> Result<Vec<Reference>, LatencyError> {
    let problem = sources.problem();
    let mut references = Vec::new();
    let space = sources.space.as_ref().map_or("", |space| &space.name);
    for &known in reference_genotypes(space) {
        let Ok(genotype) = sources.domain.parse(known.genotype) else { continue };
        let candidate = problem.candidate(&genotype)?;
        if let Some(latency_ms) = candidate.and_then(|candidate| candidate.latency_ms) {
            let accuracy = problem.estimate(&genotype).accuracy;
            references.push(Reference { known, latency_ms, accuracy });
        }
    }
    Ok(references)
}
