//! Checkpoints in the forms that training scripts leave behind, built by hand, and files that are none.

mod mobilenet;
mod torch_save;

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use search_space::{Network, Weights, published};
use tempfile::TempDir;
use training::{
    Classifier, Framework, ImportSettings, Imported, ModelClaims, StateFile, StateFileFormat,
    TensorFault, TrainingError, WeightsFile, import, write_weights,
};

use mobilenet::{Named, network, node, state_dict};
use torch_save::{Node, Protocol, Stored, Zip, before_1_6, members, saved};

/// A folder with one file, whose path is the second value.
fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

fn settings() -> ImportSettings<'static> {
    ImportSettings::new(Framework::Torchvision)
}

fn imported(bytes: &[u8], settings: &ImportSettings<'_>) -> Result<Imported, TrainingError> {
    let (_folder, path) = file("checkpoint.pth", bytes);
    import(settings, &network(), &StateFile::read(&path)?)
}

fn refused(bytes: &[u8], parts: &[&str]) -> String {
    let message = imported(bytes, &settings()).expect_err("refused").to_string();
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    message
}

fn weights(seed: u64) -> Weights {
    Weights::random(&network().lower().expect("valid"), seed)
}

fn state(seed: u64) -> Vec<Named> {
    state_dict(&network(), &weights(seed))
}

fn dict<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::Dict(entries.map(|(name, node)| (name.to_owned(), node)).to_vec())
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn archives_as_zipfile_reads_them() {
    let root = node(&state(1), "");
    let zips = [
        Zip::default(),
        Zip { before: b"#!/bin/sh\nexit\n".to_vec(), ..Zip::default() },
        Zip { before: vec![7; 100], is_64: true, ..Zip::default() },
        Zip { is_64: true, ..Zip::default() },
        Zip { has_descriptors: true, ..Zip::default() },
        Zip { comment: b"epoch 3".to_vec(), ..Zip::default() },
        Zip { deflate: Some(deflate), has_descriptors: true, ..Zip::default() },
    ];
    for zip in zips {
        for protocol in [Protocol::Two, Protocol::Four] {
            let found = imported(&zip.write(&members(&root, protocol)), &settings());
            let found = found.unwrap_or_else(|error| panic!("{zip:?}: {error}"));
            assert_eq!(found.weights, weights(1), "{zip:?}");
        }
    }
    // macOS packs a second tree, and folders may have any name.
    let mut repacked = members(&root, Protocol::Two);
    repacked.iter_mut().for_each(|(name, _)| *name = name.replace("archive/", "a/b c/"));
    repacked.insert(0, ("__MACOSX/data.pkl".to_owned(), vec![0, 5, 22, 7]));
    let found = imported(&Zip::default().write(&repacked), &settings()).expect("imported");
    assert_eq!(found.weights, weights(1));
}

