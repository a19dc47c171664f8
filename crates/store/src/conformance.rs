//! What every event store must do. Each case is a sentence; `run` tries them all on any backend.

use crate::events::{ChangeKind, EventStore, Page};
use model::batch::{Batch, Counts, EventDraft, Lateness, Outcome, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Position, Query, TimeRanges};
use model::reports::{self, Face, ReportDef};
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// A store that is open, with whatever must live as long as it.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn EventStore>,
    /// Dropped after it: the folder's lock, a server …
    pub hold: Box<dyn Any>,
}

/// Opens the store of a folder, made at need.
pub type Open = fn(&Path) -> Opened;

/// What a backend promises beyond the words of the trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Every batch arrives once and whole: outcomes and counts can be compared.
    Exact,
    /// Batches may be delayed, cut up, repeated and shuffled: only what is stored in the end can be compared.
    Unruly,
}

/// A case that did not hold.
#[derive(Debug)]
pub struct Failure {
    /// The case.
    pub case: &'static str,
    /// What was otherwise.
    pub reason: String,
}

type Case = fn(&Trial) -> Result<(), String>;

const CASES: &[(&str, Delivery, Case)] = &[
    (
        "the first content is new, the same is known, another is changed",
        Delivery::Exact,
        outcomes,
    ),
    (
        "every order of contents ends with the same winner",
        Delivery::Unruly,
        winners,
    ),
    (
        "an id in another month is the same event, in both orders",
        Delivery::Unruly,
        other_month,
    ),
    (
        "pages of any size give every row once, newest first, then by key",
        Delivery::Unruly,
        paging,
    ),
    (
        "paging sees the tenant as it was while rows arrive and change",
        Delivery::Exact,
        snapshots,
    ),
    ("a time range finds a row to the tick", Delivery::Unruly, ticks),
    (
        "a scan that looked at enough rows answers what it has and goes on",
        Delivery::Unruly,
        short_pages,
    ),
    (
        "skipping n rows gives the rows after n",
        Delivery::Unruly,
        skipping,
    ),
    (
        "an event of the day after tomorrow is kept and not shown",
        Delivery::Unruly,
        quarantine,
    ),
    (
        "late events are counted against the feed's newest",
        Delivery::Exact,
        lateness,
    ),
    (
        "a purged month is gone, refuses its events and keeps its totals",
        Delivery::Exact,
        purging,
    ),
    (
        "the history of a person and of an address is in time order",
        Delivery::Unruly,
        histories,
    ),
    (
        "the change log tells every commit after a cursor",
        Delivery::Exact,
        change_log,
    ),
    (
        "tenants with the same ids do not see each other",
        Delivery::Unruly,
        tenants,
    ),
    (
        "a store that was closed opens with all it had",
        Delivery::Unruly,
        reopening,
    ),
];

/// Tries every case in a folder of its own below `folder`; answers those that did not hold.
pub fn run(folder: &Path, open: Open, delivery: Delivery) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (number, (case, needs, check)) in CASES.iter().enumerate() {
        if *needs == Delivery::Exact && delivery == Delivery::Unruly {
            continue;
        }
        let trial = Trial {
            folder: folder.join(number.to_string()),
            open,
            tenant: TenantId::new(Uuid::from_u128(7)),
        };
        let outcome = check(&trial).and_then(|()| trial.check_is_clean());
        if let Err(reason) = outcome {
            failures.push(Failure { case, reason });
        }
    }
    failures
}

/// A case's own folder and tenant.
struct Trial {
    folder: PathBuf,
    open: Open,
    tenant: TenantId,
}

/// An event of the suite: an id, a time, and a content that ranks by its number.
#[derive(Clone, Copy)]
struct Told {
    id: u32,
    time: &'static str,
    content: u32,
}

const fn told(id: u32, time: &'static str, content: u32) -> Told {
    Told { id, time, content }
}

impl Trial {
    fn open(&self) -> Opened {
        (self.open)(&self.folder)
    }

    fn check_is_clean(&self) -> Result<(), String> {
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

    fn append(&self, opened: &Opened, events: &[Told]) -> Result<(Vec<Outcome>, Counts), String> {
        self.append_from(opened, "suite", Lateness::NotCounted, events)
    }

    fn append_from(
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
        };
        let store = &opened.store;
        let lease = store.lease(self.tenant).map_err(|error| error.to_string())?;
        let appended = store.append(&lease, batch).map_err(|error| error.to_string())?;
        Ok((appended.outcomes, appended.counts))
    }

