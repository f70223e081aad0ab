//! Collects runs during which nothing else slows the device.

/// The maximum slowdown of the probe, as a ratio to its fastest time, at which the device counts as
/// undisturbed. It is exceeded if something else computes on the same core.
pub(crate) const MAX_SLOWDOWN: f64 = 1.1;
/// Maximum number of probes per wanted run while waiting for an undisturbed moment, so that
/// measuring ends even on a machine that is always busy.
const PATIENCE: usize = 200;
/// Maximum number of runs per wanted run.
const MAX_ATTEMPTS: usize = 4;
/// Minimum number of runs that count, as a share of the wanted runs. If fewer were undisturbed, the
/// least disturbed ones count as well.
const MIN_SHARE: f64 = 0.25;
/// A time of the probe replaces its fastest time only if it is below this share of it. Otherwise
/// the difference is within the usual spread.
const SPREAD: f64 = 0.95;

/// A device whose speed is observed with a probe.
pub(crate) trait Probed {
    /// Times the probe in milliseconds.
    fn probe_ms(&mut self) -> f64;
    /// The probe's time on the undisturbed device, in milliseconds.
    fn fastest_ms(&mut self) -> &mut f64;
    /// Moves to a CPU that may be less busy.
    fn move_on(&mut self);
}

/// The runs that count, with statistics of all runs.
#[derive(Debug)]
pub(crate) struct UndisturbedRuns<T> {
    /// Results of the runs that count, in the order of the runs.
    pub(crate) runs: Vec<T>,
    /// Number of runs that do not count.
    pub(crate) disturbed: usize,
    /// Slowdown of the probe around the most disturbed run that counts, as a ratio to its fastest
    /// time.
    pub(crate) slowdown: f64,
}

/// Calls `run` until `wanted` runs were undisturbed, that is, until the probe was fast before and
/// after so many runs.
pub(crate) fn collect_undisturbed<T>(
    wanted: usize,
    device: &mut dyn Probed,
    run: &mut dyn FnMut() -> T,
) -> UndisturbedRuns<T> {
    let mut runs: Vec<(f64, T)> = Vec::with_capacity(wanted);
    let (mut undisturbed, mut patience) = (0, PATIENCE * wanted);
    while undisturbed < wanted && runs.len() < MAX_ATTEMPTS * wanted {
        let mut before = slowdown(device);
        while before > MAX_SLOWDOWN && patience > 0 {
            patience -= 1;
            device.move_on();
            before = slowdown(device);
        }
        let result = run();
        let around = before.max(slowdown(device));
        undisturbed += usize::from(around <= MAX_SLOWDOWN);
        runs.push((around, result));
    }
    let made = runs.len();
    let mut slowdowns: Vec<f64> = runs.iter().map(|(around, _)| *around).collect();
    slowdowns.sort_unstable_by(f64::total_cmp);
    let max_slowdown =
        slowdowns[((MIN_SHARE * wanted as f64) as usize).min(made - 1)].max(MAX_SLOWDOWN);
    runs.retain(|(around, _)| *around <= max_slowdown);
    let slowdown = runs.iter().map(|(around, _)| *around).fold(1.0, f64::max);
    let runs: Vec<T> = runs.into_iter().map(|(_, run)| run).collect();
    UndisturbedRuns { disturbed: made - runs.len(), runs, slowdown }
}

/// Times the probe and returns its slowdown, which is about 1 if nothing disturbs it.
fn slowdown(device: &mut dyn Probed) -> f64 {
    let now_ms = device.probe_ms();
    let fastest_ms = device.fastest_ms();
    if now_ms < SPREAD * *fastest_ms {
        *fastest_ms = now_ms;
    }
    now_ms / *fastest_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device of two CPUs. `slowed` is the time of the probe by CPU and time.
    struct Device {
        time: usize,
        cpu: usize,
        slowed: fn(usize, usize) -> f64,
        fastest_ms: f64,
    }

    impl Probed for Device {
        fn probe_ms(&mut self) -> f64 {
            self.time += 1;
            (self.slowed)(self.cpu, self.time)
        }

        fn fastest_ms(&mut self) -> &mut f64 {
            &mut self.fastest_ms
        }

        fn move_on(&mut self) {
            self.cpu = 1 - self.cpu;
        }
    }

    fn check(slowed: fn(usize, usize) -> f64, runs: usize, disturbed: usize, slowdown: f64) {
        let mut device = Device { time: 0, cpu: 0, slowed, fastest_ms: 1.0 };
        let found = collect_undisturbed(8, &mut device, &mut || ());
        assert_eq!(
            (found.runs.len(), found.disturbed, found.slowdown),
            (runs, disturbed, slowdown)
        );
    }

    #[test]
    fn where_nothing_disturbs_every_run_counts() {
        check(|_, _| 1.0, 8, 0, 1.0);
        check(|_, time| 0.97 + 0.01 * (time % 5) as f64, 8, 0, 1.01);
    }

    #[test]
    fn a_busy_cpu_is_left() {
        check(|cpu, _| if cpu == 0 { 1.6 } else { 1.0 }, 8, 0, 1.0);
    }

    #[test]
    fn a_run_during_which_it_becomes_busy_does_not_count() {
        // Quiet for 8 probes, then busy on both CPUs for 8.
        check(|_, time| if time / 8 % 2 == 0 { 1.0 } else { 1.5 }, 8, 1, 1.0);
    }

    #[test]
    fn a_machine_that_is_never_quiet_gives_its_least_disturbed_runs() {
        check(|_, time| [1.7, 1.3, 1.3, 1.6, 1.6][time % 5], 7, 25, 1.3);
    }
}
