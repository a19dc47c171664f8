//! Events, batches and questions that several tests share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "each test takes what it needs, and says why it is skipped"
)]

pub(crate) mod machine;
pub(crate) mod recount;

use model::batch::{Batch, EventDraft, Lateness, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Query, TimeRanges};
use model::reports::{self, Face};
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use store::error::StoreError;
use store::events::{Appended, EventStore, MonthInfo};
use store::folder::DataFolder;
use store::sqlite::Options;

pub(crate) fn tenant() -> TenantId {
    TenantId::new(uuid::Uuid::from_u128(7))
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// A month as it is now, for who decides to free it.
pub(crate) fn seen(store: &dyn EventStore, tenant: TenantId, name: &str) -> MonthInfo {
    let months = store.months(tenant).unwrap();
    months
        .into_iter()
        .find(|stored| stored.month == month(name))
        .unwrap()
}

pub(crate) fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

pub(crate) fn key(id: &str) -> EventKey {
    EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, id)
}

/// An audit event whose row is its record; a higher content wins.
pub(crate) fn event(id: &str, when: &str, content: u8) -> EventDraft {
    let report = reports::by_name(Face::Reports, "auditEvents").unwrap();
    let json = format!(r#"{{"id":"{id}","eventTime":"{when}","content":{content}}}"#).into_bytes();
    EventDraft {
        key: key(id),
        kind: Kind::Audit,
        time: time(when),
        rank: Rank {
            updated: None,
            properties: u32::from(content),
            digest: [content; 16],
        },
        format: "test",
        original: json.clone(),
        rows: vec![RowDraft {
            report: report.number,
            json,
            particulars: Vec::new(),
        }],
        subjects: vec![Subject::person("ada@contoso.example")],
        usage: Vec::new(),
    }
}

/// An event whose record and row do not get smaller by compression.
pub(crate) fn large_event(number: u32, when: &str, bytes: usize) -> EventDraft {
    let mut draft = event(&number.to_string(), when, 1);
    let mut state = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = String::with_capacity(bytes);
    while noise.len() < bytes {
        // xorshift64: bytes without a pattern.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(noise, "{state:016x}").unwrap();
    }
    let json = format!(r#"{{"id":"{number}","eventTime":"{when}","noise":"{noise}"}}"#).into_bytes();
    draft.original.clone_from(&json);
    draft.rows[0].json = json;
    draft
}

pub(crate) fn batch(events: &[EventDraft]) -> Batch {
    Batch {
        tenant: tenant(),
        source: "test".to_owned(),
        arrived: time("2017-06-01T12:00:00Z"),
        lateness: Lateness::NotCounted,
        events: events.to_vec(),
        ignored: 0,
        rejected: 0,
        sequence: None,
        error: None,
    }
}

/// An open store with the folder's lock; the store closes first.
pub(crate) struct Open {
    pub(crate) store: Arc<dyn EventStore>,
    _folder: DataFolder,
}

pub(crate) fn open(path: &Path) -> Open {
    open_with(path, Options::default())
}

pub(crate) fn open_with(path: &Path, options: Options) -> Open {
    let folder = DataFolder::open(path).unwrap();
    Open {
        store: store::open(&folder, options).unwrap(),
        _folder: folder,
    }
}

pub(crate) fn try_append(store: &dyn EventStore, batch: Batch) -> Result<Appended, StoreError> {
    store.append(&store.lease(batch.tenant).unwrap(), batch)
}

pub(crate) fn append(store: &dyn EventStore, events: &[EventDraft]) -> Appended {
    try_append(store, batch(events)).unwrap()
}

pub(crate) fn query(limit: usize) -> Query {
    Query {
        report: reports::by_name(Face::Reports, "auditEvents").unwrap(),
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit,
        max_examined: 1_000_000,
    }
}

/// The ids of all rows, newest first.
pub(crate) fn ids(store: &dyn EventStore) -> Vec<String> {
    let mut query = query(500);
    let mut ids = Vec::new();
    loop {
        let page = store.scan(tenant(), &query).unwrap();
        let text = String::from_utf8(page.block).unwrap();
        ids.extend(
            text.split(r#""id":""#)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned()),
        );
        let Some(next) = page.next else { return ids };
        query.after = Some(next);
    }
}

pub(crate) fn assert_clean(store: &dyn EventStore) {
    for tenant in store.tenants().unwrap() {
        let report = store.check(tenant).unwrap();
        assert!(report.faults.is_empty(), "{}", report.faults.join("\n"));
    }
}
