//! Pieces on their way: put in order, taken oldest first, deleted when the service has them.

use super::{Inner, Spool, SpoolError, WhenFull, files, insert_gap};
use crate::agent::gap::{Gap, GapKind};
use crate::agent::mark::Mark;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::BTreeMap;

/// Some records that were just read.
#[derive(Debug, Clone)]
pub(crate) struct NewPiece<'a> {
    pub(crate) input: &'a str,
    /// The word in the address of ingest, as it was configured when this was read.
    pub(crate) format: &'a str,
    /// The content's media type.
    pub(crate) kind: &'static str,
    /// Where it was read, for people.
    pub(crate) origin: &'a str,
    pub(crate) records: u64,
    /// Packed with zstd.
    pub(crate) body: &'a [u8],
}

/// What became of a piece that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is on the disk. So many records of other pieces went for it.
    Kept { dropped: u64 },
    /// There is no room, and it is not kept: read it again later.
    Full,
    /// There was no room, and the policy was to let it go: it counts as read.
    Dropped { records: u64 },
}

/// A piece that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) id: i64,
    pub(crate) input: String,
    /// The number of the piece among those of its input, from 1.
    pub(crate) sequence: u64,
    pub(crate) part: String,
    /// The word in the address of ingest; none in pieces of a state of version 1.
    pub(crate) format: Option<String>,
    pub(crate) kind: String,
    pub(crate) origin: String,
    pub(crate) records: u64,
    pub(crate) made: Timestamp,
    pub(crate) body: Vec<u8>,
}

/// A part of a piece that was too large for the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) records: u64,
    pub(crate) body: Vec<u8>,
}

