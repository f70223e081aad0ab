//! `nas zoo`: published accuracies, and the files of a measured zoo.

use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::run::{json, nas, refused};

fn narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn published_accuracies_have_their_sources() {
    let run = nas(&["zoo"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    narrow(&run.stdout);
    for part in [
        "mobilenet_v2",
        "300,774,272",
        "72.0",
        "Sandler 2018, Table 4",
        "torchvision, IMAGENET1K_V1, 600 epochs",
        "Zhang 2018, Table 2, 300,000 steps of 1,024 images",
        "timm, mobilenetv2_100.ra_in1k",
        "PaddleClas, PPLCNet_x1_0, 360 epochs",
        "lcnet 72.10 %: timm, lcnet_100.ra2_in1k",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let zoo = json(&["zoo"]);
    let v2 = |zoo: &serde_json::Value| {
        let networks = zoo["networks"].as_array().expect("a list").clone();
        networks.into_iter().find(|network| network["name"] == "mobilenet_v2").expect("there")
    };
    let v2 = v2(&zoo);
    assert_eq!((&v2["top1"], &v2["top1_source"]), (&0.72.into(), &"Sandler 2018, Table 4".into()));
    assert_eq!(v2["published"][1]["top1"], 0.71878);
    assert_eq!(v2["published"][1]["schedule"], "300 epochs");
    assert!(v2.get("p50_ms").is_none());
    refused(&["zoo", "--out", "nowhere"], &["--measure"]);
}

#[test]
fn a_measured_zoo_leaves_a_figure_and_a_csv_file() {
    let folder = tempdir().expect("a temporary folder");
    let zoo = |more: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_nas"))
            .args(["zoo", "--measure", "--quiet"])
            .args(more)
            .current_dir(folder.path())
            .env("NAS_CACHE", folder.path().join("cache"))
            .output()
            .expect("nas starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text")
    };
    let screen = zoo(&["--out", "my zoo"]);
    narrow(&screen);
    assert!(
        screen.contains("latencies in ms: p50 of the undisturbed runs")
            && screen.contains("my zoo"),
        "{screen}"
    );
    let read = |name: &str| {
        let path = folder.path().join("my zoo").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let csv = read("zoo.csv");
    assert_eq!(csv.lines().count(), 1 + 18);
    let header = "network,params,macs,p50_ms,published_top1,source,schedule,\
                  undisturbed_p50_ms,all_p50_ms,all_p95_ms,left_out_share";
    assert_eq!(csv.lines().next(), Some(header));
    let ms = csv.lines().skip(1).map(|line| line.split(',').nth(3).expect("a latency").parse());
    let ms: Vec<f64> = ms.collect::<Result<_, _>>().expect("numbers");
    assert!(ms.windows(2).all(|pair| pair[0] <= pair[1]), "fastest first: {ms:?}");
    let figure = read("zoo.svg");
    for text in ["mobilenet_v1", "shufflenet_v2_torchvision", "published ImageNet top-1 (%)"] {
        assert!(figure.contains(text), "{text}");
    }
    let readme = read("README.md");
    for text in ["nas zoo --measure --quiet --out 'my zoo'", "`zoo.csv`", "Device: "] {
        assert!(readme.contains(text), "{text}: {readme}");
    }
    assert!(Path::new(&folder.path().join("my zoo/zoo.png")).exists());
}
