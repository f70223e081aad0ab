//! `nas search` on images without a supernet's defaults: short trainings, the sandwich rule, budgets.

use std::path::Path;

use tempfile::tempdir;

use crate::run::{TINY_SPACE, interrupted, json, nas, refused};

const DATA: &str = "shapes:classes=4,size=16,train=200,test=20";

/// A setting of the study in a folder.
fn setting(out: &str, name: &str) -> String {
    let connection =
        rusqlite::Connection::open(Path::new(out).join("study.sqlite")).expect("a study");
    let select = "SELECT value FROM settings WHERE name = ? AND decides";
    connection.query_row(select, [name], |row| row.get(0)).expect("a setting")
}

#[test]
fn networks_are_ranked_by_short_trainings_and_interruptions_change_nothing() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, whole, stopped) = (path("tiny.ron"), path("whole"), path("stopped"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--accuracy", "proxy", "--data", DATA, "--space", &space];
    let settings = ["--maximize", "accuracy", "--samples", "10", "--proxy-epochs", "2"];
    let settings = [&settings[..], &["--epochs", "1", "--seeds", "1"]].concat();
    let to_whole = [&search[..], &settings, &["--out", &whole, "--threads", "1"]].concat();
    let to_stopped = [&search[..], &settings, &["--out", &stopped, "--threads", "2"]].concat();
    let found = json(&to_whole);
    assert_eq!(found["trials"], 10);
    assert_eq!(found["trained"][0]["compared"][0]["name"], "winner");
    assert_eq!(setting(&whole, "algorithm"), "bayesian");
    assert!(setting(&whole, "accuracy").starts_with("proxy "));

    let first = interrupted(&to_stopped, &Path::new(&stopped).join("study.sqlite"));
    assert!(first.code == 1 || first.code == 0, "{}", first.stderr);
    let run = nas(&[&to_stopped[..], &["--resume"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("of 2 epochs or fewer"), "{}", run.stdout);
    for file in ["pareto.csv", "final-trainings.csv", "best.safetensors"] {
        let read = |out: &str| std::fs::read(Path::new(out).join(file)).expect("written");
        assert!(read(&whole) == read(&stopped), "{file}");
    }
}

/// The counts that a budget was turned into are those of the study, whatever a later timing would say.
#[test]
fn a_budget_is_turned_into_counts_once() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, out) = (path("tiny.ron"), path("out"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--data", DATA, "--space", &space, "--maximize", "accuracy"];
    let search = [&search[..], &["--baselines", "none", "--seeds", "1", "--out", &out]].concat();
    let with = |budget: &'static str| [&search[..], &["--budget", budget]].concat();
    refused(&with("1ms"), &["--budget", "found 1ms", "at least", "48 trials"]);
    assert!(!Path::new(&out).exists());
    refused(&with("soon"), &["--budget", "soon"]);
    for flag in ["--samples", "--epochs", "--supernet-epochs"] {
        refused(&[&with("8h")[..], &[flag, "60"]].concat(), &["--budget", flag]);
    }

    let first = interrupted(&with("2h"), &Path::new(&out).join("study.sqlite"));
    assert!(first.code == 1, "{}", first.stderr);
    assert!(first.stderr.contains("the budget is enough for"), "{}", first.stderr);
    let counts = setting(&out, "budget");
    let samples = format!("samples={}", setting(&out, "samples"));
    assert!(counts.starts_with("supernet_epochs=") && counts.contains(&samples), "{counts}");
    let again = [&with("3h")[..], &["--resume"]].concat();
    let readme = Path::new(&out).join("README.md");
    std::fs::remove_file(&readme).expect("written when the study was created");
    let second = interrupted(&again, &readme);
    assert!(second.code == 1 && !second.stderr.contains("timing"), "{}", second.stderr);
    assert_eq!(setting(&out, "budget"), counts);

    let other = path("other");
    let without = ["--epochs", "0", "--samples", "2", "--supernet-epochs", "1", "--out", &other];
    let search = ["search", "--data", DATA, "--space", &space, "--maximize", "accuracy"];
    assert_eq!(nas(&[&search[..], &without].concat()).code, 0);
    let begun = [&search[..], &["--out", &other, "--budget", "2h", "--resume"]].concat();
    refused(&begun, &["--budget", "without a budget"]);
}

#[test]
fn options_of_other_sources_are_refused() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, out) = (path("tiny.ron"), path("out"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--space", &space, "--maximize", "accuracy"];
    let search = [&search[..], &["--samples", "8", "--out", &out]].concat();
    let check = |more: &[&str], message: &[&str]| {
        let data: &[&str] = if more.contains(&"--data") { &[] } else { &["--data", DATA] };
        refused(&[&search[..], data, more].concat(), message);
        assert!(!Path::new(&out).exists(), "{more:?}");
    };
    check(&["--proxy-epochs", "2"], &["--proxy-epochs", "--accuracy proxy"]);
    for flag in [["--supernet-epochs", "2"], ["--supernet-paths", "sandwich"], ["--check", "8"]] {
        let proxy = [&flag[..], &["--accuracy", "proxy"]].concat();
        check(&proxy, &[flag[0], "--accuracy supernet"]);
    }
    check(&["--supernet-paths", "thin"], &["--supernet-paths", "thin", "sandwich"]);
    let proxy = ["--accuracy", "proxy", "--proxy-epochs", "0"];
    check(&proxy, &["--proxy-epochs", "0"]);
    // Folders: one image of a class cannot be trained on and held out.
    let photos = folder.path().join("photos");
    for (class, count) in [("cats", 60), ("dogs", 1)] {
        for split in ["train", "val"] {
            let to = photos.join(split).join(class);
            std::fs::create_dir_all(&to).expect("writable");
            for index in 0..count {
                let image = image::RgbImage::from_pixel(16, 16, image::Rgb([index * 4, 40, 7]));
                image.save(to.join(format!("{index}.png"))).expect("writable");
            }
        }
    }
    let data = format!("folder:{}", photos.display());
    for source in ["supernet", "proxy"] {
        let with = ["--data", &data, "--accuracy", source];
        check(&with, &["--data", "class dogs", "at least 2 images"]);
    }
}

#[test]
fn the_sandwich_rule_is_another_supernet() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, out) = (path("tiny.ron"), path("out"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--data", DATA, "--space", &space, "--maximize", "accuracy"];
    let small = ["--samples", "4", "--supernet-epochs", "1", "--epochs", "0", "--out", &out];
    let search = [&search[..], &small].concat();
    let sandwich = [&search[..], &["--supernet-paths", "sandwich"]].concat();
    assert_eq!(json(&sandwich)["trials"], 4);
    refused(&[&search[..], &["--resume"]].concat(), &["another study", "accuracy is supernet"]);
}

/// A network above the target is adapted to it. On a busy machine it may turn out not to be above it.
#[test]
fn a_search_goes_on_with_netadapt() {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_owned();
    let (space, table, out) = (path("tiny.ron"), path("table.ron"), path("out"));
    std::fs::write(&space, TINY_SPACE).expect("writable");
    let search = ["search", "--data", DATA, "--space", &space, "--table", &table];
    let small = ["--level", "built", "--runs", "2", "--supernet-epochs", "1", "--samples", "30"];
    let search = [&search[..], &small].concat();
    let built = nas(&["table", "build", "--space", &space, "--out", &table]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let first = path("first");
    let found =
        json(&[&search[..], &["--epochs", "0", "--target-ms", "50", "--out", &first]].concat());
    let of_range = |end: &str| found["range"][end].as_f64().expect("a latency");
    let target = (of_range("fastest_ms") * of_range("slowest_ms")).sqrt().to_string();
    let then = ["--then", "netadapt", "--epochs", "1", "--seeds", "1", "--baselines", "none"];
    let then = [&search[..], &then, &["--target-ms", &target, "--out", &out]].concat();
    let run = nas(&[&then[..], &["--json"]].concat());
    assert!(run.code == 0 || run.code == 3, "{}", run.stderr);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("one object");
    let adapted = found["adapted"].as_array();
    if !run.stderr.contains("nothing is adapted") {
        let adapted = &adapted.expect("adaptations")[0];
        assert!(adapted["adapted_ms"].as_f64() < adapted["seed_ms"].as_f64(), "{adapted}");
        assert!(Path::new(adapted["onnx"].as_str().expect("a path")).exists());
        assert!(Path::new(&out).join("netadapt/trajectory.csv").exists());
        let readme = std::fs::read_to_string(Path::new(&out).join("README.md")).expect("written");
        assert!(readme.contains("NetAdapt: "), "{readme}");
    }
    let maximize = ["search", "--data", DATA, "--space", &space, "--maximize", "accuracy"];
    refused(&[&maximize[..], &["--then", "netadapt"]].concat(), &["--then", "--target-ms"]);
    let none = [&search[..], &["--then", "netadapt", "--target-ms", "1", "--epochs", "0"]].concat();
    refused(&none, &["--then", "--epochs 0"]);
}