/// Before PyTorch 1.6, prefixes, and the keys of training scripts.
#[test]
fn containers_and_prefixes() {
    let (state, epoch) = (state(1), || ("epoch", Node::Int(3)));
    let moment = || Node::Tensor(Stored::new(&[2], &[0.5, 0.25]));
    let optimizer = || {
        let of_first = dict([("momentum_buffer", moment())]);
        ("optimizer", dict([("state", dict([("0", of_first)])), ("lr", Node::Float(0.1))]))
    };
    let args = || {
        let model = ("model".to_owned(), Node::Text("mobilenet_v2".to_owned()));
        ("args", Node::Object("argparse", "Namespace", vec![model]))
    };
    let scaler = || ("scaler", Node::Object("my.code", "Scaler", vec![]));
    let compiled = node(&state, "module._orig_mod.");
    let cases: [(Node, &str, &str); 10] = [
        (node(&state, ""), "", ""),
        (node(&state, "module."), "", "module."),
        (compiled, "", "module._orig_mod."),
        (node(&state, "model.backbone."), "", "model.backbone."),
        (
            dict([epoch(), ("state_dict", node(&state, "module.")), optimizer()]),
            "state_dict",
            "module.",
        ),
        (dict([("best_acc1", moment()), ("state_dict", node(&state, ""))]), "state_dict", ""),
        (
            dict([("net", node(&state, "module.")), ("acc", Node::Float(91.2)), epoch()]),
            "net",
            "module.",
        ),
        (dict([("model", node(&state, "")), optimizer(), epoch(), args()]), "model", ""),
        (dict([scaler(), ("a", dict([("b", node(&state, ""))])), ("c", Node::None)]), "a.b", ""),
        (dict([("ema", node(&state, ""))]), "ema", ""),
    ];
    for (root, key, prefix) in cases {
        for bytes in [saved(&root), before_1_6(&root)] {
            let found = imported(&bytes, &settings());
            let found = found.unwrap_or_else(|error| panic!("{key} {prefix}: {error}"));
            assert_eq!(found.weights, weights(1), "{key} {prefix}");
            assert_eq!((&*found.source.key, &*found.source.prefix), (key, prefix));
            assert_eq!(found.source.is_average, key == "ema");
        }
    }
    let (_folder, path) = file("old.pth", &before_1_6(&node(&state, "")));
    let format = StateFile::read(&path).expect("read").format();
    assert_eq!(format, StateFileFormat::TorchBefore16);
    // A part of the network that was compiled or wrapped by itself.
    let inner = state.iter().map(|tensor| Named {
        name: tensor.name.replace("features.", "features._orig_mod."),
        ..tensor.clone()
    });
    let found = imported(&saved(&node(&inner.collect::<Vec<_>>(), "")), &settings());
    assert_eq!(found.expect("imported").weights, weights(1));
    // What lies beside the prefix is counted and not used.
    let Node::Dict(mut entries) = node(&state, "net.") else { unreachable!() };
    entries.push(("loss.weight".to_owned(), moment()));
    let found = imported(&saved(&Node::Dict(entries)), &settings()).expect("imported");
    assert_eq!((found.weights, found.source.outside), (weights(1), 1));
}

#[test]
fn elements_in_any_layout_and_type() {
    let state = state(1);
    let strided = |Named { name, shape, values }: &Named| {
        let mut tensor = Stored::new(shape, values);
        if let [out, channels, height, width] = shape[..] {
            // channels_last, with other elements before.
            let each = channels * height * width;
            let at = |i: usize| {
                let (o, rest) = (i / each, i % each);
                let (pixel, c) = (rest / channels, rest % channels);
                values[o * each + c * height * width + pixel]
            };
            let elements = [9.0, 9.0].into_iter().chain((0..out * each).map(at));
            tensor.bytes = elements.flat_map(f32::to_le_bytes).collect();
            tensor.elements += 2;
            tensor.offset = 2;
            tensor.strides = vec![each, 1, width * channels, channels];
        }
        (name.clone(), Node::Parameter(tensor))
    };
    let strided = Node::Dict(state.iter().map(strided).collect());
    let doubles = |Named { name, shape, values }: &Named| {
        let mut tensor = Stored::new(shape, values);
        tensor.class = "DoubleStorage";
        tensor.bytes = values.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
        (name.clone(), Node::Tensor(tensor))
    };
    let doubles = Node::Dict(state.iter().map(doubles).collect());
    for root in [strided, doubles] {
        for bytes in [saved(&root), before_1_6(&root)] {
            assert_eq!(imported(&bytes, &settings()).expect("imported").weights, weights(1));
        }
    }
    // The upper half of an f32 is a bfloat16.
    let halves = |Named { name, shape, values }: &Named| {
        let mut tensor = Stored::new(shape, values);
        tensor.class = "BFloat16Storage";
        tensor.bytes = values.iter().flat_map(|&v| v.to_le_bytes()[2..].to_vec()).collect();
        (name.clone(), Node::Tensor(tensor))
    };
    let cut = |value: &f32| f32::from_bits(value.to_bits() & 0xffff_0000);
    let short = state
        .iter()
        .map(|tensor| Named { values: tensor.values.iter().map(cut).collect(), ..tensor.clone() });
    let short = imported(&saved(&node(&short.collect::<Vec<_>>(), "")), &settings());
    let halves = Node::Dict(state.iter().map(halves).collect());
    let halves = imported(&saved(&halves), &settings());
    assert_eq!(halves.expect("imported").weights, short.expect("imported").weights);

    // A storage that is shorter than its tensor.
    let mut short = state.clone();
    short[0].shape = vec![8, 3, 3, 3];
    let Node::Dict(mut entries) = node(&short, "") else { unreachable!() };
    let Node::Tensor(first) = &mut entries[0].1 else { unreachable!() };
    first.bytes.truncate(40);
    first.elements = 10;
    refused(&saved(&Node::Dict(entries)), &["storage 0"]);
    // One element for a classifier of very many classes.
    let mut huge = state.clone();
    huge.iter_mut().filter(|tensor| tensor.name.contains("classifier")).for_each(|tensor| {
        tensor.shape[0] = 1 << 19;
    });
    let Node::Dict(mut entries) = node(&huge, "") else { unreachable!() };
    for (name, node) in &mut entries {
        let Node::Tensor(tensor) = node else { unreachable!() };
        if name.contains("classifier") {
            tensor.strides.fill(0);
        }
    }
    refused(&saved(&Node::Dict(entries)), &["8388608 elements"]);
}

