//! `nas search` on a benchmark's table: accuracies, and latencies, of a CSV file.

use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use crate::run::{json, nas, refused};

/// Four digits of three operations with two devices; digit 2 is good and slow on one of them.
fn bench() -> (TempDir, PathBuf) {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.csv");
    let mut text = "arch,mean_acc,ms_phone,ms_server\n".to_owned();
    for index in 0..81_u32 {
        let digits = [index / 27, index / 9 % 3, index / 3 % 3, index % 3];
        let arch: String = digits.map(|digit| digit.to_string()).concat();
        let sum: u32 = digits.iter().sum();
        let accuracy = 80.0 + 2.0 * f64::from(sum) - f64::from(digits[0] * digits[1]);
        let phone = 2.0 + f64::from(sum) + 0.01 * f64::from(index);
        let server = 2.0 + f64::from(digits[0]) + 0.01 * f64::from(80 - index);
        text += &format!("{arch},{accuracy},{phone},{server}\n");
    }
    std::fs::write(&path, text).expect("writable");
    (folder, path)
}

#[test]
fn winners_are_rows_of_the_table() {
    let (folder, bench) = bench();
    let source = format!("table:{}", bench.display());
    let out = folder.path().join("out");
    let out_text = out.to_str().expect("utf-8");
    let search = ["search", "--accuracy", &source, "--space", "table", "--samples", "60"];
    let phone = ["--latency-column", "ms_phone", "--target-ms", "6.5", "--out", out_text];
    let run = nas(&[&search[..], &phone].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("per cent"), "{}", run.stderr);
    assert!(run.stdout.contains("ms_phone of bench"), "{}", run.stdout);
    let found = json(&[&search[..], &phone, &["--resume"]].concat());
    let best = &found["best"];
    // 0.88 is the most that four steps of two points reach; three rows of it are fast enough.
    let text = best["genotype"].as_str().expect("text");
    assert_eq!(text.len(), 4);
    assert_eq!(best["accuracy"], 0.88, "{best}");
    assert!(best["measured_ms"].as_f64().expect("a number") <= 6.5);
    assert_eq!(best["network"], serde_json::Value::Null);
    assert_eq!(found["range"]["slowest_ms"], 10.8);
    assert!(out.join("pareto.svg").exists() && !out.join("best.ron").exists());
    let csv = std::fs::read_to_string(out.join("pareto.csv")).expect("written");
    assert!(csv.lines().any(|line| line.contains(text)));

    let alone = folder.path().join("alone");
    let alone =
        ["--maximize", "accuracy", "--samples", "81", "--out", alone.to_str().expect("utf-8")];
    let found = json(&[&search[..5], &alone].concat());
    assert_eq!(found["trials"], 81);
    assert_eq!(found["best"]["accuracy"], 0.92);
    assert_eq!(found["best"]["measured_ms"], serde_json::Value::Null);
    assert_eq!(found["range"], serde_json::Value::Null);

    // Nothing is as fast: exit code 3, and the folder is left alone.
    let fast = folder.path().join("fast");
    let too_fast = ["--latency-column", "ms_phone", "--target-ms", "1", "--out"];
    let run = nas(&[&search[..], &too_fast, &[fast.to_str().expect("utf-8")]].concat());
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(!Path::new(&fast).exists());
}

#[test]
fn contradictions_are_refused_and_write_nothing() {
    let (folder, bench) = bench();
    let source = format!("table:{}", bench.display());
    let out = folder.path().join("out");
    let out_text = out.to_str().expect("utf-8");
    let check = |args: &[&str], parts: &[&str]| {
        refused(&[&["search", "--out", out_text], args].concat(), parts);
        assert!(!out.exists(), "{args:?}");
    };
    let table = ["--accuracy", &source];
    let with = |args: &[&'static str]| [&table[..], args].concat();
    check(&with(&["--target-ms", "5"]), &["--target-ms", "--latency-column", "--maximize"]);
    check(&with(&["--target-ms", "5", "--maximize", "accuracy"]), &["--maximize", "--target-ms"]);
    check(&with(&["--maximize", "accuracy", "--w", "-0.1"]), &["--maximize", "--w"]);
    check(&with(&["--maximize", "accuracy", "--max", "params=1M"]), &["--max", "networks"]);
    check(&with(&["--maximize", "latency"]), &["latency", "accuracy"]);
    check(&with(&["--target-ms", "5", "--latency-column", "ms"]), &["line 1", "expected: ms"]);
    check(&with(&["--target-ms", "5", "--space", "mnasnet"]), &["bench.csv, line 2", "28 digits"]);
    let phone = ["--latency-column", "ms_phone", "--target-ms", "5"];
    check(&[&table[..], &phone, &["--runs", "9"]].concat(), &["--runs", "ms_phone"]);
    check(&[&table[..], &phone, &["--table", "t.ron"]].concat(), &["--table", "ms_phone"]);
    check(&["--target-ms", "5", "--latency-column", "ms_phone"], &["--latency-column", "table:"]);
    check(&["--target-ms", "5", "--space", "table"], &["table"]);
    let sources = "surrogate, supernet, proxy, table:FILE";
    check(&["--target-ms", "5", "--accuracy", "oracle"], &["oracle", sources]);
    check(&["--target-ms", "5", "--accuracy", "table:none.csv"], &["none.csv"]);
    std::fs::write(&bench, "arch,mean_acc\n00,1\n01,2\n00,3\n").expect("writable");
    check(&with(&["--maximize", "accuracy"]), &["line 4", "line 2", "another value"]);
}
