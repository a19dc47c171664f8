//! Bytes become records, records become batches of their tenants, batches are stored, and everything is counted.

use crate::detection::Recent;
use detect::Extract;
use model::batch::{Batch, Counts, EventDraft, FragmentDraft, Lateness, Outcome};
use model::reports;
use model::tenant::TenantId;
use model::time::Timestamp;
use sources::{Choice, Hints, Limits, PushParser, Record, Understanding, Understood};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::control::ControlError;
use store::error::StoreError;
use store::events::{EventStore, Kept};

/// Events that are stored together at the most.
const BATCH_EVENTS: usize = 4_000;
/// Bytes of originals that wait at the most before they are stored.
const BATCH_BYTES: usize = 8 << 20;
/// Reasons of ignored records that are told apart.
const REASONS_MAX: usize = 1_000;
/// What the others count under.
const OTHER_REASONS: &str = "other reasons";
/// Why a part of a record counts as ignored.
const PART_WAITS: &str = "a part of a request that waits for its others";
/// The same of one that comes again.
const PART_AGAIN: &str = "a part of a request that was put together before";

/// Finds the tenants that records name.
pub trait Tenants {
    /// The tenant with this GUID, made at need.
    fn named(&self, tenant: TenantId) -> Result<TenantId, ControlError>;
    /// The tenant of records that name none, made at need.
    fn unnamed(&self) -> Result<TenantId, ControlError>;
}

/// Whose events a carrier may bring.
#[derive(Clone, Copy)]
pub enum TenantRule<'a> {
    /// This tenant's: a record that names another is refused.
    Only(TenantId),
    /// Whichever each record names.
    AsNamed(&'a dyn Tenants),
}

/// Where records go and under whose name.
pub struct Terms<'a> {
    /// The store.
    pub store: &'a dyn EventStore,
    /// Whose events.
    pub tenants: TenantRule<'a>,
    /// The source's name in the ledger.
    pub source: &'a str,
    /// Whether its events can be late.
    pub lateness: Lateness,
    /// Which formats are read.
    pub choice: Choice,
    /// Where sign-ins that are stored for the first time are kept for detection.
    pub recent: Option<&'a Recent>,
    /// What one record may cost.
    pub limits: Limits,
    /// The number that the sender gave to this input; it is stored with the last of its records, so that it counts only when
    /// all of them are there.
    pub sequence: Option<u64>,
    /// The edge's clock.
    pub now: fn() -> Timestamp,
}

/// Why an intake could not go on. What was stored before stays stored; bringing all again is safe.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The events could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tenant could not be made.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// A record that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line where it starts, from 1.
    pub line: u64,
    /// What is wrong with it, and what to do.
    pub reason: String,
    /// Its bytes; of one over the limit only the first.
    pub original: Vec<u8>,
}

/// What came of one line of the summary's table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// The sums.
    pub counts: Counts,
    /// The oldest event.
    pub first: Option<Timestamp>,
    /// The newest event.
    pub last: Option<Timestamp>,
}

/// What came of all that was brought so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The sums.
    pub total: Line,
    /// By format and the reports that show the event.
    pub lines: BTreeMap<(String, String), Line>,
    /// By tenant.
    pub tenants: BTreeMap<TenantId, Line>,
    /// Why records were ignored, and how many.
    pub ignored: BTreeMap<String, u64>,
    /// Of tenants that were brought parts of records: what waits there for parts, at the end.
    pub unassembled: BTreeMap<TenantId, Unassembled>,
}

/// What waits in a tenant for parts that have not come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unassembled {
    /// Records of which something is missing.
    pub records: u64,
    /// The parts of them that are there.
    pub parts: u64,
}

impl Summary {
    /// Adds another's.
    pub fn add(&mut self, other: &Summary) {
        self.total.add(&other.total);
        for (name, line) in &other.lines {
            self.lines.entry(name.clone()).or_default().add(line);
        }
        for (tenant, line) in &other.tenants {
            self.tenants.entry(*tenant).or_default().add(line);
        }
        for (reason, records) in &other.ignored {
            self.count_ignored(reason.clone(), *records);
        }
        // What waits is what the later one saw.
        self.unassembled.extend(&other.unassembled);
    }

    /// Counts records by why they were ignored. Many reasons have words of the sender's in them, so that there is no end of them.
    fn count_ignored(&mut self, reason: String, records: u64) {
        let is_room = self.ignored.len() < REASONS_MAX || self.ignored.contains_key(&reason);
        let reason = if is_room { reason } else { OTHER_REASONS.to_owned() };
        *self.ignored.entry(reason).or_default() += records;
    }
}

impl Line {
    fn add(&mut self, other: &Line) {
        self.counts.add(&other.counts);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }

