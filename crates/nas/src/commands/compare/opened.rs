//! A study that the user named.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::study::{StudyPoint, StudyPoints, StudySettings, read_points};

use crate::exit::bad_input;
use crate::screen::grouped;

/// A study with at least one trial.
pub(super) struct Opened {
    /// As the user named it.
    pub(super) path: PathBuf,
    pub(super) settings: StudySettings,
    pub(super) points: Vec<StudyPoint>,
}

/// What accuracy is compared under: a latency in milliseconds, or nothing where accuracy alone was
/// searched.
pub(super) type TargetMs = Option<f64>;

impl Opened {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let StudyPoints { settings, points } =
            read_points(path).map_err(|error| bad_input("STUDY", error))?;
        if points.is_empty() {
            return Err(bad_input(path.display(), "no trials there yet"));
        }
        Ok(Self { path: path.to_path_buf(), settings, points })
    }

    /// The value of a setting; nothing for one that the study does not have.
    pub(super) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// In the order of the settings; nothing where accuracy alone was searched.
    pub(super) fn targets(&self) -> Result<Vec<TargetMs>> {
        match self.settings.contains_key("target_ms") {
            true => Ok(self.numbers("target_ms")?.into_iter().map(Some).collect()),
            false => Ok(vec![None]),
        }
    }

    /// The best accuracy there is for a target, where the study's accuracy source knows it.
    pub(super) fn optimum(&self, target: TargetMs) -> Result<Option<f64>> {
        if !self.settings.contains_key("optimum") {
            return Ok(None);
        }
        let (targets, optima) = (self.targets()?, self.numbers("optimum")?);
        if targets.len() != optima.len() {
            let message =
                format!("found {} values of optimum; allowed: one a target", optima.len());
            return Err(bad_input(self.path.display(), message));
        }
        Ok(targets.iter().position(|&other| other == target).map(|index| optima[index]))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let number = |text: &str| {
            text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0).ok_or_else(
                || {
                    let message = format!("found {text} in its {name}; allowed: numbers above 0");
                    bad_input(self.path.display(), message)
                },
            )
        };
        self.setting(name).split(',').map(number).collect()
    }

    /// Says how far a study is that holds fewer trials than it was made for.
    pub(super) fn unfinished(&self) -> Option<String> {
        let samples: usize = self.setting("samples").parse().ok()?;
        let (path, trials) = (self.path.display(), grouped(self.points.len()));
        (self.points.len() < samples).then(|| {
            format!("{path}: {trials} of {} trials, compared as far as it is", grouped(samples))
        })
    }
}
