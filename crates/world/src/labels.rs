//! The truth summed up: takeovers, days of people, days of addresses.

use crate::geo::Position;
use crate::record::Record;
use crate::truth::{Attack, AttackKind};
use model::identity::EventKey;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// An account that an attacker got into.
#[derive(Debug, Clone, PartialEq)]
pub struct Takeover {
    /// The attack by number.
    pub attack: u32,
    /// What sort of attack.
    pub kind: AttackKind,
    /// The account.
    pub account: u32,
    /// The first success.
    pub first: Timestamp,
    /// The attacker's successes at a screen.
    pub successes: Vec<EventKey>,
    /// The way between the attacker's address and the owner, where no airliner could have covered it in the time between two of
    /// their successes, in kilometres: what a travel detector could see. The longest of them, or none.
    pub impossible_km: Option<f64>,
}

/// One account on one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonDay {
    /// Records, each once.
    pub sign_ins: u32,
    /// Successes of attackers.
    pub attackers_successes: u32,
    /// Failures of attackers.
    pub attackers_failures: u32,
}

/// One address on one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressDay {
    /// Successes, each record once.
    pub successes: u32,
    /// Credential failures.
    pub failures: u32,
    /// Of which attackers': successes.
    pub attackers_successes: u32,
    /// Of which attackers': credential failures.
    pub attackers_failures: u32,
    /// Different accounts.
    pub accounts: BTreeSet<u32>,
    /// The sorts of attacks that came from here.
    pub attacks: BTreeSet<AttackKind>,
}

impl AddressDay {
    /// Whether passwords were guessed from here.
    pub fn is_guessing(&self) -> bool {
        self.attacks.iter().any(|kind| {
            matches!(
                kind,
                AttackKind::Spray | AttackKind::Stuffing | AttackKind::BruteForce
            )
        })
    }
}

/// Faster than this no airliner brings anybody, in kilometres an hour.
const FASTEST_KM_PER_HOUR: f64 = 900.0;
/// A shorter way than this is no impossible journey to city databases, which err by as much.
pub const SHORTEST_IMPOSSIBLE_KM: f64 = 300.0;
/// Every way on the globe takes less than a day.
const LONGEST_HOURS: f64 = 24.0;

/// Every takeover: one for each attack and account with a success.
pub fn takeovers(records: &[Record], attacks: &[Attack]) -> Vec<Takeover> {
    let mut owners: BTreeMap<u32, Vec<(Timestamp, Position)>> = BTreeMap::new();
    let mut found: BTreeMap<(u32, u32), Vec<Record>> = BTreeMap::new();
    for record in records {
        if !record.is_success() || !record.is_interactive() {
            continue;
        }
        match record.truth.actor.attack() {
            None => owners
                .entry(record.account)
                .or_default()
                .push((record.time, record.truth.body)),
            Some(attack) => found.entry((attack, record.account)).or_default().push(*record),
        }
    }
    let mut takeovers = Vec::new();
    for ((attack, account), records) in found {
        let honest = owners.get(&account).map_or(&[][..], Vec::as_slice);
        let mut impossible_km: Option<f64> = None;
        for record in &records {
            for (time, body) in honest {
                let hours =
                    (record.time.ticks() - time.ticks()).abs() as f64 / TICKS_PER_SECOND as f64 / 3600.0;
                if hours > LONGEST_HOURS {
                    continue;
                }
                let km = record.truth.exit.distance_km(*body);
                if km >= SHORTEST_IMPOSSIBLE_KM && km > hours * FASTEST_KM_PER_HOUR {
                    impossible_km = Some(impossible_km.map_or(km, |most| most.max(km)));
                }
            }
        }
        takeovers.push(Takeover {
            attack,
            kind: attacks[attack as usize].kind,
            account,
            first: records[0].time,
            successes: records.iter().map(|record| record.key).collect(),
            impossible_km,
        });
    }
    takeovers
}

/// Every account and UTC day on which something happened.
pub fn person_days(records: &[Record]) -> BTreeMap<(u32, i64), PersonDay> {
    let mut days: BTreeMap<(u32, i64), PersonDay> = BTreeMap::new();
    for record in distinct(records) {
        let day = days.entry((record.account, record.time.day())).or_default();
        day.sign_ins += 1;
        if record.truth.actor.attack().is_some() {
            day.attackers_successes += u32::from(record.is_success());
            day.attackers_failures += u32::from(record.is_credential_failure());
        }
    }
    days
}

/// Every address and UTC day on which something happened.
pub fn address_days(records: &[Record], attacks: &[Attack]) -> BTreeMap<(Ipv4Addr, i64), AddressDay> {
    let mut days: BTreeMap<(Ipv4Addr, i64), AddressDay> = BTreeMap::new();
    for record in distinct(records) {
        let day = days.entry((record.address, record.time.day())).or_default();
        let (success, failure) = (
            u32::from(record.is_success()),
            u32::from(record.is_credential_failure()),
        );
        day.accounts.insert(record.account);
        day.successes += success;
        day.failures += failure;
        if let Some(attack) = record.truth.actor.attack() {
            day.attackers_successes += success;
            day.attackers_failures += failure;
            day.attacks.insert(attacks[attack as usize].kind);
        }
    }
    days
}

fn distinct(records: &[Record]) -> impl Iterator<Item = &Record> {
    let mut seen = BTreeSet::new();
    records.iter().filter(move |record| seen.insert(record.key))
}
