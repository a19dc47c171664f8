//! What becomes of a list when a newer edition replaces it: an old event is judged by the list of its own day.
//!
//! The list of a day is the newest edition that had been made by then. So an entry that is gone counted until the newer
//! edition was made, and one that is new counts since then, unless the edition itself says since when.

use super::{Entry, List, MAX_EDITIONS, MAX_ENTRIES};
use model::time::Timestamp;
use std::cmp::Reverse;
use std::sync::Arc;

pub(super) fn succeed(old: &List, newer: &List) -> List {
    let made = newer.as_of();
    // An edition that is older than what we have tells nothing about now.
    if made < old.as_of() {
        return old.clone();
    }
    let mut entries = Vec::with_capacity(old.entries.len().max(newer.entries.len()));
    let mut before = old.entries.chunk_by(|a, b| a.network == b.network).peekable();
    for now in newer.entries.chunk_by(|a, b| a.network == b.network) {
        let network = now[0].network;
        while let Some(gone) = before.next_if(|group| group[0].network < network) {
            merge_network(&mut entries, gone, &[], made);
        }
        let known = before.next_if(|group| group[0].network == network).unwrap_or(&[]);
        merge_network(&mut entries, known, now, made);
    }
    for gone in before {
        merge_network(&mut entries, gone, &[], made);
    }
    entries.sort();
    entries.dedup();
    forget_oldest(&mut entries, made);

    let mut editions = old.editions.clone();
    editions.extend(&newer.editions);
    editions.sort();
    editions.dedup();
    let too_many = editions.len().saturating_sub(MAX_EDITIONS);
    editions.drain(..too_many);
    List {
        class: newer.class,
        name: Arc::clone(&newer.name),
        editions,
        entries,
    }
}

/// The entries of one network, before and now.
fn merge_network(entries: &mut Vec<Entry>, before: &[Entry], now: &[Entry], made: Timestamp) {
    let mut is_continued = vec![false; before.len()];
    for entry in now {
        let mut since = entry.since;
        let is_of_the_past = entry.until.is_some_and(|until| until <= made);
        if since.is_none() && !is_of_the_past {
            since = Some(made);
        }
        for (place, known) in before.iter().enumerate() {
            if known.note != entry.note || is_continued[place] {
                continue;
            }
            let continues = match entry.since {
                // It says nothing of its beginning: it is the one that counted when this edition was made.
                None => known.until.is_none_or(|until| until >= made),
                // It says when it began: whatever we thought of that time, it knows better.
                Some(since) => {
                    known.until.is_none_or(|until| since < until)
                        && entry
                            .until
                            .is_none_or(|until| known.since.is_none_or(|since| since < until))
                }
            };
            if continues {
                is_continued[place] = true;
                if entry.since.is_none() {
                    since = earlier(since, known.since);
                }
            }
        }
        entries.push(Entry {
            since,
            ..entry.clone()
        });
    }
    for (place, known) in before.iter().enumerate() {
        if is_continued[place] {
            continue;
        }
        let until = known.until.map_or(made, |until| until.min(made));
        // One that would have begun only later never did.
        if known.since.is_none_or(|since| since < until) {
            entries.push(Entry {
                until: Some(until),
                ..known.clone()
            });
        }
    }
}

/// The earlier of two beginnings; nothing is the beginning of everything.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    Some(one?.min(other?))
}

/// Keeps as many as a list may have; those that ended first go first.
fn forget_oldest(entries: &mut Vec<Entry>, made: Timestamp) {
    if entries.len() <= MAX_ENTRIES {
        return;
    }
    let key = |entry: &Entry| {
        entry
            .until
            .filter(|until| *until <= made)
            .unwrap_or(Timestamp::MAX)
    };
    entries.sort_by_key(|entry| Reverse(key(entry)));
    entries.truncate(MAX_ENTRIES);
    entries.sort();
}
