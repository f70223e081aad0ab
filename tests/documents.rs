//! The commands of the README and of the guide, run with smaller sizes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;
use tempfile::{TempDir, tempdir};

use crate::table::made_up_table_times;

/// A small network in place of the networks that the pages name.
const SMALL: &str = "mobilenet_v1@width=0.25,resolution=32";

/// Commands that take minutes, or files from elsewhere. They are checked, but not run.
const CHECKED: [&str; 12] = [
    "nas table build",
    "nas table validate",
    "nas table diff",
    "nas search --data",
    "nas import",
    "nas netadapt",
    "nas data fetch",
    "nas bench",
    "nas surrogate",
    "nas compare",
    "nas zoo --measure",
    "nas train mobilenet_v3_small",
];
/// Of these, weights or inputs do not exist in the test.
const ABSENT: [&str; 4] = ["v2.safetensors", "images.safetensors", "mine.ron", "genotypes.txt"];

/// Texts of the pages with what the tests take instead.
const SMALLER: [(&str, &str); 8] = [
    ("--samples 300", "--samples 24"),
    ("--samples 32000", "--samples 90"),
    ("--epochs 30", "--epochs 1 --batch 4"),
    ("--epochs 60", "--epochs 2 --batch 4"),
    ("--train-resolution 96", "--train-resolution 32"),
    ("folder:photos", "folder:photos --threads 1"),
    ("nas latency results", "nas latency --runs 2 --level built --table made-up.ron results"),
    ("nas latency mobilenet", "nas latency --runs 2 --level built --table made-up.ron mobilenet"),
];

/// The commands of a page: lines in indented blocks, without the comment at their end.
fn commands(page: &str) -> Vec<String> {
    let text =
        fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let lines = lines.map(|line| line.replace("cargo run --release -p nas --", "nas"));
    let commands = lines.filter(|line| line.starts_with("nas "));
    commands.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with what the pages take for granted: photos, networks, weights and a benchmark.
fn workplace() -> TempDir {
    let folder = tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    for (index, name) in ["train/cat", "train/dog", "val/cat", "val/dog"].iter().enumerate() {
        fs::create_dir_all(path("photos").join(name)).expect("writable");
        for photo in 0..8_u8 {
            let shade = |x: u32, y: u32| [(x * 8) as u8, (y * 8) as u8, 30 * photo + index as u8];
            let image = RgbImage::from_fn(32, 32, |x, y| image::Rgb(shade(x, y)));
            image.save(path(&format!("photos/{name}/{photo}.png"))).expect("writable");
        }
    }
    let rows =
        (0..27).map(|i| format!("{}{}{},{},{}\n", i / 9, i / 3 % 3, i % 3, 50 + i, 4 + i % 9));
    let bench = "arch,mean_acc,ms_pixel3\n".to_owned() + &rows.collect::<String>();
    fs::write(path("bench.csv"), bench).expect("writable");
    // Networks take 7 to 30 ms by this table, so that the targets of the pages can be met.
    made_up_table_times(&path("made-up.ron"), 2.7e-4);
    let ron = nas(folder.path(), &format!("nas zoo {SMALL}"), &[0]);
    fs::create_dir_all(path("results/search-mnasnet-15ms")).expect("writable");
    for name in ["best.ron", "results/search-mnasnet-15ms/best.ron"] {
        fs::write(path(name), &ron).expect("writable");
    }
    let train =
        "nas train best.ron --data folder:photos --epochs 1 --batch 4 --train-resolution 32";
    nas(folder.path(), &format!("{train} --threads 1 --out run"), &[0]);
    fs::copy(path("run/best.safetensors"), path("best.safetensors")).expect("written");
    folder
}

/// Runs a command in a folder and returns what it prints. The exit code is one of `codes`.
fn nas(folder: &Path, command: &str, codes: &[i32]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_nas"))
        .args(command.split_whitespace().skip(1))
        .current_dir(folder)
        .env("NAS_CACHE", folder.join("cache"))
        .output()
        .expect("nas starts");
    let code = run.status.code().unwrap_or(-1);
    assert!(codes.contains(&code), "{command}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}

fn smaller(command: &str) -> String {
    let mut command = command.to_owned();
    for (from, to) in SMALLER {
        command = command.replace(from, to);
    }
    if command.starts_with("nas search") && !command.contains("--accuracy") {
        command += " --table made-up.ron --level built --runs 2";
        if !command.contains("--samples") {
            command += " --samples 60";
        }
    }
    if command.starts_with("nas train") && !command.contains("--epochs") {
        command += " --epochs 1 --batch 4";
    }
    if command == "nas table show" {
        command += " --table made-up.ron";
    }
    command
}

fn run(command: &str) {
    let is_checked = CHECKED.iter().any(|prefix| command.starts_with(prefix));
    let folder = tempdir().expect("a temporary folder");
    if is_checked || ABSENT.iter().any(|file| command.contains(file)) {
        // The arguments before `--help` are parsed first.
        nas(folder.path(), &format!("{command} --help"), &[0]);
        return;
    }
    let folder = workplace();
    let command = smaller(command);
    if command.starts_with("nas train") {
        fs::remove_dir_all(folder.path().join("run")).expect("a training");
    }
    // 3: no network met the target, which is possible with latencies that were made up.
    if command.contains(" --resume") {
        let first = command.replace(" --resume", "").replace("--samples 90", "--samples 60");
        nas(folder.path(), &first.replace("--epochs 2", "--epochs 1"), &[0, 3]);
    }
    nas(folder.path(), &command, &[0, 3]);
}

#[test]
fn commands_of_the_readme_work_as_written() {
    let commands = commands("README.md");
    assert!(commands.len() > 25, "{commands:?}");
    commands.iter().for_each(|command| run(command));
}

#[test]
fn commands_of_the_guide_work_as_written() {
    let pages =
        ["guide/my-cpu", "guide/my-photos", "guide/netadapt", "guide/deploying", "deploy/README"];
    for page in pages {
        let commands = commands(&format!("docs/{page}.md"));
        assert!(commands.len() >= 2, "{page}: {commands:?}");
        commands.iter().for_each(|command| run(command));
    }
}
