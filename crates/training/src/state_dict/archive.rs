//! Zip archives, read as Python's zipfile does: the central directory at the end counts, whatever
//! stands before the first member, and local headers say only where the data begin.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use flate2::read::DeflateDecoder;

/// A member of an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Number of bytes after decompression.
    pub(super) len: usize,
    data: Range<usize>,
    is_deflated: bool,
}

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// Length of the record at the end, without its comment.
const END_LEN: usize = 22;
/// Lengths of the fixed parts of headers.
const CENTRAL_LEN: usize = 46;
const LOCAL_LEN: usize = 30;
/// The id of the extra field with sizes and offsets of 64 bits.
const ZIP64: usize = 1;

const TRUNCATED: &str = "a zip archive without its end, perhaps an interrupted download";
const DAMAGED: &str = "a damaged zip archive";

/// The members of an archive, in the order of its directory.
///
/// # Errors
/// What was found instead of an archive.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<Member>, String> {
    let end = find_end(bytes).ok_or(TRUNCATED)?;
    let (mut len, mut start) =
        (number(bytes, end + 12, 4).ok_or(DAMAGED)?, number(bytes, end + 16, 4).ok_or(DAMAGED)?);
    let mut directory_end = end;
    if let Some(record) = zip64_end(bytes, end) {
        len = number(bytes, record + 40, 8).ok_or(DAMAGED)?;
        start = number(bytes, record + 48, 8).ok_or(DAMAGED)?;
        directory_end = record;
    }
    let mut at = directory_end.checked_sub(len).ok_or(DAMAGED)?;
    // Bytes before the archive, from which its offsets are counted.
    let before = at.checked_sub(start).ok_or(DAMAGED)?;
    let mut members = Vec::new();
    while at < directory_end {
        if bytes.get(at..at + 4) != Some(CENTRAL) {
            return Err(DAMAGED.to_owned());
        }
        let field = |offset: usize, len: usize| number(bytes, at + offset, len).ok_or(DAMAGED);
        let (name_len, extra_len, comment_len) = (field(28, 2)?, field(30, 2)?, field(32, 2)?);
        let name_at = at + CENTRAL_LEN;
        let name = bytes.get(name_at..name_at + name_len).ok_or(DAMAGED)?;
        let extra_at = name_at + name_len;
        let extra = bytes.get(extra_at..extra_at + extra_len).ok_or(DAMAGED)?;
        // In the order in which the extra field has those that do not fit 32 bits.
        let mut sizes = [field(24, 4)?, field(20, 4)?, field(42, 4)?];
        widen(&mut sizes, extra);
        let [len, stored, offset] = sizes;
        let name = String::from_utf8_lossy(name).into_owned();
        let is_deflated = match field(10, 2)? {
            0 => false,
            8 => true,
            method => return Err(format!("{name} compressed by method {method} of zip")),
        };
        if field(8, 2)? & 1 == 1 {
            return Err("an encrypted zip archive".to_owned());
        }
        let data =
            data(bytes, offset.checked_add(before).ok_or(DAMAGED)?, stored).ok_or(DAMAGED)?;
        if !is_deflated && stored != len {
            return Err(DAMAGED.to_owned());
        }
        members.push(Member { name, len, data, is_deflated });
        at = extra_at + extra_len + comment_len;
    }
    Ok(members)
}

impl Member {
    /// The bytes of the member.
    ///
    /// # Errors
    /// What is wrong with the compressed data.
    pub(super) fn read<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let data = &bytes[self.data.clone()];
        if !self.is_deflated {
            return Ok(Cow::Borrowed(data));
        }
        let mut inflated = Vec::new();
        // One byte more than there should be shows that the size in the directory is wrong.
        let limit = self.len as u64 + 1;
        let read = DeflateDecoder::new(data).take(limit).read_to_end(&mut inflated);
        match read {
            Ok(len) if len == self.len => Ok(Cow::Owned(inflated)),
            _ => Err(format!("{DAMAGED}: {} cannot be decompressed", self.name)),
        }
    }
}

/// The last record of the archive, which only a comment follows.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_LEN)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|&at| bytes[at..].starts_with(END))
}

/// The record with 64-bit fields, if there is one before the last record.
fn zip64_end(bytes: &[u8], end: usize) -> Option<usize> {
    let locator = end.checked_sub(20)?;
    // zipfile, too, takes the record from right before its locator.
    let record = locator.checked_sub(56)?;
    let is_there = bytes[locator..].starts_with(b"PK\x06\x07");
    (is_there && bytes[record..].starts_with(b"PK\x06\x06")).then_some(record)
}

/// Where the data of a member lie whose local header is at `header`.
fn data(bytes: &[u8], header: usize, len: usize) -> Option<Range<usize>> {
    if !bytes.get(header..)?.starts_with(LOCAL) {
        return None;
    }
    let name_len = number(bytes, header.checked_add(26)?, 2)?;
    let extra_len = number(bytes, header.checked_add(28)?, 2)?;
    let start = header.checked_add(LOCAL_LEN + name_len + extra_len)?;
    let end = start.checked_add(len)?;
    (end <= bytes.len()).then_some(start..end)
}

/// Replaces the sizes that do not fit 32 bits by those of the extra field.
fn widen(sizes: &mut [usize; 3], mut extra: &[u8]) {
    while let (Some(id), Some(len)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let field = extra.get(4..4 + len).unwrap_or_default();
        if id == ZIP64 {
            let missing = sizes.iter_mut().filter(|size| **size == u32::MAX as usize);
            for (index, size) in missing.enumerate() {
                *size = number(field, 8 * index, 8).unwrap_or(*size);
            }
        }
        extra = extra.get(4 + len..).unwrap_or_default();
    }
}

/// A little-endian number of at most 8 bytes.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let mut wide = [0; 8];
    wide[..len].copy_from_slice(bytes.get(at..at.checked_add(len)?)?);
    usize::try_from(u64::from_le_bytes(wide)).ok()
}
