//! What has to be set before the first thread starts: candle's own thread pool and the allocator. With
//! the defaults of both, training takes up to half as long again.

#![allow(unsafe_code)]

/// Sets up the process. To be called at the start of `main`, before any thread.
pub(crate) fn run() {
    one_candle_thread();
    keep_memory();
}

/// candle's pool for element-wise ops takes a global lock and spins, while our shards have a thread
/// each. A value that the user has set stays.
fn one_candle_thread() {
    const NAME: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(NAME).is_none() {
        // SAFETY: `main` has not started a thread, so nothing reads the environment meanwhile.
        unsafe { std::env::set_var(NAME, "1") }
    }
}

/// A training step allocates and frees the same large tensors again and again: glibc's defaults give
/// them back to the system each time, and every page is then faulted in and cleared again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory() {
    // The largest that glibc takes on 64-bit systems.
    const MMAP_THRESHOLD: i32 = 32 << 20;
    const TRIM_THRESHOLD: i32 = 1 << 30;
    const TOP_PAD: i32 = 64 << 20;
    let settings = [
        (libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD),
        (libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD),
        (libc::M_TOP_PAD, TOP_PAD),
    ];
    for (name, value) in settings {
        // SAFETY: `mallopt` takes any values; a refused one changes nothing.
        unsafe { libc::mallopt(name, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory() {}
