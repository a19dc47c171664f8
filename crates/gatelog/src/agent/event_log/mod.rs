//! A channel of the Windows event log, by the system's own `wevtutil`: events as XML, and an event of the channel as checkpoint.
//!
//! Files of logs that are in use are locked, and asking by calls of the system would need code that is not safe. Numbers of events
//! ascend within a channel, but begin anew in one that is cleared, and a full channel overwrites its oldest events. So each look first
//! finds the event up to which was read, by number and time: if it is not there, something may be missing, and that is told.

mod answer;
mod place;
mod question;

use super::counters::Counters;
use super::gap::{Gap, GapKind};
use super::lines::{self, PIECE_BYTES};
use super::mark::Mark;
use super::spool::{NewPiece, Part, Spool, SpoolError, WhenFull};
use super::tail::{Start, Step, account};
use answer::Event;
use model::time::Timestamp;
use place::{Cursor, Place};
use question::{ANSWER_BYTES_MOST, Question, Unanswered};
use std::cell::Cell;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// So many new events are read from the newest back, without looking through the log.
const NEAR: usize = 2_000;
/// Events that may come between two questions.
const MEANWHILE: usize = 100;
/// Events of one answer; fewer are asked for where so many are too long.
const EVENTS_AN_ANSWER: usize = 5_000;
/// After so many answers of that length longer ones are asked for again.
const ANSWERS_TILL_MORE: u32 = 20;

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

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Channel(String),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Fewer events are asked for next time.
    #[error("{0}")]
    TooMuch(String),
    #[error("the agent stops")]
    Stopped,
}

/// A channel that is followed, on a thread of its own.
pub(crate) struct EventLog {
    plan: Plan,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    handle: Handle,
    events_an_answer: Cell<usize>,
    answers: Cell<u32>,
    answer_bytes_most: u64,
    /// The fault that was told last.
    told: String,
}

