//! `nas table diff` on tables that were made up for the test.

use std::path::Path;

use latency_predictor::{Entry, Quantiles, Table};
use tempfile::tempdir;

use crate::run::{json, nas, refused};
use crate::table::{empty_table, made_up_table, made_up_table_times};

fn text(path: &Path) -> &str {
    path.to_str().expect("utf-8")
}

#[test]
fn table_diff_tells_the_level_and_where_tables_differ() {
    let folder = tempdir().expect("a temporary folder");
    let [a, b] = ["a.ron", "b.ron"].map(|name| folder.path().join(name));
    made_up_table(&a);
    made_up_table_times(&b, 1.25);
    let diff = ["table", "diff", text(&a), text(&b)];
    let found = json(&diff);
    assert_eq!(found["common"], 170);
    assert!((found["level_ratio"].as_f64().expect("a number") - 1.25).abs() < 1e-9);
    assert_eq!(found["networks"], serde_json::Value::Null);
    assert_eq!(found["blocks"].as_array().expect("a list").len(), 170);
    let with_space = [&diff[..], &["--space", "mnasnet"]].concat();
    let found = json(&with_space);
    assert_eq!(found["networks"]["count"], 1000);
    assert!(found["networks"]["spearman"].as_f64().expect("a number") > 0.9999);

    // One block is slower.
    let mut table = Table::load(&b).expect("readable").expect("there");
    let entry = *table.entries()[40];
    let p50_ms = 1.5 * entry.latency.p50_ms;
    let latency = Quantiles { p10_ms: 0.9 * p50_ms, p50_ms, p90_ms: 1.1 * p50_ms };
    table.extend([Entry { latency, ..entry }]);
    table.save(&b).expect("writable");
    let block = entry.unit.to_string();
    let found = json(&diff);
    assert_eq!(found["blocks"][0]["unit"], block);
    assert!((found["blocks"][0]["ratio"].as_f64().expect("a number") - 1.5).abs() < 1e-9);
    let shown = nas(&with_space);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for part in
        ["170 that were measured for both", "+25.0 %", "1,000 random networks", &block, "+50.0"]
    {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    for line in shown.stdout.lines().skip(4) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn table_diff_refuses_what_cannot_be_compared() {
    let folder = tempdir().expect("a temporary folder");
    let [a, b] = ["a.ron", "b.ron"].map(|name| folder.path().join(name));
    made_up_table(&a);
    empty_table(&b);
    let (a, b) = (text(&a), text(&b));
    refused(&["table", "diff", a, b], &["a.ron", "b.ron", "no measured block"]);
    let other = ["table", "diff", a, a, "--space", "shufflenet_v2"];
    refused(&other, &["space shufflenet_v2", "no measured block"]);
    refused(&["table", "diff", a, "missing.ron"], &["missing.ron", "no such latency table"]);
    refused(&["table", "diff", a], &["<B>"]);
    refused(&["table", "diff", a, a, "--space", "nasnet"], &["nasnet", "mnasnet"]);
    std::fs::write(b, "LatencyTable(format: 3, setup: 4)").expect("writable");
    refused(&["table", "diff", a, b], &["b.ron", "line 1"]);
}
