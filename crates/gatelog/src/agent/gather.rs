//! Lines that come by themselves (syslog, a journal, standard input) are gathered into pieces, a moment at a time.

use super::counters::Counters;
use super::gap::{Gap, GapKind};
use super::lines::{self, PIECE_BYTES};
use super::mark::Mark;
use super::spool::{NewPiece, Put, Spool, SpoolError, WhenFull};
use super::tail::account;
use edge::clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

/// Lines that wait for the disk at the most; who sends by TCP or a pipe waits beyond that.
const LINES_WAITING: usize = 2_048;
/// A full spool is tried again after so long.
const AGAIN: Duration = Duration::from_millis(200);

/// One line on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    /// The place in a journal up to which lines were read with this one.
    pub(crate) cursor: Option<String>,
}

/// Where lines are handed in. Clones are the same place.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    lines: Sender<Line>,
    lost: Arc<Lost>,
}

/// What did not become a line since it was written down last.
#[derive(Debug, Default)]
pub(crate) struct Lost(Mutex<Losses>);

#[derive(Debug, Default)]
struct Losses {
    /// Messages for which there was no room.
    dropped: u64,
    /// Records that could not be read, where their number is known, and what happened first.
    unreadable: Option<(u64, String)>,
}

impl Lost {
    fn change(&self, change: impl FnOnce(&mut Losses)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Losses {
        let mut taken = Losses::default();
        self.change(|losses| std::mem::swap(losses, &mut taken));
        taken
    }
}

/// Gathers the lines of one input.
pub(crate) struct Gatherer {
    pub(crate) input: String,
    /// The word in the address of ingest.
    pub(crate) format: String,
    pub(crate) origin: String,
    pub(crate) when_full: WhenFull,
    /// A line waits for others at the most so long.
    pub(crate) linger: Duration,
    pub(crate) spool: Arc<Spool>,
    pub(crate) counters: Arc<Counters>,
}

impl Intake {
    /// A place to hand lines in, and where they come out.
    pub(crate) fn new() -> (Intake, Receiver<Line>) {
        let (lines, out) = channel(LINES_WAITING);
        let lost = Arc::default();
        (Intake { lines, lost }, out)
    }

    /// Hands a line in and waits until there is room. False: nobody takes lines any more.
    pub(crate) async fn put(&self, line: Line) -> bool {
        self.lines.send(line).await.is_ok()
    }

    /// The same on a thread of its own.
    pub(crate) fn put_waiting(&self, line: Line) -> bool {
        self.lines.blocking_send(line).is_ok()
    }

    /// Hands a line in if there is room; else it is lost and counted. For who cannot be made to wait.
    pub(crate) fn put_or_lose(&self, line: Line) {
        if self.lines.try_send(line).is_err() {
            self.lost.change(|losses| losses.dropped += 1);
        }
    }

    /// Something came that cannot be read: so many records, 0 if nobody knows. The service is told of it as a gap, one for
    /// all that happens within a moment.
    pub(crate) fn unreadable(&self, records: u64, detail: &str) {
        self.lost.change(|losses| {
            let (sum, _) = losses.unreadable.get_or_insert_with(|| (0, detail.to_owned()));
            *sum += records;
        });
    }

    /// What was lost since it was asked last.
    pub(crate) fn lost(&self) -> Arc<Lost> {
        Arc::clone(&self.lost)
    }
}

impl Gatherer {
    /// Gathers until nobody hands in lines any more, or the agent stops; what is gathered is on the disk then.
    pub(crate) async fn run(self, lines: &mut Receiver<Line>, lost: &Lost, stop: CancellationToken) {
        let mut body = Vec::new();
        let mut cursor = None;
        let mut is_open = true;
        while is_open {
            let first = tokio::select! {
                line = lines.recv() => line,
                () = stop.cancelled() => None,
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    self.note_lost(lost).await;
                    continue;
                }
            };
            is_open = first.is_some();
            let until = tokio::time::Instant::from_std(deadline(self.linger));
            let mut next = first;
            while let Some(line) = next.take() {
                add(&mut body, &mut cursor, line);
                if body.len() >= PIECE_BYTES {
                    break;
                }
                next = tokio::select! {
                    line = lines.recv() => line,
                    () = tokio::time::sleep_until(until) => None,
                };
            }
            if !is_open {
                // What was handed in before the stop is not lost by it; who goes on all the same does not hold it up.
                for _ in 0..4 * LINES_WAITING {
                    let Ok(line) = lines.try_recv() else { break };
                    add(&mut body, &mut cursor, line);
                }
            }
            let (gathered, mark) = (std::mem::take(&mut body), cursor.take());
            self.keep(gathered, mark, &stop).await;
            self.note_lost(lost).await;
        }
    }

