//! The RON form of a surrogate.

use ndarray::Array2;
use ron::ser::PrettyConfig;
use search_space::{Genotype, SearchSpace};
use serde::{Deserialize, Serialize};

use super::covariance::StageKernel;
use super::stages::Stages;
use super::{Evaluation, SurrogateError};
use crate::gaussian_process::Scale;

pub(super) const FORMAT: u32 = 1;

const HEADER: &str = "\
// A model of accuracy over a search space, made by `nas surrogate fit`. Accuracies are those of the
// data's training schedule: they rank networks. Quality was cross-validated, repeated genotypes in
// one fold; regret_mean and mae are points of per cent.
// networks: (genotype, coefficient, squared residual of leaving it out, standardised)
";

/// The data that a surrogate was fitted to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The name of the data set.
    pub name: String,
    /// The SPDX identifier of its licence.
    pub licence: String,
    /// Which networks it has, and how they were trained.
    pub description: String,
}

impl Data {
    /// Accel-NASBench's ImageNet networks, as [`super::read_table`] reads them.
    pub fn accel_nasbench() -> Self {
        Self {
            name: "Accel-NASBench".into(),
            licence: "Apache-2.0".into(),
            description: "networks of the MnasNet space trained on ImageNet with one shortened \
                          schedule, single seed; top-1 on the validation images"
                .into(),
        }
    }
}

/// Everything that a prediction needs, with its provenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Surrogate", deny_unknown_fields)]
pub(super) struct SurrogateFile {
    pub(super) format: u32,
    pub(super) space: String,
    /// [`SearchSpace::fingerprint`] in hexadecimal.
    pub(super) space_fingerprint: String,
    /// The name and version of the tool that made the fit.
    pub(super) tool: String,
    pub(super) data: Data,
    pub(super) cross_validation: Vec<Evaluation>,
    pub(super) scale: Scale,
    pub(super) stages: Vec<StageKernel>,
    pub(super) networks: Vec<FittedNetwork>,
}

/// The genotype, the coefficient, and the squared leave-one-out residual (standardised).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FittedNetwork(pub(super) String, pub(super) f32, pub(super) f32);

impl FittedNetwork {
    /// The genotype. Invalid digits are skipped; [`Stages::encode`] then finds too few choices.
    pub(super) fn genotype(&self) -> Genotype {
        Genotype(self.0.chars().filter_map(|c| c.to_digit(36)).map(|index| index as u8).collect())
    }
}

pub(super) fn fingerprint(space: &SearchSpace) -> String {
    format!("{:016x}", space.fingerprint())
}

impl SurrogateFile {
    pub(super) fn parse(text: &str) -> Result<Self, SurrogateError> {
        let file: Self = ron::from_str(text).map_err(|error| SurrogateError::Ron {
            line: error.span.start.line,
            message: error.code.to_string(),
        })?;
        if file.format != FORMAT {
            return Err(SurrogateError::value("format", file.format, FORMAT.to_string()));
        }
        Ok(file)
    }

    pub(super) fn write(&self) -> String {
        let config = PrettyConfig::new().depth_limit(2).new_line("\n");
        // RON serialisation can fail only in other implementations of `Serialize` than the derived
        // ones.
        let body = ron::ser::to_string_pretty(self, config).expect("plain structs serialise");
        format!("{HEADER}Surrogate{body}\n")
    }

    pub(super) fn check_space(&self, space: &SearchSpace) -> Result<(), SurrogateError> {
        if self.space == space.name && self.space_fingerprint == fingerprint(space) {
            return Ok(());
        }
        let changed = if self.space == space.name { " with other choices" } else { "" };
        let (fitted_to, wanted) = (self.space.clone(), format!("{}{changed}", space.name));
        Err(SurrogateError::OtherSpace { fitted_to, wanted })
    }

    /// For each stage, the covariances between its configurations.
    pub(super) fn tables(&self, stages: &Stages) -> Result<Vec<Array2<f64>>, SurrogateError> {
        let expected: Vec<usize> = stages.stages.iter().map(|stage| stage.components()).collect();
        let found: Vec<usize> = self.stages.iter().map(|kernel| kernel.weights.len()).collect();
        if found != expected {
            let found = format!("{found:?} weights");
            return Err(SurrogateError::value("stages", found, format!("{expected:?} weights")));
        }
        Ok(self.stages.iter().zip(&stages.stages).map(|(k, stage)| k.table(stage)).collect())
    }
}
