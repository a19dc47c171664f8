//! What a transaction adds to the ledger: lines, and the numbers of uploads that came whole.

use super::numbers::{Run, Table, receive};
use crate::sqlite::append::{Commit, PreparedEvent, Stored};
use model::batch::Outcome;
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::HashMap;

/// `ledger.event_hour` where no event was understood.
pub(in crate::sqlite) const NO_EVENT_HOUR: i64 = i64::MIN;
/// An hour in ticks.
pub(in crate::sqlite) const HOUR_TICKS: i64 = 3_600 * TICKS_PER_SECOND;
/// Later than this counts as this: a clock that is a thousand years behind must not make a sum that does not fit.
pub(in crate::sqlite) const MOST_LATE_TICKS: i64 = 36_525 * TICKS_PER_DAY;
/// Characters of an error that are kept.
const ERROR_CHARACTERS: usize = 500;

/// A line of the ledger, as one transaction changes it.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct LedgerDelta {
    pub(in crate::sqlite) batches: i64,
    pub(in crate::sqlite) read: i64,
    pub(in crate::sqlite) new: i64,
    pub(in crate::sqlite) changed: i64,
    pub(in crate::sqlite) known: i64,
    pub(in crate::sqlite) ignored: i64,
    pub(in crate::sqlite) rejected: i64,
    pub(in crate::sqlite) late: i64,
    pub(in crate::sqlite) late_seconds: i64,
    pub(in crate::sqlite) late_most: i64,
    pub(in crate::sqlite) quarantined: i64,
    pub(in crate::sqlite) oldest: Option<i64>,
    pub(in crate::sqlite) newest: Option<i64>,
    /// When something went wrong last, and what.
    pub(in crate::sqlite) error: Option<(i64, String)>,
}

/// (source, hour of arrival, hour of the event), in ticks.
pub(in crate::sqlite) type LedgerKey = (String, i64, i64);

/// Lines by what they are of.
pub(in crate::sqlite) type Ledger = HashMap<LedgerKey, LedgerDelta>;

/// What one transaction adds to the ledger.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct Additions {
    pub(in crate::sqlite) lines: Ledger,
    /// Source and number of uploads that are whole with this transaction.
    pub(in crate::sqlite) received: Vec<(String, i64)>,
    /// What is written of these numbers.
    pub(in crate::sqlite) runs: Vec<(String, Run)>,
}

impl Additions {
    pub(in crate::sqlite) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.received.is_empty()
    }
}

impl LedgerDelta {
    pub(in crate::sqlite) fn add(&mut self, other: LedgerDelta) {
        self.batches += other.batches;
        self.read += other.read;
        self.new += other.new;
        self.changed += other.changed;
        self.known += other.known;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
        self.late += other.late;
        self.late_seconds += other.late_seconds;
        self.late_most = self.late_most.max(other.late_most);
        self.quarantined += other.quarantined;
        self.oldest = [self.oldest, other.oldest].into_iter().flatten().min();
        self.newest = self.newest.max(other.newest);
        self.error = self.error.take().max(other.error);
    }

    /// Counts one event.
    pub(in crate::sqlite) fn note(&mut self, event: &PreparedEvent, stored: Stored) {
        self.read += 1;
        match stored.outcome {
            Outcome::New => self.new += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Known => self.known += 1,
            Outcome::Purged => self.rejected += 1,
        }
        if let Some(late_by) = stored.late_by {
            self.late += 1;
            self.late_seconds += late_by / TICKS_PER_SECOND;
            self.late_most = self.late_most.max(late_by);
        }
        self.quarantined += i64::from(stored.quarantined);
        if matches!(stored.outcome, Outcome::New | Outcome::Changed) && !stored.quarantined {
            let time = event.time.ticks();
            self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
            self.newest = self.newest.max(Some(time));
        }
    }

    /// Takes an error down, the first of its characters.
    pub(in crate::sqlite) fn fail(&mut self, at: i64, error: &str) {
        let kept: String = error.chars().take(ERROR_CHARACTERS).collect();
        self.error = self.error.take().max(Some((at, kept)));
    }
}

/// How lines of the same key come together.
const SUM_UP: &str = "ON CONFLICT DO UPDATE SET read = read + excluded.read, new = new + excluded.new,
    changed = changed + excluded.changed, known = known + excluded.known,
    ignored = ignored + excluded.ignored, rejected = rejected + excluded.rejected,
    late = late + excluded.late, quarantined = quarantined + excluded.quarantined,
    newest = max(coalesce(newest, excluded.newest), coalesce(excluded.newest, newest)),
    oldest = min(coalesce(oldest, excluded.oldest), coalesce(excluded.oldest, oldest)),
    batches = batches + excluded.batches, late_seconds = late_seconds + excluded.late_seconds,
    late_most = max(late_most, excluded.late_most),
    error = CASE WHEN excluded.error_at >= coalesce(error_at, excluded.error_at) THEN excluded.error ELSE error END,
    error_at = max(coalesce(error_at, excluded.error_at), coalesce(excluded.error_at, error_at))";

