//! User-supplied tables are read and searched.

use std::io::Write;
use std::ops::ControlFlow::Continue;
use std::path::Path;

use controller::accuracy::{AccuracySource, AccuracyTable, Scale, TableColumns};
use controller::search::algorithm::Algorithm;
use controller::search::{
    Exponent, FrontShare, Goal, LatencyOf, Limits, Problem, Reward, SearchSettings, Target, Trial,
    best_under_target, search,
};
use controller::study::{Study, StudySettings};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use search_space::published;
use tempfile::tempdir;

fn columns(arch: &str, accuracy: &str, latency: Option<&str>) -> TableColumns {
    TableColumns {
        arch: Some(arch.to_owned()),
        accuracy: Some(accuracy.to_owned()),
        latency: latency.map(str::to_owned),
    }
}

fn read_bytes(bytes: &[u8], columns: &TableColumns) -> Result<AccuracyTable, String> {
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.csv");
    std::fs::write(&path, bytes).expect("writable");
    AccuracyTable::read(&path, columns, None).map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<AccuracyTable, String> {
    read_bytes(text.as_bytes(), &TableColumns::default())
}

#[test]
fn digits_become_choices() {
    // A line that is too short is reported as an error of the file.
    assert!(read("arch,mean_acc,x\n013,10\n").expect_err("too short").contains("line 2"));
    let table = read("genotype,accuracy\n013,10\n023,60.5\n0b3,93.127\n").expect("valid");
    assert_eq!((table.scale, table.domain.size()), (Scale::PerCent, 3));
    assert_eq!(table.domain.option_counts(), [1, 3, 1]);
    let genotype = table.domain.parse("0b3").expect("in the table");
    assert_eq!(table.domain.text(&genotype), "0b3");
    assert!((table.get(&genotype).expect("known").accuracy - 0.93127).abs() < 1e-12);
    let fractions = read("genotype,accuracy,latency_ms\n01,0.1,2\n10,1.0,3.5\n").expect("valid");
    assert_eq!(fractions.scale, Scale::Fractions);
    assert_eq!(fractions.latency_column(), Some("latency_ms"));
    // The table lacks the other half of the combinations.
    assert_eq!(fractions.domain.size(), 2);
}

#[test]
fn gzipped_files_are_read() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"arch,mean_acc\n0,50\n1,60\n").expect("in memory");
    let bytes = gzip.finish().expect("in memory");
    let table = read_bytes(&bytes, &TableColumns::default()).expect("valid");
    assert_eq!(table.domain.size(), 2);
    assert!(read_bytes(&bytes[..20], &TableColumns::default()).unwrap_err().contains("bench.csv"));
}

