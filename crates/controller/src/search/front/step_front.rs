//! The Pareto front as a step function: the accuracy that is reached within each latency.

/// The latencies and accuracies of a Pareto front, both strictly increasing.
#[derive(Clone, Debug, Default)]
pub(super) struct StepFront(Vec<(f64, f64)>);

impl StepFront {
    /// The highest accuracy within a latency; `None` if no network is that fast.
    pub(super) fn within(&self, latency_ms: f64) -> Option<f64> {
        let not_slower = self.0.partition_point(|point| point.0 <= latency_ms);
        self.0[..not_slower].last().map(|point| point.1)
    }

    /// Adds a network. Returns by how much it raises the front at its latency; `None` if it does
    /// not.
    pub(super) fn add(&mut self, latency_ms: f64, accuracy: f64) -> Option<f64> {
        let reached = self.within(latency_ms).unwrap_or(0.0);
        if accuracy <= reached {
            return None;
        }
        let start = self.0.partition_point(|point| point.0 < latency_ms);
        let beaten = self.0[start..].partition_point(|point| point.1 <= accuracy);
        self.0.splice(start..start + beaten, [(latency_ms, accuracy)]);
        Some(accuracy - reached)
    }
}
