//! The scenes that the demo's detection has to find are there, and nobody else does what they do.

#![allow(clippy::unwrap_used, reason = "all of this file is tests")]

use generator::{Generator, Plan, Source, Told, address_lists};
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

fn plan(seed: u64, users: u32) -> Plan {
    Plan {
        seed,
        users,
        days: 30,
        end: Timestamp::parse_vendor("2026-11-20T00:00:00Z").unwrap(),
        tenant: TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").unwrap(),
        domain: "contoso.example".to_owned(),
    }
}

/// The plan of the demo, but that it ends at midnight.
static MONTH: LazyLock<Vec<Told>> = LazyLock::new(|| Generator::new(plan(1, 200)).collect());

/// Somebody who signed in, or tried.
struct Try {
    time: Timestamp,
    person: String,
    address: String,
    code: i64,
    degrees: (f64, f64),
}

/// The sign-ins at screens of Entra and Okta.
fn tries(events: &[Told]) -> Vec<Try> {
    let mut tries = Vec::new();
    for told in events {
        let is_told = matches!(told.source, Source::Entra | Source::Okta);
        let Some(record) = is_told.then(|| serde_json::from_str::<Value>(&told.record).unwrap()) else {
            continue;
        };
        let text = |path: &str| record.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let number = |path: &str| record.pointer(path).and_then(Value::as_f64);
        let (person, address, latitude, longitude) = if record["isInteractive"] == true {
            let at = "/location/geoCoordinates";
            let (latitude, longitude) = (format!("{at}/latitude"), format!("{at}/longitude"));
            (
                "/userPrincipalName",
                "/ipAddress",
                number(&latitude),
                number(&longitude),
            )
        } else if text("/eventType") == "user.session.start" {
            let at = "/client/geographicalContext/geolocation";
            (
                "/actor/alternateId",
                "/client/ipAddress",
                number(&format!("{at}/lat")),
                number(&format!("{at}/lon")),
            )
        } else {
            continue;
        };
        tries.push(Try {
            time: told.time,
            person: text(person).to_owned(),
            address: text(address).to_owned(),
            code: record["status"]["errorCode"]
                .as_i64()
                .unwrap_or_else(|| i64::from(text("/outcome/result") == "FAILURE")),
            degrees: (latitude.unwrap(), longitude.unwrap()),
        });
    }
    tries
}

/// Successes and wrong passwords from the addresses of the scenes.
fn check(events: &[Told], address: &str, successes: usize, wrong_passwords: usize) {
    let tries = tries(events);
    let here = || tries.iter().filter(|one| one.address == address);
    let counts = [0, 50_126].map(|code| here().filter(|one| one.code == code).count());
    assert_eq!(counts, [successes, wrong_passwords], "{address}");
    let end = plan(1, 0).end;
    assert!(
        here().all(|one| one.time > end.plus_days(-4) && one.time <= end),
        "{address} is of the last days"
    );
}

#[test]
fn every_scene_is_played_in_the_last_days_whoever_the_people_are() {
    let small: Vec<Told> = Generator::new(plan(7, 40)).collect();
    for events in [&*MONTH, &small] {
        check(events, "198.51.100.242", 2, 0);
        check(events, "198.51.100.226", 2, 0);
        check(events, "203.0.113.171", 1, 15);
        check(events, "203.0.113.172", 1, 12);
        check(events, "198.51.100.217", 1, 0);
    }
}

#[test]
fn the_lists_name_addresses_for_documentation_alone_and_their_day() {
    let lists = address_lists(plan(1, 0).end);
    let classes: Vec<&str> = lists.iter().map(|list| list.class).collect();
    assert_eq!(classes, ["tor", "botnet", "vpn", "corporate"]);
    for list in &lists {
        let mut lines = list.text.lines();
        assert_eq!(lines.next(), Some("# as-of: 2026-11-20T00:00:00Z"));
        for line in lines {
            let word = line.split(' ').next().unwrap();
            let address: IpAddr = word.split('/').next().unwrap().parse().unwrap();
            let is_documented = match address {
                IpAddr::V4(four) => four.is_documentation(),
                IpAddr::V6(six) => six.segments()[..2] == [0x2001, 0xdb8],
            };
            assert!(is_documented, "{line}");
        }
    }
}

/// Addresses that belong to scenes, and to whoever guesses passwords.
fn is_of_scenes_or_strangers(address: &str) -> bool {
    let last = |network: &str| {
        address
            .strip_prefix(network)
            .and_then(|last| last.parse::<u8>().ok())
    };
    last("203.0.113.").is_some_and(|last| last > 164)
        || last("198.51.100.").is_some_and(|last| last > 205)
        || last("192.0.2.").is_some_and(|last| last > 205)
}

#[test]
fn honest_people_are_no_faster_than_aeroplanes() {
    let mut last: HashMap<String, Try> = HashMap::new();
    let mut journeys = 0;
    for one in tries(&MONTH) {
        if one.code != 0 || is_of_scenes_or_strangers(&one.address) {
            continue;
        }
        let Some(before) = last.insert(one.person.clone(), one) else {
            continue;
        };
        let now = &last[&before.person];
        let km = kilometres(before.degrees, now.degrees);
        let hours = (now.time.ticks() - before.time.ticks()) as f64 / TICKS_PER_SECOND as f64 / 3_600.0;
        assert!(
            km < 1.0 || km / hours < 900.0,
            "{}: {km:.0} km in {hours:.1} hours until {}",
            now.person,
            now.time
        );
        journeys += usize::from(km > 100.0);
    }
    assert!(journeys > 50, "{journeys}");
}

#[test]
fn people_keep_their_address_at_home() {
    let mut addresses: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for one in tries(&MONTH) {
        if one.code == 0 && one.address.starts_with("2001:db8:") {
            addresses.entry(one.person).or_default().insert(one.address);
        }
    }
    assert!(addresses.len() > 150, "{}", addresses.len());
    for (who, at) in addresses {
        assert_eq!(at.len(), 1, "{who:?}: {at:?}");
    }
}

/// Along the great circle.
fn kilometres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let ((from_latitude, from_longitude), (to_latitude, to_longitude)) = (from, to);
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let straight = half(to_latitude - from_latitude)
        + from_latitude.to_radians().cos()
            * to_latitude.to_radians().cos()
            * half(to_longitude - from_longitude);
    2.0 * 6_371.0 * straight.sqrt().asin()
}
