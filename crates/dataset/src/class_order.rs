//! A data set with its classes in the order of a network's outputs.

use std::sync::Arc;

use crate::error::DataError;
use crate::load::Dataset;
use crate::samples::Samples;
use crate::store::{Normalisation, Sample};

impl Dataset {
    /// The data set with its classes in the order of `names`. The images stay in their order.
    ///
    /// # Errors
    /// [`DataError::Classes`] if the classes do not have exactly these names.
    pub fn with_class_order(self, names: &[String]) -> Result<Self, DataError> {
        if self.classes == names {
            return Ok(self);
        }
        let without = |names: &[String], other: &[String]| -> Vec<String> {
            names.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let (unknown, missing) = (without(&self.classes, names), without(names, &self.classes));
        if !unknown.is_empty() || !missing.is_empty() {
            return Err(DataError::Classes { unknown, missing });
        }
        let place = |class| names.iter().position(|name| name == class).unwrap_or_default();
        let labels: Vec<u32> = self.classes.iter().map(|class| place(class) as u32).collect();
        let label = |sample: &Sample| Sample { label: labels[sample.label as usize], ..*sample };
        let relabelled = |samples: &Samples| Samples {
            samples: samples.samples.iter().map(label).collect(),
            ..samples.clone()
        };
        Ok(Self { classes: names.to_vec(), ..self.map_splits(relabelled) })
    }

    /// The data set with its images normalised in another way.
    pub fn with_normalisation(self, normalisation: Normalisation) -> Self {
        self.map_splits(|samples| Samples { normalisation, ..samples.clone() })
    }

    fn map_splits(self, change: impl Fn(&Samples) -> Samples) -> Self {
        let change = |samples: &Arc<Samples>| Arc::new(change(samples));
        let Self { train, hold_out, test, .. } = &self;
        let (train, hold_out, test) = (change(train), change(hold_out), change(test));
        Self { train, hold_out, test, ..self }
    }
}
