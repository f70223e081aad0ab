//! A model of ImageNet top-1 accuracy over a search space, fitted to trained networks.
//!
//! The model is a Gaussian process on -ln(ceiling - accuracy) with Student-t noise. Its covariance
//! is the product over the stages of floor + (1 - floor) exp(-1/2 distance), where the distance
//! between two configurations of a stage is a weighted sum over its choices, its MACs and its
//! parameters. The covariance thus needs no features of whole networks, and a prediction is an
//! elementwise product of one row per stage, which is looked up, and a dot product. The standard
//! error is the root mean square of the leave-one-out residuals of the nearest fitted networks.
//!
//! Accuracies are those of the data's training schedule. For Accel-NASBench this is a shortened one
//! (43 to 67 %), which ranks networks but does not predict the accuracy after full training.

mod covariance;
mod cross_validation;
mod error;
mod evaluation;
mod file;
mod predictor;
mod regression;
mod stages;
mod table;

use search_space::{Genotype, SearchSpace};

use self::file::{FORMAT, FittedNetwork, SurrogateFile};
use self::predictor::{Predictor, Sums};
use self::regression::regress;
use self::stages::Stages;

pub use self::cross_validation::cross_validate;
pub use self::error::SurrogateError;
pub use self::evaluation::{Evaluation, evaluate};
pub use self::file::Data;
pub use self::table::{Row, read_table};

/// The number of folds of the cross-validation that [`fit`] records: a fold of Accel-NASBench has
/// 1,030 networks.
pub const FOLDS: usize = 4;

/// The maximum number of networks that a surrogate is fitted to: their covariances fill matrices of
/// 2 GiB each.
pub const MAX_NETWORKS: usize = 16_384;

/// A fitted model, bound to its space.
pub struct Surrogate {
    file: SurrogateFile,
    stages: Stages,
    predictor: Predictor,
}

/// The predicted accuracy of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The top-1 accuracy after the data's training schedule, a fraction.
    pub accuracy: f64,
    /// The standard error of one training run's accuracy, a fraction.
    pub standard_error: f64,
}

/// Fits a surrogate and cross-validates it. On one machine, the same rows give the same bits.
///
/// # Errors
/// Returns an error if a genotype belongs to another space, if all accuracies are the same, if
/// there are fewer rows than the evaluation of each fold needs, or more than [`MAX_NETWORKS`].
pub fn fit(space: &SearchSpace, rows: &[Row], data: Data) -> Result<Surrogate, SurrogateError> {
    if rows.len() > MAX_NETWORKS {
        let found = format!("{} networks", rows.len());
        return Err(SurrogateError::value("rows", found, format!("at most {MAX_NETWORKS}")));
    }
    let cross_validation = cross_validate(space, rows, FOLDS, 0)?;
    let file = SurrogateFile { data, cross_validation, ..fit_once(space, rows)? };
    Surrogate::from_file(file, space)
}

/// Fits a surrogate without cross-validation.
fn fit_once(space: &SearchSpace, rows: &[Row]) -> Result<SurrogateFile, SurrogateError> {
    let stages = Stages::new(space)?;
    let codes: Vec<_> =
        rows.iter().map(|row| stages.encode(&row.genotype)).collect::<Result<_, _>>()?;
    let accuracies: Vec<f64> = rows.iter().map(|row| row.accuracy).collect();
    let regression = regress(&stages, &codes, &accuracies)?;
    let fitted = rows.iter().zip(&regression.coefficients).zip(&regression.squared_residuals);
    let networks = fitted.map(|((row, &coefficient), &residual)| {
        FittedNetwork(row.genotype.to_string(), coefficient as f32, residual as f32)
    });
    Ok(SurrogateFile {
        format: FORMAT,
        space: space.name.clone(),
        space_fingerprint: file::fingerprint(space),
        tool: concat!("nas ", env!("CARGO_PKG_VERSION")).into(),
        data: Data::default(),
        cross_validation: Vec::new(),
        scale: regression.scale,
        stages: regression.covariance.stages,
        networks: networks.collect(),
    })
}

impl Surrogate {
    /// The surrogate that comes with the tool: for `mnasnet`, fitted to Accel-NASBench's ImageNet
    /// table.
    ///
    /// # Errors
    /// Returns an error if `space` is another one.
    pub fn shipped(space: &SearchSpace) -> Result<Self, SurrogateError> {
        Self::from_ron(include_str!("../../../../../search_spaces/mnasnet.surrogate.ron"), space)
    }

    /// Parses the text of a surrogate file and binds it to `space`.
    ///
    /// # Errors
    /// Returns an error if the RON syntax or types are invalid, naming the line, if the surrogate
    /// belongs to another space, or if its values do not fit the space.
    pub fn from_ron(text: &str, space: &SearchSpace) -> Result<Self, SurrogateError> {
        Self::from_file(SurrogateFile::parse(text)?, space)
    }

    fn from_file(file: SurrogateFile, space: &SearchSpace) -> Result<Self, SurrogateError> {
        file.check_space(space)?;
        let stages = Stages::new(space)?;
        let tables = file.tables(&stages)?;
        let mut codes = Vec::new();
        for network in &file.networks {
            codes.push(stages.encode(&network.genotype())?);
        }
        let column = |value: fn(&FittedNetwork) -> f32| -> Vec<f64> {
            file.networks.iter().map(|network| f64::from(value(network))).collect()
        };
        let predictor =
            Predictor::new(&tables, &codes, &column(|network| network.1), &column(|n| n.2));
        Ok(Self { file, stages, predictor })
    }

    /// The text of a surrogate file, from which [`Surrogate::from_ron`] restores the same
    /// predictions.
    pub fn to_ron(&self) -> String {
        self.file.write()
    }

    /// The data that the model was fitted to.
    pub fn data(&self) -> &Data {
        &self.file.data
    }

    /// The quality on networks that a fit had not seen, fold by fold.
    pub fn cross_validation(&self) -> &[Evaluation] {
        &self.file.cross_validation
    }

    /// The accuracy of a network.
    ///
    /// # Errors
    /// Returns an error if a genotype belongs to another space.
    pub fn predict(&self, genotype: &Genotype) -> Result<Prediction, SurrogateError> {
        let codes = self.stages.encode(genotype)?;
        let mut sums = Sums::default();
        self.predictor.add_sums(&codes, std::slice::from_mut(&mut sums));
        Ok(self.prediction(&sums))
    }

    /// [`Surrogate::predict`] for many genotypes, in order. Each takes less time than with a call
    /// of its own.
    ///
    /// # Errors
    /// Returns an error if a genotype belongs to another space.
    pub fn predict_batch<'a>(
        &self,
        genotypes: impl IntoIterator<Item = &'a Genotype>,
    ) -> Result<Vec<Prediction>, SurrogateError> {
        let mut codes = Vec::new();
        for genotype in genotypes {
            codes.extend(self.stages.encode(genotype)?);
        }
        let mut sums = vec![Sums::default(); codes.len() / self.stages.stages.len()];
        self.predictor.add_sums(&codes, &mut sums);
        Ok(sums.iter().map(|sums| self.prediction(sums)).collect())
    }

    fn prediction(&self, sums: &Sums) -> Prediction {
        let (accuracy, standard_error) = self.file.scale.accuracy(sums.value(), sums.deviation());
        Prediction { accuracy, standard_error }
    }
}
