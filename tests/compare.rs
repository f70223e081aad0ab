//! `nas compare` on studies that were written for the test, and on searches.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use tempfile::{TempDir, tempdir};

use crate::run::{json, nas, refused};
use crate::table::made_up_table;

/// A folder for studies.
struct Studies(TempDir);

/// A trial's latency in milliseconds, where there is one, and its accuracy.
type Trial = (Option<f64>, f64);

impl Studies {
    fn new() -> Self {
        Self(tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("utf-8").to_owned()
    }

    /// A study of evolution on one device for 10 ms, with `changed` settings; one without a value is
    /// left out.
    fn add(&self, name: &str, changed: &[(&str, Option<&str>)], trials: &[Trial]) -> String {
        let samples = trials.len().to_string();
        let mut settings = vec![
            ("accuracy", "surrogate"),
            ("algorithm", "evolution"),
            ("device", "a made-up CPU"),
            ("latencies", "0123456789abcdef"),
            ("limits", ""),
            ("reward", "soft, w -0.15"),
            ("samples", &samples),
            ("seed", "0"),
            ("space", "mnasnet 0123456789abcdef"),
            ("target_ms", "10"),
        ];
        settings.retain(|(name, _)| changed.iter().all(|(other, _)| name != other));
        settings.extend(changed.iter().filter_map(|&(name, value)| Some((name, value?))));
        std::fs::create_dir(self.path(name)).expect("writable");
        let connection = Connection::open(self.path(name).join("study.sqlite")).expect("writable");
        connection
            .execute_batch(
                "PRAGMA synchronous = OFF;
                 CREATE TABLE settings (name TEXT, value TEXT, decides INTEGER);
                 CREATE TABLE trials (id INTEGER PRIMARY KEY, latency_ms REAL, accuracy REAL);
                 INSERT INTO settings VALUES ('command', 'nas search', 0);
                 PRAGMA user_version = 1;",
            )
            .expect("SQL");
        for (name, value) in settings {
            let insert = "INSERT INTO settings VALUES (?, ?, 1)";
            connection.execute(insert, params![name, value]).expect("SQL");
        }
        for (latency_ms, accuracy) in trials {
            let insert = "INSERT INTO trials (latency_ms, accuracy) VALUES (?, ?)";
            connection.execute(insert, params![latency_ms, accuracy]).expect("SQL");
        }
        self.text(name)
    }
}

fn at(latency_ms: f64, accuracy: f64) -> Trial {
    (Some(latency_ms), accuracy)
}

/// Rows of `compare.csv` that begin so, each without that beginning.
fn rows(out: &Path, beginning: &str) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("compare.csv")).expect("written");
    text.lines().filter_map(|line| line.strip_prefix(beginning)).map(str::to_owned).collect()
}

