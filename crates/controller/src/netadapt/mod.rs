//! NetAdapt, in the variant of MobileNetV3 (section 4.2), adapts a seed network with its weights to
//! a target latency. Each iteration narrows one axis of the network: of all proposals that save
//! enough latency, each of which is trained for a while, it keeps the one that loses the least
//! accuracy for the latency saved.

mod adapt;
mod baseline;
mod choose;
mod cost;
mod error;
mod final_trainings;
mod halving;
mod hold_out;
mod latencies;
mod latency_record;
mod problem;
mod schedule;
mod store;
mod target;
mod tune;

pub use adapt::{adapt, path};
pub use baseline::{Baseline, baseline};
pub use choose::{Metric, Saving, ranked};
pub use cost::{AdaptCost, FORWARD_SHARE};
pub use error::AdaptError;
pub use final_trainings::{
    FINE_TUNING_RATE, FinalEvent, FinalRun, FinalTraining, FinalTrainings, train_all,
};
pub use hold_out::HoldOutEvaluation;
pub use latencies::{Latencies, MeasuredNetwork};
pub use latency_record::{
    LatencyKind, LatencyRecord, RUN_COLUMNS, read_latency_records, run_values,
};
pub use problem::{AdaptSettings, Adapted, Event, NetAdapt, OnEvent};
pub use schedule::Schedule;
pub use store::{Adaptation, EvaluatedProposal, FILE_NAME, Iteration};
pub use target::{AdaptTarget, check_reduction};
