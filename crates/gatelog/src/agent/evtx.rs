//! Event logs of Windows (EVTX), sent by the chunk: a file's header, and those of its chunks that are new or changed.
//!
//! A file is a header block of 4 KiB and chunks of 64 KiB, each with a header of its own that has the numbers and checksums of its
//! records (as the libyal project describes the format). A chunk whose header was sent once is known, in whichever file it
//! stands, so renames and archived logs cost nothing. An event's identity is its record number: a chunk that comes again with more
//! records in it brings the more.

use super::mark::{Digest, digest};
use super::spool::Part;
use crate::platform;
use std::fs::File;
use std::io;

const HEADER_BYTES: usize = 4_096;
const CHUNK_BYTES: usize = 65_536;
const CHUNK_HEADER_BYTES: usize = 512;
/// So many chunks make a piece.
pub(crate) const CHUNKS_A_PIECE: usize = 8;

/// A chunk of a file.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) digest: Digest,
    pub(crate) records: u64,
    number: u64,
    header: Vec<u8>,
}

/// The header block of a file; `None` if it is none of an event log.
pub(crate) fn header(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut header = vec![0; HEADER_BYTES];
    let read = platform::read_at(file, &mut header, 0)?;
    Ok((read == HEADER_BYTES && is_header(&header)).then_some(header))
}

/// The chunks that have something in them.
pub(crate) fn chunks(file: &File, size: u64) -> io::Result<Vec<Chunk>> {
    let mut found = Vec::new();
    let count = size.saturating_sub(HEADER_BYTES as u64) / CHUNK_BYTES as u64;
    for number in 0..count {
        let mut header = vec![0; CHUNK_HEADER_BYTES];
        let read = platform::read_at(file, &mut header, place(number))?;
        if read < CHUNK_HEADER_BYTES || !header.starts_with(b"ElfChnk\0") {
            continue;
        }
        let (first, last) = (number_at(&header, 8), number_at(&header, 16));
        found.push(Chunk {
            digest: digest(&header),
            records: last
                .saturating_sub(first)
                .saturating_add(1)
                .min(CHUNK_BYTES as u64),
            number,
            header,
        });
    }
    Ok(found)
}

/// The content of a chunk; `None` if it changed since its header was read, so that it is looked at again.
pub(crate) fn content(file: &File, chunk: &Chunk) -> io::Result<Option<Vec<u8>>> {
    let mut content = vec![0; CHUNK_BYTES];
    let read = platform::read_at(file, &mut content, place(chunk.number))?;
    Ok((read == CHUNK_BYTES && content.starts_with(&chunk.header)).then_some(content))
}

/// A file of some of a file's chunks: its header says how many.
pub(crate) fn document(header: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut document = header.to_vec();
    let count = chunks.len() as u64;
    document[8..16].copy_from_slice(&0u64.to_le_bytes());
    document[16..24].copy_from_slice(&count.saturating_sub(1).to_le_bytes());
    document[42..44].copy_from_slice(&(count as u16).to_le_bytes());
    // Neither dirty nor full: it is whole as it is.
    document[120..124].fill(0);
    let checksum = crc32(&document[..120]);
    document[124..128].copy_from_slice(&checksum.to_le_bytes());
    for chunk in chunks {
        document.extend_from_slice(chunk);
    }
    document
}

/// Two halves of a piece of chunks; `None` if it is one chunk, or none of an event log.
pub(crate) fn halves(body: &[u8]) -> Option<[Part; 2]> {
    let bytes = super::lines::unpack(body).ok()?;
    if !is_header(&bytes) {
        return None;
    }
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let chunks: Vec<Vec<u8>> = rest.chunks_exact(CHUNK_BYTES).map(<[u8]>::to_vec).collect();
    if chunks.len() < 2 {
        return None;
    }
    let (left, right) = chunks.split_at(chunks.len() / 2);
    let part = |chunks: &[Vec<u8>]| {
        let records = chunks.iter().map(|chunk| {
            let (first, last) = (number_at(chunk, 8), number_at(chunk, 16));
            last.saturating_sub(first)
                .saturating_add(1)
                .min(CHUNK_BYTES as u64)
        });
        Some(Part {
            records: records.sum(),
            body: super::lines::pack(&document(header, chunks)).ok()?,
        })
    };
    Some([part(left)?, part(right)?])
}

fn is_header(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ElfFile\0")
}

fn place(number: u64) -> u64 {
    HEADER_BYTES as u64 + number * CHUNK_BYTES as u64
}

fn number_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

/// CRC-32 of ISO 3309, as zip and gzip have it. Of 120 bytes, so no table is worth its room.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = 0u32.wrapping_sub(crc & 1);
            crc = (crc >> 1) ^ (0xEDB8_8320 & mask);
        }
    }
    !crc
}

#[cfg(test)]
pub(crate) mod made {
    //! Event logs as they look from outside, for tests.

    use super::{CHUNK_BYTES, HEADER_BYTES};

    /// A chunk with records of these numbers.
    pub(crate) fn chunk(first: u64, last: u64) -> Vec<u8> {
        let mut chunk = vec![0; CHUNK_BYTES];
        chunk[..8].copy_from_slice(b"ElfChnk\0");
        chunk[8..16].copy_from_slice(&first.to_le_bytes());
        chunk[16..24].copy_from_slice(&last.to_le_bytes());
        chunk
    }

    /// A file of chunks; an empty one is a chunk that nothing was written to.
    pub(crate) fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut file = vec![0; HEADER_BYTES];
        file[..8].copy_from_slice(b"ElfFile\0");
        for chunk in chunks {
            let mut whole = chunk.clone();
            whole.resize(CHUNK_BYTES, 0);
            file.extend_from_slice(&whole);
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_zip() {
        // `printf 123456789 | gzip -c | tail -c8 | head -c4 | xxd -e`
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_document_says_how_many_chunks_it_has() {
        let file = made::file(&[made::chunk(1, 5), made::chunk(6, 9)]);
        let chunks: Vec<Vec<u8>> = file[HEADER_BYTES..]
            .chunks(CHUNK_BYTES)
            .map(<[u8]>::to_vec)
            .collect();
        let document = document(&file[..HEADER_BYTES], &chunks[1..]);
        assert_eq!(document.len(), HEADER_BYTES + CHUNK_BYTES);
        assert_eq!(document[42..44], [1, 0]);
        assert_eq!(document[124..128], crc32(&document[..120]).to_le_bytes());
    }

    #[test]
    fn a_piece_is_halved_between_chunks() {
        let file = made::file(&[made::chunk(1, 5), made::chunk(6, 9), made::chunk(10, 10)]);
        let [left, right] = halves(&super::super::lines::pack(&file).unwrap()).unwrap();
        assert_eq!((left.records, right.records), (5, 5));
        assert!(halves(&left.body).is_none());
        assert!(halves(&super::super::lines::pack(b"<Events/>").unwrap()).is_none());
    }
}
