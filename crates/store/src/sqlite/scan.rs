//! Rows of a report, newest first, out of several months that may overlap in time.

use super::partition::Partition;
use super::tenant::Tenant;
use super::{Shared, usage, ways};
use crate::error::StoreError;
use crate::events::Page;
use model::query::{Position, Query, TimeRanges};
use model::reports::Rows;
use model::time::{TICKS_PER_DAY, Timestamp};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows that one look into a month takes at the most.
const CHUNK_ROWS: usize = 1_024;
/// What most rows do not exceed; growing a block step by step copies it each time.
const ROW_BYTES_USUAL: usize = 800;
/// Sorts after every key.
const LAST_KEY: [u8; 16] = [0xff; 16];

/// The row JSON and particulars of a stored row in, the JSON of the report that shows it in, if it does.
type Render = fn(&[u8], &[u8]) -> Option<Vec<u8>>;

/// What is asked of every month alike.
struct Ask<'a> {
    query: &'a Query,
    report: u16,
    render: Option<Render>,
    snapshot: u64,
}

/// A month that may have rows further on.
struct Cursor {
    partition: Arc<Partition>,
    /// Rows come at or before this place.
    bound: Position,
    /// The ranges still ahead, oldest first; the last is being read.
    ranges: Vec<(Timestamp, Timestamp)>,
    chunk: Chunk,
    taken: usize,
}

/// Rows read ahead from one month.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where the rows begin: before them may stand what the caller of the scan put there.
    start: usize,
    rows: Vec<(Position, usize, usize)>,
}

/// A page whose block begins with `head`.
pub(super) fn scan(
    shared: &Shared,
    tenant: &Tenant,
    query: &Query,
    head: Vec<u8>,
) -> Result<Page, StoreError> {
    let (report, render) = match query.report.rows {
        Rows::Stored(_) => (query.report.number, None),
        Rows::Rendered { from, render } => (from.number, Some(render)),
        Rows::Counted { grain, render } => {
            return Ok(usage::scan(shared, tenant, query, grain, render)?.after(head));
        }
        Rows::One(count) => return Ok(ways::of_window(shared, tenant, query, count)?.after(head)),
        Rows::Empty => return Ok(Page::of(head)),
    };
    if query.limit == 0 {
        return Ok(Page::of(head));
    }
    let _gate = tenant.read_gate();
    // What is being committed now is not seen before every month of it is durable, whatever the question names.
    let published = tenant.published();
    let snapshot = query.snapshot.map_or(published, |asked| asked.min(published));
    let ask = Ask {
        query,
        report,
        render,
        snapshot,
    };
    let mut cursors = open_cursors(shared, tenant, &ask);
    let mut skip = query.skip;
    if skip > 0 && query.predicate.is_none() && render.is_none() && query.after.is_none() {
        skip -= skip_days(&mut cursors, &ask, skip)?;
    }
    let mut page = Page {
        skipped: query.skip - skip,
        ..Page::of(head)
    };
    let mut budget = query.max_examined.max(1);
    loop {
        let Some(index) = newest(&cursors) else {
            return Ok(page);
        };
        let cursor = &mut cursors[index];
        if cursor.taken == cursor.chunk.rows.len() {
            if budget == 0 {
                page.next = Some(cursor.bound);
                return Ok(page);
            }
            let wanted = (query.limit - page.rows)
                .saturating_add(1)
                .saturating_add(skip as usize)
                .min(CHUNK_ROWS);
            let may_be_page = skip == 0 && page.rows == 0;
            if may_be_page {
                cursor.chunk.bytes = std::mem::take(&mut page.block);
                cursor.chunk.start = cursor.chunk.bytes.len();
            } else {
                cursor.chunk.start = 0;
            }
            let examined = cursor.fill(&ask, wanted, budget)?;
            budget -= examined.min(budget);
            page.examined += examined;
            if may_be_page {
                let rows = rows_alone(&cursors, index, query.limit);
                take_whole(&mut cursors[index], rows, &mut page);
                if page.rows == query.limit {
                    let cursor = &cursors[index];
                    let position = cursor.chunk.rows[cursor.taken - 1].0;
                    page.next =
                        has_more(&mut cursors, &ask, &mut budget, &mut page.examined)?.then_some(position);
                    return Ok(page);
                }
            }
            continue;
        }
        let (position, start, end) = cursor.chunk.rows[cursor.taken];
        if skip > 0 {
            skip -= 1;
            page.skipped += 1;
            cursor.taken += 1;
            continue;
        }
        if page.rows > 0 {
            page.block.push(b',');
        }
        page.block.extend_from_slice(&cursor.chunk.bytes[start..end]);
        page.rows += 1;
        cursor.taken += 1;
        if page.rows == query.limit {
            page.next = has_more(&mut cursors, &ask, &mut budget, &mut page.examined)?.then_some(position);
            return Ok(page);
        }
    }
}

