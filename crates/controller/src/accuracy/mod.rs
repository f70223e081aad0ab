//! Accuracy sources: a surrogate fitted to trained networks, or a table.

mod architectures;
mod scale;
pub mod surrogate;
mod table;

use search_space::Genotype;

pub use scale::Scale;
pub use table::{AccuracyTable, Known, TableColumns};

/// An accuracy with its uncertainty, both fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The accuracy.
    pub accuracy: f64,
    /// The standard error of the accuracy.
    pub standard_error: f64,
}

/// The source of accuracies.
#[derive(Clone, Copy)]
pub enum AccuracySource<'a> {
    /// A model that estimates every genotype.
    Model(&'a (dyn Fn(&Genotype) -> Estimate + Sync)),
    /// A table; genotypes that it lacks are not proposed.
    Table(&'a AccuracyTable),
}
