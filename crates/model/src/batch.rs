//! What goes into the store, and what comes of it: drafts of events and rows, outcomes, counts.

use crate::event::{Event, Facts, Suspect, SuspectKind};
use crate::identity::{EventKey, Kind, Rank};
use crate::tenant::TenantId;
use crate::time::{TICKS_PER_DAY, Timestamp};
use crate::usage::UsageDraft;
use uuid::Uuid;

/// Further ahead of its arrival than this, an event is kept as quarantined: its clock is wrong.
pub const QUARANTINE_AHEAD_TICKS: i64 = TICKS_PER_DAY;

/// An event on its way into the store, with everything that is stored beside it.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// Its identity.
    pub key: EventKey,
    /// Its kind.
    pub kind: Kind,
    /// When it happened by the vendor's clock.
    pub time: Timestamp,
    /// What decides which content wins.
    pub rank: Rank,
    /// The format that understood it, such as `entra-graph`.
    pub format: &'static str,
    /// The record as it came.
    pub original: Vec<u8>,
    /// One row for each stored report that shows it.
    pub rows: Vec<RowDraft>,
    /// The persons and addresses in whose history it belongs.
    pub subjects: Vec<Subject>,
    /// What it adds to the usage reports.
    pub usage: Vec<UsageDraft>,
}

/// A part of a record that its source wrote in several: it waits in the store until the others are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentDraft {
    /// The format that understood it, and that puts the whole together.
    pub format: &'static str,
    /// The record that it is part of, by the source's id; the same for all of its parts.
    pub whole: String,
    /// Its number, from 1.
    pub part: u32,
    /// How many parts the record has; 0 where nothing tells, which no further part can complete.
    pub parts: u32,
    /// The part as it came.
    pub original: Vec<u8>,
}

/// A row on its way into the store; its key is the event's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDraft {
    /// The report's number on disk.
    pub report: u16,
    /// The JSON object as it is served.
    pub json: Vec<u8>,
    /// What other reports that show the same event need beyond the object (JSON), empty if nothing.
    pub particulars: Vec<u8>,
}

/// Somebody or something whose history can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A person by one of their names (object id or sign-in name), lower case.
    Person(String),
    /// A network address in its shortest text.
    Address(String),
    /// One finding, by its id: its history are its own contents, which can be found so without its time.
    Finding(Uuid),
    /// Every finding of the tenant.
    Findings,
}

impl Subject {
    /// A person by an id or a sign-in name.
    pub fn person(name: &str) -> Subject {
        Subject::Person(name.trim().to_lowercase())
    }

    /// An address.
    pub fn address(address: &str) -> Subject {
        Subject::Address(address.trim().to_ascii_lowercase())
    }

    /// The 64-bit number of the subject on disk: the first 8 bytes of a BLAKE3 hash over kind and name.
    pub fn number(&self) -> i64 {
        let (kind, name) = match self {
            Subject::Person(name) => ("person\0", name.as_bytes()),
            Subject::Address(address) => ("address\0", address.as_bytes()),
            Subject::Finding(id) => ("finding\0", id.as_bytes().as_slice()),
            Subject::Findings => ("findings\0", [].as_slice()),
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_bytes());
        hasher.update(name);
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(first)
    }
}