/// How many of the rows that a month has read ahead are the page's first in any case: all that may be, if no other month can
/// have a row among them, else none.
fn rows_alone(cursors: &[Cursor], index: usize, limit: usize) -> usize {
    let read = &cursors[index].chunk.rows;
    let rows = read.len().min(limit);
    let Some((last, _, _)) = rows.checked_sub(1).map(|last| read[last]) else {
        return 0;
    };
    let is_alone = cursors
        .iter()
        .enumerate()
        .all(|(other, cursor)| other == index || cursor.ahead().is_none_or(|(place, _)| place < last));
    if is_alone { rows } else { 0 }
}

/// Makes the first rows that a month has read ahead the page's first, without copying them: the chunk was begun as the page's
/// block and has its commas already. The rows that stay are read from the chunk later.
fn take_whole(cursor: &mut Cursor, rows: usize, page: &mut Page) {
    let chunk = &mut cursor.chunk;
    let end = rows.checked_sub(1).map_or(chunk.start, |last| chunk.rows[last].2);
    page.block = std::mem::take(&mut chunk.bytes);
    chunk.bytes = page.block.split_off(end);
    chunk.start = 0;
    for row in &mut chunk.rows[rows..] {
        row.1 -= end;
        row.2 -= end;
    }
    cursor.taken = rows;
    page.rows = rows;
}

