//! `nas import`, and what the other commands do with weights that are none.

#[path = "../crates/training/tests/import/mobilenet.rs"]
mod mobilenet;
#[expect(dead_code, reason = "the tests of the crate `training` use the rest")]
#[path = "../crates/training/tests/import/torch_save.rs"]
mod torch_save;

use std::path::Path;

use search_space::{NodeWeights, Weights};
use tempfile::tempdir;
use training::{write_safetensors, write_weights};

use self::mobilenet::{Named, network, node, state_dict};
use self::torch_save::{Node, Stored, saved};
use crate::run::{json, nas, refused};

/// A folder with the small network in `small.ron`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("small.ron"), network().to_ron()).expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("utf-8").to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("written");
        self.path(name)
    }

    fn args<'a>(net: &'a str, file: &'a str, out: &'a str) -> [&'a str; 7] {
        ["import", "--from", "torchvision", net, file, "--weights", out]
    }
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

#[test]
fn the_source_of_the_weights_is_printed() {
    let folder = Folder::new();
    let (net, out) = (folder.path("small.ron"), folder.path("out.safetensors"));
    let raw = || node(&state(1), "module.");
    let both = dict([("model", raw()), ("model_ema", node(&state(2), "module."))]);
    let file = folder.write("both.pth", &saved(&both));
    let args = Folder::args(&net, &file, &out);
    let run = nas(&args);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        format!(
            "read {file}: PyTorch, key model_ema, prefix module., averaged weights (--state-key for another: model)"
        )
    );
    assert_eq!(lines[1], format!("wrote {out}: small, 1,108 parameters, 4 classes"));
    let written = |seed| {
        let expected = write_weights(&network(), &weights(seed)).expect("fits");
        std::fs::read(&out).expect("written") == expected
    };
    assert!(written(2));
    let found = json(&args);
    for (key, value) in [
        ("format", "\"torch\""),
        ("key", "\"model_ema\""),
        ("prefix", "\"module.\""),
        ("average", "true"),
        ("other_keys", "[\"model\"]"),
        ("unused_tensors", "0"),
        ("fresh", "[]"),
        ("classes", "4"),
    ] {
        assert_eq!(found[key].to_string(), value, "{key}");
    }
    let found = json(&[&args[..], &["--state-key", "model"]].concat());
    assert_eq!((found["key"].as_str(), found["average"].as_bool()), (Some("model"), Some(false)));
    assert!(written(1));
    std::fs::remove_file(&out).expect("there");
    let wrong = [&args[..], &["--state-key", "ema"]].concat();
    refused(&wrong, &["--state-key", "found ema", "model, model_ema"]);

    // A state dict in a safetensors file.
    let state = state(1);
    let tensors: Vec<(String, &[usize], &[f32])> = state
        .iter()
        .map(|Named { name, shape, values }| (name.clone(), &shape[..], &values[..]))
        .collect();
    let bytes = write_safetensors(&tensors, ("format", "pt")).expect("fits");
    let file = folder.write("model.safetensors", &bytes);
    let found = json(&Folder::args(&net, &file, &out));
    assert_eq!((found["format"].as_str(), found["key"].is_null()), (Some("safetensors"), true));
    folder.write("config.json", br#"{"architecture": "tf_mobilenetv3_small_100"}"#);
    refused(&Folder::args(&net, &file, &out), &["model.safetensors", "tf_mobilenetv3_small_100"]);
}

#[test]
fn a_fresh_classifier_is_asked_for_and_said() {
    let folder = Folder::new();
    let (net, out) = (folder.path("small.ron@classes=7"), folder.path("out.safetensors"));
    let headless: Vec<Named> =
        state(1).into_iter().filter(|tensor| !tensor.name.contains("classifier")).collect();
    let file = folder.write("headless.pth", &saved(&node(&headless, "")));
    let args = Folder::args(&net, &file, &out);
    refused(
        &args,
        &["headless.pth", "without its classifier", "classifier.1.weight", "--fresh-classifier"],
    );
    assert!(!Path::new(&out).exists());
    let fresh = [&args[..], &["--fresh-classifier"]].concat();
    let run = nas(&fresh);
    assert!(run.stdout.contains("7 classes; random weights in head.classifier"), "{}", run.stdout);
    assert_eq!(json(&fresh)["fresh"][0], "head.classifier");
    // Its classes are those of a training.
    let data = "shapes:classes=4,size=16,train=40,test=20";
    let train = ["train", &net, "--data", data, "--train-stem-stride", "1", "--epochs", "1"];
    let net = folder.path("small.ron");
    let train = [&["train", &net], &train[2..], &["--batch", "10", "--weights", &out]].concat();
    json(&[&train[..], &["--out", &folder.path("trained")]].concat());
}

#[test]
fn what_is_no_weight_is_refused_by_every_command() {
    let folder = Folder::new();
    let (net, out) = (folder.path("small.ron"), folder.path("out"));
    let mut state = state(1);
    state[0].values[27 + 1] = f32::NAN;
    let nan = folder.write("nan.pth", &saved(&node(&state, "")));
    let index = "features.0.0.weight[1, 0, 0, 1]: found NaN";
    refused(&Folder::args(&net, &nan, &out), &["nan.pth", index]);
    for (text, part) in [
        ("<!DOCTYPE html><html>404</html>", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        ("", "an empty file"),
    ] {
        let file = folder.write("page.pth", text.as_bytes());
        let run = nas(&Folder::args(&net, &file, &out));
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{}", run.stderr);
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }

    let mut bad = weights(1);
    for node in &mut bad.nodes {
        if let NodeWeights::Norm { var, .. } = node {
            var[3] = -1.0;
            break;
        }
    }
    let bad = folder.write("bad.safetensors", &write_weights(&network(), &bad).expect("fits"));
    let image = vec![0.5; 3 * 32 * 32];
    let image = [("input".to_owned(), &[1, 3, 32, 32][..], &image[..])];
    let image =
        folder.write("x.safetensors", &write_safetensors(&image, ("a", "b")).expect("fits"));
    let data = "shapes:classes=4,size=32,train=40,test=20";
    for args in [
        vec!["infer", &net, "--weights", &bad, "--input", &image, "--output", &out],
        vec!["export", &net, "--weights", &bad, "--onnx", &out],
        vec!["eval", &net, "--weights", &bad, "--data", data],
        vec!["train", &net, "--weights", &bad, "--data", data, "--batch", "10", "--out", &out],
    ] {
        refused(&args, &["blocks.0.conv.bn.running_var[3]: found -1"]);
        assert!(!Path::new(&out).exists(), "{args:?}");
    }
    // A checkpoint of another framework in the place of weights.
    let file =
        folder.write("other.pth", &saved(&dict([("a", Node::Tensor(Stored::new(&[1], &[1.0])))])));
    refused(&["export", &net, "--weights", &file, "--onnx", &out], &["other.pth", "nas import"]);
}
