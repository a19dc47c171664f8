//! What must hold in every made-up world, whatever its seed.

#![allow(clippy::unwrap_used, reason = "a test")]

use model::event::Facts;
use model::time::{TICKS_PER_SECOND, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use world::{Actor, AttackKind, HardCase, Plan, Record, Use, World, hard_cases, labels, oracles, sketch};

fn plan(seed: u64, people: u32, days: u32) -> Plan {
    Plan::new(seed, people, days, Timestamp::from_unix_seconds(1_788_220_800))
}

fn world(seed: u64) -> World {
    World::make_up(&plan(seed, 120, 40), &sketch::atlas()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    /// Nobody honest travels faster than an airliner: 900 km/h, and one kilometre for what people walk within a minute.
    #[test]
    fn nobody_honest_outruns_an_airliner(seed in any::<u64>()) {
        let records = world(seed).records();
        let mut last: BTreeMap<u32, Record> = BTreeMap::new();
        for record in records {
            let Actor::Owner(person) = record.truth.actor else { continue };
            if let Some(before) = last.insert(person, record) {
                let hours = (record.time.ticks() - before.time.ticks()) as f64 / TICKS_PER_SECOND as f64 / 3600.0;
                let km = before.truth.body.distance_km(record.truth.body);
                prop_assert!(km <= 900.0 * hours + 1.0, "person {person} went {km} km in {hours} h");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_world(seed in any::<u64>()) {
        let (once, again) = (world(seed), world(seed));
        prop_assert!(once.sign_ins().eq(again.sign_ins()));
        prop_assert_eq!(&once.attacks, &again.attacks);
        let other = world(seed ^ 1);
        prop_assert!(!once.sign_ins().take(50).eq(other.sign_ins().take(50)));
    }

    #[test]
    fn sign_ins_come_in_the_order_of_time_and_within_the_plan(seed in any::<u64>()) {
        let world = world(seed);
        let (start, end) = (world.plan().start, world.plan().end());
        let mut last = start;
        let mut count = 0;
        for told in world.sign_ins() {
            prop_assert!(told.event.time >= last && told.event.time < end);
            last = told.event.time;
            count += 1;
        }
        prop_assert_eq!(count, world.len());
    }

    #[test]
    fn labels_agree_with_the_records(seed in any::<u64>()) {
        let world = world(seed);
        let records = world.records();
        // Records in brief say the same as the events.
        for (record, told) in records.iter().zip(world.sign_ins()) {
            let Facts::SignIn(sign_in) = &told.event.facts else { panic!("no sign-in") };
            prop_assert_eq!(record.key, told.key);
            prop_assert_eq!(sign_in.error_code, record.code);
            prop_assert_eq!(sign_in.ip_address.clone(), Some(record.address.to_string()));
            prop_assert_eq!(&sign_in.location, &model::event::Place::default());
            prop_assert_eq!(record.truth, told.truth);
        }
        // Every attack's accounts and takings are those that its records name.
        for (number, attack) in world.attacks.iter().enumerate() {
            let of_attack = |record: &&Record| record.truth.actor == Actor::Attacker(number as u32);
            let real = world.accounts().len() as u32;
            let accounts: BTreeSet<u32> =
                records.iter().filter(of_attack).map(|record| record.account).filter(|account| *account < real).collect();
            let taken: BTreeSet<u32> =
                records.iter().filter(of_attack).filter(|record| record.is_success()).map(|record| record.account).collect();
            prop_assert_eq!(accounts, attack.accounts.iter().copied().collect());
            prop_assert_eq!(taken, attack.taken.iter().copied().collect());
        }
        // Days sum up to the distinct records.
        let distinct: BTreeSet<_> = records.iter().map(|record| record.key).collect();
        let by_person: u32 = labels::person_days(&records).values().map(|day| day.sign_ins).sum();
        prop_assert_eq!(by_person as usize, distinct.len());
        let days = labels::address_days(&records, &world.attacks);
        let attackers: u32 = days.values().map(|day| day.attackers_successes).sum();
        let by_person: u32 = labels::person_days(&records).values().map(|day| day.attackers_successes).sum();
        prop_assert_eq!(attackers, by_person);
    }

    /// A success through an address that is used as an exit of Tor is one of the oracle's, and the other way round.
    #[test]
    fn tor_is_what_the_true_list_says(seed in any::<u64>()) {
        let world = world(seed);
        let records = world.records();
        let by_oracle: u32 = oracles::unknown_sources(&records, &world.listings).iter().map(|row| row.sign_ins).sum();
        let through_tor: BTreeSet<_> = records
            .iter()
            .filter(|record| record.is_success() && record.truth.used_for == Use::Tor)
            .map(|record| record.key)
            .collect();
        // An attacker may stay on an exit beyond its last day; then it is none any more.
        prop_assert!(by_oracle as usize <= through_tor.len());
        prop_assert!(by_oracle as usize * 10 >= through_tor.len() * 9, "{by_oracle} of {}", through_tor.len());
    }
}

#[test]
fn each_sort_of_attack_occurs_and_gets_in_somewhere() {
    let mut taken: BTreeMap<AttackKind, usize> = BTreeMap::new();
    for seed in 0..3 {
        for attack in world(seed).attacks {
            *taken.entry(attack.kind).or_default() += attack.taken.len();
        }
    }
    for kind in AttackKind::ALL {
        assert!(
            taken.get(kind).is_some_and(|count| *count > 0),
            "{kind:?}: {taken:?}"
        );
    }
}

#[test]
fn sprays_have_no_hit_or_one_or_some() {
    let mut hits: BTreeSet<usize> = BTreeSet::new();
    let mut sources: BTreeSet<bool> = BTreeSet::new();
    for seed in 0..4 {
        for attack in world(seed).attacks {
            if attack.kind == AttackKind::Spray {
                hits.insert(attack.taken.len().min(2));
                sources.insert(attack.addresses > 1);
            }
        }
    }
    assert_eq!(hits, BTreeSet::from([0, 1, 2]));
    assert_eq!(sources, BTreeSet::from([false, true]));
}

#[test]
fn each_hard_case_occurs() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..4 {
        let world = World::make_up(&plan(seed, 240, 40), &sketch::atlas()).unwrap();
        for (_, words, records, _) in hard_cases(&world) {
            *counts.entry(words).or_default() += records;
        }
    }
    assert_eq!(counts.len(), HardCase::ALL.len());
    for (words, count) in counts {
        assert!(count > 0, "{words}");
    }
}

#[test]
fn some_takeovers_are_impossible_journeys_and_some_are_not() {
    let world = world(5);
    let takeovers = labels::takeovers(&world.records(), &world.attacks);
    let impossible = takeovers
        .iter()
        .filter(|takeover| takeover.impossible_km.is_some())
        .count();
    assert!(impossible >= 5, "{impossible} of {}", takeovers.len());
    assert!(
        takeovers.len() - impossible >= 5,
        "{impossible} of {}",
        takeovers.len()
    );
}

#[test]
fn where_nobody_can_live_there_is_no_world() {
    let error = World::make_up(&plan(1, 10, 10), &world::Atlas::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the atlas has no blocks for residential: give it some"
    );
    assert!(World::make_up(&plan(1, 0, 10), &sketch::atlas()).is_err());
}
