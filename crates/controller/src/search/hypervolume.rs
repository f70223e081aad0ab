//! The dominated hypervolume of latency and accuracy, updated trial by trial.

/// The area that networks dominate (Zitzler and Thiele 1998), where latency is minimised and
/// accuracy is maximised, up to the reference point at latency [`Hypervolume::reference_ms`] and
/// accuracy 0.
///
/// A network covers every latency from its own to the reference, at every accuracy from 0 to its
/// own. A network that is as slow as the reference or slower covers nothing. The reference is a
/// given latency and not that of a trial, so that the value does not depend on what else is
/// compared.
#[derive(Clone, Debug)]
pub struct Hypervolume {
    reference_ms: f64,
    /// The latencies and accuracies of the front, both strictly increasing.
    front: Vec<(f64, f64)>,
    /// The dominated area, in milliseconds.
    area: f64,
}

impl Hypervolume {
    /// The hypervolume of no networks. `reference_ms` must be positive.
    pub fn new(reference_ms: f64) -> Self {
        Self { reference_ms, front: Vec::new(), area: 0.0 }
    }

    /// The latency of the reference point in milliseconds.
    pub fn reference_ms(&self) -> f64 {
        self.reference_ms
    }

    /// The covered share of the rectangle from 0 ms to the reference and from accuracy 0 to 1.
    pub fn share(&self) -> f64 {
        self.area / self.reference_ms
    }

    /// Adds a network, whose latency and accuracy must not be negative. Only the part of the front
    /// that it replaces is visited.
    pub fn add(&mut self, latency_ms: f64, accuracy: f64) {
        let not_slower = self.front.partition_point(|point| point.0 <= latency_ms);
        let reached = self.front[..not_slower].last().map_or(0.0, |point| point.1);
        if latency_ms >= self.reference_ms || accuracy <= reached {
            return;
        }
        let start = self.front.partition_point(|point| point.0 < latency_ms);
        let beaten = self.front[start..].partition_point(|point| point.1 <= accuracy);
        let end = start + beaten;
        // The points of the front that the new one dominates, from left to right.
        let mut left_ms = latency_ms;
        let mut height = self.front[..start].last().map_or(0.0, |point| point.1);
        for &(step_ms, step_accuracy) in &self.front[start..end] {
            self.area += (step_ms - left_ms) * (accuracy - height);
            (left_ms, height) = (step_ms, step_accuracy);
        }
        let right_ms = self.front.get(end).map_or(self.reference_ms, |point| point.0);
        self.area += (right_ms - left_ms) * (accuracy - height);
        self.front.splice(start..end, [(latency_ms, accuracy)]);
    }
}
