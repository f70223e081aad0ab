//! Files in the idx format of MNIST, also gzipped.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{DataError, io_error};

/// An idx file of bytes begins with this number plus the number of its dimensions.
const MAGIC: usize = 0x0800;
const GZIP: &[u8] = b"\x1f\x8b";

/// The dimensions of an idx file, and the bytes after them.
pub(super) fn read<const DIMS: usize>(path: &Path) -> Result<([usize; DIMS], Vec<u8>), DataError> {
    let mut bytes = fs::read(path).map_err(io_error(path))?;
    // Browsers unpack some downloads without changing the name, so the name does not tell.
    if bytes.starts_with(GZIP) {
        bytes = unpacked(path, &bytes)?;
    }
    let big_endian = |index: usize| {
        let bytes = bytes.get(4 * index..4 * index + 4).unwrap_or_default();
        bytes.iter().fold(0, |value, &byte| value << 8 | usize::from(byte))
    };
    if big_endian(0) != MAGIC + DIMS {
        let found = format!("{:#010x} at its start", big_endian(0));
        return Err(DataError::content(path, found, format!("{:#010x}", MAGIC + DIMS)));
    }
    let dims: [usize; DIMS] = std::array::from_fn(|dim| big_endian(dim + 1));
    let header_bytes = 4 * (1 + DIMS);
    let data_bytes = dims.iter().try_fold(1, |len: usize, &dim| len.checked_mul(dim));
    if data_bytes != bytes.len().checked_sub(header_bytes) {
        let found = format!("{} bytes", bytes.len());
        let expected =
            format!("{header_bytes} bytes of header and a byte for each element of {dims:?}");
        return Err(DataError::content(path, found, expected));
    }
    bytes.drain(..header_bytes);
    Ok((dims, bytes))
}

fn unpacked(path: &Path, packed: &[u8]) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    match MultiGzDecoder::new(packed).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let found = format!("gzipped data that does not unpack ({error})");
            Err(DataError::content(path, found, "the whole file"))
        }
    }
}
