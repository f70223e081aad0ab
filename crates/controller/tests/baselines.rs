//! Baselines of a search at the winner's latency.

use std::cell::RefCell;
use std::ops::ControlFlow;

use controller::search::{
    BaselineError, Wanted, families_at, random_networks_at, scratch_trainings,
};
use search_space::{LatencyError, LatencySource, Network, published};
use training::fit::FitSettings;

/// A device on which latency grows slower than the multiply-adds, with a fixed cost for each op.
struct Device;

impl LatencySource for Device {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        let graph = network.lower().expect("networks that are measured can be computed");
        Ok((graph.cost().macs as f64 / 1e7).powf(0.9) + graph.nodes.len() as f64 * 1e-3)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        // A prediction is 2 % off.
        Ok(1.02 * self.predict_ms(network)?)
    }
}

const WANTED: Wanted = Wanted { latency_ms: 6.0, resolution: 96, channels: 3, classes: 10 };

#[test]
fn families_are_scaled_to_the_latency() {
    let (found, missing) =
        families_at(&WANTED, &Device, &mut |_| ControlFlow::Continue(())).expect("latencies");
    assert!(missing.is_empty(), "{missing:?}");
    let fewer_pixels = found.iter().filter(|one| one.name.contains(" at 82 px")).count();
    assert!(fewer_pixels >= 4, "{found:?}");
    // Their trainings have fewer pixels in the same proportion.
    let settings = FitSettings { train_resolution: Some(48), ..FitSettings::default() };
    for training in scratch_trainings(&found, &settings, 0..1) {
        let pixels = if training.name.contains(" at 82 px") { 41 } else { 48 };
        assert_eq!(training.settings.train_resolution, Some(pixels), "{}", training.name);
    }
    let mut enclosed = 0;
    for baseline in &found {
        let (network, ms) = (&baseline.network.network, baseline.network.latency_ms);
        assert!((Device.measure_ms(network).expect("computed") - ms).abs() < 1e-12);
        // 192 of 224 pixels, as published.
        let resolution = if baseline.name.contains(" at 82 px") { 82 } else { 96 };
        let found_as = (network.input.resolution, network.classes);
        assert_eq!(found_as, (resolution, 10), "{}", baseline.name);
        match found.iter().filter(|one| one.family == baseline.family).count() {
            1 => assert!((ms / 6.0 - 1.0).abs() <= 0.05, "{}: {ms} ms", baseline.name),
            of_family => {
                assert!(of_family == 2 && baseline.family.is_some(), "{}", baseline.name);
                enclosed += i32::from(ms < 6.0);
            }
        }
    }
    // Names are those of folders.
    let mut names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), found.len(), "{found:?}");
    let pairs = found.windows(2).filter(|pair| pair[0].family == pair[1].family).count();
    assert_eq!(enclosed, pairs as i32);
}

#[test]
fn a_latency_that_no_listed_width_encloses_is_told() {
    let slow = Wanted { latency_ms: 1e4, ..WANTED };
    let (_, missing) =
        families_at(&slow, &Device, &mut |_| ControlFlow::Continue(())).expect("latencies");
    let titles: Vec<&str> = missing.iter().map(|family| family.title).collect();
    assert!(titles.iter().any(|title| title.starts_with("ShuffleNetV2")), "{titles:?}");
}

#[test]
fn random_networks_are_of_the_space_at_the_latency_and_of_the_seed() {
    let space = published::space("mnasnet").expect("it is built in");
    let names = RefCell::new(Vec::new());
    let sought = |seed| {
        random_networks_at(&space, 30.0, (5, seed), &Device, &mut |name| {
            names.borrow_mut().push(name.to_owned());
            ControlFlow::Continue(())
        })
    };
    let found = sought(3).expect("latencies");
    assert_eq!(found.len(), 5);
    names.borrow_mut().dedup();
    assert_eq!(names.borrow()[..5], ["random 1", "random 2", "random 3", "random 4", "random 5"]);
    for baseline in &found {
        assert!((baseline.network.latency_ms / 30.0 - 1.0).abs() <= 0.05, "{baseline:?}");
        assert!(found.iter().filter(|other| other.network == baseline.network).count() == 1);
    }
    assert_eq!(sought(3).expect("latencies"), found);
    assert_ne!(sought(4).expect("latencies"), found);
    let stopped =
        random_networks_at(&space, 30.0, (5, 3), &Device, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(BaselineError::Stopped)));
    // Fewer than one in a thousand random networks are so fast.
    let fast =
        random_networks_at(&space, 15.0, (5, 3), &Device, &mut |_| ControlFlow::Continue(()));
    let fast = fast.expect("latencies");
    assert_eq!(fast.len(), 5);
    assert!(fast.iter().all(|one| (one.network.latency_ms / 15.0 - 1.0).abs() <= 0.05));
}
