//! NetAdapt, in the variant of MobileNetV3 (section 4.2): from a seed with its weights, step by step,
//! to a target latency. Each step narrows one axis of the network; of all proposals that save enough
//! latency, each trained for a while, the one that loses least accuracy for its latency is kept.

mod adapt;
mod baseline;
mod choose;
mod error;
mod halving;
mod judged;
mod latencies;
mod store;
mod tune;

pub use adapt::{AdaptSettings, Adapted, Event, Listener, NetAdapt, adapt, path};
pub use baseline::{Baseline, baseline};
pub use choose::{Metric, ranked};
pub use error::AdaptError;
pub use halving::Schedule;
pub use judged::Judged;
pub use latencies::{Latencies, Reading, Recorded, read_recorded};
pub use store::{Adaptation, FILE_NAME, Step, Tried};
