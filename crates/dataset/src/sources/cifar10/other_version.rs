//! What a folder has that is not the binary version of CIFAR-10.

use std::path::Path;

use crate::error::DataError;

/// What is there, and the folder or file that tells it: versions of CIFAR-10 and CIFAR-100 in their
/// folders or without them, and archives that are not unpacked.
const OTHERS: [(&str, &[&str]); 7] = [
    ("the binary version of CIFAR-100", &["cifar-100-binary", "fine_label_names.txt"]),
    ("the Python version of CIFAR-100", &["cifar-100-python"]),
    ("the Python version of CIFAR-10", &["cifar-10-batches-py", "data_batch_1", "batches.meta"]),
    ("the MATLAB version of CIFAR-10", &["cifar-10-batches-mat", "data_batch_1.mat"]),
    ("the binary version of CIFAR-10 in an archive", &["cifar-10-binary.tar.gz"]),
    ("the Python version of CIFAR-10 in an archive", &["cifar-10-python.tar.gz"]),
    ("CIFAR-100 in an archive", &["cifar-100-binary.tar.gz", "cifar-100-python.tar.gz"]),
];
const WANTED: &str = "the binary version of CIFAR-10, unpacked: data_batch_1.bin to \
    data_batch_5.bin and test_batch.bin, also in a folder cifar-10-batches-bin";

/// The error for a folder without any of the files of the binary version.
pub(super) fn error(folder: &Path) -> DataError {
    if folder.is_file() {
        return DataError::content(folder, "a file", format!("a folder with {WANTED}"));
    }
    let all_there = |names: &[&str]| names.iter().all(|name| folder.join(name).is_file());
    let found = OTHERS.iter().find_map(|(version, signs)| {
        let sign = signs.iter().find(|sign| folder.join(sign).exists())?;
        Some(format!("{version} ({sign})"))
    });
    let found = match found {
        Some(found) => found,
        None if all_there(&["train", "test", "meta"]) => {
            "the Python version of CIFAR-100 (train, test, meta)".to_owned()
        }
        None if all_there(&["train.bin", "test.bin"]) => {
            "the binary version of CIFAR-100 (train.bin, test.bin)".to_owned()
        }
        None if folder.exists() => "none of its files".to_owned(),
        None => "no such folder".to_owned(),
    };
    DataError::content(folder, found, WANTED)
}
