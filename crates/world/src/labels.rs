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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Use;
    use crate::truth::{Actor, HardCases, Truth};
    use model::event::SignInKind;

    const BERLIN: Position = Position::new(52.52, 13.41);
    /// 880 km from Berlin.
    const PARIS: Position = Position::new(48.86, 2.35);
    /// 255 km from Berlin.
    const HAMBURG: Position = Position::new(53.55, 9.99);

    fn record(minute: i64, actor: Actor, at: Position, code: i64, kind: SignInKind) -> Record {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&minute.to_be_bytes());
        Record {
            key: EventKey(key),
            time: Timestamp::from_unix_seconds(1_788_220_800 + minute * 60),
            account: 4,
            address: Ipv4Addr::new(203, 0, 113, 7),
            kind,
            code,
            truth: Truth {
                actor,
                body: at,
                exit: at,
                used_for: Use::Residential,
                is_infected: false,
                hard: HardCases::NONE,
            },
        }
    }

    fn attack(kind: AttackKind) -> Attack {
        Attack {
            kind,
            accounts: vec![4],
            taken: vec![4],
            addresses: 1,
        }
    }

    /// The owner in Berlin at minute 0, an attacker elsewhere some minutes before or after. Kilometres on the ellipsoid, by
    /// GeographicLib; ours is a ball.
    fn check(minute: i64, from: Position, expected_km: Option<f64>) {
        let interactive = SignInKind::Interactive;
        let mut records = [
            record(0, Actor::Owner(4), BERLIN, 0, interactive),
            record(minute, Actor::Attacker(0), from, 0, interactive),
        ];
        records.sort_by_key(|record| record.time);
        let found = takeovers(&records, &[attack(AttackKind::Naive)]);
        assert_eq!(found.len(), 1);
        let km = found[0].impossible_km;
        assert_eq!(km.is_some(), expected_km.is_some(), "{minute}: {km:?}");
        if let (Some(km), Some(expected_km)) = (km, expected_km) {
            assert!((km - expected_km).abs() < 6.0, "{minute}: {km}");
        }
    }

    #[test]
    fn a_takeover_is_an_impossible_journey_where_no_airliner_is_as_fast() {
        check(58, PARIS, Some(879.95));
        check(-58, PARIS, Some(879.95));
        check(59, PARIS, None);
        check(-59, PARIS, None);
        // Databases of cities err by as much.
        check(1, HAMBURG, None);
    }

    #[test]
    fn only_successes_at_a_screen_make_a_takeover() {
        let refresh = record(1, Actor::Attacker(0), PARIS, 0, SignInKind::NonInteractive);
        let failure = record(2, Actor::Attacker(0), PARIS, 50126, SignInKind::Interactive);
        let owner = record(3, Actor::Owner(4), PARIS, 0, SignInKind::Interactive);
        assert!(takeovers(&[refresh, failure, owner], &[attack(AttackKind::Naive)]).is_empty());
    }

    #[test]
    fn days_count_each_record_once_and_know_whose_it_was() {
        let interactive = SignInKind::Interactive;
        let failure = record(2, Actor::Attacker(0), PARIS, 50126, interactive);
        let records = [
            record(1, Actor::Owner(4), PARIS, 0, interactive),
            failure,
            failure,
            record(3, Actor::Attacker(0), PARIS, 0, interactive),
            record(4, Actor::Attacker(0), PARIS, 50140, interactive),
            record(1441, Actor::Owner(4), PARIS, 50126, interactive),
        ];
        let people: Vec<PersonDay> = person_days(&records).into_values().collect();
        let expected = PersonDay {
            sign_ins: 4,
            attackers_successes: 1,
            attackers_failures: 1,
        };
        assert_eq!(
            people,
            [
                expected,
                PersonDay {
                    sign_ins: 1,
                    ..PersonDay::default()
                }
            ]
        );
        let addresses: Vec<AddressDay> = address_days(&records, &[attack(AttackKind::Spray)])
            .into_values()
            .collect();
        assert_eq!((addresses[0].successes, addresses[0].failures), (2, 1));
        assert_eq!(
            (addresses[0].attackers_successes, addresses[0].attackers_failures),
            (1, 1)
        );
        assert!(addresses[0].is_guessing() && !addresses[1].is_guessing());
        assert_eq!((addresses[1].successes, addresses[1].failures), (0, 1));
    }
}
