//! Accuracy sources, reward, search algorithms, NetAdapt, and the stores of studies and adaptations.

#![warn(clippy::unwrap_used)]

pub mod accuracy_table;
pub mod algorithm;
pub mod comparison;
pub mod csv_file;
mod database;
mod descent;
pub mod elasticity;
pub mod hypervolume;
pub mod limits;
pub mod netadapt;
pub mod pareto;
mod phase;
pub mod problem;
pub mod random;
pub mod range;
pub mod reward;
pub mod search;
pub mod side_by_side;
pub mod statistics;
pub mod study;
pub mod surrogate;
pub mod trial;
pub mod winner;

pub use accuracy_table::{AccuracyTable, Scale, TableColumns};
pub use algorithm::{Algorithm, Searcher};
pub use comparison::Band;
pub use csv_file::CsvError;
pub use elasticity::{Elasticity, elasticity};
pub use hypervolume::Hypervolume;
pub use limits::{Cost, LimitError, Limits};
pub use pareto::{best_curve, pareto_front};
pub use problem::{AccuracySource, Candidate, LatencyOf, Problem};
pub use range::{Binding, Range, least_cost, range};
pub use reward::{Exponent, Reward, RewardError, Target};
pub use search::{Goal, SearchError, SearchSettings, random_comparison, search};
pub use side_by_side::{Caller, side_by_side};
pub use study::{Study, StudyError, StudySettings};
pub use trial::{Estimate, Half, Trial};
pub use winner::Winner;
