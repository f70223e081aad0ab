//! `nas search` on the tables of benchmarks, and studies that are extended.

use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use crate::run::{json, killed_after, nas, refused, resumed};

/// A folder for tables and studies.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("utf-8").to_owned()
    }

    /// Writes a table of three choices of five options each, in the form of `arch`. Accuracies are in
    /// per cent and grow with the latency. Returns the accuracy source.
    fn table(&self, name: &str, arch: impl Fn([usize; 3]) -> String) -> String {
        let mut text = "arch,accuracy,latency_ms\n".to_owned();
        for index in 0..125_usize {
            let digits = [index / 25, index / 5 % 5, index % 5];
            let sum: usize = digits.iter().sum();
            let accuracy = 50.0 + sum as f64 + 0.0167 * digits[2] as f64;
            let ms = 1.0 + 0.1 * sum as f64 + 0.001 * digits[0] as f64;
            text += &format!("\"{}\",{accuracy:.4},{ms:.3}\n", arch(digits));
        }
        let path = self.path(name);
        std::fs::write(&path, text).expect("writable");
        format!("table:{path}")
    }

    fn digits(&self) -> String {
        self.table("plain.csv", |digits| digits.iter().map(usize::to_string).collect())
    }
}

/// The trials of a finished search.
fn trials(out: &str) -> Vec<String> {
    let csv = std::fs::read_to_string(PathBuf::from(out).join("pareto.csv")).expect("written");
    csv.lines().filter(|line| !line.starts_with("kind")).map(str::to_owned).collect()
}

const OPS: [&str; 5] = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];

#[test]
fn architectures_of_benchmarks_are_searched() {
    let place = Place::new();
    let cell = |[a, b, c]: [usize; 3]| format!("|{}~0|+|{}~0|{}~1|", OPS[a], OPS[b], OPS[c]);
    let forms = [
        ("nats.csv", place.table("nats.csv", cell), "|skip_connect~0|+|avg_pool_3x3~0|"),
        (
            "nats_list.csv",
            place.table("nats_list.csv", |[a, b, c]| format!("({a}, {b}, {c})")),
            "(",
        ),
        (
            "sss.csv",
            place.table("sss.csv", |digits| digits.map(|d| (8 * d + 8).to_string()).join(":")),
            "",
        ),
    ];
    let digits = place.digits();
    let search = |source: &str, out: &str| {
        let to = place.path(out);
        json(&[
            "search",
            "--accuracy",
            source,
            "--target-ms",
            "2",
            "--samples",
            "125",
            "--out",
            &to,
        ])
    };
    let reference = search(&digits, "digits");
    assert_eq!(reference["best"]["accuracy"], 0.590668);
    for (name, source, start) in forms {
        let found = search(&source, &format!("out-{name}"));
        let best = &found["best"];
        assert_eq!(best["accuracy"], reference["best"]["accuracy"], "{name}");
        // The winner is written as in the table.
        let genotype = best["genotype"].as_str().expect("text");
        assert!(genotype.starts_with(start), "{name}: {genotype}");
        let table = std::fs::read_to_string(place.path(name)).expect("readable");
        assert!(table.contains(&format!("\"{genotype}\"")), "{name}: {genotype}");
    }
}

#[test]
fn tables_that_cannot_be_meant_so_are_refused_with_their_rows() {
    let place = Place::new();
    let out = place.path("out");
    let check = |text: &str, parts: &[&str]| {
        std::fs::write(place.path("bench.csv"), text).expect("writable");
        let source = format!("table:{}", place.path("bench.csv"));
        refused(&["search", "--accuracy", &source, "--target-ms", "2", "--out", &out], parts);
        assert!(!Path::new(&out).exists());
    };
    let header = "arch,accuracy,latency_ms\n";
    let mixed = format!("{header}00,0.4536,1\n01,64.2233,2\n10,0.6586,3\n11,64.2233,2\n");
    check(&mixed, &["bench.csv, line 2", "0.4536", "64.2233 on line 3", "lines 2, 4"]);
    let lengths = format!("{header}\"(0, 1)\",50,1\n\"(0, 1, 2)\",51,2\n");
    check(&lengths, &["bench.csv, line 3", "(0, 1, 2)", "2 values, as on line 2"]);
    check(&format!("{header}(0, 1),50,1\n"), &["line 2", "found 4 cells", "double quotes"]);
    check(&format!("{header}00,NaN,1\n"), &["line 2", "found NaN"]);
}

