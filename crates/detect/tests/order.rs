//! The same sign-ins give the same findings: in whatever order, in whatever pieces, however often, with kills in between.

mod support;

use detect::{Populations, Seen};
use model::time::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::sync::Arc;
use support::{Atlas, House, lines};

/// A sign-in of a script: person, what became of it, address, minutes since the beginning, whether by a client.
type Told = (u8, u8, u8, u32, bool);

/// What happens to a script on its way.
#[derive(Debug, Clone)]
struct Way {
    /// In which order the sign-ins come, by place.
    order: Vec<usize>,
    /// Which come twice.
    again: Vec<usize>,
    /// Which come first with another content: another outcome and address.
    changed: Vec<usize>,
    /// After how many of them the engine ends without a word; it begins anew so many before.
    kills: Vec<(usize, usize)>,
    /// How many people, and addresses, the engine remembers; of the others it is kept.
    room: Option<usize>,
}

fn atlas() -> Atlas {
    let mut atlas = Atlas::default();
    for place in [
        "Berlin DE 52.52 13.405 25",
        "Lagos NG 6.45 3.39 50",
        "Quito EC -0.18 -78.47 30",
    ] {
        atlas.place(place);
    }
    for address in [
        "198.51.100.7 @Berlin AS64501",
        "203.0.113.9 @Lagos AS64510",
        "203.0.113.12 @Quito AS64513 tor:exits",
        "203.0.113.20 @Quito AS64514 botnet:infections",
    ] {
        atlas.address(address);
    }
    atlas
}

fn sign_in(atlas: &Atlas, number: usize, told: Told) -> Arc<Seen> {
    let (person, outcome, address, minutes, by_client) = told;
    let outcome = ["ok", "wrong", "wrong", "unknown", "interrupted", "ok"][outcome as usize % 6];
    let address = ["198.51.100.7", "203.0.113.9", "203.0.113.12", "203.0.113.20"][address as usize % 4];
    let (day, hour, minute) = (1 + minutes / 1_440 % 28, minutes / 60 % 24, minutes % 60);
    let client = if by_client { " by=client" } else { "" };
    let with = if address == "198.51.100.7" {
        ""
    } else {
        " with=Other/1.0"
    };
    let line = format!(
        "2026-02-{day:02} {hour:02}:{minute:02}:00 p{} {outcome} {address}{client}{with}",
        person % 8
    );
    atlas.sign_ins(&line, number).remove(0)
}

/// What is found where everything comes in order, once.
fn in_order(sign_ins: &[Arc<Seen>], populations: &Populations) -> Vec<String> {
    let mut sorted = sign_ins.to_vec();
    sorted.sort_by_key(|seen| (seen.time, seen.key));
    let mut house = House::new(populations);
    for seen in &sorted {
        let news = house.store(seen);
        house.observe(&news);
    }
    full(&house)
}

/// Findings with everything that they say.
fn full(house: &House) -> Vec<String> {
    let findings = house.holding();
    let mut all = lines(&findings);
    all.extend(findings.iter().map(|finding| format!("{finding:?}")));
    all.sort();
    all
}

fn on_the_way(
    sign_ins: &[Arc<Seen>],
    atlas: &Atlas,
    script: &[Told],
    way: &Way,
    populations: &Populations,
) -> Vec<String> {
    let mut house = House::new(populations);
    if let Some(room) = way.room {
        house.remember_and_keep(room);
    }
    let mut arriving: Vec<Arc<Seen>> = Vec::new();
    for place in &way.changed {
        let place = place % script.len();
        let mut other = script[place];
        other.1 = other.1.wrapping_add(1);
        other.2 = other.2.wrapping_add(1);
        arriving.push(sign_in(atlas, place, other));
    }
    arriving.extend(way.order.iter().map(|place| Arc::clone(&sign_ins[*place])));
    arriving.extend(
        way.again
            .iter()
            .map(|place| Arc::clone(&sign_ins[place % sign_ins.len()])),
    );
    let mut log: Vec<Vec<Arc<Seen>>> = Vec::new();
    let mut kills = way.kills.clone();
    for seen in &arriving {
        let news = house.store(seen);
        house.observe(&news);
        log.push(news);
        kills.retain(|(after, before)| {
            if *after != log.len() {
                return true;
            }
            // The cursor is behind what was judged: the last ones are judged again.
            house.restart(populations);
            if let Some(room) = way.room {
                house.remember_and_keep(room);
            }
            for news in &log[log.len().saturating_sub(*before)..] {
                house.observe(news);
            }
            false
        });
    }
    full(&house)
}

