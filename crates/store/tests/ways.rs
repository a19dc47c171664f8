//! The counts of customers' authentications and second factors say what a recount in SQL over the rows says: for whole days
//! and parts of days, for any application, whatever order, duplicates and changes events come in.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod told;

use model::batch::EventDraft;
use model::event::{Actor, Audit, Event, Facts};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Literal, Operator, Predicate, Query, TimeRanges};
use model::reports::{self, Face, ReportDef};
use model::tenant::TenantId;
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp};
use model::usage::{APPLICATION, usage};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use store::events::EventStore;
use told::recount::Brought;
use told::tenant;

/// One content of an event as a script tells it.
#[derive(Debug, Clone, Copy)]
struct Told {
    id: u8,
    /// Minutes after the first of March 2017.
    minute: i64,
    activity: usize,
    application: u8,
    succeeded: bool,
}

const ACTIVITIES: &[&str] = &[
    "Issue an id_token to the application",
    "Issue an authorization code to the application",
    "Exchange token",
    "Validate local account credentials",
    "Send SMS to verify phone number",
    "Make phone call to verify phone number",
];

/// Two months and a half, so that corrected times leave their event's month.
const MINUTES: i64 = 75 * 1_440;

fn scripts() -> impl Strategy<Value = Vec<Vec<Told>>> {
    // Few days, so that a window often cuts one in which something happened.
    let minutes = (
        prop::sample::select(vec![0_i64, 1, 2, 30, 31, 60, 74]),
        0_i64..1_440,
    )
        .prop_map(|(day, minute)| day * 1_440 + minute);
    let told = (0_u8..24, minutes, 0..ACTIVITIES.len(), 0_u8..3, any::<bool>()).prop_map(
        |(id, minute, activity, application, succeeded)| Told {
            id,
            minute,
            activity,
            application,
            succeeded,
        },
    );
    prop::collection::vec(prop::collection::vec(told, 1..16), 1..8)
}

fn first() -> Timestamp {
    Timestamp::parse_vendor("2017-03-01").unwrap()
}

fn at(minute: i64) -> Timestamp {
    first().plus_ticks(minute * 60 * TICKS_PER_SECOND)
}

/// The third application is one that the record does not name.
fn application(number: u8) -> Option<uuid::Uuid> {
    (number < 2)
        .then(|| uuid::Uuid::from_u128(0xabcd_ef00_0000_4000_8000_0000_0000_0000 + u128::from(number)))
}

/// The event as a format tells it, projected and counted by the product itself.
fn event(told: Told) -> EventDraft {
    let application = application(told.application).map(|id| {
        let id = id.to_string();
        // Who writes a GUID in capitals means the same.
        if told.id.is_multiple_of(2) {
            id
        } else {
            id.to_uppercase()
        }
    });
    let event = Event {
        vendor: Vendor::Entra,
        vendor_id: Some(told.id.to_string()),
        time: at(told.minute),
        updated: None,
        tenant: None,
        facts: Facts::Audit(Box::new(Audit {
            activity: Some(ACTIVITIES[told.activity].to_owned()),
            result: Some(if told.succeeded { "success" } else { "failure" }.to_owned()),
            logged_by_service: Some("B2C".to_owned()),
            actor: Actor {
                app_id: application,
                ..Actor::default()
            },
            ..Audit::default()
        })),
    };
    let key = EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, &told.id.to_string());
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&told.minute.to_be_bytes());
    digest[8..12].copy_from_slice(&[
        told.id,
        told.activity as u8,
        told.application,
        u8::from(told.succeeded),
    ]);
    EventDraft {
        key,
        kind: Kind::Audit,
        time: event.time,
        rank: Rank {
            updated: None,
            properties: u32::from(told.application) + told.activity as u32,
            digest,
        },
        format: "test",
        original: format!("{told:?}").into_bytes(),
        rows: reports::project(&event, &key),
        subjects: Vec::new(),
        usage: usage(&event),
    }
}

/// A window and what is asked of the application in it.
#[derive(Debug, Clone, Copy)]
struct Asked {
    from: i64,
    to: i64,
    shape: Shape,
    application: u8,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Everything of the window.
    All,
    /// One application.
    One,
    /// The application before the window's end, everybody after it.
    OneThenAll,
    /// Either end of time, without the window.
    Outside,
}

