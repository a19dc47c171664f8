//! The engine: sign-ins one by one, findings and effects out; and the judgement of one subject's whole history.
//!
//! A subject is a person or an address, and its judgement is a fold over its sign-ins in the order of their times. In that order the
//! engine goes on from where it was. For a sign-in that is late, or was changed, or is of a subject that it does not remember, it asks for the
//! subject's history and folds anew: so the same sign-ins give the same findings, in whatever order they came.

use crate::detectors::suspicious_addresses;
use crate::population::Populations;
use crate::remembered::{Earlier, Remembered};
use crate::rules::RuleBook;
use crate::seen::Seen;
use crate::told::{Judging, Note, Told};
use hashlink::LruCache;
use model::finding::Finding;
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::whereabouts::Scope;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// What is judged as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A person, by the name that [`crate::People`] gives.
    Person(Arc<str>),
    /// An address.
    Address(IpAddr),
}

/// What the engine wants to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Judge the subject from its history: see [`Engine::judge`]. What it found of a time from `from` on may not hold any more.
    JudgeAgain {
        /// Which.
        subject: Subject,
        /// The first time whose findings may be others.
        from: Timestamp,
    },
}

/// What a sign-in gave.
#[derive(Debug, Default)]
pub struct Observed {
    /// Findings, new ones or such that have become more: one with a known id takes the place of that.
    pub found: Vec<Finding>,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

/// Which history a judgement takes, and which findings it decides.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Sign-ins from here on must be in the history, and no others.
    pub history_from: Timestamp,
    /// Findings of the subject from here on are decided; earlier ones stay.
    pub decides_from: Timestamp,
    /// The person as they were there.
    begins_with: Option<Earlier>,
}

/// Judges sign-ins of one tenant.
pub struct Engine {
    tenant: TenantId,
    book: RuleBook,
    populations: Populations,
    people: LruCache<Arc<str>, Remembered>,
    addresses: LruCache<IpAddr, Slot>,
}

/// An address's state, and the last sign-in that is in it.
struct Slot {
    last: (Timestamp, EventKey),
    state: suspicious_addresses::State,
}

impl Engine {
    /// An engine that remembers nobody yet and will remember so many people, and as many addresses.
    pub fn new(tenant: TenantId, book: RuleBook, remembered: usize) -> Engine {
        Engine {
            tenant,
            book,
            populations: Populations::default(),
            people: LruCache::new(remembered.max(1)),
            addresses: LruCache::new(remembered.max(1)),
        }
    }

    /// The rules by which it judges.
    pub fn book_mut(&mut self) -> &mut RuleBook {
        &mut self.book
    }

    /// What is usual in the directory, by day.
    pub fn populations_mut(&mut self) -> &mut Populations {
        &mut self.populations
    }

    /// Forgets what it remembers of everybody: the next sign-in of each asks for the history.
    pub fn forget(&mut self) {
        self.people.clear();
        self.addresses.clear();
    }

    /// Forgets what it remembers of one that rests on a time: something of it was changed, or came without being observed.
    pub fn forget_subject(&mut self, subject: &Subject, from: Timestamp) {
        match subject {
            Subject::Person(name) => {
                if let Some(person) = self.people.get_mut(name) {
                    person.forget_from(from);
                }
            }
            Subject::Address(address) => drop(self.addresses.remove(address)),
        }
    }

    /// How far a judgement of a subject reaches, if something of a time is new to it: see [`reach`]. A person is judged from a day on that
    /// the engine remembers them of, if it is before that.
    pub fn reach(&self, subject: &Subject, from: Timestamp) -> Reach {
        let mut reach = reach(subject, from);
        if let Subject::Person(name) = subject
            && let Some(earlier) = self
                .people
                .peek(name)
                .and_then(|person| person.before(reach.decides_from))
        {
            reach.history_from = earlier.day_start;
            reach.begins_with = Some(earlier.clone());
        }
        reach
    }

    /// Judges the next sign-in. It must be in the history of its person and its address by now, and the snapshot for its day must have
    /// its counts, if [`crate::is_scored`] says so.
    pub fn observe(&mut self, seen: &Arc<Seen>) -> Observed {
        let mut told = Told::default();
        let mut effects = Vec::new();
        let judging = Judging {
            tenant: self.tenant,
            version: self.book.at(seen.time),
            populations: &self.populations,
            is_decided: true,
        };
        match self.people.get_mut(&seen.subject) {
            Some(person) if person.goes_on_with(seen) => person.observe(seen, &judging, &mut told),
            remembered => {
                // What it remembers is no longer what happened: others that come before the judgement ask for it as well.
                if let Some(person) = remembered {
                    person.forget_from(seen.time);
                }
                effects.push(judge_again(Subject::Person(Arc::clone(&seen.subject)), seen));
            }
        }
        let at = (seen.time, seen.key);
        if let Some(address) = judged_address(seen) {
            match self.addresses.get_mut(&address) {
                Some(slot) if slot.last < at => {
                    slot.last = at;
                    slot.state.observe(seen, &judging, &mut told);
                }
                _ => {
                    self.addresses.remove(&address);
                    effects.push(judge_again(Subject::Address(address), seen));
                }
            }
        }
        Observed {
            found: told.found,
            effects,
        }
    }

