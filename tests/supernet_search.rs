//! `nas search --data`: a supernet is trained and searched and the winner trained, also after an
//! interruption, and bad input is refused.

use std::path::Path;

use tempfile::tempdir;

use crate::run::{TINY_SPACE, interrupted, json, nas, refused};

const DATA: &str = "shapes:classes=4,size=16,train=300,test=20";

fn csv(out: &Path) -> String {
    std::fs::read_to_string(out.join("pareto.csv")).expect("written")
}

#[test]
fn the_supernet_is_trained_and_searched_and_interruptions_change_nothing() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, whole, stopped) = (path("tiny.ron"), path("whole"), path("stopped"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--accuracy", "supernet", "--data", DATA, "--space", &space];
    let settings = ["--maximize", "accuracy", "--samples", "30", "--supernet-epochs", "3"];
    let settings = [&settings[..], &["--epochs", "0"]].concat();
    let to_whole = [&search[..], &settings, &["--out", &whole, "--threads", "1"]].concat();
    let to_stopped = [&search[..], &settings, &["--out", &stopped, "--threads", "2"]].concat();
    let found = json(&to_whole);
    assert_eq!(found["trials"], 30);
    for file in ["supernet.safetensors", "evaluations.sqlite", "study.sqlite", "best.ron"] {
        assert!(Path::new(&whole).join(file).exists(), "{file}");
    }
    // The winner has the classes of the images.
    let best = std::fs::read_to_string(Path::new(&whole).join("best.ron")).expect("written");
    assert!(best.contains("classes: 4,"), "{best}");

    let first = interrupted(&to_stopped, &Path::new(&stopped).join("study.sqlite"));
    assert!(first.code == 1 || first.code == 0, "{}", first.stderr);
    let again = [&to_stopped[..], &["--resume"]].concat();
    let run = nas(&again);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("for ranking only"), "{}", run.stdout);
    assert_eq!(csv(Path::new(&stopped)), csv(Path::new(&whole)));
    let read = |out: &str| std::fs::read(Path::new(out).join("supernet.safetensors")).unwrap();
    assert!(read(&stopped) == read(&whole));

    // A study of another supernet.
    let other: Vec<&str> = again.iter().map(|&arg| if arg == "3" { "2" } else { arg }).collect();
    refused(&other, &["another study", "accuracy is supernet"]);
}

/// The blocks of a network's RON file.
fn blocks(ron: &str) -> &str {
    ron.split_once("blocks:").expect("a network").1
}

