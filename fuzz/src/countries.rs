//! Any bytes as a table of countries, and behind a head and a checksum that hold: refused, or the same table when it is
//! written and read again; no look-up fails.

use enrich::CountryTable;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Takes the bytes for a file, and for what is packed in one.
pub fn check(bytes: &[u8]) {
    is_sound_or_refused(bytes);
    let (counts, body) = bytes.split_at(bytes.len().min(2));
    let count = |place: usize| counts.get(place).map_or(0, |byte| usize::from(*byte) % 24);
    is_sound_or_refused(&packed(count(0), count(1), body));
}

/// A file whose head and checksum hold.
fn packed(v4_ranges: usize, v6_ranges: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "gatelog countries 1\nas-of 2026-05-01T00:00:00Z\nsource made up\nranges {v4_ranges} {v6_ranges}\n"
    );
    let mut encoder = zstd::Encoder::new(head.clone().into_bytes(), 1).expect("an encoder");
    encoder.include_checksum(true).expect("a checksum");
    encoder.write_all(head.as_bytes()).expect("memory");
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

fn is_sound_or_refused(bytes: &[u8]) {
    let table = match CountryTable::from_bytes(bytes) {
        Ok(table) => table,
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 300 && !text.contains('\n'), "{text:?}");
            return;
        }
    };
    let again = table.to_bytes().expect("a table that was read can be written");
    assert_eq!(CountryTable::from_bytes(&again).as_ref(), Ok(&table));
    for number in [0, 1, 0x0a00_0000, 0x7f00_0001, u32::MAX] {
        let v6 = u128::from(number) << 96 | u128::from(number);
        for address in [IpAddr::V4(Ipv4Addr::from(number)), IpAddr::V6(Ipv6Addr::from(v6))] {
            let _ = table.country(address);
        }
    }
}
