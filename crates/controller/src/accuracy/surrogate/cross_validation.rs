//! Cross-validation: the quality on networks that a fit has not seen.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use search_space::{Genotype, SearchSpace};

use super::{Evaluation, Row, Surrogate, SurrogateError, evaluate, fit_once};

/// Evaluates `folds` fits, hyper-parameters included, each on the fold that it left out. Rows of
/// one genotype are in one fold.
///
/// # Errors
/// As [`super::fit`].
pub fn cross_validate(
    space: &SearchSpace,
    rows: &[Row],
    folds: usize,
    seed: u64,
) -> Result<Vec<Evaluation>, SurrogateError> {
    let distinct: BTreeSet<&Genotype> = rows.iter().map(|row| &row.genotype).collect();
    let mut distinct: Vec<&Genotype> = distinct.into_iter().collect();
    distinct.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    (0..folds)
        .into_par_iter()
        .map(|fold| {
            let left_out: BTreeSet<_> = distinct.iter().skip(fold).step_by(folds).collect();
            let (test, train): (Vec<Row>, Vec<Row>) =
                rows.iter().cloned().partition(|row| left_out.contains(&&row.genotype));
            let surrogate = Surrogate::from_file(fit_once(space, &train)?, space)?;
            evaluate(&surrogate, &test)
        })
        .collect()
}
