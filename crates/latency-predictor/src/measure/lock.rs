//! The lock that allows one measurement at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// The lock that is held while measuring and that functions which measure take as an argument.
/// There is one per user and machine. The operating system releases it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct MeasuringLock {
    _file: File,
}

/// The file of the lock cannot be opened or locked.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot lock for measuring: {source}")]
pub struct LockError {
    /// File of the lock.
    pub path: PathBuf,
    /// Error of the operating system.
    pub source: io::Error,
}

impl MeasuringLock {
    /// Takes the lock. If it is already held, calls `on_wait` once and then waits for it.
    ///
    /// # Errors
    /// The file of the lock cannot be opened or locked, for example because the folder for
    /// temporary files is not writable.
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

/// The lock is not in the cache or home folder, as several machines may share those.
fn path() -> PathBuf {
    #[cfg(unix)]
    let user = rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    let user = std::env::var("USERNAME").unwrap_or_default();
    std::env::temp_dir().join(format!("nas-measuring-{user}.lock"))
}
