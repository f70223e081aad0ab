//! One measurement at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// Held while measuring: functions that measure ask for it. One for each user and machine; the
/// operating system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct MeasuringLock {
    _file: File,
}

/// The lock's file cannot be opened or locked.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot lock for measuring: {source}")]
pub struct LockError {
    /// The lock's file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl MeasuringLock {
    /// Takes the lock; where another process is measuring, calls `on_wait` once and waits for it.
    ///
    /// # Errors
    /// The folder for temporary files is not writable.
    pub fn acquire(on_wait: impl FnOnce()) -> Result<Self, LockError> {
        let path = path();
        let error = |source| LockError { path: path.clone(), source };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                file.lock().map_err(error)?;
            }
            Err(TryLockError::Error(source)) => return Err(error(source)),
        }
        Ok(Self { _file: file })
    }
}

/// Not in the cache or the home folder: several machines may share those.
fn path() -> PathBuf {
    #[cfg(unix)]
    let user = rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    let user = std::env::var("USERNAME").unwrap_or_default();
    std::env::temp_dir().join(format!("nas-measuring-{user}.lock"))
}
