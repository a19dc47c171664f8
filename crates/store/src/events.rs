//! What a store of events can do, whatever is behind it.
//!
//! Calls block until they are done; the server runs them apart from its event loop. The tenant's one owner (its lease)
//! decides what is new, known or changed; rows are versioned by commit and never overwritten; positions are opaque.

use crate::error::StoreError;
use crate::ledger::{LateBy, SourceError, SourceLedger};
use model::batch::{Batch, Counts, FragmentDraft, Outcome, RowDraft, Subject};
use model::identity::{EventKey, Kind};
use model::query::{Position, Query};
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use model::usage::UsageDraft;
use serde::{Deserialize, Serialize};
use std::any::Any;

/// Keeps events and answers questions about their rows.
pub trait EventStore: SourceLedger + Send + Sync {
    /// The right to write for a tenant. The embedded store has one writer by its folder's lock, so it always agrees.
    fn lease(&self, tenant: TenantId) -> Result<Lease, StoreError>;

    /// Stores a batch and answers once it is durable. After an error some of its events may be stored: sending the
    /// batch again is safe and completes it.
    fn append(&self, lease: &Lease, batch: Batch) -> Result<Appended, StoreError>;

    /// Keeps parts of records until their others come, and answers once they are durable: what became of each, in their order. The
    /// same part again changes nothing; with another content it takes the place of the earlier one.
    fn keep_fragments(
        &self,
        lease: &Lease,
        source: &str,
        arrived: Timestamp,
        fragments: Vec<FragmentDraft>,
    ) -> Result<Vec<Kept>, StoreError>;

    /// The parts of a record that are there, each once, in the order of their numbers.
    fn fragments_of(&self, tenant: TenantId, format: &str, whole: &str) -> Result<Vec<Fragment>, StoreError>;

