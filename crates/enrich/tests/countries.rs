//! The table of countries against another reader of the file that it was made of, and against damage.

#![allow(clippy::unwrap_used)] // Helpers of tests.

use enrich::{CountryTable, CountryTableBuilder, TableError};
use model::time::Timestamp;
use model::whereabouts::Country;
use proptest::prelude::*;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Written by `data/expected.py` with the `maxminddb` package for Python.
const EXPECTED: &str = include_str!("data/countries.csv");

fn country(text: &str) -> Country {
    Country::parse(text).unwrap()
}

#[test]
fn the_embedded_table_knows_what_the_file_says() {
    let table = CountryTable::embedded().unwrap();
    let mut compared = 0;
    for line in EXPECTED.lines() {
        let (address, expected) = line.split_once(',').unwrap();
        let found = table.country(address.parse().unwrap());
        assert_eq!(found, Country::parse(expected), "{address}");
        compared += 1;
    }
    assert_eq!(compared, 6_755);
}

/// The date is the file's own (`maxminddb` for Python: build_epoch 1781725900).
#[test]
fn the_embedded_table_tells_its_date_and_where_it_is_from() {
    let table = CountryTable::embedded().unwrap();
    assert_eq!(table.as_of().to_string(), "2026-06-17T19:51:40Z");
    assert!(table.source().contains("CC0-1.0") && table.source().contains("nro.net"));
    assert_eq!(table.countries(), 251);
}

fn small() -> CountryTable {
    let mut builder =
        CountryTableBuilder::new(Timestamp::from_unix_seconds(1_767_225_600), "made up\nfor tests");
    let mut add = |first: &str, last: &str, code: &str| {
        let added = builder.push(first.parse().unwrap(), last.parse().unwrap(), country(code));
        added.unwrap();
    };
    add("0.0.0.0", "0.255.255.255", "AA");
    add("203.0.113.0", "203.0.113.127", "DE");
    add("203.0.113.128", "203.0.113.255", "DE");
    add("203.0.114.0", "203.0.114.0", "FR");
    add("255.0.0.0", "255.255.255.255", "ZA");
    add("2001:db8::", "2001:db8::ffff", "IS");
    add("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "NZ");
    builder.finish()
}

#[test]
fn a_range_reaches_from_its_first_address_to_its_last() {
    let table = small();
    // AA, nobody, DE (two that adjoin are one), FR, nobody, ZA; IS, nobody, NZ.
    assert_eq!(table.len(), 9);
    for (address, expected) in [
        ("0.0.0.0", Some("AA")),
        ("0.255.255.255", Some("AA")),
        ("1.0.0.0", None),
        ("203.0.112.255", None),
        ("203.0.113.0", Some("DE")),
        ("203.0.113.255", Some("DE")),
        ("203.0.114.0", Some("FR")),
        ("203.0.114.1", None),
        ("254.255.255.255", None),
        ("255.255.255.255", Some("ZA")),
        ("::", None),
        ("2001:db8::", Some("IS")),
        ("2001:db8::ffff", Some("IS")),
        ("2001:db8::1:0", None),
        ("ffff::", Some("NZ")),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("NZ")),
    ] {
        let found = table.country(address.parse().unwrap());
        assert_eq!(found, expected.map(country), "{address}");
    }
}

#[test]
fn ranges_have_to_ascend() {
    let mut builder = CountryTableBuilder::new(Timestamp::MIN, "");
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    builder
        .push(address("203.0.113.0"), address("203.0.113.9"), country("DE"))
        .unwrap();
    for (first, last) in [
        ("203.0.113.9", "203.0.113.20"),
        ("203.0.112.0", "203.0.112.1"),
        ("203.0.113.12", "203.0.113.11"),
        ("203.0.113.12", "2001:db8::"),
    ] {
        let added = builder.push(address(first), address(last), country("FR"));
        assert_eq!(added, Err(TableError::OutOfOrder), "{first} to {last}");
    }
}

