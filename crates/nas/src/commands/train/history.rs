//! `history.jsonl`: one line an epoch.

use std::fs;
use std::path::Path;

use anyhow::Result;
use report::write_atomically;
use serde::{Deserialize, Serialize};

use crate::exit::bad_input;

pub(crate) const FILE_NAME: &str = "history.jsonl";

/// An epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) epoch: u64,
    /// Steps done at its end.
    pub(crate) steps: u64,
    /// Of the next step.
    pub(crate) learning_rate: f32,
    /// Mean over its steps, label smoothing included.
    pub(crate) train_loss: f64,
    /// `None` without a hold-out.
    pub(crate) hold_out_top1: Option<f64>,
    pub(crate) hold_out_loss: Option<f64>,
    /// Of training, without evaluation; since the last start where the epoch was interrupted.
    pub(crate) seconds: f64,
    /// In those seconds.
    pub(crate) images_per_s: f64,
}

/// The lines of the first `epochs` epochs; later ones belong to an epoch that will be done again.
pub(crate) fn read(folder: &Path, epochs: u64) -> Result<Vec<Line>> {
    let path = folder.join(FILE_NAME);
    if epochs == 0 {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).map_err(|error| bad_input(path.display(), error))?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()).take(epochs as usize) {
        let place = || format!("{}:{number}", path.display());
        let line: Line = serde_json::from_str(line).map_err(|error| bad_input(place(), error))?;
        if line.epoch != number {
            let message = format!("found epoch {}; allowed: {number}", line.epoch);
            return Err(bad_input(place(), message));
        }
        lines.push(line);
    }
    if (lines.len() as u64) < epochs {
        let message = format!("found {} lines; allowed: at least {epochs}", lines.len());
        return Err(bad_input(path.display(), message));
    }
    Ok(lines)
}

pub(crate) fn write(folder: &Path, lines: &[Line]) -> Result<()> {
    let mut text = String::new();
    for line in lines {
        text += &serde_json::to_string(line)?;
        text.push('\n');
    }
    Ok(write_atomically(&folder.join(FILE_NAME), text.as_bytes())?)
}

/// The epoch of the highest hold-out accuracy, the first of equals; the last one without a hold-out.
pub(crate) fn best(lines: &[Line]) -> Option<&Line> {
    let accuracy = |line: &Line| line.hold_out_top1.unwrap_or(0.0);
    let with_hold_out = lines.last()?.hold_out_top1.is_some();
    match with_hold_out {
        true => lines.iter().rev().max_by(|a, b| accuracy(a).total_cmp(&accuracy(b))),
        false => lines.last(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, read, write};

    /// A resumed run writes the lines of before again.
    #[test]
    fn what_is_read_and_written_again_keeps_every_digit() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let line = Line {
            epoch: 1,
            steps: 703,
            learning_rate: 0.049_659_032,
            train_loss: 1.764_105_633_911_916_5,
            hold_out_top1: Some(0.550_797_818_622_500_5),
            hold_out_loss: Some(1.289_200_959_695_802_3),
            seconds: 268.239_016_07,
            images_per_s: 167.731_005_948_287_67,
        };
        write(folder.path(), std::slice::from_ref(&line)).expect("written");
        assert_eq!(read(folder.path(), 1).expect("read"), [line]);
    }
}