    /// Removes the parts of a record that was put together, after the event that it tells is durable. A part of it that comes again
    /// is not kept any more. Done twice, nothing is left to do.
    fn forget_fragments(
        &self,
        lease: &Lease,
        format: &str,
        whole: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The records of which only parts have come so far, those that wait longest first.
    fn unassembled(&self, tenant: TenantId) -> Result<Vec<Unassembled>, StoreError>;

    /// Rows of a report, newest first. A tenant that has nothing answers nothing.
    fn scan(&self, tenant: TenantId, query: &Query) -> Result<Page, StoreError> {
        self.scan_onto(tenant, query, Vec::new())
    }

    /// The same with a block that begins with `head`: an answer is then written once, not put together from parts.
    fn scan_onto(&self, tenant: TenantId, query: &Query, head: Vec<u8>) -> Result<Page, StoreError>;

    /// Whether a short page of the tenant's newest rows can be read at once: nothing must be opened for it, and nobody holds
    /// the tenant alone. A hint; whoever must not wait asks before reading on a thread that others need.
    fn is_at_hand(&self, tenant: TenantId) -> bool;

    /// The number of the tenant's last commit: a query that names it sees the tenant as it was then.
    fn snapshot(&self, tenant: TenantId) -> Result<u64, StoreError>;

    /// Which life of the tenant's commits this is. A freed or rebuilt month raises it, and so does a restore: a token of an earlier
    /// epoch names commits that are no longer what they were. A tenant that has nothing is in its first.
    fn epoch(&self, tenant: TenantId) -> Result<u64, StoreError>;

    /// Events of a person or an address, oldest first, both ends of the range included.
    fn history(
        &self,
        tenant: TenantId,
        subject: &Subject,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.history_of_kinds(tenant, subject, Kind::ALL, from, to, limit)
    }

    /// The same for some kinds of events: detectors have no use for findings, and whoever asks for findings has none for the rest.
    fn history_of_kinds(
        &self,
        tenant: TenantId,
        subject: &Subject,
        kinds: &[Kind],
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// A subject's events, newest first, then by key.
    fn newest(
        &self,
        tenant: TenantId,
        subject: &Subject,
        asked: &Newest<'_>,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The winning contents of events that are known by key and time, as a [`Change`] has them, in the order of time. What is
    /// not there (quarantined, or of a month that was freed) is left out. The time may be that of a content that does not win any longer.
    fn events(
        &self,
        tenant: TenantId,
        wanted: &[(EventKey, Timestamp)],
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Every content of an event that is kept, in the order in which they came.
    fn contents(&self, tenant: TenantId, key: &EventKey, near: Near<'_>) -> Result<Vec<Content>, StoreError>;

    /// What was committed after a commit, oldest first; the cursor of detectors and deltas. Commits come whole, as many as
    /// fit into `limit`; one that alone has more comes all the same, so the last change's commit is always a safe cursor.
    fn changes(&self, tenant: TenantId, since: u64, limit: usize) -> Result<Vec<Change>, StoreError>;

    /// How many rows each report has, and the newest.
    fn report_totals(&self, tenant: TenantId) -> Result<Vec<ReportTotal>, StoreError>;

    /// What the ledger says, a line per source.
    fn ledger(&self, tenant: TenantId) -> Result<Vec<LedgerLine>, StoreError>;

    /// The stored months.
    fn months(&self, tenant: TenantId) -> Result<Vec<MonthInfo>, StoreError>;

    /// Frees a month for good, if it is still as the caller saw it when it decided. Late events of it will be refused; its
    /// ledger totals stay.
    fn purge(&self, tenant: TenantId, seen: &MonthInfo, now: Timestamp) -> Result<Purge, StoreError>;

    /// Removes a tenant with all its events, rows and totals, for good. Nothing more is taken for it until somebody admits it
    /// again. Done twice, it finds nothing the second time.
    fn remove_tenant(&self, tenant: TenantId) -> Result<Removal, StoreError>;

    /// Takes events for a tenant that was removed before; it begins anew, in another epoch. For any other nothing is to do.
    fn admit_tenant(&self, tenant: TenantId) -> Result<(), StoreError>;

    /// What a backup must copy, oldest tenants and months first as their names sort. Until the answer is dropped no month
    /// is freed: a month that left between the copies of two files would be in neither.
    fn begin_backup(&self) -> Result<BackupSource, StoreError>;

    /// The winning contents of a month, in the order in which they came, after the one with this number: what rows are made
    /// anew from. Quarantined ones have none.
    fn winners(
        &self,
        tenant: TenantId,
        month: Month,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, StoredEvent)>, StoreError>;

    /// Puts what events of a month show in the place of what they showed, in one commit. An event that does not win any longer
    /// is left alone: what won has been projected by whoever stored it.
    fn reproject(
        &self,
        lease: &Lease,
        month: Month,
        projected: Vec<Reprojection>,
        now: Timestamp,
    ) -> Result<Reprojected, StoreError>;

    /// Months whose events are still to be counted for the usage reports: those that an older version wrote.
    fn uncounted(&self, tenant: TenantId) -> Result<Vec<Month>, StoreError>;

    /// Ends the making anew of a month: the tenant begins another epoch, since rows of old commits may say something else now.
    /// `all_counted` notes that the month's events have all been counted for the usage reports.
    fn end_rebuild(
        &self,
        lease: &Lease,
        month: Month,
        all_counted: bool,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Recounts everything that can be recounted, by other means than those that wrote it.
    fn check(&self, tenant: TenantId) -> Result<CheckReport, StoreError>;

    /// The tenants that have events.
    fn tenants(&self) -> Result<Vec<TenantId>, StoreError>;

    /// Whether the last write succeeded, and what is open.
    fn health(&self) -> Health;
}

/// The right to write for one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Whose events may be written.
    pub tenant: TenantId,
}

/// What storing a batch gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// What became of each event, in the batch's order.
    pub outcomes: Vec<Outcome>,
    /// The originals of events that were refused because their month is purged: (place in the batch, record).
    pub refused: Vec<(usize, Vec<u8>)>,
    /// The sums, with the batch's ignored and rejected records.
    pub counts: Counts,
    /// The commit that holds it.
    pub commit: u64,
}

/// What became of a part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept, now or since before.
    Waits,
    /// Its record was put together before: nothing is to do.
    WholeAlready,
    /// With it the parts of its record would have more bytes than are kept; it is not.
    TooLarge,
    /// So many records wait for parts that no further one is kept; of parts without a number, so many parts.
    TooMany,
}

/// A part of a record that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Its number, from 1.
    pub part: u32,
    /// How many parts it says the record has; 0 where nothing tells.
    pub parts: u32,
    /// The part as it came.
    pub original: Vec<u8>,
}

/// A record of which only parts have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unassembled {
    /// The source that brought its first part.
    pub source: String,
    /// The format that would put it together.
    pub format: String,
    /// The record, by its source's id; a name of our own where nothing tells.
    pub whole: String,
    /// How many of its parts are there.
    pub have: u32,
    /// How many it has; 0 where nothing tells.
    pub parts: u32,
    /// When the first of them arrived.
    pub first_arrived: Timestamp,
}

/// A stretch of rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The head that the scan was given, and the rows' JSON objects, joined with commas.
    pub block: Vec<u8>,
    /// How many.
    pub rows: usize,
    /// Where to go on; set if and only if there may be more.
    pub next: Option<Position>,
    /// How many rows were looked at.
    pub examined: u64,
    /// How many rows were left out for [`Query::skip`]; fewer than asked if the scan ended before.
    pub skipped: u64,
}

