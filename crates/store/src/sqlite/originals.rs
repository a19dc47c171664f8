//! Records as they came, compressed together: neighbours say nearly the same, so a block of them takes a third of the room
//! and of the time that they take one by one.

use rusqlite::{Connection, OptionalExtension, params};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use zstd::bulk::Decompressor;

/// Originals are written once and read seldom: the fastest level that still takes most of the JSON away.
const ZSTD_LEVEL: i32 = 1;
/// A block is unpacked as a whole to read one record of it, so it must not be large.
const BLOCK_BYTES: usize = 64 << 10;
const BLOCK_RECORDS: usize = 128;
/// No record is larger than this when it is unpacked: what the readers of records allow, with room.
const ORIGINAL_BYTES_MOST: usize = 64 << 20;

/// A record on its way to the disk.
#[derive(Debug, Clone)]
pub(super) enum Original {
    /// Compressed by itself.
    Alone(Vec<u8>),
    /// Bytes of an unpacked block.
    InBlock {
        /// The block.
        block: Arc<Block>,
        /// Where the record is in it.
        range: Range<u32>,
    },
}

/// Records that were compressed together.
#[derive(Debug)]
pub(super) struct Block {
    data: Vec<u8>,
    records: usize,
}

/// Compresses the originals of a batch in the order in which they are given.
pub(super) fn pack(originals: &[&[u8]]) -> io::Result<Vec<Original>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    let mut packed = Vec::with_capacity(originals.len());
    let mut rest = originals;
    while !rest.is_empty() {
        let (together, after) = rest.split_at(block_records(rest));
        rest = after;
        if let [alone] = together {
            packed.push(Original::Alone(compressor.compress(alone)?));
            continue;
        }
        let bytes = together.concat();
        let block = Arc::new(Block {
            data: compressor.compress(&bytes)?,
            records: together.len(),
        });
        let mut start = 0;
        for record in together {
            let end = start + record.len() as u32;
            packed.push(Original::InBlock {
                block: Arc::clone(&block),
                range: start..end,
            });
            start = end;
        }
    }
    Ok(packed)
}

/// How many of the next records make a block; at least one.
fn block_records(originals: &[&[u8]]) -> usize {
    let mut bytes = 0;
    let fitting = originals.iter().take(BLOCK_RECORDS).take_while(|record| {
        bytes += record.len();
        bytes <= BLOCK_BYTES
    });
    fitting.count().max(1)
}

impl Original {
    /// The record as it came.
    pub(super) fn unpacked(&self) -> io::Result<Vec<u8>> {
        match self {
            Original::Alone(data) => decompress(data),
            Original::InBlock { block, range } => cut(
                &decompress(&block.data)?,
                i64::from(range.start),
                i64::from(range.end),
            ),
        }
    }
}

/// The blocks that one transaction wrote.
#[derive(Debug, Default)]
pub(super) struct WrittenBlocks(HashMap<usize, Written>);

#[derive(Debug)]
struct Written {
    id: i64,
    block: Arc<Block>,
    /// The events that are in it: number and place.
    events: Vec<(i64, Range<u32>)>,
}

/// The columns `original`, `block`, `block_start` and `block_end` of an event.
pub(super) struct Columns<'a> {
    pub(super) alone: &'a [u8],
    pub(super) block: Option<i64>,
    pub(super) start: Option<u32>,
    pub(super) end: Option<u32>,
}

impl WrittenBlocks {
    /// Writes what an event needs beside its row.
    pub(super) fn columns<'a>(
        &mut self,
        connection: &Connection,
        original: &'a Original,
    ) -> rusqlite::Result<Columns<'a>> {
        let (block, range) = match original {
            Original::Alone(data) => {
                return Ok(Columns {
                    alone: data,
                    block: None,
                    start: None,
                    end: None,
                });
            }
            Original::InBlock { block, range } => (block, range),
        };
        let name = Arc::as_ptr(block) as usize;
        let id = if let Some(written) = self.0.get(&name) {
            written.id
        } else {
            let id = connection
                .prepare_cached("INSERT INTO blocks(data) VALUES (?1)")?
                .insert([&block.data])?;
            let written = Written {
                id,
                block: Arc::clone(block),
                events: Vec::new(),
            };
            self.0.insert(name, written);
            id
        };
        Ok(Columns {
            alone: &[],
            block: Some(id),
            start: Some(range.start),
            end: Some(range.end),
        })
    }

    /// Notes the event whose columns were just written.
    pub(super) fn holds(&mut self, original: &Original, event: i64) {
        if let Original::InBlock { block, range } = original
            && let Some(written) = self.0.get_mut(&(Arc::as_ptr(block) as usize))
        {
            written.events.push((event, range.clone()));
        }
    }

    /// Takes apart the blocks most of whose records were known already: they would keep the rest for nothing.
    pub(super) fn finish(self, connection: &Connection) -> rusqlite::Result<()> {
        for written in self.0.into_values() {
            if written.events.len() * 2 >= written.block.records {
                continue;
            }
            let bytes = decompress(&written.block.data).map_err(failure)?;
            for (event, range) in written.events {
                let record = cut(&bytes, i64::from(range.start), i64::from(range.end)).map_err(failure)?;
                let alone = zstd::bulk::compress(&record, ZSTD_LEVEL).map_err(failure)?;
                connection
                    .prepare_cached(
                        "UPDATE events SET original = ?2, block = NULL, block_start = NULL, block_end = NULL WHERE id = ?1",
                    )?
                    .execute(params![event, alone])?;
            }
            connection
                .prepare_cached("DELETE FROM blocks WHERE id = ?1")?
                .execute([written.id])?;
        }
        Ok(())
    }
}

