//! Files in MaxMind's format, in the shapes of several makers; `data/make.py` writes them with another library.

#![allow(clippy::unwrap_used)] // Helpers of tests.

use enrich::{CITY_RADIUS_KM, CountryTable, Database, Enrichment, MaxAges, Parts, REGION_RADIUS_KM};
use model::time::Timestamp;
use model::whereabouts::Whereabouts;
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};

const NESTED: &[u8] = include_bytes!("data/nested-city.mmdb");
const FLAT_V4: &[u8] = include_bytes!("data/flat-city-ipv4.mmdb");
const FLAT_V6: &[u8] = include_bytes!("data/flat-city-ipv6.mmdb");
const ASN: &[u8] = include_bytes!("data/asn.mmdb");
const IPINFO: &[u8] = include_bytes!("data/ipinfo.mmdb");

fn countries() -> Arc<CountryTable> {
    static TABLE: OnceLock<Arc<CountryTable>> = OnceLock::new();
    Arc::clone(TABLE.get_or_init(|| Arc::new(CountryTable::embedded().unwrap())))
}

fn with(files: &[&[u8]]) -> Enrichment {
    Enrichment::new(Parts {
        countries: countries(),
        databases: files
            .iter()
            .map(|bytes| Arc::new(Database::open("a.mmdb", bytes.to_vec()).unwrap()))
            .collect(),
        lists: Vec::new(),
        max_ages: MaxAges::default(),
    })
}

fn told(found: &Whereabouts) -> String {
    let place = found.place_name().unwrap_or_default();
    let spot = found.spot.as_ref().map_or(String::new(), |spot| {
        let region = spot.region.as_deref().unwrap_or("-");
        format!(
            " [{region} {} {} ±{}]",
            spot.latitude_degrees, spot.longitude_degrees, spot.radius_km
        )
    });
    let network = found.network.as_ref().map_or(String::new(), |network| {
        format!(" AS{} {}", network.number, network.name)
    });
    format!("{place}{spot}{network}").trim().to_owned()
}

fn check(files: &[&[u8]], address: &str, expected: &str) {
    let found = with(files).look_up(address.parse().unwrap(), Timestamp::MIN);
    assert_eq!(told(&found), expected, "{address}");
}

#[test]
fn nested_records_tell_a_place_and_how_far_off_it_may_be() {
    let files: &[&[u8]] = &[NESTED];
    check(
        files,
        "203.0.113.1",
        "Berlin, DE [State of Berlin 52.52 13.41 ±20]",
    );
    check(files, "203.0.113.65", "FR [- 48.86 2.34 ±500]");
    check(
        files,
        "203.0.113.129",
        &format!("Milan, IT [- 45.46 9.19 ±{CITY_RADIUS_KM}]"),
    );
    // Where it is registered is not where it is.
    check(files, "203.0.113.193", "");
    check(files, "2001:db8:1::9", "Lisbon, PT [- 38.72 -9.14 ±5]");
    check(
        files,
        "::ffff:203.0.113.1",
        "Berlin, DE [State of Berlin 52.52 13.41 ±20]",
    );
}

#[test]
fn flat_records_in_a_file_for_each_family_do_the_same() {
    for files in [&[FLAT_V4, FLAT_V6], &[FLAT_V6, FLAT_V4]] {
        check(
            files,
            "198.51.100.1",
            &format!("Oslo, NO [Oslo 59.91 10.75 ±{CITY_RADIUS_KM}]"),
        );
        check(
            files,
            "198.51.100.65",
            &format!("NO [Troms 69.65 18.96 ±{REGION_RADIUS_KM}]"),
        );
        // The middle of a country is no spot.
        check(files, "198.51.100.129", "SE");
        // Neither a country nor on earth.
        check(files, "198.51.100.193", "");
        // Members of a strange type count as absent; numbers may be text.
        check(
            files,
            "198.51.100.225",
            &format!("[Vestland 60.39 5.32 ±{REGION_RADIUS_KM}]"),
        );
        check(
            files,
            "2001:db8:2::1",
            &format!("Reykjavik, IS [- 64.15 -21.94 ±{CITY_RADIUS_KM}]"),
        );
        check(files, "203.0.113.1", "");
    }
}

#[test]
fn the_first_file_that_knows_something_tells_it() {
    check(
        &[NESTED, ASN],
        "203.0.113.1",
        "Berlin, DE [State of Berlin 52.52 13.41 ±20] AS64496 Contoso Example Net",
    );
    check(
        &[NESTED, ASN],
        "2001:db8:1::9",
        "Lisbon, PT [- 38.72 -9.14 ±5] AS64497",
    );
    check(&[IPINFO, ASN], "203.0.113.1", "JP AS64511 Fabrikam");
    check(&[ASN, IPINFO], "203.0.113.1", "JP AS64496 Contoso Example Net");
    // Who knows the spot knows the country.
    check(
        &[IPINFO, NESTED],
        "203.0.113.1",
        "Berlin, DE [State of Berlin 52.52 13.41 ±20] AS64511 Fabrikam",
    );
    check(
        &[IPINFO],
        "198.51.100.9",
        &format!("Wellington, NZ [- -41.29 174.78 ±{CITY_RADIUS_KM}]"),
    );
}

