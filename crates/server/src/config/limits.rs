//! `[limits]`: what a connection, a request and an upload may cost.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use std::time::Duration;

/// What a connection, a request and an upload may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together.
    pub header_bytes: usize,
    /// How long a connection may go without a whole new request head: slow heads and idle connections alike.
    pub header_wait: Duration,
    /// The body of a request that is not an upload.
    pub body_bytes: u64,
    /// How long a request that is not an upload may take until its answer starts.
    pub request: Duration,
    /// How long a body may stand still, in either direction.
    pub stall: Duration,
    /// Connections at the same time.
    pub connections: usize,
    /// Rows that one request may look at.
    pub rows_examined: u64,
    /// Rows in one page.
    pub page_rows: usize,
    /// An upload as it is sent, compressed or not.
    pub ingest_body_bytes: u64,
    /// An upload after decompression.
    pub ingest_decompressed_bytes: u64,
    /// Uploads at the same time.
    pub ingest_concurrent: usize,
    /// Token requests of one address, and of one application, in a minute.
    pub tokens_per_minute: u32,
    /// Forms of the sign-in pages that one address may send in a minute.
    pub sign_ins_per_minute: u32,
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "limits.header_bytes",
        kind: Kind::Bytes,
        default: Some("64KiB"),
        about: "Request line and headers together; more is answered with 431.",
    },
    KeyDef {
        path: "limits.header_seconds",
        kind: Kind::Seconds,
        default: Some("30s"),
        about: "How long a connection may go without a whole new request head; slow and idle clients are cut.",
    },
    KeyDef {
        path: "limits.body_bytes",
        kind: Kind::Bytes,
        default: Some("1MiB"),
        about: "The body of a request that is not an upload.",
    },
    KeyDef {
        path: "limits.request_seconds",
        kind: Kind::Seconds,
        default: Some("30s"),
        about: "How long a request that is not an upload may take until its answer starts.",
    },
    KeyDef {
        path: "limits.stall_seconds",
        kind: Kind::Seconds,
        default: Some("30s"),
        about: "How long a body may stand still on its way in or out.",
    },
    KeyDef {
        path: "limits.connections",
        kind: Kind::Whole,
        default: Some("1024"),
        about: "Connections at the same time; more wait until one ends.",
    },
    KeyDef {
        path: "limits.rows_examined",
        kind: Kind::Whole,
        default: Some("200000"),
        about: "Rows that one request may look at before it answers a short page with a nextLink.",
    },
    KeyDef {
        path: "limits.page_rows",
        kind: Kind::Whole,
        default: Some("1000"),
        about: "Rows in one page.",
    },
    KeyDef {
        path: "limits.ingest_body_bytes",
        kind: Kind::Bytes,
        default: Some("256MiB"),
        about: "An upload as it is sent, compressed or not.",
    },
    KeyDef {
        path: "limits.ingest_decompressed_bytes",
        kind: Kind::Bytes,
        default: Some("4GiB"),
        about: "An upload after decompression.",
    },
    KeyDef {
        path: "limits.ingest_concurrent",
        kind: Kind::Whole,
        default: Some("8"),
        about: "Uploads at the same time; more are answered with 429 and Retry-After.",
    },
    KeyDef {
        path: "limits.tokens_per_minute",
        kind: Kind::Whole,
        default: Some("600"),
        about: "Token requests of one address, and of one application, in a minute; more get 429 and Retry-After.",
    },
    KeyDef {
        path: "limits.sign_ins_per_minute",
        kind: Kind::Whole,
        default: Some("60"),
        about: "Forms of the sign-in pages that one address may send in a minute; more get 429 and Retry-After.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Limits> {
    // Below 8 KiB the HTTP library does not go.
    let header_bytes = reader.bytes("limits.header_bytes", 8_192..=1 << 20);
    let header_wait = reader.seconds("limits.header_seconds", 1..=3_600);
    let body_bytes = reader.bytes("limits.body_bytes", 1_024..=1 << 30);
    let request = reader.seconds("limits.request_seconds", 1..=3_600);
    let stall = reader.seconds("limits.stall_seconds", 1..=3_600);
    let connections = reader.whole("limits.connections", 1..=1_000_000);
    let rows_examined = reader.whole("limits.rows_examined", 1_000..=1_000_000_000);
    // The contract lets `$top` go up to 1,000 in one page; fewer would cut it.
    let page_rows = reader.whole("limits.page_rows", 1_000..=100_000);
    let ingest_body_bytes = reader.bytes("limits.ingest_body_bytes", 1_024..=1 << 40);
    let ingest_decompressed_bytes = reader.bytes("limits.ingest_decompressed_bytes", 1_024..=1 << 44);
    let ingest_concurrent = reader.whole("limits.ingest_concurrent", 1..=1_024);
    let tokens_per_minute = reader.whole("limits.tokens_per_minute", 1..=1_000_000);
    let sign_ins_per_minute = reader.whole("limits.sign_ins_per_minute", 1..=1_000_000);
    Ok(Limits {
        header_bytes: header_bytes? as usize,
        header_wait: header_wait?,
        body_bytes: body_bytes?,
        request: request?,
        stall: stall?,
        connections: connections? as usize,
        rows_examined: rows_examined?,
        page_rows: page_rows? as usize,
        ingest_body_bytes: ingest_body_bytes?,
        ingest_decompressed_bytes: ingest_decompressed_bytes?,
        ingest_concurrent: ingest_concurrent? as usize,
        tokens_per_minute: tokens_per_minute? as u32,
        sign_ins_per_minute: sign_ins_per_minute? as u32,
    })
}
