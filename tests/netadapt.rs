//! `nas netadapt` on drawn images and a small network.

use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::run::{interrupted, json, killed_after, nas, refused, resumed, shell};

const SEED: &str =
    "Network(format: 1, name: \"small\", input: (channels: 3, resolution: 32), classes: 4,
    blocks: [
        Conv(out: 32, kernel: 3, stride: 1, act: Relu),
        InvertedResidual(expand: 96, out: 32, kernel: 3, stride: 1, act: Relu, skip: Identity),
        InvertedResidual(expand: 128, out: 48, kernel: 3, stride: 2, act: HardSwish),
    ], head: Pool())";
const DATA: &str = "shapes:classes=4,size=16,train=400,test=60";

/// A folder with `seed.ron`, and the latency table beside it, so that no test measures into the
/// user's cache.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("seed.ron"), SEED).expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("utf-8").to_owned()
    }

    fn args(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (seed, out) = (self.path("seed.ron"), self.path(out));
        let args = ["netadapt", &seed, "--data", DATA, "--hold-out", "0.2", "--batch", "40"];
        let size = ["--steps", "6", "--delta", "0.06", "--epochs", "2", "--runs", "20"];
        let mut all = [&args[..], &size[..], &["--out", &out]].concat();
        for flag in more.iter().filter(|text| text.starts_with("--")) {
            if let Some(at) = all.iter().position(|text| text == flag) {
                all.drain(at..at + 2);
            }
        }
        all.iter().chain(more).map(|text| (*text).to_owned()).collect()
    }
}

fn borrowed(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn bytes(folder: &str, name: &str) -> Vec<u8> {
    std::fs::read(Path::new(folder).join(name)).unwrap_or_else(|e| panic!("{folder}/{name}: {e}"))
}

/// The values of a column.
fn column(csv: &str, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(csv).expect("written");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let at = header.iter().position(|column| *column == name).expect("the column");
    lines.map(|line| line[at].parse().expect("a number")).collect()
}

/// A table of this device in the folder, with nothing in it yet.
fn table(place: &Place) -> Vec<String> {
    let table = place.path("table.ron");
    json(&["table", "build", "--space", &place.path("space.ron"), "--out", &table]);
    vec!["--table".to_owned(), table]
}

/// Of the seed's first block; NetAdapt measures the others.
const SPACE: &str =
    "SearchSpace(format: 1, name: \"one\", channels: 3, resolution: [32], classes: 4,
    stem: [Conv(out: 32, kernel: 3, stride: 1, act: Relu)],
    stages: [(out: 32, layers: 1, stride: 1, choices: [Act([Relu]), Expand([2, 3]), Kernel([3])])],
    head: Pool())";

