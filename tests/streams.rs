//! What is printed, and paths, where they are unusual: a full disk, a closed pipe, bytes that are not
//! UTF-8.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::tempdir;

fn nas() -> Command {
    Command::new(env!("CARGO_BIN_EXE_nas"))
}

fn full() -> File {
    File::options().write(true).open("/dev/full").expect("of Linux")
}

/// The command fails with one message that says that stdout cannot be written to.
fn fails_on_a_full_disk(args: &[&str]) {
    let run = nas().args(args).stdout(full()).output().expect("nas starts");
    let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{args:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
    assert!(stderr.starts_with("error: cannot write to stdout: No space"), "{args:?}: {stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_stdout_and_ignored_on_stderr() {
    for args in [
        &["zoo"][..],
        &["zoo", "mobilenet_v2"],
        &["zoo", "--json"],
        &["space", "mnasnet"],
        &["describe", "mobilenet_v2"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        fails_on_a_full_disk(args);
    }
    let run = nas().args(["describe", "nowhere.ron"]).stderr(full()).output().expect("nas starts");
    assert_eq!((run.status.code(), run.stdout.len()), (Some(2), 0));
}

/// As `nas describe ... | head -1` does.
#[test]
fn a_closed_pipe_is_silent() {
    let mut child = nas()
        .args(["describe", "mobilenet_v2", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nas starts");
    drop(child.stdout.take());
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    assert_ne!(status.code(), Some(101));
}

#[test]
fn paths_that_are_not_utf8_are_written_to() {
    let folder = tempdir().expect("a temporary folder");
    let name = OsStr::from_bytes(b"caf\xe9");
    let (table, out) = (folder.path().join("bench.csv"), folder.path().join(name));
    let rows = "arch,accuracy,latency_ms\n00,50,1\n01,51,2\n10,52,3\n11,53,4\n";
    std::fs::write(&table, rows).expect("writable");
    let search = |extra: &[&str]| {
        let source = format!("table:{}", table.display());
        let mut command = nas();
        command.args(["search", "--accuracy", &source, "--target-ms", "3", "--samples", "4"]);
        command.args(extra).arg("--out").arg(&out).output().expect("nas starts")
    };
    for extra in [&[][..], &["--resume"]] {
        let run = search(extra);
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(0), "{stderr}");
        assert!(out.join("study.sqlite").exists() && out.join("pareto.png").exists());
    }
    let man = folder.path().join(OsStr::from_bytes(b"n\xe9w/man"));
    let run = nas().arg("man").arg("--out").arg(&man).output().expect("nas starts");
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(man.join("nas.1").exists());

    // Of an argument that is a text.
    let mut source = b"table:".to_vec();
    source.extend_from_slice(b"caf\xe9.csv");
    let mut command = nas();
    command.args(["search", "--target-ms", "3", "--accuracy"]).arg(OsStr::from_bytes(&source));
    let run = command.output().expect("nas starts");
    let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("UTF-8") && !stderr.contains("panicked"), "{stderr}");
    assert!(!Path::new("results").join("caf").exists());
}

/// `RUST_BACKTRACE` adds nothing to a message.
#[test]
fn messages_have_no_backtrace() {
    let folder = tempdir().expect("a temporary folder");
    let (file, weights) = (folder.path().join("net.pth"), folder.path().join("net.safetensors"));
    // A zip archive without entries, as far as its first bytes say.
    std::fs::write(&file, b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").expect("writable");
    let mut command = nas();
    command.args(["import", "--from", "torchvision", "mobilenet_v2"]).arg(&file).arg("--weights");
    let run = command.arg(&weights).env("RUST_BACKTRACE", "1").output().expect("nas starts");
    let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{stderr}");
    assert!(stderr.lines().count() <= 2 && !stderr.contains("::"), "{stderr}");
}
