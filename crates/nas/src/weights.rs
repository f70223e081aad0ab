//! Weights files that the user names.

use std::path::Path;

use anyhow::Result;
use report::write_atomically;
use search_space::{Network, Weights};
use training::fit::stem_stride;
use training::{Form, WeightsFile, write_weights};

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
    let in_form = |form: Form| file.in_form(form, network);
    let [trained, deployed] = [Form::Trained, Form::Deployed].map(in_form);
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
    let fitted = file.clone().fit(&in_form(form));
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
