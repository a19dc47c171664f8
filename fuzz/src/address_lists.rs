//! Any text as a list of addresses, and as two editions of one: never a panic; what is read can be written and read again the
//! same; a newer edition changes nothing twice; every look-up agrees with a plain walk through the entries.

use enrich::{CountryTableBuilder, Enrichment, List, MaxAges, Parts};
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::net::IpAddr;
use std::sync::Arc;

/// What stands between two editions.
const BETWEEN: &[u8] = b"\n---\n";

/// Takes the bytes for a list, or for two editions with a line `---` between.
pub fn check(bytes: &[u8]) {
    let cut = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (first, second) = match cut {
        Some(cut) => (&bytes[..cut], &bytes[cut + BETWEEN.len()..]),
        None => (bytes, &b""[..]),
    };
    let day = Timestamp::from_unix_seconds(1_777_593_600);
    let Some(old) = read(first, day) else { return };
    is_written_and_read(&old);
    looks_up_as_a_walk_does(&old);
    let Some(newer) = read(second, day.plus_days(30)) else {
        return;
    };
    let kept = old.succeed(&newer);
    is_written_and_read(&kept);
    looks_up_as_a_walk_does(&kept);
    assert!(kept.as_of() >= old.as_of() && kept.as_of() >= newer.as_of());
    assert_eq!(kept.succeed(&newer), kept, "the same edition again");
}

fn read(bytes: &[u8], made: Timestamp) -> Option<List> {
    match List::read(ListClass::Vpn, "made up", bytes, made) {
        Ok(list) => Some(list),
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 500 && !text.contains(char::is_control), "{text:?}");
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&error.line), "{text}");
            None
        }
    }
}

fn is_written_and_read(list: &List) {
    let text = list.to_text();
    let again = List::read(list.class(), list.name(), text.as_bytes(), Timestamp::MIN);
    assert_eq!(again.as_ref(), Ok(list), "{text}");
}

fn looks_up_as_a_walk_does(list: &List) {
    let enrichment = Enrichment::new(Parts {
        countries: Arc::new(CountryTableBuilder::new(Timestamp::MIN, "none").finish()),
        databases: Vec::new(),
        lists: vec![Arc::new(list.clone())],
        max_ages: MaxAges::default(),
    });
    for entry in list.entries().iter().take(16) {
        let moments = [entry.since, entry.until, Some(list.as_of())];
        for at in moments.into_iter().flatten() {
            for address in [entry.network.network(), entry.network.broadcast()] {
                let expected = names(list, address, at);
                let listed = enrichment.look_up(address, at).listed;
                // What a tunnel carries is looked up, too; there the walk knows less.
                assert!(listed.len() == 1 || !expected, "{address} at {at} in {list:?}");
                let carries = address.is_ipv6();
                assert!(
                    listed.is_empty() || expected || carries,
                    "{address} at {at} in {list:?}"
                );
            }
        }
    }
}

fn names(list: &List, address: IpAddr, at: Timestamp) -> bool {
    list.entries()
        .iter()
        .any(|entry| entry.network.contains(&address) && entry.counts_at(at))
}
