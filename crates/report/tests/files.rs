//! Writing files.

use proptest::prelude::*;
use report::{Cell, ReportError, write_atomically, write_csv};

#[test]
fn rows_read_back_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pareto.csv");
    let rows = [
        vec!["a, \"b\"".into(), 14.8.into(), Cell::from(4_000u64), Cell::from(None::<f64>)],
        vec!["c".into(), 0.1.into(), Cell::from(0u64), Some(0.646).into()],
    ];
    write_csv(&path, &["genotype", "latency_ms", "macs", "measured_ms"], rows).unwrap();
    let expected =
        "genotype,latency_ms,macs,measured_ms\n\"a, \"\"b\"\"\",14.8,4000,\nc,0.1,0,0.646\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn a_refused_row_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pareto.csv");
    write_atomically(&path, b"old").unwrap();
    let check = |row: Vec<Cell>, message: &str| {
        let error = write_csv(&path, &["name", "ms"], [row]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    };
    check(vec!["a".into()], "row 1: found 1 cells; expected: 2, as in the header");
    let message = "row 1, column `ms`: found NaN; expected: finite numbers";
    check(vec!["a".into(), f64::NAN.into()], message);
}

#[test]
fn a_new_file_takes_the_place_of_the_old_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    for bytes in [&b"first"[..], b"second"] {
        write_atomically(&path, bytes).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_has_the_mode_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [ours, plain] = ["ours", "plain"].map(|name| folder.path().join(name));
    write_atomically(&ours, b"").unwrap();
    std::fs::write(&plain, b"").unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent").join("pareto.csv");
    let error = write_atomically(&path, b"").unwrap_err();
    assert!(matches!(&error, ReportError::Write { path: named, .. } if *named == path), "{error}");
}

proptest! {
    #[test]
    fn numbers_keep_every_bit(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.csv");
        write_csv(&path, &["number"], [vec![number.into()]]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let read: f64 = text.lines().nth(1).unwrap().parse().unwrap();
        prop_assert_eq!(read.to_bits(), number.to_bits());
    }
}
