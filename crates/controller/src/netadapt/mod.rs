//! NetAdapt, in the variant of MobileNetV3 (section 4.2): from a seed with its weights, iteration
//! by iteration, to a target latency. Each iteration narrows one axis of the network; of all proposals
//! that save enough latency, each trained for a while, the one that loses least accuracy for its latency is kept.

mod adapt;
mod baseline;
mod choose;
mod error;
mod halving;
mod hold_out;
mod latencies;
mod store;
mod tune;

pub use adapt::{AdaptSettings, Adapted, Event, NetAdapt, OnEvent, adapt, path};
pub use baseline::{Baseline, baseline};
pub use choose::{Metric, ranked};
pub use error::AdaptError;
pub use halving::Schedule;
pub use hold_out::HoldOutEvaluation;
pub use latencies::{Latencies, Reading, Recorded, read_recorded};
pub use store::{Adaptation, EvaluatedProposal, FILE_NAME, Iteration};