impl Commit<'_> {
    /// Adds to the ledger of the month.
    pub(in crate::sqlite) fn count(&mut self, additions: &Additions) -> rusqlite::Result<()> {
        // Put together once: a batch of many hours has many lines.
        let sql = format!(
            "INSERT INTO ledger(source, arrival_hour, event_hour, read, new, changed, known, ignored, rejected, late,
                quarantined, newest, batches, late_seconds, late_most, oldest, error, error_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) {SUM_UP}"
        );
        for ((source, arrival_hour, event_hour), delta) in &additions.lines {
            let source = self.name(source)?;
            self.cached(&sql)?.execute(params![
                source,
                arrival_hour,
                event_hour,
                delta.read,
                delta.new,
                delta.changed,
                delta.known,
                delta.ignored,
                delta.rejected,
                delta.late,
                delta.quarantined,
                delta.newest,
                delta.batches,
                delta.late_seconds,
                delta.late_most,
                delta.oldest,
                delta.error.as_ref().map(|(_, error)| error),
                delta.error.as_ref().map(|(at, _)| at),
            ])?;
        }
        for (source, run) in &additions.runs {
            let source = self.name(source)?;
            receive(self.connection, &Table::OfMonth, &source, *run)?;
        }
        Ok(())
    }
}

/// Adds to the ledger of a catalogue what no month's commit can carry: `month` is 0.
pub(in crate::sqlite) fn count_without_month(
    connection: &Connection,
    month: i32,
    additions: &Additions,
) -> rusqlite::Result<()> {
    for ((source, arrival_hour, event_hour), delta) in &additions.lines {
        connection
            .prepare_cached(&format!(
                "INSERT INTO ledger(month, source, arrival_hour, event_hour, read, new, changed, known, ignored, rejected,
                    late, quarantined, newest, batches, late_seconds, late_most, oldest, error, error_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?7, 0, 0, NULL, ?8, 0, 0, NULL, ?9, ?10) {SUM_UP}"
            ))?
            .execute(params![
                month,
                source,
                arrival_hour,
                event_hour,
                delta.read,
                delta.ignored,
                delta.rejected,
                delta.batches,
                delta.error.as_ref().map(|(_, error)| error),
                delta.error.as_ref().map(|(at, _)| at),
            ])?;
    }
    for (source, run) in &additions.runs {
        receive(connection, &Table::OfCatalogue(month), source, *run)?;
    }
    Ok(())
}

/// Takes over what a month's ledger says before the month is freed, in place of what was taken over before.
pub(in crate::sqlite) fn take_over(
    catalogue: &Connection,
    month: i32,
    partition: &Connection,
) -> rusqlite::Result<()> {
    catalogue.execute("DELETE FROM ledger WHERE month = ?1", [month])?;
    let mut lines = partition.prepare(&format!(
        "SELECT name, {TAKEN_OVER} FROM ledger JOIN names ON names.id = ledger.source"
    ))?;
    let columns = lines.column_count();
    let mut add = catalogue.prepare(&format!(
        "INSERT INTO ledger(month, source, {TAKEN_OVER})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
    ))?;
    let mut found = lines.query([])?;
    while let Some(line) = found.next()? {
        let mut values = vec![Value::Integer(i64::from(month))];
        for column in 0..columns {
            values.push(line.get(column)?);
        }
        add.execute(params_from_iter(values))?;
    }
    catalogue.execute("DELETE FROM received WHERE month = ?1", [month])?;
    let mut runs = partition
        .prepare("SELECT name, first, last FROM received JOIN names ON names.id = received.source")?;
    let mut found = runs.query([])?;
    while let Some(run) = found.next()? {
        catalogue.execute(
            "INSERT INTO received(month, source, first, last) VALUES (?1, ?2, ?3, ?4)",
            params![
                month,
                run.get::<_, String>(0)?,
                run.get::<_, i64>(1)?,
                run.get::<_, i64>(2)?
            ],
        )?;
    }
    Ok(())
}

/// The columns that months and catalogues have in common.
const TAKEN_OVER: &str =
    "arrival_hour, event_hour, read, new, changed, known, ignored, rejected, late, quarantined, newest,
    batches, late_seconds, late_most, late_unmarked, oldest, error, error_at";