#[test]
fn the_path_is_the_same_after_kills_with_the_same_measurements() {
    let place = Place::new();
    std::fs::write(place.path("space.ron"), SPACE).expect("written");
    let table = table(&place);
    let whole = place.args("whole", &[]);
    // Whether the target is met is up to the device; what is done about it is not.
    let adapted = |args: &[&str]| -> (i32, serde_json::Value) {
        let run = nas(&[args, &["--json"]].concat());
        let result: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.stderr));
        assert_eq!(run.code, if result["met"] == true { 0 } else { 3 }, "{}", run.stderr);
        (run.code, result)
    };
    let (code, result) = adapted(&[&borrowed(&whole)[..], &borrowed(&table)[..]].concat());
    let iterations = result["steps"].as_array().expect("a list");
    let latency =
        |iteration: &serde_json::Value| iteration["latency_ms"].as_f64().expect("a number");
    let delta = 0.06 * latency(&iterations[0]);
    let cuts = column(&place.path("whole/trajectory.csv"), "cut_ms");
    assert_eq!(cuts.len(), iterations.len());
    let measured = column(&place.path("whole/trajectory.csv"), "measured_ms");
    for (at, pair) in measured.windows(2).enumerate() {
        assert_eq!(cuts[at + 1], pair[0] - pair[1], "{measured:?}");
    }
    assert!(cuts[1..].iter().all(|cut| *cut >= delta * 0.999), "{cuts:?}, {delta}");
    let last = iterations.last().expect("an iteration");
    let meets = latency(last) <= result["target_ms"].as_f64().expect("a number");
    assert!(meets || code == 3);
    let out = place.path("whole");
    for name in ["netadapt.svg", "netadapt.png", "widths.svg", "trained.csv", "proposals.csv"] {
        assert!(!bytes(&out, name).is_empty(), "{name}");
    }
    let figure = String::from_utf8(bytes(&out, "netadapt.svg")).expect("text");
    for text in ["NetAdapt from small", "adapted, from scratch", "proposals", "seed"] {
        assert!(figure.contains(text), "{text}");
    }
    let readme = String::from_utf8(bytes(&out, "README.md")).expect("text");
    for text in ["# NetAdapt of small", "`adapted.ron`", "iterations from", "Device: "] {
        assert!(readme.contains(text), "{text}: {readme}");
    }
    // Every network on the way is a file that loads, fits its weights and exports.
    for iteration in 0..iterations.len() {
        let ron = place.path(&format!("whole/iterations/{iteration:03}.ron"));
        let weights = ron.replace(".ron", ".safetensors");
        let onnx = place.path("net.onnx");
        let exported = json(&["export", &ron, "--weights", &weights, "--onnx", &onnx]);
        // As evaluated, although the deployed network has 32 px.
        assert_eq!(exported["resolution"], 16);
        let network = std::fs::read_to_string(&ron).expect("written");
        assert!(network.contains("class_names: [\"disc\", "), "{network}");
    }

    let measurements = place.path("whole/measurements.csv");
    let replayed = place.args("killed", &["--measurements", &measurements, "--resume"]);
    // In the trainings of proposals, between iterations, and in the trainings at the end.
    let pauses: Vec<u64> = (0..20).map(|kill| 60 + (kill * 137) % 400).collect();
    killed_after(&borrowed(&replayed), &pauses);
    assert_eq!(adapted(&resumed(&borrowed(&replayed))).0, code);
    let killed = place.path("killed");
    let names = ["adapted.ron", "adapted.safetensors", "trajectory.csv", "trained.csv"];
    let weights =
        (0..iterations.len()).map(|iteration| format!("iterations/{iteration:03}.safetensors"));
    for name in names.map(str::to_owned).into_iter().chain(weights) {
        assert!(bytes(&out, &name) == bytes(&killed, &name), "{name}");
    }

    // A run is not overwritten, and not continued as another.
    refused(&borrowed(&place.args("killed", &["--measurements", &measurements])), &["--resume"]);
    let other = ["--measurements", &measurements, "--resume", "--metric", "accuracy"];
    refused(&borrowed(&place.args("killed", &other)), &["--resume", "metric"]);
    // Out of reach: the closest network, and exit code 3.
    let hard = ["--measurements", &measurements, "--target-ratio", "0.0001", "--seeds", "0"];
    let run = nas(&borrowed(&place.args("hard", &hard)));
    assert!([2, 3].contains(&run.code), "{}", run.stderr);
}

/// Latency and cut in thousandths of a millisecond, as the lines on completed iterations have them.
fn printed(stderr: &str) -> Vec<[i64; 2]> {
    let thousandths = |line: &str, before: &str, after: &str| {
        let (text, _) = line.split_once(after)?;
        let number: f64 = text.rsplit_once(before)?.1.parse().ok()?;
        Some((number * 1e3).round() as i64)
    };
    let of_line = |line: &str| {
        let ms = thousandths(line, " ", " ms")?;
        Some([ms, thousandths(line, "(cut ", ")").unwrap_or(0)])
    };
    let is_completed = |line: &&str| line.starts_with("seed: ") || line.contains(" (cut ");
    stderr.lines().filter(is_completed).map(of_line).collect::<Option<_>>().expect("latencies")
}