    fn count(&mut self, outcome: Outcome, time: Timestamp) {
        self.counts.count(outcome);
        if outcome != Outcome::Purged {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = self.last.max(Some(time));
        }
    }
}

/// One input on its way into the store. Memory is bounded by a batch and a record.
pub struct Intake<'a> {
    terms: Terms<'a>,
    parser: Box<dyn PushParser>,
    records: Vec<Record>,
    waiting: BTreeMap<TenantId, Vec<Waiting>>,
    parts: Vec<(u64, FragmentDraft)>,
    waiting_events: usize,
    waiting_bytes: usize,
    ignored: u64,
    rejected: u64,
    /// Why a record was rejected last, for the ledger.
    error: Option<String>,
    summary: Summary,
    rejections: Vec<Rejection>,
    reports: ReportNames,
}

/// Where a batch stands in its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Amidst,
    AtTheEnd,
}

/// An event that waits for its batch.
struct Waiting {
    line: u64,
    reports: Arc<str>,
    draft: EventDraft,
    extract: Option<Extract>,
}

impl<'a> Intake<'a> {
    /// An input of which nothing has come yet.
    pub fn new(terms: Terms<'a>) -> Intake<'a> {
        let parser = sources::open(terms.choice.clone(), terms.limits);
        Intake {
            terms,
            parser,
            records: Vec::new(),
            waiting: BTreeMap::new(),
            parts: Vec::new(),
            waiting_events: 0,
            waiting_bytes: 0,
            ignored: 0,
            rejected: 0,
            error: None,
            summary: Summary::default(),
            rejections: Vec::new(),
            reports: ReportNames::default(),
        }
    }

    /// Says what is known of the input besides its bytes, before the first of them.
    #[must_use]
    pub fn hinted(mut self, hints: Hints) -> Intake<'a> {
        self.parser = sources::open_with(self.terms.choice.clone(), self.terms.limits, hints);
        self
    }

