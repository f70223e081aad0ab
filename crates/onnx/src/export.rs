//! From a graph and weights to an ONNX model.

use prost::Message;
use search_space::{Graph, Invalid, NodeId, Op, Weights};

use crate::builder::value_info;
use crate::nodes::nodes;
use crate::proto::{Dimension, ModelProto, OperatorSetIdProto};

/// The version of ONNX's operators.
const OPSET: i64 = 17;
/// The version of ONNX's messages.
const IR_VERSION: i64 = 8;
/// Protobuf's limit on a message.
const MOST_BYTES: usize = (1 << 31) - 1;

/// The first axis of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Batch {
    /// One image.
    #[default]
    One,
    /// Any number of images: a dimension named `batch`.
    Dynamic,
}

/// What becomes of batch norms that follow a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BatchNorm {
    /// Multiplied into the convolution's weights and bias.
    #[default]
    Folded,
    /// Nodes of their own.
    Unfolded,
}

/// How a network is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    /// The network's name.
    pub name: &'a str,
    /// What people should know about the file, such as where its weights come from.
    pub description: &'a str,
    /// The batch axis.
    pub batch: Batch,
    /// Batch norms.
    pub norm: BatchNorm,
}

/// Why a network cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// Tensors of another kind or size than a node needs.
    #[error(transparent)]
    Weights(#[from] Invalid),
    /// More than a protobuf message can hold.
    #[error("the ONNX file: found {bytes} bytes; allowed: {MOST_BYTES}, protobuf's limit")]
    TooLarge {
        /// Of the file.
        bytes: usize,
    },
}

/// The bytes of an ONNX file.
///
/// # Errors
/// Weights that do not fit the graph; files above 2 GiB.
pub fn encode(
    graph: &Graph,
    weights: &Weights,
    settings: Settings<'_>,
) -> Result<Vec<u8>, OnnxError> {
    let model = model(graph, weights, settings)?;
    let bytes = model.encoded_len();
    if bytes > MOST_BYTES {
        return Err(OnnxError::TooLarge { bytes });
    }
    Ok(model.encode_to_vec())
}

/// The message in an ONNX file.
///
/// # Errors
/// Weights that do not fit the graph.
pub fn model(
    graph: &Graph,
    weights: &Weights,
    settings: Settings<'_>,
) -> Result<ModelProto, OnnxError> {
    let norm_after = match settings.norm {
        BatchNorm::Folded => norms_to_fold(graph),
        BatchNorm::Unfolded => vec![None; graph.nodes.len()],
    };
    let mut onnx = nodes(graph, weights, norm_after)?;
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
        ir_version: IR_VERSION,
        producer_name: "nas".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: settings.description.to_owned(),
        graph: Some(onnx),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
    })
}

/// For each convolution the batch norm that alone reads it.
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
