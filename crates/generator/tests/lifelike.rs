//! What the demo, the tests and the benches rely on in the made-up events.

#![allow(clippy::unwrap_used, reason = "all of this file is tests")]

use generator::{Generated, Generator, Plan, RecordSize, Source, Told, stream, uniform};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

fn plan() -> Plan {
    Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor("2026-11-20T12:00:00Z").unwrap(),
        tenant: TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").unwrap(),
        domain: "contoso.example".to_owned(),
    }
}

/// Every event of Entra in the plan of the demo, read by another hand's parser; made once for all tests.
static MONTH: LazyLock<Vec<(Told, Value)>> = LazyLock::new(|| {
    let mut events = Vec::new();
    for event in EVERYTHING.iter().filter(|event| event.source == Source::Entra) {
        let record = serde_json::from_str(&event.record).unwrap();
        events.push((event.clone(), record));
    }
    events
});

/// Every event of every source.
static EVERYTHING: LazyLock<Vec<Told>> = LazyLock::new(|| Generator::new(plan()).collect());

fn is_audit(record: &Value) -> bool {
    record.get("activityDisplayName").is_some()
}

fn is_provisioning(record: &Value) -> bool {
    record.get("provisioningAction").is_some()
}

fn is_detection(record: &Value) -> bool {
    record.get("riskEventType").is_some()
}

fn is_risky_user(record: &Value) -> bool {
    record.get("riskLastUpdatedDateTime").is_some()
}

fn text<'a>(record: &'a Value, path: &str) -> &'a str {
    record.pointer(path).and_then(Value::as_str).unwrap_or("")
}

