//! Plain loops for the ONNX operators, written from the operators' specification: NCHW, f64. Knows
//! nothing of the graph that a file was made from.

use std::collections::HashMap;

use onnx::proto::{AttributeProto, DataType, ModelProto, NodeProto};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) dims: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Tensor {
    fn new(dims: &[usize], value: impl Fn(&[usize]) -> f64) -> Self {
        let mut index = vec![0; dims.len()];
        let mut values = Vec::new();
        for _ in 0..dims.iter().product() {
            values.push(value(&index));
            for (at, &dim) in index.iter_mut().zip(dims).rev() {
                *at += 1;
                if *at < dim {
                    break;
                }
                *at = 0;
            }
        }
        Self { dims: dims.to_vec(), values }
    }

    fn at(&self, index: &[usize]) -> f64 {
        let flat = index.iter().zip(&self.dims).fold(0, |flat, (at, dim)| {
            assert!(at < dim, "{index:?} of {:?}", self.dims);
            flat * dim + at
        });
        self.values[flat]
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { dims: self.dims.clone(), values: self.values.iter().map(|&v| f(v)).collect() }
    }
}

/// The graph's output for an input.
pub(crate) fn run(model: &ModelProto, input: Tensor) -> Tensor {
    let graph = model.graph.as_ref().expect("a graph");
    let mut values: HashMap<&str, Tensor> = HashMap::new();
    for tensor in &graph.initializer {
        let dims: Vec<usize> = tensor.dims.iter().map(|&dim| dim as usize).collect();
        let elements: Vec<f64> = match DataType::try_from(tensor.data_type) {
            Ok(DataType::Float) => decoded(&tensor.raw_data, |b| f32::from_le_bytes(b).into()),
            Ok(DataType::Int64) => decoded(&tensor.raw_data, |b| i64::from_le_bytes(b) as f64),
            other => panic!("{}: {other:?}", tensor.name),
        };
        assert_eq!(elements.len(), dims.iter().product::<usize>(), "{}", tensor.name);
        let double = values.insert(&tensor.name, Tensor { dims, values: elements });
        assert!(double.is_none(), "{} twice", tensor.name);
    }
    values.insert(&graph.input[0].name, input);
    for node in &graph.node {
        let read = |name: &String| values.get(name.as_str()).expect(name);
        let inputs: Vec<&Tensor> = node.input.iter().map(read).collect();
        let double = values.insert(&node.output[0], operator(node, &inputs));
        assert!(double.is_none(), "{} twice", node.output[0]);
    }
    values.remove(graph.output[0].name.as_str()).expect("the output")
}

fn decoded<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.chunks(N).map(|chunk| number(chunk.try_into().expect("whole elements"))).collect()
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i.expect(name))
}

fn float(node: &NodeProto, name: &str, default: f32) -> f64 {
    attribute(node, name).map_or(default, |attribute| attribute.f.expect(name)).into()
}

/// The attributes of square windows with equal padding on all sides.
struct Window {
    kernel: usize,
    stride: usize,
    pad: usize,
}

impl Window {
    fn of(node: &NodeProto) -> Self {
        let same = |name: &str, len: usize| {
            let ints = &attribute(node, name).expect(name).ints;
            assert!(ints.len() == len && ints.iter().all(|i| *i == ints[0]), "{name}: {ints:?}");
            ints[0] as usize
        };
        let (kernel, stride) = (same("kernel_shape", 2), same("strides", 2));
        Self { kernel, stride, pad: same("pads", 4) }
    }

    fn side(&self, input: usize) -> usize {
        (input + 2 * self.pad - self.kernel) / self.stride + 1
    }

    /// The offsets in the window and the values under it, where it lies inside the map.
    fn taps(&self, map: &Tensor, [n, c, y, x]: [usize; 4]) -> Vec<([usize; 2], f64)> {
        let mut taps = Vec::new();
        for ky in 0..self.kernel {
            for kx in 0..self.kernel {
                let inside = |at: usize, k: usize, side: usize| {
                    (at * self.stride + k).checked_sub(self.pad).filter(|at| *at < side)
                };
                let (y, x) = (inside(y, ky, map.dims[2]), inside(x, kx, map.dims[3]));
                if let (Some(y), Some(x)) = (y, x) {
                    taps.push(([ky, kx], map.at(&[n, c, y, x])));
                }
            }
        }
        taps
    }
}

