//! A copy of a network whose units are timed, with the probe of the core between them.

use engine::Engine;

use crate::measure::meter::Meter;
use crate::measure::sampled_runs::UnitTime;
use crate::measure::undisturbed::{MAX_SLOWDOWN, Probed};

/// A copy of a network on the device that a meter observes.
pub(crate) struct ClockedCopy<'a, 'lock> {
    pub(crate) meter: &'a mut Meter<'lock>,
    pub(crate) engine: &'a mut Engine,
    pub(crate) image: &'a [f32],
}

impl Probed for ClockedCopy<'_, '_> {
    /// The times of the units, in order.
    type Run = Vec<UnitTime>;

    fn probe_ms(&mut self) -> f64 {
        self.meter.probe_ms()
    }

    fn fastest_ms(&mut self) -> &mut f64 {
        self.meter.fastest_ms()
    }

    fn move_on(&mut self) {
        self.meter.move_on();
    }

    fn run(&mut self, mut before: f64) -> Vec<UnitTime> {
        let Self { meter, engine, image } = self;
        let (probe, threads, fastest_ms) = (&meter.core, meter.threads, meter.fastest_probe_ms);
        // Each thread computes a part of every unit, so the slowest one counts.
        let slowest_ms = || match threads {
            1 => probe.time_ms(),
            _ => rayon::broadcast(|_| probe.time_ms()).into_iter().fold(0.0, f64::max),
        };
        let units = engine.units();
        let (mut unit_ms, mut slowdowns) = (vec![0.0; units], vec![1.0; units]);
        engine.run_observed(image, &mut unit_ms, &mut |unit| {
            let after = slowest_ms() / fastest_ms;
            slowdowns[unit] = before.max(after);
            before = after;
        });
        let times = unit_ms.into_iter().zip(slowdowns);
        times.map(|(ms, slowdown)| UnitTime { ms, slowdown }).collect()
    }

    fn undisturbed_share(run: &Vec<UnitTime>) -> f64 {
        let ms =
            |units: &mut dyn Iterator<Item = &UnitTime>| units.map(|unit| unit.ms).sum::<f64>();
        ms(&mut run.iter().filter(|unit| unit.slowdown <= MAX_SLOWDOWN)) / ms(&mut run.iter())
    }
}
