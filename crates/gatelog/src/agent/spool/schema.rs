//! The tables of the agent's state, and the settings that make an acknowledgement durable.

use rusqlite::Connection;

/// The version of these tables.
pub(super) const VERSION: i64 = 2;

pub(super) const TABLES: &str = "
CREATE TABLE inputs (
    name TEXT PRIMARY KEY,
    next_sequence INTEGER NOT NULL,
    cursor TEXT,
    is_known INTEGER NOT NULL DEFAULT 0
) STRICT;
-- A piece that the service asked to have in parts keeps its number; `part` puts the parts in order.
CREATE TABLE pieces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    input TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    part TEXT NOT NULL,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    records INTEGER NOT NULL,
    made INTEGER NOT NULL,
    body BLOB NOT NULL,
    format TEXT,
    UNIQUE (input, sequence, part)
) STRICT;
CREATE TABLE files (
    key INTEGER PRIMARY KEY,
    input TEXT NOT NULL,
    path TEXT NOT NULL,
    first_path TEXT NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    head BLOB,
    head_length INTEGER NOT NULL,
    window BLOB,
    size INTEGER NOT NULL,
    skipping INTEGER NOT NULL,
    packed BLOB,
    finished INTEGER NOT NULL,
    inherited INTEGER NOT NULL,
    gone INTEGER
) STRICT;
CREATE INDEX files_by_input ON files (input);
CREATE TABLE seen (
    input TEXT NOT NULL,
    digest BLOB NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (input, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE gaps (
    id TEXT PRIMARY KEY,
    input TEXT NOT NULL,
    kind TEXT NOT NULL,
    records INTEGER NOT NULL,
    from_ticks INTEGER,
    to_ticks INTEGER,
    detail TEXT NOT NULL
) STRICT;
";

/// From version 1 to 2: pieces had no format; those that wait get it from the configuration when they are sent.
pub(super) const FROM_1: &str = "ALTER TABLE pieces ADD COLUMN format TEXT;";

/// Settings of a connection that writes. What is acknowledged outlives a power cut: `synchronous=FULL` syncs each commit.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