#[test]
fn a_file_is_the_table_again() {
    let table = small();
    let bytes = table.to_bytes().unwrap();
    assert_eq!(bytes, table.to_bytes().unwrap());
    assert!(CountryTable::is_one(&bytes));
    let again = CountryTable::from_bytes(&bytes).unwrap();
    assert_eq!(again, table);
    assert_eq!(again.source(), "made up for tests");
    let head = "gatelog countries 1\nas-of 2026-01-01T00:00:00Z\nsource made up for tests\nranges 6 3\n";
    assert!(bytes.starts_with(head.as_bytes()));
}

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let bytes = small().to_bytes().unwrap();
    for place in 0..bytes.len() {
        assert!(
            CountryTable::from_bytes(&bytes[..place]).is_err(),
            "cut at {place}"
        );
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            let read = CountryTable::from_bytes(&damaged);
            // A few bits of the frame's own head say nothing; then the table is the same.
            assert!(read.is_err() || read == Ok(small()), "bit {bit} of byte {place}");
        }
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(CountryTable::from_bytes(&longer).is_err());
}

#[test]
fn an_error_says_what_is_wrong() {
    let check = |bytes: &[u8], expected: &str| {
        let error = CountryTable::from_bytes(bytes).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(b"", "it is no table of countries");
    check(b"<html>", "it is no table of countries");
    check(
        b"gatelog countries 2\n",
        "it is a table of countries of version 2",
    );
    check(
        b"gatelog countries 1\nas-of yesterday\n",
        "line 2 of the head is not `as-of",
    );
    check(
        b"gatelog countries 1\nas-of 2026-01-01\nranges",
        "line 3 of the head is not `source",
    );
    let head = "gatelog countries 1\nas-of 2026-01-01\nsource x\n";
    check(format!("{head}ranges 1\n").as_bytes(), "line 4 of the head");
    check(
        format!("{head}ranges 99999999999 1\n").as_bytes(),
        "it has more than 6000000 ranges",
    );
    check(format!("{head}ranges 1 1\n").as_bytes(), "the data are damaged");
}

/// What unpacks to gigabytes is left off in time: 200 MB of zeros make a file of a few kilobytes.
#[test]
fn a_file_that_unpacks_to_too_much_is_refused() {
    let mut bytes = b"gatelog countries 1\nas-of 2026-01-01\nsource x\nranges 1 1\n".to_vec();
    bytes.extend(zstd::encode_all(std::io::repeat(0).take(200 << 20), 1).unwrap());
    let error = CountryTable::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, TableError::TooMuch { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any ranges, against a plain search through all of them.
    #[test]
    fn every_address_has_the_country_of_its_range(
        cuts in proptest::collection::btree_map(any::<u32>(), (any::<u16>(), 0..5_usize), 0..40),
        more in proptest::collection::vec(any::<u32>(), 20),
    ) {
        let codes = ["DE", "FR", "IS", "PT", "NZ"];
        let starts: Vec<u32> = cuts.keys().copied().collect();
        let mut builder = CountryTableBuilder::new(Timestamp::MIN, "x");
        let mut ranges = Vec::new();
        for (place, (start, (length, code))) in cuts.iter().enumerate() {
            let next = starts.get(place + 1).copied().unwrap_or(u32::MAX);
            let last = start.saturating_add(u32::from(*length)).min(next.saturating_sub(1)).max(*start);
            let v6 = |number: u32| IpAddr::V6(Ipv6Addr::from_bits(u128::from(number) << 90));
            ranges.push((*start, last, codes[*code]));
            builder.push(Ipv4Addr::from_bits(*start).into(), Ipv4Addr::from_bits(last).into(), country(codes[*code])).unwrap();
            builder.push(v6(*start), v6(last), country(codes[*code])).unwrap();
        }
        let table = builder.finish();
        let again = CountryTable::from_bytes(&table.to_bytes().unwrap()).unwrap();
        prop_assert_eq!(&again, &table);
        let edges = ranges.iter().flat_map(|(start, last, _)| [*start, *last, start.wrapping_sub(1), last.wrapping_add(1)]);
        for address in edges.chain(more) {
            let expected = ranges.iter().find(|(start, last, _)| (*start..=*last).contains(&address));
            let expected = expected.map(|(_, _, code)| country(code));
            prop_assert_eq!(again.country(Ipv4Addr::from_bits(address).into()), expected);
        }
        for (start, _, code) in &ranges {
            let address = Ipv6Addr::from_bits(u128::from(*start) << 90);
            prop_assert_eq!(again.country(address.into()), Some(country(code)));
        }
    }
}
