//! What the cases stand on: a folder, made-up events, and rows read back.

use super::{Open, Opened};
use crate::events::Page;
use model::batch::{Batch, Counts, EventDraft, Lateness, Outcome, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Position, Query, TimeRanges};
use model::reports::{self, Face, ReportDef};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::path::PathBuf;

/// A case's own folder and tenant.
pub(super) struct Trial {
    pub(super) folder: PathBuf,
    pub(super) open: Open,
    pub(super) tenant: TenantId,
}

/// An event of the suite: an id, a time, and a content that ranks by its number.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) id: u32,
    pub(super) time: &'static str,
    pub(super) content: u32,
}

pub(super) const fn told(id: u32, time: &'static str, content: u32) -> Told {
    Told { id, time, content }
}

impl Trial {
    pub(super) fn open(&self) -> Opened {
        (self.open)(&self.folder)
    }

    pub(super) fn check_is_clean(&self) -> Result<(), String> {
        let opened = self.open();
        for tenant in opened.store.tenants().map_err(|error| error.to_string())? {
            let report = opened.store.check(tenant).map_err(|error| error.to_string())?;
            if !report.faults.is_empty() {
                return Err(format!(
                    "the store's own check finds: {}",
                    report.faults.join("; ")
                ));
            }
        }
        Ok(())
    }

    pub(super) fn append(&self, opened: &Opened, events: &[Told]) -> Result<(Vec<Outcome>, Counts), String> {
        self.append_from(opened, "suite", Lateness::NotCounted, events)
    }

    pub(super) fn append_from(
        &self,
        opened: &Opened,
        source: &str,
        lateness: Lateness,
        events: &[Told],
    ) -> Result<(Vec<Outcome>, Counts), String> {
        let batch = Batch {
            tenant: self.tenant,
            source: source.to_owned(),
            arrived: time("2017-06-01T12:00:00Z"),
            lateness,
            events: events.iter().map(draft).collect(),
            ignored: 0,
            rejected: 0,
            sequence: None,
            error: None,
        };
        let store = &opened.store;
        let lease = store.lease(self.tenant).map_err(|error| error.to_string())?;
        let appended = store.append(&lease, batch).map_err(|error| error.to_string())?;
        Ok((appended.outcomes, appended.counts))
    }

    /// A page, the same with and without a head.
    pub(super) fn scan(&self, opened: &Opened, query: &Query) -> Result<Page, String> {
        let store = &opened.store;
        let page = store
            .scan(self.tenant, query)
            .map_err(|error| error.to_string())?;
        let headed = store
            .scan_onto(self.tenant, query, b"head".to_vec())
            .map_err(|error| error.to_string())?;
        equal(
            "the page onto a head",
            headed,
            page.clone().after(b"head".to_vec()),
        )?;
        Ok(page)
    }

    /// Every row, read in pages of `limit`.
    pub(super) fn all_rows(&self, opened: &Opened, query: &Query) -> Result<Vec<String>, String> {
        let mut rows = Vec::new();
        let mut query = query.clone();
        for _ in 0..10_000 {
            let page = self.scan(opened, &query)?;
            let these = split(&page);
            equal("the number of rows in a page", these.len(), page.rows)?;
            rows.extend(these);
            let Some(next) = page.next else { return Ok(rows) };
            query.after = Some(next);
            query.skip = 0;
        }
        Err("paging does not come to an end".to_owned())
    }
}

/// The report whose rows the suite writes.
pub(super) fn report() -> &'static ReportDef {
    reports::by_name(Face::Reports, "auditEvents").unwrap_or(reports::ALL[0])
}

pub(super) fn query(limit: usize) -> Query {
    Query {
        report: report(),
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None::<Position>,
        snapshot: None,
        limit,
        max_examined: 200_000,
    }
}

pub(super) fn key(id: u32) -> EventKey {
    EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, &id.to_string())
}

pub(super) fn draft(event: &Told) -> EventDraft {
    let json = format!(
        r#"{{"id":"{}","eventTime":"{}","content":{}}}"#,
        event.id, event.time, event.content
    );
    EventDraft {
        key: key(event.id),
        kind: Kind::Audit,
        time: time(event.time),
        rank: Rank {
            updated: None,
            properties: event.content,
            digest: [event.content as u8; 16],
        },
        format: "suite",
        original: json.clone().into_bytes(),
        rows: vec![RowDraft {
            report: report().number,
            json: json.into_bytes(),
            particulars: Vec::new(),
        }],
        subjects: vec![
            Subject::person(&format!("user{}@contoso.com", event.id % 10)),
            Subject::address(&format!("192.0.2.{}", event.id % 256)),
        ],
        usage: Vec::new(),
    }
}

/// The suite's own times are sound.
pub(super) fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap_or_default()
}

/// A page's rows one by one; the suite's objects have no comma between braces but the one between rows.
pub(super) fn split(page: &Page) -> Vec<String> {
    let text = String::from_utf8_lossy(&page.block).into_owned();
    if text.is_empty() {
        return Vec::new();
    }
    text.split("},{")
        .map(|row| format!("{{{}}}", row.trim_matches(['{', '}'])))
        .collect()
}

pub(super) fn field<'a>(row: &'a str, name: &str) -> &'a str {
    let start = row
        .find(&format!("\"{name}\":\""))
        .map_or(0, |at| at + name.len() + 4);
    row[start..].split('"').next().unwrap_or_default()
}

pub(super) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

#[allow(clippy::needless_pass_by_value, reason = "the cases read as sentences")]
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    ensure(got == expected, || format!("{what}: {got:?} is not {expected:?}"))
}
