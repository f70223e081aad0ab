//! The accuracy surrogate: fits, predictions, files and tables.

use std::path::PathBuf;

use controller::accuracy::surrogate::{
    Data, Evaluation, FOLDS, MAX_NETWORKS, Row, Surrogate, evaluate, fit, read_table,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use search_space::{Genotype, SearchSpace, published};

fn mnasnet() -> SearchSpace {
    published::space("mnasnet").unwrap()
}

fn sample(space: &SearchSpace, n: usize, seed: u64) -> Vec<Genotype> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| space.sample(&mut rng)).collect()
}

/// A row whose accuracy is a smooth function with an interaction, plus some noise that depends on
/// the genotype.
fn row(genotype: Genotype) -> Row {
    let digits: Vec<f64> = genotype.0.iter().map(|&digit| f64::from(digit)).collect();
    let sum: f64 = digits.iter().enumerate().map(|(i, digit)| digit / (4.0 + i as f64)).sum();
    let noise = digits.iter().enumerate().map(|(i, d)| d * i as f64).sum::<f64>() % 7.0 / 7.0 - 0.5;
    let loss = 0.3 * (-0.4 * (sum + digits[2] * digits[22])).exp() + 0.004 * noise;
    Row { genotype, accuracy: 0.7 - loss, macs_millions: 100.0 + 100.0 * sum }
}

fn rows(space: &SearchSpace, n: usize, seed: u64) -> Vec<Row> {
    sample(space, n, seed).into_iter().map(row).collect()
}

#[test]
fn a_fit_ranks_networks_that_it_has_not_seen() {
    let space = mnasnet();
    let train = rows(&space, 400, 1);
    let surrogate = fit(&space, &train, Data::accel_nasbench()).unwrap();
    let unseen = evaluate(&surrogate, &rows(&space, 400, 2)).unwrap();
    assert!(unseen.kendall_tau > 0.9, "{unseen:?}");
    assert!(unseen.within_2_standard_errors > 0.9, "{unseen:?}");
    let folds = surrogate.cross_validation();
    assert_eq!((folds.len(), Evaluation::mean_of(folds).n), (FOLDS, train.len()));
    let predicted = Evaluation::mean_of(folds).kendall_tau;
    assert!(
        (predicted - unseen.kendall_tau).abs() < 0.03,
        "{predicted} and {}",
        unseen.kendall_tau
    );

    let again = fit(&space, &train, Data::accel_nasbench()).unwrap();
    assert_eq!(again.to_ron(), surrogate.to_ron(), "a fit depends on its rows only");
    let read = Surrogate::from_ron(&surrogate.to_ron(), &space).unwrap();
    for genotype in sample(&space, 50, 3) {
        assert_eq!(read.predict(&genotype).unwrap(), surrogate.predict(&genotype).unwrap());
    }
}

#[test]
fn evaluation_of_perfect_and_of_reversed_predictions() {
    let space = mnasnet();
    let surrogate = Surrogate::shipped(&space).unwrap();
    let genotypes = sample(&space, 200, 4);
    let predictions = surrogate.predict_batch(&genotypes).unwrap();
    let with = |accuracy: &dyn Fn(f64) -> f64| -> Vec<Row> {
        let pairs = genotypes.iter().zip(&predictions);
        let row = |(i, (genotype, prediction)): (usize, (&Genotype, _))| {
            let prediction: &controller::accuracy::surrogate::Prediction = prediction;
            assert_eq!(*prediction, surrogate.predict(genotype).unwrap());
            let accuracy = accuracy(prediction.accuracy);
            Row { genotype: genotype.clone(), accuracy, macs_millions: 150.0 + i as f64 }
        };
        pairs.enumerate().map(row).collect()
    };
    let perfect = evaluate(&surrogate, &with(&|predicted| predicted)).unwrap();
    assert_eq!((perfect.n, perfect.kendall_tau, perfect.kendall_tau_top_decile), (200, 1.0, 1.0));
    assert_eq!((perfect.regret_mean, perfect.r2, perfect.mae), (0.0, 1.0, 0.0));
    let reversed = with(&|predicted| 1.0 - predicted);
    let worst = evaluate(&surrogate, &reversed).unwrap();
    assert_eq!((worst.kendall_tau, worst.kendall_tau_top_decile), (-1.0, -1.0));
    // The choice under each cap is then its worst network. Row i has 150 + i million MACs, so all
    // rows are under caps of 349 and more.
    let spread = |n: usize| {
        let accuracies = reversed[..n].iter().map(|row| row.accuracy);
        let (low, high) = (accuracies.clone().fold(1.0, f64::min), accuracies.fold(0.0, f64::max));
        100.0 * (high - low)
    };
    let caps = (200..=500).step_by(20).map(|cap: usize| spread((cap - 150 + 1).min(200)));
    let expected = caps.sum::<f64>() / 16.0;
    assert!((worst.regret_mean - expected).abs() < 1e-9, "{worst:?}, {expected}");
    assert!(evaluate(&surrogate, &reversed[..29]).is_err());
}