/// The persons and addresses that an event belongs to.
pub fn subjects(event: &Event) -> Vec<Subject> {
    let mut subjects = Vec::with_capacity(4);
    let mut add = |subject: Subject| {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    };
    match &event.facts {
        Facts::SignIn(sign_in) => {
            for name in [&sign_in.user_id, &sign_in.user_principal_name]
                .into_iter()
                .flatten()
            {
                add(Subject::person(name));
            }
            if let Some(address) = &sign_in.ip_address {
                add(Subject::address(address));
            }
        }
        Facts::Audit(audit) => {
            for name in [&audit.actor.user_id, &audit.actor.user_principal_name]
                .into_iter()
                .flatten()
            {
                add(Subject::person(name));
            }
            for target in audit
                .targets
                .iter()
                .filter(|target| target.resource_type.as_deref() == Some("User"))
            {
                for name in [&target.id, &target.user_principal_name].into_iter().flatten() {
                    add(Subject::person(name));
                }
            }
            if let Some(address) = &audit.actor.ip_address {
                add(Subject::address(address));
            }
        }
        Facts::Provisioning(provisioning) => {
            for side in [&provisioning.source, &provisioning.target] {
                if side.is_user() {
                    for name in [&side.id, &side.user_principal_name].into_iter().flatten() {
                        add(Subject::person(name));
                    }
                }
            }
        }
        Facts::RiskDetection(detection) => {
            for name in names_of(&detection.suspect) {
                add(Subject::person(name));
            }
            if let Some(address) = &detection.ip_address {
                add(Subject::address(address));
            }
        }
        Facts::RiskState(risk) => {
            for name in names_of(&risk.suspect) {
                add(Subject::person(name));
            }
        }
        Facts::Finding(finding) => {
            for name in [&finding.person.user_id, &finding.person.user_name]
                .into_iter()
                .flatten()
            {
                add(Subject::person(name));
            }
            if let Some(address) = &finding.address {
                add(Subject::address(address));
            }
            add(Subject::Finding(finding.id));
            add(Subject::Findings);
        }
    }
    subjects
}

/// The names by which a person's history is found. An application is no person.
fn names_of(suspect: &Suspect) -> impl Iterator<Item = &String> {
    [&suspect.id, &suspect.user_principal_name]
        .into_iter()
        .flatten()
        .filter(|_| suspect.kind == SuspectKind::User)
}

/// What one carrier brought at one time for one tenant from one source.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Whose events.
    pub tenant: TenantId,
    /// The name of the source for the ledger, such as `import` or `ingest:<client id>`.
    pub source: String,
    /// When it arrived, by our clock.
    pub arrived: Timestamp,
    /// Whether the order of arrival means anything: a file of last month is not late, a feed is.
    pub lateness: Lateness,
    /// The events, in the order of arrival.
    pub events: Vec<EventDraft>,
    /// Records that were understood and are none of our business.
    pub ignored: u64,
    /// Records that were not understood.
    pub rejected: u64,
    /// The number that the sender gave to the upload which this batch completes: on its last batch alone, so that the number is
    /// stored with the last of its rows.
    pub sequence: Option<u64>,
    /// What went wrong last, in a sentence: why a record was rejected, or why an upload broke off.
    pub error: Option<String>,
}

/// Whether late events are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// A feed: events older than the source's newest by more than this many ticks are late.
    After(i64),
    /// An import: nothing is late.
    NotCounted,
}

/// What storing an event gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not seen before.
    New,
    /// The same event with other content; both originals are kept and one wins.
    Changed,
    /// This very content was seen before.
    Known,
    /// It belongs to a month that was purged; nothing was stored.
    Purged,
}

/// What became of records. `read = new + changed + known + ignored + rejected`; late and quarantined are 'of which'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records read.
    pub read: u64,
    /// Events not seen before.
    pub new: u64,
    /// Events seen before with other content.
    pub changed: u64,
    /// Events seen before with this content.
    pub known: u64,
    /// Understood and none of our business.
    pub ignored: u64,
    /// Not understood, or refused.
    pub rejected: u64,
    /// Of new and changed: later than the source's habit.
    pub late: u64,
    /// Of new and changed: too far in the future.
    pub quarantined: u64,
}

impl Counts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.new += other.new;
        self.changed += other.changed;
        self.known += other.known;
        self.ignored += other.ignored;
        self.rejected += other.rejected;
        self.late += other.late;
        self.quarantined += other.quarantined;
    }

    /// Counts one stored (or refused) event.
    pub fn count(&mut self, outcome: Outcome) {
        self.read += 1;
        match outcome {
            Outcome::New => self.new += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Known => self.known += 1,
            Outcome::Purged => self.rejected += 1,
        }
    }

    /// Whether the sum holds.
    pub fn adds_up(&self) -> bool {
        self.read == self.new + self.changed + self.known + self.ignored + self.rejected
    }
}