/// Whether any row that matches comes after those that were taken; unknown counts as yes.
fn has_more(
    cursors: &mut [Cursor],
    ask: &Ask<'_>,
    budget: &mut u64,
    examined: &mut u64,
) -> Result<bool, StoreError> {
    // What was read ahead answers without another question.
    if cursors
        .iter()
        .any(|cursor| cursor.taken < cursor.chunk.rows.len())
    {
        return Ok(true);
    }
    for cursor in cursors {
        while cursor.taken == cursor.chunk.rows.len() && !cursor.ranges.is_empty() {
            if *budget == 0 {
                return Ok(true);
            }
            let looked_at = cursor.fill(ask, 1, *budget)?;
            *budget -= looked_at.min(*budget);
            *examined += looked_at;
        }
        if cursor.taken < cursor.chunk.rows.len() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The months that can have rows in the ranges, before the place to go on from.
fn open_cursors(shared: &Shared, tenant: &Tenant, ask: &Ask<'_>) -> Vec<Cursor> {
    let mut cursors = Vec::new();
    for (month, state) in tenant.months() {
        let stored = TimeRanges::between(state.first, state.last);
        let mut ranges: Vec<_> = ask.query.times.intersection(&stored).iter().collect();
        if let Some(after) = ask.query.after {
            ranges.retain(|(first, _)| *first <= after.time);
            if let Some((_, last)) = ranges.last_mut() {
                *last = (*last).min(after.time);
            }
        }
        let Some((_, last)) = ranges.last() else { continue };
        let mut bound = Position {
            time: *last,
            key: LAST_KEY,
        };
        if let Some(after) = ask.query.after {
            bound = bound.min(after);
        }
        let partition = shared.partitions.get(tenant.id, &tenant.folder, month);
        cursors.push(Cursor {
            partition,
            bound,
            ranges,
            chunk: Chunk::default(),
            taken: 0,
        });
    }
    cursors
}

/// The cursor whose next row is the newest. One that has not read ahead counts with its bound, so it is read first.
fn newest(cursors: &[Cursor]) -> Option<usize> {
    cursors
        .iter()
        .enumerate()
        .filter_map(|(index, cursor)| cursor.ahead().map(|place| (place, index)))
        .max()
        .map(|(_, index)| index)
}

impl Cursor {
    /// The place of the next row, or (`true`) before which it must be, if it is not read yet.
    fn ahead(&self) -> Option<(Position, bool)> {
        match self.chunk.rows.get(self.taken) {
            Some((position, _, _)) => Some((*position, false)),
            None if self.ranges.is_empty() => None,
            None => Some((self.bound, true)),
        }
    }

    /// Reads ahead: up to `wanted` rows that match, looking at up to `budget`. Answers how many it looked at.
    fn fill(&mut self, ask: &Ask<'_>, wanted: usize, budget: u64) -> Result<u64, StoreError> {
        self.chunk.bytes.truncate(self.chunk.start);
        self.chunk.bytes.reserve(wanted * ROW_BYTES_USUAL);
        self.chunk.rows.clear();
        self.chunk.rows.reserve(wanted);
        self.taken = 0;
        let Some((first, _)) = self.ranges.last().copied() else {
            return Ok(0);
        };
        let mut reading = Reading {
            ask,
            bound: self.bound,
            wanted,
            budget,
            chunk: &mut self.chunk,
            examined: 0,
            seen: None,
        };
        let reached = self
            .partition
            .read(|connection| reading.range(connection, first))?;
        let examined = reading.examined;
        if let Some(reached) = reached {
            self.bound = reached;
        } else {
            self.ranges.pop();
            if let Some((_, last)) = self.ranges.last() {
                self.bound = Position {
                    time: *last,
                    key: LAST_KEY,
                };
            }
        }
        Ok(examined)
    }
}

/// A look into one range of a month.
struct Reading<'a> {
    ask: &'a Ask<'a>,
    /// Only rows before this place are looked at.
    bound: Position,
    wanted: usize,
    budget: u64,
    chunk: &'a mut Chunk,
    examined: u64,
    /// The last row looked at.
    seen: Option<Position>,
}

impl Reading<'_> {
    /// Reads from the bound down to an instant. Answers the last row looked at, if the range may have more.
    ///
    /// Two plain questions, the first only where a page goes on within an instant: one that compares time and key as a pair
    /// costs SQLite four more steps for every row.
    fn range(&mut self, connection: &Connection, first: Timestamp) -> rusqlite::Result<Option<Position>> {
        let is_rendered = self.ask.render.is_some();
        let mut newest = self.bound.time;
        if self.bound.key != LAST_KEY {
            let sql = if is_rendered {
                "SELECT time, key, seq, json, particulars FROM rows WHERE report = ?1 AND time = ?2 AND key < ?3
                 ORDER BY key DESC, seq DESC"
            } else {
                "SELECT time, key, seq, json FROM rows WHERE report = ?1 AND time = ?2 AND key < ?3
                 ORDER BY key DESC, seq DESC"
            };
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query(params![self.ask.report, newest.ticks(), self.bound.key])?;
            if self.take(rows)? {
                return Ok(self.seen);
            }
            if newest <= first {
                return Ok(None);
            }
            newest = newest.plus_ticks(-1);
        }
        let sql = if is_rendered {
            "SELECT time, key, seq, json, particulars FROM rows WHERE report = ?1 AND time <= ?2 AND time >= ?3
             ORDER BY time DESC, key DESC, seq DESC"
        } else {
            "SELECT time, key, seq, json FROM rows WHERE report = ?1 AND time <= ?2 AND time >= ?3
             ORDER BY time DESC, key DESC, seq DESC"
        };
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query(params![self.ask.report, newest.ticks(), first.ticks()])?;
        Ok(if self.take(rows)? { self.seen } else { None })
    }

    /// Takes the rows that match. Answers whether it stopped before their end.
    fn take(&mut self, mut rows: rusqlite::Rows<'_>) -> rusqlite::Result<bool> {
        while let Some(row) = rows.next()? {
            let position = Position {
                time: Timestamp::from_ticks(row.get(0)?),
                key: row.get(1)?,
            };
            if self.seen == Some(position)
                || position >= self.bound
                || row.get::<_, i64>(2)?.unsigned_abs() > self.ask.snapshot
            {
                continue;
            }
            if self.chunk.rows.len() == self.wanted || self.examined == self.budget {
                return Ok(true);
            }
            self.seen = Some(position);
            let Some(json) = row.get_ref(3)?.as_blob_or_null()? else {
                continue;
            };
            self.examined += 1;
            let before = self.chunk.bytes.len();
            if before > self.chunk.start {
                self.chunk.bytes.push(b',');
            }
            let start = self.chunk.bytes.len();
            if self.add(row, json)? {
                self.chunk.rows.push((position, start, self.chunk.bytes.len()));
            } else {
                self.chunk.bytes.truncate(before);
            }
        }
        Ok(false)
    }

    /// Adds the row as its report shows it. Answers whether it does and the row matches.
    fn add(&mut self, row: &rusqlite::Row<'_>, json: &[u8]) -> rusqlite::Result<bool> {
        let start = self.chunk.bytes.len();
        match self.ask.render {
            None => self.chunk.bytes.extend_from_slice(json),
            Some(render) => {
                let particulars = row.get_ref(4)?.as_blob_or_null()?.unwrap_or_default();
                let Some(rendered) = render(json, particulars) else {
                    return Ok(false);
                };
                self.chunk.bytes.extend_from_slice(&rendered);
            }
        }
        let Some(predicate) = &self.ask.query.predicate else {
            return Ok(true);
        };
        let parsed = serde_json::from_slice(&self.chunk.bytes[start..]);
        Ok(parsed.is_ok_and(|row| predicate.matches(&row)))
    }
}

