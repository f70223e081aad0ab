//! From a graph and weights to an ONNX model.

use prost::Message;
use search_space::{Graph, Invalid, NodeId, Op, Weights};

use crate::builder::value_info;
use crate::metadata::{self, Metadata};
use crate::nodes::nodes;
use crate::opset::Opset;
use crate::proto::{Dimension, ModelProto, OperatorSetIdProto};

/// The largest protobuf message.
const MAX_BYTES: usize = (1 << 31) - 1;

/// The first axis of the input and the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Batch {
    /// One image.
    #[default]
    One,
    /// Any number of images: the dimension is named `batch`.
    Dynamic,
}

/// How batch norms that follow a convolution are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BatchNorm {
    /// Folded into the weights and the bias of the convolution.
    #[default]
    Folded,
    /// As nodes of their own.
    Unfolded,
}

/// How a network is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings<'a> {
    /// The network's name.
    pub name: &'a str,
    /// What readers of the file should know, such as where its weights come from.
    pub description: &'a str,
    /// How many images the network takes at once.
    pub batch: Batch,
    /// How batch norms are written.
    pub norm: BatchNorm,
    /// The version of the operators.
    pub opset: Opset,
    /// What the file says about images and classes.
    pub metadata: Metadata<'a>,
}

/// Why a network cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// The weights of a node have another kind or size than it needs, or the metadata are of
    /// another number of classes or channels.
    #[error(transparent)]
    Weights(#[from] Invalid),
    /// A version of the operators that is not written.
    #[error(
        "opset: found {version}; expected: {} to {}",
        Opset::MIN.version(),
        Opset::MAX.version()
    )]
    Opset {
        /// The version.
        version: u8,
    },
    /// The file would be larger than a protobuf message can be.
    #[error("the ONNX file: found {bytes} bytes; expected: {MAX_BYTES}, protobuf's limit")]
    TooLarge {
        /// The size of the file.
        bytes: usize,
    },
}

/// Gives the bytes of an ONNX file.
///
/// # Errors
/// When the weights or the metadata do not fit the graph, or the file would have 2 GiB or more.
pub fn encode(
    graph: &Graph,
    weights: &Weights,
    settings: Settings<'_>,
) -> Result<Vec<u8>, OnnxError> {
    let model = model(graph, weights, settings)?;
    let bytes = model.encoded_len();
    if bytes > MAX_BYTES {
        return Err(OnnxError::TooLarge { bytes });
    }
    Ok(model.encode_to_vec())
}

/// Gives the message that an ONNX file encodes.
///
/// # Errors
/// When the weights or the metadata do not fit the graph.
pub fn model(
    graph: &Graph,
    weights: &Weights,
    settings: Settings<'_>,
) -> Result<ModelProto, OnnxError> {
    let norm_after = match settings.norm {
        BatchNorm::Folded => norms_to_fold(graph),
        BatchNorm::Unfolded => vec![None; graph.nodes.len()],
    };
    let mut onnx = nodes(graph, weights, norm_after, settings.opset)?;
    let batch = || match settings.batch {
        Batch::One => Dimension::DimValue(1),
        Batch::Dynamic => Dimension::DimParam("batch".to_owned()),
    };
    let [channels, side, classes] =
        [graph.input().channels, graph.input().resolution, graph.classes()]
            .map(|dim| Dimension::DimValue(dim as i64));
    onnx.name = settings.name.to_owned();
    onnx.input = vec![value_info("input", vec![batch(), channels, side.clone(), side])];
    onnx.output = vec![value_info("logits", vec![batch(), classes])];
    Ok(ModelProto {
        ir_version: settings.opset.ir_version(),
        producer_name: "nas".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: settings.description.to_owned(),
        graph: Some(onnx),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: settings.opset.version().into(),
        }],
        metadata_props: metadata::entries(graph, settings.metadata)?,
    })
}

/// For each convolution, the batch norm that is its only reader.
fn norms_to_fold(graph: &Graph) -> Vec<Option<NodeId>> {
    let mut readers = vec![0; graph.nodes.len()];
    graph.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| readers[input.0] += 1);
    let mut norm_after = vec![None; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.op == Op::BatchNorm) {
        let before = node.inputs[0];
        if readers[before.0] == 1 && matches!(graph.node(before).op, Op::Conv { .. }) {
            norm_after[before.0] = Some(NodeId(index));
        }
    }
    norm_after
}
