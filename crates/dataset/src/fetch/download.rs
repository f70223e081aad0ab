//! A file over HTTP, in as many parts as the connection breaks into.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
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
                    let (url, path) = (url.to_owned(), path.to_path_buf());
                    return Err(FetchError::Connection { url, message: why, path }.into());
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
    let mut file =
        OpenOptions::new().create(true).append(true).open(path).map_err(io_error(path))?;
    let mut there = file.metadata().map_err(io_error(path))?.len();
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
    let total = match answer(&response, there) {
        Answer::Rest { total } => total,
        Answer::Whole { total } => {
            file.set_len(0).map_err(io_error(path))?;
            there = 0;
            total
        }
        Answer::NothingLeft => return Ok(Part::Whole),
        Answer::StartOver => {
            file.set_len(0).map_err(io_error(path))?;
            return Ok(Part::Broken { bytes: 0, why: "the file has become shorter".to_owned() });
        }
        Answer::Refused => {
            let (url, status) = (response.get_uri().to_string(), response.status().to_string());
            return Err(FetchError::Refused { url, status }.into());
        }
    };
    let bytes = copy(response, &mut file, path, there, total, on_bytes)?;
    Ok(bytes)
}

enum Answer {
    /// The bytes after those that are there.
    Rest {
        total: Option<u64>,
    },
    /// All bytes, those that are there among them.
    Whole {
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
            Answer::Whole { total: header(CONTENT_LENGTH).and_then(|len| len.parse().ok()) }
        }
        StatusCode::PARTIAL_CONTENT if from == Some(there) => Answer::Rest { total },
        StatusCode::RANGE_NOT_SATISFIABLE if total == Some(there) => Answer::NothingLeft,
        StatusCode::RANGE_NOT_SATISFIABLE if there > 0 => Answer::StartOver,
        _ => Answer::Refused,
    }
}

fn copy(
    response: Response,
    file: &mut File,
    path: &Path,
    mut there: u64,
    total: Option<u64>,
    on_bytes: &mut impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<Part, DataError> {
    let before = there;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(read) => read,
            Err(error) => {
                return Ok(Part::Broken { bytes: there - before, why: error.to_string() });
            }
        };
        file.write_all(&buffer[..read]).map_err(io_error(path))?;
        there += read as u64;
        if on_bytes(there, total).is_break() {
            return Ok(Part::Stopped);
        }
        if read == 0 {
            return Ok(match total {
                Some(total) if there < total => {
                    let why = format!("{there} of {total} bytes came");
                    Part::Broken { bytes: there - before, why }
                }
                _ => Part::Whole,
            });
        }
    }
}