fn scripts() -> impl Strategy<Value = (Vec<Told>, Way)> {
    let minute = || prop_oneof![0_u32..240, 0_u32..2_880, 0_u32..28 * 1_440];
    let one = (any::<u8>(), any::<u8>(), any::<u8>(), minute(), any::<bool>()).prop_map(|told| vec![told]);
    // Somebody signs in every day, and once from elsewhere.
    let habit = (0_u8..8, 12_u32..16, 1_u8..4, 0_u32..600).prop_map(|(person, days, elsewhere, after)| {
        let mut told: Vec<Told> = (0..days)
            .map(|day| (person, 0, 0, day * 1_440 + 480, false))
            .collect();
        told.push((person, 0, elsewhere, (days - 1) * 1_440 + 480 + after, false));
        told
    });
    // Somebody's password is tried, and one of the words fits.
    let guess = (0_u8..8, 7_u32..14, any::<u8>(), minute()).prop_map(|(person, tries, address, start)| {
        let mut told: Vec<Told> = (0..tries)
            .map(|at| (person, 1, address, start + at, false))
            .collect();
        told.push((person, 0, address, start + tries, false));
        told
    });
    // Somebody mistypes on every day, and gets in at once or after a while: what is kept of them has no gap in which it could end.
    let mistypes = (0_u8..8, 5_u32..27, 0_u8..4, 0_u32..1_440, 1_u32..3).prop_map(
        |(person, days, address, minute, each)| {
            let day = |day: u32| {
                let wrong = (0..each).map(move |at| (person, 1, address, day * 1_440 + minute + at, false));
                wrong.chain([(person, 0, address, day * 1_440 + minute + each * (day % 2), false)])
            };
            (0..days).flat_map(day).collect()
        },
    );
    let steps = prop::collection::vec(
        prop_oneof![12 => one, 2 => habit, 2 => guess, 1 => mistypes],
        1..40,
    );
    steps.prop_map(|steps| steps.concat()).prop_flat_map(|script| {
        let places: Vec<usize> = (0..script.len()).collect();
        let way = (
            Just(places).prop_shuffle(),
            prop::collection::vec(0..script.len(), 0..10),
            prop::collection::vec(0..script.len(), 0..4),
            prop::collection::vec((0..script.len() + 10, 0_usize..12), 0..4),
            prop_oneof![Just(None), (1_usize..4).prop_map(Some)],
        )
            .prop_map(|(order, again, changed, kills, room)| Way {
                order,
                again,
                changed,
                kills,
                room,
            });
        (Just(script), way)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_changes_no_finding((script, way) in scripts()) {
        let atlas = atlas();
        let sign_ins: Vec<_> = script.iter().enumerate().map(|(number, told)| sign_in(&atlas, number, *told)).collect();
        // Snapshots are made once for all: they are named in findings, and do not depend on the order here.
        let populations = Populations::of(sign_ins.iter().map(|seen| &**seen));
        let expected = in_order(&sign_ins, &populations);
        let found = on_the_way(&sign_ins, &atlas, &script, &way, &populations);
        prop_assert_eq!(found, expected);
    }
}

/// The property says nothing where nothing is found.
#[test]
fn scripts_like_these_find_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    for _ in 0..200 {
        let (script, _) = scripts().new_tree(&mut runner).unwrap().current();
        let atlas = atlas();
        let sign_ins: Vec<_> = script
            .iter()
            .enumerate()
            .map(|(number, told)| sign_in(&atlas, number, *told))
            .collect();
        let populations = Populations::of(sign_ins.iter().map(|seen| &**seen));
        let mut house = House::new(&populations);
        for seen in &sign_ins {
            let news = house.store(seen);
            house.observe(&news);
        }
        for finding in house.holding() {
            *kinds.entry(finding.found.detector()).or_default() += 1;
        }
    }
    println!("{kinds:?}");
    for detector in detect::detectors::ALL {
        assert!(
            kinds.contains_key(detector.name),
            "{} never found anything: {kinds:?}",
            detector.name
        );
    }
}

#[test]
fn what_is_late_by_a_few_days_is_judged_by_what_came_since_and_not_by_a_whole_life() {
    let atlas = atlas();
    let daily: Vec<Arc<Seen>> = (0..28)
        .map(|day| sign_in(&atlas, day as usize, (0, 0, 0, day * 1_440 + 480, false)))
        .collect();
    let mut house = House::new(&Populations::default());
    for seen in &daily {
        let news = house.store(seen);
        house.observe(&news);
    }
    // The day of February that something is of, and the day from whose beginning on sign-ins are read.
    let check = |house: &House, day: u64, expected: Option<u64>| {
        let at = |day: u64, hour: &str| format!("2026-02-{day:02}T{hour}:00:00Z");
        let time = Timestamp::parse_vendor(&at(day, "07")).unwrap();
        let expected = expected.map(|day| Timestamp::parse_vendor(&at(day, "00")).unwrap());
        assert_eq!(house.history_from("p0", time), expected, "2026-02-{day:02}");
    };
    let check_all = |house: &House| {
        let remembered = [
            (28, 28),
            (27, 26),
            (26, 26),
            (25, 22),
            (22, 22),
            (21, 18),
            (18, 18),
        ];
        for (day, expected) in remembered {
            check(house, day, Some(expected));
        }
        check(house, 17, None);
    };
    check_all(&house);
    // One that is late by three days: what is remembered of the time after it is made anew, by what came since.
    let late = sign_in(&atlas, 28, (0, 0, 0, 24 * 1_440 + 60, false));
    let news = house.store(&late);
    house.observe(&news);
    check_all(&house);
    // By two weeks: then there is nothing before it to go on from.
    let late = sign_in(&atlas, 29, (0, 0, 0, 14 * 1_440 + 60, false));
    let news = house.store(&late);
    house.observe(&news);
    check_all(&house);
}

#[test]
fn an_address_is_not_judged_by_a_day_of_which_not_everything_was_known() {
    let atlas = atlas();
    let minute = |day: u32, minute: u32| (day - 1) * 1_440 + minute;
    // Somebody is there every day; somebody else was once, so that they are at home for a week, and mistype on a day of it.
    let mut told: Vec<Told> = (5..=20).map(|day| (1, 0, 1, minute(day, 480), false)).collect();
    told.push((0, 0, 1, minute(10, 720), false));
    told.extend((0..20).map(|at| (0, 1, 1, minute(16, 540 + at), false)));
    told.push((0, 0, 1, minute(16, 570), false));
    told.sort_by_key(|told| told.3);
    // Whoever is seen first after a restart is judged from a history that begins after the first time; then one comes late.
    told.push((1, 0, 1, minute(21, 480), false));
    told.push((1, 0, 1, minute(17, 540), false));
    let sign_ins: Vec<Arc<Seen>> = (0..)
        .zip(told)
        .map(|(number, told)| sign_in(&atlas, number, told))
        .collect();
    let populations = Populations::default();
    let mut house = House::new(&populations);
    for (number, seen) in sign_ins.iter().enumerate() {
        if number == sign_ins.len() - 2 {
            house.restart(&populations);
        }
        let news = house.store(seen);
        house.observe(&news);
    }
    assert_eq!(full(&house), in_order(&sign_ins, &populations));
}

#[test]
fn of_more_people_than_may_be_remembered_those_are_forgotten_who_were_not_seen_for_longest() {
    let atlas = atlas();
    let mut house = House::new(&Populations::default());
    for (number, (day, person)) in (1..=2).flat_map(|day| [(day, 0), (day, 1), (day, 2)]).enumerate() {
        let seen = sign_in(&atlas, number, (person, 0, 0, (day - 1) * 1_440 + 480, false));
        let news = house.store(&seen);
        house.observe(&news);
    }
    let time = Timestamp::parse_vendor("2026-02-02T07:00:00Z").unwrap();
    let remembered =
        |house: &House| ["p0", "p1", "p2"].map(|person| house.history_from(person, time).is_some());
    assert_eq!(remembered(&house), [true, true, true]);
    house.remember(2);
    assert_eq!(remembered(&house), [false, true, true]);
}

#[test]
fn whoever_mistypes_every_day_is_judged_alike_wherever_a_history_begins() {
    let atlas = atlas();
    // Every ten hours a wrong password and then the right one; at last twenty wrong ones before it.
    let mut told: Vec<Told> = (1..=43)
        .flat_map(|turn| [(0, 1, 1, turn * 600 - 60, false), (0, 0, 1, turn * 600, false)])
        .collect();
    let last = told.pop().unwrap();
    told.extend((0..20).map(|at| (0, 1, 1, last.3 - 40 + at, false)));
    told.push(last);
    let sign_ins: Vec<Arc<Seen>> = (0..)
        .zip(told)
        .map(|(number, told)| sign_in(&atlas, number, told))
        .collect();
    let populations = Populations::default();
    let mut house = House::new(&populations);
    for (number, seen) in sign_ins.iter().enumerate() {
        if number == sign_ins.len() - 1 {
            house.restart(&populations);
        }
        let news = house.store(seen);
        house.observe(&news);
    }
    let found = full(&house);
    assert!(!found.is_empty());
    assert_eq!(found, in_order(&sign_ins, &populations));
}
