//! Running while nothing else slows the device.

/// The probe is slower than at its fastest by more than this where something else computes on the
/// same core, and by less where nothing does.
pub(crate) const CALM: f64 = 1.1;
/// Probes for each run that is wanted, waiting for a calm moment: on a machine that is never calm,
/// measuring ends all the same.
const PATIENCE: usize = 200;
/// Runs made for each that is wanted.
const MOST_ATTEMPTS: usize = 4;
/// Where hardly a run was calm, the calmest share of those wanted.
const LEAST: f64 = 0.25;
/// Readings faster than the probe's usual time by less are its spread.
const SPREAD: f64 = 0.95;

/// A device as its probe shows it.
pub(crate) trait Probed {
    /// Times the probe: milliseconds.
    fn probe_ms(&mut self) -> f64;
    /// The probe's time where nothing disturbs it.
    fn fastest_ms(&mut self) -> &mut f64;
    /// Goes where less may be going on.
    fn move_on(&mut self);
}

/// Runs that count.
#[derive(Debug)]
pub(crate) struct CalmRuns<T> {
    /// In the order in which they were made.
    pub(crate) runs: Vec<T>,
    /// Runs that were made beside them and do not count.
    pub(crate) disturbed: usize,
    /// The probe's time around the least calm run that counts, as a ratio to its fastest.
    pub(crate) slowdown: f64,
}

/// Runs until `wanted` runs were calm: the probe was fast before and after.
pub(crate) fn gather<T>(
    wanted: usize,
    device: &mut dyn Probed,
    run: &mut dyn FnMut() -> T,
) -> CalmRuns<T> {
    let mut runs: Vec<(f64, T)> = Vec::with_capacity(wanted);
    let (mut calm, mut patience) = (0, PATIENCE * wanted);
    while calm < wanted && runs.len() < MOST_ATTEMPTS * wanted {
        let mut before = slowdown(device);
        while before > CALM && patience > 0 {
            patience -= 1;
            device.move_on();
            before = slowdown(device);
        }
        let result = run();
        let around = before.max(slowdown(device));
        calm += usize::from(around <= CALM);
        runs.push((around, result));
    }
    let made = runs.len();
    let mut calmest: Vec<f64> = runs.iter().map(|(around, _)| *around).collect();
    calmest.sort_unstable_by(f64::total_cmp);
    let allowed = calmest[((LEAST * wanted as f64) as usize).min(made - 1)].max(CALM);
    runs.retain(|(around, _)| *around <= allowed);
    let slowdown = runs.iter().map(|(around, _)| *around).fold(1.0, f64::max);
    let runs: Vec<T> = runs.into_iter().map(|(_, run)| run).collect();
    CalmRuns { disturbed: made - runs.len(), runs, slowdown }
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
        let found = gather(8, &mut device, &mut || ());
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
        // Calm for 8 probes, then busy on both CPUs for 8.
        check(|_, time| if time / 8 % 2 == 0 { 1.0 } else { 1.5 }, 8, 1, 1.0);
    }

    #[test]
    fn a_machine_that_is_never_calm_gives_its_calmest_runs() {
        check(|_, time| [1.7, 1.3, 1.3, 1.6, 1.6][time % 5], 7, 25, 1.3);
    }
}
