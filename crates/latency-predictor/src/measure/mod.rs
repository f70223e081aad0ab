//! Measuring networks and their blocks on the undisturbed device.

mod in_context;
pub(crate) mod lock;
pub(crate) mod meter;
mod pin;
pub(crate) mod quantiles;
pub(crate) mod relative_latency;
pub(crate) mod runs;
pub(crate) mod speed;
mod steal;
mod undisturbed;
