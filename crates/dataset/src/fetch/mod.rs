//! Downloading data sets. An archive is downloaded, with a broken download continued where it
//! stopped, then unpacked and checked.

mod download;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{DataError, FetchError, io_error};
use crate::sources::ARCHIVE_FOLDER;

/// A gzipped tar archive on a server, and the files to take from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The address of the archive, with `http` or `https`.
    pub url: String,
    /// The folder in the archive that has the files. The folder that [`fetch`] makes has the same
    /// name.
    pub folder: String,
    /// The names of the files to take from that folder, each with its SHA-256 in lowercase
    /// hexadecimal.
    pub files: BTreeMap<String, String>,
}

/// The SHA-256 of each unpacked file.
const CIFAR10_FILES: [(&str, &str); 6] = [
    ("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
    ("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
    ("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
    ("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
    ("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
    ("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
];

impl Archive {
    /// The official binary version of CIFAR-10: a download of 170,052,171 bytes.
    pub fn cifar10() -> Self {
        Self {
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz".to_owned(),
            folder: ARCHIVE_FOLDER.to_owned(),
            files: CIFAR10_FILES.map(|(name, sum)| (name.to_owned(), sum.to_owned())).into(),
        }
    }

    /// The download, until it is unpacked.
    fn part(&self, out: &Path) -> PathBuf {
        out.join(format!("{}.tar.gz.part", self.folder))
    }
}

/// How a [`fetch`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The files were downloaded.
    Downloaded,
    /// The files were already there, and are intact.
    Present,
    /// `on_bytes` stopped the download. The next [`fetch`] continues where it stopped.
    Stopped,
}

/// Downloads the archive and unpacks its files to `out/FOLDER`. That folder appears only when every
/// file has the right checksum.
///
/// `on_bytes` is called with the number of bytes downloaded so far and with the size of the
/// archive, if the server says it. It may stop the download with `ControlFlow::Break`.
///
/// # Errors
/// - The server refuses the request, or three connections in a row bring nothing.
/// - The archive does not unpack, or has files with another content. It is then removed.
/// - A folder that is already there has files with another content.
/// - A file cannot be written.
pub fn fetch(
    archive: &Archive,
    out: &Path,
    on_bytes: impl FnMut(u64, Option<u64>) -> ControlFlow<()>,
) -> Result<Fetched, DataError> {
    let folder = out.join(&archive.folder);
    if folder.exists() {
        check(archive, &folder)?;
        return Ok(Fetched::Present);
    }
    let part = archive.part(out);
    if download::to_file(&archive.url, &part, on_bytes)?.is_break() {
        return Ok(Fetched::Stopped);
    }
    let unpacked = out.join(format!("{}.part", archive.folder));
    let result = unpack(archive, &part, &unpacked).and_then(|()| check(archive, &unpacked));
    if let Err(error) = result {
        _ = fs::remove_dir_all(&unpacked);
        // Otherwise every later attempt would continue from the same broken download.
        if !matches!(error, DataError::Io { .. }) {
            _ = fs::remove_file(&part);
        }
        return Err(error);
    }
    fs::rename(&unpacked, &folder).map_err(io_error(&folder))?;
    fs::remove_file(&part).map_err(io_error(&part))?;
    Ok(Fetched::Downloaded)
}

fn unpack(archive: &Archive, part: &Path, folder: &Path) -> Result<(), DataError> {
    let broken = |error: io::Error| {
        let (url, message) = (archive.url.clone(), error.to_string());
        DataError::Fetch(FetchError::Archive { url, message })
    };
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(io_error(folder))?;
    }
    fs::create_dir_all(folder).map_err(io_error(folder))?;
    let file = File::open(part).map_err(io_error(part))?;
    let mut tar = tar::Archive::new(GzDecoder::new(io::BufReader::new(file)));
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let wanted =
            archive.files.keys().find(|name| path.ends_with(Path::new(&archive.folder).join(name)));
        let Some(name) = wanted else { continue };
        // Reading and writing are separate so that a broken archive and a full disk are told apart.
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(broken)?;
        let to = folder.join(name);
        fs::write(&to, bytes).map_err(io_error(&to))?;
    }
    Ok(())
}

/// Fails for the first file that is missing or has another checksum.
fn check(archive: &Archive, folder: &Path) -> Result<(), DataError> {
    for (name, expected) in &archive.files {
        let path = folder.join(name);
        let found = match fs::read(&path) {
            Ok(bytes) => Some(hex(&Sha256::digest(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error(path)(error)),
        };
        if found.as_ref() != Some(expected) {
            let expected = expected.clone();
            return Err(DataError::Fetch(FetchError::Checksum { path, found, expected }));
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