/// What came of a look into a channel.
struct Answered<'a> {
    /// From the place on, in the order of their numbers.
    events: Vec<Event<'a>>,
    /// Whether there are no others that are wanted, up to the newest that there was.
    is_whole: bool,
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
            events_an_answer: Cell::new(EVENTS_AN_ANSWER),
            answers: Cell::new(0),
            answer_bytes_most: ANSWER_BYTES_MOST,
            told: String::new(),
        }
    }

    /// Looks once, and keeps what came. A fault of the channel is told once, and everything is tried again: nothing was moved on.
    pub(crate) fn read(&mut self, now: Timestamp) -> Result<Step, SpoolError> {
        match self.once(now) {
            Ok(step) => {
                self.told.clear();
                Ok(step)
            }
            Err(Fault::Spool(error)) => Err(error),
            Err(Fault::Stopped) => Ok(Step::Idle),
            Err(Fault::TooMuch(reason)) => {
                tracing::debug!(input = %self.plan.input, "{reason}: fewer are asked for");
                Ok(Step::Read)
            }
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
        let cursor = self.cursor()?;
        let newest = self.ask(&Question::newest(1))?;
        let newest = one(&newest)?;
        let Some(newest) = newest else {
            // Whatever comes into an empty channel comes after the first look.
            if cursor.is_none() {
                self.mark(&Cursor::Start, now)?;
            }
            return Ok(Step::Idle);
        };
        let place = match cursor {
            None if self.plan.start == Start::End => {
                self.mark(&Cursor::At(Place::after(&newest)), now)?;
                return Ok(Step::Idle);
            }
            None | Some(Cursor::Start) => {
                let oldest = self.ask(&Question::oldest())?;
                let Some(oldest) = one(&oldest)? else {
                    return Ok(Step::Idle);
                };
                if oldest.number > newest.number {
                    return Err(self.not_ascending());
                }
                self.mark(&Cursor::At(Place::before(&oldest)), now)?;
                return Ok(Step::Read);
            }
            Some(Cursor::At(place)) => place,
        };
        if place.is_read && place.is(&newest) {
            return Ok(Step::Idle);
        }
        if newest.number < place.number {
            return self.begin_anew(&place, now);
        }
        let near = NEAR.min(self.events_an_answer.get());
        let span = usize::try_from(newest.number - place.number).unwrap_or(usize::MAX);
        if span < near {
            let text = self.ask(&Question::newest((span + MEANWHILE).min(near)))?;
            let mut events = answer::events(&text).map_err(Fault::Channel)?;
            events.reverse();
            self.expect_ascending(&events)?;
            // Otherwise it is not there, or further back.
            if let Some(at) = events.iter().position(|event| place.is(event)) {
                events.drain(..at);
                let answered = Answered {
                    events,
                    is_whole: true,
                };
                return self.keep(&place, answered, &newest, now);
            }
        }
        let events_most = self.events_an_answer.get();
        let text = self.ask(&Question::from(place.number, &self.plan.event_ids, events_most))?;
        let events = answer::events(&text).map_err(Fault::Channel)?;
        match events.first() {
            Some(first) if place.is(first) => {
                let is_whole = events.len() < events_most;
                self.expect_ascending(&events)?;
                self.keep(&place, Answered { events, is_whole }, &newest, now)
            }
            Some(first) if first.number == place.number => self.begin_anew(&place, now),
            // Without a choice of events, the first one that there is is the oldest.
            Some(first) if self.plan.event_ids.is_empty() => self.go_on_at(&place, first, now),
            _ => {
                let oldest = self.ask(&Question::oldest())?;
                match one(&oldest)? {
                    Some(oldest) => self.go_on_at(&place, &oldest, now),
                    None => Ok(Step::Idle),
                }
            }
        }
    }

    fn cursor(&self) -> Result<Option<Cursor>, Fault> {
        let Some(cursor) = self.spool.cursor(&self.plan.input)? else {
            return Ok(None);
        };
        let parsed = Cursor::parse(&cursor, &self.plan.channel);
        if parsed.is_none() {
            tracing::warn!(
                input = %self.plan.input,
                "the checkpoint {cursor:?} is none of `{}`: it is looked at for the first time",
                self.plan.channel
            );
        }
        Ok(parsed)
    }

    /// Keeps what came, and how far it reaches.
    fn keep(
        &self,
        place: &Place,
        answered: Answered<'_>,
        newest: &Event<'_>,
        now: Timestamp,
    ) -> Result<Step, Fault> {
        let Answered { mut events, is_whole } = answered;
        if place.is_read {
            events.remove(0);
        }
        events.retain(|event| self.is_wanted(event));
        for run in runs(&events) {
            let step = match run {
                Run::Piece(events) => self.put(events, now)?,
                Run::Unsound(event, fault) => self.leave_out(event, fault, now)?,
            };
            if step == Step::Blocked {
                // What is before it is kept, or not wanted.
                let behind = Place::before(run.first());
                if behind != *place {
                    self.mark(&Cursor::At(behind), now)?;
                }
                return Ok(Step::Blocked);
            }
        }
        if !is_whole {
            return Ok(Step::Read);
        }
        // Those that are not wanted are behind us, too: nothing of them can be missing.
        let last = events.last().map_or(place.number, |event| event.number);
        if last < newest.number || (events.is_empty() && !place.is_read) {
            self.mark(&Cursor::At(Place::after(newest)), now)?;
        }
        Ok(Step::Idle)
    }

    fn expect_ascending(&self, events: &[Event<'_>]) -> Result<(), Fault> {
        if events.windows(2).all(|pair| pair[0].number < pair[1].number) {
            return Ok(());
        }
        Err(self.not_ascending())
    }

    fn not_ascending(&self) -> Fault {
        Fault::Channel(format!(
            "the numbers of the events of `{}` do not ascend, as where they come from several computers: files of it can be read (kind = \
             \"evtx\")",
            self.plan.channel
        ))
    }

    fn is_wanted(&self, event: &Event<'_>) -> bool {
        let ids = &self.plan.event_ids;
        // Of one that cannot be read, nobody knows.
        event
            .id
            .is_none_or(|id| ids.is_empty() || ids.iter().any(|ids| ids.contains(&id)))
    }

    /// The place is not there any more. Tells of what was overwritten before it was read, and goes on at the oldest event.
    fn go_on_at(&self, place: &Place, oldest: &Event<'_>, now: Timestamp) -> Result<Step, Fault> {
        if oldest.number <= place.number {
            return self.begin_anew(place, now);
        }
        let cursor = Cursor::At(Place::before(oldest));
        let first = place.number + u64::from(place.is_read);
        let missing = oldest.number - first;
        if missing == 0 {
            self.mark(&cursor, now)?;
            return Ok(Step::Read);
        }
        let detail = format!(
            "`{}` was overwritten or cleared before it was read: events {first} to {} are gone; a larger log (`wevtutil sl`) keeps them longer",
            self.plan.channel,
            oldest.number - 1
        );
        // Of a choice of events, nobody knows how many were among them.
        let records = if self.plan.event_ids.is_empty() {
            missing
        } else {
            0
        };
        self.tell(GapKind::Truncated, records, detail, &cursor, now)?;
        Ok(Step::Read)
    }

    /// The numbers in the channel are lower than the one up to which was read, or another event has it.
    fn begin_anew(&self, place: &Place, now: Timestamp) -> Result<Step, Fault> {
        let detail = format!(
            "`{}` was cleared and its numbers begin anew: what was written after event {} and before that is gone, if there was any",
            self.plan.channel, place.number
        );
        let oldest = self.ask(&Question::oldest())?;
        let cursor = one(&oldest)?.map_or(Cursor::Start, |oldest| Cursor::At(Place::before(&oldest)));
        self.tell(GapKind::Truncated, 0, detail, &cursor, now)?;
        Ok(Step::Read)
    }

    fn leave_out(&self, event: &Event<'_>, fault: &str, now: Timestamp) -> Result<Step, Fault> {
        let detail = format!(
            "event {} of `{}` cannot be read: {fault}",
            event.number, self.plan.channel
        );
        let cursor = Cursor::At(Place::after(event));
        self.tell(GapKind::Unreadable, 1, detail, &cursor, now)?;
        self.counters
            .of(&self.plan.input, |counts| counts.unreadable_records += 1);
        Ok(Step::Read)
    }

    fn put(&self, events: &[Event<'_>], now: Timestamp) -> Result<Step, Fault> {
        let Some(last) = events.last() else {
            return Ok(Step::Read);
        };
        let body = document(events);
        let packed = lines::pack(body.as_bytes()).map_err(|error| SpoolError::Folder(error.to_string()))?;
        let piece = NewPiece {
            input: &self.plan.input,
            format: &self.plan.format,
            kind: lines::DOCUMENT,
            origin: &self.plan.channel,
            records: events.len() as u64,
            body: &packed,
        };
        let mark = Mark::Cursor(Cursor::At(Place::after(last)).written(&self.plan.channel));
        let put = self.spool.put(&piece, &mark, self.plan.when_full, now)?;
        let is_kept = account(&self.counters, &self.plan.input, body.len(), piece.records, &put);
        Ok(if is_kept { Step::Read } else { Step::Blocked })
    }

    /// Asks until the agent stops. What is too long is asked for in halves.
    fn ask(&self, question: &Question) -> Result<String, Fault> {
        let (program, channel) = (&self.plan.program, &self.plan.channel);
        let answer = self.handle.block_on(async {
            tokio::select! {
                answer = question.ask(program, channel, self.answer_bytes_most) => Some(answer),
                () = self.stop.cancelled() => None,
            }
        });
        let limit = self.events_an_answer.get();
        match answer {
            None => Err(Fault::Stopped),
            Some(Ok(text)) => {
                if limit < EVENTS_AN_ANSWER && question.events_most == limit {
                    self.answers.set(self.answers.get() + 1);
                    if self.answers.get() >= ANSWERS_TILL_MORE {
                        self.events_an_answer.set((limit * 2).min(EVENTS_AN_ANSWER));
                        self.answers.set(0);
                    }
                }
                Ok(text)
            }
            Some(Err(Unanswered::TooMuch(fault))) if question.events_most > 2 => {
                self.events_an_answer
                    .set(limit.min(question.events_most / 2).max(2));
                self.answers.set(0);
                Err(Fault::TooMuch(fault))
            }
            Some(Err(Unanswered::Fault(fault) | Unanswered::TooMuch(fault))) => Err(Fault::Channel(fault)),
        }
    }

    fn mark(&self, cursor: &Cursor, now: Timestamp) -> Result<(), Fault> {
        let mark = Mark::Cursor(cursor.written(&self.plan.channel));
        Ok(self.spool.mark(&self.plan.input, &mark, now)?)
    }

    /// Tells a gap, and moves on behind it, both or neither.
    fn tell(
        &self,
        kind: GapKind,
        records: u64,
        detail: String,
        cursor: &Cursor,
        now: Timestamp,
    ) -> Result<(), Fault> {
        tracing::error!(input = %self.plan.input, "{detail}");
        let gap = Gap::noticed(kind, records, now, detail);
        let mark = Mark::Cursor(cursor.written(&self.plan.channel));
        Ok(self.spool.gap_and_mark(&self.plan.input, &gap, &mark, now)?)
    }
}

/// The event of an answer that has one at the most.
fn one(text: &str) -> Result<Option<Event<'_>>, Fault> {
    let mut events = answer::events(text).map_err(Fault::Channel)?;
    Ok((!events.is_empty()).then(|| events.swap_remove(0)))
}

/// Says how far a channel was read and what its newest event is, or why it cannot be read. Not within a runtime.
pub(crate) fn state(plan: &Plan, cursor: Option<&str>) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let ask = |question: Question| {
        let asked = runtime.block_on(question.ask(&plan.program, &plan.channel, ANSWER_BYTES_MOST));
        asked.map_err(|unanswered| match unanswered {
            Unanswered::Fault(fault) | Unanswered::TooMuch(fault) => fault,
        })
    };
    let text = ask(Question::newest(1))?;
    let newest = answer::events(&text)?.first().map(|event| event.number);
    let Some(newest) = newest else {
        return Ok("it has no event".to_owned());
    };
    // The question that has most in it is one that the event log may refuse.
    ask(Question::from(newest, &plan.event_ids, 1))?;
    Ok(
        match cursor.and_then(|cursor| Cursor::parse(cursor, &plan.channel)) {
            Some(Cursor::At(place)) => {
                let read = place.number - u64::from(!place.is_read && place.number > 0);
                format!("its newest event is {newest}; read up to {read}")
            }
            _ => format!("its newest event is {newest}; not read yet"),
        },
    )
}

