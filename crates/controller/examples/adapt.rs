//! Adapts a small network to 0.7 of its multiply-adds, which stand in for the latency here. A real
//! adaptation takes latencies from `latency-predictor`.

use std::ops::ControlFlow::Continue;

use controller::netadapt::{
    AdaptSettings, Adaptation, Event, Latencies, Metric, NetAdapt, Schedule, adapt, fine_tuning,
    trajectory_csv,
};
use controller::study::StudySettings;
use dataset::{Dataset, HoldOut};
use search_space::{LatencyError, LatencySource, Network, published};
use training::fit::{FitData, FitPlan, FitSettings};
use training::{Backend, Placement, WeightsFile};

/// A latency of one millisecond per million multiply-adds.
struct Counted;

impl LatencySource for Counted {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        let graph = network.lower().map_err(|error| LatencyError {
            network: network.name.clone(),
            message: error.to_string(),
        })?;
        Ok(graph.cost().macs as f64 / 1e6)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.predict_ms(network)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let threads = std::thread::available_parallelism()?.get();
    let source = "shapes:classes=4,size=16,train=2000,test=200".parse()?;
    let dataset = Dataset::load(&source, HoldOut::new(0.2)?, threads)?;
    let network = published::network("mobilenet_v1@width=0.25,stem_stride=1,resolution=16")?;
    let settings = FitSettings { epochs: 3, ..Default::default() };
    let data = FitData { source, dataset };
    let plan = FitPlan::new(&network, data, None, &settings, Placement::cpu(threads))?;
    let Some(fitted) = plan.fit(folder.path(), &mut |_| Continue(()))? else { return Ok(()) };
    let (_, weights) = WeightsFile::read(&std::fs::read(fitted.weights)?)?.fit(&plan.variant)?;

    let problem = NetAdapt {
        backend: &Backend::Fused,
        seed: &plan.deployed,
        weights: &weights,
        variant: &|deployed| plan.differs.of(deployed),
        train: &plan.data.dataset.train,
        hold_out: &plan.data.dataset.hold_out,
        latencies: Latencies::Device(&Counted),
        stop: &|| Continue(()),
    };
    let settings = AdaptSettings {
        metric: Metric::Ratio,
        delta: 0.05,
        decay: 1.0,
        target_ms: 0.7 * Counted.measure_ms(&plan.deployed)?,
        fine_tune: fine_tuning(&plan, 20),
        schedule: Schedule::Halving,
        jobs: threads,
    };
    let none = StudySettings::new();
    let mut store = Adaptation::create(folder.path(), &none, &none, &[])?;
    let adapted = adapt(&problem, &settings, &mut store, &mut |event| {
        if let Event::Iteration { completed, .. } = event {
            let (ms, top1) = (completed.latency_ms, 100.0 * completed.hold_out.accuracy());
            println!("iteration {}: {ms:.3} ms, hold-out {top1:.1} %", completed.number);
        }
        Continue(())
    })?;
    println!("{}", trajectory_csv(&store.iterations()?));
    println!("{}", adapted.network.to_ron());
    Ok(())
}
