//! Whatever order events come in, the store ends as a plain list of them would.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use model::batch::{Batch, EventDraft, Lateness, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Query, TimeRanges};
use model::reports::{self, Face};
use model::tenant::TenantId;
use model::time::{TICKS_PER_DAY, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::folder::DataFolder;
use store::sqlite::Options;

/// Id, day, content, in batches.
type Script = Vec<Vec<(u8, u8, u8)>>;

fn scripts() -> impl Strategy<Value = Script> {
    prop::collection::vec(prop::collection::vec((0_u8..12, 0_u8..70, 0_u8..4), 1..12), 1..8)
}

fn event((id, day, content): (u8, u8, u8)) -> EventDraft {
    let report = reports::by_name(Face::Reports, "auditEvents").unwrap();
    let time = Timestamp::from_unix_seconds(1_490_000_000).plus_ticks(i64::from(day) * TICKS_PER_DAY);
    let json = format!(r#"{{"id":{id},"content":{content},"day":{day}}}"#).into_bytes();
    EventDraft {
        key: EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, &id.to_string()),
        kind: Kind::Audit,
        time,
        // The same content has the same time: a record is one or the other.
        rank: Rank {
            updated: None,
            properties: u32::from(content),
            digest: [content ^ (day << 2); 16],
        },
        format: "test",
        original: json.clone(),
        rows: vec![RowDraft {
            report: report.number,
            json,
            particulars: Vec::new(),
        }],
        subjects: vec![Subject::person(&id.to_string())],
        usage: Vec::new(),
    }
}

/// The rows that a reader of the whole script would list, newest first, then by key.
fn expected(script: &Script) -> Vec<String> {
    let mut winners: BTreeMap<EventKey, EventDraft> = BTreeMap::new();
    for draft in script.iter().flatten().map(|told| event(*told)) {
        let held = winners.entry(draft.key).or_insert_with(|| draft.clone());
        if draft.rank > held.rank {
            *held = draft;
        }
    }
    let mut rows: Vec<_> = winners
        .into_values()
        .map(|draft| (draft.time, draft.key, draft.original))
        .collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    rows.into_iter()
        .map(|(_, _, original)| String::from_utf8(original).unwrap())
        .collect()
}

fn check(script: &Script) {
    let folder = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() {
        "/dev/shm"
    } else {
        "."
    })
    .unwrap();
    let folder = DataFolder::open(&folder.path().join("data")).unwrap();
    let tenant = TenantId::new(uuid::Uuid::from_u128(7));
    let store = store::open(
        &folder,
        Options {
            open_partitions: 1,
            ..Options::default()
        },
    )
    .unwrap();
    let lease = store.lease(tenant).unwrap();
    for batch in script {
        let batch = Batch {
            tenant,
            source: "test".to_owned(),
            arrived: Timestamp::from_unix_seconds(1_500_000_000),
            lateness: Lateness::NotCounted,
            events: batch.iter().map(|told| event(*told)).collect(),
            ignored: 1,
            rejected: 1,
            sequence: None,
            error: None,
        };
        let counts = store.append(&lease, batch).unwrap().counts;
        assert!(counts.adds_up(), "{counts:?}");
    }
    let query = Query {
        report: reports::by_name(Face::Reports, "auditEvents").unwrap(),
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit: 1_000,
        max_examined: 10_000,
    };
    let page = store.scan(tenant, &query).unwrap();
    let expected = expected(script);
    assert_eq!(String::from_utf8(page.block).unwrap(), expected.join(","));
    let report = store.check(tenant).unwrap();
    assert!(report.faults.is_empty(), "{}", report.faults.join("\n"));
    let read: usize = script.iter().map(|batch| batch.len() + 2).sum();
    assert_eq!(store.ledger(tenant).unwrap()[0].counts.read, read as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_ends_as_a_plain_list_would(script in scripts()) {
        check(&script);
    }
}
