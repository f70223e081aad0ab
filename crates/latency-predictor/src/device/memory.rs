//! The size of the memory.

use std::fs;
use std::path::Path;

const KIB: u64 = 1024;

/// The size in bytes of the memory of this device; `None` where Linux's `/proc` is missing.
pub fn memory_bytes() -> Option<u64> {
    memory_bytes_under(Path::new("/"))
}

/// As [`memory_bytes`], from the folder `proc` under `root`.
pub fn memory_bytes_under(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kib.checked_mul(KIB)
}
