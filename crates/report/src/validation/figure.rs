//! The data of a validation figure.

use crate::error::ReportError;
use crate::point::check_latency;

/// A network with its predicted latency and its measurements.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValidatedNetwork {
    /// Predicted latency in milliseconds.
    pub predicted_ms: f64,
    /// Measured latency in milliseconds: the position of its mark.
    pub measured_ms: f64,
    /// The shortest and the longest measurement in milliseconds, between which a line is drawn;
    /// `None` if there is one measurement.
    pub range_ms: Option<[f64; 2]>,
}

/// Predicted against measured latencies on logarithmic axes, and the errors of the predictions below.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValidationFigure {
    /// The title, cut after two lines.
    pub title: String,
    /// The sources of the latencies, and the device. Cut after three lines.
    pub footnote: String,
    /// The networks.
    pub networks: Vec<ValidatedNetwork>,
}

pub(super) fn check(figure: &ValidationFigure) -> Result<(), ReportError> {
    for (index, network) in figure.networks.iter().enumerate() {
        let ValidatedNetwork { predicted_ms, measured_ms, range_ms } = network;
        let [low, high] = range_ms.unwrap_or([*measured_ms; 2]);
        let named = [
            ("predicted_ms", *predicted_ms),
            ("measured_ms", *measured_ms),
            ("range_ms[0]", low),
            ("range_ms[1]", high),
        ];
        for (name, found) in named {
            check_latency(|| format!("{name} of networks[{index}]"), found)?;
        }
    }
    Ok(())
}
