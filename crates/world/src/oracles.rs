//! What two reports must contain by their definitions, found the long way, apart from every detector.
//!
//! Each looks at all records again for every question. That is slow, has no state, and leaves little room for a mistake.

use crate::TrueListing;
use crate::record::Record;
use crate::truth::Actor;
use model::identity::EventKey;
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::net::Ipv4Addr;

/// A success after failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterFailures {
    /// The account.
    pub account: u32,
    /// The first success.
    pub success: EventKey,
    /// When that was.
    pub time: Timestamp,
    /// How many failures were before it.
    pub failures: u32,
    /// Whose success it was.
    pub actor: Actor,
}

/// Successes of one account from one anonymous address on one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownSource {
    /// The account.
    pub account: u32,
    /// The address.
    pub address: Ipv4Addr,
    /// Days since 1970-01-01.
    pub day: i64,
    /// How many successes.
    pub sign_ins: u32,
    /// The last of them.
    pub newest: Timestamp,
}

/// Every success of a person at a screen that follows on `least` or more credential failures in a row. What a client does on behalf
/// of a person neither counts nor ends a row, nor do interrupts and other failures; a record that came twice counts once.
pub fn after_failures(records: &[Record], least: u32) -> Vec<AfterFailures> {
    let mut found = Vec::new();
    for account in accounts(records) {
        let theirs = once(records, |record| {
            record.account == account && record.is_interactive()
        });
        for (position, record) in theirs.iter().enumerate() {
            if !record.is_success() {
                continue;
            }
            let failures = theirs[..position]
                .iter()
                .rev()
                .take_while(|earlier| !earlier.is_success())
                .filter(|earlier| earlier.is_credential_failure())
                .count() as u32;
            if failures >= least {
                found.push(AfterFailures {
                    account,
                    success: record.key,
                    time: record.time,
                    failures,
                    actor: record.truth.actor,
                });
            }
        }
    }
    found.sort_by_key(|row| (row.time, row.success));
    found
}

/// Every account, address and UTC day with a success while that address truly was an exit of Tor.
pub fn unknown_sources(records: &[Record], listings: &[TrueListing]) -> Vec<UnknownSource> {
    by_listing(records, listings, ListClass::Tor)
}

/// Every account, address and UTC day with a success while that address truly was a botnet's.
pub fn infected_devices(records: &[Record], listings: &[TrueListing]) -> Vec<UnknownSource> {
    by_listing(records, listings, ListClass::Botnet)
}

fn by_listing(records: &[Record], listings: &[TrueListing], class: ListClass) -> Vec<UnknownSource> {
    let hits = once(records, |record| {
        record.is_success()
            && listings.iter().any(|listing| {
                listing.class == class
                    && listing.address == record.address
                    && listing.from <= record.time
                    && record.time < listing.until
            })
    });
    let mut rows: Vec<UnknownSource> = Vec::new();
    for hit in &hits {
        let same = |row: &&mut UnknownSource| {
            row.account == hit.account && row.address == hit.address && row.day == hit.time.day()
        };
        if let Some(row) = rows.iter_mut().find(same) {
            row.sign_ins += 1;
            row.newest = row.newest.max(hit.time);
            continue;
        }
        rows.push(UnknownSource {
            account: hit.account,
            address: hit.address,
            day: hit.time.day(),
            sign_ins: 1,
            newest: hit.time,
        });
    }
    rows
}

fn accounts(records: &[Record]) -> Vec<u32> {
    let mut accounts: Vec<u32> = records.iter().map(|record| record.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// The records that are wanted, each once, by time and then by key.
fn once(records: &[Record], is_wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
    let mut wanted: Vec<Record> = records
        .iter()
        .copied()
        .filter(|record| is_wanted(record))
        .collect();
    wanted.sort_by_key(|record| (record.time, record.key));
    wanted.dedup_by_key(|record| record.key);
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HardCases, Position, Truth, Use};
    use model::event::SignInKind;

    /// A row of letters, a minute each: F failure, S success, i interrupt, r refresh by a client, d the failure before once more.
    fn records(letters: &str) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for (minute, letter) in letters.chars().enumerate() {
            if letter == 'd' {
                records.push(*records.last().unwrap());
                continue;
            }
            let mut key = [0; 16];
            key[15] = minute as u8;
            records.push(Record {
                key: EventKey(key),
                time: Timestamp::from_unix_seconds(1_790_000_000 + minute as i64 * 60),
                account: 1,
                address: Ipv4Addr::new(203, 0, 113, 7),
                kind: if letter == 'r' {
                    SignInKind::NonInteractive
                } else {
                    SignInKind::Interactive
                },
                code: match letter {
                    'F' => 50126,
                    'i' => 50140,
                    _ => 0,
                },
                truth: Truth {
                    actor: Actor::Owner(1),
                    body: Position::new(0.0, 0.0),
                    exit: Position::new(0.0, 0.0),
                    used_for: Use::Residential,
                    is_infected: false,
                    hard: HardCases::NONE,
                },
            });
        }
        records
    }

    fn check(letters: &str, expected: &[(i64, u32)]) {
        let mut shuffled = records(letters);
        shuffled.reverse();
        for records in [records(letters), shuffled] {
            let found: Vec<(i64, u32)> = after_failures(&records, 3)
                .iter()
                .map(|row| ((row.time.unix_seconds() - 1_790_000_000) / 60, row.failures))
                .collect();
            assert_eq!(found, expected, "{letters}");
        }
    }

    #[test]
    fn a_success_after_enough_failures_is_found_with_their_number() {
        check("FFFS", &[(3, 3)]);
        check("FFS", &[]);
        check("FFFFFSS", &[(5, 5)]);
        check("FFSFFFS", &[(6, 3)]);
        check("FFF", &[]);
    }

    #[test]
    fn interrupts_refreshes_and_copies_neither_count_nor_end_a_row() {
        check("FFiFS", &[(4, 3)]);
        check("FFiS", &[]);
        check("FFrFS", &[(4, 3)]);
        check("FFdS", &[]);
        check("FdFdFdS", &[(6, 3)]);
    }
}
