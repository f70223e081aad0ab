//! What a file may be of that does not fit a network.

use search_space::published;

use super::layout::{Layout, no_classifier};
use super::{Framework, ImportSettings};
use crate::error::{TensorFault, TrainingError};
use crate::state_dict::StateFile;
use crate::tensors::{faults, tensor_specs};

/// What the file may be of, for an error that says that it does not fit.
pub(super) fn hint(
    settings: &ImportSettings<'_>,
    file: &StateFile,
    error: &TrainingError,
) -> String {
    let of_shapes = matches!(error, TrainingError::Tensors(faults)
        if faults.iter().all(|fault| matches!(fault, TensorFault::Shape { .. })));
    fits(settings.state_key, file).unwrap_or_else(|| {
        let hint = match of_shapes {
            true => "all names fit: the file may be of another width of the network",
            false => "the file may be of another network, or of another framework",
        };
        hint.to_owned()
    })
}

/// The published network that a file fits.
pub(super) fn fits(state_key: Option<&str>, file: &StateFile) -> Option<String> {
    const WIDTHS: [&str; 13] = [
        "1", "0.25", "0.35", "0.5", "0.75", "1.1", "1.2", "1.25", "1.3", "1.33", "1.4", "1.5", "2",
    ];
    for framework in Framework::ALL {
        let Ok(chosen) = file.choose(framework.anchors(), state_key) else { continue };
        let shapes = chosen.shapes();
        let settings = ImportSettings::new(framework);
        for name in published::network_names() {
            for width in WIDTHS {
                let name = match width {
                    "1" => name.to_owned(),
                    width => format!("{name}@width={width}"),
                };
                let Ok(network) = published::network(&name) else { continue };
                let Ok(layout) = Layout::new(&settings, &network, &shapes) else { continue };
                let specs = tensor_specs(&layout.graph);
                let wanted: Vec<_> = layout.wanted.iter().map(String::as_str).zip(&specs).collect();
                let ignored = |name: &str| name.ends_with(".num_batches_tracked");
                let found = faults(&wanted, &shapes, ignored);
                if found.is_empty() || no_classifier(&found, &layout.wanted, &specs).is_some() {
                    return Some(format!("the file fits {name} of {}", framework.name()));
                }
            }
        }
    }
    None
}
