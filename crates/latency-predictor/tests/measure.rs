//! Measuring on this device: what is counted and refused. No test looks at how long anything takes.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use latency_predictor::{InContext, MeasuringLock, PredictorError, measure};
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
    for (runs, threads) in [(1, 1), (4, 1), (23, 1)] {
        let measured = measure(&lock, &graph(), threads, runs).unwrap();
        assert_eq!(measured.runs, runs);
        assert!(measured.latency.is_plausible(), "{measured:?}");
        assert!(measured.steal.is_none_or(|steal| (0.0..=1.0).contains(&steal)), "{measured:?}");
    }
}

#[test]
fn every_distinct_block_of_a_network_gets_a_sample() {
    let lock = lock();
    let (runs, network) = (3, network());
    let samples = InContext::new(&lock, 1, runs).unwrap().measure(&network).unwrap();
    let units: Vec<PlacedUnit> = network.units().collect();
    let distinct: HashSet<PlacedUnit> = units.iter().copied().collect();
    assert_eq!(samples.len(), distinct.len());
    for sample in samples {
        let places = units.iter().filter(|unit| **unit == sample.unit).count();
        assert_eq!(sample.runs, places * runs, "{}", sample.unit);
        assert!(sample.latency.is_plausible(), "{sample:?}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let lock = lock();
    for threads in [0, 1_000_000] {
        let error = measure(&lock, &graph(), threads, 1).unwrap_err();
        assert!(matches!(error, PredictorError::Threads { found, .. } if found == threads));
    }
    assert!(matches!(measure(&lock, &graph(), 1, 0), Err(PredictorError::NoRuns)));
    assert!(matches!(InContext::new(&lock, 1, 0), Err(PredictorError::NoRuns)));
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_may_run_where_it_could_before() {
    use rustix::thread::sched_getaffinity;
    let before = sched_getaffinity(None).unwrap();
    measure(&lock(), &graph(), 1, 1).unwrap();
    assert!(sched_getaffinity(None).unwrap() == before);
}

#[test]
fn a_second_measurement_says_that_it_waits_and_then_goes_on() {
    let first = lock();
    let (say, heard) = mpsc::channel();
    let second = thread::spawn(move || {
        MeasuringLock::acquire(|| say.send("waits").unwrap()).unwrap();
        say.send("goes on").unwrap();
    });
    assert_eq!(heard.recv().unwrap(), "waits");
    // A message within this time would be one from behind the lock.
    assert!(heard.recv_timeout(Duration::from_millis(50)).is_err());
    drop(first);
    assert_eq!(heard.recv().unwrap(), "goes on");
    second.join().unwrap();
}
