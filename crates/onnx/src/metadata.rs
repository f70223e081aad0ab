//! What a file says about the images that the network takes and about its outputs, as entries of
//! ONNX's `metadata_props`.

use search_space::{
    ChannelOrder, Graph, ImageCrop, Invalid, Preprocessing, ResizeFilter, ValueRange,
};
use serde::Serialize;

use crate::proto::StringStringEntryProto;

/// What is known of the images and classes that a network was trained for.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Metadata<'a> {
    /// The names of the classes in the order of the outputs; empty if they are not known.
    pub class_names: &'a [String],
    /// How images become the network's input; `None` if it is not known.
    pub preprocessing: Option<&'a Preprocessing>,
}

/// The key of the class names: a JSON list of strings in the order of the outputs.
pub const CLASS_NAMES: &str = "class_names";
/// The key of the preprocessing: a JSON object with the fields of [`Preprocessing`] in the words of
/// Pillow and torchvision. `steps` are the names of the steps in their order.
pub const PREPROCESSING: &str = "preprocessing";

/// The JSON object of [`PREPROCESSING`].
#[derive(Serialize)]
struct PreprocessingJson<'a> {
    steps: [&'static str; 5],
    channel_order: &'static str,
    crop: &'static str,
    /// Height and width in pixels.
    size: [usize; 2],
    interpolation: &'static str,
    antialias: bool,
    value_range: [f32; 2],
    mean: &'a [f32],
    std: &'a [f32],
    layout: &'static str,
}

/// # Errors
/// Names or preprocessing of another number of classes or channels than the graph has.
pub(crate) fn entries(
    graph: &Graph,
    metadata: Metadata<'_>,
) -> Result<Vec<StringStringEntryProto>, Invalid> {
    let mut entries = Vec::new();
    let mut push = |key: &str, value: String| {
        entries.push(StringStringEntryProto { key: key.to_owned(), value });
    };
    let Metadata { class_names, preprocessing } = metadata;
    if !class_names.is_empty() {
        check(CLASS_NAMES, class_names.len(), graph.classes())?;
        push(CLASS_NAMES, json(&class_names));
    }
    if let Some(preprocessing) = preprocessing {
        check(PREPROCESSING, preprocessing.channels.channels(), graph.input().channels)?;
        push(PREPROCESSING, json(&described(preprocessing, graph.input().resolution)));
    }
    Ok(entries)
}

fn check(place: &str, found: usize, expected: usize) -> Result<(), Invalid> {
    if found == expected {
        return Ok(());
    }
    let (place, found, expected) = (place.to_owned(), found.to_string(), expected.to_string());
    Err(Invalid { place, found, expected })
}

fn described(preprocessing: &Preprocessing, side: usize) -> PreprocessingJson<'_> {
    let Preprocessing { channels, crop, resize, range, mean, std } = preprocessing;
    let (interpolation, antialias) = match resize {
        ResizeFilter::BilinearAntialiased => ("bilinear", true),
    };
    PreprocessingJson {
        steps: ["convert", "crop", "resize", "rescale", "normalize"],
        channel_order: match channels {
            ChannelOrder::Grey => "L",
            ChannelOrder::Rgb => "RGB",
        },
        crop: match crop {
            ImageCrop::CentralSquare => "center_square",
        },
        size: [side, side],
        interpolation,
        antialias,
        value_range: match range {
            ValueRange::ZeroToOne => [0.0, 1.0],
        },
        mean,
        std,
        layout: "NCHW",
    }
}

fn json(value: &impl Serialize) -> String {
    // Lists and structs of strings and finite numbers serialise.
    serde_json::to_string(value).unwrap_or_default()
}
