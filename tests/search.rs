//! `nas search` on a made-up table: killed and resumed, and refused for bad input.

use std::path::Path;

use tempfile::tempdir;

use crate::run::{json, killed_after, nas, refused, resumed};
use crate::table::{empty_table, made_up_table};

/// All trials of a finished search, without what was measured.
fn trials(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("pareto.csv")).expect("written");
    let header = text.lines().next().expect("a header").split(',');
    let measured = header.clone().position(|name| name == "measured_ms").expect("the column");
    let trial = |line: &str| line.split(',').take(measured).collect::<Vec<_>>().join(",");
    text.lines().map(trial).collect()
}

/// The target binds nothing, so that the first candidate is the winner: real measurements and the
/// made-up table have nothing to do with each other.
#[test]
fn killed_searches_resume_to_the_same_trials() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (table, whole, killed) = (path("table.ron"), path("whole"), path("killed"));
    made_up_table(Path::new(&table));
    let target = ["search", "--target-ms", "1000000", "--samples", "400", "--runs", "2"];
    let to_whole =
        [&target[..], &["--level", "built", "--table", &table, "--out", &whole]].concat();
    let to_killed =
        [&target[..], &["--level", "built", "--table", &table, "--out", &killed]].concat();

    let found = json(&to_whole);
    assert_eq!(found["trials"], 400);
    let best = &found["best"];
    assert!(best["predicted_ms"].as_f64().expect("a number") <= 1e6);
    for file in [
        "best.ron",
        "best-untrained.onnx",
        "pareto.svg",
        "pareto.png",
        "progress.svg",
        "study.sqlite",
    ] {
        assert!(Path::new(&whole).join(file).exists(), "{file}");
    }

    killed_after(&[&to_killed[..], &["--resume"]].concat(), &[30, 90, 300]);
    let continued = json(&resumed(&[&to_killed[..], &["--resume"]].concat()));
    assert_eq!(continued["trials"], 400);
    assert_eq!(trials(Path::new(&killed)), trials(Path::new(&whole)));

    // The same folder again, and a study of another search.
    refused(&to_whole, &["--resume", "study.sqlite"]);
    let other = [&to_whole[..], &["--resume", "--seed", "1"]].concat();
    refused(&other, &["another study", "seed is 0, not 1"]);
}

#[test]
fn several_targets_share_a_study_and_no_trial_exceeds_a_limit() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (table, out) = (path("table.ron"), path("out"));
    made_up_table(Path::new(&table));
    let search = ["search", "--target-ms", "900000,1000000", "--samples", "80", "--runs", "2"];
    let limited =
        ["--max", "params=4M,macs=300M", "--level", "built", "--table", &table, "--out", &out];
    let found = json(&[&search[..], &limited].concat());
    let targets = found["targets"].as_array().expect("a list");
    assert_eq!(targets.len(), 2);
    for (target, name) in targets.iter().zip(["best-900000ms.ron", "best-1000000ms.ron"]) {
        let best = &target["best"];
        assert!(best["network"].as_str().expect("a path").ends_with(name), "{best}");
        assert_eq!(target["feasible"], 80);
    }
    let text = std::fs::read_to_string(Path::new(&out).join("pareto.csv")).expect("written");
    let trials = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    for trial in trials.filter(|trial| !trial[1].is_empty()).step_by(9) {
        let counted = json(&["describe", &format!("mnasnet:{}", trial[2])]);
        assert!(counted["params"].as_u64().expect("a count") <= 4_000_000, "{trial:?}");
        assert!(counted["macs"].as_u64().expect("a count") <= 300_000_000, "{trial:?}");
    }
}

/// All runs and the undisturbed ones are told of every measurement, with what meets the target. The
/// target is met by far, whatever the machine does meanwhile.
#[test]
fn what_is_accepted_and_both_statistics_are_told_and_bind_the_study() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (table, out) = (path("table.ron"), path("out"));
    made_up_table(Path::new(&table));
    let search = ["search", "--target-ms", "1000000", "--samples", "80", "--runs", "4"];
    let search = [&search[..], &["--level", "built", "--table", &table, "--out", &out]].concat();
    let chosen = [&search[..], &["--statistic", "all", "--margin", "0.25"]].concat();
    let run = nas(&chosen);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told = ["750000.000 ms or less", "25 % (--margin) below", "p50 of all runs (--statistic)"];
    for part in told {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    for part in ["undisturbed runs: p50 ", "meets it (decides)", "all runs: p50 ", "disturbed"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let found = json(&[&chosen[..], &["--resume"]].concat());
    assert_eq!(found["statistic"], "all");
    assert_eq!((&found["margin"], &found["max_measured_ms"]), (&0.25.into(), &750_000.0.into()));
    let best = &found["best"];
    let (measured, number) = (&best["measured"], |value: &serde_json::Value| value.as_f64());
    assert_eq!(best["measured_ms"], measured["all"]["p50_ms"], "{best}");
    assert_eq!(best["meets"], serde_json::json!({ "undisturbed": true, "all": true }));
    assert!(number(&measured["p10_ms"]) <= number(&measured["p50_ms"]), "{measured}");
    assert!(number(&measured["all"]["p50_ms"]) <= number(&measured["all"]["p95_ms"]), "{measured}");
    assert_eq!(measured["all"]["runs"], 4);
    let share = number(&measured["left_out_share"]).expect("a share");
    assert!((0.0..=1.0).contains(&share), "{measured}");

    let ron = std::fs::read_to_string(Path::new(&out).join("best.ron")).expect("written");
    for part in ["// Device: native", "//   undisturbed runs: p50", "//   all runs: p50"] {
        assert!(ron.contains(part), "{part}: {ron}");
    }
    assert_eq!(nas(&["describe", &format!("{out}/best.ron")]).code, 0);
    let csv = std::fs::read_to_string(Path::new(&out).join("pareto.csv")).expect("written");
    let header = "measured_ms,undisturbed_p50_ms,all_p50_ms,all_p95_ms,left_out_share";
    assert!(csv.lines().next().expect("a header").ends_with(header), "{csv}");
    assert!(csv.lines().all(|line| line.split(',').count() == 13));

    refused(&[&search[..], &["--resume", "--statistic", "all"]].concat(), &["margin is 0.25"]);
    refused(&[&search[..], &["--resume", "--margin", "0.25"]].concat(), &["statistic is all"]);
}

#[test]
fn limits_that_nothing_meets_are_refused_before_anything_is_measured() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (table, out) = (path("table.ron"), path("out"));
    // Nothing is in the table yet, and nothing is measured into it.
    empty_table(Path::new(&table));
    let before = std::fs::read(&table).expect("readable");
    let search = [
        "search",
        "--target-ms",
        "15",
        "--level",
        "built",
        "--table",
        &table,
        "--out",
        &out,
        "--max",
    ];
    let check = |limits: &str, parts: &[&str]| {
        refused(&[&search[..], &[limits]].concat(), parts);
        assert!(!Path::new(&out).exists());
        assert!(std::fs::read(&table).expect("readable") == before, "{limits}");
    };
    check("params=1K,macs=900M", &["--max", "params: found 1,000", "the minimum in mnasnet"]);
    check("params=1K,macs=1K", &["params: found 1,000", "macs: found 1,000"]);
}