#[test]
fn seeds_are_a_band_and_other_settings_a_line() {
    let studies = Studies::new();
    let (ppo, optimum) = (("algorithm", Some("ppo")), ("optimum", Some("0.75")));
    let seed = |seed: &'static str| ("seed", Some(seed));
    let inputs = [
        // Too slow; half of the time; the same half of the time again.
        studies.add("e0", &[optimum], &[at(11.0, 0.7), at(5.0, 0.5), at(5.0, 0.5)]),
        studies.add("e1", &[optimum, seed("1")], &[at(5.0, 0.25), at(5.0, 0.5), at(2.5, 0.75)]),
        studies.add("e2", &[optimum, seed("2")], &[at(5.0, 0.25), at(10.0, 0.625), at(5.0, 0.5)]),
        // Killed after two of three trials.
        studies.add("p0", &[ppo, optimum, ("samples", Some("3"))], &[at(6.0, 0.25), at(6.0, 0.5)]),
    ];
    let out = studies.path("out");
    let args = ["compare", "--out", out.to_str().expect("utf-8")];
    let args = [&args[..], &inputs.each_ref().map(String::as_str)].concat();
    let found = json(&args);

    let files = found["files"].as_array().expect("a list");
    assert_eq!(files.len(), 7);
    for file in files {
        assert!(Path::new(file.as_str().expect("a path")).exists(), "{file}");
    }
    let check = |group: &serde_json::Value, key: &str, quartiles: [f64; 3]| {
        let found = ["q25", "median", "q75"].map(|name| group[key][name].as_f64());
        assert_eq!(found, quartiles.map(Some), "{key}: {group}");
    };
    let [evolution, ppo] = [&found["groups"][0], &found["groups"][1]];
    assert_eq!((&evolution["group"], &ppo["group"]), (&"evolution".into(), &"ppo".into()));
    assert_eq!((&evolution["seeds"], &evolution["trials"]), (&3.into(), &3.into()));
    check(evolution, "accuracy", [0.5625, 0.625, 0.6875]);
    assert_eq!(
        (&ppo["seeds"], &ppo["trials"], &ppo["target_ms"]),
        (&1.into(), &2.into(), &10.0.into())
    );
    check(ppo, "accuracy", [0.5; 3]);
    check(ppo, "hypervolume", [0.2; 3]);
    check(ppo, "regret_points", [25.0; 3]);

    // Nothing of the first seed meets the target with its first trial.
    assert_eq!(rows(&out, "evolution,10,accuracy,1,"), ["3,,0.25,0.25"]);
    assert_eq!(rows(&out, "ppo,10,hypervolume,"), ["1,1,0.1,0.1,0.1", "2,1,0.2,0.2,0.2"]);
    assert_eq!(rows(&out, "ppo,10,regret_points,2,"), ["1,25,25,25"]);

    let screen = nas(&args);
    assert!(screen.stderr.contains("p0: 2 of 3 trials"), "{}", screen.stderr);
    assert!(screen.stdout.lines().all(|line| line.chars().count() <= 80), "{}", screen.stdout);
    for part in [
        "accuracy (%)",
        "hypervolume",
        "regret (points)",
        "50.00",
        "0.2000",
        "25.000",
        "62.50",
        "56.25-68.75",
    ] {
        assert!(screen.stdout.contains(part), "{part}: {}", screen.stdout);
    }
}

#[test]
fn several_targets_have_files_of_their_own() {
    let studies = Studies::new();
    let trials = [at(4.0, 0.5), at(8.0, 0.75)];
    let several = [("target_ms", Some("5,10,20")), ("optimum", Some("0.5,0.75,1"))];
    let [first, second] = [
        studies.add("first", &several, &trials),
        studies.add("second", &[("target_ms", Some("10,5")), ("reward", Some("hard"))], &trials),
    ];
    let out = studies.text("out");
    let found = json(&["compare", &first, &second, "--out", &out]);
    let groups = found["groups"].as_array().expect("a list");
    let group = |group: &serde_json::Value| {
        let median = |key: &str| group[key]["median"].as_f64();
        let name = group["group"].as_str().expect("a name").to_owned();
        let target_ms = group["target_ms"].as_f64().expect("a number");
        (name, target_ms, median("accuracy"), median("hypervolume"), median("regret_points"))
    };
    let [soft, hard] = ["soft, w -0.15, for 5,10,20 ms", "hard, for 10,5 ms"].map(str::to_owned);
    let expected = [
        (soft.clone(), 5.0, Some(0.5), Some(0.1), Some(0.0)),
        (hard.clone(), 5.0, Some(0.5), Some(0.1), None),
        (soft, 10.0, Some(0.75), Some(0.35), Some(0.0)),
        (hard, 10.0, Some(0.75), Some(0.35), None),
    ];
    assert_eq!(groups.iter().map(group).collect::<Vec<_>>(), expected);
    for name in ["accuracy-5ms.svg", "accuracy-10ms.png", "hypervolume-5ms.png", "regret-10ms.svg"]
    {
        assert!(Path::new(&out).join(name).exists(), "{name}");
    }
    assert!(!Path::new(&out).join("accuracy-20ms.svg").exists(), "the second has no such target");
}

