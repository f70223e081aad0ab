//! Runs the `nas` binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// What a run of `nas` left behind.
pub(crate) struct Run {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs `nas` with these arguments.
pub(crate) fn nas(args: &[&str]) -> Run {
    of(&Command::new(env!("CARGO_BIN_EXE_nas")).args(args).output().expect("nas starts"))
}

fn of(output: &Output) -> Run {
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A space of 36 small networks.
pub(crate) const TINY_SPACE: &str = r#"SearchSpace(
    format: 1, name: "tiny", channels: 3, resolution: [16], classes: 1000,
    stem: [Conv(out: 8, kernel: 3, stride: 2, act: Relu)],
    stages: [
        (out: 8, layers: 1, stride: 2, choices: [Kernel([3, 5]), Expand([1, 2, 3])]),
        (out: 16, layers: 1, stride: 2, choices: [Kernel([3, 5]), Layers([1, 2, 3])]),
    ],
    head: Pool(),
)"#;

/// Runs `nas` with these arguments and sends it Ctrl-C once the file `appears`.
pub(crate) fn interrupted(args: &[&str], appears: &Path) -> Run {
    let child = Command::new(env!("CARGO_BIN_EXE_nas"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nas starts");
    let id = child.id().to_string();
    let ended = std::thread::spawn(move || child.wait_with_output().expect("nas ends"));
    while !appears.exists() && !ended.is_finished() {
        sleep(Duration::from_millis(2));
    }
    // It may have ended already.
    _ = Command::new("kill").args(["-INT", &id]).status();
    of(&ended.join().expect("no panic"))
}

/// Runs a command line in a shell.
pub(crate) fn shell(command: &str) -> Run {
    of(&Command::new("sh").args(["-c", command]).output().expect("a shell"))
}

/// Runs `nas` with `--json` and reads its object.
pub(crate) fn json(args: &[&str]) -> serde_json::Value {
    let run = nas(&[args, &["--json"]].concat());
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// Bad input: exit code 2, nothing on stdout, one message with these parts.
pub(crate) fn refused(args: &[&str], parts: &[&str]) {
    let run = nas(args);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}: {}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{args:?}: {:?} lacks {part:?}", run.stderr);
    }
}

/// Whether a run left something in a folder from which it can be resumed.
fn was_started(out: &Path) -> bool {
    let files = ["study.sqlite", "netadapt.sqlite", "checkpoint.safetensors", "network.ron"];
    files.iter().any(|file| std::fs::metadata(out.join(file)).is_ok_and(|file| file.len() > 0))
}

/// These arguments, without `--resume` if there is nothing to resume in the folder of `--out`, because
/// the run was killed too early.
pub(crate) fn resumed<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let out = args.windows(2).find(|pair| pair[0] == "--out").expect("a folder")[1];
    let keep = was_started(Path::new(out));
    args.iter().copied().filter(|arg| keep || *arg != "--resume").collect()
}

/// Starts `nas` with these arguments again and again, and kills it after each of these times.
pub(crate) fn killed_after(args: &[&str], pauses_ms: &[u64]) {
    for &pause_ms in pauses_ms {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nas"))
            .args(resumed(args))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nas starts");
        sleep(Duration::from_millis(pause_ms));
        // It may have ended already.
        _ = child.kill();
        child.wait().expect("a child");
    }
}
