//! Pins the measured threads to CPUs.

use crate::error::PredictorError;

/// Pins the calling thread, and threads that it starts, to certain CPUs until it is dropped.
#[derive(Debug)]
pub(crate) struct Pinned {
    allowed: Vec<usize>,
    #[cfg(target_os = "linux")]
    threads: usize,
    /// Position in `allowed` of the first CPU in use.
    #[cfg(target_os = "linux")]
    first: usize,
    #[cfg(target_os = "linux")]
    before: rustix::thread::CpuSet,
}

#[cfg(target_os = "linux")]
impl Pinned {
    /// Pins to the last `threads` CPUs that the calling thread may run on, as the first CPU serves
    /// most interrupts.
    pub(crate) fn new(threads: usize) -> Result<Self, PredictorError> {
        use rustix::thread::{CpuSet, sched_getaffinity};
        let before = sched_getaffinity(None).map_err(|error| PredictorError::Pin(error.into()))?;
        let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| before.is_set(cpu)).collect();
        let found = PredictorError::Threads { found: threads, cpus: allowed.len() };
        let first = allowed.len().checked_sub(threads).filter(|_| threads > 0).ok_or(found)?;
        let pinned = Self { allowed, threads, first, before };
        pinned.pin()?;
        Ok(pinned)
    }

    /// Moves the calling thread to other CPUs if the process may use more than are in use.
    pub(crate) fn move_on(&mut self) {
        let count = self.allowed.len();
        self.first = (self.first + count - self.threads) % count;
        // This fails only if those CPUs have gone offline. The thread then stays where it is.
        let _ = self.pin();
    }

    fn pin(&self) -> Result<(), PredictorError> {
        let mut set = rustix::thread::CpuSet::new();
        let from_first = self.allowed.iter().cycle().skip(self.first);
        from_first.take(self.threads).for_each(|&cpu| set.set(cpu));
        rustix::thread::sched_setaffinity(None, &set)
            .map_err(|error| PredictorError::Pin(error.into()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Pinned {
    fn drop(&mut self) {
        // This fails only if those CPUs have gone offline. There is then nothing to return to.
        let _ = rustix::thread::sched_setaffinity(None, &self.before);
    }
}

#[cfg(not(target_os = "linux"))]
impl Pinned {
    /// Pins nothing, as this is supported on Linux only.
    pub(crate) fn new(_threads: usize) -> Result<Self, PredictorError> {
        Ok(Self { allowed: Vec::new() })
    }

    pub(crate) fn move_on(&mut self) {}
}

impl Pinned {
    /// The CPUs that the process may use.
    pub(crate) fn allowed(&self) -> &[usize] {
        &self.allowed
    }
}
