//! Files of tables.

use std::fs;
use std::path::{Path, PathBuf};

use latency_predictor::{
    BuildSettings, Entry, FileError, ProbeLevel, Quantiles, Runtime, Setup, Table, Timing,
};
use proptest::prelude::*;
use search_space::{PlacedUnit, published};

fn table(entries: impl IntoIterator<Item = Entry>) -> Table {
    let mut table = Table::new(Setup::here(Runtime::Native, 1), BuildSettings::default());
    table.extend(entries);
    table
}

fn entry(unit: PlacedUnit, p50_ms: f64) -> Entry {
    let latency = Quantiles { p10_ms: p50_ms * 0.9, p50_ms, p90_ms: p50_ms * 1.1 };
    Entry { unit, latency, runs: 24, networks: 6, timing: Timing::InContext }
}

fn two_entries() -> Table {
    let units = ["conv_k3_s2_g1_i3_o16_hs@224", "head_i64_n10@7"];
    table(units.map(|unit| entry(unit.parse().unwrap(), 0.5)))
}

/// The error of loading the file of [`two_entries`] after `from` is replaced by `to`.
fn error_of(from: &str, to: &str) -> FileError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    two_entries().save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    Table::load(&path).unwrap_err()
}

proptest! {
    #[test]
    fn files_read_back(seed: [u8; 8], runs in 1_usize..1_000_000, networks in 1_usize..99) {
        let units = published::space("mobilenet_v3").unwrap().units();
        let entries = seed.iter().enumerate().map(|(place, byte)| {
            let unit = units[(place * 256 + usize::from(*byte)) % units.len()];
            let timing = if byte % 2 == 0 { Timing::InContext } else { Timing::Isolated };
            Entry { runs, networks, timing, ..entry(unit, f64::from(*byte) / 7.0 + 1e-6) }
        });
        let table = table(entries);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/table.ron");
        table.save(&path).unwrap();
        prop_assert_eq!(Table::load(&path).unwrap().unwrap(), table);
    }
}

#[test]
fn damage_is_named_with_its_line_and_entry() {
    let cases = [
        ("conv_k3_s2", "konv_k3_s2", "konv"),
        ("p10_ms: 0.45", "p10_ms: 0.75", "conv_k3_s2_g1_i3_o16_hs@224"),
        ("p90_ms: 0.55", "p90_ms: inf", "conv_k3_s2_g1_i3_o16_hs@224"),
        ("p10_ms: 0.45", "p10_ms: -0.1", "conv_k3_s2_g1_i3_o16_hs@224"),
        ("head_i64_n10@7", "conv_k3_s2_g1_i3_o16_hs@224", "found twice"),
        ("networks: 6", "netwarks: 6", "netwarks"),
        ("InContext", "InDoubt", "InDoubt"),
        ("entries", "entrees", "entrees"),
        ("threads: 1", "threads: -1", ""),
        ("]", "", ""),
    ];
    for (from, to, named) in cases {
        match error_of(from, to) {
            FileError::Ron { line, message, .. } => {
                assert!(line > 1 && message.contains(named), "{to}: line {line}: {message}");
            }
            other => panic!("{to}: {other}"),
        }
    }
}

#[test]
fn a_later_format_is_called_that_whatever_else_it_has() {
    let error = error_of("format: 5,", "format: 6, kind_of_table: Better,");
    assert!(matches!(error, FileError::Format { found: 6, supported: 5, .. }), "{error}");
}

/// Format 1 has no builds: how busy the machine was is not known.
#[test]
fn tables_of_the_first_format_are_read_and_saved_in_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    two_entries().save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("format: 5", "format: 1", 1)).unwrap();
    let table = Table::load(&path).unwrap().unwrap();
    assert_eq!((table.len(), table.builds.len()), (2, 0));
    table.save(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("format: 5"));
}

fn saved(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("saved.ron");
    fs::write(&path, text).unwrap();
    path
}

/// The probe of format 4 was another one.
#[test]
fn the_probe_of_an_earlier_format_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    two_entries().save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("format: 5,", "format: 4, probe_ms: 0.011,", 1)).unwrap();
    assert_eq!(
        Table::load(&path).unwrap().unwrap(),
        Table::load(&saved(&folder, &text)).unwrap().unwrap()
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    two_entries().save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for length in 0..text.trim_end().len() {
        fs::write(&path, &text[..length]).unwrap();
        assert!(Table::load(&path).is_err(), "the first {length} bytes");
    }
}

#[test]
fn no_file_is_no_table() {
    assert_eq!(Table::load(Path::new("no/such/table.ron")).unwrap(), None);
}

#[test]
fn saving_replaces_the_file_and_leaves_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    two_entries().save(&path).unwrap();
    let other = table([entry("head_i64_n10@7".parse().unwrap(), 0.25)]);
    other.save(&path).unwrap();
    assert_eq!(Table::load(&path).unwrap().unwrap(), other);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_save_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    // A folder cannot be replaced by a file.
    let path = folder.path().join("table.ron");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("old"), "").unwrap();
    assert!(matches!(two_entries().save(&path), Err(FileError::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(path.join("old").exists());
}

#[test]
fn a_probe_without_time_is_refused() {
    let mut table = two_entries();
    table.probe = Some(ProbeLevel { fastest_ms: 0.01, clock_ms: 0.002 });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.ron");
    table.save(&path).unwrap();
    assert_eq!(Table::load(&path).unwrap().unwrap(), table);
    let text = fs::read_to_string(&path).unwrap().replace("clock_ms: 0.002", "clock_ms: 0.0");
    fs::write(&path, text).unwrap();
    let error = Table::load(&path).unwrap_err().to_string();
    assert!(error.contains("probe: found 0 ms; expected: a positive time"), "{error}");
}
