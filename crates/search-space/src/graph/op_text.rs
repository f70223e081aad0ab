//! Descriptions of ops for display.

use super::{Graph, Node, Op};
use crate::ron_text::one_line;

impl Graph {
    /// Describes the op of a node with its settings for display: `depthwise conv 3x3, stride 2`.
    pub fn op_text(&self, node: &Node) -> String {
        match node.op {
            Op::Input => "input".to_owned(),
            Op::Conv { kernel, stride, groups, .. } => {
                let depthwise = groups > 1 && groups == self.input_shape(node).channels;
                let kind = match groups {
                    1 => "conv".to_owned(),
                    _ if depthwise => "depthwise conv".to_owned(),
                    groups => format!("conv in {groups} groups"),
                };
                format!("{kind} {kernel}x{kernel}, stride {stride}")
            }
            Op::BatchNorm => "batch norm".to_owned(),
            Op::Act(act) => one_line(&act),
            Op::Gate(gate) => one_line(&gate),
            Op::MaxPool { kernel, stride } => {
                format!("max pool {kernel}x{kernel}, stride {stride}")
            }
            Op::AvgPool { kernel, stride } => {
                format!("average pool {kernel}x{kernel}, stride {stride}")
            }
            Op::GlobalAvgPool => "global average pool".to_owned(),
            Op::Add => "add".to_owned(),
            Op::Multiply => "multiply".to_owned(),
            Op::Concat => "concat".to_owned(),
            Op::Split { start } => format!("split from channel {start}"),
            Op::ChannelShuffle { groups } => format!("channel shuffle, {groups} groups"),
            Op::Dropout { p } => format!("dropout {p}"),
            Op::Linear { .. } => "linear".to_owned(),
        }
    }
}