#[test]
fn averages_are_taken_unless_a_key_says_otherwise() {
    let (raw, average) = (state(1), state(2));
    let counted = |prefix| {
        let Node::Dict(mut entries) = node(&average, prefix) else { unreachable!() };
        entries.insert(0, ("n_averaged".to_owned(), Node::Tensor(Stored::new(&[], &[3.0]))));
        Node::Dict(entries)
    };
    let Node::Dict(mut both) = node(&raw, "model.") else { unreachable!() };
    let Node::Dict(ema) = node(&average, "ema_model.") else { unreachable!() };
    both.extend(ema);
    let raw = |prefix| node(&raw, prefix);
    let average = |prefix| node(&average, prefix);
    let cases = [
        (dict([("model", raw("")), ("model_ema", counted("module."))]), "model_ema", "model"),
        (
            dict([("state_dict", raw("")), ("state_dict_ema", average(""))]),
            "state_dict_ema",
            "state_dict",
        ),
        (dict([("net", raw("module.")), ("swa", counted("module.module."))]), "swa", "net"),
        (
            dict([("model", raw("")), ("ema", dict([("module", average(""))]))]),
            "ema.module",
            "model",
        ),
        (dict([("state_dict", Node::Dict(both))]), "state_dict", "state_dict.model"),
    ];
    for (root, key, other) in cases {
        let bytes = saved(&root);
        let found = imported(&bytes, &settings()).expect(key);
        assert_eq!((found.source.key.as_str(), found.source.is_average), (key, true));
        assert_eq!((found.source.other_keys, found.weights), (vec![other.to_owned()], weights(2)));
        let chosen = ImportSettings { state_key: Some(other), ..settings() };
        let found = imported(&bytes, &chosen).expect(other);
        assert_eq!((found.source.is_average, found.weights), (false, weights(1)));
        let wrong = ImportSettings { state_key: Some("models"), ..settings() };
        let error = imported(&bytes, &wrong).unwrap_err().to_string();
        assert!(error.contains("models") && error.contains(other), "{error}");
    }
    let two = saved(&dict([("student", raw("")), ("teacher", average(""))]));
    refused(&two, &["several", "student, teacher"]);
    let teacher = ImportSettings { state_key: Some("teacher"), ..settings() };
    assert_eq!(imported(&two, &teacher).expect("imported").weights, weights(2));
}