/// Images are enough: the winner is ranked by a supernet, trained with two seeds, and exported with the
/// classes and the preprocessing of the images.
#[test]
fn a_winner_is_trained_and_exported_and_interruptions_change_nothing() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, whole, stopped) = (path("tiny.ron"), path("whole"), path("stopped"));
    std::fs::write(&space, TINY_SPACE.replace("[16]", "[24]")).expect("writable");
    let search = ["search", "--data", DATA, "--space", &space, "--maximize", "accuracy"];
    let settings = ["--samples", "4", "--supernet-epochs", "1", "--epochs", "2", "--seeds", "2"];
    let settings = [&settings[..], &["--threads", "1"]].concat();
    let to_whole = [&search[..], &settings, &["--out", &whole]].concat();
    let found = json(&to_whole);
    let [trained] = &found["trained"].as_array().expect("one winner")[..] else {
        panic!("{found}");
    };
    assert_eq!(trained["compared"][0]["name"], "winner");
    assert_eq!(trained["compared"][0]["seeds"], 2);
    let screen = std::fs::read_to_string(Path::new(&whole).join("README.md")).expect("written");
    assert!(screen.contains("unknown") && !screen.contains("NaN"), "{screen}");
    // The images have 16 pixels, the space has 24.
    let in_whole = |name: &str| Path::new(&whole).join(name).to_str().expect("utf-8").to_owned();
    let (network, weights) = (in_whole("best.ron"), in_whole("best.safetensors"));
    let best = std::fs::read_to_string(&network).expect("written");
    assert!(best.contains("resolution: 16"), "{best}");
    let test = json(&["eval", &network, "--weights", &weights, "--data", DATA]);
    let csv_file = std::fs::read_to_string(in_whole("final-trainings.csv")).expect("written");
    let test = test["top1"].as_f64().expect("a number").to_string();
    assert!(csv_file.lines().any(|line| line.ends_with(&format!(",{test}"))), "{csv_file} {test}");
    let onnx = std::fs::read(in_whole("best.onnx")).expect("written");
    let has = |text: &str| onnx.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("class_names") && has("preprocessing"));
    let readme = std::fs::read_to_string(in_whole("README.md")).expect("written");
    assert!(readme.contains("trained from scratch for 2 epochs"), "{readme}");

    let to_stopped = [&search[..], &settings, &["--out", &stopped]].concat();
    let first = interrupted(&to_stopped, &Path::new(&stopped).join("final-networks.ron"));
    let first_winner = best;
    assert!(first.code == 1 || first.code == 0, "{}", first.stderr);
    let run = nas(&[&to_stopped[..], &["--resume"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for file in ["final-networks.ron", "final-trainings.csv", "best.safetensors"] {
        let read = |out: &str| std::fs::read(Path::new(out).join(file)).expect("written");
        assert!(read(&whole) == read(&stopped), "{file}");
    }

    // With more trials, another network may win. Then its trainings do not continue those of the first.
    let more = to_whole.iter().map(|&arg| if arg == "4" { "40" } else { arg });
    let run = nas(&more.chain(["--resume"]).collect::<Vec<_>>());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let winner = std::fs::read_to_string(&network).expect("written");
    let is_other = blocks(&winner) != blocks(&first_winner);
    assert_eq!(Path::new(&in_whole("final-trainings.before-1")).exists(), is_other);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, out) = (path("tiny.ron"), path("out"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let check = |args: &[&str], message: &[&str]| {
        let search = ["search", "--maximize", "accuracy", "--samples", "20", "--out", &out];
        refused(&[&search[..], args].concat(), message);
        assert!(!Path::new(&out).exists(), "{args:?}");
    };
    let supernet = ["--accuracy", "supernet"];
    let with = |more: &[&'static str]| -> Vec<String> {
        supernet.iter().chain(more).map(|&arg| arg.to_owned()).collect()
    };
    let check_with = |more: &[&'static str], message: &[&str]| {
        let args = with(more);
        check(&args.iter().map(String::as_str).collect::<Vec<_>>(), message);
    };
    check_with(&[], &["--data", "found none"]);
    check(&["--data", DATA, "--accuracy", "surrogate"], &["--data", "--accuracy supernet"]);
    for flag in ["--epochs", "--seeds", "--deploy-resolution", "--train-resolution"] {
        check(&[flag, "16"], &[flag, "--accuracy supernet"]);
    }
    check_with(&["--data", DATA, "--check", "3"], &["--check", "3", "4"]);
    check_with(&["--data", DATA, "--check", "9", "--baselines", "none"], &["--check", "none"]);
    check(&["--baselines", "none"], &["--baselines", "--accuracy supernet"]);
    check(&["--supernet-epochs", "2"], &["--supernet-epochs", "--accuracy supernet"]);
    check_with(&["--data", DATA, "--space", "table"], &["--space", "found table"]);
    check_with(&["--data", DATA, "--space", "mobilenet_v2"], &["--space", "resolutions", "4"]);
    check_with(&["--data", DATA, "--supernet-epochs", "0"], &["--supernet-epochs", "0"]);
    check_with(&["--data", "shapes:classes=1,size=16,train=80,test=8"], &["classes", "1"]);
    check_with(
        &["--data", "shapes:classes=4,size=8,train=200,test=8", "--space", "mnasnet"],
        &["--space", "feature map"],
    );
}
