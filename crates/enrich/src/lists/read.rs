//! Reads a list, line by line.

use super::{Entry, List, ListError, ListProblem, MAX_EDITIONS, MAX_ENTRIES};
use ipnet::{IpNet, Ipv4Net};
use model::time::{TICKS_PER_DAY, Timestamp};
use model::whereabouts::ListClass;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What a line may be long.
const MAX_LINE_BYTES: usize = 4096;
/// What is kept of a note.
const MAX_NOTE_CHARACTERS: usize = 200;
/// The comment that tells when an edition was made.
pub(super) const AS_OF: &str = "as-of:";
/// The comment that says that the list names nobody on purpose.
pub(super) const EMPTY: &str = "empty";

pub(super) fn read(class: ListClass, name: &str, bytes: &[u8], made: Timestamp) -> Result<List, ListError> {
    let name: Arc<str> = name.into();
    let mut reading = Reading::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut number = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        number += 1;
        let problem = match reading.line(line) {
            Ok(()) => continue,
            Err(problem) => problem,
        };
        return Err(ListError {
            list: name,
            line: number,
            problem,
        });
    }
    if reading.entries.is_empty() && !reading.may_be_empty {
        return Err(ListError {
            list: name,
            line: number,
            problem: ListProblem::Empty,
        });
    }
    let Reading {
        mut entries,
        mut editions,
        ..
    } = reading;
    entries.sort();
    entries.dedup();
    if editions.is_empty() {
        editions.push(made);
    }
    editions.sort();
    editions.dedup();
    Ok(List {
        class,
        name,
        editions,
        entries,
    })
}

#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    editions: Vec<Timestamp>,
    notes: HashSet<Arc<str>>,
    may_be_empty: bool,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), ListProblem> {
        if line.len() > MAX_LINE_BYTES {
            return Err(ListProblem::LongLine(MAX_LINE_BYTES));
        }
        let line = std::str::from_utf8(line).map_err(|_| ListProblem::NotText)?;
        let (said, comment) = match line.split_once('#') {
            Some((said, comment)) => (said, Some(comment.trim())),
            None => (line, None),
        };
        let said: String = said
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let said = said.trim();
        if said.is_empty() {
            return comment.map_or(Ok(()), |comment| self.comment(comment));
        }
        let entry = self.entry(said)?;
        if self.entries.len() == MAX_ENTRIES {
            return Err(ListProblem::TooManyEntries(MAX_ENTRIES));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// A comment that takes a whole line may say something about the list.
    fn comment(&mut self, comment: &str) -> Result<(), ListProblem> {
        if comment == EMPTY {
            self.may_be_empty = true;
        }
        let Some(made) = comment.strip_prefix(AS_OF) else {
            return Ok(());
        };
        let made = made.trim();
        let made = Timestamp::parse_vendor(made).map_err(|_| ListProblem::NotAnEdition(shown(made)))?;
        if self.editions.len() == MAX_EDITIONS {
            return Err(ListProblem::TooManyEditions(MAX_EDITIONS));
        }
        self.editions.push(made);
        Ok(())
    }

    fn entry(&mut self, said: &str) -> Result<Entry, ListProblem> {
        let mut words = said.split_whitespace();
        let network = network(words.next().unwrap_or_default())?;
        let mut since = None;
        let mut until = None;
        let mut note = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some(("since", value)) => set(&mut since, "since", value, Day::First)?,
                Some(("until", value)) => set(&mut until, "until", value, Day::Last)?,
                _ => note.push(word),
            }
        }
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(ListProblem::EndsBeforeItBegins);
        }
        Ok(Entry {
            network,
            since,
            until,
            note: self.note(&note.join(" ")),
        })
    }

    /// Equal notes are kept once: lists repeat the name of a botnet a thousand times.
    fn note(&mut self, text: &str) -> Option<Arc<str>> {
        let text: String = text.chars().take(MAX_NOTE_CHARACTERS).collect();
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Some(known) = self.notes.get(text) {
            return Some(Arc::clone(known));
        }
        let note: Arc<str> = text.into();
        self.notes.insert(Arc::clone(&note));
        Some(note)
    }
}

#[derive(Clone, Copy)]
enum Day {
    First,
    Last,
}

/// A date alone is a whole day: the first of those that count, or the last.
fn set(slot: &mut Option<Timestamp>, word: &'static str, value: &str, day: Day) -> Result<(), ListProblem> {
    if slot.is_some() {
        return Err(ListProblem::Twice(word));
    }
    let mut time = Timestamp::parse_vendor(value).map_err(|_| ListProblem::NotADate {
        word,
        value: shown(value),
    })?;
    let is_a_date = !value.contains(['T', 't', ':']);
    if is_a_date && matches!(day, Day::Last) {
        time = time.plus_ticks(TICKS_PER_DAY);
    }
    *slot = Some(time);
    Ok(())
}

fn network(word: &str) -> Result<IpNet, ListProblem> {
    let not_one = || ListProblem::NotANetwork(shown(word));
    let network = match word.split_once('/') {
        Some(_) => word.parse::<IpNet>().map_err(|_| not_one())?,
        None => IpNet::from(word.parse::<IpAddr>().map_err(|_| not_one())?),
    };
    let whole = network.trunc();
    if whole != network {
        return Err(ListProblem::BitsBeyondPrefix {
            written: shown(word),
            network: whole.to_string(),
        });
    }
    let network = unmapped(network);
    if network.prefix_len() == 0 {
        return Err(ListProblem::Everything(shown(word)));
    }
    Ok(network)
}

/// `::ffff:192.0.2.0/120` is 192.0.2.0/24.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    match v4.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()) {
        Some(v4) => IpNet::V4(v4),
        None => network,
    }
}

/// The beginning of what stands there, fit for an error of one line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
