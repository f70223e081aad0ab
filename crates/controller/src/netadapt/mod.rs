//! NetAdapt, in the variant of MobileNetV3 (section 4.2), adapts a seed network with its weights to
//! a target latency. Each iteration narrows one axis of the network: of all proposals that save
//! enough latency, each of which is trained for a while, it keeps the one that loses the least
//! accuracy for the latency saved.

mod adapt;
mod baseline;
mod choose;
mod cost;
mod csv;
mod error;
mod files;
mod final_trainings;
mod halving;
mod hold_out;
mod latencies;
mod latency_record;
mod manifest;
mod problem;
mod schedule;
mod store;
mod target;
mod tune;
mod work;

pub use adapt::{adapt, path};
pub use baseline::{Baseline, baseline};
pub use choose::{Metric, Saving, ranked};
pub use cost::AdaptCost;
pub use csv::{latency_records_csv, proposals_csv, trajectory_csv};
pub use error::AdaptError;
pub use files::AdaptFiles;
pub use final_trainings::{FINE_TUNING_RATE, FinalTrainings};
pub use hold_out::HoldOutEvaluation;
pub use latencies::Latencies;
pub use latency_record::{LatencyKind, LatencyRecord, read_latency_records};
pub use manifest::{AdaptManifest, LatenciesId};
pub use problem::{AdaptSettings, Adapted, Event, NetAdapt, OnEvent};
pub use schedule::Schedule;
pub use store::{Adaptation, EvaluatedProposal, FILE_NAME, Iteration};
pub use target::{AdaptTarget, check_reduction};
pub use tune::fine_tuning;
pub use work::AdaptWork;
