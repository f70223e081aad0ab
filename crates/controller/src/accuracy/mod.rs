//! Where accuracies come from: a surrogate fitted to trained networks, or a table.

pub mod surrogate;
mod table;

use search_space::Genotype;

pub use table::{AccuracyTable, Known, Scale, TableColumns};

/// An accuracy with its uncertainty, both fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The accuracy.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Where accuracies come from.
#[derive(Clone, Copy)]
pub enum AccuracySource<'a> {
    /// A model that knows every genotype.
    Model(&'a (dyn Fn(&Genotype) -> Estimate + Sync)),
    /// A table: what it lacks is not proposed.
    Table(&'a AccuracyTable),
}