    fn scan(&self, opened: &Opened, query: &Query) -> Result<Page, String> {
        opened
            .store
            .scan(self.tenant, query)
            .map_err(|error| error.to_string())
    }

    /// Every row, read in pages of `limit`.
    fn all_rows(&self, opened: &Opened, query: &Query) -> Result<Vec<String>, String> {
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

fn outcomes(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let first = told(1, "2017-05-01T10:00:00Z", 1);
    let other = told(1, "2017-05-01T10:00:00Z", 2);
    equal("first", trial.append(&opened, &[first])?.0, vec![Outcome::New])?;
    equal(
        "again",
        trial.append(&opened, &[first, first])?.0,
        vec![Outcome::Known, Outcome::Known],
    )?;
    equal(
        "other",
        trial.append(&opened, &[other])?.0,
        vec![Outcome::Changed],
    )?;
    equal(
        "old revision",
        trial.append(&opened, &[first])?.0,
        vec![Outcome::Known],
    )?;
    let within = [
        told(2, "2017-05-01T11:00:00Z", 1),
        told(2, "2017-05-01T11:00:00Z", 2),
        told(2, "2017-05-01T11:00:00Z", 1),
    ];
    let (outcomes, counts) = trial.append(&opened, &within)?;
    equal(
        "in one batch",
        outcomes,
        vec![Outcome::New, Outcome::Changed, Outcome::Known],
    )?;
    equal(
        "the sum",
        counts,
        Counts {
            read: 3,
            new: 1,
            changed: 1,
            known: 1,
            ..Counts::default()
        },
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let sum = Counts {
        read: 8,
        new: 2,
        changed: 2,
        known: 4,
        ..Counts::default()
    };
    equal(
        "the ledger",
        ledger.iter().map(|line| line.counts).collect::<Vec<_>>(),
        vec![sum],
    )
}

fn winners(trial: &Trial) -> Result<(), String> {
    let contents = [
        told(0, "2017-05-01T10:00:00Z", 1),
        told(0, "2017-05-03T10:00:00Z", 3),
        told(0, "2017-04-02T10:00:00Z", 2),
    ];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let opened = trial.open();
    for (number, order) in orders.iter().enumerate() {
        for content in order {
            let event = Told {
                id: number as u32,
                ..contents[*content]
            };
            trial.append(&opened, &[event])?;
        }
    }
    let rows = trial.all_rows(&opened, &query(100))?;
    equal("the number of rows", rows.len(), orders.len())?;
    for row in rows {
        ensure(
            row.contains(r#""content":3"#) && row.contains("2017-05-03"),
            || format!("another content won: {row}"),
        )?;
    }
    Ok(())
}

fn other_month(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-04-30T23:59:59Z", 1)])?;
    trial.append(
        &opened,
        &[
            told(1, "2017-05-01T00:00:01Z", 2),
            told(2, "2017-05-01T00:00:02Z", 2),
        ],
    )?;
    trial.append(
        &opened,
        &[
            told(2, "2017-04-30T23:59:58Z", 1),
            told(1, "2017-05-01T00:00:01Z", 2),
        ],
    )?;
    trial.append(
        &opened,
        &[
            told(3, "2017-05-02T00:00:00Z", 1),
            told(3, "2017-04-02T00:00:00Z", 2),
        ],
    )?;
    let rows = trial.all_rows(&opened, &query(2))?;
    let ids: Vec<&str> = rows.iter().map(|row| field(row, "id")).collect();
    equal("the rows", ids, vec!["2", "1", "3"])?;
    ensure(rows[2].contains("2017-04-02"), || {
        format!("the later content did not win: {}", rows[2])
    })
}

fn paging(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let times = [
        "2017-05-01T10:00:00Z",
        "2017-05-01T10:00:00.0000001Z",
        "2017-04-30T10:00:00Z",
        "2017-03-01T00:00:00Z",
    ];
    let events: Vec<Told> = (0..60)
        .map(|id| told(id, times[id as usize % times.len()], 1))
        .collect();
    trial.append(&opened, &events)?;
    let mut expected: Vec<(Timestamp, [u8; 16], u32)> = events
        .iter()
        .map(|event| (time(event.time), key(event.id).0, event.id))
        .collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let expected: Vec<String> = expected.into_iter().map(|(_, _, id)| id.to_string()).collect();
    for limit in [1, 2, 3, 7, 15, 59, 60, 61, 1_000] {
        let rows = trial.all_rows(&opened, &query(limit))?;
        let ids: Vec<String> = rows.iter().map(|row| field(row, "id").to_owned()).collect();
        equal(&format!("pages of {limit}"), ids, expected.clone())?;
    }
    let last = trial.scan(&opened, &query(60))?;
    equal("the last page says that it is", last.next, None)
}

fn snapshots(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let events: Vec<Told> = (0..10).map(|id| told(id, "2017-05-01T10:00:00Z", 1)).collect();
    trial.append(&opened, &events)?;
    let snapshot = opened
        .store
        .snapshot(trial.tenant)
        .map_err(|error| error.to_string())?;
    let mut query = Query {
        snapshot: Some(snapshot),
        ..query(4)
    };
    let first = trial.scan(&opened, &query)?;
    query.after = first.next;
    // One row moves to the newest end, one to the oldest, one changes in its place, and one is new in the middle.
    let changes = [
        told(0, "2017-05-02T10:00:00Z", 2),
        told(1, "2017-04-01T10:00:00Z", 2),
        told(2, "2017-05-01T10:00:00Z", 2),
        told(77, "2017-05-01T10:00:00Z", 1),
    ];
    trial.append(&opened, &changes)?;
    let mut ids: Vec<u32> = split(&first)
        .iter()
        .chain(&trial.all_rows(&opened, &query)?)
        .filter_map(|row| field(row, "id").parse().ok())
        .collect();
    ids.sort_unstable();
    equal("the rows of the snapshot", ids, (0..10).collect())?;
    query.after = None;
    query.skip = 9;
    equal(
        "skipping in the snapshot",
        trial.all_rows(&opened, &query)?.len(),
        1,
    )?;
    query = Query {
        snapshot: None,
        ..self::query(100)
    };
    let now = trial.all_rows(&opened, &query)?;
    equal("the rows now", now.len(), 11)?;
    equal("the newest row now", field(&now[0], "id"), "0")
}

fn ticks(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(1, "2015-03-12T22:01:18.4385955Z", 1),
            told(2, "2015-03-12T22:01:18.4385956Z", 1),
        ],
    )?;
    let at = time("2015-03-12T22:01:18.4385955Z");
    let query = Query {
        times: TimeRanges::between(at, at),
        ..query(10)
    };
    let rows = trial.all_rows(&opened, &query)?;
    equal(
        "the rows at that tick",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["1"],
    )?;
    let two = TimeRanges::between(at, at).union(&TimeRanges::between(at.plus_ticks(1), at.plus_ticks(9)));
    equal(
        "both",
        trial.all_rows(&opened, &Query { times: two, ..query })?.len(),
        2,
    )
}

fn short_pages(trial: &Trial) -> Result<(), String> {
    use model::query::{Literal, Operator, Predicate};
    let opened = trial.open();
    let events: Vec<Told> = (0..30)
        .map(|id| told(id, "2017-05-01T10:00:00Z", 1 + u32::from(id % 10 == 0)))
        .collect();
    trial.append(&opened, &events)?;
    let predicate = Predicate::Compare {
        path: &["content"],
        operator: Operator::Equal,
        value: Literal::Integer(2),
    };
    let query = Query {
        predicate: Some(predicate),
        max_examined: 7,
        ..query(10)
    };
    let first = trial.scan(&opened, &query)?;
    ensure(first.examined <= 7 && first.next.is_some(), || {
        format!("it looked at {} rows", first.examined)
    })?;
    equal("the rows that match", trial.all_rows(&opened, &query)?.len(), 3)
}

fn skipping(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let times = [
        "2017-05-03T10:00:00Z",
        "2017-05-02T00:00:00Z",
        "2017-05-02T23:59:59.9999999Z",
        "2017-04-30T10:00:00Z",
    ];
    let events: Vec<Told> = (0..40)
        .map(|id| told(id, times[id as usize % times.len()], 1))
        .collect();
    trial.append(&opened, &events)?;
    for (from, to) in [
        ("2017-01-01", "2017-12-31"),
        ("2017-05-02T12:00:00Z", "2017-05-03T10:00:00Z"),
        ("2017-04-01", "2017-05-02T12:00:00Z"),
    ] {
        let query = Query {
            times: TimeRanges::between(time(from), time(to)),
            ..query(100)
        };
        let all = trial.all_rows(&opened, &query)?;
        for skip in [0, 1, 9, 10, 11, 20, 29, 30, 31, 40, 50] {
            let rows = trial.all_rows(
                &opened,
                &Query {
                    skip,
                    ..query.clone()
                },
            )?;
            equal(
                &format!("skip {skip} of {from} to {to}"),
                rows,
                all.iter().skip(skip as usize).cloned().collect(),
            )?;
        }
    }
    Ok(())
}

fn quarantine(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let (within, beyond) = (
        told(1, "2017-06-02T11:59:59Z", 1),
        told(2, "2017-06-02T12:00:01Z", 1),
    );
    trial.append(&opened, &[within, beyond, told(3, "2099-01-01", 1)])?;
    let rows = trial.all_rows(&opened, &query(10))?;
    equal(
        "the rows",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["1"],
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let line = ledger.first().ok_or("the ledger is empty")?;
    equal("quarantined", line.counts.quarantined, 2)?;
    equal("the newest", line.newest, Some(time(within.time)))
}

fn lateness(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let feed = Lateness::After(10_000_000 * 900);
    trial.append_from(&opened, "feed", feed, &[told(1, "2017-05-01T10:00:00Z", 1)])?;
    let (_, counts) = trial.append_from(
        &opened,
        "feed",
        feed,
        &[
            told(2, "2017-05-01T09:45:00Z", 1),
            told(3, "2017-05-01T09:44:59Z", 1),
            told(4, "2017-05-01T11:00:00Z", 1),
        ],
    )?;
    equal("late in a feed", counts.late, 1)?;
    let (_, counts) = trial.append_from(
        &opened,
        "import",
        Lateness::NotCounted,
        &[told(5, "2016-05-01T09:44:59Z", 1)],
    )?;
    equal("late in an import", counts.late, 0)
}

fn purging(trial: &Trial) -> Result<(), String> {
    let now = time("2017-06-01T12:00:00Z");
    let april = Month::parse("2017-04").ok_or("month")?;
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(1, "2017-04-10", 1),
            told(2, "2017-04-11", 1),
            told(3, "2017-05-11", 1),
        ],
    )?;
    for _ in 0..2 {
        opened
            .store
            .purge(trial.tenant, april, now)
            .map_err(|error| error.to_string())?;
    }
    let late = [
        told(1, "2017-04-10", 1),
        told(9, "2017-04-12", 1),
        told(3, "2017-05-11", 1),
        told(2, "2017-05-12", 1),
    ];
    let (outcomes, counts) = trial.append(&opened, &late)?;
    equal(
        "late events",
        outcomes,
        vec![Outcome::Purged, Outcome::Purged, Outcome::Known, Outcome::New],
    )?;
    ensure(counts.adds_up() && counts.rejected == 2, || format!("{counts:?}"))?;
    drop(opened);
    let opened = trial.open();
    let rows = trial.all_rows(&opened, &query(10))?;
    equal(
        "the rows left",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["2", "3"],
    )?;
    equal(
        "late after reopening",
        trial.append(&opened, &late[..1])?.0,
        vec![Outcome::Purged],
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let expected = Counts {
        read: 8,
        new: 4,
        known: 1,
        rejected: 3,
        ..Counts::default()
    };
    equal(
        "the ledger",
        ledger.first().map(|line| line.counts),
        Some(expected),
    )
}

fn histories(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(12, "2017-05-11", 1),
            told(2, "2017-04-11", 1),
            told(3, "2017-04-12", 1),
            told(22, "2017-03-01", 1),
        ],
    )?;
    trial.append(&opened, &[told(2, "2017-04-13", 2)])?;
    let ask = |subject: &Subject, from: &str, to: &str| -> Result<Vec<String>, String> {
        let events = opened
            .store
            .history(trial.tenant, subject, time(from), time(to), 10)
            .map_err(|error| error.to_string())?;
        events
            .iter()
            .map(|event| String::from_utf8(event.original.clone()).map_err(|error| error.to_string()))
            .collect()
    };
    // A person for each last digit of the id.
    let person = Subject::person("User2@contoso.com");
    let all = ask(&person, "2017-01-01", "2017-12-31")?;
    equal(
        "their events",
        all.iter().map(|text| field(text, "id")).collect::<Vec<_>>(),
        vec!["22", "2", "12"],
    )?;
    ensure(all[1].contains(r#""content":2"#), || {
        format!("the losing content is told: {}", all[1])
    })?;
    equal("a stretch", ask(&person, "2017-04-13", "2017-05-10")?.len(), 1)?;
    equal(
        "an address",
        ask(&Subject::address("192.0.2.3"), "2017-01-01", "2017-12-31")?.len(),
        1,
    )
}

