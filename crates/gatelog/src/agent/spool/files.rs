//! How far files were read, as rows.

use super::{Spool, SpoolError};
use crate::agent::mark::FileMark;
use rusqlite::{Connection, params};

/// Files that are gone are remembered so long, to recognise them when they come back packed.
const GONE_DAYS: i64 = 35;

impl Spool {
    /// The files of an input, also those that are gone.
    pub(crate) fn files(&self, input: &str) -> Result<Vec<FileMark>, SpoolError> {
        let inner = self.lock();
        let mut statement = inner.connection.prepare_cached(
            "SELECT key, path, first_path, device, inode, offset, head, window, size, skipping, packed, finished, gone, inherited,
                    head_length
             FROM files WHERE input = ?1 ORDER BY key",
        )?;
        let rows = statement.query_map([input], |row| {
            Ok(FileMark {
                key: row.get(0)?,
                path: row.get(1)?,
                first_path: row.get(2)?,
                device: row.get::<_, i64>(3)? as u64,
                inode: row.get::<_, i64>(4)? as u64,
                offset: row.get::<_, i64>(5)? as u64,
                head: row.get(6)?,
                window: row.get(7)?,
                size: row.get::<_, i64>(8)? as u64,
                skipping: row.get(9)?,
                packed: row.get(10)?,
                finished: row.get(11)?,
                gone: row.get(12)?,
                inherited: row.get::<_, i64>(13)? as u64,
                head_length: row.get::<_, i64>(14)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes a file down for the first time; answers its key.
    pub(crate) fn add_file(&self, input: &str, mark: &FileMark) -> Result<i64, SpoolError> {
        let inner = self.lock();
        write(
            &inner.connection,
            input,
            &FileMark {
                key: 0,
                ..mark.clone()
            },
        )?;
        Ok(inner.connection.last_insert_rowid())
    }

    /// Forgets files that have long been gone; answers their keys.
    pub(crate) fn forget_files(&self, input: &str, now: i64) -> Result<Vec<i64>, SpoolError> {
        let inner = self.lock();
        let mut statement = inner
            .connection
            .prepare_cached("DELETE FROM files WHERE input = ?1 AND gone < ?2 RETURNING key")?;
        let keys = statement.query_map(params![input, now - GONE_DAYS * 86_400], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}

pub(super) fn write(connection: &Connection, input: &str, mark: &FileMark) -> Result<(), SpoolError> {
    let key = (mark.key != 0).then_some(mark.key);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO files
             (key, input, path, first_path, device, inode, offset, head, window, size, skipping, packed, finished, gone, inherited,
              head_length)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            key,
            input,
            mark.path,
            mark.first_path,
            mark.device as i64,
            mark.inode as i64,
            mark.offset as i64,
            mark.head,
            mark.window,
            mark.size as i64,
            mark.skipping,
            mark.packed,
            mark.finished,
            mark.gone,
            mark.inherited as i64,
            mark.head_length as i64
        ])?;
    Ok(())
}
