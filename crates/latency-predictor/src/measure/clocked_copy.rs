//! A copy of a network whose units are timed, with the probe of the core between them.

use engine::Engine;

use crate::measure::core_probe::ProbeTime;
use crate::measure::meter::Meter;
use crate::measure::quantiles::median;
use crate::measure::sampled_runs::{TimedUnits, UnitTime};
use crate::measure::undisturbed::{MAX_SLOWDOWN, Probed};

/// A copy of a network on the device that a meter observes.
pub(crate) struct ClockedCopy<'a, 'lock> {
    pub(crate) meter: &'a mut Meter<'lock>,
    pub(crate) engine: &'a mut Engine,
    pub(crate) image: &'a [f32],
}

/// A unit is undisturbed if the probe was fast at this many moments before and after it. What uses
/// the core now and then is often not there at the moment of one probe.
const PROBES_AROUND: usize = 2;

impl Probed for ClockedCopy<'_, '_> {
    type Run = TimedUnits;

    fn probe_ms(&mut self) -> f64 {
        self.meter.probe_ms()
    }

    fn fastest_ms(&self) -> f64 {
        self.meter.fastest_probe_ms
    }

    fn move_on(&mut self) {
        self.meter.move_on();
    }

    fn run(&mut self) -> TimedUnits {
        let Self { meter, engine, image } = self;
        let (core, threads) = (&meter.core, meter.threads);
        // Each thread computes a part of every unit, so the slowest one counts.
        let probe = || match threads {
            1 => core.time(),
            _ => {
                let times = rayon::broadcast(|_| core.time()).into_iter();
                times.reduce(ProbeTime::slowest).unwrap_or_else(|| core.time())
            }
        };
        let units = engine.units();
        let mut unit_ms = vec![0.0; units];
        let mut probes = Vec::with_capacity(units + 1);
        probes.push(probe());
        engine.run_observed(image, &mut unit_ms, &mut |_| probes.push(probe()));
        let clock_ms = median(&mut probes.iter().map(|probe| probe.clock_ms).collect::<Vec<_>>());
        let clock_ms = clock_ms.unwrap_or(meter.clock_ms);
        meter.clocks_ms.push(clock_ms);
        let slowdowns: Vec<f64> = (probes.iter())
            .map(|probe| probe.work_ms_at(meter.clock_ms) / meter.fastest_probe_ms)
            .collect();
        let around = |unit: usize| {
            let probes =
                (unit + 1).saturating_sub(PROBES_AROUND)..=(unit + PROBES_AROUND).min(units);
            slowdowns[probes].iter().copied().fold(0.0, f64::max)
        };
        let time = |(unit, ms)| UnitTime { ms, slowdown: around(unit) };
        let times = unit_ms.into_iter().enumerate().map(time).collect();
        TimedUnits { clock: clock_ms / meter.clock_ms, times }
    }

    fn ms(run: &TimedUnits) -> f64 {
        run.times.iter().map(|unit| unit.ms).sum()
    }

    fn undisturbed_share(run: &TimedUnits) -> f64 {
        let undisturbed = run.times.iter().filter(|unit| unit.slowdown <= MAX_SLOWDOWN);
        undisturbed.map(|unit| unit.ms).sum::<f64>() / Self::ms(run)
    }
}
