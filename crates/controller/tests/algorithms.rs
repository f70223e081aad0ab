//! The search algorithms, through the ask/tell interface.

use std::convert::Infallible;
use std::process::Command;

use candle_core::{DType, Tensor, Var};
use controller::accuracy::Estimate;
use controller::random::{Purpose, rng};
use controller::search::algorithm::BATCH;
use controller::search::algorithm::nsga2::{
    Point, crowded_order, crowding_distances, non_domination_ranks,
};
use controller::search::algorithm::ppo::loss::{Experience, clipped_loss, imitation_loss};
use controller::search::algorithm::ppo::policy::Policy;
use controller::search::algorithm::{Algorithm, Searcher};
use controller::search::{Candidate, Phase, Trial};
use proptest::prelude::*;
use rand::RngExt;
use search_space::{Domain, Genotype, SearchSpace, published};

fn space() -> SearchSpace {
    published::space("mnasnet").expect("ships with the crate")
}

/// A trial whose reward is the share of choices that match a hidden genotype, and whose latency
/// grows with the digits.
fn trial(domain: &Domain, genotype: Genotype) -> Trial {
    let hidden = domain.sample(&mut rng(99, Purpose::Comparison, 0));
    let same = genotype.0.iter().zip(&hidden.0).filter(|(a, b)| a == b).count();
    let accuracy = same as f64 / hidden.0.len() as f64;
    let latency_ms = Some(1.0 + genotype.0.iter().map(|&digit| f64::from(digit)).sum::<f64>());
    let estimate = Estimate { accuracy, standard_error: 0.0 };
    Trial { genotype, latency_ms, estimate, reward: accuracy, phase: Phase::Reward }
}

/// Accepts every genotype.
fn accepted(domain: &Domain) -> impl Fn(&Genotype) -> Result<Option<Candidate>, Infallible> + '_ {
    move |genotype: &Genotype| {
        let latency_ms = trial(domain, genotype.clone()).latency_ms;
        Ok(Some(Candidate { genotype: genotype.clone(), latency_ms }))
    }
}

/// The trials of `count` batches. The second half of the batches maximises a score that falls with
/// the latency.
fn batches(algorithm: Algorithm, count: usize, seed: u64) -> Vec<Vec<Trial>> {
    let domain = space().domain();
    let mut searcher = Searcher::new(algorithm, &domain, seed);
    let by_reward = |trial: &Trial| trial.reward;
    let by_latency = |trial: &Trial| trial.reward - trial.latency_ms.unwrap_or(0.0) / 100.0;
    let mut batches = Vec::new();
    for index in 0..count {
        let score: &dyn Fn(&Trial) -> f64 =
            if index < count / 2 { &by_reward } else { &by_latency };
        if index == count / 2 {
            searcher.begin(score);
        }
        let Ok(asked) = searcher.ask(BATCH, score, &accepted(&domain));
        let told: Vec<Trial> = asked.into_iter().map(|c| trial(&domain, c.genotype)).collect();
        searcher.tell(&told);
        batches.push(told);
    }
    batches
}

fn mean_reward(trials: &[Trial]) -> f64 {
    trials.iter().map(|trial| trial.reward).sum::<f64>() / trials.len() as f64
}

/// Algorithms that learn propose better networks than at first, when these are as good as random
/// ones. Bayesian optimisation finds the best network within 100 trials and then explores.
#[test]
fn proposals_get_better() {
    for (algorithm, later, min_reward) in [
        (Algorithm::Ppo, 19, 0.7),
        (Algorithm::Evolution, 19, 0.55),
        (Algorithm::Nsga2, 19, 0.45),
        (Algorithm::Bayesian, 4, 0.9),
    ] {
        let batches = batches(algorithm, 40, 1);
        let (first, better) = (mean_reward(&batches[0]), mean_reward(&batches[later]));
        assert!((0.3..0.5).contains(&first), "{algorithm}: {first}");
        assert!(better > min_reward, "{algorithm}: {better}");
        let mean_ms = |trials: &[Trial]| {
            trials.iter().filter_map(|trial| trial.latency_ms).sum::<f64>() / trials.len() as f64
        };
        let (before, after) = (mean_ms(&batches[19]), mean_ms(&batches[39]));
        assert!(after < before, "{algorithm}: {after} ms against {before} ms");
    }
}

