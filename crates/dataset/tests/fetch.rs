//! Downloads from a server on the loopback interface.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use dataset::{Archive, DataError, FetchError, Fetched, fetch};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// What the server does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    /// Supports range requests.
    Whole,
    /// Supports range requests, and closes the connection after so many bytes of each answer.
    HangsUpAfter(usize),
    /// Closes the connection after so many bytes of the first answer, and ignores ranges.
    KnowsNoRanges(usize),
    NotFound,
}

/// A server of one file, and the ranges that were requested from it.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

fn serve(file: Vec<u8>, behaviour: Behaviour) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/data.tar.gz", listener.local_addr().expect("an address"));
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ranges);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let from = asked_range(&stream);
            let requests = {
                let mut seen = seen.lock().expect("no panic");
                seen.push(from);
                seen.len()
            };
            // The client may have closed the connection.
            _ = answer(stream, &file, from, behaviour, requests);
        }
    });
    Server { url, ranges }
}

fn asked_range(stream: &TcpStream) -> Option<usize> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let range = lines
        .iter()
        .find_map(|l| l.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    range.and_then(|range| range.trim_end_matches('-').parse().ok())
}

fn answer(
    mut stream: TcpStream,
    file: &[u8],
    from: Option<usize>,
    behaviour: Behaviour,
    requests: usize,
) -> std::io::Result<()> {
    let len = file.len();
    let (status, from, most) = match (behaviour, from) {
        (Behaviour::NotFound, _) => {
            return write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        (Behaviour::KnowsNoRanges(most), _) => {
            ("200 OK", 0, if requests == 1 { most } else { len })
        }
        (Behaviour::Whole, None) => ("200 OK", 0, len),
        (Behaviour::HangsUpAfter(most), None) => ("200 OK", 0, most),
        (_, Some(from)) if from >= len => {
            return write!(
                stream,
                "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{len}\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        (Behaviour::HangsUpAfter(most), Some(from)) => ("206 Partial Content", from, most),
        (Behaviour::Whole, Some(from)) => ("206 Partial Content", from, len),
    };
    let rest = &file[from..];
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", rest.len())?;
    if status.starts_with("206") {
        write!(stream, "Content-Range: bytes {from}-{}/{len}\r\n", len - 1)?;
    }
    write!(stream, "\r\n")?;
    stream.write_all(&rest[..most.min(rest.len())])
}

/// 300 kB that do not compress.
fn content() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..300_000).map(|_| next()).collect()
}

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *bytes).expect("in memory");
    }
    tar.into_inner().and_then(GzEncoder::finish).expect("in memory")
}

fn archive(url: &str, files: &[(&str, &[u8])]) -> Archive {
    let sum = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), sum(bytes)));
    let files: BTreeMap<String, String> = files.collect();
    Archive { url: url.to_owned(), folder: "inner".to_owned(), files }
}

/// An archive with one file on a server of this behaviour, and a folder to download it to.
struct Case {
    content: Vec<u8>,
    server: Server,
    archive: Archive,
    folder: TempDir,
}

