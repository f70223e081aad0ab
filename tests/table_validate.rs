//! `nas table validate` and `nas latency --genotypes --measure` on a space of twelve tiny networks.

use std::fs;
use std::path::{Path, PathBuf};

use latency_predictor::{Anchor, BuildSettings, Entry, Quantiles, Runtime, Setup, Table, Timing};
use search_space::{Network, SearchSpace, published};
use tempfile::{TempDir, tempdir};

use crate::run::{interrupted, json, nas, refused};
use crate::table::{empty_table, made_up_table};

const TINY: &str = "SearchSpace(format: 1, name: \"tiny\", channels: 3, resolution: [16, 24, 32], \
    classes: 10, stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)], stages: [(out: 16, \
    layers: 1, stride: 2, choices: [Expand([3, 6]), Kernel([3, 5])])], head: Pool())";

/// A folder with the space and a table of its blocks, whose latencies were made up. The anchors are
/// really measured.
struct Workplace {
    folder: TempDir,
    space: String,
    table: String,
}

impl Workplace {
    fn new() -> Self {
        let folder = tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
        let (space, table) = (path("tiny.ron"), path("table.ron"));
        fs::write(&space, TINY).expect("writable");
        let tiny = SearchSpace::from_ron(TINY).expect("a space");
        let setup = Setup::here(Runtime::Native, 1);
        let mut made_up = Table::new(setup, BuildSettings::default());
        made_up.extend(tiny.units().into_iter().map(|unit| {
            let p50_ms = 1e-6 * (unit.input.elements() + unit.output().elements()) as f64;
            let latency = Quantiles { p10_ms: p50_ms, p50_ms, p90_ms: p50_ms };
            Entry { unit, latency, runs: 8, networks: 6, timing: Timing::InContext }
        }));
        made_up.anchors = ["000", "112"]
            .map(|text| tiny.parse_genotype(text).and_then(|genotype| tiny.decode(&genotype)))
            .map(|network| Anchor { space: "tiny".to_owned(), network: network.expect("legal") })
            .to_vec();
        made_up.save(Path::new(&table)).expect("writable");
        Self { folder, space, table }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn validate<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own = ["table", "validate", "--space", &self.space, "--table", &self.table];
        [&own[..], more].concat()
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("readable").lines().map(str::to_owned).collect()
}

#[test]
fn table_validate_measures_in_other_processes_and_is_shown_afterwards() {
    let place = Workplace::new();
    let show = ["table", "show", "--table", &place.table];
    let shown = nas(&show).stdout;
    let command = format!("not validated: nas table validate --table {}", place.table);
    assert!(shown.contains(&command), "{shown}");

    let out = place.path("out");
    let args = place.validate(&["--networks", "4", "--out", out.to_str().expect("utf-8")]);
    let found = json(&args);
    assert_eq!((&found["space"], &found["networks"]), (&"tiny".into(), &4.into()));
    assert_eq!(found["levels"].as_array().expect("a list").len(), 2);
    let counts = [("as_predicted", 8), ("shape", 4), ("repeat_floor", 4)];
    for (errors, count) in counts {
        assert_eq!(found[errors]["count"], count, "{found}");
    }
    assert!(found["fastest_ms"].as_f64() < found["slowest_ms"].as_f64(), "{found}");

    // The figures follow from the measurements that were written.
    let csv = lines(&out.join("validation.csv"));
    let header =
        "genotype,built_ms,predicted_ms_1,predicted_ms_2,measured_ms_1,measured_ms_2,macs,params,";
    assert!(csv[0].starts_with(header), "{}", csv[0]);
    assert_eq!(csv.len(), 5);
    let mut sum = 0.0;
    for row in &csv[1..] {
        let row: Vec<f64> = row.split(',').filter_map(|cell| cell.parse().ok()).collect();
        let truth = (row[4] + row[5]) / 2.0;
        sum +=
            [row[2], row[3]].map(|predicted| (predicted / truth - 1.0).abs()).iter().sum::<f64>();
    }
    let mape = found["as_predicted"]["mape"].as_f64().expect("a number");
    assert!((sum / 8.0 - mape).abs() < 1e-9, "{sum} {mape}");
    let orders = [1, 2].map(|pass| lines(&out.join(format!("pass-{pass}.txt"))));
    let sorted = orders.map(|mut order| {
        order.sort();
        order
    });
    assert_eq!(sorted[0].len(), 4);
    assert_eq!(sorted[0], sorted[1]);
    let readme = fs::read_to_string(out.join("README.md")).expect("written");
    for part in ["networks of tiny", "`validation.png`", "pass-1.txt", "repeat floor", "Device: "] {
        assert!(readme.contains(part), "{part}: {readme}");
    }
    assert!(out.join("validation.svg").exists());

    let words = ["4 networks of tiny, MAPE", "of 8 predictions within 5 %"];
    let net = format!("{}:000", place.space);
    for args in [&show[..], &["latency", &net, "--table", &place.table]] {
        let shown = nas(args);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        for part in words {
            assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
        }
        assert!(!shown.stdout.contains("not validated"), "{}", shown.stdout);
    }
    assert_eq!(json(&show)["validations"][0]["as_predicted"]["mape"], mape);

    // Another validation takes the place of the first one, and a screen fits 80 columns.
    let again = place.path("again");
    let more = ["--networks", "2", "--passes", "1", "--seed", "3", "--out"];
    let again = again.to_str().expect("utf-8");
    let run = nas(&place.validate(&[&more[..], &[again]].concat()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in ["as predicted", "within 10 %", "of memory access cost", "since the build"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let short = run
        .stdout
        .lines()
        .filter(|line| !line.starts_with("table ") && !line.starts_with("files "));
    assert!(short.clone().count() > 8);
    for line in short {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(run.stderr.contains("pass 1 of 1"), "{}", run.stderr);
    let validations = json(&show);
    let validations = validations["validations"].as_array().expect("a list");
    assert_eq!(validations.len(), 1);
    assert_eq!(validations[0]["networks"], 2);
}

#[test]
fn table_genotypes_are_predicted_and_measured_line_by_line() {
    let place = Workplace::new();
    let list = place.path("list.txt");
    fs::write(&list, "000\n112\n").expect("writable");
    let list = list.to_str().expect("utf-8");
    let args = ["latency", "--genotypes", list, "--space", &place.space, "--table", &place.table];
    let measure = [&args[..], &["--measure"]].concat();
    let run = nas(&[&measure[..], &["--json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    for (line, genotype) in lines.iter().zip(["000", "112"]) {
        assert_eq!(line["genotype"], genotype);
        assert!(line["measured"]["p50_ms"].as_f64().expect("measured") > 0.0);
        assert!(line["disturbed"].is_boolean() && line["level"].is_number(), "{line}");
    }
    let run = nas(&[&measure[..], &["--level", "built", "--runs", "3"]].concat());
    let words: Vec<&str> = run.stdout.lines().next().expect("a line").split(' ').collect();
    assert_eq!((words.len(), words[0]), (3, "000"), "{}", run.stdout);
    let run = nas(&[&args[..], &["--level", "built"]].concat());
    assert_eq!(run.stdout.lines().next().expect("a line").split(' ').count(), 2, "{}", run.stdout);
}

#[test]
fn table_validate_that_is_stopped_leaves_nothing() {
    let place = Workplace::new();
    let before = fs::read(&place.table).expect("readable");
    let out = place.path("out");
    let more = ["--networks", "6", "--passes", "50", "--out", out.to_str().expect("utf-8")];
    let run = interrupted(&place.validate(&more), &out.join("pass-1.txt"));
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("stopped"), "{}", run.stderr);
    assert!(!out.exists());
    assert_eq!(fs::read(&place.table).expect("readable"), before);
    // The lock is free again.
    let run = nas(&place.validate(&["--networks", "2", "--passes", "1", "--out", more[5]]));
    assert_eq!(run.code, 0, "{}", run.stderr);
}

fn with_anchor(path: &Path, network: Network) {
    let mut table = Table::load(path).expect("readable").expect("there");
    table.anchors = vec![Anchor { space: "mnasnet".to_owned(), network }];
    table.save(path).expect("writable");
}

#[test]
fn table_validate_refuses_what_it_cannot_compare() {
    let folder = tempdir().expect("a temporary folder");
    let (path, out) = (folder.path().join("table.ron"), folder.path().join("out"));
    let (table, searched) = (path.to_str().expect("utf-8"), out.to_str().expect("utf-8"));
    let check = |more: &[&str], parts: &[&str]| {
        let own = ["table", "validate", "--table", table, "--out", searched];
        refused(&[&own[..], more].concat(), parts);
        assert!(!out.exists(), "{more:?}");
    };
    check(&[], &["table.ron", "no such latency table"]);
    empty_table(&path);
    check(&[], &["table.ron", "nas table build"]);
    made_up_table(&path);
    check(&[], &["table.ron", "no anchors", "nas table build"]);
    // An anchor of whose blocks the table has none.
    with_anchor(&path, published::network("shufflenet_v2").expect("ships"));
    check(&[], &["table.ron", "no anchor whose blocks the table has", "nas table build"]);
    let space = published::space("mnasnet").expect("ships");
    let genotype = space.parse_genotype("0120212021201000010020000000").expect("a genotype");
    with_anchor(&path, space.decode(&genotype).expect("a network"));
    check(&["--networks", "0"], &["--networks", "found 0", "from 2"]);
    check(&["--networks", "1000000"], &["--networks", "10,000"]);
    check(&["--passes", "0"], &["--passes", "found 0", "from 1"]);
    check(&["--space", "mobilenet_v3"], &["found 0 networks of mobilenet_v3", "nas table build"]);
    let tiny = folder.path().join("tiny.ron");
    fs::write(&tiny, TINY).expect("writable");
    let tiny = tiny.to_str().expect("utf-8");
    check(&["--space", tiny, "--networks", "13"], &["networks of tiny", "at least 13"]);
    check(&["--space", "nasnet"], &["nasnet", "mnasnet"]);
    // Of another device or setup, and there is no way around it.
    let text = fs::read_to_string(&path).expect("readable");
    fs::write(&path, text.replacen("threads: 1", "threads: 7", 1)).expect("writable");
    check(&[], &["table.ron", "threads", "7", "only where it was measured"]);
    check(&["--allow-foreign"], &["--allow-foreign"]);
}
