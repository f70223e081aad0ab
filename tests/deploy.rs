//! What is exported, and what infers, is what was evaluated: photos of a folder, a training at
//! another resolution and stem stride than the network's, and class names.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use onnx::proto::{Dimension, ModelProto};
use prost::Message;
use serde_json::Value;
use tempfile::tempdir;
use training::{read_safetensors, write_safetensors};

use crate::run::{json, nas, refused};

const SIDE: usize = 16;
const NETWORK: &str = r#"Network(format: 1, name: "small", input: (channels: 3, resolution: 40),
    classes: 7, blocks: [Conv(out: 8, kernel: 3, stride: 2, act: HardSwish)], head: Pool())"#;

/// Photos of three classes, in which a colour is more frequent: 22 pixels wide and 18 high.
fn write_photos(folder: &Path, classes: [&str; 3]) {
    for (index, class) in classes.iter().enumerate() {
        for (split, count) in [("train", 40), ("val", 20)] {
            let folder = folder.join(split).join(class);
            fs::create_dir_all(&folder).expect("a folder");
            for number in 0..count {
                let pixel = |x: u32, y: u32| {
                    let at = x + 22 * y + 397 * number + 17 * split.len() as u32;
                    let value = |channel: usize| {
                        let noise = (at + 7 * channel as u32).wrapping_mul(2_654_435_761) >> 24;
                        (noise + if channel == index { 24 } else { 0 }).min(255) as u8
                    };
                    Rgb([value(0), value(1), value(2)])
                };
                let photo = RgbImage::from_fn(22, 18, pixel);
                photo.save(folder.join(format!("{number}.png"))).expect("written");
            }
        }
    }
}

fn model(path: &str) -> ModelProto {
    ModelProto::decode(fs::read(path).expect("written").as_slice()).expect("an ONNX file")
}

fn entry(model: &ModelProto, key: &str) -> Value {
    let entry = model.metadata_props.iter().find(|entry| entry.key == key).expect(key);
    serde_json::from_str(&entry.value).expect("JSON")
}

fn side(model: &ModelProto) -> i64 {
    let graph = model.graph.as_ref().expect("a graph");
    let kind = graph.input[0].r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let dims = &kind.and_then(|kind| kind.shape.as_ref()).expect("a shape").dim;
    match dims[3].value {
        Some(Dimension::DimValue(side)) => side,
        _ => panic!("{dims:?}"),
    }
}

fn stem_stride(model: &ModelProto) -> i64 {
    let nodes = &model.graph.as_ref().expect("a graph").node;
    let conv = nodes.iter().find(|node| node.op_type == "Conv").expect("a convolution");
    conv.attribute.iter().find(|a| a.name == "strides").expect("strides").ints[0]
}

/// A photo as the metadata of a file have it.
fn prepared(path: &Path, how: &Value) -> Vec<f32> {
    let image = image::open(path).expect("a photo").into_rgb8();
    let (side, square) = (SIDE as u32, image.width().min(image.height()));
    assert_eq!(
        (&how["size"], &how["crop"]),
        (&serde_json::json!([SIDE, SIDE]), &"center_square".into())
    );
    let (left, top) = ((image.width() - square) / 2, (image.height() - square) / 2);
    let scale = f64::from(square) / f64::from(side);
    let taps = |to: u32| -> Vec<(u32, f64)> {
        let centre = (f64::from(to) + 0.5) * scale - 0.5;
        let tap = |from: u32| (1.0 - (f64::from(from) - centre).abs() / scale).max(0.0);
        let sum: f64 = (0..square).map(tap).sum();
        (0..square).map(|from| (from, tap(from) / sum)).collect()
    };
    let value = |channel: usize, y: u32, x: u32| {
        let mut value = 0.0;
        for &(row, a) in &taps(y) {
            for &(column, b) in &taps(x) {
                value += a * b * f64::from(image.get_pixel(left + column, top + row)[channel]);
            }
        }
        let number = |key: &str| how[key][channel].as_f64().expect(key);
        ((value.round() / 255.0 - number("mean")) / number("std")) as f32
    };
    let places =
        (0..3).flat_map(|c| (0..side).flat_map(move |y| (0..side).map(move |x| (c, y, x))));
    places.map(|(c, y, x)| value(c, y, x)).collect()
}

