//! What a checkpoint or a `config.json` says of the network, beyond its tensors.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::pickle::{Id, Pickle, Value};
use crate::error::TrainingError;

/// What a file says of the network, as far as the tensors do not show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelClaims {
    /// The name of the architecture, such as `mobilenetv3_small_100`.
    pub architecture: Option<String>,
    /// Number of classes.
    pub classes: Option<usize>,
    /// The term that batch norms add to the variance.
    pub norm_eps: Option<f32>,
    /// The padding of strided convolutions, as timm names it; empty is that of PyTorch.
    pub padding: Option<String>,
    /// Settings of the network that have no counterpart here.
    pub others: Vec<String>,
}

/// Arguments of timm's models that change nothing in inference.
const HARMLESS: [&str; 7] = [
    "num_classes",
    "bn_momentum",
    "drop_rate",
    "drop_path_rate",
    "pretrained",
    "checkpoint_path",
    "scriptable",
];

impl ModelClaims {
    /// Reads the `config.json` beside a file with weights, as timm and Hugging Face write it; `None`
    /// without one.
    ///
    /// # Errors
    /// A file that cannot be read or is not JSON.
    pub fn beside(weights: &Path) -> Result<Option<Self>, TrainingError> {
        let path = weights.with_file_name("config.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TrainingError::Io { path, source }),
        };
        let config: Json = serde_json::from_str(&text)
            .map_err(|error| TrainingError::Io { path, source: std::io::Error::other(error) })?;
        Ok(Some(Self::of_config(&config)))
    }

    fn of_config(config: &Json) -> Self {
        let empty = Map::new();
        let args = config.get("model_args").and_then(Json::as_object).unwrap_or(&empty);
        let architecture = config
            .get("architecture")
            .or_else(|| config.get("architectures").and_then(|names| names.get(0)))
            .and_then(Json::as_str);
        // Training scripts, too, write files of this name.
        if architecture.is_none() {
            return Self::default();
        }
        let count = |value: &Json| value.as_u64().and_then(|count| usize::try_from(count).ok());
        let classes = args.get("num_classes").or_else(|| config.get("num_classes"));
        let eps = args.get("bn_eps").or_else(|| config.get("layer_norm_eps"));
        let tf_padding = config.get("tf_padding").and_then(Json::as_bool).unwrap_or(false);
        let padding = args.get("pad_type").and_then(Json::as_str);
        let others = args
            .iter()
            .filter(|(name, _)| !HARMLESS.contains(&&name[..]))
            .filter(|(name, _)| !["bn_eps", "pad_type"].contains(&&name[..]))
            .filter(|(name, value)| !(*name == "in_chans" && value.as_u64() == Some(3)));
        Self {
            architecture: architecture.map(str::to_owned),
            classes: classes.and_then(count),
            norm_eps: eps.and_then(Json::as_f64).map(|eps| eps as f32),
            padding: if tf_padding { Some("same") } else { padding }.map(str::to_owned),
            others: others.map(|(name, value)| format!("{name} = {value}")).collect(),
        }
    }

    /// What the name of a file says: those of timm begin with the architecture. Only the networks
    /// matter here that have the tensors of others.
    pub(super) fn of_name(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.filter(|name| name.starts_with("tf_"));
        let architecture = name.and_then(|name| Some(name.split(['-', '.']).next()?.to_owned()));
        Self { architecture, ..Self::default() }
    }

    /// These claims, and where they say nothing of the architecture, others.
    pub(super) fn or(self, others: Self) -> Self {
        Self { architecture: self.architecture.or(others.architecture), ..others }
    }

    /// What training scripts store beside the state dict: `arch`, and the arguments `args`, an
    /// `argparse.Namespace`.
    pub(super) fn of_checkpoint(pickle: &Pickle) -> Self {
        let args = pickle.entry(pickle.root, "args").and_then(|id| match pickle.get(id) {
            Value::Call { state, .. } => *state,
            Value::Dict(_) => Some(id),
            _ => None,
        });
        let of_args = |name: &str| pickle.entry(args?, name);
        let text = |id: Id| pickle.text(id).map(str::to_owned);
        let arch = pickle.entry(pickle.root, "arch");
        let eps = match of_args("bn_eps").map(|id| pickle.get(id)) {
            Some(Value::Float(eps)) => Some(*eps as f32),
            _ => None,
        };
        Self {
            architecture: arch.or_else(|| of_args("model")).and_then(text),
            norm_eps: eps,
            ..Self::default()
        }
    }

    /// Refuses networks that have the tensors of others and compute something else.
    ///
    /// # Errors
    /// [`TrainingError::File`]: TensorFlow's padding, or a setting whose effect is not known here.
    pub(crate) fn refuse_other_mathematics(&self) -> Result<(), TrainingError> {
        let refused = |found: String| TrainingError::File {
            found,
            expected: "a network that pads as PyTorch does: timm's without tf_, or torchvision's \
                       without dilated"
                .to_owned(),
        };
        if let Some(name) = self.architecture.as_ref().filter(|name| name.starts_with("tf_")) {
            return Err(refused(format!("weights of {name}, which pads as TensorFlow does")));
        }
        match self.padding.as_deref() {
            None | Some("") => {}
            Some(padding) => {
                return Err(refused(format!("weights of a network with the padding {padding}")));
            }
        }
        match self.others.first() {
            None => Ok(()),
            Some(other) => Err(TrainingError::File {
                found: format!("weights of a network with {other}"),
                expected: "a network with timm's default settings".to_owned(),
            }),
        }
    }
}