#[test]
fn a_classifier_is_fresh_only_on_request() {
    let headless: Vec<Named> =
        state(1).into_iter().filter(|tensor| !tensor.name.contains("classifier")).collect();
    let bytes = saved(&node(&headless, ""));
    let error = imported(&bytes, &settings()).unwrap_err();
    let TrainingError::NoClassifier { missing } = &error else { panic!("{error}") };
    assert_eq!(missing[..], ["classifier.1.weight", "classifier.1.bias"]);
    let fresh = |seed| ImportSettings { classifier: Classifier::Fresh { seed }, ..settings() };
    let found = imported(&bytes, &fresh(0)).expect("imported");
    assert_eq!((found.network.classes, found.fresh), (4, vec!["head.classifier".to_owned()]));
    let last = found.weights.nodes.len() - 1;
    assert_eq!(found.weights.nodes[..last], weights(1).nodes[..last]);
    let other = imported(&bytes, &fresh(1)).expect("imported");
    assert_ne!(found.weights.nodes[last], other.weights.nodes[last]);
    assert_eq!(found.weights, imported(&bytes, &fresh(0)).expect("imported").weights);

    // A classifier of another form or number of classes is replaced, too; without a request, the
    // number of classes is that of the file.
    let mut many = state(1);
    for tensor in many.iter_mut().filter(|tensor| tensor.name.contains("classifier")) {
        tensor.shape[0] = 6;
        tensor.values.resize(tensor.values.len() / 4 * 6, 0.0);
    }
    let bytes = saved(&node(&many, ""));
    assert_eq!(imported(&bytes, &settings()).expect("imported").network.classes, 6);
    assert_eq!(imported(&bytes, &fresh(0)).expect("imported").network.classes, 4);
    for tensor in &mut many {
        tensor.name = tensor.name.replace("classifier.1", "classifier.1.0");
    }
    assert!(imported(&saved(&node(&many, "")), &fresh(0)).is_ok());
}

#[test]
fn values_that_are_no_weights() {
    for (name, at, value, index) in [
        ("features.2.conv.0.0.weight", 9, f32::NAN, "[1, 1, 0, 0]: found NaN"),
        ("features.0.0.weight", 27 + 9 + 3 + 2, f32::INFINITY, "[1, 1, 1, 2]: found inf"),
        ("classifier.1.bias", 3, f32::NEG_INFINITY, "[3]: found -inf"),
        ("features.3.1.running_var", 2, -1.0, "[2]: found -1"),
        ("features.3.1.running_var", 0, f32::NAN, "[0]: found NaN"),
    ] {
        let mut state = state(1);
        let tensor = state.iter_mut().find(|tensor| tensor.name == name).expect(name);
        tensor.values[at] = value;
        let message = refused(&saved(&node(&state, "")), &[&format!("{name}{index}"), "1 tensor"]);
        assert!(!message.contains("hint"), "{message}");
    }
    // Negative values elsewhere are weights; infinite ones in the file's type may be of f64.
    let mut state = state(1);
    state[0].values[0] = -1.0;
    assert!(imported(&saved(&node(&state, "")), &settings()).is_ok());

    // The project's own files, too.
    let (network, mut weights) = (network(), weights(1));
    let bytes = |weights: &Weights| write_weights(&network, weights).expect("fits");
    assert!(WeightsFile::read(&bytes(&weights)).expect("read").fit(&network).is_ok());
    let search_space::NodeWeights::Filter { weight, .. } = &mut weights.nodes[1] else {
        panic!("{:?}", weights.nodes[1]);
    };
    weight[28] = f32::NAN;
    let error = WeightsFile::read(&bytes(&weights)).expect("read").fit(&network).unwrap_err();
    let TrainingError::Tensors(faults) = &error else { panic!("{error}") };
    let expected = TensorFault::Value {
        name: "blocks.0.conv.conv.weight".to_owned(),
        index: vec![1, 0, 0, 1],
        found: "NaN".to_owned(),
        expected: "a finite number",
    };
    assert_eq!(faults[..], [expected]);
}

