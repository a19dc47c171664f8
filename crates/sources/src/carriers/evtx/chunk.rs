//! One chunk of an event log: whether its checksums hold, and its records.

use super::binxml::BinaryXml;
use crate::windows::tree::Element;

/// Bytes of every chunk.
pub(super) const CHUNK_BYTES: usize = 65_536;

const MAGIC: &[u8] = b"ElfChnk\0";
const HEADER_BYTES: usize = 512;
/// The record behind the last one begins here.
const FREE_SPACE_AT: usize = 48;
const RECORDS_CHECKSUM_AT: usize = 52;
const FLAGS_AT: usize = 120;
const CHECKSUM_AT: usize = 124;
/// Set where nobody computed checksums.
const WITHOUT_CHECKSUMS: u32 = 4;

const RECORD_MAGIC: u32 = 0x0000_2A2A;
/// Magic, size, number and time before the record's XML; the size once more behind it.
const RECORD_HEADER_BYTES: usize = 24;
const RECORD_END_BYTES: usize = 4;

/// What is believed of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is as it was written if its checksums hold, and is refused if they do not.
    Checksums,
    /// Its checksums may be behind: Windows was writing to it. Each record is judged by itself.
    Records,
}

/// What was found in a chunk.
pub(super) enum Found {
    Record { offset: usize, element: Element },
    Fault { offset: usize, reason: String },
}

/// The records of a chunk, and what is wrong with it.
pub(super) fn records(chunk: &[u8], trust: Trust) -> Vec<Found> {
    // A chunk that was never used.
    if chunk.iter().all(|byte| *byte == 0) {
        return Vec::new();
    }
    if let Some(reason) = fault(chunk, trust) {
        return vec![Found::Fault { offset: 0, reason }];
    }
    let end = match trust {
        Trust::Checksums => four_bytes(chunk, FREE_SPACE_AT) as usize,
        Trust::Records => chunk.len(),
    };
    let mut found = Vec::new();
    let mut xml = BinaryXml::new(chunk);
    let mut at = HEADER_BYTES;
    while at + RECORD_HEADER_BYTES + RECORD_END_BYTES <= end {
        if four_bytes(chunk, at) != RECORD_MAGIC {
            if trust == Trust::Checksums {
                found.push(Found::Fault {
                    offset: at,
                    reason: format!(
                        "no record begins at byte {at}, where one should; what follows is not read"
                    ),
                });
            }
            break;
        }
        let size = four_bytes(chunk, at + 4) as usize;
        let is_whole = size >= RECORD_HEADER_BYTES + RECORD_END_BYTES
            && size <= end - at
            && four_bytes(chunk, at + size - RECORD_END_BYTES) as usize == size;
        if !is_whole {
            found.push(Found::Fault {
                offset: at,
                reason: format!("the record at byte {at} has no end; what follows is not read"),
            });
            break;
        }
        let start = at + RECORD_HEADER_BYTES;
        found.push(match xml.record(start, at + size - RECORD_END_BYTES) {
            Ok(element) => Found::Record { offset: at, element },
            Err(fault) => Found::Fault {
                offset: at,
                reason: format!("the record at byte {at} cannot be read: {fault}"),
            },
        });
        at += size;
    }
    found
}

/// What keeps a chunk from being read.
fn fault(chunk: &[u8], trust: Trust) -> Option<String> {
    if !chunk.starts_with(MAGIC) {
        return Some("it does not begin as a chunk does: it is damaged".to_owned());
    }
    if trust == Trust::Records || four_bytes(chunk, FLAGS_AT) & WITHOUT_CHECKSUMS != 0 {
        let end = four_bytes(chunk, FREE_SPACE_AT) as usize;
        let is_sound = trust == Trust::Records || (HEADER_BYTES..=chunk.len()).contains(&end);
        return (!is_sound).then(|| "its records end where no chunk does: it is damaged".to_owned());
    }
    let header = checksum(&[&chunk[..FLAGS_AT], &chunk[CHECKSUM_AT + 4..HEADER_BYTES]]);
    if header != four_bytes(chunk, CHECKSUM_AT) {
        return Some("the checksum of its header does not hold: it is damaged".to_owned());
    }
    let end = four_bytes(chunk, FREE_SPACE_AT) as usize;
    let Some(records) = chunk.get(HEADER_BYTES..end) else {
        return Some("its records end where no chunk does: it is damaged".to_owned());
    };
    if checksum(&[records]) != four_bytes(chunk, RECORDS_CHECKSUM_AT) {
        return Some("the checksum of its records does not hold: it is damaged".to_owned());
    }
    None
}

fn four_bytes(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_le_bytes)
}

/// CRC-32 (IEEE 802.3) of parts that follow one another.
fn checksum(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    !bytes.fold(u32::MAX, |checksum, byte| {
        checksum >> 8 ^ TABLE[usize::from(checksum as u8 ^ byte)]
    })
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut number = 0;
    while number < table.len() {
        let mut checksum = number as u32;
        let mut bit = 0;
        while bit < 8 {
            checksum = if checksum & 1 == 1 {
                checksum >> 1 ^ 0xEDB8_8320
            } else {
                checksum >> 1
            };
            bit += 1;
        }
        table[number] = checksum;
        number += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_common_one() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(checksum(&[b"1234", b"56789"]), 0xCBF4_3926);
        assert_eq!(checksum(&[]), 0);
    }
}