/// A kind of event: its name, how to know it, and how many of a thousand events may be of it.
type Share = (&'static str, fn(&Value) -> bool, Range<usize>);

/// How many of a thousand events satisfy the question.
fn per_thousand(events: &[(Told, Value)], question: fn(&Value) -> bool) -> usize {
    events.iter().filter(|(_, record)| question(record)).count() * 1000 / events.len()
}

#[test]
fn the_first_records_are_the_ones_that_people_have_read() {
    let mut records = String::new();
    for (event, _) in MONTH.iter().take(3) {
        records.push_str(&event.record);
        records.push('\n');
    }
    assert_eq!(records, include_str!("golden/first_three.jsonl"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let bytes = |seed| -> Vec<String> {
        Generator::new(Plan {
            seed,
            users: 30,
            days: 3,
            ..plan()
        })
        .map(|event| event.record)
        .collect()
    };
    assert_eq!(bytes(5), bytes(5));
    assert_ne!(bytes(5), bytes(6));
}

#[test]
fn a_month_of_two_hundred_people_looks_like_one() {
    let events = &*MONTH;
    assert!((25_000..45_000).contains(&events.len()), "{}", events.len());

    let (start, end) = (plan().end.plus_days(-30), plan().end);
    let mut previous = start;
    let mut ids = HashSet::new();
    for (event, record) in events {
        assert!(
            event.time >= previous && event.time <= end,
            "{} after {previous}",
            event.time
        );
        previous = event.time;
        let written = if is_risky_user(record) {
            "/riskLastUpdatedDateTime"
        } else if is_audit(record) || is_provisioning(record) || is_detection(record) {
            "/activityDateTime"
        } else {
            "/createdDateTime"
        };
        assert_eq!(
            Timestamp::parse_vendor(text(record, written)).unwrap(),
            event.time
        );
        assert!(!event.record.contains('\n'));
        if is_risky_user(record) {
            // Its id is the person's.
            continue;
        }
        assert!(ids.insert(text(record, "/id").to_owned()), "{record}");
        assert!(
            (600..5_000).contains(&event.record.len()),
            "{} bytes: {record}",
            event.record.len()
        );
    }
    assert!(
        events[0].0.time < start.plus_seconds(3600),
        "the month begins at its beginning"
    );
    assert!(previous > end.plus_seconds(-3600), "the month ends at its end");
}

#[test]
fn everybody_who_acts_is_named() {
    for (_, record) in &*MONTH {
        let names: &[&str] = if is_audit(record) {
            &[
                "/initiatedBy/user/userPrincipalName",
                "/initiatedBy/app/displayName",
            ]
        } else if is_provisioning(record) {
            &["/sourceIdentity/details/UserPrincipalName"]
        } else if is_detection(record) {
            &["/userPrincipalName", "/servicePrincipalDisplayName"]
        } else {
            &["/userPrincipalName", "/servicePrincipalName"]
        };
        assert_eq!(
            names.iter().filter(|name| !text(record, name).is_empty()).count(),
            1,
            "{record}"
        );
    }
}

#[test]
fn the_kinds_of_events_keep_their_shares() {
    let events = &*MONTH;
    let shares: &[Share] = &[
        ("audits", is_audit, 80..120),
        ("provisioned accounts", is_provisioning, 2..10),
        (
            "interactive",
            |record| text(record, "/signInEventTypes/0") == "interactiveUser",
            300..600,
        ),
        (
            "non-interactive",
            |record| text(record, "/signInEventTypes/0") == "nonInteractiveUser",
            300..600,
        ),
        (
            "applications",
            |record| text(record, "/signInEventTypes/0") == "servicePrincipal",
            10..60,
        ),
        (
            "workloads",
            |record| text(record, "/signInEventTypes/0") == "managedIdentity",
            2..20,
        ),
        (
            "wrong passwords",
            |record| record["status"]["errorCode"] == 50126,
            15..60,
        ),
        (
            "interrupts for a second factor",
            |record| record["status"]["errorCode"] == 50074,
            20..100,
        ),
        (
            "the same in a new place",
            |record| record["status"]["errorCode"] == 50076,
            5..60,
        ),
        (
            "stay signed in",
            |record| record["status"]["errorCode"] == 50140,
            5..40,
        ),
        ("lockouts", |record| record["status"]["errorCode"] == 50053, 1..10),
        ("successes", |record| record["status"]["errorCode"] == 0, 700..880),
        (
            "legacy protocols",
            |record| {
                matches!(
                    text(record, "/clientAppUsed"),
                    "IMAP4" | "POP3" | "Authenticated SMTP" | "Exchange ActiveSync"
                )
            },
            5..60,
        ),
        (
            "self-service resets",
            |record| text(record, "/loggedByService") == "Self-service Password Management",
            10..60,
        ),
        (
            "self-service groups",
            |record| text(record, "/loggedByService") == "Self-service Group Management",
            3..30,
        ),
    ];
    for (name, question, expected) in shares {
        let share = per_thousand(events, *question);
        assert!(
            expected.contains(&share),
            "{name}: {share} of a thousand, not {expected:?}"
        );
    }
}

#[test]
fn what_was_made_up_before_is_the_same_to_the_byte() {
    let before: Vec<&str> = MONTH
        .iter()
        .filter(|(_, record)| !is_provisioning(record) && !is_detection(record) && !is_risky_user(record))
        .map(|(event, _)| event.record.as_str())
        .collect();
    let chain = |so_far: uuid::Uuid, json: &&str| uuid::Uuid::new_v5(&so_far, json.as_bytes());
    let digest = before.iter().fold(uuid::Uuid::nil(), chain).to_string();
    assert_eq!((before.len(), digest.as_str()), BEFORE);
}

/// The sign-ins and audits of the plan of the demo. Whoever makes up something else beside them finds them as they were; whoever changes the lives of
/// people writes down what they are now.
const BEFORE: (usize, &str) = (32_625, "c96def88-c448-5724-a2ee-042bcccded50");

#[test]
fn verdicts_name_a_sign_in_that_was() {
    let sign_ins: HashMap<&str, &Value> = MONTH
        .iter()
        .filter(|(_, record)| record.get("createdDateTime").is_some())
        .map(|(_, record)| (text(record, "/id"), record))
        .collect();
    let mut words = HashSet::new();
    let mut states = HashSet::new();
    for (_, record) in MONTH.iter().filter(|(_, record)| is_detection(record)) {
        words.insert(text(record, "/riskEventType"));
        states.insert(text(record, "/riskState"));
        if text(record, "/activity") != "signin" {
            assert_eq!(record["requestId"], Value::Null, "{record}");
            continue;
        }
        let sign_in = sign_ins[text(record, "/requestId")];
        for (here, there) in [
            ("/ipAddress", "/ipAddress"),
            ("/activityDateTime", "/createdDateTime"),
            ("/userId", "/userId"),
            ("/correlationId", "/correlationId"),
            ("/location/city", "/location/city"),
        ] {
            assert_eq!(text(record, here), text(sign_in, there), "{record}");
        }
    }
    for word in [
        "unfamiliarFeatures",
        "unlikelyTravel",
        "anonymizedIPAddress",
        "leakedCredentials",
    ] {
        assert!(words.contains(word), "no `{word}` in {words:?}");
    }
    for state in ["atRisk", "dismissed", "remediated"] {
        assert!(states.contains(state), "no `{state}` in {states:?}");
    }
}

#[test]
fn every_kind_of_change_happens_within_the_month() {
    let mut activities: HashMap<String, u32> = HashMap::new();
    for (_, record) in &*MONTH {
        *activities
            .entry(text(record, "/activityDisplayName").to_owned())
            .or_default() += 1;
    }
    for activity in [
        "Add user",
        "Update user",
        "Delete user",
        "Disable account",
        "Reset user password",
        "Set force change user password",
        "Change user license",
        "Add member to group",
        "Remove member from group",
        "Add group",
        "Add member to role",
        "Remove member from role",
        "Update application",
        "Add service principal",
        "Add service principal credentials",
        "Consent to application",
        "Add app role assignment grant to user",
        "Update device",
        "Invite external user",
        "Update conditional access policy",
        "Self-service password reset flow activity progress",
        "Reset password (self-service)",
        "Blocked from self-service password reset",
        "Change password (self-service)",
        "Unlock user account (self-service)",
        "User registered for self-service password reset",
        "User registered security info",
        "Request to join a group",
        "Approve a pending request to join a group",
        "Reject a pending request to join a group",
        "Cancel a pending request to join a group",
    ] {
        assert!(
            activities.contains_key(activity),
            "no `{activity}` in {activities:?}"
        );
    }
}

#[test]
fn people_work_by_day_and_rest_at_weekends() {
    let mut by_weekday = [0; 7];
    let mut at_night = 0;
    let mut by_day = 0;
    for (event, record) in &*MONTH {
        if text(record, "/location/city") != "Berlin" || text(record, "/clientAppUsed") != "Browser" {
            continue;
        }
        // Berlin is an hour ahead; 1970-01-01 was a Thursday, and Monday is 0 here.
        let local = event.time.plus_seconds(3600);
        by_weekday[(local.day() + 3).rem_euclid(7) as usize] += 1;
        match (local.unix_seconds().rem_euclid(86_400)) / 3600 {
            6..20 => by_day += 1,
            _ => at_night += 1,
        }
    }
    assert!(
        by_day > 100 && at_night * 20 < by_day,
        "{by_day} by day, {at_night} at night"
    );
    let (work, rest): (i32, i32) = (by_weekday[..5].iter().sum(), by_weekday[5..].iter().sum());
    assert!(rest * 10 < work, "{by_weekday:?}");
}

#[test]
fn addresses_are_those_kept_for_documentation() {
    for (_, record) in &*MONTH {
        for path in ["/ipAddress", "/initiatedBy/user/ipAddress"] {
            let address = text(record, path);
            let documented = ["192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"]
                .iter()
                .any(|range| address.starts_with(range));
            assert!(address.is_empty() || documented, "{address}");
        }
    }
}

#[test]
fn a_directory_without_people_is_quiet() {
    assert_eq!(Generator::new(Plan { users: 0, ..plan() }).count(), 0);
    assert_eq!(Generator::new(Plan { days: 0, ..plan() }).count(), 0);
}

#[test]
fn records_for_measuring_are_of_one_size_with_ids_of_their_own() {
    let (start, end) = (plan().end.plus_days(-30), plan().end);
    for (size, least, most) in [(RecordSize::Small, 450, 560), (RecordSize::Entra, 4_800, 5_300)] {
        let mut ids = HashSet::new();
        let mut middle = 0;
        for event in uniform(3, 2_000, start, end, size) {
            let record: Value = serde_json::from_str(&event.json).unwrap();
            assert!(
                (least..=most).contains(&event.json.len()),
                "{} bytes",
                event.json.len()
            );
            assert!(event.time >= start && event.time <= end);
            assert_eq!(
                Timestamp::parse_vendor(text(&record, "/createdDateTime")).unwrap(),
                event.time
            );
            assert!(!text(&record, "/userPrincipalName").is_empty());
            assert!(uuid::Uuid::try_parse(text(&record, "/id")).is_ok());
            assert!(ids.insert(text(&record, "/id").to_owned()));
            middle += usize::from(event.time < start.plus_days(15));
        }
        assert_eq!(ids.len(), 2_000);
        assert!(
            (900..1_100).contains(&middle),
            "{middle} of 2000 in the first half"
        );
    }
}

#[test]
fn a_stream_has_the_asked_size_to_the_byte_and_runs_in_time_order() {
    let (start, end) = (plan().end.plus_days(-30), plan().end);
    for record_bytes in [700, 1_500, 3_399, 3_400, 5_000, 20_000] {
        let events: Vec<Generated> = stream(3, 1_000_000, record_bytes, start, end).collect();
        assert_eq!(
            events.len() as u64,
            1_000_000_u64.div_ceil(u64::from(record_bytes) + 1)
        );
        let mut previous = start;
        for event in &events {
            assert_eq!(event.json.len() as u32, record_bytes);
            serde_json::from_str::<Value>(&event.json).unwrap();
            assert!(event.time >= previous && event.time <= end);
            previous = event.time;
        }
        let ids: HashSet<String> = events.iter().map(|event| event.json[..44].to_owned()).collect();
        assert_eq!(ids.len(), events.len());
    }
}
