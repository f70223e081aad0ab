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

/// How many runs are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Number of undisturbed runs.
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

/// A run with what was seen of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbedRun<T> {
    pub(crate) result: T,
    pub(crate) moment: Moment,
    /// Slowdown of the probe before or after the run, whichever is larger.
    pub(crate) slowdown: f64,
    /// Whether the run counts as undisturbed.
    pub(crate) counts: bool,
}

/// All runs in the order in which they were made.
#[derive(Debug)]
pub(crate) struct ProbedRuns<T> {
    pub(crate) runs: Vec<ProbedRun<T>>,
    /// Slowdown of the probe around the most disturbed run that counts, as a ratio to its fastest
    /// time.
    pub(crate) slowdown: f64,
}

/// Calls `run` until enough runs were undisturbed, that is, until the probe was fast before and
/// after so many runs. On a quiet device the same runs are those at any moment.
pub(crate) fn collect_undisturbed<T>(
    wanted: Wanted,
    device: &mut dyn Probed,
    run: &mut dyn FnMut() -> T,
) -> ProbedRuns<T> {
    let Wanted { undisturbed: wanted, at_any_moment } = wanted;
    let mut runs: Vec<ProbedRun<T>> = Vec::with_capacity(wanted);
    let (mut undisturbed, mut at_any) = (0, 0);
    let mut patience = PATIENCE * wanted;
    let max_runs = MAX_ATTEMPTS * wanted + at_any_moment;
    while undisturbed < wanted && runs.len() < max_runs {
        let mut before = slowdown(device);
        let mut moment = Moment::Chosen;
        if at_any < at_any_moment {
            at_any += 1;
            moment = Moment::Any;
            if before > MAX_SLOWDOWN {
                runs.push(probed_run(before, Moment::Any, device, run));
                (before, moment) = (slowdown(device), Moment::Chosen);
            }
        }
        while before > MAX_SLOWDOWN && patience > 0 {
            patience -= 1;
            device.move_on();
            before = slowdown(device);
        }
        let made = probed_run(before, moment, device, run);
        undisturbed += usize::from(made.slowdown <= MAX_SLOWDOWN);
        runs.push(made);
    }
    let mut slowdowns: Vec<f64> = runs.iter().map(|run| run.slowdown).collect();
    slowdowns.sort_unstable_by(f64::total_cmp);
    let least = ((MIN_SHARE * wanted as f64) as usize).min(runs.len() - 1);
    let max_slowdown = slowdowns[least].max(MAX_SLOWDOWN);
    runs.iter_mut().for_each(|run| run.counts = run.slowdown <= max_slowdown);
    let counted = runs.iter().filter(|run| run.counts);
    let slowdown = counted.map(|run| run.slowdown).fold(1.0, f64::max);
    ProbedRuns { runs, slowdown }
}

/// Makes a run and times the probe after it. `before` is the slowdown before it.
fn probed_run<T>(
    before: f64,
    moment: Moment,
    device: &mut dyn Probed,
    run: &mut dyn FnMut() -> T,
) -> ProbedRun<T> {
    let result = run();
    ProbedRun { result, moment, slowdown: before.max(slowdown(device)), counts: true }
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

    fn collect(slowed: fn(usize, usize) -> f64, at_any_moment: usize) -> ProbedRuns<()> {
        let mut device = Device { time: 0, cpu: 0, slowed, fastest_ms: 1.0 };
        collect_undisturbed(Wanted { undisturbed: 8, at_any_moment }, &mut device, &mut || ())
    }

    fn check(slowed: fn(usize, usize) -> f64, runs: usize, disturbed: usize, slowdown: f64) {
        let found = collect(slowed, 0);
        let counted = found.runs.iter().filter(|run| run.counts).count();
        let left_out = found.runs.len() - counted;
        assert_eq!((counted, left_out, found.slowdown), (runs, disturbed, slowdown));
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

    /// The runs at any moment, and how many of them do not count.
    fn at_any_moment(found: &ProbedRuns<()>) -> (usize, usize) {
        let any = found.runs.iter().filter(|run| run.moment == Moment::Any);
        (any.clone().count(), any.filter(|run| !run.counts).count())
    }

    #[test]
    fn on_a_quiet_device_no_run_is_made_twice() {
        let found = collect(|_, _| 1.0, 8);
        assert_eq!((found.runs.len(), at_any_moment(&found)), (8, (8, 0)));
    }

    /// A run is also made where the probe is slow. After it, a quiet moment is waited for.
    #[test]
    fn on_a_busy_device_runs_at_any_moment_are_left_out_of_those_that_count() {
        // Both CPUs are busy for two thirds of the time.
        let found = collect(|_, time| if time / 10 % 3 == 0 { 1.0 } else { 1.5 }, 8);
        let (any, left_out) = at_any_moment(&found);
        assert!(any == 8 && left_out > 0, "{found:?}");
        assert_eq!(found.runs.iter().filter(|run| run.counts).count(), 8);
        // Runs at chosen moments are not among them, since they are quieter.
        let chosen = found.runs.iter().filter(|run| run.moment == Moment::Chosen);
        assert!(chosen.count() > 0, "{found:?}");
        // A CPU that is always busy is left after the first run.
        let found = collect(|cpu, _| if cpu == 0 { 1.6 } else { 1.0 }, 8);
        assert_eq!((found.runs.len(), at_any_moment(&found)), (9, (8, 1)));
    }
}