/// Leaves out whole days by their counts, newest first, as long as they fit into `skip`; answers how many rows that was.
///
/// Only where the counts are those of the snapshot: a month with later commits is counted row by row.
fn skip_days(cursors: &mut [Cursor], ask: &Ask<'_>, skip: u64) -> Result<u64, StoreError> {
    let Some(newest) = cursors
        .iter()
        .filter_map(|cursor| cursor.ranges.last())
        .map(|(_, last)| *last)
        .max()
    else {
        return Ok(0);
    };
    let ranges: Vec<_> = ask.query.times.iter().collect();
    let Some((first, _)) = ranges.last().copied() else {
        return Ok(0);
    };
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for cursor in cursors.iter() {
        let counted = cursor.partition.read(|connection| {
            // One transaction: a commit between the two questions would give counts that are not the snapshot's.
            let connection = connection.unchecked_transaction()?;
            let seq: i64 = connection.query_row("SELECT last_seq FROM meta", [], |row| row.get(0))?;
            if seq.unsigned_abs() > ask.snapshot {
                return Ok(None);
            }
            let mut statement =
                connection.prepare_cached("SELECT day, rows FROM day_counts WHERE report = ?1")?;
            let counts = statement.query_map([ask.report], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?;
            counts.collect::<rusqlite::Result<Vec<_>>>().map(Some)
        })?;
        let Some(counted) = counted else { return Ok(0) };
        for (day, rows) in counted {
            *days.entry(day).or_default() += rows.unsigned_abs();
        }
    }
    let asked_last = ranges.last().map_or(newest, |(_, last)| *last);
    let mut skipped = 0;
    let mut cut_at = None;
    for (day, rows) in days.into_iter().rev() {
        let start = Timestamp::from_ticks(day * TICKS_PER_DAY);
        let end = start.plus_ticks(TICKS_PER_DAY - 1);
        if start > asked_last || end < first {
            continue;
        }
        // A range that ends beyond the newest stored row cuts no day.
        let is_whole = start >= first && (end <= asked_last || newest < asked_last);
        if !is_whole || skipped + rows > skip {
            break;
        }
        skipped += rows;
        cut_at = Some(start);
    }
    let Some(cut_at) = cut_at else { return Ok(0) };
    let bound = Position {
        time: cut_at.plus_ticks(-1),
        key: LAST_KEY,
    };
    for cursor in cursors {
        cursor.ranges.retain(|(first, _)| *first < cut_at);
        if let Some((_, last)) = cursor.ranges.last_mut() {
            *last = (*last).min(bound.time);
        }
        cursor.bound = cursor.bound.min(bound);
    }
    Ok(skipped)
}
