//! A channel of the Windows event log, by the system's own `wevtutil`: events as XML, and the number of the last one as checkpoint.
//!
//! Files of logs that are in use are locked, and asking by calls of the system would need code that is not safe. Each question also asks
//! for the last event that was read: if another one has its number now, the log was cleared and is read from its start.

mod answer;

use super::counters::Counters;
use super::gap::{Gap, GapKind};
use super::lines::{self, PIECE_BYTES};
use super::mark::Mark;
use super::spool::{NewPiece, Spool, SpoolError, WhenFull};
use super::tail::{Start, Step, account};
use answer::Event;
use model::time::Timestamp;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Events of one answer. One of Windows has at most 64 KiB.
const EVENTS_AN_ANSWER: usize = 200;
/// A longer answer is none of `wevtutil`.
const ANSWER_BYTES_MOST: u64 = 64 << 20;
/// `wevtutil` answers within so long, or is ended and asked again.
const PATIENCE: Duration = Duration::from_secs(60);
/// What it says of a fault is told up to here.
const SAID_BYTES_MOST: u64 = 4 << 10;

/// What is read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) input: String,
    /// The word in the address of ingest.
    pub(crate) format: String,
    /// `wevtutil`; another one in tests.
    pub(crate) program: PathBuf,
    /// The name of the channel, such as `Security`.
    pub(crate) channel: String,
    /// The events that are read, if not all.
    pub(crate) event_ids: Vec<RangeInclusive<u32>>,
    pub(crate) start: Start,
    pub(crate) when_full: WhenFull,
    pub(crate) poll: Duration,
}

/// How far a channel was read: the number of the last event, and its time, for numbers may begin anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    number: u64,
    time: String,
}

impl Place {
    /// Before the first event.
    fn start() -> Place {
        Place::after(0)
    }

    /// Behind an event that was not read, so that its time is not known.
    fn after(number: u64) -> Place {
        Place {
            number,
            time: String::new(),
        }
    }

    fn of(event: &Event<'_>) -> Place {
        Place {
            number: event.number,
            time: event.time.clone(),
        }
    }

    fn parse(cursor: &str) -> Option<Place> {
        let (number, time) = cursor.split_once(' ')?;
        Some(Place {
            number: number.parse().ok()?,
            time: time.to_owned(),
        })
    }

    fn written(&self) -> String {
        format!("{} {}", self.number, self.time)
    }
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Channel(String),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("the agent stops")]
    Stopped,
}

/// Says how far a channel was read and what its newest event is, or why it cannot be read. Not within a runtime.
pub(crate) fn state(plan: &Plan, cursor: Option<&str>) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = runtime
        .map_err(|error| error.to_string())?
        .block_on(ask(plan, "*", true, 1));
    let text = asked.map_err(|fault| fault.to_string())?;
    let newest = answer::events(&text)?.first().map(|event| event.number);
    let newest = newest.map_or("it has no event".to_owned(), |number| {
        format!("its newest event is {number}")
    });
    Ok(match cursor.and_then(Place::parse) {
        Some(place) => format!("{newest}; read up to {}", place.number),
        None => format!("{newest}; not read yet"),
    })
}

/// A channel that is followed, on a thread of its own.
pub(crate) struct EventLog {
    plan: Plan,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    handle: Handle,
    /// The fault that was told last.
    told: String,
}

impl EventLog {
    /// Goes on where the spool says that it was. Within a runtime.
    pub(crate) fn open(
        plan: Plan,
        spool: &Arc<Spool>,
        counters: &Arc<Counters>,
        stop: &CancellationToken,
    ) -> EventLog {
        EventLog {
            plan,
            spool: Arc::clone(spool),
            counters: Arc::clone(counters),
            stop: stop.clone(),
            handle: Handle::current(),
            told: String::new(),
        }
    }

    /// Asks once, and keeps what came. A fault of the channel is told once, and everything is tried again: nothing was moved on.
    pub(crate) fn read(&mut self, now: Timestamp) -> Result<Step, SpoolError> {
        match self.once(now) {
            Ok(step) => {
                self.told.clear();
                Ok(step)
            }
            Err(Fault::Spool(error)) => Err(error),
            Err(Fault::Stopped) => Ok(Step::Idle),
            Err(Fault::Channel(fault)) => {
                if self.told != fault {
                    tracing::error!(input = %self.plan.input, "`{}` waits: {fault}", self.plan.input);
                    self.told = fault;
                }
                Ok(Step::Idle)
            }
        }
    }

