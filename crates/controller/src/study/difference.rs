//! The settings in which a study differs from the one that is asked for.

use std::fmt::{self, Display, Formatter};

use super::database::StudySettings;
use super::manifest::SAMPLES;

/// The settings that are compared first, in this order: others follow from them.
const FIRST: [&str; 7] = ["space", "accuracy", "target_ms", "maximize", "reward", "limits", "seed"];
/// The setting that follows from the others: the best accuracy that a table has for each target.
const OPTIMUM: &str = "optimum";

/// A setting with its values in a study and as they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingDifference {
    /// The name of the setting.
    pub name: String,
    /// The value in the study; empty if it lacks the setting.
    pub stored: String,
    /// The value that is asked for; empty if there is none.
    pub wanted: String,
}

/// The first setting that differs. Having more trials is no difference, and neither is the optimum.
pub(super) fn difference(
    stored: &StudySettings,
    wanted: &StudySettings,
) -> Option<SettingDifference> {
    let names = FIRST.into_iter().chain(stored.keys().chain(wanted.keys()).map(String::as_str));
    let differs = |name: &&str| match (stored.get(*name), wanted.get(*name)) {
        (Some(stored), Some(wanted)) if *name == SAMPLES => {
            stored != wanted && !wanted.starts_with(&format!("{stored},"))
        }
        (stored, wanted) => *name != OPTIMUM && stored != wanted,
    };
    let name = names.into_iter().find(differs)?;
    let text = |settings: &StudySettings| settings.get(name).cloned().unwrap_or_default();
    Some(SettingDifference { name: name.to_owned(), stored: text(stored), wanted: text(wanted) })
}

impl Display for SettingDifference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, unit) = match self.name.as_str() {
            "target_ms" => ("target", " ms"),
            "maximize" => ("objective", ""),
            name => (name, ""),
        };
        let value = |text: &str| match text {
            "" => "none".to_owned(),
            text => format!("{}{unit}", text.replace(',', ", ").replace(",  ", ", ")),
        };
        write!(f, "{name} is {}, not {}", value(&self.stored), value(&self.wanted))
    }
}
