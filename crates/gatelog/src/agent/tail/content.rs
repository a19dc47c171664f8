//! By what the content of a file is recognised: fingerprints of what was read of it.

use crate::agent::mark::{Digest, FINGERPRINT_BYTES, FileMark, digest};
use crate::agent::platform;
use server::inputs::decoding::Encoding;
use std::fs::File;
use std::io;

/// Less than this is no record, and may be alike in files that have nothing to do with each other.
pub(super) const TELLING_BYTES: u64 = 8;

/// Whether a file is packed with gzip or zstd.
pub(super) fn is_packed(handle: &File) -> bool {
    let mut start = [0; 4];
    let read = platform::read_at(handle, &mut start, 0).unwrap_or(0);
    Encoding::by_magic(&start[..read]) != Encoding::Identity
}

/// The fingerprint of the bytes before an offset, or of the first ones.
pub(super) fn fingerprint(handle: &File, from: u64, length: u64) -> io::Result<Option<Digest>> {
    if length == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; length as usize];
    let read = platform::read_at(handle, &mut bytes, from)?;
    Ok((read == bytes.len()).then(|| digest(&bytes)))
}

/// Whether what was read of a file, and what was seen of its beginning, is still in it.
pub(super) fn is_same(handle: &File, mark: &FileMark) -> bool {
    let matches = |from: u64, length: u64, expected: Option<Digest>| {
        length == 0 || fingerprint(handle, from, length).is_ok_and(|found| found == expected)
    };
    let window = mark.window_length();
    matches(0, mark.head_length, mark.head) && matches(mark.offset - window, window, mark.window)
}

/// Moves a mark on to a place in the file as it is.
pub(super) fn read_to(handle: &File, mark: &mut FileMark, offset: u64) {
    mark.offset = offset;
    let window = mark.window_length();
    if mark.head_length < FINGERPRINT_BYTES {
        let size = handle.metadata().map_or(0, |metadata| metadata.len());
        mark.head_length = size.min(FINGERPRINT_BYTES);
        mark.head = fingerprint(handle, 0, mark.head_length).unwrap_or(None);
    }
    // A fingerprint that cannot be made reads as another file's later: from the start, which loses nothing.
    mark.window = fingerprint(handle, offset - window, window).unwrap_or(None);
}

/// Of which files another one is a copy.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// Their keys.
    pub(super) keys: Vec<i64>,
    /// The one of which most was read.
    pub(super) longest: Option<FileMark>,
    /// How long the copy is, unpacked.
    pub(super) length: u64,
}

/// Of the files that are known, those of which all that was read is in this file, from its beginning.
pub(super) fn copied<'a>(handle: &File, size: u64, known: impl Iterator<Item = &'a FileMark>) -> Copied {
    let mut copied = Copied {
        length: size,
        ..Copied::default()
    };
    for mark in known.filter(|mark| is_telling(mark)) {
        if mark.offset > size || !is_same(handle, mark) {
            continue;
        }
        copied.keys.push(mark.key);
        let is_longer = copied
            .longest
            .as_ref()
            .is_none_or(|longest| mark.offset > longest.offset);
        if is_longer {
            copied.longest = Some(mark.clone());
        }
    }
    copied
}

/// Whether enough was seen of a file to recognise it elsewhere.
pub(super) fn is_telling(mark: &FileMark) -> bool {
    let has_window = mark.window_length() == 0 || mark.window.is_some();
    mark.head_length >= TELLING_BYTES && mark.head.is_some() && has_window && !mark.skipping
}
