//! Networks as rows of features: choices one-hot, and the logarithms of costs.

use ndarray::Array2;
use search_space::{Genotype, NetworkCost};

use crate::statistics::mean;

/// The number of costs: latency, MACs and parameters.
const COSTS: usize = 3;

/// What the process knows of a network before it is evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) genotype: Genotype,
    /// The logarithms of latency, MACs and parameters; `None` for what is unknown.
    log_costs: [Option<f64>; COSTS],
}

impl Point {
    /// The latency is in milliseconds.
    pub(super) fn new(
        genotype: Genotype,
        latency_ms: Option<f64>,
        cost: Option<NetworkCost>,
    ) -> Self {
        let (macs, params) = cost.map(|cost| (cost.macs as f64, cost.params as f64)).unzip();
        let log_costs = [latency_ms, macs, params];
        let log = |cost: Option<f64>| cost.map(f64::ln).filter(|log| log.is_finite());
        Self { genotype, log_costs: log_costs.map(log) }
    }
}

/// The encoding of points: a column for each option of each choice, then one for each cost,
/// standardised.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    /// The first column of each choice.
    first: Vec<usize>,
    /// The number of columns of choices.
    options: usize,
    /// The expected number of choices in which two random genotypes differ.
    pub(super) differing: f64,
    /// Mean and standard deviation of the logarithm of each cost.
    costs: [(f64, f64); COSTS],
}

impl Encoder {
    /// The encoding in which the costs of `points` have mean 0 and variance 1. Costs that are
    /// unknown or the same for all points are 0.
    pub(super) fn new(option_counts: &[u8], points: &[&Point]) -> Self {
        let first = option_counts.iter().scan(0, |columns, &options| {
            *columns += usize::from(options);
            Some(*columns - usize::from(options))
        });
        let moments = |cost: usize| {
            let known: Vec<f64> = points.iter().filter_map(|p| p.log_costs[cost]).collect();
            let centre = mean(known.iter().copied());
            (centre, mean(known.iter().map(|log| (log - centre).powi(2))).sqrt())
        };
        Self {
            first: first.collect(),
            options: option_counts.iter().map(|&options| usize::from(options)).sum(),
            differing: option_counts.iter().map(|&n| 1.0 - 1.0 / f64::from(n.max(1))).sum(),
            costs: std::array::from_fn(moments),
        }
    }

    /// The number of columns of choices, and the number of all columns.
    pub(super) fn columns(&self) -> (usize, usize) {
        (self.options, self.options + COSTS)
    }

    /// `[point][column]`.
    pub(super) fn encode(&self, points: &[&Point]) -> Array2<f64> {
        let mut features = Array2::zeros((points.len(), self.columns().1));
        for (mut row, point) in features.rows_mut().into_iter().zip(points) {
            for (&first, &option) in self.first.iter().zip(&point.genotype.0) {
                row[first + usize::from(option)] = 1.0;
            }
            for (index, (log, (centre, deviation))) in
                point.log_costs.iter().zip(self.costs).enumerate()
            {
                let log = log.filter(|_| deviation > 0.0);
                row[self.options + index] = log.map_or(0.0, |log| (log - centre) / deviation);
            }
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_one_hot_and_costs_are_standardised() {
        let point =
            |genotype: [u8; 2], ms: f64| Point::new(Genotype(genotype.into()), Some(ms), None);
        let points = [point([0, 1], 1.0), point([2, 0], 100.0)];
        let points: Vec<&Point> = points.iter().collect();
        let encoder = Encoder::new(&[3, 2], &points);
        let expected = ndarray::array![
            [1.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]
        ];
        assert!((encoder.encode(&points) - expected).iter().all(|d| d.abs() < 1e-12));
        assert_eq!(encoder.columns(), (5, 8));
        assert!((encoder.differing - 7.0 / 6.0).abs() < 1e-12);
        // What is unknown is average.
        let unknown = Point::new(Genotype(vec![1, 1]), None, None);
        assert_eq!(encoder.encode(&[&unknown]).row(0)[5], 0.0);
    }
}
