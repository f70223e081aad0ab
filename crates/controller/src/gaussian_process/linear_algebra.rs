//! Blocked Cholesky factorisation, in which nearly all work is matrix products.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayViewMut2, s};

use super::RegressionError;

const BLOCK: usize = 64;

/// The inverse of the lower Cholesky factor of a symmetric matrix A: A^-1 = X^T X.
pub(crate) struct InverseFactor(Array2<f64>);

impl InverseFactor {
    /// Factorises `matrix`, of which only the lower triangle is read.
    ///
    /// # Errors
    /// Returns an error if the matrix is not positive definite.
    pub(crate) fn new(mut matrix: Array2<f64>) -> Result<Self, RegressionError> {
        let n = matrix.nrows();
        let mut inverse = Array2::zeros((n, n));
        for start in (0..n).step_by(BLOCK) {
            let end = (start + BLOCK).min(n);
            let (done, mut rest) = matrix.view_mut().split_at(ndarray::Axis(1), start);
            let mut column = rest.slice_mut(s![start.., ..end - start]);
            let top = done.slice(s![start..end, ..]);
            general_mat_mul(-1.0, &done.slice(s![start.., ..]), &top.t(), 1.0, &mut column);
            let (mut diagonal, mut below) = column.split_at(ndarray::Axis(0), end - start);
            let inverse_diagonal = factor_small(&mut diagonal)?;
            let panel = below.dot(&inverse_diagonal.t());
            below.assign(&panel);

            // The rows of X that belong to this block: -X_kk L[k, ..k] X[..k, ..k], then X_kk.
            let (above, mut rows) = inverse.view_mut().split_at(ndarray::Axis(0), start);
            let scaled = inverse_diagonal.dot(&top);
            let mut left = rows.slice_mut(s![..end - start, ..start]);
            general_mat_mul(-1.0, &scaled, &above.slice(s![.., ..start]), 0.0, &mut left);
            rows.slice_mut(s![..end - start, start..end]).assign(&inverse_diagonal);
        }
        Ok(Self(inverse))
    }

    /// Returns A^-1 v.
    pub(crate) fn solve(&self, vector: &Array1<f64>) -> Array1<f64> {
        self.0.t().dot(&self.0.dot(vector))
    }

    /// Returns X M. The sums of the squares of its columns are the diagonal of M^T A^-1 M.
    pub(crate) fn times(&self, matrix: &Array2<f64>) -> Array2<f64> {
        self.0.dot(matrix)
    }

    /// Returns A^-1.
    pub(crate) fn inverse(&self) -> Array2<f64> {
        self.0.t().dot(&self.0)
    }

    /// The diagonal of A^-1.
    pub(crate) fn inverse_diagonal(&self) -> Array1<f64> {
        let mut sums = Array1::zeros(self.0.ncols());
        for row in self.0.rows() {
            sums.zip_mut_with(&row, |sum: &mut f64, x| *sum += x * x);
        }
        sums
    }

    /// Returns ln det A.
    pub(crate) fn ln_determinant(&self) -> f64 {
        -2.0 * self.0.diag().iter().map(|x| x.ln()).sum::<f64>()
    }
}

/// Replaces the lower triangle of a small matrix by its Cholesky factor and returns the inverse of
/// the factor.
fn factor_small(matrix: &mut ArrayViewMut2<f64>) -> Result<Array2<f64>, RegressionError> {
    let n = matrix.nrows();
    let mut inverse = Array2::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let product: f64 = (0..j).map(|k| matrix[[i, k]] * matrix[[j, k]]).sum();
            let rest = matrix[[i, j]] - product;
            if i > j {
                matrix[[i, j]] = rest / matrix[[j, j]];
            } else if rest > 0.0 {
                matrix[[i, i]] = rest.sqrt();
            } else {
                return Err(RegressionError::NotPositiveDefinite);
            }
        }
        inverse[[i, i]] = 1.0 / matrix[[i, i]];
        for j in 0..i {
            let product: f64 = (j..i).map(|k| matrix[[i, k]] * inverse[[k, j]]).sum();
            inverse[[i, j]] = -product / matrix[[i, i]];
        }
    }
    Ok(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_times_matrix_is_identity() {
        // Less than one block, exactly two blocks, and a last block that is not full.
        for n in [1, 7, 128, 150] {
            let root = Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * 3) % 11) as f64 / 11.0);
            let matrix = root.dot(&root.t()) + Array2::<f64>::eye(n);
            let factor = InverseFactor::new(matrix.clone()).unwrap();
            let error = factor.inverse().dot(&matrix) - Array2::<f64>::eye(n);
            assert!(error.iter().all(|e| e.abs() < 1e-8), "{n}");
            let inverse = factor.inverse();
            let difference = factor.inverse_diagonal() - inverse.diag();
            assert!(difference.iter().all(|d| d.abs() < 1e-10), "{n}");
            let solved = matrix.dot(&factor.solve(&root.column(0).to_owned()));
            assert!((solved - root.column(0)).iter().all(|d| d.abs() < 1e-8), "{n}");
            let half = factor.times(&root);
            let error = half.t().dot(&half) - root.t().dot(&inverse).dot(&root);
            assert!(error.iter().all(|e| e.abs() < 1e-8), "{n}");
        }
        // det [[4, 2], [2, 3]] = 8.
        let small = InverseFactor::new(ndarray::array![[4.0, 2.0], [2.0, 3.0]]).unwrap();
        assert!((small.ln_determinant() - 8.0_f64.ln()).abs() < 1e-12);
        assert!(InverseFactor::new(ndarray::array![[1.0, 2.0], [2.0, 1.0]]).is_err());
    }
}
