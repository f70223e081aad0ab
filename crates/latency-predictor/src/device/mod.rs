//! Devices: the properties of a CPU on which latency depends.

pub(crate) mod memory;
pub(crate) mod setup;

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A cache of the first core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Level of the cache, counted from 1 next to the core.
    pub level: u8,
    /// Type of the cache: `Data`, `Instruction` or `Unified`.
    pub kind: String,
    /// Size in KiB.
    pub kib: u32,
}

/// A CPU and its operating system. Properties that the system does not report are `None` or empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Name of the CPU: marketing name, family, model and stepping on x86; implementer and part of
    /// each kind of core on Arm.
    pub cpu: Option<String>,
    /// Instruction sets of the CPU among those that affect the choice of kernels.
    pub features: Vec<String>,
    /// Caches of the first core, ordered by level.
    pub caches: Vec<Cache>,
    /// Number of logical cores.
    pub cores: Option<usize>,
    /// Frequency governor of the first core.
    pub governor: Option<String>,
    /// Operating system and kernel release.
    pub os: String,
}

impl Device {
    /// The device that runs this program.
    pub fn here() -> Self {
        Self::under(Path::new("/"))
    }

    /// The device that the folders `proc` and `sys` under `root` describe, with the instruction
    /// sets of the device that runs this program.
    pub fn under(root: &Path) -> Self {
        let text = |path: &str| fs::read_to_string(root.join(path)).ok();
        let cpuinfo = text("proc/cpuinfo").unwrap_or_default();
        let cores = values(&cpuinfo, "processor").count();
        let line = |path: &str| text(path).map(|text| text.trim().to_owned());
        let release = line("proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: cpu_name(&cpuinfo),
            features: features(),
            caches: caches(&root.join("sys/devices/system/cpu/cpu0/cache")),
            cores: (cores > 0).then_some(cores),
            governor: line("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            os: format!("{} {release}", std::env::consts::OS).trim_end().to_owned(),
        }
    }

    /// Whether latencies measured on one device are valid on the other, which holds if CPU,
    /// instruction sets and caches are the same. The number of cores, the governor and the
    /// operating system are recorded but may differ, as they are settings of a device.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// The properties that [`Device::is_same`] compares, on one line.
    pub fn identity(&self) -> String {
        let cpu = self.cpu.as_deref().unwrap_or("unknown CPU");
        let cache = |cache: &Cache| {
            let kind = cache.kind.chars().next().filter(|kind| *kind != 'U');
            format!(
                "L{}{} {} KiB",
                cache.level,
                kind.map_or(String::new(), String::from),
                cache.kib
            )
        };
        let caches: Vec<String> = self.caches.iter().map(cache).collect();
        format!("{cpu}; {}; {}", self.features.join(" "), caches.join(", "))
    }
}

/// The values of a key in /proc/cpuinfo, one per core.
fn values<'a>(cpuinfo: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(move |(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let first = |key| values(cpuinfo, key).next();
    if let Some(name) = first("model name") {
        // Hypervisors shorten the name, so that several generations may share it.
        let numbers = [("cpu family", "family"), ("model", "model"), ("stepping", "stepping")];
        let numbers = numbers.iter().filter_map(|(key, name)| Some((name, first(key)?)));
        return Some(numbers.fold(name.to_owned(), |text, (key, n)| format!("{text}, {key} {n}")));
    }
    let parts = values(cpuinfo, "CPU implementer").zip(values(cpuinfo, "CPU part"));
    let mut parts: Vec<String> =
        parts.map(|(implementer, part)| format!("Arm {implementer} part {part}")).collect();
    parts.sort();
    parts.dedup();
    (!parts.is_empty()).then(|| parts.join(" + "))
}

fn caches(folder: &Path) -> Vec<Cache> {
    let read = |index: usize, name: &str| {
        let path = folder.join(format!("index{index}")).join(name);
        fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    };
    let cache = |index| {
        Some(Cache {
            level: read(index, "level")?.parse().ok()?,
            kind: read(index, "type")?,
            kib: read(index, "size")?.strip_suffix('K')?.parse().ok()?,
        })
    };
    (0..).map_while(cache).collect()
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    let known = [
        ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ("avx", std::arch::is_x86_feature_detected!("avx")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512vl", std::arch::is_x86_feature_detected!("avx512vl")),
        ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
    ];
    present(&known)
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<String> {
    let known = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("fp16", std::arch::is_aarch64_feature_detected!("fp16")),
        ("sve", std::arch::is_aarch64_feature_detected!("sve")),
    ];
    present(&known)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<String> {
    present(&[])
}

fn present(known: &[(&str, bool)]) -> Vec<String> {
    known.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect()
}