    fn once(&self, now: Timestamp) -> Result<Step, Fault> {
        let place = match self.place()? {
            Some(place) => place,
            None if self.plan.start == Start::End => return self.begin_at_end(now),
            None => Place::start(),
        };
        let text = self.ask(
            &query(place.number, &self.plan.event_ids),
            false,
            EVENTS_AN_ANSWER,
        )?;
        let mut events = match answer::events(&text) {
            Ok(events) => events,
            Err(reason) => return self.pass_over(&place, &reason, now),
        };
        if !place.time.is_empty() {
            match events.first() {
                Some(first) if Place::of(first) == place => {
                    events.remove(0);
                }
                Some(first) if first.number == place.number => return self.begin_anew(&place, now),
                _ => {
                    if let Some(step) = self.look_for(&place, now)? {
                        return Ok(step);
                    }
                }
            }
        }
        // What was not looked for, for it has no time, is not read again.
        events.retain(|event| event.number > place.number);
        if events.is_empty() {
            return Ok(Step::Idle);
        }
        for piece in pieces(&events) {
            if self.put(piece, now)? == Step::Blocked {
                return Ok(Step::Blocked);
            }
        }
        Ok(Step::Read)
    }

    fn place(&self) -> Result<Option<Place>, Fault> {
        let Some(cursor) = self.spool.cursor(&self.plan.input)? else {
            return Ok(None);
        };
        let unread = || Fault::Channel(format!("the checkpoint {cursor:?} is none of a channel"));
        Place::parse(&cursor).ok_or_else(unread).map(Some)
    }

    fn begin_at_end(&self, now: Timestamp) -> Result<Step, Fault> {
        let text = self.ask("*", true, 1)?;
        let events = answer::events(&text).map_err(Fault::Channel)?;
        let Some(newest) = events.first() else {
            return Ok(Step::Idle);
        };
        self.mark(&Place::of(newest), now)?;
        Ok(Step::Read)
    }

    /// The last event that was read is not there any more. Tells of what was overwritten before it was read; answers a step if the log
    /// begins anew.
    fn look_for(&self, place: &Place, now: Timestamp) -> Result<Option<Step>, Fault> {
        let text = self.ask("*", false, 1)?;
        let events = answer::events(&text).map_err(Fault::Channel)?;
        let Some(oldest) = events.first() else {
            // An empty log has nothing to read, and tells nothing of numbers.
            return Ok(Some(Step::Idle));
        };
        if oldest.number <= place.number {
            return self.begin_anew(place, now).map(Some);
        }
        let missing = oldest.number - place.number - 1;
        if missing > 0 {
            let detail = format!(
                "`{}` was overwritten or cleared before it was read: events {} to {} are gone; a larger log (`wevtutil sl`) keeps them \
                 longer",
                self.plan.channel,
                place.number + 1,
                oldest.number - 1
            );
            // Of a choice of events, nobody knows how many were among them.
            let records = if self.plan.event_ids.is_empty() {
                missing
            } else {
                0
            };
            self.gap(GapKind::Truncated, records, now, detail)?;
        }
        // What is before the oldest one is not looked for again.
        self.mark(&Place::after(oldest.number - 1), now)?;
        Ok(None)
    }

    /// Another event has the number of the last one that was read.
    fn begin_anew(&self, place: &Place, now: Timestamp) -> Result<Step, Fault> {
        let detail = format!(
            "`{}` was cleared and its numbers begin anew: what was written after event {} and before that is gone, if there was any",
            self.plan.channel, place.number
        );
        self.gap(GapKind::Truncated, 0, now, detail)?;
        self.mark(&Place::start(), now)?;
        Ok(Step::Read)
    }

    /// An answer that cannot be understood is asked for one event at a time; the one that is at fault is told and left out.
    fn pass_over(&self, place: &Place, reason: &str, now: Timestamp) -> Result<Step, Fault> {
        let unread = || Fault::Channel(format!("the answer of wevtutil cannot be read: {reason}"));
        let next = format!(
            "*[System[EventRecordID>{}{}]]",
            place.number,
            chosen(&self.plan.event_ids)
        );
        let text = self.ask(&next, false, 1)?;
        match answer::events(&text) {
            Ok(events) if !events.is_empty() => self.put(&events, now),
            Ok(_) => Err(unread()),
            Err(reason) => {
                let number = answer::number_of(&text)
                    .filter(|number| *number > place.number)
                    .ok_or_else(unread)?;
                let detail = format!(
                    "event {number} of `{}` cannot be read: {reason}",
                    self.plan.channel
                );
                self.gap(GapKind::Unreadable, 1, now, detail)?;
                self.counters
                    .of(&self.plan.input, |counts| counts.unreadable_records += 1);
                self.mark(&Place::after(number), now)?;
                Ok(Step::Read)
            }
        }
    }

