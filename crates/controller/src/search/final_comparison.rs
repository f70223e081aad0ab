//! The winner of a search beside its baselines, all trained from scratch in the same way.

use serde::Serialize;

use super::baselines::NamedBaseline;
use crate::final_trainings::{FinalResult, FinalTraining};
use training::fit::FitSettings;

/// The number of baselines that are trained with as many seeds as the winner.
pub const RIVALS: usize = 2;

/// A network with the results of its trainings from scratch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedNetwork {
    /// The name of the network.
    pub name: String,
    /// The measured latency in milliseconds.
    pub latency_ms: f64,
    /// The mean top-1 accuracy on the hold-out over the seeds, a fraction; `None` without a hold-out.
    pub hold_out_top1: Option<f64>,
    /// The mean top-1 accuracy on the test images over the seeds, a fraction.
    pub test_top1: f64,
    /// The number of seeds.
    pub seeds: usize,
    /// The winner's accuracy on the test images less this network's; `None` for the winner.
    pub winner_is_better_by: Option<PairedDifference>,
}

/// The mean difference of accuracies with the same seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedDifference {
    /// The mean over the seeds, a fraction.
    pub mean: f64,
    /// Its standard error; `None` with one seed.
    pub standard_error: Option<f64>,
}

/// What a difference says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The winner is better by more than two standard errors.
    Better,
    /// The winner is worse by more than two standard errors.
    Worse,
    /// Two standard errors or less.
    NotToldApart,
    /// One seed tells nothing of the spread.
    OneSeed,
}

impl PairedDifference {
    fn of(differences: &[f64]) -> Option<Self> {
        let count = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let squares = differences.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        let standard_error =
            (differences.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt());
        (!differences.is_empty()).then_some(Self { mean, standard_error })
    }

    /// What the difference says, by two standard errors.
    pub fn verdict(&self) -> Verdict {
        match self.standard_error {
            None => Verdict::OneSeed,
            Some(error) if self.mean > 2.0 * error => Verdict::Better,
            Some(error) if self.mean < -2.0 * error => Verdict::Worse,
            Some(_) => Verdict::NotToldApart,
        }
    }
}

/// The trainings from scratch of networks, the winner first, each with the seeds `seeds`, counted from 0.
/// The resolution of the settings is that of the winner's training; a network that is deployed at a lower
/// one is trained at a resolution that is lower in the same proportion.
pub fn scratch_trainings(
    networks: &[NamedBaseline],
    settings: &FitSettings,
    seeds: std::ops::Range<u64>,
) -> Vec<FinalTraining> {
    let deployed = |one: &NamedBaseline| one.network.network.input.resolution;
    let of_winner = networks.first().map_or(1, deployed);
    let of_seed = |seed| {
        let one = move |one: &NamedBaseline| {
            let scaled = |of_settings: usize| {
                let scale = deployed(one) as f64 / of_winner as f64;
                (of_settings as f64 * scale).round() as usize
            };
            let train_resolution = settings.train_resolution.map(scaled);
            let settings = FitSettings { train_resolution, ..settings.clone() };
            FinalTraining::from_scratch(&one.name, &one.network, &settings, seed)
        };
        networks.iter().map(one)
    };
    seeds.flat_map(of_seed).collect()
}

/// The names of the best baselines by the hold-out, the best first: those that are worth more seeds.
pub fn rivals<'a>(winner: &str, results: &'a [FinalResult]) -> Vec<&'a str> {
    let mut others: Vec<&FinalResult> =
        results.iter().filter(|result| result.name != winner && result.seed == 0).collect();
    others.sort_by(|a, b| b.chosen_by().total_cmp(&a.chosen_by()));
    others.into_iter().take(RIVALS).map(|result| result.name.as_str()).collect()
}

/// The winner first, then its baselines by their accuracy on the test images, the best first. Of a
/// family of which two networks enclose the winner's latency, a third row has the accuracies between
/// them at that latency, linear in its logarithm.
///
/// `networks` are those that were trained, the winner first.
pub fn compared(networks: &[NamedBaseline], results: &[FinalResult]) -> Vec<ComparedNetwork> {
    let Some((winner, baselines)) = networks.split_first() else { return Vec::new() };
    let mut of_all: Vec<Trainings> =
        baselines.iter().map(|one| Trainings::of(one, results)).collect();
    for pair in baselines.windows(2) {
        if pair[0].family.is_some() && pair[0].family == pair[1].family {
            let pair = [&pair[0], &pair[1]].map(|one| Trainings::of(one, results));
            of_all.extend(Trainings::between(&pair, winner.network.latency_ms));
        }
    }
    let winner = Trainings::of(winner, results);
    let mut all: Vec<ComparedNetwork> =
        of_all.iter().filter_map(|one| one.compared(Some(&winner))).collect();
    all.sort_by(|a, b| b.test_top1.total_cmp(&a.test_top1));
    winner.compared(None).into_iter().chain(all).collect()
}

/// The results of a network by seed.
struct Trainings {
    name: String,
    latency_ms: f64,
    /// Seed, accuracy on the hold-out and on the test images.
    by_seed: Vec<(u64, Option<f64>, f64)>,
}

impl Trainings {
    fn of(network: &NamedBaseline, results: &[FinalResult]) -> Self {
        let of_network = results.iter().filter(|result| result.name == network.name);
        let by_seed = of_network.map(|result| (result.seed, result.hold_out_top1, result.top1));
        let (name, latency_ms) = (network.name.clone(), network.network.latency_ms);
        Self { name, latency_ms, by_seed: by_seed.collect() }
    }

