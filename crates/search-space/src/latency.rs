//! The interface between searches and whatever predicts or measures latency.

use crate::measured_latency::MeasuredLatency;
use crate::network::Network;

/// A latency that could not be predicted or measured.
#[derive(Debug, thiserror::Error)]
#[error("latency of {network}: {message}")]
pub struct LatencyError {
    /// Name of the network.
    pub network: String,
    /// The error message of the source.
    pub message: String,
}

/// Latencies of networks on the target device of a search, in milliseconds.
pub trait LatencySource: Sync {
    /// Predicts the latency of a network from latencies of blocks that were measured before.
    ///
    /// # Errors
    /// The latency of a block is unknown. It is never guessed.
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError>;

    /// Measures the whole network on the device and returns the median latency.
    ///
    /// # Errors
    /// The device cannot run the network.
    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError>;

    /// Measures the whole network on the device. Sources that know more than the median should tell
    /// it; the median must be that of [`LatencySource::measure_ms`].
    ///
    /// # Errors
    /// The device cannot run the network.
    fn measure(&self, network: &Network) -> Result<MeasuredLatency, LatencyError> {
        Ok(MeasuredLatency::of_median(self.measure_ms(network)?))
    }

    /// Measures the latency of a network as a ratio to that of another one. Sources whose
    /// measurements are disturbed now and then should measure the two in turns.
    ///
    /// # Errors
    /// The device cannot run one of the networks.
    fn measure_ratio(&self, network: &Network, other: &Network) -> Result<f64, LatencyError> {
        Ok(self.measure_ms(network)? / self.measure_ms(other)?)
    }
}