#[test]
fn what_is_exported_is_what_was_evaluated() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let classes = ["blue", "green", "red"];
    write_photos(&folder.path().join("photos"), classes);
    let (net, data, out, onnx) =
        (path("net.ron"), format!("folder:{}", path("photos")), path("out"), path("net.onnx"));
    fs::write(&net, NETWORK).expect("written");
    let variant =
        ["--train-resolution", "16", "--train-stem-stride", "1", "--learning-rate", "0.3"];
    let train = ["train", &net, "--data", &data, "--epochs", "4", "--batch", "12", "--out", &out];
    let trained = json(&[&train[..], &variant].concat());
    let weights = trained["weights"].as_str().expect("a path").to_owned();
    let evaluated = json(&["eval", &net, "--weights", &weights, "--data", &data]);
    assert_eq!((&evaluated["resolution"], &evaluated["top1"]), (&16.into(), &trained["top1"]));

    // The network of the training, which the weights know, and class names and preprocessing.
    let network = path("out/network.ron");
    let exported = json(&["export", &network, "--weights", &weights, "--onnx", &onnx]);
    assert_eq!((&exported["resolution"], &exported["stem_stride"]), (&16.into(), &1.into()));
    let file = model(&onnx);
    assert_eq!((side(&file), stem_stride(&file)), (16, 1));
    assert_eq!(entry(&file, "class_names"), serde_json::json!(classes));

    // A reader who knows the metadata alone gets the accuracy and the loss of the evaluation.
    let how = entry(&file, "preprocessing");
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (label, class) in classes.iter().enumerate() {
        for photo in fs::read_dir(folder.path().join("photos/val").join(class)).expect("photos") {
            values.extend(prepared(&photo.expect("a photo").path(), &how));
            labels.push(label);
        }
    }
    let shape = [labels.len(), 3, SIDE, SIDE];
    let input = write_safetensors(&[("input".to_owned(), &shape, &values)], ("by", "test"));
    let (input_path, output_path) = (path("input"), path("output"));
    fs::write(&input_path, input.expect("tensors")).expect("written");
    json(&[
        "infer",
        &network,
        "--weights",
        &weights,
        "--input",
        &input_path,
        "--output",
        &output_path,
    ]);
    let (output, _) = read_safetensors(&fs::read(&output_path).expect("written")).expect("logits");
    let (mut correct, mut loss) = (0, 0.0);
    for (logits, &label) in output["logits"].values.chunks_exact(3).zip(&labels) {
        correct += usize::from(logits.iter().all(|&logit| logit <= logits[label]));
        let sum: f64 = logits.iter().map(|&logit| f64::from(logit - logits[label]).exp()).sum();
        loss += sum.ln();
    }
    let [top1, expected_loss] = ["top1", "loss"].map(|key| evaluated[key].as_f64().expect(key));
    let (found, found_loss) = (correct as f64 / 60.0, loss / 60.0);
    assert!((found - top1).abs() < 0.02, "{found}, evaluated: {top1}");
    assert!((found_loss - expected_loss).abs() < 1e-3, "{found_loss}, evaluated: {expected_loss}");
    assert!(top1 > 0.4, "the network learned something: {top1}");

    // The deployed network only on request; both are said.
    let run = nas(&["export", &network, "--weights", &weights, "--onnx", &onnx]);
    for text in
        ["as trained and evaluated: 16 px, stem stride 1", "--deployed", "40 px, stem stride 2"]
    {
        assert!(run.stdout.contains(text), "{}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.contains("wrote") || line.len() <= 80));
    let run = nas(&["export", &network, "--weights", &weights, "--onnx", &onnx, "--deployed"]);
    assert_eq!((side(&model(&onnx)), stem_stride(&model(&onnx))), (40, 2));
    for text in ["as NET is: 40 px, stem stride 2", "not as trained and evaluated: 16 px"] {
        assert!(run.stdout.contains(text), "{}", run.stdout);
    }
    json(&["export", &network, "--weights", &weights, "--onnx", &onnx, "--opset", "13"]);
    assert_eq!(model(&onnx).opset_import[0].version, 13);
    for opset in ["12", "22", "x"] {
        let args = ["export", &network, "--weights", &weights, "--onnx", &onnx, "--opset", opset];
        refused(&args, &["--opset", opset]);
    }
}

#[test]
fn classes_are_matched_by_name() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let photos = |name: &str, classes| {
        write_photos(&folder.path().join(name), classes);
        format!("folder:{}", path(name))
    };
    let (net, out) = (path("net.ron"), path("out"));
    fs::write(&net, NETWORK).expect("written");
    let (data, renamed) = (photos("data", ["a", "b", "c"]), photos("renamed", ["a", "z", "c"]));
    let train = ["train", &net, "--data", &data, "--epochs", "1", "--batch", "12", "--out", &out];
    json(&[&train[..], &["--train-resolution", "16"]].concat());
    let weights = path("out/best.safetensors");
    let eval = ["eval", &net, "--weights", &weights, "--data"];
    let parts = ["--data", "unknown to the network: z", "missing from the data: b"];
    refused(&[&eval[..], &[&renamed]].concat(), &parts);
    let fewer = path("fewer");
    write_photos(Path::new(&fewer), ["a", "b", "c"]);
    for split in ["train", "val"] {
        fs::remove_dir_all(Path::new(&fewer).join(split).join("a")).expect("removed");
    }
    let fewer = format!("folder:{fewer}");
    refused(&[&eval[..], &[&fewer]].concat(), &["classes missing from the data: a"]);

    // A network whose outputs have another order than the sorted folders, as that of another source.
    let (tensors, metadata) =
        read_safetensors(&fs::read(&weights).expect("read")).expect("weights");
    let ron = metadata["network"].replace(r#"["a", "b", "c"]"#, r#"["b", "a", "c"]"#);
    let write = |name: &str, ron: &str| {
        let tensors: Vec<(String, &[usize], &[f32])> = tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), &tensor.shape[..], &tensor.values[..]))
            .collect();
        let bytes = write_safetensors(&tensors, ("network", ron)).expect("tensors");
        fs::write(folder.path().join(name), bytes).expect("written");
        path(name)
    };
    let swapped = write("swapped.safetensors", &ron);
    let mirrored = photos("mirrored", ["b", "a", "c"]);
    let top1 = |weights: &str, data: &str| {
        let evaluated = json(&["eval", &net, "--weights", weights, "--data", data]);
        evaluated["top1"].as_f64().expect("top1")
    };
    assert_eq!(top1(&swapped, &mirrored), top1(&weights, &data));

    // Weights of an earlier version say nothing of classes: they are evaluated, with a note.
    let names = r#"class_names: ["a", "b", "c"],"#;
    assert!(metadata["network"].contains(names));
    let old = write("old.safetensors", &metadata["network"].replace(names, ""));
    let run = nas(&["eval", &net, "--weights", &old, "--data", &renamed]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("the weights have no class names"), "{}", run.stderr);
}

/// `nas train --resume` without `--epochs` takes those of the training, and more of them extend it.
#[test]
fn trainings_are_extended() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (net, out) = (path("net.ron"), path("out"));
    fs::write(&net, NETWORK).expect("written");
    let data = "shapes:classes=3,size=16,train=60,test=15";
    let train = ["train", &net, "--data", data, "--batch", "12", "--out", &out];
    let resumed = |more: &[&str]| nas(&[&train[..], &["--resume"], more].concat());
    assert_eq!(nas(&[&train[..], &["--epochs", "2"]].concat()).code, 0);
    let run = resumed(&[]);
    assert!(run.code == 0 && !run.stderr.contains("trained"), "{}", run.stderr);
    let run = resumed(&["--epochs", "5"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for text in ["2 of 2 epochs are trained", "goes on to 5", "learning rate"] {
        assert!(run.stderr.contains(text), "{}", run.stderr);
    }
    let history = || fs::read_to_string(path("out/history.jsonl")).expect("written");
    assert_eq!(history().lines().count(), 5);
    refused(&[&train[..], &["--resume", "--epochs", "4"]].concat(), &["--epochs", "at least 5"]);
    assert_eq!(resumed(&[]).code, 0);
    assert_eq!(history().lines().count(), 5);
}
