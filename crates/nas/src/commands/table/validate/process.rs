//! The process that measures a pass of a validation: `nas latency --genotypes FILE --measure`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use latency_predictor::{DrawnNetwork, Pass, WholeLatency};
use serde::Deserialize;

use crate::args::Global;
use crate::exit::refused;
use crate::interrupt;

/// How long Ctrl-C may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);
/// The largest difference between the same sums of blocks, as a share. Numbers are printed with all
/// of their digits.
const SAME: f64 = 1e-9;

/// What passes measure with.
pub(super) struct Processes<'a> {
    pub(super) global: &'a Global,
    /// The space as the user named it.
    pub(super) space: &'a str,
    pub(super) table: &'a Path,
    /// Warnings of the processes so far, without repetitions.
    pub(super) warnings: Vec<String>,
}

/// What a line of the process says.
#[derive(Deserialize)]
struct Line {
    genotype: String,
    predicted_ms: f64,
    level: f64,
    measured: Measured,
    disturbed: bool,
}

#[derive(Deserialize)]
struct Measured {
    p50_ms: f64,
}

impl Processes<'_> {
    /// Starts a process that measures the genotypes in `file`, which are those of `networks` in the
    /// same order. `progress` is told how many of them were measured.
    pub(super) fn pass(
        &mut self,
        file: &Path,
        networks: &[&DrawnNetwork],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Pass> {
        let mut child = self.command(file)?.spawn().context("cannot start another nas")?;
        let (lines, messages) = (lines(&mut child), messages(&mut child));
        let mut pass = Pass { level: f64::NAN, measured: Vec::new() };
        let read = read(&lines, networks, &mut pass, progress);
        if read.is_err() {
            // It may have ended already.
            _ = child.kill();
        }
        let status = child.wait()?;
        let messages = messages.join().unwrap_or_default();
        read?;
        match status.code() {
            Some(0) => {}
            // The same as for the command itself.
            Some(2) => return Err(refused(without_error(&messages))),
            _ => {
                bail!("the process that measures ended with {status}: {}", without_error(&messages))
            }
        }
        let (found, expected) = (pass.measured.len(), networks.len());
        if found != expected {
            bail!("the process that measures: found {found} networks; expected: {expected}");
        }
        self.keep_warnings(&messages);
        Ok(pass)
    }

    fn command(&self, file: &Path) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("which file is nas?")?);
        command.args(["latency", "--measure", "--json", "--quiet", "--level", "now"]);
        command.arg("--genotypes").arg(file);
        command.args(["--space", self.space]).arg("--table").arg(self.table);
        command.args(["--threads", &self.global.measured_threads().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Keeps the warnings among messages, which begin with a line of their own each.
    fn keep_warnings(&mut self, messages: &str) {
        let mut warning: Option<String> = None;
        let mut found = Vec::new();
        for line in messages.lines() {
            match &mut warning {
                _ if line.starts_with("warning: ") => {
                    found.extend(warning.replace(line.to_owned()));
                }
                Some(warning) => *warning += &format!("\n{line}"),
                None => {}
            }
        }
        found.extend(warning);
        for warning in found {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Reads what the process prints until it ends.
fn read(
    lines: &Receiver<std::io::Result<String>>,
    networks: &[&DrawnNetwork],
    pass: &mut Pass,
    progress: &mut dyn FnMut(usize),
) -> Result<()> {
    loop {
        if interrupt::check().is_break() {
            bail!("stopped; nothing is kept of a validation that is not complete");
        }
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => add(&line?, networks, pass)?,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        progress(pass.measured.len());
    }
}

/// Adds the network of a line, which has to be the next one.
fn add(line: &str, networks: &[&DrawnNetwork], pass: &mut Pass) -> Result<()> {
    let line: Line = serde_json::from_str(line).context("the process that measures")?;
    let network = networks.get(pass.measured.len());
    let network = network.filter(|network| network.genotype.to_string() == line.genotype);
    let Some(network) = network else {
        return Err(anyhow!("the process that measures: found another network, {}", line.genotype));
    };
    let built_ms = line.predicted_ms / line.level;
    if (built_ms / network.built_ms - 1.0).abs() > SAME {
        bail!("the table has changed: another process measured blocks meanwhile");
    }
    pass.level = line.level;
    let (p50_ms, disturbed) = (line.measured.p50_ms, line.disturbed);
    pass.measured.push(WholeLatency { p50_ms, disturbed });
    Ok(())
}

/// The lines of standard output as they come.
fn lines(child: &mut Child) -> Receiver<std::io::Result<String>> {
    let (sender, receiver) = channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// All of standard error once the process has ended.
fn messages(child: &mut Child) -> thread::JoinHandle<String> {
    let stderr = child.stderr.take();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stderr) = stderr {
            // What cannot be read is not shown.
            _ = stderr.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A message without the word that is printed before it again.
fn without_error(messages: &str) -> &str {
    let messages = messages.trim_end();
    messages.rfind("error: ").map_or(messages, |place| &messages[place + "error: ".len()..])
}
