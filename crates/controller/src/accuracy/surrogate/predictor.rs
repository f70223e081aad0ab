//! Predictions from the covariances with all fitted networks at once, in single precision.

use ndarray::Array2;

/// The number of fitted networks that are processed together. For all genotypes of a batch, the
/// buffer then stays in the first-level cache and the rows of a block in the second-level cache.
const BLOCK: usize = 256;
/// The number of partial sums, one for each SIMD lane, so that the loops vectorise.
const LANES: usize = 16;
/// The weight of a network as a neighbour is the product over the stages to the power 2^5. An
/// average of squared residuals then covers about a hundred neighbours of four thousand. With a
/// lower power the average is the same everywhere; 2^6 leaves some networks without neighbours.
const SQUARINGS: usize = 5;
/// The weight, in neighbours, of the squared error that is assumed a priori: that of predicting the
/// mean accuracy.
const PRIOR_NEIGHBOURS: f64 = 0.1;

/// The rows of the stages' tables by block, and the values that are summed with them.
pub(super) struct Predictor {
    /// `[block][configuration of any stage][network of the block]`.
    rows: Vec<f32>,
    /// The index of each stage's first configuration.
    first: Vec<usize>,
    configurations: usize,
    /// Zero beyond the last network.
    coefficients: Vec<f32>,
    squared_residuals: Vec<f32>,
}

/// Sums over the fitted networks for one genotype.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    value: f64,
    neighbours: f64,
    squared_residuals: f64,
}

impl Sums {
    /// The standardised prediction.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// The standard error of the prediction: the root mean square of the neighbours' residuals,
    /// which is wider if there are few neighbours.
    pub(super) fn deviation(&self) -> f64 {
        let total = self.squared_residuals + PRIOR_NEIGHBOURS;
        (total / (self.neighbours + PRIOR_NEIGHBOURS)).sqrt()
    }
}

impl Predictor {
    /// `codes` is `[network][stage]`.
    pub(super) fn new(
        tables: &[Array2<f64>],
        codes: &[Vec<usize>],
        coefficients: &[f64],
        squared_residuals: &[f64],
    ) -> Self {
        let configurations = tables.iter().map(Array2::nrows).sum();
        let mut rows = Vec::new();
        for block in codes.chunks(BLOCK) {
            for (stage, table) in tables.iter().enumerate() {
                for row in table.rows() {
                    let filled = rows.len() + BLOCK;
                    rows.extend(block.iter().map(|code| row[code[stage]] as f32));
                    rows.resize(filled, 0.0);
                }
            }
        }
        let sizes = tables.iter().scan(0, |first, table| {
            *first += table.nrows();
            Some(*first - table.nrows())
        });
        let padded = |values: &[f64]| {
            let mut padded: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            padded.resize(codes.len().next_multiple_of(BLOCK), 0.0);
            padded
        };
        Self {
            rows,
            first: sizes.collect(),
            configurations,
            coefficients: padded(coefficients),
            squared_residuals: padded(squared_residuals),
        }
    }

    /// Adds each genotype's sums to `sums`. `codes` has the configurations of all stages of all
    /// genotypes, one genotype after another.
    pub(super) fn add_sums(&self, codes: &[usize], sums: &mut [Sums]) {
        let mut product = [0.0; BLOCK];
        let blocks = self.rows.chunks_exact(self.configurations * BLOCK);
        let blocks = blocks
            .zip(self.coefficients.chunks_exact(BLOCK))
            .zip(self.squared_residuals.chunks_exact(BLOCK));
        for ((rows, coefficients), squared_residuals) in blocks {
            for (codes, sums) in codes.chunks_exact(self.first.len()).zip(sums.iter_mut()) {
                product.fill(1.0);
                for (first, code) in self.first.iter().zip(codes) {
                    let row = &rows[(first + code) * BLOCK..][..BLOCK];
                    product.iter_mut().zip(row).for_each(|(product, factor)| *product *= factor);
                }
                sums.add(&product, coefficients, squared_residuals);
            }
        }
    }
}

impl Sums {
    fn add(&mut self, product: &[f32; BLOCK], coefficients: &[f32], squared_residuals: &[f32]) {
        let mut lanes = [[0.0_f32; LANES]; 3];
        let [value, neighbours, residuals] = &mut lanes;
        let chunks = product
            .chunks_exact(LANES)
            .zip(coefficients.chunks_exact(LANES))
            .zip(squared_residuals.chunks_exact(LANES));
        for ((product, coefficient), residual) in chunks {
            for lane in 0..LANES {
                let mut near = product[lane];
                value[lane] += near * coefficient[lane];
                for _ in 0..SQUARINGS {
                    near *= near;
                }
                neighbours[lane] += near;
                residuals[lane] += near * residual[lane];
            }
        }
        let sum = |lanes: &[f32; LANES]| lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        self.value += sum(value);
        self.neighbours += sum(neighbours);
        self.squared_residuals += sum(residuals);
    }
}
