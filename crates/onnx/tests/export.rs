//! Files are decoded, interpreted operator by operator, and compared with the engine.

mod interpreter;

use engine::Engine;
use interpreter::Tensor;
use onnx::proto::{Dimension, ModelProto, ValueInfoProto};
use onnx::{
    Batch, BatchNorm, CLASS_NAMES, Metadata, OnnxError, Opset, PREPROCESSING, Settings, encode,
};
use prost::Message;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use search_space::{Graph, Network, Weights, published};

const FOLDED: Settings<'static> = Settings {
    name: "net",
    description: "random weights",
    batch: Batch::One,
    norm: BatchNorm::Folded,
    opset: Opset::DEFAULT,
    metadata: Metadata { class_names: &[], preprocessing: None },
};
const UNFOLDED: Settings<'static> = Settings { norm: BatchNorm::Unfolded, ..FOLDED };

fn export(graph: &Graph, weights: &Weights, settings: Settings<'_>) -> ModelProto {
    let bytes = encode(graph, weights, settings).expect("weights fit");
    ModelProto::decode(bytes.as_slice()).expect("protobuf")
}

fn dims(info: &ValueInfoProto) -> Vec<Dimension> {
    let tensor = info.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).expect("a tensor");
    let dims = &tensor.shape.as_ref().expect("a shape").dim;
    dims.iter().map(|dim| dim.value.clone().expect("a dimension")).collect()
}

/// The images as one NCHW tensor.
fn nchw(graph: &Graph, images: &[Vec<f32>]) -> Tensor {
    let (channels, side) = (graph.input().channels, graph.input().resolution);
    let pixel = |image: &[f32], i: usize| {
        let (c, pixel) = (i / (side * side), i % (side * side));
        f64::from(image[pixel * channels + c])
    };
    let pixels = |image: &Vec<f32>| (0..image.len()).map(|i| pixel(image, i)).collect::<Vec<_>>();
    let values = images.iter().flat_map(pixels).collect();
    Tensor { dims: vec![images.len(), channels, side, side], values }
}

