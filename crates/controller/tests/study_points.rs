//! Studies are read as points, completely, and left unchanged.

use std::path::Path;

use controller::study::{Study, StudyError, StudyPoint, StudySettings, read_points};
use rusqlite::{Connection, params};
use tempfile::tempdir;

fn settings() -> StudySettings {
    [("algorithm", "ppo"), ("seed", "3")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Adds a trial as a search does.
fn record(connection: &Connection, id: i64, latency_ms: Option<f64>, accuracy: f64) {
    let insert = "INSERT INTO trials
        (id, genotype, latency_ms, accuracy, standard_error, reward, phase)
        VALUES (?, '0', ?, ?, 0.0, 0.0, 'reward')";
    connection.execute(insert, params![id, latency_ms, accuracy]).expect("writable");
}

fn point(latency_ms: f64, accuracy: f64) -> StudyPoint {
    StudyPoint { latency_ms: Some(latency_ms), accuracy }
}

/// The names and contents of the files in a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut all: Vec<_> = entries
        .map(|entry| {
            let bytes = std::fs::read(entry.path()).expect("readable");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn reading_leaves_nothing_behind() {
    let folder = tempdir().expect("a temporary folder");
    // These characters have a meaning in a URI.
    let folder = folder.path().join("50% faster? #1 \u{e9}");
    std::fs::create_dir(&folder).expect("writable");
    drop(Study::create(&folder, &settings(), &StudySettings::new()).expect("writable"));
    let file = folder.join("study.sqlite");
    let writer = Connection::open(&file).expect("there");
    record(&writer, 1, Some(4.0), 0.5);
    record(&writer, 0, Some(3.5), 0.25);
    writer.close().expect("written");

    let before = contents(&folder);
    assert_eq!(before.len(), 1, "closed");
    let read = read_points(&folder).expect("a study");
    assert_eq!(read.settings, settings());
    assert_eq!(read.points, [point(3.5, 0.25), point(4.0, 0.5)]);
    assert_eq!(read_points(&file).expect("a study"), read);
    assert_eq!(contents(&folder), before);
}

#[test]
fn a_search_may_be_at_work() {
    let folder = tempdir().expect("a temporary folder");
    let folder = folder.path();
    let study = Study::create(folder, &settings(), &StudySettings::new()).expect("writable");
    let mut writer = Connection::open(folder.join("study.sqlite")).expect("there");
    for id in 0..50 {
        let batch = writer.transaction().expect("nobody is in the way");
        record(&batch, id, Some(4.0), 0.5);
        let before = read_points(folder).expect("a study").points.len();
        assert_eq!(before as i64, id, "a batch is there whole or not at all");
        batch.commit().expect("nobody is in the way");
    }
    assert_eq!(read_points(folder).expect("a study").points.len(), 50);

    // A killed process leaves its log, which holds the trials.
    let killed = tempdir().expect("a temporary folder");
    for (name, bytes) in contents(folder).into_iter().filter(|(name, _)| !name.ends_with("shm")) {
        std::fs::write(killed.path().join(name), bytes).expect("writable");
    }
    drop((study, writer));
    assert_eq!(read_points(killed.path()).expect("a study").points.len(), 50);
}

#[test]
fn latencies_may_be_missing() {
    let folder = tempdir().expect("a temporary folder");
    let connection = Connection::open(folder.path().join("study.sqlite")).expect("writable");
    let tables = "
        CREATE TABLE settings (name TEXT, value TEXT, decides INTEGER);
        CREATE TABLE trials (id INTEGER PRIMARY KEY, latency_ms REAL, accuracy REAL NOT NULL);
        INSERT INTO trials VALUES (0, NULL, 0.5);
        PRAGMA user_version = 1;";
    connection.execute_batch(tables).expect("SQL");
    let read = read_points(folder.path()).expect("a study");
    assert_eq!(read.points, [StudyPoint { latency_ms: None, accuracy: 0.5 }]);
}

#[test]
fn what_is_no_study_is_refused() {
    let folder = tempdir().expect("a temporary folder");
    let file = folder.path().join("study.sqlite");
    let refused = || read_points(folder.path()).expect_err("no study").to_string();
    assert!(refused().contains("no study"), "{}", refused());
    std::fs::write(&file, "").expect("writable");
    assert!(refused().contains("no study"), "{}", refused());
    std::fs::write(&file, "not a database, and long enough to be read as one").expect("writable");
    assert!(refused().contains("study.sqlite"), "{}", refused());
    std::fs::remove_file(&file).expect("there");
    drop(Study::create(folder.path(), &settings(), &settings()).expect("writable"));
    let connection = Connection::open(&file).expect("there");
    connection.pragma_update(None, "user_version", 99).expect("writable");
    let error = read_points(folder.path()).expect_err("a later version");
    assert!(matches!(error, StudyError::Version { found: 99, .. }), "{error}");
}

/// The trials of an earlier version can be compared, but the search cannot be continued.
#[test]
fn studies_of_earlier_versions_are_read_and_not_resumed() {
    let folder = tempdir().expect("a temporary folder");
    drop(Study::create(folder.path(), &settings(), &settings()).expect("writable"));
    let connection = Connection::open(folder.path().join("study.sqlite")).expect("there");
    connection.pragma_update(None, "user_version", 3).expect("writable");
    drop(connection);
    assert_eq!(read_points(folder.path()).expect("can be read").settings, settings());
    let error = Study::resume(folder.path(), &settings()).expect_err("an earlier version");
    assert!(matches!(error, StudyError::Older { found: 3, .. }), "{error}");
    assert!(error.to_string().contains("--out"), "{error}");
}