/// Without differences between accuracies, there is nothing to fit. Afterwards there is one odd
/// network, and most of the others are equal.
#[test]
fn bayesian_optimisation_goes_on_where_there_is_nothing_to_learn() {
    let domain = space().domain();
    let mut searcher = Searcher::new(Algorithm::Bayesian, &domain, 2);
    let mut told: Vec<Trial> = Vec::new();
    for index in 0..16 {
        let score = |trial: &Trial| trial.reward;
        let Ok(asked) = searcher.ask(Algorithm::Bayesian.batch(), &score, &accepted(&domain));
        assert_eq!(asked.len(), Algorithm::Bayesian.batch());
        let accuracy = if index == 8 { 0.6 } else { 0.5 };
        let estimate = Estimate { accuracy, standard_error: 0.0 };
        let of = |c: Candidate| Trial { estimate, reward: accuracy, ..trial(&domain, c.genotype) };
        let batch: Vec<Trial> = asked.into_iter().map(of).collect();
        searcher.tell(&batch);
        told.extend(batch);
    }
    let mut genotypes: Vec<&Genotype> = told.iter().map(|trial| &trial.genotype).collect();
    genotypes.sort();
    genotypes.dedup();
    assert_eq!(genotypes.len(), told.len());
}

/// A policy that knows the best network still finds others to propose, all of them distinct.
#[test]
fn a_small_space_is_exhausted() {
    let space = SearchSpace::from_ron(
        r#"SearchSpace(format: 1, name: "small", channels: 3, resolution: [32], classes: 10,
            stem: [Conv(out: 8, kernel: 3, stride: 1, act: Relu)],
            stages: [(out: 8, layers: 1, stride: 1, choices: [Expand([1, 3, 6]), Kernel([3, 5])]),
                     (out: 8, layers: 1, stride: 1, choices: [Expand([1, 3, 6]), Kernel([3, 5])])],
            head: Pool())"#,
    )
    .expect("a valid space");
    let domain = space.domain();
    for algorithm in Algorithm::ALL {
        let mut searcher = Searcher::new(algorithm, &domain, 0);
        let mut found = 0;
        for _ in 0..4 {
            let score = |trial: &Trial| trial.reward;
            let Ok(asked) = searcher.ask(BATCH, &score, &accepted(&domain));
            found += asked.len();
            let trials: Vec<Trial> =
                asked.into_iter().map(|c| trial(&domain, c.genotype)).collect();
            searcher.tell(&trials);
        }
        assert_eq!(found, 36, "{algorithm}");
    }
}

const CHILD: &str = "PRINTS_PROPOSALS";
/// Algorithms that compute with matrices.
const LEARNING: [Algorithm; 2] = [Algorithm::Ppo, Algorithm::Bayesian];

/// This includes the matrix products, whose number of threads is taken from the environment.
#[test]
fn proposals_do_not_depend_on_the_number_of_threads() {
    if std::env::var_os(CHILD).is_some() {
        for algorithm in LEARNING {
            println!("{:?}", batches(algorithm, 10, 3));
        }
        return;
    }
    let with_threads = |threads: &str| {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "proposals_do_not_depend_on_the_number_of_threads", "--nocapture"])
            .envs([(CHILD, "1"), ("RAYON_NUM_THREADS", threads), ("CANDLE_NUM_THREADS", threads)])
            .output()
            .expect("runs again");
        let stdout = String::from_utf8(output.stdout).expect("text");
        let proposals = stdout.lines().filter(|line| line.starts_with("[[Trial"));
        proposals.map(str::to_owned).collect::<Vec<String>>()
    };
    let (one, two) = (with_threads("1"), with_threads("2"));
    assert!(one == two && one.len() == LEARNING.len());
    for (algorithm, one) in LEARNING.into_iter().zip(one) {
        assert_eq!(one.matches("Genotype").count(), 10 * BATCH);
        assert!(one == format!("{:?}", batches(algorithm, 10, 3)), "{algorithm}: as here");
        assert!(one != format!("{:?}", batches(algorithm, 10, 4)), "{algorithm}: another seed");
    }
}