    /// Puts what was gathered into the spool, and waits for room if there is none.
    async fn keep(&self, body: Vec<u8>, cursor: Option<String>, stop: &CancellationToken) {
        let records = lines::records(&body);
        if records == 0 {
            return;
        }
        let body = Arc::new(body);
        let mut told = String::new();
        loop {
            let put = self.put(Arc::clone(&body), records, cursor.clone()).await;
            match put {
                Ok(put) => {
                    if account(&self.counters, &self.input, body.len(), records, &put) {
                        return;
                    }
                    if told.is_empty() {
                        "full".clone_into(&mut told);
                        tracing::warn!(input = %self.input, "the spool is full: `{}` waits for room", self.input);
                    }
                }
                Err(error) => {
                    if told != error.to_string() {
                        told = error.to_string();
                        tracing::error!(input = %self.input, "`{}` waits: {error}", self.input);
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = stop.cancelled() => {
                    if cursor.is_none() {
                        tracing::error!(
                            input = %self.input,
                            records,
                            "{records} records of `{}` are LOST: the agent stops, and there is no room for them",
                            self.input
                        );
                        self.note(records, "the agent stopped while its spool was full").await;
                    }
                    return;
                }
            }
        }
    }

    async fn put(&self, body: Arc<Vec<u8>>, records: u64, cursor: Option<String>) -> Result<Put, SpoolError> {
        let (spool, input, origin) = (Arc::clone(&self.spool), self.input.clone(), self.origin.clone());
        let format = self.format.clone();
        let when_full = self.when_full;
        let work = move || {
            let packed = lines::pack(&body).map_err(|error| SpoolError::Folder(error.to_string()))?;
            let piece = NewPiece {
                input: &input,
                format: &format,
                kind: "application/x-ndjson",
                origin: &origin,
                records,
                body: &packed,
            };
            let mark = cursor.map_or(Mark::Nothing, Mark::Cursor);
            spool.put(&piece, &mark, when_full, clock::now())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(put) => put,
            Err(error) => Err(SpoolError::Folder(format!("work on it ended early: {error}"))),
        }
    }

    async fn note_lost(&self, lost: &Lost) {
        let losses = lost.take();
        if let Some((records, detail)) = losses.unreadable {
            self.counters
                .of(&self.input, |counts| counts.unreadable_records += records);
            self.gap(Gap::noticed(GapKind::Unreadable, records, clock::now(), detail))
                .await;
        }
        let records = losses.dropped;
        if records == 0 {
            return;
        }
        tracing::error!(
            input = %self.input,
            records,
            "{records} messages of `{}` were DROPPED: they came faster than the disk or the spool takes them",
            self.input
        );
        self.note(records, "messages came by UDP while there was no room")
            .await;
    }

    async fn note(&self, records: u64, detail: &str) {
        self.counters
            .of(&self.input, |counts| counts.dropped_records += records);
        self.gap(Gap::noticed(
            GapKind::Dropped,
            records,
            clock::now(),
            detail.to_owned(),
        ))
        .await;
    }

    async fn gap(&self, gap: Gap) {
        let (spool, input) = (Arc::clone(&self.spool), self.input.clone());
        let noted = tokio::task::spawn_blocking(move || spool.gap(&input, &gap)).await;
        if !matches!(noted, Ok(Ok(()))) {
            tracing::error!(input = %self.input, "the gap could not be written down: {noted:?}");
        }
    }
}

fn add(body: &mut Vec<u8>, cursor: &mut Option<String>, line: Line) {
    body.extend_from_slice(&line.bytes);
    if !line.bytes.ends_with(b"\n") {
        body.push(b'\n');
    }
    if line.cursor.is_some() {
        *cursor = line.cursor;
    }
}

#[allow(clippy::disallowed_methods)] // The edge: how long a line waits is real time.
fn deadline(linger: Duration) -> std::time::Instant {
    std::time::Instant::now() + linger
}
