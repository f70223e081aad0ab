//! The kernels of convolutions and of what is fused with them, with their weights folded and packed.

use kernels::{
    Activation, Conv, ConvWeights, Depthwise, FusedInvertedResidual, Geometry, PackedMatrix,
    Pointwise,
};
use search_space::{Filter, NodeId, Op};

use crate::error::EngineError;
use crate::fuse::{Fused, Residuals, activation, fuse};
use crate::fused_inverted_residual::{ConvKind, InvertedResidualNodes, conv_kind};
use crate::operation::Kernel;
use crate::plan::{Lowered, Planner};

impl Planner<'_> {
    /// A convolution or linear layer.
    pub(crate) fn conv(&self, id: NodeId, geometry: Geometry) -> Result<Lowered, EngineError> {
        let depthwise = conv_kind(self.graph, id) == ConvKind::Depthwise;
        let residuals = if depthwise { Residuals::None } else { Residuals::Before(id) };
        let Fused { norm, residual, act, nodes } = fuse(self.graph, &self.readers, id, residuals);
        let Filter { weight, bias } = self.weights.folded(self.graph, id, norm)?;
        let kernel = if depthwise {
            let depthwise = Depthwise::new(self.set, &weight, &bias, geometry.kernel);
            Kernel::Depthwise { depthwise, geometry, act }
        } else {
            let node = self.graph.node(id);
            let weights = ConvWeights {
                weights: &weight,
                bias: &bias,
                in_channels: self.graph.input_shape(node).channels,
                kernel: geometry.kernel,
                groups: match node.op {
                    Op::Conv { groups, .. } => groups,
                    _ => 1,
                },
            };
            let conv = Conv::new(self.set, &weights);
            Kernel::Conv { conv, geometry, residual: residual.map(|id| self.place(id)), act }
        };
        Ok(Lowered { kernel, nodes })
    }

    pub(crate) fn fused_inverted_residual(
        &self,
        nodes: InvertedResidualNodes,
    ) -> Result<Lowered, EngineError> {
        let InvertedResidualNodes { expand, depthwise, geometry, project } = nodes;
        let Filter { weight, bias } =
            self.weights.folded(self.graph, depthwise.first(), depthwise.norm)?;
        let block = Box::new(FusedInvertedResidual {
            expand: expand.as_ref().map(|fused| self.pointwise(fused)).transpose()?,
            depthwise: Depthwise::new(self.set, &weight, &bias, geometry.kernel),
            act: depthwise.act,
            project: project.as_ref().map(|fused| self.pointwise(fused)).transpose()?,
        });
        let residual = project.as_ref().and_then(|project| project.residual);
        let residual = residual.map(|id| self.place(id));
        let parts = [expand, Some(depthwise), project];
        let nodes = parts.into_iter().flatten().flat_map(|fused| fused.nodes).collect();
        Ok(Lowered { kernel: Kernel::FusedInvertedResidual { block, geometry, residual }, nodes })
    }

    fn pointwise(&self, fused: &Fused) -> Result<Pointwise, EngineError> {
        let filter = self.weights.folded(self.graph, fused.first(), fused.norm)?;
        let depth = self.graph.input_shape(self.graph.node(fused.first())).channels;
        let weights = PackedMatrix::new(self.set, &filter.weight, &filter.bias, depth);
        Ok(Pointwise { weights, act: fused.act })
    }

    /// A sum that could not be fused with a convolution, with the activation that follows it.
    pub(crate) fn add(&self, id: NodeId) -> Lowered {
        let other = self.place(self.graph.node(id).inputs[1]);
        let next = match self.readers[id.0][..] {
            [next] => activation(&self.graph.node(next).op).map(|act| (act, next)),
            _ => None,
        };
        match next {
            Some((act, next)) => {
                Lowered { kernel: Kernel::Add { other, act }, nodes: vec![id, next] }
            }
            None => {
                let kernel = Kernel::Add { other, act: Activation::Linear };
                Lowered { kernel, nodes: vec![id] }
            }
        }
    }
}