/// Genotypes are drawn with the likelihood that the policy gives for them.
#[test]
fn draws_are_as_likely_as_the_policy_says() {
    let policy = Policy::new(&[3, 2], DType::F64, &mut rng(0, Purpose::PpoWeights, 0)).unwrap();
    let draws = policy.sample(4_000, 1.0, &mut rng(0, Purpose::Ppo, 0)).unwrap();
    let mut total = 0.0;
    for (a, b) in (0..3).flat_map(|a| (0..2).map(move |b| (a, b))) {
        let genotype = Genotype(vec![a, b]);
        let likelihood = policy.likelihood(&[&genotype]).unwrap();
        let said = likelihood.log_probabilities.to_vec2::<f64>().unwrap().concat();
        let same: Vec<_> = draws.iter().filter(|draw| draw.genotype == genotype).collect();
        for (drawn, said) in same[0].log_probabilities.iter().zip(&said) {
            assert!((drawn - said).abs() < 1e-9);
        }
        let probability = said.iter().sum::<f64>().exp();
        let share = same.len() as f64 / draws.len() as f64;
        assert!((share - probability).abs() < 0.03, "{genotype}: {share} of {probability}");
        total += probability;
    }
    assert!((total - 1.0).abs() < 1e-9, "{total}");
}

/// Compares the gradient of a loss with central differences: along a random direction of all
/// weights, and for some weights of each parameter alone.
fn check_gradient(policy: &Policy, loss: &dyn Fn() -> Tensor) {
    let gradients = loss().backward().unwrap();
    let mut rng = rng(7, Purpose::Random, 0);
    for parameter in policy.parameters() {
        let gradient =
            gradients.get(parameter).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let direction: Vec<f64> = gradient.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
        check_slope(parameter, &direction, &gradient, loss);
        for _ in 0..12 {
            let mut direction = vec![0.0; gradient.len()];
            direction[rng.random_range(0..gradient.len())] = 1.0;
            check_slope(parameter, &direction, &gradient, loss);
        }
    }
}

fn check_slope(parameter: &Var, direction: &[f64], gradient: &[f64], loss: &dyn Fn() -> Tensor) {
    const STEP: f64 = 1e-5;
    let at = parameter.as_tensor().copy().unwrap();
    let direction_tensor =
        Tensor::from_slice(direction, parameter.shape(), parameter.device()).unwrap();
    let loss_at = |step: f64| {
        parameter.set(&(&at + (&direction_tensor * step).unwrap()).unwrap()).unwrap();
        let loss = loss().to_scalar::<f64>().unwrap();
        parameter.set(&at).unwrap();
        loss
    };
    let differences = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
    let slope: f64 = gradient.iter().zip(direction).map(|(g, d)| g * d).sum();
    assert!((slope - differences).abs() < 1e-7 + 1e-5 * slope.abs(), "{slope}: {differences}");
}

