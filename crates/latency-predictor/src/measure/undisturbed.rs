//! Collecting runs during which nothing else slows the device.

/// The greatest slowdown of the probe, as a ratio to its fastest time, at which the device counts as
/// undisturbed. It is exceeded where something else computes on the same core.
pub(crate) const MAX_SLOWDOWN: f64 = 1.1;
/// Probes for each wanted run while waiting for a quiet moment, so that measuring ends on a machine that
/// is never quiet.
const PATIENCE: usize = 200;
/// Runs made for each that is wanted, at most.
const MAX_ATTEMPTS: usize = 4;
/// The share of the wanted runs that is kept, the least disturbed first, where hardly any was undisturbed.
const MIN_SHARE: f64 = 0.25;
/// A reading that is faster than the probe's fastest time, but above this share of it, is within its
/// spread.
const SPREAD: f64 = 0.95;

/// A device as its probe shows it.
pub(crate) trait Probed {
    /// Times the probe: milliseconds.
    fn probe_ms(&mut self) -> f64;
    /// The probe's time on the undisturbed device, in milliseconds.
    fn fastest_ms(&mut self) -> &mut f64;
    /// Moves to a CPU that may be less busy.
    fn move_on(&mut self);
}

/// Runs that count.
#[derive(Debug)]
pub(crate) struct UndisturbedRuns<T> {
    /// In the order in which they were made.
    pub(crate) runs: Vec<T>,
    /// Runs that were made beside them and do not count.
    pub(crate) disturbed: usize,
    /// The probe's time around the most disturbed run that counts, as a ratio to its fastest.
    pub(crate) slowdown: f64,
}

/// Runs until `wanted` runs were undisturbed: the probe was fast before and after.
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
    let allowed = slowdowns[((MIN_SHARE * wanted as f64) as usize).min(made - 1)].max(MAX_SLOWDOWN);
    runs.retain(|(around, _)| *around <= allowed);
    let slowdown = runs.iter().map(|(around, _)| *around).fold(1.0, f64::max);
    let runs: Vec<T> = runs.into_iter().map(|(_, run)| run).collect();
    UndisturbedRuns { disturbed: made - runs.len(), runs, slowdown }
}

/// Of the probe now; 1 where nothing disturbs it.
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

    /// Two CPUs that are slowed in turns.
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
