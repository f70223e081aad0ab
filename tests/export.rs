//! `nas export`.

use tempfile::tempdir;

use crate::run::{json, nas, refused};

#[test]
fn files_are_the_seeds_and_say_that_nothing_was_trained() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let net = "shufflenet_v2@width=0.5,resolution=64,classes=10";
    let export = |name: &str, more: &[&str]| {
        let file = path(name);
        let exported = json(&[&["export", net, "--onnx", &file], more].concat());
        assert_eq!(exported["file"], file);
        // Published for 1000 classes, a classifier of 1,024 features without bias.
        assert_eq!(exported["params"], 1_365_792 - 1_024 * 990);
        assert!(exported["weights"].as_str().is_some_and(|text| text.contains("random")));
        std::fs::read(file).expect("written")
    };
    let first = export("first.onnx", &[]);
    assert_eq!(first, export("again.onnx", &["--seed", "0"]));
    assert_ne!(first, export("seed.onnx", &["--seed", "1"]));
    assert!(export("dynamic.onnx", &["--dynamic-batch"]).windows(5).any(|w| w == b"batch"));
    assert!(export("unfolded.onnx", &["--unfolded"]).windows(12).any(|w| w == b"running_mean"));

    let run = nas(&["export", net, "--onnx", &path("first.onnx")]);
    assert!(run.stdout.contains("untrained: random weights"), "{}", run.stdout);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 5, "no rests");

    refused(&["export", "mobilenet_v2"], &["--onnx"]);
    refused(&["export", "nothing", "--onnx", &path("x.onnx")], &["nothing"]);
    refused(&["export", net, "--onnx", &path("no/x.onnx")], &["--onnx", "no/x.onnx", "No such"]);
}