impl Case {
    fn new(behaviour: Behaviour) -> Self {
        let content = content();
        let server = serve(packed(&[("inner/a.bin", &content)]), behaviour);
        let archive = archive(&server.url, &[("a.bin", &content)]);
        Self { content, server, archive, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Downloads the rest, and checks the file and all ranges that were requested.
    fn is_fetched_with(&self, ranges: &[Option<usize>]) {
        let out = self.folder.path();
        assert_eq!(fetch(&self.archive, out, on).expect("fetched"), Fetched::Downloaded);
        assert_eq!(names(out), ["inner"]);
        assert!(fs::read(out.join("inner/a.bin")).expect("a file") == self.content);
        assert_eq!(*self.server.ranges.lock().expect("no panic"), ranges);
    }
}

fn on(_: u64, _: Option<u64>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The names in the folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_wanted_is_unpacked_and_found_again() {
    let content = content();
    let file = packed(&[("inner/a.bin", &content), ("inner/readme.html", b"x"), ("inner/b", b"b")]);
    let server = serve(file.clone(), Behaviour::Whole);
    let archive = archive(&server.url, &[("a.bin", &content), ("b", b"b")]);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("deep/er");
    let mut last = (0, None);
    let heard = |done, total| {
        last = (done, total);
        ControlFlow::Continue(())
    };
    assert_eq!(fetch(&archive, &out, heard).expect("fetched"), Fetched::Downloaded);
    assert_eq!(last, (file.len() as u64, Some(file.len() as u64)));
    assert_eq!(names(&out), ["inner"]);
    assert_eq!(names(&out.join("inner")), ["a.bin", "b"]);
    assert_eq!(fs::read(out.join("inner/a.bin")).expect("a file"), content);

    assert_eq!(fetch(&archive, &out, on).expect("there"), Fetched::Present);
    assert_eq!(server.ranges.lock().expect("no panic").len(), 1);
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let ranges = [None, Some(100_000), Some(200_000), Some(300_000)];
    Case::new(Behaviour::HangsUpAfter(100_000)).is_fetched_with(&ranges);
}

#[test]
fn a_server_without_ranges_starts_over() {
    Case::new(Behaviour::KnowsNoRanges(100_000)).is_fetched_with(&[None, Some(100_000)]);
}

#[test]
fn a_download_that_was_stopped_is_resumed_by_another_one() {
    let case = Case::new(Behaviour::Whole);
    let stop =
        |done, _| if done > 50_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let out = case.folder.path();
    assert_eq!(fetch(&case.archive, out, stop).expect("stopped"), Fetched::Stopped);
    assert_eq!(names(out), ["inner.tar.gz.part"]);
    let part = fs::metadata(out.join("inner.tar.gz.part")).expect("a file").len();
    case.is_fetched_with(&[None, Some(part as usize)]);
}

#[test]
fn a_whole_download_that_was_not_unpacked_is_not_loaded_again() {
    let case = Case::new(Behaviour::Whole);
    let file = packed(&[("inner/a.bin", &case.content)]);
    fs::write(case.folder.path().join("inner.tar.gz.part"), &file).expect("written");
    case.is_fetched_with(&[Some(file.len())]);
}

#[test]
fn more_than_the_server_has_is_thrown_away() {
    let case = Case::new(Behaviour::Whole);
    fs::write(case.folder.path().join("inner.tar.gz.part"), [0; 400_000]).expect("written");
    case.is_fetched_with(&[Some(400_000), None]);
}

#[test]
fn other_content_leaves_nothing_behind() {
    let server = serve(packed(&[("inner/a.bin", b"other")]), Behaviour::Whole);
    let folder = tempfile::tempdir().expect("a folder");
    let of = |name| archive(&server.url, &[(name, b"this".as_slice())]);
    for (name, expected) in [
        ("a.bin", Some("d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa")),
        ("c", None),
    ] {
        match fetch(&of(name), folder.path(), on) {
            Err(DataError::Fetch(FetchError::Checksum { found, .. })) => {
                assert_eq!(found.as_deref(), expected);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn what_is_no_archive_is_removed() {
    let server = serve(b"<html>please log in</html>".to_vec(), Behaviour::Whole);
    let folder = tempfile::tempdir().expect("a folder");
    match fetch(&archive(&server.url, &[("a.bin", b"")]), folder.path(), on) {
        Err(DataError::Fetch(FetchError::Archive { message, .. })) => {
            assert!(message.contains("gzip"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_server_that_refuses_is_named() {
    let server = serve(Vec::new(), Behaviour::NotFound);
    let folder = tempfile::tempdir().expect("a folder");
    match fetch(&archive(&server.url, &[("a.bin", b"")]), folder.path(), on) {
        Err(DataError::Fetch(FetchError::Refused { status, .. })) => {
            assert_eq!(status, "404 Not Found");
        }
        other => panic!("{other:?}"),
    }
}