#[test]
fn the_shipped_surrogate_meets_its_bars() {
    let surrogate = Surrogate::shipped(&mnasnet()).unwrap();
    assert_eq!(surrogate.data().licence, "Apache-2.0");
    let quality = Evaluation::mean_of(surrogate.cross_validation());
    assert_eq!(quality.n, 4134);
    assert!(quality.kendall_tau >= 0.92, "{quality:?}");
    assert!(quality.kendall_tau_top_decile >= 0.68, "{quality:?}");
    assert!(quality.regret_mean <= 0.25, "{quality:?}");
    assert!((0.65..0.78).contains(&quality.within_1_standard_error), "{quality:?}");
    assert!((0.92..0.98).contains(&quality.within_2_standard_errors), "{quality:?}");
}

#[test]
fn a_surrogate_file_that_does_not_fit_is_refused() {
    let space = mnasnet();
    let text = Surrogate::shipped(&space).unwrap().to_ron();
    let check = |text: &str, space: &SearchSpace, expected: &str| {
        let error = Surrogate::from_ron(text, space).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("accepted; {expected}"));
        assert!(error.contains(expected), "{error}\n{expected}");
    };
    let mut changed = mnasnet();
    changed.stages[0].out = 24;
    check(&text, &changed, "fitted to mnasnet");
    check(&text, &published::space("mobilenet_v3").unwrap(), "not to mobilenet_v3");
    check(&text.replace("format: 1", "format: 2"), &space, "format: found 2; expected: 1");
    check(&text.replacen("tool:", "tole:", 1), &space, "tole");
    check(&text.replacen("(\"0", "(\"9", 1), &space, "genotype: found 9");
    check(&text.replacen("weights: [", "weights: [1, ", 1), &space, "stages: found [7, 6, 6");
    let surrogate = Surrogate::shipped(&space).unwrap();
    assert!(surrogate.predict(&Genotype(vec![0; 27])).is_err());
    assert!(surrogate.predict(&Genotype(vec![9; 28])).is_err());
}

#[test]
fn tables_are_read_or_refused_with_the_place() {
    let space = mnasnet();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read_table(&space, &path)
    };
    // The id is ignored.
    let head = "id,expand7,kernel7,layers7,se7,val_top1,macs_M\n";
    let good = "9,6146411,3353553,2122342,0000001,60.5,415.361\n";
    let row = &read(&format!("{head}{good}")).unwrap()[0];
    assert_eq!(row.genotype.to_string(), "2010000011102010112001300011");
    assert_eq!((row.accuracy, row.macs_millions), (0.605, 415.361));
    // Refused before the covariances of all pairs are computed.
    let many = vec![row.clone(); MAX_NETWORKS + 1];
    let error = fit(&space, &many, Data::default()).err().expect("too many").to_string();
    assert!(error.contains("found 16385 networks; expected: at most 16384"), "{error}");

    let check = |text: String, expected: &str| {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains("table.csv") && error.contains(expected), "{error}\n{expected}");
    };
    check(head.replace("se7", "se"), "line 1: found columns id,expand7");
    for (from, to, expected) in [
        ("6146411", "614641", "line 3, column expand7: found 614641; expected: 7 digits"),
        ("6146411", "6136411", "column expand7: found 6136411; expected: 1, 4, 6 as digit 3"),
        ("3353553", "3353557", "column kernel7: found 3353557; expected: 3, 5 as digit 7"),
        ("2122342", "4122342", "column layers7"),
        ("0000001", "000000x", "column se7"),
        ("60.5", "", "column val_top1: found nothing; expected: per cent"),
        ("60.5", "101", "column val_top1: found 101"),
        ("415.361", "NaN", "column macs_M: found NaN"),
        (",415.361", "", "line 3"),
    ] {
        check(format!("{head}{good}{}", good.replace(from, to)), expected);
    }
    assert!(read_table(&space, &folder.path().join("absent.csv")).is_err());
}

#[test]
fn the_shipped_surrogate_was_fitted_to_accel_nasbench() {
    let data = std::env::var_os("NAS_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = data.join("accel_nasbench/mnasnet_imagenet.csv");
    if !path.exists() {
        eprintln!("skipped: {} is absent", path.display());
        return;
    }
    let space = mnasnet();
    let rows = read_table(&space, &path).unwrap();
    assert_eq!(rows.len(), 4134);
    let surrogate = Surrogate::shipped(&space).unwrap();
    let seen = evaluate(&surrogate, &rows).unwrap();
    let unseen = Evaluation::mean_of(surrogate.cross_validation());
    assert!(seen.kendall_tau > unseen.kendall_tau && seen.mae < unseen.mae, "{seen:?}");
}