#[test]
fn files_that_are_no_state_dicts() {
    let whole = saved(&node(&state(1), ""));
    let old = before_1_6(&node(&state(1), ""));
    let module = |class: &'static str| {
        let modules = ("_modules".to_owned(), Node::Dict(vec![]));
        Node::Object("torchvision.models.mobilenetv2", class, vec![modules])
    };
    let scripted = [
        members(&node(&state(1), ""), Protocol::Two),
        vec![("archive/constants.pkl".to_owned(), vec![])],
    ];
    let text = |text: &str| text.as_bytes().to_vec();
    for (bytes, parts) in [
        (text("<!DOCTYPE html><html>404</html>"), ["a web page", "address"]),
        (text("\n <html><body>"), ["a web page", "address"]),
        (
            text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 14\n"),
            ["a Git LFS pointer", "git lfs pull"],
        ),
        (text(""), ["an empty file", "download"]),
        (text("{\"weight_map\": {}}"), ["a JSON file", "tensors"]),
        (text("\u{1f}"), ["unknown format", "expected"]),
        (vec![0x1f, 0x8b, 8, 0], ["gzip", "unpack"]),
        (whole[..whole.len() / 2].to_vec(), ["zip archive without its end", "download"]),
        (old[..old.len() - 9].to_vec(), ["cut off", "download"]),
        (old[..60].to_vec(), ["ends too early", "expected"]),
        (Zip::default().write(&[("a.txt".to_owned(), vec![1])]), ["data.pkl", "torch.save"]),
        (Zip::default().write(&scripted.concat()), ["TorchScript", "state dict"]),
        (b"\x80\x02}.".to_vec(), ["a pickle that torch.save did not write", "expected"]),
        (
            saved(&module("MobileNetV2")),
            [
                "whole pickled network (torchvision.models.mobilenetv2.MobileNetV2)",
                "weights_only=False).state_dict()",
            ],
        ),
        (before_1_6(&module("MobileNetV2")), ["whole pickled network", "state_dict()"]),
        (
            saved(&dict([("model", module("MobileNetV2"))])),
            ["whole pickled network", "[\"model\"].state_dict()"],
        ),
        (saved(&dict([("epoch", Node::Int(3))])), ["without tensors", "state dict"]),
    ] {
        let message = refused(&bytes, &parts);
        assert!(!message.contains('\n') && message.len() < 300, "{message}");
    }
    let (network, weights) = (network(), weights(1));
    let ours = write_weights(&network, &weights).expect("fits");
    refused(&ours[..ours.len() - 9], &["safetensors", "cut off"]);
    // Readers of the project's own files say what they were given.
    for (bytes, part) in [(&whole, "zip archive"), (&old, "pickle"), (&text("<html>"), "web page")]
    {
        let error = WeightsFile::read(bytes).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("safetensors"), "{error}");
    }
}

