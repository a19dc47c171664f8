//! The table as a file: four lines for people, then the ranges, compressed.
//!
//! ```text
//! gatelog countries 1
//! as-of 2026-06-17T20:31:40Z
//! source …
//! ranges 334281 216282
//! (a zstd frame with a checksum)
//! ```
//!
//! In the frame: the head again, so that its checksum covers it, too; the number of countries and their letters; then
//! IPv4, then IPv6, each as the starts of its ranges (the distance from the one before, seven bits a byte, the lowest
//! first, the highest bit set on all but the last) and a byte for each range that tells whose it is.

use super::{CountryTable, Ranges, TableError};

/// The first line.
pub(super) const MAGIC: &[u8] = b"gatelog countries ";
/// What the file's own word for where the data are from may be long.
pub(super) const MAX_SOURCE_CHARACTERS: usize = 200;
/// The most that zstd can do; it takes a second or two, once.
const LEVEL: i32 = 19;

pub(super) fn pack(table: &CountryTable) -> Result<Vec<u8>, TableError> {
    let head = head(table);
    let mut body = head.clone().into_bytes();
    put_number(&mut body, table.codes.len() as u128);
    for code in &table.codes {
        body.extend_from_slice(code.as_str().as_bytes());
    }
    put_ranges(&mut body, &table.v4);
    put_ranges(&mut body, &table.v6);

    let compression = |error: std::io::Error| TableError::Compression(error.to_string());
    let mut encoder = zstd::Encoder::new(head.into_bytes(), LEVEL).map_err(compression)?;
    encoder.include_checksum(true).map_err(compression)?;
    encoder
        .set_pledged_src_size(Some(body.len() as u64))
        .map_err(compression)?;
    std::io::Write::write_all(&mut encoder, &body).map_err(compression)?;
    encoder.finish().map_err(compression)
}

fn head(table: &CountryTable) -> String {
    format!(
        "gatelog countries 1\nas-of {}\nsource {}\nranges {} {}\n",
        table.as_of,
        table.source,
        table.v4.starts.len(),
        table.v6.starts.len()
    )
}

fn put_ranges<A: Copy + Into<u128>>(body: &mut Vec<u8>, ranges: &Ranges<A>) {
    let mut before = 0;
    for start in &ranges.starts {
        let start = (*start).into();
        put_number(body, start - before);
        before = start;
    }
    body.extend_from_slice(&ranges.owners);
}

fn put_number(body: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        body.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    body.push(number as u8);
}
