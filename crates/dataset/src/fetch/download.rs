//! Downloading a file over HTTP. A connection that breaks is followed by another, which continues.

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

/// After so many connections in a row that bring nothing, the download is given up.
const MAX_FRUITLESS: u32 = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// For the headers of the answer.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
const BUFFER_BYTES: usize = 1 << 16;

type Response = ureq::http::Response<Body>;

/// What one connection brought.
enum Part {
    Whole,
    Stopped,
    /// The connection broke after so many bytes.
    Broken {
        bytes: u64,
        why: String,
    },
}

/// Appends what is missing to the file at `path`. The result is a break if `on_bytes` stopped it.
pub(super) fn to_file(
    url: &str,
    path: &Path,
    mut on_bytes: impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, DataError> {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .http_status_as_error(false);
    let agent: Agent = config.build().into();
    let mut fruitless = 0;
    loop {
        match part(&agent, url, path, &mut on_bytes)? {
            Part::Whole => return Ok(ControlFlow::Continue(())),
            Part::Stopped => return Ok(ControlFlow::Break(())),
            Part::Broken { bytes, why } => {
                fruitless = if bytes > 0 { 0 } else { fruitless + 1 };
                if fruitless == MAX_FRUITLESS {
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
            Ok(Part::Broken {
                bytes: 0,
                why: "the file on the server has become shorter".to_owned(),
            })
        }
        Answer::Refused => {
            let (url, status) = (response.get_uri().to_string(), response.status().to_string());
            Err(DataError::Fetch(FetchError::Refused { url, status }))
        }
    }
}

/// Opens the file for appending after its first `len` bytes. Its folder is made here and not
/// earlier, so that a server that refuses leaves nothing behind.
fn open(path: &Path, len: u64) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(len)?;
    Ok(file)
}

enum Answer {
    /// The bytes of the file from `from` on, which is 0 if the server does not support ranges.
    Bytes {
        from: u64,
        total: Option<u64>,
    },
    NothingLeft,
    /// The local file is longer than the server's.
    StartOver,
    Refused,
}

/// What an answer to a range request means (RFC 9110, section 14), with `there` bytes in the local
/// file.
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
                    let why = format!("only {there} of {total} bytes arrived");
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
