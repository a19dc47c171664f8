//! What is made up beside Entra: the same people, everyday things, a small share of all.

#![allow(clippy::unwrap_used, reason = "all of this file is tests")]

use generator::{Generator, Plan, Source, Told};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

/// The plan of the demo.
static MONTH: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let plan = Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor("2026-11-20T12:00:00Z").unwrap(),
        tenant: TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").unwrap(),
        domain: "contoso.example".to_owned(),
    };
    Generator::new(plan).collect()
});

fn of(source: Source) -> impl Iterator<Item = &'static Told> {
    MONTH.iter().filter(move |told| told.source == source)
}

/// The records of a source that writes JSON.
fn records(source: Source) -> Vec<(Timestamp, Value)> {
    of(source)
        .map(|told| (told.time, serde_json::from_str(&told.record).unwrap()))
        .collect()
}

fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or("")
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// The sign-in names of everybody whom Entra's records of a month name.
static PEOPLE: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut names = HashSet::new();
    for (_, record) in records(Source::Entra) {
        names.insert(text(&record, "/userPrincipalName").to_owned());
    }
    names
});

fn check_person(name: &str, record: &dyn std::fmt::Debug) {
    let name = match name.split_once('@') {
        Some(_) => name.to_owned(),
        None => format!("{name}@contoso.example"),
    };
    assert!(PEOPLE.contains(&name), "{name} is nobody: {record:?}");
}

#[test]
fn every_source_has_its_small_share() {
    let shares: &[(Source, Range<usize>)] = &[
        (Source::AzureAdB2c, 400..1_500),
        (Source::Windows, 350..900),
        (Source::Mim, 30..150),
        (Source::Okta, 500..1_300),
        (Source::Keycloak, 150..500),
        (Source::Sshd, 80..500),
    ];
    let mut all = 0;
    for (source, expected) in shares {
        let count = of(*source).count();
        assert!(expected.contains(&count), "{source:?}: {count}, not {expected:?}");
        all += count;
    }
    let per_thousand = all * 1_000 / MONTH.len();
    assert!((50..=100).contains(&per_thousand), "{per_thousand} of a thousand");
}

#[test]
fn a_record_names_the_instant_at_which_it_happened() {
    for told in MONTH.iter() {
        assert!(!told.record.contains('\n'), "{}", told.record);
        if told.source == Source::Sshd {
            let (stamp, _) = told.record.split_once(' ').unwrap();
            assert_eq!(time(stamp), told.time, "{}", told.record);
            continue;
        }
        let record: Value = serde_json::from_str(&told.record).unwrap();
        let named = match told.source {
            Source::AzureAdB2c => time(text(&record, "/activityDateTime")),
            Source::Windows => time(text(&record, "/Event/System/TimeCreated/#attributes/SystemTime")),
            Source::Okta => time(text(&record, "/published")),
            Source::Keycloak => Timestamp::from_unix_millis(record["time"].as_i64().unwrap()),
            // Of a part nobody can tell.
            Source::Mim if record["EventID"] == 4137 => continue,
            Source::Mim => match text(&record, "/Message/CommittedTime") {
                "" => time(text(&record, "/Message/CreatedTime")),
                committed => time(committed),
            },
            Source::Entra | Source::Sshd => continue,
        };
        assert_eq!(named, told.time, "{record}");
    }
}

#[test]
fn it_is_the_same_people() {
    for (_, record) in records(Source::Okta) {
        check_person(text(&record, "/actor/alternateId"), &record);
    }
    for (_, record) in records(Source::Windows) {
        let data = &record["Event"]["EventData"];
        let event = &record["Event"]["System"]["EventID"];
        if event != 4728 && event != 4729 {
            check_person(text(data, "/TargetUserName"), &record);
        }
        let subject = text(data, "/SubjectUserName");
        if !subject.ends_with('$') {
            check_person(subject, &record);
        }
    }
    for (_, record) in records(Source::Keycloak) {
        if record.get("details").is_some() {
            check_person(text(&record, "/details/username"), &record);
        }
    }
    for told in of(Source::Sshd) {
        let Some((_, rest)) = told.record.split_once("]: Accepted ") else {
            continue;
        };
        check_person(rest.split(' ').nth(2).unwrap(), &told.record);
    }
    for request in requests() {
        let creator = text(&request, "/Creator/AccountName");
        if creator.is_empty() {
            assert_eq!(text(&request, "/Creator/DisplayName"), "Anonymous User");
            check_person(text(&request, "/Target/AccountName"), &request);
        } else {
            check_person(creator, &request);
        }
    }
}

