//! The builds that filled a table, with the conditions under which they measured.

use serde::{Deserialize, Serialize};

use crate::measure::conditions::{Conditions, Disturbance};
use crate::table::{Table, file};

/// A build that filled a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildRecord {
    /// Name of the search space whose blocks were measured.
    pub space: String,
    /// When it was completed, such as `2026-11-23T17:04:05Z`.
    pub date: String,
    /// The conditions of the measurements.
    pub conditions: Conditions,
}

impl BuildRecord {
    /// The signs that other work disturbed it.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        self.conditions.disturbances()
    }
}

/// Which blocks of a space a build measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlocksOf {
    WholeSpace,
    /// Those that the table lacked.
    RestOfSpace,
}

impl Table {
    /// The builds that other work disturbed and whose latencies may be too high: those of the space
    /// with this name if there are any, or those of all spaces.
    pub fn disturbed_builds(&self, space: Option<&str>) -> Vec<&BuildRecord> {
        let of_space = |build: &&BuildRecord| space == Some(&build.space);
        let only_space = self.builds.iter().any(|build| of_space(&build));
        let disturbed = self.builds.iter().filter(|build| !build.disturbances().is_empty());
        disturbed.filter(|build| !only_space || of_space(build)).collect()
    }

    /// Records a build. One of the whole space takes the place of the earlier ones.
    pub(crate) fn record_build(&mut self, space: &str, blocks: BlocksOf, conditions: Conditions) {
        if blocks == BlocksOf::WholeSpace {
            self.builds.retain(|build| build.space != space);
        }
        if !conditions.is_unknown() {
            let (space, date) = (space.to_owned(), file::utc_now());
            self.builds.push(BuildRecord { space, date, conditions });
        }
    }
}