/// What waits of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Queued {
    pub(crate) pieces: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Spool {
    /// Keeps a piece and how far its input was read, both or neither. What is kept outlives a power cut.
    pub(crate) fn put(
        &self,
        piece: &NewPiece<'_>,
        mark: &Mark,
        when_full: WhenFull,
        now: Timestamp,
    ) -> Result<Put, SpoolError> {
        let mut inner = self.lock();
        let size = piece.body.len() as u64;
        let is_full = inner.bytes > 0 && inner.bytes + size > self.max_bytes;
        if is_full && when_full == WhenFull::Block {
            return Ok(Put::Full);
        }
        let (in_flight, bytes) = (inner.in_flight, inner.bytes);
        let transaction = begin(&mut inner)?;
        mark_in(&transaction, piece.input, mark, now)?;
        let sequence = next_sequence(&transaction, piece.input)?;
        if is_full && when_full == WhenFull::DropNewest {
            let detail = format!(
                "the spool is full: piece {sequence} from {} was dropped (policy drop-newest)",
                piece.origin
            );
            insert_gap(
                &transaction,
                piece.input,
                &dropped(piece.records, now, now, detail),
            )?;
            transaction.commit()?;
            return Ok(Put::Dropped {
                records: piece.records,
            });
        }
        let mut freed = Freed::default();
        while is_full && bytes - freed.bytes + size > self.max_bytes {
            if !drop_oldest(&transaction, in_flight, &mut freed, now)? {
                break;
            }
        }
        transaction.execute(
            "INSERT INTO pieces (input, sequence, part, kind, origin, records, made, body, format)
             VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                piece.input,
                sequence as i64,
                piece.kind,
                piece.origin,
                piece.records as i64,
                now.ticks(),
                piece.body,
                piece.format
            ],
        )?;
        transaction.commit()?;
        inner.bytes = bytes - freed.bytes + size;
        Ok(Put::Kept {
            dropped: freed.records,
        })
    }

    /// Remembers how far an input was read where that made no piece.
    pub(crate) fn mark(&self, input: &str, mark: &Mark, now: Timestamp) -> Result<(), SpoolError> {
        let mut inner = self.lock();
        let transaction = begin(&mut inner)?;
        mark_in(&transaction, input, mark, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// Remembers a gap and how far an input was read with it, both or neither.
    pub(crate) fn gap_and_mark(
        &self,
        input: &str,
        gap: &Gap,
        mark: &Mark,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let mut inner = self.lock();
        let transaction = begin(&mut inner)?;
        insert_gap(&transaction, input, gap)?;
        mark_in(&transaction, input, mark, now)?;
        transaction.commit()?;
        Ok(())
    }

    /// What waits, by input.
    pub(crate) fn queued(&self) -> Result<BTreeMap<String, Queued>, SpoolError> {
        let inner = self.lock();
        let mut statement = inner.connection.prepare_cached(
            "SELECT input, count(*), sum(records), sum(length(body)) FROM pieces GROUP BY input",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get(0)?,
                Queued {
                    pieces: row.get::<_, i64>(1)? as u64,
                    records: row.get::<_, i64>(2)? as u64,
                    bytes: row.get::<_, i64>(3)? as u64,
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The inputs of which something waits, that of the oldest piece first.
    pub(crate) fn waiting(&self) -> Result<Vec<String>, SpoolError> {
        let mut inner = self.lock();
        // What could not be deleted on a full disk goes when there is room.
        if !inner.settled.is_empty() {
            let _ = delete_settled(&mut inner);
        }
        let mut statement = inner
            .connection
            .prepare_cached("SELECT input FROM pieces GROUP BY input ORDER BY min(id)")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The oldest piece of an input. It is not dropped before [`Spool::done`], [`Spool::split`] or another one is taken.
    pub(crate) fn take(&self, input: &str) -> Result<Option<Piece>, SpoolError> {
        let mut inner = self.lock();
        let settled = inner.settled.clone();
        let taken = {
            let mut statement = inner.connection.prepare_cached(
                "SELECT id, input, sequence, part, kind, origin, records, made, body, format FROM pieces
                 WHERE input = ?1 ORDER BY sequence, part",
            )?;
            let mut rows = statement.query([input])?;
            loop {
                let Some(row) = rows.next()? else { break None };
                let id: i64 = row.get(0)?;
                if settled.contains(&id) {
                    continue;
                }
                break Some(Piece {
                    id,
                    input: row.get(1)?,
                    sequence: row.get::<_, i64>(2)? as u64,
                    part: row.get(3)?,
                    kind: row.get(4)?,
                    origin: row.get(5)?,
                    records: row.get::<_, i64>(6)? as u64,
                    made: Timestamp::from_ticks(row.get(7)?),
                    body: row.get(8)?,
                    format: row.get(9)?,
                });
            }
        };
        inner.in_flight = taken.as_ref().map(|piece| piece.id);
        Ok(taken)
    }

    /// The service has a piece, or it was put aside: it goes. If the disk is full it is at least not sent again.
    pub(crate) fn done(&self, id: i64) -> Result<(), SpoolError> {
        let mut inner = self.lock();
        inner.in_flight = None;
        inner.settled.insert(id);
        delete_settled(&mut inner)
    }

    /// Gives a piece the word of another format: there is none of the old one.
    pub(crate) fn rename_format(&self, id: i64, format: &str) -> Result<(), SpoolError> {
        let inner = self.lock();
        inner
            .connection
            .execute("UPDATE pieces SET format = ?2 WHERE id = ?1", params![id, format])?;
        Ok(())
    }

    /// Puts two parts in the place of a piece, under its number.
    pub(crate) fn split(&self, piece: &Piece, parts: &[Part; 2]) -> Result<(), SpoolError> {
        let mut inner = self.lock();
        inner.in_flight = None;
        let transaction = begin(&mut inner)?;
        transaction.execute("DELETE FROM pieces WHERE id = ?1", [piece.id])?;
        for (number, part) in parts.iter().enumerate() {
            transaction.execute(
                "INSERT INTO pieces (input, sequence, part, kind, origin, records, made, body, format)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    piece.input,
                    piece.sequence as i64,
                    format!("{}{number}", piece.part),
                    piece.kind,
                    piece.origin,
                    part.records as i64,
                    piece.made.ticks(),
                    part.body,
                    piece.format
                ],
            )?;
        }
        transaction.commit()?;
        let added: u64 = parts.iter().map(|part| part.body.len() as u64).sum();
        inner.bytes = (inner.bytes + added).saturating_sub(piece.body.len() as u64);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Freed {
    bytes: u64,
    records: u64,
}

fn begin(inner: &mut Inner) -> Result<Transaction<'_>, SpoolError> {
    Ok(inner
        .connection
        .transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn next_sequence(connection: &Connection, input: &str) -> Result<u64, SpoolError> {
    let next: i64 = connection
        .prepare_cached(
            "INSERT INTO inputs (name, next_sequence) VALUES (?1, 2)
             ON CONFLICT (name) DO UPDATE SET next_sequence = next_sequence + 1 RETURNING next_sequence - 1",
        )?
        .query_row([input], |row| row.get(0))?;
    Ok(next as u64)
}

fn mark_in(connection: &Connection, input: &str, mark: &Mark, now: Timestamp) -> Result<(), SpoolError> {
    match mark {
        Mark::Nothing => {}
        Mark::File(file) => files::write(connection, input, file)?,
        Mark::Seen(digests) => {
            let mut statement = connection.prepare_cached(
                "INSERT INTO seen (input, digest, day) VALUES (?1, ?2, ?3)
                 ON CONFLICT (input, digest) DO UPDATE SET day = excluded.day",
            )?;
            for digest in digests {
                statement.execute(params![input, digest, now.day()])?;
            }
        }
        Mark::Cursor(cursor) => {
            connection.execute(
                "INSERT INTO inputs (name, next_sequence, cursor) VALUES (?1, 1, ?2)
                 ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor",
                params![input, cursor],
            )?;
        }
    }
    Ok(())
}

/// Deletes the oldest piece that is not on its way, and writes down that it is missing. Nothing to delete is no error.
fn drop_oldest(
    connection: &Connection,
    in_flight: Option<i64>,
    freed: &mut Freed,
    now: Timestamp,
) -> Result<bool, SpoolError> {
    let oldest = connection
        .query_row(
            "SELECT id, input, sequence, origin, records, made, length(body) FROM pieces WHERE id IS NOT ?1
             ORDER BY id LIMIT 1",
            [in_flight],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, i64>(4)? as u64,
                    row.get::<_, i64>(5)?,
                    row.get::<_, i64>(6)? as u64,
                ))
            },
        )
        .optional()?;
    let Some((id, input, sequence, origin, records, made, bytes)) = oldest else {
        return Ok(false);
    };
    connection.execute("DELETE FROM pieces WHERE id = ?1", [id])?;
    let detail =
        format!("the spool was full: piece {sequence} from {origin} was dropped (policy drop-oldest)");
    let gap = dropped(records, Timestamp::from_ticks(made), now, detail);
    insert_gap(connection, &input, &gap)?;
    freed.bytes += bytes;
    freed.records += records;
    Ok(true)
}

fn dropped(records: u64, from: Timestamp, to: Timestamp, detail: String) -> Gap {
    Gap {
        from: Some(from),
        ..Gap::noticed(GapKind::Dropped, records, to, detail)
    }
}

fn delete_settled(inner: &mut Inner) -> Result<(), SpoolError> {
    for id in inner.settled.iter().copied().collect::<Vec<_>>() {
        let bytes: Option<i64> = inner
            .connection
            .prepare_cached("DELETE FROM pieces WHERE id = ?1 RETURNING length(body)")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        inner.settled.remove(&id);
        inner.bytes = inner.bytes.saturating_sub(bytes.unwrap_or(0) as u64);
    }
    if inner.bytes == 0 {
        // What an outage filled is given back to the disk.
        let mut statement = inner
            .connection
            .prepare_cached("PRAGMA incremental_vacuum(256)")?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}
