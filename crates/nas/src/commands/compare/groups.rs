//! Groups of studies and their labels.

use controller::study::{ComparableStudy, StudyGroup};

use crate::screen::grouped;

/// The target latency in milliseconds; `None` for searches that maximise accuracy alone.
pub(super) type TargetMs = Option<f64>;

/// Studies of the same search with different seeds.
pub(super) struct Group {
    /// The settings in which the groups differ.
    pub(super) label: String,
    pub(super) search: StudyGroup,
}

impl From<StudyGroup> for Group {
    fn from(search: StudyGroup) -> Self {
        let texts = search.differing.iter().map(|(name, value)| text(name, value));
        let mut label = texts.collect::<Vec<_>>().join(", ");
        if label.is_empty() {
            label = search.studies[0].manifest.algorithm.to_string();
        }
        Self { label, search }
    }
}

/// A setting as a part of a label.
fn text(name: &str, value: &str) -> String {
    match (name, value) {
        (name, "") => format!("no {name}"),
        ("algorithm" | "reward" | "limits", value) => value.to_owned(),
        ("samples", value) => {
            let totals: Vec<String> = value.split(',').map(grouped).collect();
            format!("{} trials", totals.join(" extended to "))
        }
        ("target_ms", value) => format!("for {value} ms"),
        (name, value) => format!("{name} {value}"),
    }
}

/// A note on a study that has fewer trials than its search is to have.
pub(super) fn unfinished(study: &ComparableStudy) -> Option<String> {
    let samples = study.manifest.samples;
    let (path, trials) = (study.path.display(), grouped(study.points.len()));
    (study.points.len() < samples)
        .then(|| format!("{path}: {trials} of {} trials so far", grouped(samples)))
}