/// Compares a file with folded batch norms for one image, and one with unfolded batch norms for two.
fn check(network: &Network) {
    let graph = network.lower().expect("valid");
    let weights = Weights::random(&graph, 7);
    let mut engine = Engine::new(&graph, &weights, 1).expect("compiles");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let oldest = Settings { opset: Opset::MIN, ..FOLDED };
    let dynamic = Settings { batch: Batch::Dynamic, ..UNFOLDED };
    for (settings, count) in [(FOLDED, 1), (oldest, 1), (dynamic, 2)] {
        let mut image = || -> Vec<f32> {
            (0..graph.input().elements()).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let images: Vec<Vec<f32>> = (0..count).map(|_| image()).collect();
        let expected: Vec<f32> = images.iter().flat_map(|i| engine.run(i).to_vec()).collect();
        let logits = interpreter::run(&export(&graph, &weights, settings), nchw(&graph, &images));
        assert_eq!(logits.dims, [count, graph.classes()], "{}", network.name);
        let largest = expected.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
        let pairs = logits.values.iter().zip(&expected);
        let worst = pairs.fold(0.0, |m: f64, (a, b)| m.max((a - f64::from(*b)).abs()));
        assert!(
            largest.is_normal() && worst < 1e-4 * f64::from(largest),
            "{}, {:?}, {:?}: {worst} of {largest}",
            network.name,
            settings.norm,
            settings.opset
        );
    }
}

#[test]
fn published_networks_of_every_family() {
    for name in [
        "lcnet@width=0.35",
        "mobilenet_v1@width=0.25",
        "mobilenet_v2@width=0.35",
        "mobilenet_v3_small",
        "shufflenet_v1_g3@width=0.5",
        "shufflenet_v2@width=0.5",
    ] {
        let classes_and_size = if name.contains('@') {
            ",resolution=32,classes=7"
        } else {
            "@resolution=40,classes=7"
        };
        check(&published::network(&format!("{name}{classes_and_size}")).expect(name));
    }
}

#[test]
fn random_genotypes_of_every_space() {
    for name in published::space_names() {
        let space = published::space(name).expect(name);
        let genotype = space.sample(&mut ChaCha8Rng::seed_from_u64(1));
        let mut network = space.decode(&genotype).expect(name);
        (network.input.resolution, network.classes) = (17, 5);
        check(&network);
    }
}

/// Networks unlike the published ones: odd sizes and strides, swish, pools, grouped convolutions, pool
/// skips, a classifier without bias.
#[test]
fn odd_blocks() {
    let blocks = [
        "Conv(out: 7, kernel: 5, stride: 3, act: Swish)",
        "Conv(out: 9, kernel: 3, stride: 1, act: Linear, groups: 3)",
        "AvgPool(kernel: 3, stride: 2)",
        "MaxPool(kernel: 5, stride: 2)",
        "Separable(out: 21, kernel: 5, stride: 2, act: HardSwish, se: (channels: 5, gate: HardSigmoid))",
        "InvertedResidual(expand: 13, out: 3, kernel: 3, stride: 1, act: Relu, project_act: Relu6, skip: Pool)",
        "InvertedResidual(out: 3, kernel: 1, stride: 1, act: Relu, se: (channels: 1, gate: Sigmoid), skip: Identity)",
        "InvertedResidual(expand: 5, out: 7, kernel: 5, stride: 2, act: HardSwish, se: (channels: 3, gate: HardSigmoid))",
        "UniversalInvertedBottleneck(start_kernel: 3, expand: 13, mid_kernel: 5, out: 3, stride: 1, act: Relu, skip: Identity)",
        "UniversalInvertedBottleneck(start_kernel: 5, expand: 9, out: 24, stride: 2, act: HardSwish)",
        "FusedInvertedBottleneck(expand: 24, out: 3, kernel: 3, stride: 1, act: Relu, skip: Identity)",
        "ShuffleUnitV1(out: 9, mid: 6, groups: 3, first_groups: 1, stride: 2)",
        "ShuffleUnitV2(out: 22, mid: 5, shortcut: 4, kernel: 5, stride: 2)",
    ];
    let heads = [
        "PoolThenConv(conv: 10, features: 11, act: HardSwish, dropout: 0.5)",
        "ConvThenPool(conv: 10, act: Relu6)",
        "PoolThenFeatures(features: 12, act: Swish)",
        "Pool(dropout: 0.2, bias: false)",
        "PoolThenConvNorm(features: 11, act: HardSwish)",
    ];
    for (index, block) in blocks.iter().enumerate() {
        let head = heads[index % heads.len()];
        let ron = format!(
            r#"Network(format: 1, name: "{block}", classes: 5, norm: (eps: 0.01, momentum: 0.1),
            input: (channels: 3, resolution: {}), blocks: [{block}], head: {head})"#,
            8 + index
        );
        check(&Network::from_ron(&ron).unwrap_or_else(|error| panic!("{block}: {error}")));
    }
}

#[test]
fn files_say_what_they_are() {
    let network = published::network("mobilenet_v3_small@resolution=64").unwrap();
    let graph = network.lower().unwrap();
    let weights = Weights::random(&graph, 0);
    let dynamic = Settings { batch: Batch::Dynamic, ..FOLDED };
    for (settings, batch) in
        [(FOLDED, Dimension::DimValue(1)), (dynamic, Dimension::DimParam("batch".to_owned()))]
    {
        let model = export(&graph, &weights, settings);
        assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
        assert_eq!(model.doc_string, "random weights");
        let onnx = model.graph.unwrap();
        assert_eq!((onnx.input.len(), onnx.output.len(), onnx.name.as_str()), (1, 1, "net"));
        assert_eq!((&*onnx.input[0].name, &*onnx.output[0].name), ("input", "logits"));
        let fixed = |dim| Dimension::DimValue(dim);
        assert_eq!(dims(&onnx.input[0]), [batch.clone(), fixed(3), fixed(64), fixed(64)]);
        assert_eq!(dims(&onnx.output[0]), [batch, fixed(1000)]);
    }

    let operators = |settings| {
        let onnx = export(&graph, &weights, settings).graph.unwrap();
        let count = |op: &str| onnx.node.iter().filter(|node| node.op_type == op).count();
        let elements: usize = onnx
            .initializer
            .iter()
            .map(|tensor| tensor.dims.iter().product::<i64>() as usize)
            .sum();
        (count("Conv"), count("BatchNormalization"), count("HardSwish"), count("Gemm"), elements)
    };
    // 52 convolutions, 18 of them in squeeze-and-excite. Each channel of a batch norm has gamma and
    // beta among the parameters and two running statistics besides; folded it has one bias.
    let params = graph.cost().params;
    let norms: usize = graph
        .nodes
        .iter()
        .filter(|node| node.op == search_space::Op::BatchNorm)
        .map(|node| node.output.channels)
        .sum();
    assert_eq!(operators(FOLDED), (52, 0, 19, 2, params - norms));
    assert_eq!(operators(UNFOLDED), (52, 34, 19, 2, params + 2 * norms));
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let graph = published::network("mobilenet_v2").unwrap().lower().unwrap();
    let other = published::network("mobilenet_v2@width=0.5").unwrap().lower().unwrap();
    let error = encode(&graph, &Weights::random(&other, 0), FOLDED).unwrap_err();
    let OnnxError::Weights(invalid) = &error else { panic!("{error}") };
    assert_eq!(invalid.place, "blocks.0.conv.conv");
    assert!(error.to_string().contains("864"), "{error}");
}

