//! dev driver: front_dev TABLE SEEDS [long]
use std::collections::HashMap;
use std::ops::ControlFlow::Continue;

use controller::accuracy::surrogate::Surrogate;
use controller::accuracy::{AccuracySource, Estimate};
use controller::search::algorithm::Algorithm;
use controller::search::*;
use controller::study::{Study, StudySettings};
use search_space::{
    Genotype, LatencyError, LatencySource, Network, published, reference_genotypes,
};

struct Units(HashMap<String, f64>);

impl LatencySource for Units {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(network.units().map(|u| self.0[&u.to_string()]).sum())
    }
    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.predict_ms(network)
    }
}

static CALLS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
struct Macs;
impl LatencySource for Macs {
    fn predict_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let graph = network.lower().unwrap();
        Ok(0.5 + graph.cost().macs as f64 / 30e6 + 0.01 * graph.nodes.len() as f64)
    }
    fn measure_ms(&self, network: &Network) -> Result<f64, LatencyError> {
        self.predict_ms(network)
    }
}

fn run(problem: &Problem<'_>, settings: &SearchSettings) -> (Vec<Trial>, f64) {
    let folder = tempfile::tempdir().unwrap();
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none).unwrap();
    let start = cpu();
    let t = search(problem, settings, &mut study, &mut |_| Continue(())).unwrap();
    (t, cpu() - start)
}

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn front(trials: &[Trial]) -> Vec<(f64, f64)> {
    pareto_front(trials)
        .into_iter()
        .map(|i| (trials[i].latency_ms.unwrap(), trials[i].estimate.accuracy))
        .collect()
}
fn at(front: &[(f64, f64)], ms: f64) -> f64 {
    let n = front.partition_point(|p| p.0 <= ms);
    front[..n].last().map_or(0.0, |p| p.1)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let macs = Macs;
    let units;
    let source: &dyn LatencySource = if args[0] == "macs" {
        &macs
    } else {
        let text = std::fs::read_to_string(&args[0]).unwrap();
        let entries = text.lines().filter_map(|l| {
            let u = l.split("unit: \"").nth(1)?.split('"').next()?.to_owned();
            let ms = l.split("p50_ms: ").nth(1)?.split([',', ')']).next()?.parse().ok()?;
            Some((u, ms))
        });
        units = Units(entries.collect());
        &units
    };
    let seeds: u64 = args[1].parse().unwrap();
    let long = args.get(2).is_some();
    let space = published::space("mnasnet").unwrap();
    let surrogate = Surrogate::shipped(&space).unwrap();
    let accuracy = |g: &Genotype| {
        let p = surrogate.predict(g).unwrap();
        Estimate { accuracy: p.accuracy, standard_error: p.standard_error }
    };
    let (domain, limits) = (space.domain(), Limits::default());
    let problem = Problem {
        domain: &domain,
        space: Some(&space),
        limits: &limits,
        accuracy: AccuracySource::Model(&accuracy),
        latency: LatencyOf::Device(source),
    };
    let range = range(&problem, 0).unwrap().unwrap();
    println!("{range:?} suggested {:?}", range.suggested_ms());
    let mut known: Vec<(String, Genotype)> = Vec::new();
    for r in reference_genotypes("mnasnet") {
        known.push((r.name.to_owned(), domain.parse(r.genotype).unwrap()));
    }
    for e in 0..3u8 {
        for k in 0..2u8 {
            for s in 0..2u8 {
                for l in 0..5u8 {
                    let depth = |stage: usize| match l {
                        3 => {
                            if stage == 5 {
                                3
                            } else {
                                2
                            }
                        }
                        4 => [0, 1, 1, 2, 2, 3, 0][stage],
                        l => l,
                    };
                    let g: Vec<u8> = (0..7).flat_map(|st| [e, k, depth(st), s]).collect();
                    known.push((format!("e{e}k{k}s{s}l{l}"), Genotype(g)));
                }
            }
        }
    }
    let known: Vec<(String, f64, f64)> = known
        .into_iter()
        .map(|(n, g)| {
            let ms = problem.candidate(&g).unwrap().unwrap().latency_ms.unwrap();
            (n, ms, accuracy(&g).accuracy)
        })
        .collect();
    let mut truth: Vec<(f64, f64)> = Vec::new();
    let merge = |truth: &mut Vec<(f64, f64)>, new: &[(f64, f64)]| {
        truth.extend(new);
        truth.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let mut best = 0.0;
        truth.retain(|p| {
            let keep = p.1 > best;
            if keep {
                best = p.1
            }
            keep
        });
    };
    let [q1, q2, q3] = range.suggested_ms();
    let target_sets: Vec<Vec<f64>> = if args[0] == "macs" {
        vec![vec![q1], vec![q2], vec![q3], vec![q1, q2, q3]]
    } else {
        vec![vec![15.0], vec![q1], vec![q2], vec![q3], vec![q1, q2, q3]]
    };
    let make = |algorithm, targets: &[f64], share: f64, seed, samples| SearchSettings {
        algorithm,
        samples,
        earlier: Vec::new(),
        seed,
        goal: Goal::Targets {
            reward: Reward::Soft(Exponent::DEFAULT),
            targets: targets.iter().map(|&t| Target::new(t).unwrap()).collect(),
            front: FrontShare::new(share).unwrap(),
        },
    };
    if long {
        for seed in 10..12 {
            let (t, _) = run(&problem, &make(Algorithm::Evolution, &[q2], 0.95, seed, 150_000));
            merge(&mut truth, &front(&t));
        }
        for seed in 10..12 {
            for q in [q1, q2, q3] {
                let (t, _) = run(&problem, &make(Algorithm::Evolution, &[q], 0.0, seed, 30_000));
                merge(&mut truth, &front(&t));
            }
        }
        println!("true front {} members", truth.len());
    }
    let mut configs = vec![(Algorithm::Evolution, 0.25)];
    if std::env::var_os("BASE").is_some() {
        configs.extend([(Algorithm::Evolution, 0.0), (Algorithm::Nsga2, 0.0)]);
    }
    for targets in &target_sets {
        println!("targets {targets:?}");
        for &(algorithm, share) in &configs {
            for seed in 0..seeds {
                let (t, took) = run(&problem, &make(algorithm, targets, share, seed, 16_000));
                let f = front(&t);
                let above: Vec<&(String, f64, f64)> =
                    known.iter().filter(|k| at(&f, k.1) < k.2).collect();
                let worst = above
                    .iter()
                    .max_by(|a, b| (a.2 - at(&f, a.1)).total_cmp(&(b.2 - at(&f, b.1))))
                    .map(|k| format!("{} {:.2}ms {:+.3}", k.0, k.1, 100.0 * (k.2 - at(&f, k.1))))
                    .unwrap_or_default();
                let hv: Vec<String> = targets
                    .iter()
                    .map(|t| {
                        let mut h = Hypervolume::new(2.0 * t);
                        for p in &f {
                            h.add(p.0, p.1)
                        }
                        format!("{:.5}", h.share())
                    })
                    .collect();
                let win: Vec<String> =
                    targets.iter().map(|&t| format!("{:.3}", 100.0 * at(&f, t))).collect();
                let deficits: Vec<f64> = (0..=200)
                    .map(|i| {
                        range.fastest_ms
                            * (range.slowest_ms / range.fastest_ms).powf(i as f64 / 200.0)
                    })
                    .map(|ms| 100.0 * (at(&truth, ms) - at(&f, ms)))
                    .collect();
                let margin = known
                    .iter()
                    .map(|k| (100.0 * (at(&f, k.1) - k.2), k))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .unwrap();
                let margin2 = known
                    .iter()
                    .filter(|k| k.1 > range.fastest_ms * 1.02)
                    .map(|k| (100.0 * (at(&f, k.1) - k.2), k))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .unwrap();
                let b0 = 100.0 * (at(&f, known[0].1) - known[0].2);
                let mean = deficits.iter().sum::<f64>() / 201.0;
                let max = deficits.iter().copied().fold(f64::MIN, f64::max);
                let calls = CALLS.swap(0, std::sync::atomic::Ordering::Relaxed);
                println!(
                    "calls {calls} margin {:.3} {} {:.2}ms margin2 {:.3} {} {:.2}ms B0 {b0:.3} {:>10} {share:.2} seed {seed}: {took:.2}s n {} front {} above {} [{worst}] hv {} win {} deficit mean {mean:.3} max {max:.3}",
                    margin.0,
                    margin.1.0,
                    margin.1.1,
                    margin2.0,
                    margin2.1.0,
                    margin2.1.1,
                    algorithm.to_string(),
                    t.len(),
                    f.len(),
                    above.len(),
                    hv.join(" "),
                    win.join(" ")
                );
            }
        }
    }
}