#[test]
fn more_trials_extend_a_study() {
    let place = Place::new();
    let source = place.digits();
    let search = ["search", "--accuracy", &source, "--target-ms", "1.8"];
    let to = |out: &str, more: &[&str]| -> Vec<String> {
        let out = place.path(out);
        search.iter().chain(more).chain(&["--out", &out]).map(|&arg| arg.to_owned()).collect()
    };
    let run = |args: &[String]| nas(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let first = run(&to("whole", &["--samples", "40"]));
    assert_eq!(first.code, 0, "{}", first.stderr);
    let before = trials(&place.path("whole"));
    assert_eq!(before.len(), 40);

    let extended = run(&to("whole", &["--samples", "60", "--resume"]));
    assert_eq!(extended.code, 0, "{}", extended.stderr);
    let said = "the trials after the first 40 search for accuracy under 1.8 ms";
    assert!(extended.stderr.replace('\n', " ").contains(said), "{}", extended.stderr);
    assert!(
        extended.stdout.contains("60 trials (40 before it was extended)"),
        "{}",
        extended.stdout
    );
    let after = trials(&place.path("whole"));
    assert_eq!(after.len(), 60);
    let columns = |line: &String| line.split(',').take(7).map(str::to_owned).collect::<Vec<_>>();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(columns(before), columns(after));
    }
    assert!(after[40..].iter().all(|line| line.starts_with("target,")));

    // Killed at any time before and after the extension, it has the same trials.
    let killed = place.path("killed");
    for (samples, pauses) in [("40", [20, 40]), ("60", [25, 50])] {
        let args = [&search[..], &["--samples", samples, "--resume", "--out", &killed]].concat();
        killed_after(&args, &pauses);
        json(&resumed(&args));
    }
    assert_eq!(trials(&killed), after);

    // Without --samples, the study has as many trials as before.
    let again = [&search[..], &["--resume", "--out", &killed]].concat();
    assert_eq!(json(&again)["trials"], 60);
    refused(
        &[&again[..], &["--samples", "59"]].concat(),
        &["--samples", "found 59", "at least 60"],
    );
    assert_eq!(trials(&killed), after);
}

#[test]
fn another_search_is_refused_by_what_differs() {
    let place = Place::new();
    let (source, out) = (place.digits(), place.path("out"));
    let search = ["search", "--accuracy", &source, "--out", &out, "--samples", "40"];
    json(&[&search[..], &["--target-ms", "1.6"]].concat());
    let other = |args: &[&str], parts: &[&str]| {
        refused(&[&search[..], args, &["--resume"]].concat(), parts);
    };
    other(&["--target-ms", "1.8"], &["another study", "its target is 1.6 ms, not 1.8 ms"]);
    other(&["--target-ms", "1.6,1.8"], &["its target is 1.6 ms, not 1.6, 1.8 ms"]);
    other(
        &["--target-ms", "1.6", "--w", "-0.1"],
        &["its reward is soft, w -0.15, not soft, w -0.1"],
    );
    other(&["--maximize", "accuracy"], &["its target is 1.6 ms, not none"]);
}

#[test]
fn a_folder_without_a_run_has_nothing_to_resume() {
    let place = Place::new();
    let (source, new) = (place.digits(), place.path("new"));
    let start = ["search", "--accuracy", &source, "--target-ms", "1.6", "--out", &new];
    let nothing = ["--resume", "nothing to resume", "study.sqlite"];
    refused(&[&start[..], &["--resume"]].concat(), &nothing);
    let train =
        ["train", "mobilenet_v1@width=0.25", "--data", "shapes:classes=4,size=32,train=40,test=8"];
    let nothing = ["--resume", "nothing to resume", "checkpoint.safetensors"];
    refused(&[&train[..], &["--out", &new, "--resume"]].concat(), &nothing);
    assert!(!Path::new(&new).exists());
}

#[test]
fn numbers_that_cannot_be_computed_with_are_refused_at_once() {
    let place = Place::new();
    let (source, out) = (place.digits(), place.path("out"));
    let search = ["search", "--accuracy", &source, "--target-ms", "1.6", "--out", &out];
    let check = |args: &[&str], parts: &[&str]| {
        refused(&[&search[..], args].concat(), parts);
        assert!(!Path::new(&out).exists(), "{args:?}");
    };
    check(&["--samples", "4000000000"], &["--samples", "4000000000", "1 to 10,000,000"]);
    check(&["--samples", "99999999999999999999"], &["--samples"]);
    check(&["--jobs", "1000000"], &["--jobs", "1 to 1,024"]);
    check(&["--threads", "4000000000"], &["--threads", "0 to 1,024"]);
    check(&["--w=-1e9"], &["--w", "-1000000000", "1.000 ms", "1.6 ms"]);
    check(&["--reward", "absolute", "--w=-1e300"], &["--w"]);
    let bench = ["bench", "training", "mobilenet_v2@classes=10", "--resolution", "224"];
    refused(&[&bench[..], &["--batch", "4000000000"]].concat(), &["--batch", "at most 7133"]);
    refused(&[&bench[..], &["--steps", "4000000000"]].concat(), &["--steps", "1,000,000"]);
    refused(&["latency", "mobilenet_v2", "--measure", "--runs", "4000000000"], &["--runs"]);
}

/// A network with too many weights for any machine is described, but nothing is allocated for it.
#[test]
fn networks_that_do_not_fit_in_memory_are_refused() {
    let place = Place::new();
    let layers = "Conv(out: 32768, kernel: 1, stride: 1, act: Relu),\n".repeat(900);
    let ron = format!(
        "Network(format: 1, name: \"huge\", input: (channels: 3, resolution: 8), classes: 10,
        blocks: [{layers}], head: Pool())"
    );
    let net = place.path("huge.ron");
    std::fs::write(&net, ron).expect("writable");
    assert!(json(&["describe", &net])["params"].as_u64().expect("a count") > 800 << 30);
    let onnx = place.path("huge.onnx");
    for args in [
        &["export", &net, "--onnx", &onnx][..],
        &["latency", &net, "--measure"],
        &["bench", "training", &net, "--batch", "1"],
    ] {
        refused(args, &["huge.ron", "GB of memory"]);
    }
    assert!(!Path::new(&onnx).exists());
}