/// What becomes of events that follow each other.
enum Run<'a, 'b> {
    Piece(&'b [Event<'a>]),
    Unsound(&'b Event<'a>, &'b str),
}

impl<'a, 'b> Run<'a, 'b> {
    fn first(&self) -> &'b Event<'a> {
        match self {
            Run::Piece(events) => &events[0],
            Run::Unsound(event, _) => event,
        }
    }
}

/// Events as pieces of a bounded size, and those between them that cannot be read.
fn runs<'a, 'b>(events: &'b [Event<'a>]) -> impl Iterator<Item = Run<'a, 'b>> {
    let mut rest = events;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        if let Some(fault) = &first.fault {
            rest = &rest[1..];
            return Some(Run::Unsound(first, fault));
        }
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|event| {
            bytes += event.xml.len() + 1;
            event.fault.is_none() && bytes <= PIECE_BYTES
        });
        let (piece, others) = rest.split_at(fitting.count().max(1));
        rest = others;
        Some(Run::Piece(piece))
    })
}

fn document(events: &[Event<'_>]) -> String {
    events.iter().flat_map(|event| [event.xml, "\n"]).collect()
}

/// Two halves of a piece of events; `None` if it is one event, or none.
pub(crate) fn halves(body: &[u8]) -> Option<[Part; 2]> {
    let text = String::from_utf8(lines::unpack(body).ok()?).ok()?;
    let events = answer::events(&text).ok()?;
    if events.len() < 2 {
        return None;
    }
    let (left, right) = events.split_at(events.len() / 2);
    let part = |events: &[Event<'_>]| {
        Some(Part {
            records: events.len() as u64,
            body: lines::pack(document(events).as_bytes()).ok()?,
        })
    };
    Some([part(left)?, part(right)?])
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
