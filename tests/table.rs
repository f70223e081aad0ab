//! `nas table show` and `nas latency` on a table that was made up for the test.

use std::path::Path;

use latency_predictor::{
    BuildRecord, BuildSettings, Conditions, Entry, ProcessorTime, Quantiles, Runtime, Setup, Table,
    Timing,
};
use search_space::published;
use tempfile::tempdir;

use crate::run::{json, nas, refused};

/// A table of all blocks of `mnasnet` on this device. Latencies grow with the input, and are so long
/// that every network that is really measured is faster.
pub(crate) fn made_up_table(path: &Path) {
    made_up_table_times(path, 1.0);
}

/// As [`made_up_table`], with latencies times `factor`.
pub(crate) fn made_up_table_times(path: &Path, factor: f64) {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    let units = published::space("mnasnet").expect("ships").units();
    table.extend(units.into_iter().map(|unit| {
        // A number that depends on all of the unit's text.
        let digits: f64 = unit.to_string().bytes().map(f64::from).sum();
        let p50_ms = factor * digits * (1.0 + unit.input.resolution as f64 / 100.0);
        let latency = Quantiles { p10_ms: p50_ms, p50_ms, p90_ms: p50_ms };
        Entry { unit, latency, runs: 10, networks: 6, timing: Timing::InContext }
    }));
    table.save(path).expect("writable");
}

/// A table of this device without blocks.
pub(crate) fn empty_table(path: &Path) {
    let table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.save(path).expect("writable");
}

#[test]
fn predictions_are_sums_over_blocks() {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("table.ron");
    made_up_table(&path);
    let path = path.to_str().expect("utf-8");
    let genotype = "0120212021201000010020000000";
    let net = format!("mnasnet:{genotype}");
    let latency = json(&["latency", &net, "--per-block", "--level", "built", "--table", path]);
    let blocks = latency["blocks"].as_array().expect("blocks");
    let sum: f64 = blocks.iter().filter_map(|block| block["p50_ms"].as_f64()).sum();
    let predicted = latency["predicted_ms"].as_f64().expect("a number");
    assert!((sum - predicted).abs() < 1e-6 * predicted);
    assert_eq!(latency["coverage"]["exact"], 1.0);
    assert_eq!(json(&["table", "show", "--table", path])["entries"], 170);

    let list = folder.path().join("genotypes.txt");
    std::fs::write(&list, format!("{genotype}\n\n{genotype}\n")).expect("writable");
    let list = list.to_str().expect("utf-8");
    let args =
        ["latency", "--genotypes", list, "--space", "mnasnet", "--level", "built", "--table", path];
    let run = nas(&[&args[..], &["--json"]].concat());
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(lines.iter().all(|line| line["predicted_ms"] == latency["predicted_ms"]));

    std::fs::write(list, format!("{genotype}\n9120\n")).expect("writable");
    refused(&args, &["genotypes.txt, line 2", "28"]);
}

/// Adds a build during which other programs kept so many of two CPUs busy.
fn record_build(path: &Path, busy_cpus: f64) {
    let mut table = Table::load(path).expect("readable").expect("there");
    let others = (10_000.0 * busy_cpus) as u64;
    let processor = Some(ProcessorTime { cpus: 2, all: 20_000, others, stolen: 0 });
    let conditions = Conditions { networks: 90, runs: 720, processor, ..Conditions::default() };
    let (space, date) = ("mnasnet".to_owned(), "2026-11-23T17:04:05Z".to_owned());
    table.builds = vec![BuildRecord { space, date, conditions }];
    table.save(path).expect("writable");
}

#[test]
fn who_uses_a_table_that_was_built_on_a_busy_machine_is_told() {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("my table.ron");
    made_up_table(&path);
    let text = path.to_str().expect("utf-8");
    let net = "mnasnet:0120212021201000010020000000";
    let out = folder.path().join("out").to_str().expect("utf-8").to_owned();
    let uses = [
        &["table", "show", "--table", text][..],
        &["table", "show", "--table", text, "--json"],
        &["latency", net, "--level", "built", "--table", text],
        &["search", "--target-ms", "0.5", "--level", "built", "--table", text, "--out", &out],
    ];
    let show = nas(uses[0]);
    assert!(show.stdout.contains("other work        unknown"), "{}", show.stdout);
    for (busy, is_told) in [(0.02, false), (1.9, true)] {
        record_build(&path, busy);
        for args in uses {
            let run = nas(&[args, &["--quiet"]].concat());
            assert!([0, 3].contains(&run.code), "{args:?}: {}", run.stderr);
            let command = format!("\n  nas table build --space mnasnet --out '{text}'\n");
            let told = ["the blocks of mnasnet", "1.9 of 2 CPUs busy", "too high", &command];
            for part in told {
                assert_eq!(run.stderr.contains(part), is_told, "{args:?}: {}", run.stderr);
            }
        }
        let shown = nas(uses[0]);
        let known = format!("other programs kept {busy:.2} of 2 CPUs busy");
        assert!(shown.stdout.contains(&known), "{}", shown.stdout);
        let shown = json(uses[0]);
        assert_eq!(shown["builds"][0]["conditions"]["runs"], 720);
    }
}

#[test]
fn a_table_is_shown_with_a_legend_of_its_keys() {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("table.ron");
    made_up_table(&path);
    let shown = nas(&["table", "show", "--table", path.to_str().expect("utf-8")]).stdout;
    let (_, legend) = shown.split_once("where N is a number:\n").expect("a legend");
    for line in ["ir       inverted residual", "kN       kernel", "@N       resolution"] {
        assert!(legend.contains(line), "{line}: {legend}");
    }
    assert!(!legend.contains("ShuffleNet"), "{legend}");
    assert!(legend.lines().all(|line| line.chars().count() <= 80), "{legend}");
}

#[test]
fn bad_tables_are_refused() {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("table.ron");
    made_up_table(&path);
    let text = std::fs::read_to_string(&path).expect("readable");
    let path = path.to_str().expect("utf-8");
    let check = |from: &str, to: &str, parts: &[&str]| {
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("writable");
        refused(&["table", "show", "--table", path], parts);
    };
    check("threads: 1", "threads: 7", &["table.ron", "threads", "7", "--allow-foreign"]);
    assert_eq!(nas(&["table", "show", "--table", path, "--allow-foreign"]).code, 0);
    check("format: 5", "format: 9", &["table.ron", "9", "5"]);
    check("p50_ms", "p51_ms", &["table.ron", "line", "p51_ms"]);
    std::fs::write(path, &text).expect("writable");
    let (net, out) = ("mnasnet:0120212021201000010020000000", folder.path().join("out"));
    let searched = out.to_str().expect("utf-8");
    let no_anchors = &["table.ron", "no anchors", "nas table build", "--level built"];
    refused(&["latency", net, "--table", path], no_anchors);
    refused(&["search", "--target-ms", "15", "--table", path, "--out", searched], no_anchors);
    assert!(!out.exists());
    refused(&["table", "show", "--table", "missing.ron"], &["missing.ron"]);
    refused(&["table", "build", "--threads", "0"], &["--threads", "found 0"]);
    refused(&["table", "build", "--space", "nasnet"], &["nasnet", "mnasnet"]);
    refused(&["latency", "mobilenet_v2", "--measure", "--runs", "0"], &["--runs"]);
}
