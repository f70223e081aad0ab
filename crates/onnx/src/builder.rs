//! Adding nodes and tensors to an ONNX graph.

use crate::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionProto, GraphProto, NodeProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// The name of a value, which is the output of a node, a tensor, or the input of the graph.
pub(crate) type Value = String;

impl GraphProto {
    /// Adds a node that is named after its output, and returns that name.
    pub(crate) fn op(
        &mut self,
        op_type: &str,
        output: &str,
        inputs: Vec<Value>,
        attributes: Vec<AttributeProto>,
    ) -> Value {
        self.node.push(NodeProto {
            input: inputs,
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op_type.to_owned(),
            attribute: attributes,
        });
        output.to_owned()
    }

    /// Adds a tensor of f32, and returns its name.
    pub(crate) fn floats(&mut self, name: String, dims: &[usize], values: &[f32]) -> Value {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, dims, DataType::Float, raw_data)
    }

    /// Adds a vector of i64, and returns its name.
    pub(crate) fn integers(&mut self, name: String, values: &[usize]) -> Value {
        let raw_data = values.iter().flat_map(|&value| (value as i64).to_le_bytes()).collect();
        self.tensor(name, &[values.len()], DataType::Int64, raw_data)
    }

    fn tensor(&mut self, name: String, dims: &[usize], kind: DataType, raw_data: Vec<u8>) -> Value {
        let dims = dims.iter().map(|&dim| dim as i64).collect();
        let data_type = kind.into();
        self.initializer.push(TensorProto { dims, data_type, name: name.clone(), raw_data });
        name
    }
}

pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, AttributeType::Float) }
}

pub(crate) fn integer(name: &str, value: usize) -> AttributeProto {
    AttributeProto { i: Some(value as i64), ..attribute(name, AttributeType::Int) }
}

pub(crate) fn integers(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|&value| value as i64).collect();
    AttributeProto { ints, ..attribute(name, AttributeType::Ints) }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: kind.into(), ..AttributeProto::default() }
}

/// An input or output of the graph: a tensor of f32.
pub(crate) fn value_info(name: &str, dims: Vec<Dimension>) -> ValueInfoProto {
    let dim = dims.into_iter().map(|dim| DimensionProto { value: Some(dim) }).collect();
    let shape = Some(TensorShapeProto { dim });
    let tensor_type = Some(TensorTypeProto { elem_type: DataType::Float.into(), shape });
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type }) }
}