#[test]
fn a_file_is_asked_of_public_addresses_before_the_table_and_of_private_ones_never() {
    check(&[], "8.8.8.8", "US");
    check(&[NESTED], "8.8.8.8", "CH");
    check(&[NESTED], "8.8.4.4", "US");
    check(&[NESTED], "10.0.0.1", "");
    check(&[NESTED], "64:ff9b::8.8.8.8", "CH");
    check(&[NESTED], "2002:808:808::1", "CH");
    // The table knows countries for documentation ranges; nobody is there.
    check(&[], "203.0.113.1", "");
    check(&[], "127.0.0.1", "");
    check(&[], "100.64.0.1", "");
}

#[test]
fn a_file_tells_when_it_was_built_and_what_it_is() {
    let database = Database::open("a.mmdb", FLAT_V4.to_vec()).unwrap();
    assert_eq!(database.built().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(database.title(), "city ipv4");
    database.verify().unwrap();
}

#[test]
fn equal_names_are_held_once() {
    let enrichment = with(&[NESTED]);
    let city = |address: &str| {
        let found = enrichment.look_up(address.parse().unwrap(), Timestamp::MIN);
        found.spot.and_then(|spot| spot.city).unwrap()
    };
    assert!(Arc::ptr_eq(&city("203.0.113.1"), &city("203.0.113.2")));
}

#[test]
fn a_table_of_countries_can_be_made_of_any_file_that_names_some() {
    let table = Database::open("a.mmdb", NESTED.to_vec())
        .unwrap()
        .countries("made up")
        .unwrap();
    for (address, expected) in [
        ("203.0.113.1", "DE"),
        ("203.0.113.65", "FR"),
        ("8.8.8.8", "CH"),
        ("2001:db8:1::1", "PT"),
    ] {
        let found = table.country(address.parse().unwrap()).unwrap();
        assert_eq!(found.as_str(), expected, "{address}");
    }
    assert_eq!(table.country("203.0.113.193".parse().unwrap()), None);
    let error = Database::open("a.mmdb", ASN.to_vec())
        .unwrap()
        .countries("made up")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`a.mmdb` names no country: take a file of countries or cities"
    );
}

#[test]
fn what_is_no_such_file_is_refused() {
    for bytes in [&b""[..], b"<html>", &NESTED[..NESTED.len() / 2], &CSV.repeat(100)] {
        let error = Database::open("a.mmdb", bytes.to_vec()).unwrap_err().to_string();
        assert!(
            error.starts_with("`a.mmdb` is no sound file in MaxMind's format"),
            "{error}"
        );
        assert!(
            error.ends_with("copy it anew, unpacked, as a .mmdb file"),
            "{error}"
        );
    }
}

const CSV: &[u8] = b"203.0.113.0,203.0.113.255,DE\n";

/// Records that cannot be read are counted, and the file is refused by whoever reads all of it.
#[test]
fn damage_within_a_file_is_found() {
    let mut bytes = NESTED.to_vec();
    let place = bytes.windows(6).position(|window| window == b"Berlin").unwrap();
    bytes[place] = 0xff;
    let database = Arc::new(Database::open("a.mmdb", bytes).unwrap());
    let error = database.verify().unwrap_err().to_string();
    assert!(error.starts_with("`a.mmdb` is no sound file"), "{error}");
    let enrichment = Enrichment::new(Parts {
        countries: countries(),
        databases: vec![Arc::clone(&database)],
        lists: Vec::new(),
        max_ages: MaxAges::default(),
    });
    let found = enrichment.look_up("203.0.113.1".parse().unwrap(), Timestamp::MIN);
    assert_eq!((told(&found).as_str(), database.unreadable()), ("", 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_file_with_any_damage_never_panics(
        which in 0..5_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = [NESTED, FLAT_V4, FLAT_V6, ASN, IPINFO][which].to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.drain(..cut.index(bytes.len()));
        }
        if let Ok(database) = Database::open("a.mmdb", bytes) {
            let _ = database.verify();
            let _ = database.countries("x");
            let database = Arc::new(database);
            let enrichment = Enrichment::new(Parts {
                countries: countries(),
                databases: vec![database],
                lists: Vec::new(),
                max_ages: MaxAges::default(),
            });
            for address in ["203.0.113.1", "198.51.100.1", "198.51.100.230", "8.8.8.8", "2001:db8:1::1", "2001:db8:2::1"] {
                let found = enrichment.look_up(address.parse().unwrap(), Timestamp::MIN);
                if let Some(spot) = found.spot {
                    prop_assert!(spot.latitude_degrees.abs() <= 90.0 && spot.longitude_degrees.abs() <= 180.0);
                    prop_assert!(spot.radius_km > 0.0 && spot.radius_km.is_finite());
                }
            }
        }
    }
}
