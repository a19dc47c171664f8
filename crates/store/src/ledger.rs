//! What a store says of the sources that bring events: hour by hour, what is missing, and whether a recount agrees.

use crate::error::StoreError;
use crate::events::Lease;
use model::batch::Counts;
use model::tenant::TenantId;
use model::time::Timestamp;
use uuid::Uuid;

/// Told gaps of one source that are kept; whoever has as many must close some first.
pub const MOST_TOLD_GAPS: usize = 10_000;
/// Imported files that are kept in mind, the newest of a tenant.
pub const MOST_IMPORTS: i64 = 10_000;

/// The part of an event store that keeps account of sources.
pub trait SourceLedger {
    /// What a source brought, by the hour of its arrival or by the hour of the event, newest hour first: at most `limit`
    /// hours, all before the hour `before` if one is given.
    fn source_hours(
        &self,
        tenant: TenantId,
        source: &str,
        by: HourOf,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<SourceHour>, StoreError>;

    /// What gaps are found from, source by source; `only` asks for one.
    fn source_facts(&self, tenant: TenantId, only: Option<&str>) -> Result<Vec<SourceFacts>, StoreError>;

    /// Keeps what a sender tells of a loss. The same id again changes nothing.
    fn tell_gap(&self, lease: &Lease, gap: ToldGap) -> Result<Keeping, StoreError>;

    /// Keeps that somebody closed a gap. The same id again changes nothing that is kept of it. With it, in the same transaction, the
    /// parts of a record go that is given up; what comes of it afterwards waits anew.
    fn close_gap(
        &self,
        lease: &Lease,
        closing: Closing,
        given_up: Option<GivenUp>,
    ) -> Result<Keeping, StoreError>;

    /// Keeps that a file was imported to its end. Called after its rows are stored.
    fn note_import(&self, lease: &Lease, import: ImportedFile) -> Result<(), StoreError>;

    /// The files that were imported, newest first.
    fn imports(&self, tenant: TenantId, limit: usize) -> Result<Vec<ImportedFile>, StoreError>;

    /// Recounts from the events what can be recounted, and checks the sum of the rest.
    fn prove(&self, tenant: TenantId) -> Result<Proof, StoreError>;
}

/// Which of a line's two hours is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourOf {
    /// When records came.
    Arrival,
    /// When events happened; records that told no event have no such hour.
    Event,
}

/// By how much late events were late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LateBy {
    /// The sum, in whole seconds of each.
    pub seconds: u64,
    /// The most, in ticks.
    pub most_ticks: i64,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceError {
    /// When.
    pub at: Timestamp,
    /// What, in a sentence.
    pub reason: String,
}

/// An hour of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHour {
    /// When it begins.
    pub hour: Timestamp,
    /// Batches that came; each is counted in one hour.
    pub batches: u64,
    /// What became of their records.
    pub counts: Counts,
    /// By how much the late ones were late.
    pub late_by: LateBy,
    /// The oldest new or changed event, quarantined ones aside.
    pub oldest: Option<Timestamp>,
    /// The newest.
    pub newest: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<SourceError>,
}

/// What gaps of a source are found from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceFacts {
    /// The source.
    pub source: String,
    /// The hours (numbered since 1970) of which it brought events, with how many, in order. Events that are far ahead of
    /// their arrival are not counted: their clock was wrong.
    pub hours: Vec<(i64, u64)>,
    /// The numbers of uploads that came whole, both ends included, in order, in as few runs as they make.
    pub received: Vec<(u64, u64)>,
    /// What the sender told of losses.
    pub told: Vec<ToldGap>,
    /// What people closed.
    pub closed: Vec<Closing>,
}

/// A loss that a sender told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldGap {
    /// Made by the sender.
    pub id: Uuid,
    /// The source.
    pub source: String,
    /// What sort of loss, a word of the interface.
    pub kind: String,
    /// When it was told.
    pub told_at: Timestamp,
    /// When the lost records begin, if that is known.
    pub from: Option<Timestamp>,
    /// When they end.
    pub to: Option<Timestamp>,
    /// How many they are.
    pub records: Option<u64>,
    /// More about it.
    pub detail: String,
}

/// That somebody closed a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The gap.
    pub id: Uuid,
    /// Its source.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// What it covers: the first hour since 1970 or the first number; 0 where it is one thing.
    pub first: i64,
    /// The last, included.
    pub last: i64,
    /// When it was closed.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub because: String,
}

/// A record in parts that is not waited for any longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The format that would put it together.
    pub format: String,
    /// The record, as its parts name it.
    pub whole: String,
}

/// What became of something to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It is kept now.
    Kept,
    /// It was kept before.
    Known,
    /// Another source has something of the same id.
    Taken,
    /// There are too many already.
    TooMany,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// The run of the command that brought it; files of one run have one.
    pub run: Uuid,
    /// Its name as the command had it.
    pub file: String,
    /// When its last record was stored.
    pub ended: Timestamp,
    /// What became of its records of this tenant; ignored and rejected ones are of no tenant and counted with the file's first.
    pub counts: Counts,
    /// The oldest event in it.
    pub oldest: Option<Timestamp>,
    /// The newest.
    pub newest: Option<Timestamp>,
}

/// What a recount came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The events that were recounted.
    pub events: u64,
    /// The lines of the ledger that were looked at.
    pub lines: u64,
    /// Those of purged months and of records without an event: their sums were checked, and nothing is left to recount.
    pub lines_without_events: u64,
    /// Source by source, each hour of arrival, newest first.
    pub hours: Vec<ProvenHour>,
    /// What does not agree; empty if all does.
    pub faults: Vec<String>,
}

/// An hour of arrival of a source, told and recounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenHour {
    /// The source.
    pub source: String,
    /// When the hour begins.
    pub hour: Timestamp,
    /// What the ledger says of records.
    pub counts: Counts,
    /// What it says of events that are still there.
    pub told: Recount,
    /// What the events say.
    pub found: Recount,
}

/// What can be counted from events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recount {
    /// First contents.
    pub new: u64,
    /// Other contents.
    pub changed: u64,
    /// Contents that are too far in the future.
    pub quarantined: u64,
    /// Contents that were late, those of before schema 4 aside.
    pub late: u64,
    /// By how much.
    pub late_by: LateBy,
    /// The oldest, quarantined ones aside.
    pub oldest: Option<Timestamp>,
    /// The newest.
    pub newest: Option<Timestamp>,
}
