//! The measured threads stay on fixed CPUs.

use crate::error::PredictorError;

/// While this lives, the calling thread, and threads that it starts, run on `cpus` only.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) cpus: Vec<usize>,
    #[cfg(target_os = "linux")]
    before: rustix::thread::CpuSet,
}

#[cfg(target_os = "linux")]
impl Pinned {
    /// The last `threads` CPUs that the calling thread may run on: the first one serves most
    /// interrupts.
    pub(crate) fn new(threads: usize) -> Result<Self, PredictorError> {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let refused = |error: rustix::io::Errno| PredictorError::Pin(error.into());
        let before = sched_getaffinity(None).map_err(refused)?;
        let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| before.is_set(cpu)).collect();
        let found = PredictorError::Threads { found: threads, cpus: allowed.len() };
        let first = allowed.len().checked_sub(threads).filter(|_| threads > 0).ok_or(found)?;
        let cpus = allowed[first..].to_vec();
        let mut set = CpuSet::new();
        cpus.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set).map_err(refused)?;
        Ok(Self { cpus, before })
    }
}

#[cfg(target_os = "linux")]
impl Drop for Pinned {
    fn drop(&mut self) {
        // Fails only where those CPUs went offline meanwhile; then there is nothing to go back to.
        let _ = rustix::thread::sched_setaffinity(None, &self.before);
    }
}

#[cfg(not(target_os = "linux"))]
impl Pinned {
    /// Does nothing: this system does not let a program choose.
    pub(crate) fn new(_threads: usize) -> Result<Self, PredictorError> {
        Ok(Self { cpus: Vec::new() })
    }
}