/// Reads originals back; remembers the block that was unpacked last, since neighbours are asked for together.
#[derive(Debug, Default)]
pub(super) struct Unpacker {
    last: Option<(i64, Vec<u8>)>,
}

impl Unpacker {
    /// The record of an event whose columns `original`, `block`, `block_start` and `block_end` begin at a column of a row.
    pub(super) fn original(
        &mut self,
        connection: &Connection,
        row: &rusqlite::Row<'_>,
        column: usize,
    ) -> rusqlite::Result<io::Result<Vec<u8>>> {
        let Some(block): Option<i64> = row.get(column + 1)? else {
            return Ok(decompress(row.get_ref(column)?.as_blob()?));
        };
        if self.last.as_ref().is_none_or(|(last, _)| *last != block) {
            let data: Option<Vec<u8>> = connection
                .prepare_cached("SELECT data FROM blocks WHERE id = ?1")?
                .query_row([block], |row| row.get(0))
                .optional()?;
            let Some(data) = data else {
                return Ok(Err(io::Error::other("its block is not there")));
            };
            match decompress(&data) {
                Ok(bytes) => self.last = Some((block, bytes)),
                Err(error) => return Ok(Err(error)),
            }
        }
        let (start, end): (i64, i64) = (row.get(column + 2)?, row.get(column + 3)?);
        let bytes = self.last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        Ok(cut(bytes, start, end))
    }
}

/// How many bytes a block has when it is unpacked.
pub(super) fn unpacked_bytes(data: &[u8]) -> io::Result<usize> {
    decompress(data).map(|bytes| bytes.len())
}

fn cut(bytes: &[u8], start: i64, end: i64) -> io::Result<Vec<u8>> {
    usize::try_from(start)
        .ok()
        .zip(usize::try_from(end).ok())
        .and_then(|(start, end)| bytes.get(start..end))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| io::Error::other("its block is too short"))
}

fn decompress(data: &[u8]) -> io::Result<Vec<u8>> {
    // The frame tells its size; never more than that is set aside.
    let size = zstd::zstd_safe::get_frame_content_size(data)
        .ok()
        .flatten()
        .unwrap_or(0);
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let mut decompressor = match kept.take() {
            Some(decompressor) => decompressor,
            None => Decompressor::new()?,
        };
        let bytes = decompressor.decompress(data, (size as usize).min(ORIGINAL_BYTES_MOST));
        *kept = Some(decompressor);
        bytes
    })
}

thread_local! {
    /// To make one costs as much as to unpack a block.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn failure(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(records: &[Vec<u8>]) {
        let borrowed: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let packed = pack(&borrowed).unwrap();
        let unpacked: Vec<Vec<u8>> = packed.iter().map(|one| one.unpacked().unwrap()).collect();
        assert_eq!(unpacked, records);
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..300),
        ) {
            check(&records);
        }
    }

    #[test]
    fn large_records_stay_alone_and_blocks_stay_small() {
        let records = [
            vec![b'a'; 10],
            vec![b'b'; 70_000],
            vec![b'c'; 40_000],
            vec![b'd'; 40_000],
        ];
        check(&records);
        let borrowed: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let alone = |one: &Original| matches!(one, Original::Alone(_));
        assert!(pack(&borrowed).unwrap().iter().all(alone));
        let small = vec![&b"{}"[..]; 300];
        let mut sizes: Vec<usize> = pack(&small)
            .unwrap()
            .iter()
            .map(|one| match one {
                Original::InBlock { block, .. } => block.records,
                Original::Alone(_) => 1,
            })
            .collect();
        sizes.dedup();
        assert_eq!(sizes, [128, 44]);
    }
}