#[test]
fn gradients_agree_with_finite_differences() {
    let counts = [3, 2, 4, 2];
    let policy = Policy::new(&counts, DType::F64, &mut rng(1, Purpose::PpoWeights, 0)).unwrap();
    let draws = policy.sample(6, 1.0, &mut rng(1, Purpose::Ppo, 0)).unwrap();
    let genotypes: Vec<&Genotype> = draws.iter().map(|draw| &draw.genotype).collect();
    check_gradient(&policy, &|| imitation_loss(&policy, &genotypes).unwrap());

    // Ratios of 0.74, 0.9, 1.05 and 1.35 with advantages of both signs lie inside and outside of
    // the clipping on either side.
    let shifts = [0.3, 0.1, -0.05, -0.3];
    let before: Vec<Vec<f64>> = draws
        .iter()
        .map(|draw| draw.log_probabilities.iter().zip(shifts).map(|(now, by)| now + by).collect())
        .collect();
    let batch: Vec<Experience<'_>> = genotypes
        .iter()
        .zip(&before)
        .zip([1.5, -0.7, 0.2, -2.0, 1.0, -1.0])
        .map(|((genotype, log_probabilities), advantage)| Experience {
            genotype,
            log_probabilities,
            advantage,
        })
        .collect();
    check_gradient(&policy, &|| clipped_loss(&policy, &batch).unwrap());

    // The value by hand is the mean of min(r A, clip(r) A), negated, minus the entropy bonus, which
    // is at most 1e-5 ln 4.
    let objective =
        |ratio: f64, advantage: f64| (ratio * advantage).min(ratio.clamp(0.8, 1.2) * advantage);
    let each = batch
        .iter()
        .flat_map(|one| shifts.iter().map(|shift: &f64| objective((-shift).exp(), one.advantage)));
    let by_hand = -each.sum::<f64>() / (batch.len() * counts.len()) as f64;
    let loss = clipped_loss(&policy, &batch).unwrap().to_scalar::<f64>().unwrap();
    assert!((-1.4e-5..0.0).contains(&(loss - by_hand)), "{loss}, by hand {by_hand}");
}

fn dominates(a: &Point, b: &Point) -> bool {
    let no_worse = a.accuracy >= b.accuracy && a.latency_ms <= b.latency_ms;
    no_worse && (a.accuracy > b.accuracy || a.latency_ms < b.latency_ms)
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    let point = (0..12_u32, 0..12_u32).prop_map(|(accuracy, latency)| Point {
        accuracy: f64::from(accuracy),
        latency_ms: f64::from(latency),
    });
    proptest::collection::vec(point, 0..60)
}

proptest! {
    /// The reference removes front after front, each of which is found by comparing all pairs.
    #[test]
    fn ranks_are_those_of_peeled_fronts(points in points()) {
        let mut expected = vec![None; points.len()];
        for rank in 0..points.len() {
            let left: Vec<usize> = (0..points.len()).filter(|&i| expected[i].is_none()).collect();
            for &index in &left {
                if !left.iter().any(|&other| dominates(&points[other], &points[index])) {
                    expected[index] = Some(rank);
                }
            }
        }
        let ranks: Vec<Option<usize>> =
            non_domination_ranks(&points).into_iter().map(Some).collect();
        prop_assert_eq!(ranks, expected);
    }

    /// The order has all points by rank, and within a rank from the least to the most crowded.
    #[test]
    fn orders_are_by_rank_and_then_by_crowding(points in points()) {
        let ranks = non_domination_ranks(&points);
        let order = crowded_order(&points);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..points.len()).collect::<Vec<_>>());
        prop_assert!(order.is_sorted_by_key(|&index| ranks[index]));
        for rank in order.chunk_by(|&a, &b| ranks[a] == ranks[b]) {
            let mut front: Vec<usize> = rank.to_vec();
            front.sort_unstable();
            let members: Vec<Point> = front.iter().map(|&index| points[index]).collect();
            let distances = crowding_distances(&members);
            let of = |index: &usize| distances[front.binary_search(index).unwrap()];
            prop_assert!(rank.iter().map(of).is_sorted_by(|a, b| a >= b));
        }
    }
}

/// Figure 1 of Deb et al.: the sides of the cuboid between the neighbours, as shares of the front.
#[test]
fn crowding_by_hand() {
    let front: Vec<Point> = [(0.5, 10.0), (0.6, 12.0), (0.65, 20.0), (0.9, 30.0)]
        .map(|(accuracy, latency_ms)| Point { accuracy, latency_ms })
        .into();
    let distances = crowding_distances(&front);
    assert_eq!((distances[0], distances[3]), (f64::INFINITY, f64::INFINITY));
    let expected = [0.15 / 0.4 + 10.0 / 20.0, 0.3 / 0.4 + 18.0 / 20.0];
    for (distance, expected) in distances[1..3].iter().zip(expected) {
        assert!((distance - expected).abs() < 1e-12, "{distance}: {expected}");
    }
}