    /// The accuracies at a latency between those of two networks of a family; `None` if it is not
    /// between them.
    fn between([low, high]: &[Self; 2], latency_ms: f64) -> Option<Self> {
        let share = (latency_ms / low.latency_ms).ln() / (high.latency_ms / low.latency_ms).ln();
        let mean = |a: f64, b: f64| a + share * (b - a);
        let both = |&(seed, hold_out, top1): &(u64, Option<f64>, f64)| {
            let (_, other_hold_out, other) = high.by_seed.iter().find(|one| one.0 == seed)?;
            let hold_out = hold_out.zip(*other_hold_out).map(|(a, b)| mean(a, b));
            Some((seed, hold_out, mean(top1, *other)))
        };
        let by_seed = low.by_seed.iter().filter_map(both).collect();
        let name = format!("{}, between", low.name.split(" x ").next().unwrap_or_default());
        (0.0..=1.0).contains(&share).then_some(Self { name, latency_ms, by_seed })
    }

    /// The means over the seeds; `None` without results.
    fn compared(&self, winner: Option<&Self>) -> Option<ComparedNetwork> {
        let seeds = self.by_seed.len();
        let mean = |sum: f64| sum / seeds as f64;
        let paired = |winner: &Self| -> Vec<f64> {
            let difference = |&(seed, _, top1): &(u64, Option<f64>, f64)| {
                let of_winner = winner.by_seed.iter().find(|one| one.0 == seed)?;
                Some(of_winner.2 - top1)
            };
            self.by_seed.iter().filter_map(difference).collect()
        };
        let hold_out: Option<f64> = self.by_seed.iter().map(|(_, hold_out, _)| *hold_out).sum();
        (seeds > 0).then(|| ComparedNetwork {
            name: self.name.clone(),
            latency_ms: self.latency_ms,
            hold_out_top1: hold_out.map(mean),
            test_top1: mean(self.by_seed.iter().map(|(_, _, top1)| top1).sum()),
            seeds,
            winner_is_better_by: winner.and_then(|winner| PairedDifference::of(&paired(winner))),
        })
    }
}

#[cfg(test)]
mod tests {
    use search_space::published;

    use super::{Verdict, compared, rivals};
    use crate::final_trainings::{FinalResult, MeasuredNetwork};
    use crate::search::NamedBaseline;

    fn result(name: &str, seed: u64, hold_out: f64, top1: f64) -> FinalResult {
        let (name, hold_out_top1) = (name.to_owned(), Some(hold_out));
        FinalResult { name, seed, latency_ms: 1.0, hold_out_top1, top1 }
    }

    #[test]
    fn differences_are_paired_by_seed() {
        let results = [
            result("winner", 0, 0.80, 0.78),
            result("a", 0, 0.79, 0.77),
            result("b", 0, 0.70, 0.79),
            result("c", 0, 0.75, 0.60),
            result("winner", 1, 0.82, 0.80),
            result("a", 1, 0.81, 0.79),
            result("winner", 2, 0.90, 0.90),
            result("a", 2, 0.88, 0.88),
        ];
        // By the hold-out: the test images choose nothing.
        assert_eq!(rivals("winner", &results), ["a", "c"]);
        let network = published::network("mobilenet_v3_small").expect("published");
        let named = |name: &str, latency_ms: f64, family: Option<&str>| NamedBaseline {
            name: name.to_owned(),
            family: family.map(str::to_owned),
            genotype: None,
            network: MeasuredNetwork { network: network.clone(), latency_ms },
        };
        let all = [named("winner", 2.0, None), named("a", 2.0, None), named("b", 2.0, None)];
        let all = compared(&[&all[..], &[named("c", 2.0, None)]].concat(), &results);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["winner", "a", "b", "c"]);
        assert_eq!((all[0].seeds, all[0].winner_is_better_by), (3, None));
        // 1, 1 and 2 points: mean 4/3, standard deviation 0.577, standard error 1/3 of a point.
        let difference = all[1].winner_is_better_by.expect("of a baseline");
        assert!((difference.mean - 0.04 / 3.0).abs() < 1e-12);
        assert!((difference.standard_error.expect("three seeds") - 0.01 / 3.0).abs() < 1e-12);
        assert_eq!(difference.verdict(), Verdict::Better);
        let difference = all[2].winner_is_better_by.expect("of a baseline");
        assert!((difference.mean + 0.01).abs() < 1e-12);
        assert_eq!(difference.verdict(), Verdict::OneSeed);
    }
    #[test]
    fn listed_widths_are_interpolated_in_log_latency() {
        let network = published::network("shufflenet_v2").expect("published");
        let named = |name: &str, latency_ms: f64| NamedBaseline {
            name: name.to_owned(),
            family: (name != "winner").then(|| "V2".to_owned()),
            genotype: None,
            network: MeasuredNetwork { network: network.clone(), latency_ms },
        };
        let networks = [named("winner", 2.0), named("V2 x 1", 1.0), named("V2 x 2", 4.0)];
        let results = [
            result("winner", 0, 0.8, 0.8),
            result("V2 x 1", 0, 0.5, 0.6),
            result("V2 x 2", 0, 0.7, 0.7),
        ];
        let all = compared(&networks, &results);
        let between = all.iter().find(|one| one.name == "V2, between").expect("a row");
        assert!((between.test_top1 - 0.65).abs() < 1e-12 && between.latency_ms == 2.0);
        let difference = between.winner_is_better_by.expect("of a baseline");
        assert!((difference.mean - 0.15).abs() < 1e-12);
    }
}