impl Page {
    /// A page that has a head and no rows yet.
    pub fn of(head: Vec<u8>) -> Page {
        Page {
            block: head,
            ..Page::default()
        }
    }

    /// The page behind a head.
    #[must_use]
    pub fn after(mut self, mut head: Vec<u8>) -> Page {
        head.append(&mut self.block);
        self.block = head;
        self
    }
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its identity.
    pub key: EventKey,
    /// Its kind.
    pub kind: Kind,
    /// When it happened.
    pub time: Timestamp,
    /// When it arrived.
    pub arrived: Timestamp,
    /// The format that understood it.
    pub format: String,
    /// The source that brought it, by its name in the ledger.
    pub source: String,
    /// The record as it came.
    pub original: Vec<u8>,
    /// The commit that brought it.
    pub commit: u64,
}

/// What an event is to show from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reprojection {
    /// The content's number, as [`EventStore::winners`] gave it.
    pub number: u64,
    /// The reports that are spoken of; rows of others stay.
    pub reports: Vec<u16>,
    /// The rows in those reports; none in one of them takes the row out.
    pub rows: Vec<RowDraft>,
    /// What it adds to the tallies; `None` leaves that as it is.
    pub usage: Option<Vec<UsageDraft>>,
}

/// What making rows anew came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reprojected {
    /// Rows that were not there.
    pub added: u64,
    /// Rows that say something else now.
    pub changed: u64,
    /// Rows that are no longer there.
    pub removed: u64,
    /// Events that count otherwise in the usage reports.
    pub recounted: u64,
}

/// Where the contents of an event are found: a key alone does not tell its month.
#[derive(Debug, Clone, Copy)]
pub enum Near<'a> {
    /// One of them has this time.
    Time(Timestamp),
    /// They are in the history of this subject.
    Subject(&'a Subject),
}

/// One content of an event, winning or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The content.
    pub event: StoredEvent,
    /// What it did to the event when it came.
    pub what: ChangeKind,
    /// Whether it is the one that counts now.
    pub wins: bool,
    /// Whether it is too far in the future to be shown.
    pub quarantined: bool,
}

