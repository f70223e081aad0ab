//! Validations in the file of a table, at most one for each space.

use crate::table::Table;
use crate::table::device_table::DeviceTable;
use crate::table::file::FileError;
use crate::table::validate::Validation;

impl Table {
    /// The latest validation with networks of the space of this name.
    pub fn validation(&self, space: &str) -> Option<&Validation> {
        self.validations.iter().find(|validation| validation.space == space)
    }

    /// Keeps a validation in the place of an earlier one with networks of the same space.
    pub fn record_validation(&mut self, validation: Validation) {
        self.validations.retain(|other| other.space != validation.space);
        self.validations.push(validation);
    }

    /// When blocks of the space of a validation were measured again after it, so that it tells about
    /// other latencies than those that the table has.
    pub fn built_since(&self, validation: &Validation) -> Option<&str> {
        let dates = self.builds.iter().filter(|build| build.space == validation.space);
        // Dates in this form are in the order of their texts.
        dates.map(|build| build.date.as_str()).max().filter(|date| *date > validation.date.as_str())
    }

    /// Whether the table has an anchor of whose blocks it knows the latencies, so that the level can
    /// be read.
    pub fn has_usable_anchors(&self) -> bool {
        self.anchors.iter().any(|anchor| self.predict_ms(&anchor.network).is_ok())
    }
}

impl DeviceTable {
    /// Adds a validation to the table and to its file, as this is now: it may have changed since the
    /// table was opened.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn save_validation(&mut self, validation: Validation) -> Result<(), FileError> {
        if let Some(table) = Table::load(&self.path)? {
            self.table = table;
        }
        self.table.record_validation(validation);
        self.table.save(&self.path)
    }
}

/// Reads validations from a file and checks them.
pub(crate) mod list {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::Validation;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Validation>, D::Error> {
        let validations = Vec::<Validation>::deserialize(deserializer)?;
        for (place, validation) in validations.iter().enumerate() {
            let Validation { space, levels, as_predicted, shape, .. } = validation;
            let at =
                |message: &str| Err(D::Error::custom(format!("validation of {space}: {message}")));
            if validations[..place].iter().any(|other| other.space == *space) {
                return at("found twice; expected: once");
            }
            let errors = [Some(*as_predicted), Some(*shape), validation.repeat_floor];
            let is_plausible = |errors: crate::table::validate::errors::Errors| {
                let numbers = [errors.bias, errors.mape, errors.worst];
                numbers.iter().all(|number| number.is_finite())
                    && errors.mape >= 0.0
                    && errors.within_5_percent <= errors.within_10_percent
                    && errors.within_10_percent <= errors.count
            };
            if !errors.into_iter().flatten().all(is_plausible) {
                return at(
                    "found impossible errors; expected: finite ones, and shares of at most all",
                );
            }
            if levels.is_empty() || !levels.iter().all(|level| *level > 0.0 && level.is_finite()) {
                return at("found impossible levels; expected: at least one, all above 0");
            }
        }
        Ok(validations)
    }
}
