//! Steal time, which a hypervisor gave to other guests.

use std::fs;

/// Clock ticks of a set of CPUs since the system started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTicks {
    all: u64,
    stolen: u64,
}

impl CpuTicks {
    /// Reads the current ticks. `None` if the system has no /proc/stat.
    pub(crate) fn read(cpus: &[usize]) -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?, cpus)
    }

    /// Parses the text of /proc/stat, whose columns are user, nice, system, idle, iowait, irq,
    /// softirq, steal.
    fn parse(stat: &str, cpus: &[usize]) -> Option<Self> {
        let mut sum = Self { all: 0, stolen: 0 };
        for cpu in cpus {
            let name = format!("cpu{cpu}");
            let mut words = stat.lines().map(str::split_whitespace);
            let line = words.find_map(|mut words| (words.next()? == name).then_some(words))?;
            let ticks: Vec<u64> = line.take(8).filter_map(|word| word.parse().ok()).collect();
            sum.all += ticks.iter().sum::<u64>();
            sum.stolen += ticks.get(7)?;
        }
        Some(sum)
    }

    /// Share of the time since `before` that was stolen.
    pub(crate) fn steal_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}
