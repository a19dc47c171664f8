//! The tables of a month file and of a tenant's catalogue, schema by schema.

/// A month of a tenant.
///
/// `events` grows at its end, so that records of any time order cost the same, and is the change log, too: `commits` says
/// where each commit begins in it. `events_identity` says new, known or
/// changed. It is kept by slots of time (`time >> 32`, seven minutes): ids are random, and a commit of
/// events of one time must not touch every page of a month. Where an event has contents in several slots, each says so
/// (`elsewhere`).
///
/// `history` names every content of an event under its persons and addresses, the losing and the quarantined too, so that
/// whoever must be forgotten can be found; `events.subjects` says how often. `rows` is clustered as it is read: a report, newest
/// first. A changed row is a new version (`seq`), a removed one a version without JSON. `usage` are the tallies that usage
/// reports are counted from; `events.usage` notes what a winning content added. An `original` is there by itself or, where
/// `block` is set, bytes of that block.
///
/// The ledger has a line for each source, hour of arrival and hour of the event; `event_hour` is the smallest number where no
/// event was understood. `late_by` of an event says by how many ticks it was late when it came, `late_seconds` sums that up in
/// whole seconds, since a sum of ticks may not fit; `late_most` is the largest, in ticks. `late_unmarked` counts late events of
/// before schema 4, whose delay nobody kept. A batch stands on one line.
pub(super) const PARTITION: &str = "
CREATE TABLE meta(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tenant BLOB NOT NULL,
    month INTEGER NOT NULL,
    first_time INTEGER,
    last_time INTEGER,
    last_write INTEGER,
    last_seq INTEGER NOT NULL DEFAULT 0,
    counted INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE events(
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    digest BLOB NOT NULL,
    time INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    format INTEGER NOT NULL REFERENCES names(id),
    source INTEGER NOT NULL REFERENCES names(id),
    arrived INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    winner INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    updated INTEGER,
    properties INTEGER NOT NULL,
    subjects INTEGER NOT NULL,
    original BLOB NOT NULL,
    elsewhere INTEGER NOT NULL DEFAULT 0,
    usage TEXT,
    block INTEGER,
    block_start INTEGER,
    block_end INTEGER,
    late_by INTEGER
) STRICT;
CREATE UNIQUE INDEX events_identity ON events(time >> 32, key, digest);
CREATE TABLE rows(
    report INTEGER NOT NULL,
    time INTEGER NOT NULL,
    key BLOB NOT NULL,
    seq INTEGER NOT NULL,
    json BLOB,
    particulars BLOB,
    PRIMARY KEY (report, time, key, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_counts(
    report INTEGER NOT NULL,
    day INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (report, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE commits(seq INTEGER PRIMARY KEY, first_event INTEGER NOT NULL) STRICT;
CREATE TABLE ledger(
    source INTEGER NOT NULL REFERENCES names(id),
    arrival_hour INTEGER NOT NULL,
    event_hour INTEGER NOT NULL,
    read INTEGER NOT NULL,
    new INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    known INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    late INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    newest INTEGER,
    batches INTEGER NOT NULL DEFAULT 0,
    late_seconds INTEGER NOT NULL DEFAULT 0,
    late_most INTEGER NOT NULL DEFAULT 0,
    late_unmarked INTEGER NOT NULL DEFAULT 0,
    oldest INTEGER,
    error TEXT,
    error_at INTEGER,
    PRIMARY KEY (source, arrival_hour, event_hour)
) STRICT, WITHOUT ROWID;
";

/// What schema 2 added, for new files and for those that are brought up to it; a later schema must leave this as it is:
/// originals that are compressed together, and what usage reports count, by name and day.
pub(super) const ADDED_BY_2: &str = "
CREATE TABLE blocks(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE named(
    id INTEGER PRIMARY KEY,
    sort INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT,
    name_day INTEGER,
    title TEXT,
    title_day INTEGER,
    UNIQUE (sort, key)
) STRICT;
CREATE TABLE usage(
    tally INTEGER NOT NULL,
    day INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    member INTEGER NOT NULL,
    first INTEGER NOT NULL,
    second INTEGER NOT NULL,
    third INTEGER NOT NULL,
    PRIMARY KEY (tally, day, subject, member)
) STRICT, WITHOUT ROWID;
";

/// What schema 3 added: the history in runs, see [`super::history`].
pub(super) const ADDED_BY_3: &str = "
CREATE TABLE history_runs(
    id INTEGER PRIMARY KEY,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    entries INTEGER NOT NULL
) STRICT;
CREATE TABLE history(
    run INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    part INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (run, subject, part)
) STRICT, WITHOUT ROWID;
";

/// What schema 4 added: the numbers that senders gave to their uploads and that came whole, in runs without a hole.
pub(super) const ADDED_BY_4: &str = "
CREATE TABLE received(
    source INTEGER NOT NULL REFERENCES names(id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (source, first)
) STRICT, WITHOUT ROWID;
";

/// What belongs to a tenant and to no month: what was purged, ledger lines without events, fragments that wait.
pub(super) const CATALOGUE: &str = "
CREATE TABLE meta(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    tenant BLOB NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE purged(
    month INTEGER PRIMARY KEY,
    purged_at INTEGER NOT NULL,
    last_seq INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger(
    month INTEGER NOT NULL,
    source TEXT NOT NULL,
    arrival_hour INTEGER NOT NULL,
    event_hour INTEGER NOT NULL,
    read INTEGER NOT NULL,
    new INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    known INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    late INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    newest INTEGER,
    batches INTEGER NOT NULL DEFAULT 0,
    late_seconds INTEGER NOT NULL DEFAULT 0,
    late_most INTEGER NOT NULL DEFAULT 0,
    late_unmarked INTEGER NOT NULL DEFAULT 0,
    oldest INTEGER,
    error TEXT,
    error_at INTEGER,
    PRIMARY KEY (month, source, arrival_hour, event_hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE fragments(
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    whole TEXT NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    original BLOB NOT NULL,
    UNIQUE (source, whole, part)
) STRICT;
";

/// What schema 2 of catalogues added: numbers of uploads that no month holds, what senders say of their own losses, what people
/// closed and why, and which files were imported. All but the first are words of somebody, which no row can contradict.
pub(super) const CATALOGUE_ADDED_BY_2: &str = "
CREATE TABLE received(
    month INTEGER NOT NULL,
    source TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (month, source, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE told_gaps(
    id BLOB PRIMARY KEY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    told_at INTEGER NOT NULL,
    from_time INTEGER,
    to_time INTEGER,
    records INTEGER,
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX told_gaps_source ON told_gaps(source);
CREATE TABLE closed_gaps(
    id BLOB PRIMARY KEY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    because TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE imports(
    id INTEGER PRIMARY KEY,
    run BLOB NOT NULL,
    file TEXT NOT NULL,
    ended INTEGER NOT NULL,
    read INTEGER NOT NULL,
    new INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    known INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    oldest INTEGER,
    newest INTEGER
) STRICT;
";
