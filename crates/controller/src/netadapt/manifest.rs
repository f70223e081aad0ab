//! The manifest of an adaptation: an adaptation is resumed only with the same one.

use search_space::fnv1a;
use training::fit::FitPlan;

use super::choose::Metric;
use super::latency_record::LatencyRecord;
use super::schedule::Schedule;
use super::target::AdaptTarget;
use crate::search::Margin;
use crate::study::StudySettings;

/// Where the latencies of an adaptation come from, identified by its contents.
#[derive(Clone, Debug, PartialEq)]
pub enum LatenciesId<'a> {
    /// A device.
    Device {
        /// The CPU with its instruction sets and caches.
        device: String,
        /// What executes the networks, with its version.
        runtime: String,
        /// The number of threads that run a network.
        threads: usize,
    },
    /// Recorded latencies.
    Replay(&'a [LatencyRecord]),
}

/// What decides the path of an adaptation.
pub struct AdaptManifest<'a> {
    /// The training of the seed, with the data.
    pub training: &'a FitPlan,
    /// The bytes of the seed's weights file; `None` if the seed is trained first.
    pub weights: Option<&'a [u8]>,
    /// The latency to reach.
    pub target: AdaptTarget,
    /// The share of the target by which measured latencies must stay below it.
    pub margin: Margin,
    /// The source of the latencies.
    pub latencies: LatenciesId<'a>,
    /// As in [`AdaptSettings`](super::AdaptSettings).
    pub delta: f64,
    /// As in [`AdaptSettings`](super::AdaptSettings).
    pub decay: f64,
    /// The number of training steps of each proposal.
    pub steps: u64,
    /// The metric by which proposals are ranked.
    pub metric: Metric,
    /// How long which proposals are trained.
    pub schedule: Schedule,
}

impl AdaptManifest<'_> {
    /// The manifest as settings, each of them a human-readable text: those of the seed's training and
    /// those of the adaptation.
    pub fn to_settings(&self) -> StudySettings {
        let target = match self.target {
            AdaptTarget::Ms(ms) => format!("{ms} ms"),
            AdaptTarget::Ratio(ratio) => format!("{ratio} of the seed's"),
        };
        let latencies = match &self.latencies {
            LatenciesId::Device { device, runtime, threads } => {
                format!("{device}, {runtime}, {threads} threads")
            }
            LatenciesId::Replay(records) => format!("replay of {}", hash_of(records)),
        };
        let weights = self.weights.map(|bytes| hash(bytes.iter().copied()));
        let hold_out = &self.training.data.dataset.hold_out;
        let mut settings = self.training.manifest().settings().clone();
        for (name, value) in [
            ("target", target),
            ("margin", self.margin.share().to_string()),
            ("latencies", latencies),
            ("weights", weights.unwrap_or_else(|| "trained first".to_owned())),
            ("delta", self.delta.to_string()),
            ("decay", self.decay.to_string()),
            ("steps", self.steps.to_string()),
            ("metric", self.metric.name().to_owned()),
            ("schedule", self.schedule.name().to_owned()),
            ("hold_out", format!("{:016x}", hold_out.fingerprint())),
        ] {
            settings.insert(name.to_owned(), value);
        }
        settings
    }
}

fn hash(bytes: impl IntoIterator<Item = u8>) -> String {
    format!("{:016x}", fnv1a(bytes))
}

fn hash_of(records: &[LatencyRecord]) -> String {
    hash(records.iter().flat_map(|record| record.key.bytes().chain(record.ms.to_le_bytes())))
}