#[test]
fn accuracy_alone_has_no_hypervolume() {
    let studies = Studies::new();
    let alone = |algorithm: &'static str| {
        let source = [("accuracy", Some("table macro 0123")), ("space", Some("table"))];
        let absent = ["device", "latencies", "target_ms"].map(|name| (name, None));
        let own = [("algorithm", Some(algorithm)), ("optimum", Some("0.93127"))];
        [&source[..], &absent, &own].concat()
    };
    let [one, other] = [
        studies.add("one", &alone("ppo"), &[(None, 0.9), (None, 0.93107)]),
        studies.add("other", &alone("random"), &[(None, 0.9295), (None, 0.8)]),
    ];
    let out = studies.text("out");
    let found = json(&["compare", &one, &other, "--out", &out]);
    let groups = found["groups"].as_array().expect("a list");
    let regrets = groups.iter().map(|group| group["regret_points"]["median"].as_f64());
    assert_eq!(regrets.collect::<Vec<_>>(), [Some(0.02), Some(0.177)]);
    for group in groups {
        assert!(group.get("hypervolume").is_none() && group.get("target_ms").is_none(), "{group}");
    }
    assert!(!Path::new(&out).join("hypervolume.svg").exists());
    assert_eq!(rows(Path::new(&out), "ppo,,regret_points,2,"), ["1,0.02,0.02,0.02"]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let studies = Studies::new();
    let trials = [at(4.0, 0.5)];
    let first = studies.add("first", &[], &trials);
    let out = studies.text("out");
    let check = |inputs: &[&str], parts: &[&str]| {
        refused(&[&["compare", "--out", &out, &first], inputs].concat(), parts);
        assert!(!Path::new(&out).exists(), "{inputs:?}");
    };
    for (name, value) in [
        ("space", "mnasnet fedcba9876543210"),
        ("accuracy", "table macro 0123"),
        ("device", "another CPU"),
        ("latencies", "fedcba9876543210"),
        ("target_ms", "11,12"),
    ] {
        let other = studies.add(&format!("another-{name}"), &[(name, Some(value))], &trials);
        check(&[&other], &["first and ", "another-", name, value]);
    }
    let alone = studies.add("alone", &[("target_ms", None)], &trials);
    check(&[&alone], &["alone", "target_ms is 10 and none"]);
    check(&[&first], &["first", "twice", "seed 0"]);
    check(&[&studies.add("soon", &[("target_ms", Some("soon"))], &trials)], &["soon", "target_ms"]);
    let ppo = [("algorithm", Some("ppo")), ("optimum", Some("1,1"))];
    check(&[&studies.add("optima", &ppo, &trials)], &["optima", "optimum", "one per target"]);
    check(&[&studies.add("empty", &[("seed", Some("1"))], &[])], &["empty", "no trials"]);
    check(&["nowhere"], &["nowhere", "no study"]);
    refused(&["compare"], &["STUDY"]);
}

#[test]
fn searches_are_compared() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let table = path("table.ron");
    made_up_table(Path::new(&table));
    let search = ["search", "--target-ms", "1000000", "--samples", "40", "--runs", "1"];
    for seed in ["0", "1"] {
        let own = ["--level", "built", "--table", &table, "--out", &path(seed), "--seed", seed];
        json(&[&search[..], &own].concat());
    }
    let out = path("out");
    let found = json(&["compare", &path("1"), &path("0/study.sqlite"), "--out", &out]);
    let groups = found["groups"].as_array().expect("a list");
    assert_eq!(groups.len(), 1, "the seed alone differs");
    let group = &groups[0];
    assert_eq!((&group["group"], &group["seeds"]), (&"evolution".into(), &2.into()));
    assert_eq!(group["trials"], 40);
    assert_eq!(rows(Path::new(&out), "evolution,1000000,accuracy,40,2,").len(), 1);
}