/// Which of a subject's events are asked for.
#[derive(Clone, Copy)]
pub struct Newest<'a> {
    /// Those of this kind,
    pub kind: Kind,
    /// from this instant on,
    pub from: Timestamp,
    /// after (so older than) the event of this time and key, if one is given,
    pub before: Option<(Timestamp, EventKey)>,
    /// and no more than this.
    pub limit: usize,
    /// Not those that came first after this commit.
    pub through: u64,
    /// Of which events, by key and time, the caller has the first content: where that one counts, it is named, and its original is left
    /// empty.
    pub has: &'a dyn Fn(&EventKey, Timestamp) -> bool,
}

impl Newest<'_> {
    /// All of a kind.
    pub fn of(kind: Kind) -> Newest<'static> {
        Newest {
            kind,
            from: Timestamp::MIN,
            before: None,
            limit: usize::MAX,
            through: u64::MAX,
            has: &|_, _| false,
        }
    }
}

/// One entry of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub commit: u64,
    /// The event.
    pub key: EventKey,
    /// Its kind.
    pub kind: Kind,
    /// When it happened.
    pub time: Timestamp,
    /// What the commit did to it.
    pub what: ChangeKind,
    /// Whether the content that came stands aside, for its time is too far ahead: it is in no report and no history.
    pub quarantined: bool,
}

/// What a commit did to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Stored for the first time.
    New,
    /// Other content came and won: rows were replaced.
    Replaced,
    /// Other content came and lost: it is kept, rows stayed.
    Kept,
}

/// How many rows a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportTotal {
    /// The report's number.
    pub report: u16,
    /// Its rows; `None` where they are counted from tallies only when they are asked for.
    pub rows: Option<u64>,
    /// The newest row's time.
    pub newest: Timestamp,
}

/// What one source has brought so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The source.
    pub source: String,
    /// Batches that came of it.
    pub batches: u64,
    /// The sums.
    pub counts: Counts,
    /// By how much late events were late.
    pub late_by: LateBy,
    /// The first hour in which it brought something.
    pub first_arrival: Timestamp,
    /// The last hour in which it brought something.
    pub last_arrival: Timestamp,
    /// The oldest event that it brought, quarantined ones aside; `None` also where months were purged before that was kept.
    pub oldest: Option<Timestamp>,
    /// The newest event that it brought, quarantined ones aside.
    pub newest: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<SourceError>,
}

/// A stored month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthInfo {
    /// Which.
    pub month: Month,
    /// The first event's time; it can lie outside the month, where a record was corrected later.
    pub first: Timestamp,
    /// The last event's time.
    pub last: Timestamp,
    /// When something was last written to it.
    pub last_write: Timestamp,
    /// The last commit that wrote to it: two writes may have the same time.
    pub last_commit: u64,
}

/// What became of the wish to free a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purge {
    /// It is gone, now or since before.
    Freed,
    /// There was no such month.
    NotThere,
    /// Something was written to it after the caller looked; it stays. Look again and decide anew.
    WrittenSince,
    /// A backup is being taken; it stays until that is done.
    BackupUnderWay,
}

/// What became of the wish to remove a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone; its files are taken away behind the scenes.
    Removed,
    /// It had nothing.
    NotThere,
    /// A backup is being taken; everything stays until that is done.
    BackupUnderWay,
}

/// The files of a backup, and the promise that none of them leaves meanwhile.
pub struct BackupSource {
    /// Tenant by tenant.
    pub tenants: Vec<TenantFiles>,
    /// Dropped when the last file is copied.
    pub hold: Box<dyn Any + Send + Sync>,
}

/// The files of a tenant, by their names in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantFiles {
    /// Whose; the folder's name below `tenants`.
    pub tenant: String,
    /// Its catalogue, if there is one, then its months.
    pub files: Vec<String>,
}

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// How many events were looked at.
    pub events: u64,
    /// How many rows were looked at.
    pub rows: u64,
    /// What does not agree; empty if all is well.
    pub faults: Vec<String>,
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The last failure to write, until a write succeeds.
    pub write_failure: Option<String>,
    /// Open month files.
    pub open_partitions: usize,
    /// Batches that wait to be written.
    pub waiting_batches: usize,
    /// Commits since the store was opened.
    pub commits: u64,
}
