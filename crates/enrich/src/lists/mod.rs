//! Lists of addresses: Tor exits, VPNs, offices. Each entry counts from a moment and until another one.

mod error;
mod read;
mod succeed;
mod write;

pub use error::{ListError, ListProblem};

use ipnet::IpNet;
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::sync::Arc;

/// What a list may have entries. The largest public lists have some hundred thousand.
pub const MAX_ENTRIES: usize = 2_000_000;
/// What is kept of when a list was renewed: two years of an hourly list.
pub const MAX_EDITIONS: usize = 17_520;

/// A list of networks of one class, with all that is kept of its older editions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    class: ListClass,
    name: Arc<str>,
    /// As of when each edition was made, ascending, at least one.
    editions: Vec<Timestamp>,
    /// By network, and then by when they count.
    entries: Vec<Entry>,
}

/// A network that a list names, or named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The addresses; of a single one all bits count. Never an IPv4 network in IPv6 clothes.
    pub network: IpNet,
    /// The first moment at which it counts; nothing is 'as far back as the list goes'.
    pub since: Option<Timestamp>,
    /// The first moment at which it does not count any more.
    pub until: Option<Timestamp>,
    /// What more the list says of it.
    pub note: Option<Arc<str>>,
}

impl Entry {
    /// Whether it counts at a moment.
    pub fn counts_at(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}

impl List {
    /// Reads a list: one address or network a line; `#` begins a comment; after the network `since=` and `until=` with a
    /// date or a time, and a note. A line `# as-of: 2026-05-01` tells when the list was made, else the caller does.
    pub fn read(class: ListClass, name: &str, bytes: &[u8], made: Timestamp) -> Result<List, ListError> {
        read::read(class, name, bytes, made)
    }

    /// The list as a file of the same syntax, with all that is kept of its older editions.
    pub fn to_text(&self) -> String {
        write::write(self)
    }

    /// The list when a newer edition replaces it: what is in neither counts no more, but did until then.
    #[must_use]
    pub fn succeed(&self, newer: &List) -> List {
        succeed::succeed(self, newer)
    }

    /// What it says of the addresses that it names.
    pub fn class(&self) -> ListClass {
        self.class
    }

    /// Its name, unique within its class.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Every entry, those that do not count any more, too; by network.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries count at a moment.
    pub fn count_at(&self, at: Timestamp) -> usize {
        self.entries.iter().filter(|entry| entry.counts_at(at)).count()
    }

    /// As of when its newest edition was made.
    pub fn as_of(&self) -> Timestamp {
        self.editions.last().copied().unwrap_or(Timestamp::MIN)
    }

    /// As of when each of its editions was made, ascending.
    pub fn editions(&self) -> &[Timestamp] {
        &self.editions
    }

    /// As of when the edition was made that was in force at a moment: the newest one of then, before all of them the first.
    pub fn in_force_at(&self, at: Timestamp) -> Timestamp {
        let after = self.editions.partition_point(|edition| *edition <= at);
        let edition = self.editions.get(after.saturating_sub(1));
        edition.copied().unwrap_or(Timestamp::MIN)
    }
}