/// State dicts with the tensors of a network that computes something else.
#[test]
fn other_mathematics_is_refused() {
    let import_with = |name: &str, root: &Node, config: Option<&str>, framework| {
        let (folder, path) = file(name, &saved(root));
        if let Some(config) = config {
            std::fs::write(folder.path().join("config.json"), config).expect("written");
        }
        let config = ModelClaims::beside(&path)?;
        let settings = ImportSettings { config: config.as_ref(), ..ImportSettings::new(framework) };
        import(&settings, &network(), &StateFile::read(&path)?)
    };
    let root = node(&state(1), "");
    let with = |config| import_with("model.pth", &root, Some(config), Framework::Torchvision);
    let refusals = [
        (r#"{"architecture": "tf_mobilenetv3_small_100"}"#, "tf_mobilenetv3_small_100"),
        (r#"{"architecture": "a", "model_args": {"pad_type": "same"}}"#, "padding same"),
        (
            r#"{"architectures": ["MobileNetV2ForImageClassification"], "tf_padding": true}"#,
            "padding same",
        ),
        (r#"{"architecture": "a", "model_args": {"act_layer": "silu"}}"#, "act_layer"),
        (r#"{"architecture": "a", "num_classes": 7}"#, "7, as config.json says"),
        (r#"{"architecture": "#, "config.json"),
    ];
    for (config, part) in refusals {
        let error = with(config).expect_err(config).to_string();
        assert!(error.contains(part), "{config}: {error}");
    }
    let config = r#"{"architecture": "a", "num_classes": 4, "model_args": {"bn_eps": 0.003, "drop_rate": 0.2}}"#;
    assert_eq!(with(config).expect("imported").network.norm.eps, 0.003);
    for other in ["[]", r#"{"num_classes": 7, "model_args": {"width_mult": 0.35}}"#] {
        assert_eq!(with(other).expect("of another program").network.norm.eps, 1e-5);
    }

    let text = |text: &str| Node::Text(text.to_owned());
    let arch = dict([("arch", text("tf_mobilenetv3_small_100")), ("state_dict", root.clone())]);
    let of_name = "tf_mobilenetv3_small_100-37f49e2b.pth";
    for (name, root) in [("model.pth", &arch), (of_name, &root)] {
        let error = import_with(name, root, None, Framework::Timm).expect_err(name).to_string();
        assert!(
            error.contains("tf_mobilenetv3_small_100") && error.contains("TensorFlow"),
            "{error}"
        );
    }
    let eps = vec![("bn_eps".to_owned(), Node::Float(0.001))];
    let args =
        dict([("args", Node::Object("argparse", "Namespace", eps)), ("state_dict", root.clone())]);
    let found = import_with("model.pth", &args, None, Framework::Torchvision).expect("imported");
    assert_eq!(found.network.norm.eps, 0.001);
}

#[test]
fn messages_name_few_tensors_and_what_fits() {
    let published = |name: &str| published::network(name).expect(name);
    let half = published("mobilenet_v2@width=0.5,classes=10");
    let weights = Weights::random(&half.lower().expect("valid"), 1);
    let bytes = saved(&node(&state_dict(&half, &weights), "module."));
    let (_folder, path) = file("half.pth", &bytes);
    let half = StateFile::read(&path).expect("read");
    let message = |framework, network: &Network, file: &StateFile| {
        import(&ImportSettings::new(framework), network, file).unwrap_err().to_string()
    };
    let fits = "hint: the file fits mobilenet_v2@width=0.5 of torchvision";
    let of_width = message(Framework::Torchvision, &published("mobilenet_v2@width=0.35"), &half);
    assert_eq!(of_width.lines().count(), 8, "{of_width}");
    assert!(of_width.ends_with(fits) && of_width.contains("more"), "{of_width}");
    assert!(of_width.contains("features.2.conv.2.weight: found"), "{of_width}");
    for (framework, name) in [
        (Framework::Timm, "mobilenet_v2"),
        (Framework::Torchvision, "shufflenet_v2_torchvision"),
        (Framework::Torchvision, "mobilenet_v3_small"),
    ] {
        let message = message(framework, &published(name), &half);
        assert!(message.ends_with(fits) && message.lines().count() < 9, "{name}: {message}");
    }
    // A network that is not published.
    let mut wide: Network = network();
    wide.blocks.truncate(2);
    let (_folder, path) = file("small.pth", &saved(&node(&state(1), "")));
    let small = StateFile::read(&path).expect("read");
    let other = message(Framework::Torchvision, &wide, &small);
    assert!(other.contains("hint: the file may be of another network"), "{other}");
    // Names of no known framework.
    let strange = dict([("layer1.0.conv1.weight", Node::Tensor(Stored::new(&[1], &[1.0])))]);
    let message =
        refused(&saved(&strange), &["1 tensor (layer1.0.conv1.weight)", "features.0.0.weight"]);
    assert!(!message.contains('\n'), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged files are read or refused; nothing panics.
    #[test]
    fn damaged_files(
        is_old in any::<bool>(), four in any::<bool>(), cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let small = dict([("state_dict", node(&state(1)[..6], "")), ("epoch", Node::Int(1))]);
        let protocol = if four { Protocol::Four } else { Protocol::Two };
        let zip = Zip { is_64: four, ..Zip::default() };
        let mut bytes = match is_old {
            true => before_1_6(&small),
            false => zip.write(&members(&small, protocol)),
        };
        // Most of the bytes are elements; headers and pickles are what can be damaged.
        let last = bytes.len();
        for (index, value) in edits {
            let at = index.index(last.min(4000));
            let at = if index.index(2) == 0 { at } else { last - 1 - at };
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(last));
        }
        let _ = imported(&bytes, &settings());
    }
}
