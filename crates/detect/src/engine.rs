//! The engine: sign-ins one by one, findings and effects out; and the judgement of one subject's whole history.
//!
//! A subject is a person or an address, and its judgement is a fold over its sign-ins in the order of their times. In that order the
//! engine goes on from where it was. For a sign-in that is late, or was changed, or is of a subject that it does not remember, it asks for the
//! subject's history and folds anew: so the same sign-ins give the same findings, in whatever order they came.

use crate::detectors::suspicious_addresses::{self, State as Address};
use crate::keeping::{Shelf, put};
use crate::person::Person;
use crate::population::Populations;
use crate::remembered::{Earlier, Remembered, Watched};
use crate::rules::RuleBook;
use crate::seen::Seen;
use crate::told::{Judging, Note, Told};
use hashlink::LruCache;
use model::finding::Finding;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::whereabouts::Scope;
use std::collections::BTreeMap;
use std::hash::Hash;
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

impl From<Arc<str>> for Subject {
    fn from(name: Arc<str>) -> Subject {
        Subject::Person(name)
    }
}

impl From<IpAddr> for Subject {
    fn from(address: IpAddr) -> Subject {
        Subject::Address(address)
    }
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
    /// The person as they were there, if that is remembered, or
    person: Option<Earlier<Person>>,
    /// the address.
    address: Option<Earlier<Address>>,
    /// Days before it are not to be remembered: the history does not have everything that they rest on.
    whole_from: Timestamp,
}

impl Reach {
    /// The history was too long, and has only its newest part, of a time on: it is judged by that alone, since what is between it and a day
    /// that is remembered is missing, and no day of it is remembered.
    pub fn cut_off(&mut self, complete_from: Timestamp) {
        if complete_from > self.history_from {
            self.person = None;
            self.address = None;
            self.whole_from = Timestamp::MAX;
        }
    }
}

/// Judges sign-ins of one tenant.
pub struct Engine {
    tenant: TenantId,
    book: RuleBook,
    populations: Populations,
    /// Boxed, as addresses are, since a cache keeps the room of entries that are gone.
    pub(crate) people: LruCache<Arc<str>, Box<Remembered<Person>>>,
    pub(crate) addresses: LruCache<IpAddr, Box<Remembered<Address>>>,
    /// What there was no more room for.
    pub(crate) shelf: Shelf,
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
            shelf: Shelf::default(),
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
        self.shelf.clear();
    }

    /// Forgets what it remembers of one that rests on a time: something of it was changed, or came without being observed.
    pub fn forget_subject(&mut self, subject: &Subject, from: Timestamp) {
        match subject {
            Subject::Person(name) => forget(&mut self.people, name, from),
            Subject::Address(address) => forget(&mut self.addresses, address, from),
        }
    }

    /// How far a judgement of a subject reaches, if something of a time is new to it: see [`reach`]. It begins with a day that the engine
    /// remembers the subject of, if it can.
    pub fn reach(&self, subject: &Subject, from: Timestamp) -> Reach {
        let mut reach = reach(subject, from);
        let day_start = match subject {
            Subject::Person(name) => {
                reach.person = day_before(&self.people, name, reach.decides_from);
                reach.person.as_ref().map(|earlier| earlier.day_start)
            }
            Subject::Address(address) => {
                reach.address = day_before(&self.addresses, address, reach.decides_from);
                reach.address.as_ref().map(|earlier| earlier.day_start)
            }
        };
        if let Some(day_start) = day_start {
            reach.history_from = day_start;
            reach.whole_from = Timestamp::MIN;
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
        // What it remembers of whoever is asked for is no longer what happened: others that come before the judgement ask as well.
        if !observe(&mut self.people, &seen.subject, seen, &judging, &mut told) {
            effects.push(judge_again(Subject::Person(Arc::clone(&seen.subject)), seen));
        }
        if let Some(address) = judged_address(seen)
            && !observe(&mut self.addresses, &address, seen, &judging, &mut told)
        {
            effects.push(judge_again(Subject::Address(address), seen));
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
        let decides_from = reach.decides_from;
        let wanted = Wanted::From(decides_from);
        let mut folded = match subject {
            Subject::Person(name) => {
                let mut person = self.people.remove(name).unwrap_or_default();
                person.go_back_to(reach.person);
                let folded = self.fold(&mut person, history, &wanted);
                person.forget_days_before(reach.whole_from);
                if !person.is_empty() {
                    put(&mut self.people, Arc::clone(name), person, &mut self.shelf);
                }
                folded
            }
            Subject::Address(name) => {
                let mut address = self.addresses.remove(name).unwrap_or_default();
                address.go_back_to(reach.address);
                let folded = self.fold(&mut address, history, &wanted);
                address.forget_days_before(reach.whole_from);
                if !address.is_empty() {
                    put(&mut self.addresses, *name, address, &mut self.shelf);
                }
                folded
            }
        };
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
        let wanted = Wanted::Explained(from, to);
        let folded = match subject {
            Subject::Person(_) => self.fold(&mut Remembered::<Person>::default(), history, &wanted),
            Subject::Address(_) => self.fold(&mut Remembered::<Address>::default(), history, &wanted),
        };
        let found = folded
            .found
            .into_values()
            .filter(|finding| wanted.is_of(finding.time));
        (found.collect(), folded.notes)
    }

    fn fold<W: Watched>(
        &self,
        remembered: &mut Remembered<W>,
        mut history: Vec<Arc<Seen>>,
        wanted: &Wanted,
    ) -> Folded {
        history.sort_by_key(|seen| (seen.time, seen.key));
        history.dedup_by_key(|seen| seen.key);
        let mut folded = Folded::default();
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
            remembered.observe(seen, &judging, &mut told);
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

#[derive(Default)]
struct Folded {
    found: BTreeMap<Uuid, Finding>,
    notes: Vec<Note>,
}

/// Shows a sign-in to whoever it is of, if it goes on with what is remembered of them; else forgets what it makes wrong, and answers `false`.
fn observe<N: Eq + Hash, W: Watched>(
    remembered: &mut LruCache<N, Box<Remembered<W>>>,
    name: &N,
    seen: &Arc<Seen>,
    judging: &Judging<'_>,
    told: &mut Told,
) -> bool {
    match remembered.get_mut(name) {
        Some(known) if known.goes_on_with(seen) => {
            known.observe(seen, judging, told);
            true
        }
        Some(known) => {
            known.forget_from(seen.time);
            false
        }
        None => false,
    }
}

/// The last day up to a time that somebody is remembered of.
fn day_before<N: Eq + Hash, W: Watched>(
    remembered: &LruCache<N, Box<Remembered<W>>>,
    name: &N,
    time: Timestamp,
) -> Option<Earlier<W>> {
    remembered.peek(name)?.before(time).cloned()
}

fn forget<N: Eq + Hash, W: Watched>(
    remembered: &mut LruCache<N, Box<Remembered<W>>>,
    name: &N,
    from: Timestamp,
) {
    if let Some(known) = remembered.get_mut(name) {
        known.forget_from(from);
    }
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
            person: None,
            address: None,
            whole_from: Timestamp::MIN,
        },
        Subject::Address(_) => {
            // A failure makes a success within the day before it suspicious, and a row of a day has the time of its last success.
            let decides_from = from.plus_days(-1).day_start();
            Reach {
                history_from: suspicious_addresses::horizon(decides_from),
                decides_from,
                person: None,
                address: None,
                // Of days before it is not known who was at home.
                whole_from: decides_from,
            }
        }
    }
}
