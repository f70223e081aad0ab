//! NSGA-II (Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II")
//! maximises accuracy and minimises latency without weighting one against the other.

use std::cmp::Ordering;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use search_space::{Domain, Genotype};

use super::offspring::make_offspring;
use crate::search::trial::Trial;

/// The size of the population.
const POPULATION: usize = 100;

/// The population in crowded-comparison order, and all trials.
#[derive(Default)]
pub(super) struct Nsga2 {
    population: Vec<Trial>,
    pool: Vec<Trial>,
}

impl Nsga2 {
    pub(super) fn propose(&self, domain: &Domain, rng: &mut ChaCha8Rng) -> Genotype {
        if self.population.len() < POPULATION {
            return domain.sample(rng);
        }
        // The population is sorted, so the better of two members is the one that comes first.
        let parent = |rng: &mut ChaCha8Rng| {
            let mut draw = || rng.random_range(0..self.population.len());
            &self.population[draw().min(draw())].genotype
        };
        make_offspring(domain, parent, rng)
    }

    /// Parents and offspring compete for the places in the population (section III-C of the paper).
    pub(super) fn tell(&mut self, trials: &[Trial]) {
        self.pool.extend_from_slice(trials);
        self.population.extend_from_slice(trials);
        self.survive();
    }

    /// The best trials of the pool by `score` become the population, so that the parents are near
    /// the target.
    pub(super) fn reselect(&mut self, score: &dyn Fn(&Trial) -> f64) {
        self.population = self.pool.clone();
        self.population.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.population.truncate(POPULATION);
        self.survive();
    }

    fn survive(&mut self) {
        let points: Vec<Point> = self.population.iter().map(Point::of).collect();
        let order = crowded_order(&points);
        let survivors = order.iter().take(POPULATION);
        self.population = survivors.map(|&index| self.population[index].clone()).collect();
    }
}

/// A point in the space of the two objectives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The accuracy, which is maximised.
    pub accuracy: f64,
    /// The latency in milliseconds, which is minimised.
    pub latency_ms: f64,
}

impl Point {
    fn of(trial: &Trial) -> Self {
        // Without latencies all points are equally fast, and accuracy alone ranks them.
        let latency_ms = trial.latency_ms.unwrap_or_default();
        Self { accuracy: trial.estimate.accuracy, latency_ms }
    }

    /// Orders faster points first, and of equally fast points the more accurate one.
    fn by_latency(&self, other: &Self) -> Ordering {
        let by_latency = self.latency_ms.total_cmp(&other.latency_ms);
        by_latency.then(other.accuracy.total_cmp(&self.accuracy))
    }
}

/// The non-domination rank of each point: 0 for the Pareto front, 1 for the front of the remaining
/// points, and so on. Equal points have the same rank.
///
/// Takes O(n log n) for two objectives (Jensen 2003): in the order of latency, a point belongs to
/// the first front whose most accurate point so far does not dominate it.
pub fn non_domination_ranks(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a].by_latency(&points[b]));
    let mut ranks = vec![0; points.len()];
    // The last point of each front is its most accurate one; accuracies fall from front to front.
    let mut last_of_front: Vec<Point> = Vec::new();
    for index in order {
        let point = points[index];
        let dominates = |last: &Point| last.accuracy >= point.accuracy && *last != point;
        let rank = last_of_front.partition_point(dominates);
        match last_of_front.get_mut(rank) {
            Some(last) => *last = point,
            None => last_of_front.push(point),
        }
        ranks[index] = rank;
    }
    ranks
}

/// The crowding distance of each point of one front (section III-B of the paper): for both
/// objectives, the distance between the neighbours on either side as a share of the front's extent;
/// infinite for the ends.
pub fn crowding_distances(front: &[Point]) -> Vec<f64> {
    let mut distances = vec![0.0; front.len()];
    let objectives: [fn(&Point) -> f64; 2] = [|point| point.accuracy, |point| point.latency_ms];
    for objective in objectives {
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| objective(&front[a]).total_cmp(&objective(&front[b])));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { break };
        (distances[first], distances[last]) = (f64::INFINITY, f64::INFINITY);
        let extent = objective(&front[last]) - objective(&front[first]);
        if extent > 0.0 {
            for neighbours in order.windows(3) {
                let gap = objective(&front[neighbours[2]]) - objective(&front[neighbours[0]]);
                distances[neighbours[1]] += gap / extent;
            }
        }
    }
    distances
}

/// Indices in crowded-comparison order: lower ranks first, within a rank less crowded points first,
/// and of equally crowded points the earlier one.
pub fn crowded_order(points: &[Point]) -> Vec<usize> {
    let ranks = non_domination_ranks(points);
    let mut fronts = vec![Vec::new(); ranks.iter().max().map_or(0, |&worst| worst + 1)];
    ranks.iter().enumerate().for_each(|(index, &rank)| fronts[rank].push(index));
    let sorted = |front: Vec<usize>| {
        let members: Vec<Point> = front.iter().map(|&index| points[index]).collect();
        let mut by_distance: Vec<(usize, f64)> =
            front.into_iter().zip(crowding_distances(&members)).collect();
        by_distance.sort_by(|a, b| b.1.total_cmp(&a.1));
        by_distance.into_iter().map(|(index, _)| index)
    };
    fronts.into_iter().flat_map(sorted).collect()
}
