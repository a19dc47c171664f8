//! By what the content of a file is recognised: fingerprints of what was read of it.

use crate::agent::mark::{Digest, FINGERPRINT_BYTES, FileMark, digest};
use crate::platform;
use edge::decoding::Encoding;
use std::collections::{BTreeMap, HashMap};
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
    #[cfg(test)]
    counted(|counted| counted.compared += 1);
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

/// Known files by their first bytes, so that a new one is compared with those alone that begin as it does.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// By how many bytes are known, and by their fingerprint: places in the list of files.
    places: BTreeMap<u64, HashMap<Digest, Vec<usize>>>,
}

impl Heads {
    /// Notes a file of which enough was seen to recognise it.
    pub(super) fn note(&mut self, place: usize, mark: &FileMark) {
        if let Some(head) = mark.head.filter(|_| is_telling(mark)) {
            let of_length = self.places.entry(mark.head_length).or_default();
            of_length.entry(head).or_default().push(place);
        }
    }

    /// The places of those that begin as a file does.
    pub(super) fn alike(&self, handle: &File) -> io::Result<Vec<usize>> {
        let mut start = vec![0; FINGERPRINT_BYTES as usize];
        let read = platform::read_at(handle, &mut start, 0)?;
        let mut alike = Vec::new();
        for (length, heads) in &self.places {
            let Some(head) = start[..read].get(..*length as usize) else {
                break;
            };
            alike.extend(heads.get(&digest(head)).into_iter().flatten());
        }
        // In the order of the list, as if each had been compared.
        alike.sort_unstable();
        Ok(alike)
    }
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

/// What was done, for tests: each has a thread of its own.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Files that were compared with a known one.
    pub(super) compared: u64,
    /// Packed files that were unpacked as a whole.
    pub(super) surveys: u64,
}

#[cfg(test)]
thread_local! {
    static COUNTED: std::cell::Cell<Counted> = const { std::cell::Cell::new(Counted { compared: 0, surveys: 0 }) };
}

/// Changes what was counted on this thread; answers what it was before.
#[cfg(test)]
pub(super) fn counted(change: impl FnOnce(&mut Counted)) -> Counted {
    let before = COUNTED.get();
    let mut counted = before;
    change(&mut counted);
    COUNTED.set(counted);
    before
}