    /// Takes the next bytes; stores when enough have come.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), IntakeError> {
        self.parser.push(bytes, &mut self.records);
        self.take_records()?;
        if self.waiting_events >= BATCH_EVENTS || self.waiting_bytes >= BATCH_BYTES {
            self.store(Place::Amidst)?;
        }
        Ok(())
    }

    /// The input has ended: everything is stored when this returns.
    pub fn finish(&mut self) -> Result<(), IntakeError> {
        self.parser.finish(&mut self.records);
        self.take_records()?;
        self.store(Place::AtTheEnd)?;
        for (tenant, waits) in &mut self.summary.unassembled {
            *waits = Unassembled::default();
            for record in self.terms.store.unassembled(*tenant)? {
                waits.records += 1;
                waits.parts += u64::from(record.have);
            }
        }
        Ok(())
    }

    /// The input broke off: the ledger says why. What was stored before stays; what waits comes again with the whole of it.
    pub fn broke_off(&mut self, reason: &str) -> Result<(), IntakeError> {
        self.waiting.clear();
        self.parts.clear();
        (self.ignored, self.rejected) = (0, 0);
        self.error = Some(reason.to_owned());
        self.store(Place::Amidst)
    }

    /// What came of it so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Takes the records that were not taken since the last call.
    pub fn take_rejections(&mut self) -> Vec<Rejection> {
        std::mem::take(&mut self.rejections)
    }

    fn take_records(&mut self) -> Result<(), IntakeError> {
        for record in std::mem::take(&mut self.records) {
            match record.understanding {
                Understanding::Event(understood) => self.take_event(record.line, *understood)?,
                Understanding::Fragment(part) => {
                    self.waiting_events += 1;
                    self.waiting_bytes += part.original.len();
                    self.parts.push((record.line, *part));
                }
                Understanding::Ignored { reason } => self.ignore(reason),
                Understanding::Rejected { reason, original } => self.reject(record.line, reason, original),
            }
        }
        Ok(())
    }

    fn take_event(&mut self, line: u64, understood: Understood) -> Result<(), IntakeError> {
        let tenant = match (self.terms.tenants, understood.event.tenant) {
            (TenantRule::Only(only), Some(named)) if named != only => {
                let reason = format!(
                    "the record belongs to tenant {named}, not to {only}; bring it to its own tenant, or import without --tenant"
                );
                self.reject(line, reason, understood.original);
                return Ok(());
            }
            (TenantRule::Only(only), _) => only,
            (TenantRule::AsNamed(tenants), Some(named)) => tenants.named(named)?,
            (TenantRule::AsNamed(tenants), None) => tenants.unnamed()?,
        };
        let extract = self
            .terms
            .recent
            .and_then(|_| Extract::of(&understood.event, understood.key));
        let draft = understood.draft();
        self.waiting_events += 1;
        self.waiting_bytes += draft.original.len();
        let reports = self.reports.names(&draft);
        self.waiting.entry(tenant).or_default().push(Waiting {
            line,
            reports,
            draft,
            extract,
        });
        Ok(())
    }

    fn ignore(&mut self, reason: String) {
        self.ignored += 1;
        let ignored = Counts {
            read: 1,
            ignored: 1,
            ..Counts::default()
        };
        self.summary.total.counts.add(&ignored);
        self.summary.count_ignored(reason, 1);
    }

    fn reject(&mut self, line: u64, reason: String, original: Vec<u8>) {
        self.rejected += 1;
        self.error = Some(format!("line {line}: {reason}"));
        self.summary.total.counts.add(&Counts {
            read: 1,
            rejected: 1,
            ..Counts::default()
        });
        self.rejections.push(Rejection {
            line,
            reason,
            original,
        });
    }

    /// The tenant of what names none.
    fn tenant_of_unnamed(&self) -> Result<TenantId, ControlError> {
        match self.terms.tenants {
            TenantRule::Only(only) => Ok(only),
            TenantRule::AsNamed(tenants) => tenants.unnamed(),
        }
    }

    /// Keeps the parts of records that came, durably, and puts together those that are whole now: their events wait for the batch
    /// with the others. Each part counts as ignored but the one that completes its record, which counts as the record's event.
    fn keep_parts(&mut self) -> Result<Vec<(&'static str, String)>, IntakeError> {
        let parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let tenant = self.tenant_of_unnamed()?;
        let store = self.terms.store;
        let lease = store.lease(tenant)?;
        self.summary.unassembled.insert(tenant, Unassembled::default());
        let places: Vec<(u64, &'static str, String, u32)> = parts
            .iter()
            .map(|(line, part)| (*line, part.format, part.whole.clone(), part.parts))
            .collect();
        let drafts: Vec<FragmentDraft> = parts.into_iter().map(|(_, part)| part).collect();
        let originals: Vec<Vec<u8>> = drafts.iter().map(|part| part.original.clone()).collect();
        let kept = store.keep_fragments(&lease, self.terms.source, (self.terms.now)(), drafts)?;
        // The last part of each record: it counts as the record's event, if that is whole.
        let last: BTreeMap<(&str, &str), usize> = places
            .iter()
            .enumerate()
            .filter(|(place, _)| kept.get(*place) == Some(&Kept::Waits))
            .map(|(place, (_, format, whole, _))| ((*format, whole.as_str()), place))
            .collect();
        let mut completing = BTreeSet::new();
        let mut done = Vec::new();
        for ((format, whole), place) in last {
            let there = store.fragments_of(tenant, format, whole)?;
            let is_whole = there.first().is_some_and(|first| {
                first.parts > 0
                    && there.len() == first.parts as usize
                    && there.iter().all(|fragment| fragment.parts == first.parts)
            });
            if !is_whole {
                continue;
            }
            let (line, format, whole) = (places[place].0, places[place].1, whole.to_owned());
            let chunks: Vec<Vec<u8>> = there.into_iter().map(|fragment| fragment.original).collect();
            match sources::assemble(format, &chunks) {
                Some(Understanding::Event(understood)) => {
                    completing.insert(place);
                    self.take_event(line, *understood)?;
                    done.push((format, whole));
                }
                // Its parts stay, and stay listed: one of them may come again as it should be.
                Some(Understanding::Rejected { reason, original }) => {
                    completing.insert(place);
                    let reason = format!("the request {whole} in {} parts: {reason}", chunks.len());
                    self.reject(line, reason, original);
                }
                Some(Understanding::Ignored { reason }) => {
                    completing.insert(place);
                    self.ignore(reason);
                    done.push((format, whole));
                }
                Some(Understanding::Fragment(_)) | None => {}
            }
        }
        for (place, kept) in kept.iter().enumerate() {
            let (line, _, whole, count) = &places[place];
            let refused = match kept {
                Kept::Waits if completing.contains(&place) => continue,
                Kept::Waits => {
                    self.ignore(PART_WAITS.to_owned());
                    continue;
                }
                Kept::WholeAlready => {
                    self.ignore(PART_AGAIN.to_owned());
                    continue;
                }
                Kept::TooLarge => "its parts have more than 16 MiB together",
                Kept::TooMany if *count == 0 => {
                    "1,000 parts of which nothing tells the request wait already; closing their gaps lets go of them"
                }
                Kept::TooMany => {
                    "10,000 other records wait for parts already; `gatelog import` of the log as a whole brings what they lack, and \
                     closing their gaps lets go of them"
                }
            };
            let original = originals.get(place).cloned().unwrap_or_default();
            self.reject(
                *line,
                format!("a part of the request {whole} was not kept: {refused}"),
                original,
            );
        }
        Ok(done)
    }

    /// Stores what waits, a batch for each tenant, in time order: rows are kept so, and random order costs more.
    fn store(&mut self, place: Place) -> Result<(), IntakeError> {
        let assembled = self.keep_parts()?;
        self.store_events(place)?;
        if assembled.is_empty() {
            return Ok(());
        }
        // The events are durable: what they were made of goes. A kill before this leaves parts that are put together again, into
        // an event that is known.
        let lease = self.terms.store.lease(self.tenant_of_unnamed()?)?;
        for (format, whole) in assembled {
            let now = (self.terms.now)();
            self.terms.store.forget_fragments(&lease, format, &whole, now)?;
        }
        Ok(())
    }

    fn store_events(&mut self, place: Place) -> Result<(), IntakeError> {
        let (mut ignored, mut rejected) = (
            std::mem::take(&mut self.ignored),
            std::mem::take(&mut self.rejected),
        );
        let mut error = self.error.take();
        let mut sequence = self.terms.sequence.filter(|_| place == Place::AtTheEnd);
        let mut waiting = std::mem::take(&mut self.waiting);
        self.waiting_events = 0;
        self.waiting_bytes = 0;
        let has_more = ignored + rejected > 0 || error.is_some() || sequence.is_some();
        if waiting.is_empty() && has_more {
            waiting.insert(self.tenant_of_unnamed()?, Vec::new());
        }
        // Records that told no event stand on the ledger of the first tenant that was brought something with them.
        for (tenant, mut events) in waiting {
            events.sort_by_key(|waiting| waiting.draft.time);
            let mut extracts: Vec<Option<Extract>> = Vec::new();
            if self.terms.recent.is_some() {
                extracts.extend(events.iter_mut().map(|waiting| waiting.extract.take()));
            }
            let (places, drafts): (Vec<_>, Vec<_>) = events
                .into_iter()
                .map(|waiting| {
                    (
                        (
                            waiting.line,
                            waiting.reports,
                            waiting.draft.format,
                            waiting.draft.time,
                        ),
                        waiting.draft,
                    )
                })
                .unzip();
            let batch = Batch {
                tenant,
                source: self.terms.source.to_owned(),
                arrived: (self.terms.now)(),
                lateness: self.terms.lateness,
                events: drafts,
                ignored: std::mem::take(&mut ignored),
                rejected: std::mem::take(&mut rejected),
                sequence: sequence.take(),
                error: error.take(),
            };
            let lease = self.terms.store.lease(tenant)?;
            let arrived = batch.arrived;
            let appended = self.terms.store.append(&lease, batch)?;
            if let Some(recent) = self.terms.recent {
                let formats = places.iter().map(|(_, _, format, _)| *format);
                let fresh = extracts.into_iter().zip(formats).zip(&appended.outcomes);
                let fresh = fresh.filter(|(_, outcome)| **outcome == Outcome::New);
                recent.put(
                    tenant,
                    arrived,
                    self.terms.source,
                    fresh.filter_map(|((extract, format), _)| Some((extract?, format))),
                );
            }
            let mut told: BTreeMap<(&str, &str), Line> = BTreeMap::new();
            let mut all = Line::default();
            for ((_, reports, format, time), outcome) in places.iter().zip(&appended.outcomes) {
                all.count(*outcome, *time);
                told.entry((*format, &**reports))
                    .or_default()
                    .count(*outcome, *time);
            }
            self.summary.total.add(&all);
            self.summary.tenants.entry(tenant).or_default().add(&all);
            for ((format, reports), line) in told {
                let name = (format.to_owned(), reports.to_owned());
                self.summary.lines.entry(name).or_default().add(&line);
            }
            for counts in [
                &mut self.summary.total.counts,
                &mut self.summary.tenants.entry(tenant).or_default().counts,
            ] {
                counts.late += appended.counts.late;
                counts.quarantined += appended.counts.quarantined;
            }
            for (place, original) in appended.refused {
                let (line, _, _, time) = &places[place];
                let reason = format!(
                    "the event is of {}, a month that was purged for good",
                    time.month()
                );
                self.rejections.push(Rejection {
                    line: *line,
                    reason,
                    original,
                });
            }
        }
        Ok(())
    }
}

/// The reports that show an event, its principal report first; of neighbours mostly the same.
#[derive(Default)]
struct ReportNames {
    of: Vec<u16>,
    names: Arc<str>,
}

impl ReportNames {
    fn names(&mut self, draft: &EventDraft) -> Arc<str> {
        let numbers = draft.rows.iter().map(|row| row.report);
        if !self.of.iter().copied().eq(numbers.clone()) {
            self.of = numbers.clone().collect();
            let names: Vec<&str> = numbers
                .filter_map(reports::by_number)
                .map(|report| report.name)
                .collect();
            self.names = names.join(" + ").into();
        }
        Arc::clone(&self.names)
    }
}
