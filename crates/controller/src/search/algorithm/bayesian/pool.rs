//! The candidates that a batch is chosen from: random genotypes, offspring of the best trials, and
//! then offspring of the most promising candidates, generation by generation.

use std::collections::HashSet;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::Genotype;

use super::Request;
use super::features::Point;
use super::improvement::{Incumbent, Promise, ScoreLine, choose};
use super::process::Process;
use crate::search::algorithm::Proposed;
use crate::search::algorithm::offspring::make_offspring;
use crate::search::problem::Candidate;

/// The number of draws of a generation.
const DRAWS: usize = 100;
/// The number of generations of offspring of the most promising candidates.
const GENERATIONS: usize = 3;
/// The number of parents of a generation.
const PARENTS: usize = 10;
/// The number of most promising candidates that a batch is chosen from.
const SHORTLIST: usize = 100;

/// The candidates of a batch.
pub(super) struct Pool<'p, 'r, E> {
    pub(super) request: &'r Request<'r, E>,
    pub(super) process: &'p Process,
    pub(super) incumbent: Incumbent,
    members: Vec<Member>,
    drawn: HashSet<Genotype>,
}

struct Member {
    candidate: Candidate,
    point: Point,
    line: ScoreLine,
    promise: Promise,
}

impl<'p, 'r, E> Pool<'p, 'r, E> {
    pub(super) fn new(
        request: &'r Request<'r, E>,
        process: &'p Process,
        incumbent: Incumbent,
    ) -> Self {
        Self { request, process, incumbent, members: Vec::new(), drawn: HashSet::new() }
    }

    /// Draws all generations.
    ///
    /// # Errors
    /// Returns the first error of `accept`.
    pub(super) fn fill(
        &mut self,
        best_trials: &[&Genotype],
        proposed: &Proposed<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), E> {
        let domain = self.request.domain;
        let random = (0..DRAWS).map(|_| domain.sample(rng)).collect();
        self.add(random, proposed)?;
        self.add(self.offspring(&best_trials[..best_trials.len().min(PARENTS)], rng), proposed)?;
        for _ in 0..GENERATIONS {
            let parents =
                self.ranked(PARENTS).into_iter().map(|m| &self.members[m].candidate.genotype);
            let children = self.offspring(&parents.collect::<Vec<_>>(), rng);
            self.add(children, proposed)?;
        }
        Ok(())
    }

    fn offspring(&self, parents: &[&Genotype], rng: &mut ChaCha8Rng) -> Vec<Genotype> {
        if parents.is_empty() {
            return Vec::new();
        }
        let parent = |rng: &mut ChaCha8Rng| parents[rng.random_range(0..parents.len())];
        (0..DRAWS).map(|_| make_offspring(self.request.domain, parent, rng)).collect()
    }

    fn add(&mut self, genotypes: Vec<Genotype>, proposed: &Proposed<'_>) -> Result<(), E> {
        let mut new = Vec::new();
        for genotype in genotypes {
            let Some(genotype) = proposed.unproposed(genotype) else { continue };
            if !self.drawn.insert(genotype.clone()) {
                continue;
            }
            if let Some(candidate) = (self.request.accept)(&genotype)? {
                let point = self.request.point(&candidate.genotype, candidate.latency_ms);
                let line = ScoreLine::new(self.request.score, candidate.latency_ms);
                new.push((candidate, point, line));
            }
        }
        let points: Vec<&Point> = new.iter().map(|(_, point, _)| point).collect();
        let posterior = self.process.posterior(&points);
        let (scale, incumbent) = (self.process.scale(), self.incumbent);
        let promise = |(index, (_, _, line)): (usize, &(Candidate, Point, ScoreLine))| {
            incumbent.promise(scale, *line, posterior.predicted(index))
        };
        let promises: Vec<Promise> = new.iter().enumerate().map(promise).collect();
        let members = new.into_iter().zip(promises);
        self.members.extend(members.map(|((candidate, point, line), promise)| Member {
            candidate,
            point,
            line,
            promise,
        }));
        Ok(())
    }

    /// The most promising members, best first; of equal ones, the first.
    fn ranked(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by(|&a, &b| self.members[b].promise.order(&self.members[a].promise));
        order.truncate(count);
        order
    }

    /// The batch, of up to as many candidates as were requested.
    pub(super) fn batch(&self) -> Vec<Candidate> {
        let shortlist = self.ranked(SHORTLIST);
        let points: Vec<&Point> = shortlist.iter().map(|&m| &self.members[m].point).collect();
        let lines: Vec<ScoreLine> = shortlist.iter().map(|&m| self.members[m].line).collect();
        let posterior = self.process.posterior(&points);
        let (scale, incumbent) = (self.process.scale(), self.incumbent);
        let chosen = choose(posterior, &lines, scale, incumbent, self.request.count);
        chosen.into_iter().map(|index| self.members[shortlist[index]].candidate.clone()).collect()
    }
}