/// Every operator of a file is one of the file's version, and the messages have the version of the
/// first ONNX release with these operators.
#[test]
fn versions() {
    let graph = published::network("mobilenet_v3_small@resolution=32").unwrap().lower().unwrap();
    let weights = Weights::random(&graph, 0);
    let count = |version: u8, operator: &str| {
        let opset = Opset::new(version).unwrap();
        let model = export(&graph, &weights, Settings { opset, ..FOLDED });
        assert_eq!(model.opset_import[0].version, i64::from(version));
        let nodes = &model.graph.as_ref().unwrap().node;
        let count = nodes.iter().filter(|node| node.op_type == operator).count();
        (model.ir_version, count)
    };
    for (version, ir_version) in [(14, 7), (15, 8), (17, 8), (18, 8), (19, 9), (20, 9), (21, 10)] {
        assert_eq!(count(version, "HardSwish"), (ir_version, 19), "{version}");
        assert_eq!(count(version, "HardSigmoid"), (ir_version, 9), "{version}");
    }
    // 19 activations as x HardSigmoid(x), beside the 9 gates of squeeze-and-excite.
    assert_eq!(count(13, "HardSwish"), (7, 0));
    assert_eq!(count(13, "HardSigmoid"), (7, 28));
    assert_eq!(count(13, "Mul"), (7, 28));
    for version in [0, 12, 22, 255] {
        let error = Opset::new(version).unwrap_err().to_string();
        assert_eq!(error, format!("opset: found {version}; expected: 13 to 21"));
    }
}

#[test]
fn metadata() {
    let ron = r#"Network(format: 1, name: "net", input: (channels: 3, resolution: 24), classes: 2,
        class_names: ["cat", "say \"dog\""], preprocessing: (channels: Rgb, crop: CentralSquare,
        resize: BilinearAntialiased, range: ZeroToOne, mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225]), blocks: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)],
        head: Pool())"#;
    let network = Network::from_ron(ron).unwrap();
    let graph = network.lower().unwrap();
    let weights = Weights::random(&graph, 0);
    let metadata = Metadata {
        class_names: &network.class_names,
        preprocessing: network.preprocessing.as_ref(),
    };
    let model = export(&graph, &weights, Settings { metadata, ..FOLDED });
    let entries: Vec<(&str, &str)> =
        model.metadata_props.iter().map(|entry| (&*entry.key, &*entry.value)).collect();
    let names = r#"["cat","say \"dog\""]"#;
    let how = concat!(
        r#"{"steps":["convert","crop","resize","rescale","normalize"],"channel_order":"RGB","#,
        r#""crop":"center_square","size":[24,24],"interpolation":"bilinear","antialias":true,"#,
        r#""value_range":[0.0,1.0],"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"#,
        r#""layout":"NCHW"}"#
    );
    assert_eq!(entries, [(CLASS_NAMES, names), (PREPROCESSING, how)]);
    assert!(export(&graph, &weights, FOLDED).metadata_props.is_empty());

    let three = ["a", "b", "c"].map(str::to_owned);
    let metadata = Metadata { class_names: &three, ..Metadata::default() };
    let error = encode(&graph, &weights, Settings { metadata, ..FOLDED }).unwrap_err();
    assert_eq!(error.to_string(), "class_names: found 3; expected: 2");
}
