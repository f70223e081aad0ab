//! What the operating system says about who used the processor: this process, other programs, or
//! other guests of the hypervisor.

use std::fs;

use serde::{Deserialize, Serialize};

/// Clock ticks of a set of CPUs since the system started, and of this process since it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CpuTicks {
    cpus: usize,
    all: u64,
    idle: u64,
    stolen: u64,
    own: u64,
}

/// Who used a set of CPUs during some time, in clock ticks of all these CPUs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorTime {
    /// Number of CPUs.
    pub cpus: usize,
    /// All ticks: the number of CPUs times the time that has passed.
    pub all: u64,
    /// Ticks of other programs, of the kernel and of interrupts.
    pub others: u64,
    /// Ticks that the hypervisor gave to other guests.
    pub stolen: u64,
}

impl CpuTicks {
    /// Reads the current ticks. `None` if the system has no /proc/stat.
    pub(crate) fn read(cpus: &[usize]) -> Option<Self> {
        let text = |path| fs::read_to_string(path).ok();
        Self::parse(&text("/proc/stat")?, &text("/proc/self/stat")?, cpus)
    }

    /// Parses the text of /proc/stat, whose columns are user, nice, system, idle, iowait, irq,
    /// softirq, steal, and that of /proc/self/stat, where the times in user and kernel mode are the
    /// 14th and 15th word. The second word may hold spaces and brackets.
    fn parse(stat: &str, own: &str, cpus: &[usize]) -> Option<Self> {
        let after_name = own.get(own.rfind(')')? + 1..)?;
        let own = after_name.split_whitespace().skip(11).take(2);
        let own = own.map(|word| word.parse::<u64>().ok()).sum::<Option<u64>>()?;
        let mut sum = Self { cpus: cpus.len(), all: 0, idle: 0, stolen: 0, own };
        for cpu in cpus {
            let name = format!("cpu{cpu}");
            let mut words = stat.lines().map(str::split_whitespace);
            let line = words.find_map(|mut words| (words.next()? == name).then_some(words))?;
            let ticks: Vec<u64> = line.take(8).filter_map(|word| word.parse().ok()).collect();
            sum.all += ticks.iter().sum::<u64>();
            sum.idle += ticks.get(3)? + ticks.get(4)?;
            sum.stolen += ticks.get(7)?;
        }
        Some(sum)
    }

    /// Who used the CPUs since `before`.
    pub(crate) fn since(self, before: Self) -> ProcessorTime {
        let passed = |of: fn(&Self) -> u64| of(&self).saturating_sub(of(&before));
        let (all, stolen) = (passed(|ticks| ticks.all), passed(|ticks| ticks.stolen));
        let not_others = passed(|ticks| ticks.idle) + stolen + passed(|ticks| ticks.own);
        ProcessorTime { cpus: self.cpus, all, others: all.saturating_sub(not_others), stolen }
    }
}

impl ProcessorTime {
    /// Number of CPUs that other programs kept busy on average. `None` if no time has passed, as
    /// on systems that report zeros.
    pub fn busy_cpus(&self) -> Option<f64> {
        self.share(self.others).map(|share| share * self.cpus as f64)
    }

    /// Share of the time that the hypervisor gave to other guests. `None` if no time has passed.
    pub fn stolen_share(&self) -> Option<f64> {
        self.share(self.stolen)
    }

    /// Both times together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            cpus: self.cpus.max(other.cpus),
            all: self.all + other.all,
            others: self.others + other.others,
            stolen: self.stolen + other.stolen,
        }
    }

    fn share(&self, ticks: u64) -> Option<f64> {
        (self.all > 0).then(|| ticks as f64 / self.all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{CpuTicks, ProcessorTime};

    /// Two CPUs after `seconds`, of which another program kept the second one busy for a share.
    fn stat(seconds: u64, busy: u64, stolen: u64) -> String {
        let all = 100 * seconds;
        format!(
            "cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 {all} 0 0 0 0 0 0 0 0 0\n\
             cpu1 {busy} 0 0 {} 0 0 0 {stolen} 0 0\nintr 5 1\n",
            all - busy - stolen
        )
    }

    fn own(user: u64, system: u64) -> String {
        format!("71 (a (b) c) R 1 2 3 0 -1 5 6 7 8 9 {user} {system} 0 0 20 0 1 0 15 3 3")
    }

    #[test]
    fn what_is_neither_idle_nor_stolen_nor_ours_is_that_of_others() {
        let parse = |stat: &str, own: &str| CpuTicks::parse(stat, own, &[0, 1]).unwrap();
        let before = parse(&stat(10, 0, 0), &own(900, 90));
        // This process used CPU 0 all the time, and another program CPU 1 for half of it.
        let after = parse(&stat(110, 5_000, 1_000), &own(10_800, 190));
        let time = after.since(before);
        assert_eq!(time, ProcessorTime { cpus: 2, all: 20_000, others: 5_000, stolen: 1_000 });
        assert_eq!((time.busy_cpus(), time.stolen_share()), (Some(0.5), Some(0.05)));
        let both = time.and(ProcessorTime { others: 0, stolen: 0, ..time });
        assert_eq!((both.busy_cpus(), both.stolen_share()), (Some(0.25), Some(0.025)));
        // Only the CPUs that the process may use count.
        let first = |stat: &str, own: &str| CpuTicks::parse(stat, own, &[0]).unwrap();
        let time = first(&stat(110, 5_000, 0), &own(10_800, 190))
            .since(first(&stat(10, 0, 0), &own(900, 90)));
        assert_eq!(time.busy_cpus(), Some(0.0));
    }

    #[test]
    fn a_system_that_reports_nothing_is_unknown() {
        assert_eq!(CpuTicks::parse("intr 5\n", &own(1, 1), &[0]), None);
        assert_eq!(CpuTicks::parse(&stat(1, 0, 0), "71 (a", &[0]), None);
        let zeros = "cpu0 0 0 0 0 0 0 0 0 0 0\n";
        let zeros = CpuTicks::parse(zeros, &own(5, 5), &[0]).unwrap();
        let time = zeros.since(zeros);
        assert_eq!((time.busy_cpus(), time.stolen_share()), (None, None));
    }
}
