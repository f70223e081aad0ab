//! `nas train` and what its weights are good for, on drawn images and a small network.

use std::path::Path;

use tempfile::tempdir;

use crate::run::{interrupted, json, killed_after, refused, resumed, shell};

const NET: &str = "mobilenet_v1@width=0.25,classes=4";
const DATA: &str = "shapes:classes=4,size=16,train=240,test=60";
const TRAIN: [&str; 12] = [
    "train",
    NET,
    "--data",
    DATA,
    "--train-stem-stride",
    "1",
    "--epochs",
    "3",
    "--batch",
    "40",
    "--seed",
    "3",
];

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).expect("written")
}

#[test]
fn weights_do_not_depend_on_threads_or_kills_and_are_used_everywhere() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (one, two, killed) = (path("one"), path("two"), path("killed"));
    let trained = json(&[&TRAIN[..], &["--threads", "1", "--out", &one]].concat());
    assert_eq!(trained["epochs"], 3);
    json(&[&TRAIN[..], &["--threads", "2", "--out", &two]].concat());
    killed_after(&[&TRAIN[..], &["--out", &killed, "--resume"]].concat(), &[150, 500, 900]);
    json(&resumed(&[&TRAIN[..], &["--out", &killed, "--resume"]].concat()));
    let one = Path::new(&one);
    for other in [&two, &killed] {
        for name in ["last.safetensors", "best.safetensors"] {
            assert!(bytes(one, name) == bytes(Path::new(other), name), "{other}, {name}");
        }
    }
    let history = String::from_utf8(bytes(one, "history.jsonl")).expect("text");
    assert_eq!(history.lines().count(), 3);
    let figure = String::from_utf8(bytes(one, "training.svg")).expect("text");
    for text in ["Training of mobilenet_v1", "top-1 (%)", "loss", "epochs", "hold-out"] {
        assert!(figure.contains(text), "{text}");
    }
    assert!(bytes(one, "training.png").starts_with(b"\x89PNG"));
    let readme = String::from_utf8(bytes(one, "README.md")).expect("text");
    for text in ["# Training of mobilenet_v1", "`best.safetensors`", "top-1", "nas train"] {
        assert!(readme.contains(text), "{text}: {readme}");
    }

    let weights = trained["weights"].as_str().expect("a path");
    let evaluated = json(&["eval", NET, "--weights", weights, "--data", DATA]);
    assert_eq!(evaluated["top1"], trained["top1"]);
    assert_eq!(evaluated["images"], 60);
    let onnx = path("net.onnx");
    json(&["export", NET, "--weights", weights, "--onnx", &onnx]);
    assert!(std::fs::metadata(&onnx).expect("written").len() > 100_000);

    // Batch norms are those of the weights, whatever NET says.
    let norm = "blocks: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)], head: Pool())";
    let text = |eps: &str| {
        let size = "input: (channels: 3, resolution: 16), classes: 4";
        format!(
            "Network(format: 1, name: \"norm\", {size}, norm: (eps: {eps}, momentum: 0.2), {norm}"
        )
    };
    let (ron, first, second) = (path("norm.ron"), path("first"), path("second"));
    let train = |out: &str, more: &[&str]| {
        let args = ["train", &ron, "--data", DATA, "--epochs", "1", "--batch", "40", "--out", out];
        json(&[&args[..], more].concat())
    };
    std::fs::write(&ron, text("1e-2")).expect("written");
    let first = train(&first, &[])["weights"].as_str().expect("a path").to_owned();
    std::fs::write(&ron, text("1e-5")).expect("written");
    train(&second, &["--weights", &first]);
    let deployed = String::from_utf8(bytes(Path::new(&second), "network.ron")).expect("text");
    assert!(deployed.contains("0.01"), "{deployed}");

    // The same folder with another recipe, and a network that the weights do not fit.
    let other = [&TRAIN[..], &["--out", &killed, "--resume", "--ema", "0.5"]].concat();
    refused(&other, &["--resume", "ema"]);
    refused(&[&TRAIN[..], &["--out", &killed]].concat(), &["checkpoint.safetensors", "--resume"]);
    let wide = "mobilenet_v1@width=0.5,classes=4";
    refused(&["eval", wide, "--weights", weights, "--data", DATA], &["best.safetensors"]);
}

#[test]
fn an_interrupted_training_says_how_it_continues() {
    let folder = tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let args = [&TRAIN[..], &["--epochs", "40", "--out", out.to_str().expect("utf-8")]].concat();
    let repeated = args.iter().position(|arg| *arg == "--epochs").expect("an option");
    let args = [&args[..repeated], &args[repeated + 2..]].concat();
    let run = interrupted(&args, &out.join("history.jsonl"));
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains(" of 40 epochs are complete"), "{}", run.stderr);
    assert!(run.stderr.contains("epoch 1/40"), "{}", run.stderr);
    let command = run.stderr.trim_end().rsplit_once('\n').expect("lines").1;
    let hint = String::from_utf8(bytes(&out, "RESUME.txt")).expect("text");
    assert!(hint.contains(command), "{hint}");
    let resumed = shell(command);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(resumed.stdout.contains("top-1"), "{}", resumed.stdout);
    assert!(!out.join("RESUME.txt").exists());
}

#[test]
fn bad_training_is_refused_and_writes_nothing() {
    let folder = tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let out_text = out.to_str().expect("utf-8");
    let check = |args: &[&str], parts: &[&str]| {
        refused(&[&["train", NET, "--out", out_text], args].concat(), parts);
        assert!(!out.exists(), "{args:?}");
    };
    check(&[], &["--data"]);
    check(&["--data", "imagenet"], &["imagenet"]);
    check(&["--data", "cifar10:nowhere"], &["nowhere"]);
    check(&["--data", DATA], &["blocks[12].stride", "too small"]);
    check(&["--data", DATA, "--train-stem-stride", "1", "--epochs", "0"], &["--epochs", "found 0"]);
    check(&["--data", DATA, "--train-stem-stride", "1", "--batch", "0"], &["--batch", "found 0"]);
    check(
        &["--data", DATA, "--train-stem-stride", "1", "--learning-rate", "-1"],
        &["--learning-rate", "-1"],
    );
    check(
        &["--data", DATA, "--train-stem-stride", "1", "--weights", "nowhere.safetensors"],
        &["nowhere.safetensors"],
    );
    let device = |device| {
        [&["--data", DATA, "--train-stem-stride", "1", "--device"], &[device][..]].concat()
    };
    check(&device("tpu"), &["--device", "found tpu", "cpu, cuda or cuda:N"]);
    check(&device("cuda:x"), &["--device", "found cuda:x"]);
    // Built without CUDA, or on a machine with fewer devices.
    check(&device("cuda:99"), &["--device", "found cuda:99"]);
    let diverges = ["--data", DATA, "--train-stem-stride", "1", "--learning-rate", "1e30"];
    let run = crate::run::nas(&[&["train", NET, "--out", out_text], &diverges[..]].concat());
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("learning rate"), "{}", run.stderr);
    refused(&["import", "--from", "timm", NET, "nowhere.pth", "--weights", "w"], &["nowhere.pth"]);
}
