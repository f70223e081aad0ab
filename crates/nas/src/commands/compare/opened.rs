//! A study that the user named.

use std::path::{Path, PathBuf};

use anyhow::Result;
use controller::study::{Manifest, StudyPoint, StudyPoints, StudySettings, read_points};

use crate::exit::bad_input;
use crate::screen::grouped;

/// A study with at least one trial.
pub(super) struct Opened {
    /// As the user named it.
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
    /// The manifest as texts.
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
        let bad = |error| bad_input(path.display(), error);
        let manifest = Manifest::from_settings(&settings).map_err(bad)?;
        Ok(Self { path: path.to_path_buf(), manifest, settings, points })
    }

    /// Says how far a study is that holds fewer trials than it was made for.
    pub(super) fn unfinished(&self) -> Option<String> {
        let samples = self.manifest.samples;
        let (path, trials) = (self.path.display(), grouped(self.points.len()));
        (self.points.len() < samples).then(|| {
            format!("{path}: {trials} of {} trials, compared as far as it is", grouped(samples))
        })
    }
}
