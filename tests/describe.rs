//! `nas describe`, `nas zoo`, `nas space`.

use std::process::{Command, Stdio};

use crate::run::{json, nas, refused};

#[test]
fn describe_counts_published_networks_and_genotypes() {
    let check = |net: &str, params: u64, macs: u64| {
        let description = json(&["describe", net]);
        assert_eq!(description["params"], params, "{net}");
        assert_eq!(description["macs"], macs, "{net}");
        let layers = description["layers"].as_array().expect("layers");
        let sum = |key: &str| layers.iter().filter_map(|layer| layer[key].as_u64()).sum::<u64>();
        assert_eq!((sum("params"), sum("macs")), (params, macs), "{net}");
    };
    check("mobilenet_v2@width=0.35", 1_677_128, 59_285_808);
    check("shufflenet_v1_g3@width=2.0", 5_449_776, 524_045_184);
    // Row 4 of Accel-NASBench.
    check("mnasnet:0120212021201000010020000000", 2_102_216, 257_166_624);
}

#[test]
fn zoo_prints_a_file_that_describes_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("net.ron");
    let run = nas(&["zoo", "mobilenet_v3_small@width=0.75"]);
    std::fs::write(&file, run.stdout).expect("writable");
    let file = file.to_str().expect("utf-8");
    let (from_file, from_name) =
        (json(&["describe", file]), json(&["describe", "mobilenet_v3_small@width=0.75"]));
    assert_eq!(from_file, from_name);
    refused(&["describe", &format!("{file}@width=0.5")], &["width", "file"]);
    assert_eq!(
        json(&["describe", &format!("{file}@classes=10")])["params"],
        2_041_872 - 1025 * 990
    );
}

#[test]
fn lists_have_every_network_and_space() {
    let zoo = json(&["zoo"]);
    assert_eq!(zoo["networks"].as_array().map(Vec::len), Some(18));
    let spaces = json(&["space"]);
    assert_eq!(spaces["spaces"].as_array().map(Vec::len), Some(9));
    let mnasnet = json(&["space", "mnasnet"]);
    assert_eq!(mnasnet["spaces"][0]["size"], 104_485_552_128_u64);
    assert_eq!(mnasnet["spaces"][0]["choices"].as_array().map(Vec::len), Some(28));
}

#[test]
fn bad_networks_and_spaces_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("bad.ron");
    std::fs::write(&file, "Network(\n    format: 1,\n    nam: \"x\",\n)").expect("writable");
    let file = file.to_str().expect("utf-8");
    refused(&["describe", file], &["bad.ron", "line 3", "nam", "name"]);
    refused(&["describe", "missing.ron"], &["missing.ron", "No such file"]);
    refused(&["describe", "mobilenet_v9"], &["mobilenet_v9", "mobilenet_v2"]);
    refused(&["describe", "mobilenet_v2@depth=3"], &["depth", "stem_stride"]);
    refused(&["describe", "mnasnet:000"], &["3 digits", "28"]);
    refused(&["describe", "mnasnet:9120212021201000010020000000"], &["stages[0].Expand", "0 to 2"]);
    refused(&["space", "nasnet"], &["nasnet", "mnasnet"]);
    refused(&["describe"], &["NET"]);
    refused(&["fly"], &["fly"]);
}

/// As `nas zoo | head` does.
#[test]
fn a_reader_that_leaves_early_gets_no_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nas"))
        .args(["describe", "mobilenet_v2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nas starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("a child");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
