//! The last screen of `nas search` and its output folder, on a made-up latency table.

use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::run::json;
use crate::table::made_up_table;

/// Runs a search in a folder that has a made-up table; every network meets its targets.
struct Search(TempDir);

impl Search {
    fn new() -> Self {
        let folder = tempdir().expect("a temporary folder");
        made_up_table(&folder.path().join("table.ron"));
        Self(folder)
    }

    fn run(&self, args: &[&str]) -> String {
        let all = [
            "search",
            "--samples",
            "80",
            "--runs",
            "1",
            "--level",
            "built",
            "--table",
            "table.ron",
        ];
        let run = Command::new(env!("CARGO_BIN_EXE_nas"))
            .args(all)
            .args(args)
            .current_dir(self.0.path())
            .output()
            .expect("nas starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    }

    fn read(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn the_winner_is_readable_and_stands_beside_known_networks() {
    let search = Search::new();
    let screen = search.run(&["--target-ms", "1000000", "--out", "out"]);
    for line in screen.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for part in [
        "layers  block",
        "MBConv",
        "conv 1x1 to 1280, pool, linear",
        "EfficientNet-B0",
        "uniform 5x5 expansion 6",
        "MobileNetV3-Small",
        "unknown",
        "75.2",
        "out/pareto.png",
        "out/best.ron",
        "nas train out/best.ron",
        "nas export out/best.ron",
        "--weights out/trained/best.safetensors",
        "no block was estimated",
    ] {
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
    for part in ["nas latency", "paper", "100 % of the predictions"] {
        assert!(!screen.contains(part), "{part}:\n{screen}");
    }

    // The file is the network with its latency and its stages before it.
    let ron = search.read("out/best.ron");
    let (comment, network) = ron.split_once("Network(").expect("a network");
    assert!(comment.lines().all(|line| line.starts_with("//")), "{comment}");
    for part in ["ms measured", "ms predicted; target 1000000 ms", "layers  block", "Device: "] {
        assert!(comment.contains(part), "{part}: {comment}");
    }
    assert!(network.starts_with("\n    format: 1"), "{network}");
    let described =
        json(&["describe", search.0.path().join("out/best.ron").to_str().expect("utf-8")]);
    assert!(described["params"].as_u64().expect("a count") > 1_000_000);

    let readme = search.read("out/README.md");
    let command = "nas search --samples 80 --runs 1 --level built --table table.ron --target-ms 1000000 --out out";
    for part in [command, "`study.sqlite`", "`best.ron`", "`pareto.csv`", "MobileNetV2", "winner"] {
        assert!(readme.contains(part), "{part}: {readme}");
    }
    for absent in ["`trained`", "not finished"] {
        assert!(!readme.contains(absent), "{absent}: {readme}");
    }
    let figure = search.read("out/progress.svg");
    for part in ["Best accuracy under 1,000,000 ms against trials", "maximising the reward"] {
        assert!(figure.contains(part), "{part}");
    }
}

#[test]
fn several_targets_repeat_nothing() {
    let search = Search::new();
    let screen = search.run(&["--target-ms", "900000,1000000,1100000", "--out", "out"]);
    for line in screen.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for part in [
        "for ranking only",
        "no block was estimated",
        "the trial with the greatest reward",
        "MobileNetV2",
        "nas train",
        "80 trials",
    ] {
        assert_eq!(count(&screen, part), 1, "{part}:\n{screen}");
    }
    // All three targets have the same winner, which is shown once.
    let winners: Vec<&str> = screen.lines().filter(|line| line.starts_with("winner  ")).collect();
    let mut distinct = winners.clone();
    distinct.dedup();
    assert_eq!(winners, distinct, "{screen}");
    let figure = search.read("out/pareto.svg");
    for part in ["target 900,000 ms", "target 1,000,000 ms", "target 1,100,000 ms"] {
        assert!(figure.contains(part), "{part}");
    }
    let progress = search.read("out/progress.svg");
    for part in ["evolution under 900,000 ms", "1,100,000 ms, random: "] {
        assert!(progress.contains(part), "{part}");
    }
}

#[test]
fn the_references_are_in_the_json_document() {
    let search = Search::new();
    let document = search.run(&["--target-ms", "1000000", "--out", "out", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let references = document["references"].as_array().expect("a list");
    assert_eq!(references.len(), 3 + 3);
    let v2 = references.iter().find(|known| known["name"] == "MobileNetV2").expect("there");
    assert_eq!((&v2["accuracy"], &v2["published_top1"]), (&serde_json::Value::Null, &0.72.into()));
    assert!(v2["latency_ms"].as_f64().expect("measured") > 0.0);
    let b0 = references.iter().find(|known| known["name"] == "EfficientNet-B0").expect("there");
    assert!(b0["accuracy"].as_f64().expect("by the surrogate") > 0.5);
    assert!(Path::new(&search.0.path().join("out/README.md")).exists());
}