fn operator(node: &NodeProto, inputs: &[&Tensor]) -> Tensor {
    let x = inputs[0];
    let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
    match node.op_type.as_str() {
        "Conv" => conv(node, inputs),
        "Gemm" => {
            assert_eq!(int(node, "transB", 0), 1);
            let (rows, depth, out) = (x.dims[0], x.dims[1], inputs[1].dims[0]);
            Tensor::new(&[rows, out], |i| {
                let bias = inputs.get(2).map_or(0.0, |bias| bias.at(&i[1..]));
                (0..depth).map(|d| x.at(&[i[0], d]) * inputs[1].at(&[i[1], d])).sum::<f64>() + bias
            })
        }
        "BatchNormalization" => {
            let eps = float(node, "epsilon", 1e-5);
            let [scale, bias, mean, var] = [1, 2, 3, 4].map(|index| inputs[index]);
            Tensor::new(&x.dims, |i| {
                let c = &i[1..2];
                (x.at(i) - mean.at(c)) / (var.at(c) + eps).sqrt() * scale.at(c) + bias.at(c)
            })
        }
        "Relu" => x.map(|v| v.max(0.0)),
        "Clip" => x.map(|v| v.max(inputs[1].at(&[])).min(inputs[2].at(&[]))),
        "Sigmoid" => x.map(sigmoid),
        "HardSigmoid" => {
            let (alpha, beta) = (float(node, "alpha", 0.2), float(node, "beta", 0.5));
            x.map(|v| (alpha * v + beta).clamp(0.0, 1.0))
        }
        "HardSwish" => x.map(|v| v * (v / 6.0 + 0.5).clamp(0.0, 1.0)),
        "MaxPool" | "AveragePool" => pool(node, x),
        "GlobalAveragePool" => {
            let (h, w) = (x.dims[2], x.dims[3]);
            Tensor::new(&[x.dims[0], x.dims[1], 1, 1], |i| {
                let pixels = (0..h * w).map(|p| x.at(&[i[0], i[1], p / w, p % w]));
                pixels.sum::<f64>() / (h * w) as f64
            })
        }
        "Add" => broadcast(inputs, |a, b| a + b),
        "Mul" => broadcast(inputs, |a, b| a * b),
        "Concat" => {
            assert_eq!(int(node, "axis", 0), 1);
            let mut dims = x.dims.clone();
            dims[1] = inputs.iter().map(|input| input.dims[1]).sum();
            Tensor::new(&dims, |i| {
                let mut i = i.to_vec();
                for input in inputs {
                    if i[1] < input.dims[1] {
                        return input.at(&i);
                    }
                    i[1] -= input.dims[1];
                }
                unreachable!("channels are those of the inputs")
            })
        }
        "Slice" => {
            let [start, end, axis] = [1, 2, 3].map(|index| inputs[index].values[0] as usize);
            let mut dims = x.dims.clone();
            dims[axis] = end.min(dims[axis]) - start;
            Tensor::new(&dims, |i| {
                let mut i = i.to_vec();
                i[axis] += start;
                x.at(&i)
            })
        }
        "Reshape" => {
            let dim = |(axis, &dim): (usize, &f64)| match dim as usize {
                0 => x.dims[axis],
                dim => dim,
            };
            let dims: Vec<usize> = inputs[1].values.iter().enumerate().map(dim).collect();
            assert_eq!(dims.iter().product::<usize>(), x.values.len());
            Tensor { dims, values: x.values.clone() }
        }
        "Flatten" => {
            assert_eq!(int(node, "axis", 1), 1);
            let dims = vec![x.dims[0], x.dims[1..].iter().product()];
            Tensor { dims, values: x.values.clone() }
        }
        "Transpose" => {
            let perm: Vec<usize> =
                attribute(node, "perm").expect("perm").ints.iter().map(|&p| p as usize).collect();
            let dims: Vec<usize> = perm.iter().map(|&axis| x.dims[axis]).collect();
            Tensor::new(&dims, |i| {
                let mut from = vec![0; i.len()];
                perm.iter().zip(i).for_each(|(&axis, &at)| from[axis] = at);
                x.at(&from)
            })
        }
        other => panic!("{}: unknown operator {other}", node.name),
    }
}

fn conv(node: &NodeProto, inputs: &[&Tensor]) -> Tensor {
    let (x, weight, window) = (inputs[0], inputs[1], Window::of(node));
    let (out, each_in) = (weight.dims[0], weight.dims[1]);
    let groups = int(node, "group", 1) as usize;
    assert_eq!(x.dims[1], each_in * groups);
    let dims = [x.dims[0], out, window.side(x.dims[2]), window.side(x.dims[3])];
    Tensor::new(&dims, |i| {
        let first = i[1] / (out / groups) * each_in;
        let channel = |c: usize| {
            let taps = window.taps(x, [i[0], first + c, i[2], i[3]]);
            taps.iter().map(|([ky, kx], v)| v * weight.at(&[i[1], c, *ky, *kx])).sum::<f64>()
        };
        let bias = inputs.get(2).map_or(0.0, |bias| bias.at(&i[1..2]));
        (0..each_in).map(channel).sum::<f64>() + bias
    })
}

fn pool(node: &NodeProto, x: &Tensor) -> Tensor {
    let window = Window::of(node);
    let counts_padding = int(node, "count_include_pad", 0) == 1;
    let dims = [x.dims[0], x.dims[1], window.side(x.dims[2]), window.side(x.dims[3])];
    Tensor::new(&dims, |i| {
        let taps = window.taps(x, [i[0], i[1], i[2], i[3]]);
        let values = taps.iter().map(|(_, v)| *v);
        if node.op_type == "MaxPool" {
            return values.fold(f64::NEG_INFINITY, f64::max);
        }
        let count = if counts_padding { window.kernel * window.kernel } else { taps.len() };
        values.sum::<f64>() / count as f64
    })
}

/// Axes of length 1 are repeated.
fn broadcast(inputs: &[&Tensor], f: impl Fn(f64, f64) -> f64) -> Tensor {
    let dims: Vec<usize> =
        inputs[0].dims.iter().zip(&inputs[1].dims).map(|(a, b)| *a.max(b)).collect();
    let at = |tensor: &Tensor, i: &[usize]| {
        let i: Vec<usize> =
            i.iter().zip(&tensor.dims).map(|(at, dim)| if *dim == 1 { 0 } else { *at }).collect();
        tensor.at(&i)
    };
    Tensor::new(&dims, |i| f(at(inputs[0], i), at(inputs[1], i)))
}
