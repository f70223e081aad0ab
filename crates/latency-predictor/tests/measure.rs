//! Measures on this device. The tests check counts and errors but never how long anything takes.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use latency_predictor::{MeasuringLock, Meter, PredictorError, ProbeLevel, Runs};
use search_space::{Graph, Network, PlacedUnit, published};

fn network() -> Network {
    published::network("mobilenet_v2@width=0.35,resolution=32,classes=10").unwrap()
}

fn graph() -> Graph {
    network().lower().unwrap()
}

fn lock() -> MeasuringLock {
    MeasuringLock::acquire(|| {}).unwrap()
}

#[test]
fn a_network_is_timed_as_often_as_asked_for() {
    let lock = lock();
    let mut meter = Meter::new(&lock, 1, None).unwrap();
    for runs in [1, 4, 23] {
        let measured = meter.network(&graph(), Runs::Exactly(runs)).unwrap();
        assert_eq!((measured.runs, measured.disturbed, measured.slowdown), (runs, 0, 1.0));
        assert!(measured.latency.is_plausible(), "{measured:?}");
        assert!(measured.steal.is_none_or(|steal| (0.0..=1.0).contains(&steal)), "{measured:?}");
    }
}

#[test]
fn enough_runs_count_however_busy_the_machine_is() {
    let lock = lock();
    let mut meter = Meter::new(&lock, 1, None).unwrap();
    for wanted in [1, 7, 40] {
        let measured = meter.network(&graph(), Runs::Undisturbed(wanted)).unwrap();
        assert!(4 * measured.runs >= wanted, "{measured:?}");
        assert!(measured.runs + measured.disturbed >= wanted, "{measured:?}");
        assert!(measured.latency.is_plausible() && measured.slowdown >= 1.0, "{measured:?}");
    }
    let level = meter.probe_level();
    assert!(level.fastest_ms > 0.0 && level.clock_ms > 0.0, "{level:?}");
}

#[test]
fn a_network_is_measured_relative_to_another() {
    let lock = lock();
    let mut meter = Meter::new(&lock, 1, None).unwrap();
    let larger = published::network("mobilenet_v2@resolution=64").unwrap().lower().unwrap();
    for runs in [1, 2, 20] {
        let ratio = meter.relative_latency(&larger, &graph(), runs).unwrap();
        assert!(ratio > 0.0 && ratio.is_finite(), "{ratio}");
    }
    let none = meter.relative_latency(&larger, &graph(), 0).unwrap_err();
    assert!(matches!(none, PredictorError::NoRuns), "{none}");
}

/// No run is undisturbed if the fastest time of the probe is known to be far lower.
#[test]
fn a_machine_slower_than_it_was_known_to_be_is_called_busy() {
    let lock = lock();
    let fast = ProbeLevel { fastest_ms: 1e-9, clock_ms: 1e-3 };
    let mut meter = Meter::new(&lock, 1, Some(fast)).unwrap();
    let measured = meter.network(&graph(), Runs::Undisturbed(4)).unwrap();
    assert!(measured.is_of_a_busy_machine() && measured.disturbed > 0, "{measured:?}");
}

#[test]
fn every_distinct_block_of_a_network_gets_a_sample() {
    let lock = lock();
    let network = network();
    let samples = Meter::new(&lock, 1, None).unwrap().blocks(&network, 3).unwrap();
    let units: Vec<PlacedUnit> = network.units().collect();
    let distinct: HashSet<PlacedUnit> = units.iter().copied().collect();
    assert_eq!(samples.len(), distinct.len());
    // On a busy machine, a run counts for those of its units that were undisturbed.
    for sample in samples {
        assert!(distinct.contains(&sample.unit) && sample.runs > 0, "{sample:?}");
        assert!(sample.latency.is_plausible(), "{sample:?}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let lock = lock();
    for threads in [0, 1_000_000] {
        let error = Meter::new(&lock, threads, None).unwrap_err();
        assert!(matches!(error, PredictorError::Threads { found, .. } if found == threads));
    }
    let mut meter = Meter::new(&lock, 1, None).unwrap();
    for runs in [Runs::Exactly(0), Runs::Undisturbed(0)] {
        assert!(matches!(meter.network(&graph(), runs), Err(PredictorError::NoRuns)));
    }
    assert!(matches!(meter.blocks(&network(), 0), Err(PredictorError::NoRuns)));
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_may_run_where_it_could_before() {
    use rustix::thread::sched_getaffinity;
    let before = sched_getaffinity(None).unwrap();
    Meter::new(&lock(), 1, None).unwrap().network(&graph(), Runs::Undisturbed(1)).unwrap();
    assert!(sched_getaffinity(None).unwrap() == before);
}

#[test]
fn a_second_measurement_says_that_it_waits_and_then_goes_on() {
    let first = lock();
    let (sender, receiver) = mpsc::channel();
    let second = thread::spawn(move || {
        MeasuringLock::acquire(|| sender.send("waits").unwrap()).unwrap();
        sender.send("goes on").unwrap();
    });
    assert_eq!(receiver.recv().unwrap(), "waits");
    // A message within this time would mean that the lock was taken twice.
    assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
    drop(first);
    assert_eq!(receiver.recv().unwrap(), "goes on");
    second.join().unwrap();
}
