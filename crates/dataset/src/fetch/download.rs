//! A file over HTTP, in as many parts as the connection breaks into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use ureq::http::StatusCode;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use ureq::{Agent, Body, ResponseExt};

use crate::error::{DataError, FetchError, io_error};

/// Connections in a row that bring nothing before the download is given up.
const FRUITLESS_TRIES: u32 = 3;
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// Until the server has answered with its headers.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const BUFFER_BYTES: usize = 1 << 16;

type Response = ureq::http::Response<Body>;

/// What one connection brought.
enum Part {
    Whole,
    Stopped,
    /// It broke off, after so many bytes.
    Broken {
        bytes: u64,
        why: String,
    },
}

/// Goes on with `path` where it ends. Break: `on_bytes` asked to stop.
pub(super) fn to_file(
    url: &str,
    path: &Path,
    mut on_bytes: impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, DataError> {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_recv_response(Some(ANSWER_WITHIN))
        .http_status_as_error(false);
    let agent: Agent = config.build().into();
    let mut fruitless = 0;
    loop {
        match part(&agent, url, path, &mut on_bytes)? {
            Part::Whole => return Ok(ControlFlow::Continue(())),
            Part::Stopped => return Ok(ControlFlow::Break(())),
            Part::Broken { bytes, why } => {
                fruitless = if bytes > 0 { 0 } else { fruitless + 1 };
                if fruitless == FRUITLESS_TRIES {
                    let url = url.to_owned();
                    return Err(DataError::Fetch(FetchError::Connection { url, message: why }));
                }
                sleep(Duration::from_secs(fruitless.into()));
            }
        }
    }
}

fn part(
    agent: &Agent,
    url: &str,
    path: &Path,
    on_bytes: &mut impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<Part, DataError> {
    let there = fs::metadata(path).map_or(0, |file| file.len());
    let request = agent.get(url);
    let request =
        if there > 0 { request.header(RANGE, format!("bytes={there}-")) } else { request };
    let response = match request.call() {
        Ok(response) => response,
        Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
            return Err(DataError::setting("url", url, "http:// or https:// and a path"));
        }
        Err(error) => return Ok(Part::Broken { bytes: 0, why: error.to_string() }),
    };
    match answer(&response, there) {
        Answer::Bytes { from, total } => {
            let mut file = open(path, from).map_err(io_error(path))?;
            copy(response, &mut file, path, from, total, on_bytes)
        }
        Answer::NothingLeft => Ok(Part::Whole),
        Answer::StartOver => {
            fs::remove_file(path).map_err(io_error(path))?;
            Ok(Part::Broken { bytes: 0, why: "the file has become shorter".to_owned() })
        }
        Answer::Refused => {
            let (url, status) = (response.get_uri().to_string(), response.status().to_string());
            Err(DataError::Fetch(FetchError::Refused { url, status }))
        }
    }
}

/// The file with its first `len` bytes, to be continued. Only now is the folder made: a server that
/// refuses leaves nothing.
fn open(path: &Path, len: u64) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(len)?;
    Ok(file)
}

enum Answer {
    /// The bytes `from` there on: 0 where the server knows no ranges.
    Bytes {
        from: u64,
        total: Option<u64>,
    },
    NothingLeft,
    /// What is there is more than the server has.
    StartOver,
    Refused,
}

/// RFC 9110, section 14.
fn answer(response: &Response, there: u64) -> Answer {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let range = header(CONTENT_RANGE).unwrap_or_default().trim_start_matches("bytes ");
    let (from, total) = range.split_once('/').unwrap_or_default();
    let total: Option<u64> = total.parse().ok();
    let from = from.split('-').next().and_then(|from| from.parse().ok());
    match response.status() {
        StatusCode::OK => {
            let total = header(CONTENT_LENGTH).and_then(|len| len.parse().ok());
            Answer::Bytes { from: 0, total }
        }
        StatusCode::PARTIAL_CONTENT if from == Some(there) => Answer::Bytes { from: there, total },
        StatusCode::RANGE_NOT_SATISFIABLE if total == Some(there) => Answer::NothingLeft,
        StatusCode::RANGE_NOT_SATISFIABLE if there > 0 => Answer::StartOver,
        _ => Answer::Refused,
    }
}

fn copy(
    response: Response,
    file: &mut File,
    path: &Path,
    from: u64,
    total: Option<u64>,
    on_bytes: &mut impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<Part, DataError> {
    let mut there = from;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(read) => read,
            Err(error) => {
                return Ok(Part::Broken { bytes: there - from, why: error.to_string() });
            }
        };
        if read == 0 {
            return Ok(match total {
                Some(total) if there < total => {
                    let why = format!("{there} of {total} bytes came");
                    Part::Broken { bytes: there - from, why }
                }
                _ => Part::Whole,
            });
        }
        file.write_all(&buffer[..read]).map_err(io_error(path))?;
        there += read as u64;
        if on_bytes(there, total).is_break() {
            return Ok(Part::Stopped);
        }
    }
}
