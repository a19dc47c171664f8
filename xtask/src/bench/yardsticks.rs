//! What the service is measured against: the least that an axum server could do, each in a process of its own.
//!
//! They end when their standard input does, so that none outlives the bench.

use super::product::{Build, core_seconds};
use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::time::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The type of the answers, as the service sends it.
const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";

/// A yardstick at work.
#[derive(Debug)]
pub(super) struct Yardstick {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Yardstick {
    /// Answers `/0`, `/1`, … with the bytes of the files of these names in a folder, out of memory.
    pub(super) fn of_files(build: &Build, folder: &FilePath) -> Result<Yardstick> {
        Yardstick::start(build, "bench-static", folder)
    }

    /// Answers `/rows?before=<ticks>&top=<rows>` out of a copy of the rows, see [`copy_rows`].
    pub(super) fn of_rows(build: &Build, database: &FilePath) -> Result<Yardstick> {
        Yardstick::start(build, "bench-minimal", database)
    }

    fn start(build: &Build, task: &str, path: &FilePath) -> Result<Yardstick> {
        let mut child = Command::new(&build.xtask)
            .arg(task)
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {task}"))?;
        let out = child.stdout.take().context("reach the yardstick's output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .with_context(|| format!("{task} did not say its address"))?;
        Ok(Yardstick { child, address })
    }

    /// What it has cost so far, in seconds of a core.
    pub(super) fn core_seconds(&self) -> Result<f64> {
        core_seconds(&self.child.id().to_string())
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo xtask bench-static FOLDER`
pub(crate) fn run_static() -> Result<ExitCode> {
    let folder = argument("a folder")?;
    let mut bodies = Vec::new();
    loop {
        let path = FilePath::new(&folder).join(bodies.len().to_string());
        if !path.exists() {
            break;
        }
        bodies.push(Bytes::from(std::fs::read(path)?));
    }
    serve(
        Router::new()
            .route("/{number}", get(body))
            .with_state(Arc::new(bodies)),
    )
}

async fn body(State(bodies): State<Arc<Vec<Bytes>>>, Path(number): Path<usize>) -> Response {
    match bodies.get(number) {
        Some(body) => ([("content-type", CONTENT_TYPE)], body.clone()).into_response(),
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

/// `cargo xtask bench-minimal DATABASE`
pub(crate) fn run_minimal() -> Result<ExitCode> {
    let rows = Rows {
        database: argument("a database")?,
        idle: Mutex::new(Vec::new()),
    };
    serve(Router::new().route("/rows", get(page)).with_state(Arc::new(rows)))
}

/// The connections to the copy, as many as readers at the same time.
struct Rows {
    database: String,
    idle: Mutex<Vec<Connection>>,
}

async fn page(State(rows): State<Arc<Rows>>, Query(options): Query<HashMap<String, i64>>) -> Response {
    let option = |name: &str| options.get(name).copied().unwrap_or_default();
    let (before, top) = (option("before"), option("top"));
    let answer = tokio::task::spawn_blocking(move || read(&rows, before, top)).await;
    match answer {
        Ok(Ok(body)) => ([("content-type", CONTENT_TYPE)], body).into_response(),
        _ => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn read(rows: &Rows, before: i64, top: i64) -> Result<Vec<u8>> {
    let idle = rows.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let connection = match idle {
        Some(connection) => connection,
        None => open_copy(&rows.database)?,
    };
    let mut body = Vec::with_capacity(128 << 10);
    body.extend_from_slice(b"{\"value\":[");
    {
        let mut statement = connection
            .prepare_cached("SELECT json FROM rows WHERE time < ?1 ORDER BY time DESC, key DESC LIMIT ?2")?;
        let mut found = statement.query(params![before, top])?;
        let mut first = true;
        while let Some(row) = found.next()? {
            if !std::mem::take(&mut first) {
                body.push(b',');
            }
            body.extend_from_slice(row.get_ref(0)?.as_blob()?);
        }
    }
    body.extend_from_slice(b"]}");
    rows.idle
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(connection);
    Ok(body)
}

fn open_copy(database: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        database,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.query_row("PRAGMA mmap_size = 8589934592", [], |_| Ok(()))?;
    // As the service does: without it, SQLite prepares the statement again for each question.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Copies the sign-in rows of the month files before an instant into one table that has nothing but what a page needs. What
/// was copied whole of so many rows is there already the next time.
pub(super) fn copy_rows(
    partitions: &[std::path::PathBuf],
    database: &FilePath,
    before: Timestamp,
    rows: u64,
) -> Result<()> {
    /// `activities/signinEvents`
    const REPORT: u16 = 101;
    if database.exists() {
        return Ok(());
    }
    let unfinished = database.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_file(&unfinished).context("remove what is left of a copy")?;
    }
    let connection = Connection::open(&unfinished).context("make the copy of the rows")?;
    connection.pragma_update(None, "page_size", 16_384)?;
    // A copy that is cut off is made again; with a log each page would be written twice.
    connection.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch(
        "CREATE TABLE rows(time INTEGER NOT NULL, key BLOB NOT NULL, json BLOB NOT NULL, PRIMARY KEY (time, key))
            STRICT, WITHOUT ROWID",
    )?;
    let mut copied = 0;
    for partition in partitions {
        connection.execute("ATTACH ?1 AS month", [partition.to_string_lossy()])?;
        copied += connection.execute(
            "INSERT INTO rows SELECT time, key, json FROM month.rows
             WHERE report = ?1 AND json IS NOT NULL AND time < ?2",
            params![REPORT, before.ticks()],
        )? as u64;
        connection.execute("DETACH month", [])?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    drop(connection);
    // Two hours of 90 days are left out.
    if copied > rows || copied < rows - rows / 500 {
        bail!("{copied} rows were copied of {rows}");
    }
    std::fs::rename(&unfinished, database).context("give the copy its name")
}

/// The least that durable ingest must do, on one thread: parse a record, compress it, write it, commit what came
/// together.
pub(super) struct Bare {
    connection: Connection,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Bare {
    pub(super) fn open(database: &FilePath) -> Result<Bare> {
        let connection = Connection::open(database).context("make the bare store")?;
        connection.pragma_update(None, "page_size", 16_384)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE events(id INTEGER PRIMARY KEY, vendor_id TEXT NOT NULL, original BLOB NOT NULL) STRICT",
        )?;
        Ok(Bare {
            connection,
            compressor: zstd::bulk::Compressor::new(1)?,
        })
    }

    /// Stores the records of one upload, a line each; durable when it returns.
    pub(super) fn store(&mut self, lines: &[u8]) -> Result<u64> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut stored = 0;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record: Value = serde_json::from_slice(line)?;
            let original = self.compressor.compress(line)?;
            transaction
                .prepare_cached("INSERT INTO events(vendor_id, original) VALUES (?1, ?2)")?
                .execute(params![record["id"].as_str().unwrap_or_default(), original])?;
            stored += 1;
        }
        transaction.commit()?;
        Ok(stored)
    }
}

fn argument(what: &str) -> Result<String> {
    let Some(argument) = std::env::args().nth(2) else {
        bail!("this yardstick needs {what}; `cargo xtask bench` starts it");
    };
    Ok(argument)
}

fn serve(routes: Router) -> Result<ExitCode> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        println!("{}", axum::serve::Listener::local_addr(&listener)?);
        std::io::stdout().flush()?;
        axum::serve(listener, routes).await?;
        Ok(ExitCode::SUCCESS)
    })
}
