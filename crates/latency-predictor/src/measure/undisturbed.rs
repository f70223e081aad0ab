//! Collects runs during which nothing else slows the device.

/// The maximum slowdown of the probe, as a ratio to its fastest time, at which the device counts as
/// undisturbed. It is exceeded if something else computes on the same core.
pub(crate) const MAX_SLOWDOWN: f64 = 1.05;
/// Maximum time to wait for undisturbed moments, as a ratio to the time of the wanted runs, so that
/// measuring ends even on a machine that is always busy.
const PATIENCE: f64 = 5.0;
/// Maximum number of runs per wanted run.
const MAX_ATTEMPTS: usize = 4;

/// A device whose speed is observed with a probe.
pub(crate) trait Probed {
    /// What a run leaves behind.
    type Run;
    /// Times the probe in milliseconds at the usual clock of the core.
    fn probe_ms(&mut self) -> f64;
    /// The probe's time on the undisturbed device, in milliseconds.
    fn fastest_ms(&self) -> f64;
    /// Moves to a CPU that may be less busy.
    fn move_on(&mut self);
    /// Makes a run.
    fn run(&mut self) -> Self::Run;
    /// The time of a run in milliseconds.
    fn ms(run: &Self::Run) -> f64;
    /// The share of the run during which the device was undisturbed, from 0 to 1.
    fn undisturbed_share(run: &Self::Run) -> f64;
}

/// How many runs are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Number of undisturbed runs. Several runs that are undisturbed in part add up to one.
    pub(crate) undisturbed: usize,
    /// Number of runs at moments that are not chosen, which tell the latency over all runs.
    pub(crate) at_any_moment: usize,
}

/// When a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Whatever the probe says.
    Any,
    /// After waiting for a quiet moment. Such runs are faster than what other programs see.
    Chosen,
}

/// Makes runs until enough were undisturbed. On a quiet device the same runs are those at any
/// moment.
pub(crate) fn collect_undisturbed<D: Probed>(
    wanted: Wanted,
    device: &mut D,
) -> Vec<(Moment, D::Run)> {
    let Wanted { undisturbed: wanted, at_any_moment } = wanted;
    let mut runs = Vec::with_capacity(wanted);
    let (mut undisturbed, mut at_any) = (0.0, 0);
    // Before the first run, its time is not known.
    let (mut run_ms, mut waited_ms) = (device.fastest_ms(), 0.0);
    let max_runs = MAX_ATTEMPTS * wanted + at_any_moment;
    // Shares add up with rounding errors.
    let enough = wanted as f64 - 1e-6;
    let mut is_cold = false;
    while undisturbed < enough && runs.len() < max_runs {
        let moment = match at_any < at_any_moment {
            true => Moment::Any,
            false => Moment::Chosen,
        };
        let mut before = slowdown(device);
        match moment {
            Moment::Any => at_any += 1,
            Moment::Chosen => {
                let patience_ms = PATIENCE * wanted as f64 * run_ms;
                while before > MAX_SLOWDOWN && waited_ms < patience_ms {
                    waited_ms += before * device.fastest_ms();
                    device.move_on();
                    is_cold = true;
                    before = slowdown(device);
                }
            }
        }
        if is_cold {
            // The caches of the other CPU do not have the weights yet.
            device.run();
            is_cold = false;
        }
        let run = device.run();
        run_ms = if runs.is_empty() { D::ms(&run) } else { run_ms.min(D::ms(&run)) };
        undisturbed += D::undisturbed_share(&run);
        runs.push((moment, run));
        if moment == Moment::Any && before > MAX_SLOWDOWN {
            device.move_on();
            is_cold = true;
        }
    }
    runs
}

/// Times the probe and returns its slowdown, which is about 1 if nothing disturbs it.
pub(crate) fn slowdown(device: &mut impl Probed) -> f64 {
    device.probe_ms() / device.fastest_ms()
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
        /// The slowdown at the end of a run.
        type Run = f64;

        fn probe_ms(&mut self) -> f64 {
            self.time += 1;
            (self.slowed)(self.cpu, self.time)
        }

        fn fastest_ms(&self) -> f64 {
            self.fastest_ms
        }

        fn move_on(&mut self) {
            self.cpu = 1 - self.cpu;
        }

        fn run(&mut self) -> f64 {
            slowdown(self)
        }

        fn ms(_: &f64) -> f64 {
            20.0
        }

        fn undisturbed_share(run: &f64) -> f64 {
            f64::from(*run <= MAX_SLOWDOWN)
        }
    }

    fn collect(slowed: fn(usize, usize) -> f64, at_any_moment: usize) -> Vec<(Moment, f64)> {
        let mut device = Device { time: 0, cpu: 0, slowed, fastest_ms: 1.0 };
        collect_undisturbed(Wanted { undisturbed: 8, at_any_moment }, &mut device)
    }

    /// The number of undisturbed runs and of the others.
    fn check(slowed: fn(usize, usize) -> f64, undisturbed: usize, disturbed: usize) {
        let found = collect(slowed, 0);
        let quiet = found.iter().filter(|(_, slowdown)| *slowdown <= MAX_SLOWDOWN).count();
        assert_eq!((quiet, found.len() - quiet), (undisturbed, disturbed));
    }

    #[test]
    fn where_nothing_disturbs_every_run_counts() {
        check(|_, _| 1.0, 8, 0);
        check(|_, time| 0.97 + 0.01 * (time % 5) as f64, 8, 0);
    }

    #[test]
    fn a_busy_cpu_is_left() {
        check(|cpu, _| if cpu == 0 { 1.6 } else { 1.0 }, 8, 0);
    }

    #[test]
    fn a_run_during_which_it_becomes_busy_is_made_again() {
        // Quiet for 8 probes, then busy on both CPUs for 8.
        check(|_, time| if time / 8 % 2 == 0 { 1.0 } else { 1.5 }, 8, 2);
    }

    #[test]
    fn measuring_ends_on_a_machine_that_is_never_quiet() {
        check(|_, time| [1.7, 1.3, 1.3, 1.6, 1.6][time % 5], 0, 32);
    }

    fn at_any_moment(found: &[(Moment, f64)]) -> usize {
        found.iter().filter(|(moment, _)| *moment == Moment::Any).count()
    }

    #[test]
    fn on_a_quiet_device_no_run_is_made_twice() {
        let found = collect(|_, _| 1.0, 8);
        assert_eq!((found.len(), at_any_moment(&found)), (8, 8));
    }

    /// A run is also made where the probe is slow. After those, quiet moments are waited for.
    #[test]
    fn on_a_busy_device_runs_at_any_moment_are_made_too() {
        // Both CPUs are busy for two thirds of the time.
        let found = collect(|_, time| if time / 10 % 3 == 0 { 1.0 } else { 1.5 }, 8);
        assert_eq!(at_any_moment(&found), 8);
        assert!(found[..8].iter().any(|(_, slowdown)| *slowdown > MAX_SLOWDOWN), "{found:?}");
        let quiet = found.iter().filter(|(_, slowdown)| *slowdown <= MAX_SLOWDOWN).count();
        assert_eq!(quiet, 8);
        // A CPU that is always busy is left after the first run.
        let found = collect(|cpu, _| if cpu == 0 { 1.6 } else { 1.0 }, 8);
        assert_eq!((found.len(), at_any_moment(&found)), (9, 8));
    }
}
