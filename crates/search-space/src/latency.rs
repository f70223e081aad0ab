//! How a search sees latency, whatever measures it.

use crate::network::Network;

/// Why a latency could not be had.
#[derive(Debug, thiserror::Error)]
#[error("latency of {network}: {message}")]
pub struct LatencyError {
    /// The network's name.
    pub network: String,
    /// What went wrong, as the source says it.
    pub message: String,
}

/// Latencies of networks on the device that a search is for, in milliseconds.
pub trait LatencySource: Sync {
    /// Predicts from blocks measured before.
    ///
    /// # Errors
    /// A block that was never measured: no number is invented.
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError>;

    /// Measures the whole network on the device: its median.
    ///
    /// # Errors
    /// The device cannot run it.
    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError>;

    /// Measures the latency of a network as a ratio to that of another one. A source that is disturbed
    /// now and then measures both in turns.
    ///
    /// # Errors
    /// The device cannot run one of them.
    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        Ok(self.measure_ms(network)? / self.measure_ms(other)?)
    }
}
