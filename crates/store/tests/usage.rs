//! Usage reports say what a recount in SQL over the rows says, whatever order, duplicates and changes events come in.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod told;

use model::batch::{EventDraft, RowDraft};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Query, TimeRanges};
use model::reports::{self, Face};
use model::tenant::TenantId;
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp};
use model::usage::{Member, Named, Sort, Tally, UsageDraft};
use proptest::prelude::*;
use store::events::EventStore;
use told::recount::Brought;
use told::tenant;

/// One content of an event as a script tells it.
#[derive(Debug, Clone, Copy)]
struct Told {
    id: u8,
    day: u8,
    application: u8,
    account: u8,
    succeeded: bool,
}

/// Contents of events, in batches.
type Script = Vec<Vec<Told>>;

fn scripts() -> impl Strategy<Value = Script> {
    // Two months and a half, so that corrected times leave their event's month.
    let told = (0_u8..14, 0_u8..70, 0_u8..3, 0_u8..4, any::<bool>()).prop_map(
        |(id, day, application, account, succeeded)| Told {
            id,
            day,
            application,
            account,
            succeeded,
        },
    );
    prop::collection::vec(prop::collection::vec(told, 1..14), 1..8)
}

fn day_of(told: Told) -> Timestamp {
    let seconds = i64::from(told.id) * 6_000;
    Timestamp::from_unix_seconds(1_489_968_000)
        .plus_ticks(i64::from(told.day) * TICKS_PER_DAY + seconds * TICKS_PER_SECOND)
}

fn event(told: Told) -> EventDraft {
    let time = day_of(told);
    let (application, account) = (
        format!("app{}", told.application),
        format!("user{}", told.account),
    );
    let json = format!(
        r#"{{"id":{},"application":"{application}","account":"{account}","succeeded":{}}}"#,
        told.id,
        i64::from(told.succeeded)
    )
    .into_bytes();
    let named = |sort, key: &str| Named {
        sort,
        key: key.to_owned(),
        name: Some(key.to_owned()),
        title: None,
    };
    EventDraft {
        key: EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, &told.id.to_string()),
        kind: Kind::SignIn,
        time,
        rank: Rank {
            updated: None,
            properties: u32::from(told.application ^ told.account),
            digest: [[told.day, told.application, told.account, u8::from(told.succeeded)]; 4]
                .concat()
                .try_into()
                .unwrap(),
        },
        format: "test",
        original: json.clone(),
        rows: vec![RowDraft {
            report: reports::by_name(Face::Activities, "signinEvents").unwrap().number,
            json,
            particulars: Vec::new(),
        }],
        subjects: Vec::new(),
        usage: vec![UsageDraft {
            tally: Tally::SignIns,
            subject: named(Sort::Application, &application),
            member: Member::Named(named(Sort::Account, &account)),
            amounts: [i64::from(told.succeeded), i64::from(!told.succeeded), 0],
        }],
    }
}

/// What a usage report answers: (day, name, succeeded, failed, others), sorted.
fn answered(store: &dyn EventStore, tenant: TenantId, report: &str, page: usize) -> Vec<Line> {
    let (name, others) = match report {
        "applicationUsageSummary" => ("applicationId", "uniqueUsers"),
        _ => ("userName", "applications"),
    };
    let mut query = Query {
        report: reports::by_name(Face::Reports, report).unwrap(),
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit: page,
        max_examined: 10_000,
    };
    let mut lines = Vec::new();
    loop {
        let answer = store.scan(tenant, &query).unwrap();
        let rows = format!("[{}]", String::from_utf8(answer.block).unwrap());
        let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).unwrap();
        assert!(rows.len() <= page);
        for row in rows {
            lines.push((
                row["eventTime"].as_str().unwrap()[..10].to_owned(),
                row[name].as_str().unwrap().to_owned(),
                row["signIns"].as_i64().unwrap(),
                row["failedSignIns"].as_i64().unwrap(),
                row[others].as_i64().unwrap(),
            ));
        }
        match answer.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert!(
        lines.is_sorted_by(|a, b| a.0 >= b.0),
        "days are not newest first: {lines:?}"
    );
    lines.sort();
    lines
}

type Line = (String, String, i64, i64, i64);

/// The same by SQL over the rows of signinEvents as they lie in the month files.
fn recounted(brought: &Brought, by: &str, other: &str) -> Vec<Line> {
    let all = brought.rows(
        "sign_ins",
        "day TEXT, application TEXT, account TEXT, succeeded INTEGER",
        "date(time / 10000000, 'unixepoch'), json ->> '$.application', json ->> '$.account', json ->> '$.succeeded'",
        "TRUE",
    );
    let sql = format!(
        "SELECT day, {by}, sum(succeeded), sum(1 - succeeded), count(DISTINCT CASE WHEN succeeded THEN {other} END)
         FROM sign_ins GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut statement = all.prepare(&sql).unwrap();
    let lines = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    });
    lines.unwrap().map(Result::unwrap).collect()
}

fn check(script: &Script, page: usize) {
    let brought = Brought::of(
        script
            .iter()
            .map(|batch| batch.iter().map(|told| event(*told)).collect()),
    );
    assert_eq!(
        answered(brought.store.as_ref(), tenant(), "applicationUsageSummary", page),
        recounted(&brought, "application", "account")
    );
    assert_eq!(
        answered(brought.store.as_ref(), tenant(), "userActivitySummary", page),
        recounted(&brought, "account", "application")
    );
    brought.assert_sound();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn usage_is_what_a_recount_of_the_rows_says(script in scripts(), page in 1_usize..7) {
        check(&script, page);
    }
}

#[test]
fn an_event_that_moves_to_another_month_counts_there_once() {
    let told = |day, application| Told {
        id: 1,
        day,
        application,
        account: 1,
        succeeded: true,
    };
    let neighbour = Told { id: 2, ..told(40, 1) };
    check(
        &vec![vec![told(1, 0)], vec![told(40, 1), neighbour], vec![told(1, 0)]],
        100,
    );
}