fn questions() -> impl Strategy<Value = Vec<Asked>> {
    let instant = prop_oneof![
        -10_i64..MINUTES,
        (0_i64..75).prop_map(|day| day * 1_440),
        (0_i64..3 * 1_440)
    ];
    let shape = prop::sample::select(vec![Shape::All, Shape::One, Shape::OneThenAll, Shape::Outside]);
    let asked =
        (instant.clone(), instant, shape, 0_u8..2).prop_map(|(one, other, shape, application)| Asked {
            from: one.min(other),
            to: one.max(other),
            shape,
            application,
        });
    prop::collection::vec(asked, 1..12)
}

impl Asked {
    fn compare(time_member: &'static str, operator: Operator, minute: i64) -> Predicate {
        let names: &'static [&'static str] = match time_member {
            "Date" => &["Date"],
            _ => &["TimeStamp"],
        };
        Predicate::Compare {
            path: names,
            operator,
            value: Literal::Time(at(minute)),
        }
    }

    /// The predicate as `$filter` would give it, and the same in SQL over (time in ticks, application).
    fn question(self, time_member: &'static str) -> (Predicate, String) {
        let of_application = Predicate::Compare {
            path: &[APPLICATION],
            operator: Operator::Equal,
            value: Literal::Guid(application(self.application).unwrap()),
        };
        let sql_application = format!("application = '{}'", application(self.application).unwrap());
        let compare = |operator, minute| Self::compare(time_member, operator, minute);
        let (from, to) = (at(self.from).ticks(), at(self.to).ticks());
        match self.shape {
            Shape::All => (
                Predicate::And(vec![
                    compare(Operator::GreaterOrEqual, self.from),
                    compare(Operator::Less, self.to),
                ]),
                format!("time >= {from} AND time < {to}"),
            ),
            Shape::One => (
                Predicate::And(vec![
                    compare(Operator::Greater, self.from),
                    of_application,
                    compare(Operator::LessOrEqual, self.to),
                ]),
                format!("time > {from} AND {sql_application} AND time <= {to}"),
            ),
            Shape::OneThenAll => (
                Predicate::Or(vec![
                    Predicate::And(vec![
                        compare(Operator::GreaterOrEqual, self.from),
                        compare(Operator::Less, self.to),
                        of_application,
                    ]),
                    compare(Operator::GreaterOrEqual, self.to),
                ]),
                format!("((time >= {from} AND time < {to} AND {sql_application}) OR time >= {to})"),
            ),
            Shape::Outside => (
                Predicate::Or(vec![
                    compare(Operator::Less, self.from),
                    compare(Operator::Greater, self.to),
                ]),
                format!("(time < {from} OR time > {to})"),
            ),
        }
    }
}

fn query(report: &'static ReportDef, predicate: Predicate) -> Query {
    let allowed = TimeRanges::between(at(-100_000), at(MINUTES + 100_000));
    Query {
        report,
        times: predicate
            .time_ranges(report.time_member().unwrap())
            .intersection(&allowed),
        predicate: Some(predicate),
        skip: 0,
        after: None,
        snapshot: None,
        limit: 1_000,
        max_examined: 10_000,
    }
}

/// How many by way.
type Ways = BTreeMap<String, i64>;

fn answered(store: &dyn EventStore, tenant: TenantId, query: &Query, names: [&str; 2]) -> Vec<(Value, Ways)> {
    let page = store.scan(tenant, query).unwrap();
    assert!(page.next.is_none());
    let rows: Vec<Value> =
        serde_json::from_str(&format!("[{}]", String::from_utf8(page.block).unwrap())).unwrap();
    assert_eq!(rows.len(), page.rows);
    rows.into_iter()
        .map(|row| {
            let ways: Ways = serde_json::from_value(row[names[1]].clone()).unwrap();
            assert_eq!(row[names[0]], ways.values().sum::<i64>(), "{row}");
            (row["Date"].clone(), ways)
        })
        .collect()
}

/// All rows of one report as they lie in the month files, the latest version of each: (time, application, way).
fn rows_of(brought: &Brought, report: &ReportDef, way: &str) -> Connection {
    brought.rows(
        "told",
        "time INTEGER, day INTEGER, application TEXT, way TEXT",
        &format!(
            "time, time / {TICKS_PER_DAY} * {TICKS_PER_DAY}, lower(json ->> '$.ApplicationId'), json ->> '$.{way}'"
        ),
        &format!("report = {} AND json ->> '$.Result' = 'Success'", report.number),
    )
}