    /// Judges a subject from its history, as [`Engine::reach`] or [`reach`] says how far back, and goes on from there. What is observed later
    /// need not be in it, and should not, or it would come late and be judged so again. Gives all findings that hold of the time that the
    /// judgement decides; what was found of that time before and is not among them holds no longer. The snapshots of what is scored from
    /// `decides_from` on must have their counts.
    pub fn judge(&mut self, subject: &Subject, history: Vec<Arc<Seen>>, reach: Reach) -> Vec<Finding> {
        let state = match subject {
            Subject::Person(name) => {
                let mut person = self.people.remove(name).unwrap_or_default();
                person.go_back_to(reach.begins_with);
                State::Person(person)
            }
            Subject::Address(_) => State::Address(suspicious_addresses::State::default()),
        };
        let decides_from = reach.decides_from;
        let mut folded = self.fold(state, history, &Wanted::From(decides_from));
        match (subject, folded.state, folded.last) {
            (Subject::Person(name), State::Person(person), _) if !person.is_nobody() => {
                self.people.insert(Arc::clone(name), person);
            }
            (Subject::Address(address), State::Address(state), Some(last)) => {
                self.addresses.insert(*address, Slot { last, state });
            }
            (Subject::Address(address), ..) => drop(self.addresses.remove(address)),
            _ => {}
        }
        folded.found.retain(|_, finding| finding.time >= decides_from);
        folded.found.into_values().collect()
    }

    /// Why a subject's sign-ins from one time to another (both included) gave no findings, or which they gave.
    pub fn explain(
        &self,
        subject: &Subject,
        history: Vec<Arc<Seen>>,
        from: Timestamp,
        to: Timestamp,
    ) -> (Vec<Finding>, Vec<Note>) {
        let state = match subject {
            Subject::Person(_) => State::Person(Remembered::default()),
            Subject::Address(_) => State::Address(suspicious_addresses::State::default()),
        };
        let folded = self.fold(state, history, &Wanted::Explained(from, to));
        let is_asked = |time: Timestamp| Wanted::Explained(from, to).is_of(time);
        let found = folded
            .found
            .into_values()
            .filter(|finding| is_asked(finding.time));
        (found.collect(), folded.notes)
    }

    fn fold(&self, state: State, mut history: Vec<Arc<Seen>>, wanted: &Wanted) -> Folded {
        history.sort_by_key(|seen| (seen.time, seen.key));
        history.dedup_by_key(|seen| seen.key);
        let mut folded = Folded {
            found: BTreeMap::new(),
            notes: Vec::new(),
            last: history.last().map(|seen| (seen.time, seen.key)),
            state,
        };
        for seen in &history {
            let is_decided = wanted.is_of(seen.time);
            let is_explained = is_decided && matches!(wanted, Wanted::Explained(..));
            let mut told = Told {
                notes: is_explained.then(Vec::new),
                ..Told::default()
            };
            let judging = Judging {
                tenant: self.tenant,
                version: self.book.at(seen.time),
                populations: &self.populations,
                is_decided,
            };
            match &mut folded.state {
                State::Person(person) => person.observe(seen, &judging, &mut told),
                State::Address(address) => address.observe(seen, &judging, &mut told),
            }
            folded.notes.extend(told.notes.unwrap_or_default());
            for finding in told.found {
                folded.found.insert(finding.id, finding);
            }
        }
        folded
    }
}

/// Of which sign-ins a fold is to tell.
enum Wanted {
    From(Timestamp),
    /// From one to another, both included, and why nothing was found.
    Explained(Timestamp, Timestamp),
}

impl Wanted {
    fn is_of(&self, time: Timestamp) -> bool {
        match self {
            Wanted::From(from) => *from <= time,
            Wanted::Explained(from, to) => *from <= time && time <= *to,
        }
    }
}

enum State {
    Person(Remembered),
    Address(suspicious_addresses::State),
}

struct Folded {
    found: BTreeMap<Uuid, Finding>,
    notes: Vec<Note>,
    last: Option<(Timestamp, EventKey)>,
    state: State,
}

fn judge_again(subject: Subject, seen: &Seen) -> Effect {
    Effect::JudgeAgain {
        subject,
        from: seen.time,
    }
}

/// The address under which a sign-in is judged. The machine itself is nobody's.
fn judged_address(seen: &Seen) -> Option<IpAddr> {
    seen.address.filter(|_| seen.whereabouts.scope != Scope::Loopback)
}

/// How far a judgement of a subject reaches, if something of a time is new to it and nothing is remembered of it. Of a person everything is looked at, since their habits
/// are made of all of it, and what comes later may rest on it.
pub fn reach(subject: &Subject, from: Timestamp) -> Reach {
    match subject {
        // What came before its day is as it was: no detector of people looks ahead. A row of a day has the time of the last sign-in
        // that is in it, and goes back to an earlier one if that is another's.
        Subject::Person(_) => Reach {
            history_from: Timestamp::MIN,
            decides_from: from.day_start(),
            begins_with: None,
        },
        Subject::Address(_) => {
            // A failure makes a success within the day before it suspicious, and a row of a day has the time of its last success.
            let decides_from = from.plus_days(-1).day_start();
            Reach {
                history_from: suspicious_addresses::horizon(decides_from),
                decides_from,
                begins_with: None,
            }
        }
    }
}
