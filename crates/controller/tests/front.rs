//! The front phase, with the shipped surrogate and a latency that follows from the MACs.

use std::ops::ControlFlow::Continue;

use controller::accuracy::surrogate::Surrogate;
use controller::accuracy::{AccuracySource, Estimate};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, FrontShare, Goal, Hypervolume, LatencyOf, Limits, Problem, Range, Reward,
    SearchSettings, Target, Trial, pareto_front, range, search,
};
use controller::study::{Study, StudySettings};
use search_space::{
    Genotype, LatencyError, LatencySource, Network, SearchSpace, published, reference_genotypes,
};
use tempfile::tempdir;

struct Device;

impl LatencySource for Device {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        let graph = network.lower().expect("valid");
        Ok(0.5 + graph.cost().macs as f64 / 30e6 + 0.01 * graph.nodes.len() as f64)
    }

    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.predict_ms(network)
    }
}

/// Calls `run` with the problem of `mnasnet`.
fn on_mnasnet<T>(run: impl FnOnce(&SearchSpace, &Problem<'_>) -> T) -> T {
    let space = published::space("mnasnet").expect("ships with the crate");
    let surrogate = Surrogate::shipped(&space).expect("fits the space");
    let accuracy = |genotype: &Genotype| {
        let known = surrogate.predict(genotype).expect("of the space");
        Estimate { accuracy: known.accuracy, standard_error: known.standard_error }
    };
    let problem = Problem {
        domain: &space.domain(),
        space: Some(&space),
        limits: &Limits::default(),
        accuracy: AccuracySource::Model(&accuracy),
        latency: LatencyOf::Device(&Device),
    };
    run(&space, &problem)
}

fn settings(algorithm: Algorithm, targets_ms: &[f64], front: FrontShare) -> SearchSettings {
    let targets = targets_ms.iter().map(|&ms| Target::new(ms).expect("positive")).collect();
    let goal = Goal::Targets { reward: Reward::Soft(Exponent::DEFAULT), targets, front };
    SearchSettings { algorithm, goal, samples: 4_000, earlier: Vec::new(), seed: 0 }
}

fn searched(problem: &Problem<'_>, settings: &SearchSettings) -> Vec<Trial> {
    let folder = tempdir().expect("a temporary folder");
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none).expect("writable");
    search(problem, settings, &mut study, &mut |_| Continue(())).expect("a reliable device")
}

/// The latency and accuracy of the networks on the front, fastest first.
fn front(trials: &[Trial]) -> Vec<(f64, f64)> {
    let place = |index: usize| (trials[index].latency_ms.expect("known"), trials[index].estimate);
    let points = pareto_front(trials).into_iter().map(place);
    points.map(|(ms, estimate)| (ms, estimate.accuracy)).collect()
}

fn accuracy_within(front: &[(f64, f64)], latency_ms: f64) -> f64 {
    let within = front.iter().take_while(|(ms, _)| *ms <= latency_ms);
    within.last().map_or(0.0, |(_, accuracy)| *accuracy)
}

/// Published networks, and all networks whose stages have the same options, with the depths of the
/// space and those of EfficientNet-B0.
fn known_networks(space: &SearchSpace) -> Vec<(String, Genotype)> {
    let published = reference_genotypes(&space.name).iter();
    let mut known: Vec<(String, Genotype)> = published
        .map(|reference| {
            let genotype = space.parse_genotype(reference.genotype).expect("of the space");
            (reference.name.to_owned(), genotype)
        })
        .collect();
    let depths = [[0; 7], [1; 7], [2; 7], [2, 2, 2, 2, 2, 3, 2], [0, 1, 1, 2, 2, 3, 0]];
    for index in 0..3 * 2 * 2 {
        let (expand, kernel, squeeze) = (index % 3, index / 3 % 2, index / 6);
        for depths in depths {
            let digits = depths.iter().flat_map(|&depth| [expand, kernel, depth, squeeze]);
            let genotype = Genotype(digits.collect());
            known.push((genotype.to_string(), genotype));
        }
    }
    known
}

/// The known networks that lie above a front.
fn above(space: &SearchSpace, problem: &Problem<'_>, front: &[(f64, f64)]) -> Vec<String> {
    let lies_above = |(_, genotype): &(String, Genotype)| {
        let candidate = problem.candidate(genotype).expect("predicted").expect("of the space");
        let latency_ms = candidate.latency_ms.expect("of a device");
        problem.estimate(genotype).unwrap().accuracy > accuracy_within(front, latency_ms)
    };
    let found = known_networks(space).into_iter().filter(lies_above);
    found.map(|(name, _)| name).collect()
}

#[test]
fn no_known_network_lies_above_the_front() {
    on_mnasnet(|space, problem| {
        let Range { fastest_ms, .. } = range(problem, 0).unwrap().expect("latencies");
        let targets = range(problem, 0).unwrap().expect("latencies").suggested_ms();
        for (seed, target_ms) in (0..).zip(targets) {
            let of = |algorithm, share| {
                let settings = settings(algorithm, &[target_ms], share);
                front(&searched(problem, &SearchSettings { seed, ..settings }))
            };
            let found = of(Algorithm::Evolution, FrontShare::QUARTER);
            assert_eq!(above(space, problem, &found), Vec::<String>::new(), "{target_ms} ms");
            assert!(found[0].0 <= fastest_ms);
            // Without the phase, some do.
            let two_phases = of(Algorithm::Evolution, FrontShare::NONE);
            assert!(!above(space, problem, &two_phases).is_empty(), "{target_ms} ms");

            let volume = |front: &[(f64, f64)]| {
                let mut volume = Hypervolume::new(2.0 * target_ms);
                front.iter().for_each(|&(ms, accuracy)| volume.add(ms, accuracy));
                volume.share()
            };
            let nsga2 = of(Algorithm::Nsga2, FrontShare::NONE);
            assert!(volume(&found) >= volume(&nsga2), "{target_ms} ms");
        }
    });
}