#[test]
fn a_target_that_nothing_meets_ends_with_3() {
    let folder = tempdir().expect("a temporary folder");
    let table = folder.path().join("table.ron");
    made_up_table(&table);
    let (table, out) = (table.to_str().expect("utf-8"), folder.path().join("out"));
    let out_text = out.to_str().expect("utf-8");
    let run = nas(&[
        "search",
        "--target-ms",
        "0.5",
        "--level",
        "built",
        "--table",
        table,
        "--out",
        out_text,
    ]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.contains("fastest") && run.stderr.contains("can be met"), "{}", run.stderr);
    assert!(!out.exists());
}

#[test]
fn bad_searches_are_refused_and_write_nothing() {
    let folder = tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let out_text = out.to_str().expect("utf-8");
    let check = |args: &[&str], parts: &[&str]| {
        refused(&[&["search", "--out", out_text], args].concat(), parts);
        assert!(!out.exists(), "{args:?}");
    };
    check(&[], &["--target-ms"]);
    check(&["--target-ms", "0"], &["--target-ms", "found 0"]);
    check(&["--target-ms", "-3"], &["--target-ms", "found -3"]);
    check(&["--target-ms", "NaN"], &["--target-ms", "NaN"]);
    check(&["--target-ms", "soon"], &["soon"]);
    check(&["--target-ms", "5,0,15"], &["--target-ms", "found 0"]);
    check(&["--target-ms", "5,15,5"], &["--target-ms", "5 twice"]);
    check(&["--target-ms", "15", "--max", "weights=4M"], &["weights", "params"]);
    check(&["--target-ms", "15", "--max", "params=4MiB"], &["params=4MiB", "K M G"]);
    check(&["--target-ms", "15", "--w", "0.15"], &["--w", "0.15", "slower"]);
    check(&["--target-ms", "15", "--w", "-0.1", "--reward", "hard"], &["--w", "hard"]);
    check(&["--target-ms", "15", "--margin", "-0.1"], &["--margin", "found -0.1", "below 1"]);
    check(&["--target-ms", "15", "--margin", "1"], &["--margin", "found 1", "0.015"]);
    check(&["--target-ms", "15", "--margin", "NaN"], &["--margin", "NaN"]);
    check(&["--target-ms", "15", "--margin", "1.5%"], &["--margin", "1.5%"]);
    check(&["--target-ms", "15", "--statistic", "best"], &["best", "undisturbed, all"]);
    check(&["--maximize", "accuracy", "--margin", "0"], &["--margin", "nothing is measured"]);
    check(&["--target-ms", "15", "--samples", "1"], &["--samples", "found 1"]);
    check(
        &["--target-ms", "5,15", "--samples", "4"],
        &["--samples", "found 4", "at least 4 besides the 1 of --front"],
    );
    check(&["--target-ms", "15", "--front", "-0.1"], &["--front", "found -0.1", "below 1"]);
    check(&["--target-ms", "15", "--front", "1"], &["--front", "found 1", "below 1"]);
    check(&["--target-ms", "15", "--front", "NaN"], &["--front", "found NaN"]);
    check(&["--target-ms", "15", "--front", "half"], &["--front", "half"]);
    check(&["--maximize", "accuracy", "--front", "0.1"], &["--front", "--maximize"]);
    check(&["--target-ms", "15", "--algorithm", "magic"], &["magic", "evolution"]);
    check(&["--target-ms", "15", "--space", "nasnet"], &["nasnet", "mnasnet"]);
    let other = ["--target-ms", "15", "--space", "mobilenet_v3"];
    check(&other, &["found mobilenet_v3; expected: mnasnet", "--accuracy table:FILE"]);
    check(&["--target-ms", "15", "--table", "missing.ron"], &["missing.ron"]);
    refused(&["search", "--target-ms", "15", "--out", "/proc/nas"], &["/proc/nas"]);
}
