//! Covariances with all fitted networks at once, in single precision.

use ndarray::Array2;

/// Fitted networks that are worked on together: the buffer stays in the first-level cache, and the
/// rows of a block in the second-level one, for all genotypes of a batch.
const BLOCK: usize = 256;
/// Sums are kept apart by lane so that they vectorise.
const LANES: usize = 16;
/// The similarity of networks as neighbours is the stages' product to the power 2^5: an average of
/// squared residuals then counts about a hundred neighbours of four thousand. Less and it is the same
/// everywhere; 2^6 leaves some networks without neighbours.
const SQUARINGS: usize = 5;
/// What a priori is known of the squared error: that of the mean accuracy, as of this many neighbours.
const PRIOR_NEIGHBOURS: f64 = 0.1;

/// Tables' rows by block, and what is summed with them.
pub(super) struct Predictor {
    /// `[block][configuration of any stage][network of the block]`.
    rows: Vec<f32>,
    /// Index of each stage's first configuration.
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
    /// Standardised prediction.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// Standard error of the prediction: root mean square of the neighbours' residuals, wider where
    /// there are few.
    pub(super) fn deviation(&self) -> f64 {
        let total = self.squared_residuals + PRIOR_NEIGHBOURS;
        (total / (self.neighbours + PRIOR_NEIGHBOURS)).sqrt()
    }
}

impl Predictor {
    /// `codes`: `[network][stage]`.
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

    /// Adds each genotype's sums to `sums`. `codes`: the configurations of all stages of all
    /// genotypes, one after another.
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