#[test]
fn an_interrupted_adaptation_says_where_it_is_and_how_it_continues() {
    let place = Place::new();
    std::fs::write(place.path("space.ron"), SPACE).expect("written");
    let (table, out) = (table(&place), place.path("out"));
    let args = place.args("out", &["--seeds", "2"]);
    let args = [&borrowed(&args)[..], &borrowed(&table)[..]].concat();
    let run = interrupted(&args, &Path::new(&out).join("iterations/001.safetensors"));
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("stopped; the last complete iteration is "), "{}", run.stderr);
    // The network that is named is there with its weights.
    let named = run.stderr.rsplit_once(&format!("{out}/iterations/")).expect("a path").1;
    let network = format!("{out}/iterations/{}.ron", &named[..3]);
    let weights = network.replace(".ron", ".safetensors");
    json(&["export", &network, "--weights", &weights, "--onnx", &place.path("net.onnx")]);

    // Latencies and cuts on the screen agree, and lines for a file have no control characters.
    let lines = printed(&run.stderr);
    assert!(lines.len() > 1, "{}", run.stderr);
    for pair in lines.windows(2) {
        assert_eq!(pair[1][0], pair[0][0] - pair[1][1], "{}", run.stderr);
    }
    assert!(run.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", run.stderr);

    let command = run.stderr.trim_end().rsplit_once('\n').expect("lines").1;
    assert!(command.ends_with(" --resume"), "{command}");
    let hint = String::from_utf8(bytes(&out, "RESUME.txt")).expect("text");
    assert!(hint.contains(command) && hint.contains(&network), "{hint}");
    let resumed = shell(command);
    assert!([0, 3].contains(&resumed.code), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("continuing: the last complete iteration is "));
    assert!(!Path::new(&out).join("RESUME.txt").exists());
}

#[test]
fn bad_adaptations_are_refused_and_write_nothing() {
    let place = Place::new();
    let csv = place.path("m.csv");
    let check = |more: &[&str], parts: &[&str]| {
        refused(&borrowed(&place.args("out", more)), parts);
        assert!(!Path::new(&place.path("out")).exists(), "{more:?}");
    };
    check(&["--target-ratio", "1.5"], &["--target-ratio", "found 1.5"]);
    check(&["--delta", "0"], &["--delta", "found 0"]);
    check(&["--decay", "2"], &["--decay", "found 2"]);
    check(&["--target-ms", "-1"], &["--target-ms", "found -1"]);
    check(&["--weights", "nowhere.safetensors"], &["nowhere.safetensors"]);
    check(&["--hold-out", "0"], &["hold-out"]);
    check(&["--measurements", "nowhere.csv"], &["nowhere.csv"]);
    std::fs::write(&csv, "reading,key,ms\nguessed,00,1\n").expect("written");
    check(&["--measurements", &csv], &["m.csv, line 2, column reading", "found guessed"]);
    std::fs::write(&csv, "reading,key,ms\nmeasured,00,-1\n").expect("written");
    check(&["--measurements", &csv], &["m.csv, line 2, column ms", "found -1"]);
    std::fs::write(&csv, "reading,key,ms\nmeasured,00,1\n").expect("written");
    check(&["--measurements", &csv], &["measured latency of small", "not among the recorded"]);

    // Weights of a network for other classes, and of a wider one.
    let (seed, out) = (place.path("seed.ron"), place.path("textures"));
    let data = "shapes:classes=13,size=16,train=400,test=60";
    json(&["train", &seed, "--data", data, "--epochs", "1", "--batch", "40", "--out", &out]);
    let weights = format!("{out}/best.safetensors");
    check(&["--weights", &weights], &["found 13 classes; expected: 4"]);
    let wide = SEED.replace("expand: 96", "expand: 64");
    std::fs::write(place.path("wide.ron"), wide).expect("written");
    let (wide, out) = (place.path("wide.ron"), place.path("trained"));
    json(&["train", &wide, "--data", DATA, "--epochs", "1", "--batch", "40", "--out", &out]);
    let weights = format!("{out}/best.safetensors");
    check(&["--weights", &weights], &["blocks.1.expand.conv.weight", "found [64", "expected: [96"]);
}
