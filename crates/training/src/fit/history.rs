//! `history.jsonl`, which has one line for each epoch.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::{HISTORY, io_error, write_atomically};
use crate::error::TrainingError;

/// The record of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, counted from 1.
    pub epoch: u64,
    /// Number of steps taken by the end of the epoch.
    pub steps: u64,
    /// Learning rate of the next step.
    pub learning_rate: f32,
    /// Mean loss over the steps of the epoch, label smoothing included.
    pub train_loss: f64,
    /// Top-1 accuracy on the hold-out, a fraction; `None` without a hold-out.
    pub hold_out_top1: Option<f64>,
    /// Mean cross-entropy on the hold-out; `None` without a hold-out.
    pub hold_out_loss: Option<f64>,
    /// Seconds of training without the evaluation. If the epoch was interrupted, they count from
    /// the last resumption.
    pub seconds: f64,
    /// Training images per second over that time.
    pub images_per_s: f64,
}

/// Reads the first `epochs` epochs of a folder's history. A later line belongs to an epoch that is
/// trained again.
///
/// # Errors
/// [`TrainingError::Io`], or [`TrainingError::History`] with the line.
pub fn read_history(folder: &Path, epochs: u64) -> Result<Vec<EpochRecord>, TrainingError> {
    if epochs == 0 {
        return Ok(Vec::new());
    }
    let path = folder.join(HISTORY);
    let text = fs::read_to_string(&path).map_err(io_error(&path))?;
    let error = |line, message| TrainingError::History { path: path.clone(), line, message };
    let mut records: Vec<EpochRecord> = Vec::new();
    for (number, line) in (1..).zip(text.lines()).take(epochs as usize) {
        let record: EpochRecord =
            serde_json::from_str(line).map_err(|cause| error(number, cause.to_string()))?;
        if record.epoch != number {
            let message = format!("found epoch {}; expected: {number}", record.epoch);
            return Err(error(number, message));
        }
        records.push(record);
    }
    let found = records.len() as u64;
    if found < epochs {
        return Err(error(
            found + 1,
            format!("found the end of the file; expected: epoch {}", found + 1),
        ));
    }
    Ok(records)
}

pub(super) fn write(folder: &Path, records: &[EpochRecord]) -> Result<(), TrainingError> {
    let path = folder.join(HISTORY);
    let mut text = String::new();
    for record in records {
        let line = serde_json::to_string(record).map_err(std::io::Error::other);
        text += &line.map_err(io_error(&path))?;
        text.push('\n');
    }
    write_atomically(&path, text.as_bytes())
}

/// The epoch with the highest accuracy on the hold-out, the first of several equal ones. Without a
/// hold-out, the last epoch.
pub fn best_epoch(records: &[EpochRecord]) -> Option<&EpochRecord> {
    let accuracy = |record: &EpochRecord| record.hold_out_top1.unwrap_or(0.0);
    match records.last()?.hold_out_top1 {
        Some(_) => records.iter().rev().max_by(|a, b| accuracy(a).total_cmp(&accuracy(b))),
        None => records.last(),
    }
}

#[cfg(test)]
mod tests {
    use super::{EpochRecord, read_history, write};

    // A resumed run writes the earlier lines again.
    #[test]
    fn what_is_read_and_written_again_keeps_every_digit() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let record = EpochRecord {
            epoch: 1,
            steps: 703,
            learning_rate: 0.049_659_032,
            train_loss: 1.764_105_633_911_916_5,
            hold_out_top1: Some(0.550_797_818_622_500_5),
            hold_out_loss: Some(1.289_200_959_695_802_3),
            seconds: 268.239_016_07,
            images_per_s: 167.731_005_948_287_67,
        };
        write(folder.path(), std::slice::from_ref(&record)).expect("written");
        assert_eq!(read_history(folder.path(), 1).expect("read"), [record]);
    }
}