    fn put(&self, events: &[Event<'_>], now: Timestamp) -> Result<Step, Fault> {
        let Some(last) = events.last() else {
            return Ok(Step::Idle);
        };
        let body: String = events.iter().flat_map(|event| [event.xml, "\n"]).collect();
        let packed = lines::pack(body.as_bytes()).map_err(|error| SpoolError::Folder(error.to_string()))?;
        let piece = NewPiece {
            input: &self.plan.input,
            format: &self.plan.format,
            kind: "application/octet-stream",
            origin: &self.plan.channel,
            records: events.len() as u64,
            body: &packed,
        };
        let mark = Mark::Cursor(Place::of(last).written());
        let put = self.spool.put(&piece, &mark, self.plan.when_full, now)?;
        let is_kept = account(&self.counters, &self.plan.input, body.len(), piece.records, &put);
        Ok(if is_kept { Step::Read } else { Step::Blocked })
    }

    fn ask(&self, query: &str, newest_first: bool, events_most: usize) -> Result<String, Fault> {
        self.handle.block_on(async {
            tokio::select! {
                answer = ask(&self.plan, query, newest_first, events_most) => answer,
                () = self.stop.cancelled() => Err(Fault::Stopped),
            }
        })
    }

    fn mark(&self, place: &Place, now: Timestamp) -> Result<(), Fault> {
        Ok(self
            .spool
            .mark(&self.plan.input, &Mark::Cursor(place.written()), now)?)
    }

    fn gap(&self, kind: GapKind, records: u64, now: Timestamp, detail: String) -> Result<(), Fault> {
        tracing::error!(input = %self.plan.input, "{detail}");
        Ok(self
            .spool
            .gap(&self.plan.input, &Gap::noticed(kind, records, now, detail))?)
    }
}

/// The last event that was read, and those after it that are wanted.
fn query(number: u64, event_ids: &[RangeInclusive<u32>]) -> String {
    let wanted = chosen(event_ids);
    if number == 0 && wanted.is_empty() {
        return "*".to_owned();
    }
    format!("*[System[EventRecordID={number} or (EventRecordID>{number}{wanted})]]")
}

fn chosen(event_ids: &[RangeInclusive<u32>]) -> String {
    if event_ids.is_empty() {
        return String::new();
    }
    let choices = event_ids.iter().map(|ids| match (ids.start(), ids.end()) {
        (first, last) if first == last => format!("EventID={first}"),
        (first, last) => format!("(EventID>={first} and EventID<={last})"),
    });
    format!(" and ({})", choices.collect::<Vec<_>>().join(" or "))
}

/// Runs of events that are a piece each.
fn pieces<'a, 'b>(events: &'b [Event<'a>]) -> impl Iterator<Item = &'b [Event<'a>]> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|event| {
            bytes += event.xml.len() + 1;
            bytes <= PIECE_BYTES
        });
        let length = fitting.count().max(1).min(rest.len());
        let (piece, others) = rest.split_at(length);
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Asks `wevtutil`, and answers what it wrote as text.
async fn ask(plan: &Plan, query: &str, newest_first: bool, events_most: usize) -> Result<String, Fault> {
    let told = |what: String| Fault::Channel(format!("`{}`: {what}", plan.channel));
    let mut child = Command::new(&plan.program)
        .arg("query-events")
        .arg(&plan.channel)
        .arg(format!("/query:{query}"))
        .arg(format!("/reversedirection:{newest_first}"))
        .arg(format!("/count:{events_most}"))
        // In the code page of the console, letters that it has not would become question marks.
        .args(["/format:xml", "/unicode:true"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| told(format!("{} cannot be started: {error}", plan.program.display())))?;
    let (out, said) = (child.stdout.take(), child.stderr.take());
    let reading = async {
        let (out, said) = tokio::join!(
            read_up_to(out, ANSWER_BYTES_MOST + 1),
            read_up_to(said, SAID_BYTES_MOST)
        );
        (out, said, child.wait().await)
    };
    let Ok((out, said, ended)) = tokio::time::timeout(PATIENCE, reading).await else {
        return Err(told(format!(
            "wevtutil did not answer for {} s",
            PATIENCE.as_secs()
        )));
    };
    if out.len() as u64 > ANSWER_BYTES_MOST {
        return Err(told("wevtutil answers without end".to_owned()));
    }
    match ended {
        Ok(status) if status.success() => answer::text(&out).map_err(told),
        Ok(status) => {
            let said = answer::text(&said).unwrap_or_default();
            Err(told(format!(
                "wevtutil says no ({status}): {}",
                crate::output::printable(said.trim())
            )))
        }
        Err(error) => Err(told(error.to_string())),
    }
}

/// Everything up to a bound; what comes beyond it is not taken, and whoever writes it notices.
async fn read_up_to(from: Option<impl AsyncRead + Unpin>, bytes_most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was read before a fault is judged by the exit code.
        let _ = from.take(bytes_most).read_to_end(&mut bytes).await;
    }
    bytes
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