fn recounted(rows: &Connection, condition: &str) -> Ways {
    let sql = format!("SELECT way, count(*) FROM told WHERE {condition} GROUP BY way");
    let mut statement = rows.prepare(&sql).unwrap();
    let ways = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    ways.unwrap().map(Result::unwrap).collect()
}

/// Day by day, newest first: a condition about `time` is about the start of the day.
fn recounted_by_day(rows: &Connection, condition: &str) -> Vec<(Value, Ways)> {
    let condition = condition.replace("time", "day");
    let mut statement = rows
        .prepare("SELECT DISTINCT day FROM told ORDER BY day DESC")
        .unwrap();
    let days: Vec<i64> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    days.into_iter()
        .map(|day| {
            let ways = recounted(rows, &format!("day = {day} AND {condition}"));
            (Timestamp::from_ticks(day).to_string().into(), ways)
        })
        .filter(|(_, ways)| !ways.is_empty())
        .collect()
}

/// The count, its summary, its events, and what they call things.
const COUNTS: &[[&str; 6]] = &[
    [
        "b2cAuthenticationCount",
        "b2cAuthenticationCountSummary",
        "b2cAuthenticationEvent",
        "AuthFlowType",
        "AuthenticationCount",
        "AuthFlowTypeBreakDown",
    ],
    [
        "b2cMfaRequestCount",
        "b2cMfaRequestCountSummary",
        "b2cMfaRequestEvent",
        "MfaType",
        "MfaCount",
        "MfaTypeBreakDown",
    ],
];

fn check(script: &[Vec<Told>], questions: &[Asked]) {
    let brought = Brought::of(
        script
            .iter()
            .map(|batch| batch.iter().map(|told| event(*told)).collect()),
    );
    for [count, summary, events, way, total, breakdown] in COUNTS {
        let report = |name: &str| reports::by_name(Face::Reports, name).unwrap();
        let rows = rows_of(&brought, report(events), way);
        for asked in questions {
            let (predicate, condition) = asked.question("TimeStamp");
            let one = answered(
                brought.store.as_ref(),
                tenant(),
                &query(report(count), predicate),
                [total, breakdown],
            );
            assert_eq!(
                one,
                [(Value::Null, recounted(&rows, &condition))],
                "{count} {asked:?}"
            );
            let (predicate, condition) = asked.question("Date");
            let days = answered(
                brought.store.as_ref(),
                tenant(),
                &query(report(summary), predicate),
                [total, breakdown],
            );
            assert_eq!(days, recounted_by_day(&rows, &condition), "{summary} {asked:?}");
        }
    }
    brought.assert_sound();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_count_is_what_a_recount_of_the_rows_says(script in scripts(), questions in questions()) {
        check(&script, &questions);
    }
}

/// More rows in a part of a day than are read at once.
#[test]
fn a_part_of_a_busy_day_is_counted_to_the_last_row() {
    let told = |id: u16| Told {
        id: 0,
        minute: 1_440 + i64::from(id % 700),
        activity: usize::from(id % 3),
        application: (id % 3) as u8,
        succeeded: !id.is_multiple_of(11),
    };
    let mut expected: Ways = BTreeMap::new();
    let mut drafts = Vec::new();
    for id in 0..7_000 {
        let told = told(id);
        let mut draft = event(told);
        draft.key = EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, &id.to_string());
        drafts.push(draft);
        if told.minute >= 1_440 + 100 && told.succeeded && told.activity < 3 {
            let way = ["implicit", "confclient-authcode", "publicclient-refreshtoken"][told.activity];
            *expected.entry(way.to_owned()).or_default() += 1;
        }
    }
    let brought = Brought::of(std::iter::once(drafts));
    let report = reports::by_name(Face::Reports, "b2cAuthenticationCount").unwrap();
    let predicate = Asked::compare("TimeStamp", Operator::GreaterOrEqual, 1_440 + 100);
    let one = answered(
        brought.store.as_ref(),
        tenant(),
        &query(report, predicate),
        ["AuthenticationCount", "AuthFlowTypeBreakDown"],
    );
    assert_eq!(one, [(Value::Null, expected)]);
}
