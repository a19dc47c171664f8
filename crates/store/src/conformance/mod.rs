//! What every event store must do. Each case is a sentence; `run` tries them all on any backend.

mod cases;
mod fragments;
mod lookups;
mod purges;
mod removals;
mod sources;
mod trial;

use crate::events::EventStore;
use model::tenant::TenantId;
use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use trial::Trial;
use uuid::Uuid;

/// A store that is open, with whatever must live as long as it.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn EventStore>,
    /// Dropped after it: the folder's lock, a server …
    pub hold: Box<dyn Any>,
}

/// Opens the store of a folder, made at need.
pub type Open = fn(&Path) -> Opened;

/// What a backend promises beyond the words of the trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Every batch arrives once and whole: outcomes and counts can be compared.
    Exact,
    /// Batches may be delayed, cut up, repeated and shuffled: only what is stored in the end can be compared.
    Unruly,
}

/// A case that did not hold.
#[derive(Debug)]
pub struct Failure {
    /// The case.
    pub case: &'static str,
    /// What was otherwise.
    pub reason: String,
}

type Case = fn(&Trial) -> Result<(), String>;

const CASES: &[(&str, Delivery, Case)] = &[
    (
        "the first content is new, the same is known, another is changed",
        Delivery::Exact,
        cases::outcomes,
    ),
    (
        "every order of contents ends with the same winner",
        Delivery::Unruly,
        cases::winners,
    ),
    (
        "an id in another month is the same event, in both orders",
        Delivery::Unruly,
        cases::other_month,
    ),
    (
        "pages of any size give every row once, newest first, then by key",
        Delivery::Unruly,
        cases::paging,
    ),
    (
        "a page looks at no more rows than it needs, whatever other months have",
        Delivery::Unruly,
        cases::frugality,
    ),
    (
        "paging sees the tenant as it was while rows arrive and change",
        Delivery::Exact,
        cases::snapshots,
    ),
    (
        "a time range finds a row to the tick",
        Delivery::Unruly,
        cases::ticks,
    ),
    (
        "a scan that looked at enough rows answers what it has and goes on",
        Delivery::Unruly,
        cases::short_pages,
    ),
    (
        "skipping n rows gives the rows after n",
        Delivery::Unruly,
        cases::skipping,
    ),
    (
        "an event of the day after tomorrow is kept and not shown",
        Delivery::Unruly,
        cases::quarantine,
    ),
    (
        "late events are counted against the feed's newest",
        Delivery::Exact,
        cases::lateness,
    ),
    (
        "a purged month is gone, refuses its events and keeps its totals",
        Delivery::Exact,
        purges::purging,
    ),
    (
        "a month that was written after somebody decided to free it stays, and any while a backup is taken",
        Delivery::Exact,
        purges::purging_what_was_seen,
    ),
    (
        "a removed tenant is gone for good, and one of the same id begins anew",
        Delivery::Unruly,
        removals::removing,
    ),
    (
        "parts of a record wait through a start, whoever brought them, until the record is put together",
        Delivery::Unruly,
        fragments::waiting,
    ),
    (
        "a record that was put together keeps no part that comes again, and a part without a record stays listed",
        Delivery::Unruly,
        fragments::forgotten,
    ),
    (
        "a part that comes again with another content takes the earlier one's place, whoever brings it",
        Delivery::Unruly,
        fragments::replaced,
    ),
    (
        "a record that is given up loses its parts, keeps its closing, and waits anew when it is brought again",
        Delivery::Unruly,
        fragments::given_up,
    ),
    (
        "parts are of one tenant, and bounded",
        Delivery::Unruly,
        fragments::bounds,
    ),
    (
        "the history of a person and of an address is in time order",
        Delivery::Unruly,
        cases::histories,
    ),
    (
        "events are found by their keys and any time that they had, in the order of time",
        Delivery::Unruly,
        lookups::events,
    ),
    (
        "every content of an event is found, in the order in which they came",
        Delivery::Exact,
        lookups::contents,
    ),
    (
        "a subject's events of one kind come newest first, whatever the page",
        Delivery::Unruly,
        lookups::newest,
    ),
    (
        "a finding goes when it is retracted, comes back when it holds again, and keeps every content",
        Delivery::Exact,
        lookups::findings,
    ),
    (
        "the change log tells every commit after a cursor",
        Delivery::Exact,
        cases::change_log,
    ),
    (
        "the ledger says hour by hour what came, in how many batches, how late, and what failed",
        Delivery::Exact,
        sources::hours,
    ),
    (
        "a recount from the events gives what the ledger says",
        Delivery::Exact,
        sources::proofs,
    ),
    (
        "the numbers of uploads that came whole are known, whatever month they are of and after it was freed",
        Delivery::Unruly,
        sources::numbers,
    ),
    (
        "what a sender tells of a loss is kept once, and so is that somebody closed it",
        Delivery::Unruly,
        sources::losses,
    ),
    (
        "tenants with the same ids do not see each other",
        Delivery::Unruly,
        cases::tenants,
    ),
    (
        "a store that was closed opens with all it had",
        Delivery::Unruly,
        cases::reopening,
    ),
];

/// Tries every case in a folder of its own below `folder`; answers those that did not hold.
pub fn run(folder: &Path, open: Open, delivery: Delivery) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (number, (case, needs, check)) in CASES.iter().enumerate() {
        if *needs == Delivery::Exact && delivery == Delivery::Unruly {
            continue;
        }
        let trial = Trial {
            folder: folder.join(number.to_string()),
            open,
            tenant: TenantId::new(Uuid::from_u128(7)),
        };
        let outcome = check(&trial).and_then(|()| trial.check_is_clean());
        if let Err(reason) = outcome {
            failures.push(Failure { case, reason });
        }
    }
    failures
}
