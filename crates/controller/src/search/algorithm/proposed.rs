//! The genotypes that a search has proposed, none of which is proposed again.

use std::collections::HashSet;

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use search_space::{Domain, Genotype};

/// The maximum size of a domain that is listed when draws find too few new genotypes.
const MAX_LISTED: usize = 100_000;

/// The genotypes of a domain that were proposed so far.
pub(crate) struct Proposed<'a> {
    domain: &'a Domain,
    seen: HashSet<Genotype>,
}

impl<'a> Proposed<'a> {
    pub(super) fn new(domain: &'a Domain) -> Self {
        Self { domain, seen: HashSet::new() }
    }

    /// Marks a genotype as proposed. Returns false if it already was.
    pub(crate) fn mark(&mut self, genotype: &Genotype) -> bool {
        self.seen.insert(genotype.clone())
    }

    /// A genotype, or the one of the domain that is nearest to it; `None` if it was proposed before.
    pub(super) fn unproposed(&self, genotype: Genotype) -> Option<Genotype> {
        let genotype = self.domain.nearest(genotype);
        (!self.seen.contains(&genotype)).then_some(genotype)
    }

    /// Offers a genotype, or the one of the domain that is nearest to it: what `accept` makes of
    /// it, unless it was proposed before.
    pub(crate) fn offer<Accepted, E>(
        &mut self,
        genotype: Genotype,
        accept: &mut dyn FnMut(&Genotype) -> Result<Option<Accepted>, E>,
    ) -> Result<Option<Accepted>, E> {
        let Some(genotype) = self.unproposed(genotype) else { return Ok(None) };
        let accepted = accept(&genotype)?;
        if accepted.is_some() {
            self.seen.insert(genotype);
        }
        Ok(accepted)
    }

    /// Fills a batch up to `count` with new genotypes that draws miss, if the domain is small
    /// enough to be listed.
    pub(crate) fn fill<Accepted, E>(
        &mut self,
        batch: &mut Vec<Accepted>,
        count: usize,
        accept: &mut dyn FnMut(&Genotype) -> Result<Option<Accepted>, E>,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), E> {
        if batch.len() == count {
            return Ok(());
        }
        let mut all = self.domain.all(MAX_LISTED).unwrap_or_default();
        all.shuffle(rng);
        for genotype in all {
            if batch.len() == count {
                break;
            }
            batch.extend(self.offer(genotype, accept)?);
        }
        Ok(())
    }
}
