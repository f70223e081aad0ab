//! Settings of candle's thread pool and of the allocator, which have to be made before the first thread
//! starts. With the defaults of both, training takes up to half as long again.

#![allow(unsafe_code)]

/// Sets up the process. It has to be called at the start of `main`, before any thread is started.
pub(crate) fn run() {
    one_candle_thread();
    keep_memory();
}

/// Limits candle's thread pool for element-wise ops to one thread: it takes a global lock and spins,
/// while each shard of a batch has a thread anyway. A value that the user has set is kept.
fn one_candle_thread() {
    const NAME: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(NAME).is_none() {
        // SAFETY: `main` has not started any thread that could read the environment meanwhile.
        unsafe { std::env::set_var(NAME, "1") }
    }
}

/// Keeps freed memory in the process: every training step allocates and frees the same large tensors.
/// With glibc's defaults they go back to the system, and every page is faulted in and cleared again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory() {
    // The maximum that glibc accepts on 64-bit systems.
    const MMAP_THRESHOLD: i32 = 32 << 20;
    const TRIM_THRESHOLD: i32 = 1 << 30;
    const TOP_PAD: i32 = 64 << 20;
    let settings = [
        (libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD),
        (libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD),
        (libc::M_TOP_PAD, TOP_PAD),
    ];
    for (name, value) in settings {
        // SAFETY: `mallopt` accepts any values, and a refused one changes nothing.
        unsafe { libc::mallopt(name, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory() {}