/// MIM's requests, those in parts put together by their headers.
fn requests() -> Vec<Value> {
    let mut whole = Vec::new();
    let mut parts: HashMap<String, BTreeMap<u32, (u32, String)>> = HashMap::new();
    for (_, record) in records(Source::Mim) {
        if record["EventID"] == 4121 {
            whole.push(record["Message"].clone());
            continue;
        }
        let (header, chunk) = text(&record, "/Message").split_once(": \n").unwrap();
        let words: Vec<&str> = header.split(' ').collect();
        let [_, id, "message", part, "out", "of", of] = words[..] else {
            panic!("{header}")
        };
        let (part, of) = (part.parse().unwrap(), of.parse().unwrap());
        let was = parts
            .entry(id.to_owned())
            .or_default()
            .insert(part, (of, chunk.to_owned()));
        assert_eq!(was, None, "{header}");
    }
    assert!(parts.len() > 5, "some come in parts");
    for (id, parts) in parts {
        let chunks: Vec<&str> = parts.values().map(|(_, chunk)| chunk.as_str()).collect();
        let (last, (of, _)) = parts.last_key_value().unwrap();
        assert_eq!((parts.len() as u32, last), (*of, of), "{id}");
        let request: Value = serde_json::from_str(&chunks.concat()).unwrap();
        assert_eq!(format!("'{}',", text(&request, "/HybridObjectID")), id);
        whole.push(request);
    }
    whole
}

#[test]
fn every_kind_of_thing_happens_within_the_month() {
    let mut seen: HashSet<String> = HashSet::new();
    for (_, record) in records(Source::AzureAdB2c) {
        seen.insert(format!(
            "{} {}",
            text(&record, "/activityDisplayName"),
            text(&record, "/result")
        ));
    }
    for (_, record) in records(Source::Windows) {
        seen.insert(format!("windows {}", record["Event"]["System"]["EventID"]));
    }
    for (_, record) in records(Source::Okta) {
        seen.insert(format!(
            "{} {}",
            text(&record, "/eventType"),
            text(&record, "/outcome/result")
        ));
    }
    for (_, record) in records(Source::Keycloak) {
        seen.insert(format!(
            "{}{}",
            text(&record, "/type"),
            text(&record, "/resourceType")
        ));
    }
    for request in requests() {
        seen.insert(format!(
            "mim {} {} {}",
            text(&request, "/Operation"),
            text(&request, "/TargetObjectType"),
            text(&request, "/RequestStatus")
        ));
    }
    for told in of(Source::Sshd) {
        let words: Vec<&str> = told.record.split(' ').skip(3).take(2).collect();
        seen.insert(words.join(" "));
    }
    for expected in [
        "Issue an id_token to the application success",
        "Issue an authorization code to the application success",
        "Exchange token success",
        "Validate local account credentials failure",
        "Send SMS to verify phone number success",
        "Make phone call to verify phone number success",
        "windows 4624",
        "windows 4625",
        "windows 4723",
        "windows 4724",
        "windows 4728",
        "user.session.start SUCCESS",
        "user.session.start FAILURE",
        "user.authentication.sso SUCCESS",
        "user.account.reset_password SUCCESS",
        "group.user_membership.add SUCCESS",
        "LOGIN",
        "LOGIN_ERROR",
        "GROUP_MEMBERSHIP",
        "mim Put Person Completed",
        "mim Put Person Denied",
        "mim Create GateRegistration Completed",
        "mim Put Group Completed",
        "mim Create Group Completed",
        "Accepted publickey",
        "Accepted password",
        "Failed password",
    ] {
        assert!(seen.contains(expected), "no `{expected}` in {seen:?}");
    }
}

#[test]
fn ids_are_their_own_and_addresses_are_those_kept_for_documentation() {
    let mut ids = HashSet::new();
    for (source, id) in [
        (Source::AzureAdB2c, "/id"),
        (Source::Okta, "/uuid"),
        (Source::Keycloak, "/id"),
    ] {
        for (_, record) in records(source) {
            assert!(ids.insert(text(&record, id).to_owned()), "{record}");
        }
    }
    for request in requests() {
        assert!(
            ids.insert(text(&request, "/HybridObjectID").to_owned()),
            "{request}"
        );
    }
    let mut found = 0;
    for told in MONTH.iter().filter(|told| told.source != Source::Entra) {
        for word in told
            .record
            .split(|letter: char| !(letter.is_ascii_hexdigit() || letter == '.' || letter == ':'))
        {
            let Ok(address) = word.parse::<std::net::Ipv4Addr>() else {
                continue;
            };
            // The versions of browsers look like addresses.
            if address.octets()[2..] == [0, 0] || address.octets()[3] == 0 {
                continue;
            }
            assert!(address.is_documentation(), "{address} in {}", told.record);
            found += 1;
        }
    }
    assert!(found > 500, "{found}");
}
