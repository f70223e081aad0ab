//! Weights files: safetensors files with the network in their metadata.

use search_space::{Network, Weights, fnv1a};

use crate::error::TrainingError;
use crate::fit::{TrainingVariant, stem_stride};
use crate::tensor_file::{read_safetensors, write_safetensors};
use crate::tensors::{TensorSpec, Tensors, assemble, flat, tensor_specs};

/// The metadata key of the network, which is stored as RON.
const NETWORK: &str = "network";

/// Which resolution and stem stride a network with weights has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Those with which the weights were trained and are evaluated.
    Trained,
    /// Those of the deployed network.
    Deployed,
}

/// A weights file as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsFile {
    /// The network that was trained, with the classes, resolution and stem stride of the training.
    pub network: Network,
    tensors: Tensors,
}

impl WeightsFile {
    /// Reads the bytes of a safetensors file.
    ///
    /// # Errors
    /// A file of another format, a truncated one, or one without a network.
    pub fn read(bytes: &[u8]) -> Result<Self, TrainingError> {
        let (tensors, metadata) = read_safetensors(bytes)?;
        let ron = metadata.get(NETWORK).ok_or_else(|| TrainingError::File {
            found: "a safetensors file without a network in its metadata".to_owned(),
            expected: "weights that nas train or nas import wrote".to_owned(),
        })?;
        Ok(Self { network: Network::from_ron(ron)?, tensors })
    }

    /// How the network that was trained may differ from the deployed one.
    pub fn variant(&self) -> TrainingVariant {
        let resolution = self.network.input.resolution;
        TrainingVariant { resolution, stem_stride: stem_stride(&self.network) }
    }

    /// The network `deployed` in a form.
    pub fn in_form(&self, form: Form, deployed: &Network) -> Network {
        match form {
            Form::Trained => self.variant().of(deployed),
            Form::Deployed => deployed.clone(),
        }
    }

    /// A hash of the network and its tensors.
    pub fn fingerprint(&self) -> u64 {
        let network = self.network.to_ron();
        let tensors = self.tensors.iter().flat_map(|(name, tensor)| {
            let values = tensor.values.iter().flat_map(|value| value.to_le_bytes());
            name.bytes().chain(values)
        });
        fnv1a(network.bytes().chain(tensors))
    }

    /// `network` with the file's input channels, classes, class names, preprocessing and batch norm
    /// settings, and its weights. Names and preprocessing that the file does not have are those of
    /// `network`.
    ///
    /// # Errors
    /// [`TrainingError::Tensors`] with all tensors that are missing, unexpected or of another shape.
    pub fn fit(self, network: &Network) -> Result<(Network, Weights), TrainingError> {
        let channels = self.network.input.channels;
        let Network { norm, classes, class_names, preprocessing, .. } = self.network;
        let mut network = Network { norm, classes, ..network.clone() };
        network.input.channels = channels;
        network.drop_unfitting_names();
        if !class_names.is_empty() {
            network.class_names = class_names;
        }
        network.preprocessing = preprocessing.or(network.preprocessing);
        let graph = network.lower().map_err(search_space::ParseError::from)?;
        let wanted: Vec<String> = tensor_specs(&graph).into_iter().map(|spec| spec.name).collect();
        let weights = assemble(&graph, &wanted, self.tensors, |_| false)?;
        Ok((network, weights))
    }
}

/// The bytes of a weights file.
///
/// # Errors
/// Weights that do not fit the network.
pub fn write_weights(network: &Network, weights: &Weights) -> Result<Vec<u8>, TrainingError> {
    let graph = network.lower().map_err(search_space::ParseError::from)?;
    let (specs, values) = (tensor_specs(&graph), flat(weights));
    if specs.len() != values.len() {
        return Err(TrainingError::OtherNetwork);
    }
    let named = specs.iter().zip(values);
    let named = named.map(|(TensorSpec { name, shape }, v)| (name.clone(), &shape[..], v));
    write_safetensors(&named.collect::<Vec<_>>(), (NETWORK, &network.to_ron()))
}
