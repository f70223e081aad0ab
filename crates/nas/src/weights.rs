//! Weights files that the user names.

use std::path::Path;

use anyhow::Result;
use report::write_atomically;
use search_space::{Network, Weights};
use training::fit::stem_stride;
use training::{WeightsFile, write_weights};

use crate::exit::{bad_input, message};

/// Reads a weights file.
pub(crate) fn read(path: &Path) -> Result<WeightsFile> {
    let bytes = std::fs::read(path).map_err(|error| bad_input(path.display(), error))?;
    WeightsFile::read(&bytes).map_err(|error| bad_input(path.display(), error))
}

/// `network` with the classes and the batch norm settings of a weights file, and its weights.
pub(crate) fn fit(path: &Path, network: &Network) -> Result<(Network, Weights)> {
    read(path)?.fit(network).map_err(|error| bad_input(path.display(), error))
}

/// Which resolution and stem stride a network with weights has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Those with which the weights were trained and are evaluated.
    Trained,
    /// Those of the network that the user named.
    Deployed,
}

impl Form {
    /// `network` in this form.
    pub(crate) fn of(self, network: &Network, file: &WeightsFile) -> Network {
        match self {
            Self::Trained => file.variant().of(network),
            Self::Deployed => network.clone(),
        }
    }
}

/// A network with weights.
pub(crate) struct Fitted {
    pub(crate) network: Network,
    pub(crate) weights: Weights,
    /// Says which resolution and stem stride were taken, if there was a choice.
    pub(crate) form: Option<String>,
}

/// `network` in a form, with the weights of a file.
pub(crate) fn fit_as(form: Form, path: &Path, network: &Network) -> Result<Fitted> {
    let file = read(path)?;
    let [trained, deployed] = [Form::Trained, Form::Deployed].map(|form| form.of(network, &file));
    let choice = (trained != deployed).then(|| {
        let [trained, deployed] = [&trained, &deployed].map(size);
        match form {
            Form::Trained => format!(
                "as trained and evaluated: {trained}\nwith --deployed as NET is: {deployed}"
            ),
            Form::Deployed => {
                format!("as NET is: {deployed}\nnot as trained and evaluated: {trained}")
            }
        }
    });
    let fitted = file.clone().fit(&form.of(network, &file));
    let (network, weights) = fitted.map_err(|error| bad_input(path.display(), error))?;
    Ok(Fitted { network, weights, form: choice })
}

/// What may differ between the forms of a network.
fn size(network: &Network) -> String {
    let stride = stem_stride(network).map(|stride| format!(", stem stride {stride}"));
    format!("{} px{}", network.input.resolution, stride.unwrap_or_default())
}

pub(crate) fn write(path: &Path, network: &Network, weights: &Weights) -> Result<()> {
    Ok(write_atomically(path, &write_weights(network, weights)?)?)
}

/// Maps the error of writing a file to one that names its argument.
pub(crate) fn refused(argument: &'static str) -> impl FnOnce(anyhow::Error) -> anyhow::Error {
    move |error| bad_input(argument, message(&error))
}
