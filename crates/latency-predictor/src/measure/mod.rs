//! Measuring networks and their blocks on the undisturbed device.

mod clocked_copy;
pub(crate) mod conditions;
mod core_probe;
mod in_context;
pub(crate) mod lock;
pub(crate) mod meter;
mod pin;
pub(crate) mod processor_time;
pub(crate) mod quantiles;
pub(crate) mod relative_latency;
pub(crate) mod runs;
mod sampled_runs;
pub(crate) mod sampling;
pub(crate) mod speed;
mod undisturbed;