#[test]
fn what_a_table_cannot_say_is_refused_with_its_line() {
    let check = |text: &str, parts: &[&str]| {
        let error = read(text).expect_err(text);
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    check("", &["columns", "genotype or arch"]);
    check("arch,mean_acc\n", &["no architectures"]);
    check("arch,acc\n00,1\n", &["line 1", "arch,acc", "accuracy or mean_acc"]);
    check("arch,mean_acc\n00,good\n", &["line 2", "mean_acc", "good"]);
    check("arch,mean_acc\n00,\n", &["line 2", "nothing"]);
    check("arch,mean_acc\n00,101\n", &["line 2", "101", "per cent"]);
    check("arch,mean_acc\n00,-1\n", &["line 2", "-1"]);
    check("arch,mean_acc\n00,NaN\n", &["line 2", "NaN"]);
    check("arch,mean_acc\n00,1\n000,2\n", &["line 3", "000", "2 digits, as on line 2"]);
    check("arch,mean_acc\n00,1\n0|0,2\n", &["line 3", "0|0", "digits and letters, as on line 2"]);
    check("arch,mean_acc\n\"\",1\n", &["line 2", "found nothing", "an architecture"]);
    check("arch,mean_acc\n\"()\",1\n", &["line 2", "()", "such as (0, 2, 1)"]);
    check("arch,mean_acc\n0:1,1\n0:1:2,2\n", &["line 3", "0:1:2", "2 values, as on line 2"]);
    check("arch,mean_acc\n0:1,1\n0/1,2\n", &["line 3", "0/1", "the form of line 2, 0:1"]);
    check("arch,mean_acc\n(0, 1),1\n", &["line 2", "found 3 cells", "double quotes"]);
    check("arch,mean_acc\n00,1\n01,2\n00,3\n", &["line 4", "found 00 on line 2"]);
    check("arch,mean_acc,latency_ms\n00,1,0\n", &["line 2", "latency_ms", "above 0"]);
    assert!(read("arch,mean_acc\n00,1\n00,1\n").is_ok());
    let missing = read_bytes(b"arch,mean_acc\n00,1\n", &columns("arch", "mean_acc", Some("ms")));
    assert!(missing.unwrap_err().contains("expected: ms"));
    let nowhere = AccuracyTable::read(Path::new("nowhere.csv"), &TableColumns::default(), None);
    assert!(nowhere.unwrap_err().to_string().contains("nowhere.csv"));
}

#[test]
fn genotypes_of_a_space() {
    let space = published::space("mnasnet").expect("ships with the crate");
    let folder = tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.csv");
    let genotype = "0010211021202110212121312111";
    std::fs::write(&path, format!("genotype,accuracy\n{genotype},0.67\n")).expect("writable");
    let read = || AccuracyTable::read(&path, &TableColumns::default(), Some(&space));
    let table = read().expect("valid");
    assert_eq!(table.domain.size(), 1);
    assert!(table.get(&space.parse_genotype(genotype).expect("valid")).is_some());
    std::fs::write(&path, "genotype,accuracy\n9010211021202110212121312111,0.67\n").unwrap();
    let error = read().expect_err("no such digit").to_string();
    assert!(error.contains("line 2") && error.contains("stages[0]"), "{error}");
}

/// A table over all or some combinations of digits, with latencies.
fn made_up(keep: impl Fn(usize) -> bool) -> AccuracyTable {
    let mut text = "arch,mean_acc,ms\n".to_owned();
    for index in (0..625).filter(|&index| keep(index)) {
        let digits = [index / 125, index / 25 % 5, index / 5 % 5, index % 5];
        let [a, b, c, d] = digits.map(|digit| digit as f64);
        let accuracy = 60.0 + 3.0 * a + 2.0 * b - (c - 2.0).powi(2) + 1.5 * d - 0.2 * a * d;
        let ms = 1.0 + a + 0.5 * b + 0.1 * c + 0.7 * d;
        let arch: String = digits.iter().map(|digit| digit.to_string()).collect();
        text += &format!("{arch},{accuracy},{ms}\n");
    }
    read_bytes(text.as_bytes(), &columns("arch", "mean_acc", Some("ms"))).expect("valid")
}

fn searched(table: &AccuracyTable, settings: &SearchSettings) -> (Vec<Trial>, Option<f64>) {
    let limits = Limits::default();
    let problem = Problem {
        domain: &table.domain,
        space: None,
        limits: &limits,
        accuracy: AccuracySource::Table(table),
        latency: LatencyOf::Column(table),
    };
    let folder = tempdir().expect("a temporary folder");
    let none = StudySettings::new();
    let mut study = Study::create(folder.path(), &none, &none).expect("writable");
    let trials = search(&problem, settings, &mut study, &mut |_| Continue(())).expect("a table");
    let Some(&target) = settings.goal.targets().first() else { return (trials, None) };
    let none = &mut |_: &Trial, _| Continue(());
    let best = best_under_target(&problem, &trials, target, &mut study, none);
    let best = best.expect("a table").expect("something meets it");
    assert!(best.measured_ms.expect("the table's") <= target.ms());
    let optimum = problem.optimum(Some(target)).expect("a table").expect("something meets it");
    let regret = optimum - trials[best.trial].estimate.accuracy;
    (trials, Some(regret))
}

#[test]
fn all_algorithms_find_what_meets_a_target_among_the_rows() {
    for keep in [1, 3] {
        let table = made_up(|index| index % keep == 0);
        for algorithm in Algorithm::ALL {
            for ms in [1.3, 3.0, 6.0] {
                let targets = vec![Target::new(ms).expect("positive")];
                let goal = Goal::Targets {
                    reward: Reward::Soft(Exponent::DEFAULT),
                    targets,
                    front: FrontShare::QUARTER,
                };
                let settings =
                    SearchSettings { algorithm, goal, samples: 200, earlier: vec![], seed: 1 };
                let (trials, regret) = searched(&table, &settings);
                assert!(trials.iter().all(|trial| table.get(&trial.genotype).is_some()));
                let regret = regret.expect("a target");
                let max = if algorithm == Algorithm::Random { 0.08 } else { 0.03 };
                assert!((0.0..=max).contains(&regret), "{algorithm}, {ms} ms: {regret}");
            }
        }
    }
}

/// Searches for accuracy alone go on until no genotype is left.
#[test]
fn a_table_is_exhausted() {
    let table = made_up(|index| index % 7 == 0);
    for algorithm in Algorithm::ALL {
        let goal = Goal::Accuracy;
        let settings = SearchSettings { algorithm, goal, samples: 1_000, earlier: vec![], seed: 0 };
        let (trials, _) = searched(&table, &settings);
        assert_eq!(trials.len() as u128, table.domain.size(), "{algorithm}");
        assert!(trials.iter().all(|trial| trial.reward == trial.estimate.accuracy));
    }
}

proptest! {
    /// The text of a genotype parses back, and only genotypes of the table are drawn.
    #[test]
    fn domains(rows in proptest::collection::btree_set("[0-3][a-c][5-9]", 2..20), seed in 0_u64..99) {
        let text: String = rows.iter().map(|row| format!("{row},0.5\n")).collect();
        let table = read(&format!("genotype,accuracy\n{text}")).expect("valid");
        prop_assert_eq!(table.domain.size(), rows.len() as u128);
        let mut rng = controller::random::rng(seed, controller::random::Purpose::Random, 0);
        for _ in 0..20 {
            let drawn = table.domain.sample(&mut rng);
            let text = table.domain.text(&drawn);
            prop_assert!(rows.contains(&text));
            prop_assert_eq!(&table.domain.parse(&text).expect("a row"), &drawn);
            let mutant = table.domain.mutate(&drawn, &mut rng);
            let nearest = table.domain.nearest(mutant.clone());
            prop_assert!(table.get(&nearest).is_some());
            prop_assert!(table.get(&mutant).is_none() || nearest == mutant);
        }
    }
}
