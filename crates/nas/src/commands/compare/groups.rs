//! Groups of studies with their labels.

use controller::study::{ComparableStudy, StudyGroup};

use crate::screen::grouped;

/// What accuracy is compared under: a latency in milliseconds, or nothing where accuracy alone was
/// searched for.
pub(super) type TargetMs = Option<f64>;

/// Studies of one search with different seeds.
pub(super) struct Group {
    /// The settings in which the groups differ.
    pub(super) label: String,
    pub(super) studies: Vec<ComparableStudy>,
}

impl From<StudyGroup> for Group {
    fn from(StudyGroup { differing, studies }: StudyGroup) -> Self {
        let texts = differing.iter().map(|(name, value)| text(name, value));
        let mut label = texts.collect::<Vec<_>>().join(", ");
        if label.is_empty() {
            label = studies[0].manifest.algorithm.to_string();
        }
        Self { label, studies }
    }
}

/// A setting as a part of a label.
fn text(name: &str, value: &str) -> String {
    match (name, value) {
        (name, "") => format!("no {name}"),
        ("algorithm" | "reward" | "limits", value) => value.to_owned(),
        ("samples", value) => format!("{} trials", grouped(value)),
        ("target_ms", value) => format!("for {value} ms"),
        (name, value) => format!("{name} {value}"),
    }
}

/// Says how far a study has come that has fewer trials than it was made for.
pub(super) fn unfinished(study: &ComparableStudy) -> Option<String> {
    let samples = study.manifest.samples;
    let (path, trials) = (study.path.display(), grouped(study.points.len()));
    (study.points.len() < samples).then(|| {
        format!("{path}: {trials} of {} trials, compared as far as it has come", grouped(samples))
    })
}