fn change_log(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-05-01", 2), told(2, "2017-04-01", 1)])?;
    let changes = |since: u64, limit: usize| {
        opened
            .store
            .changes(trial.tenant, since, limit)
            .map_err(|error| error.to_string())
    };
    let first = changes(0, 100)?;
    equal("the first commit", first.len(), 2)?;
    let cursor = first.iter().map(|change| change.commit).max().unwrap_or(0);
    trial.append(
        &opened,
        &[
            told(1, "2017-05-01", 3),
            told(1, "2017-05-01", 1),
            told(1, "2017-05-01", 1),
        ],
    )?;
    let then: Vec<_> = changes(cursor, 100)?
        .iter()
        .map(|change| (change.key, change.what))
        .collect();
    equal(
        "the second commit",
        then,
        vec![(key(1), ChangeKind::Replaced), (key(1), ChangeKind::Kept)],
    )?;
    ensure(
        changes(0, 1)?.iter().all(|change| change.commit <= cursor),
        || "a small limit skips commits".to_owned(),
    )?;
    equal("a small limit gives whole commits", changes(0, 1)?.len(), 2)?;
    equal("nothing more", changes(cursor + 1, 100)?.len(), 0)
}

fn tenants(trial: &Trial) -> Result<(), String> {
    let other = Trial {
        folder: trial.folder.clone(),
        open: trial.open,
        tenant: TenantId::new(Uuid::from_u128(8)),
    };
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-05-01", 1)])?;
    equal(
        "nothing of ours is theirs",
        other.all_rows(&opened, &query(10))?.len(),
        0,
    )?;
    other.append(&opened, &[told(1, "2017-05-01", 2)])?;
    let (ours, theirs) = (
        trial.all_rows(&opened, &query(10))?,
        other.all_rows(&opened, &query(10))?,
    );
    ensure(
        ours[0].contains(r#""content":1"#) && theirs[0].contains(r#""content":2"#),
        || format!("{ours:?} {theirs:?}"),
    )
}

fn reopening(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let events: Vec<Told> = (0..50)
        .map(|id| told(id, if id % 2 == 0 { "2017-05-01" } else { "2016-12-31" }, 1))
        .collect();
    trial.append(&opened, &events)?;
    let before = trial.all_rows(&opened, &query(7))?;
    drop(opened);
    let opened = trial.open();
    equal("the rows", trial.all_rows(&opened, &query(9))?, before)?;
    trial.append(&opened, &events)?;
    let totals = opened
        .store
        .report_totals(trial.tenant)
        .map_err(|error| error.to_string())?;
    equal(
        "the totals",
        totals
            .iter()
            .map(|total| (total.rows, total.newest))
            .collect::<Vec<_>>(),
        vec![(50, time("2017-05-01"))],
    )
}

/// The report whose rows the suite writes.
fn report() -> &'static ReportDef {
    reports::by_name(Face::Reports, "auditEvents").unwrap_or(reports::ALL[0])
}

fn query(limit: usize) -> Query {
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

fn key(id: u32) -> EventKey {
    EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, &id.to_string())
}

fn draft(event: &Told) -> EventDraft {
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
    }
}

/// The suite's own times are sound.
fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap_or_default()
}

/// A page's rows one by one; the suite's objects have no comma between braces but the one between rows.
fn split(page: &Page) -> Vec<String> {
    let text = String::from_utf8_lossy(&page.block).into_owned();
    if text.is_empty() {
        return Vec::new();
    }
    text.split("},{")
        .map(|row| format!("{{{}}}", row.trim_matches(['{', '}'])))
        .collect()
}

fn field<'a>(row: &'a str, name: &str) -> &'a str {
    let start = row
        .find(&format!("\"{name}\":\""))
        .map_or(0, |at| at + name.len() + 4);
    row[start..].split('"').next().unwrap_or_default()
}

fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    ensure(got == expected, || format!("{what}: {got:?} is not {expected:?}"))
}
