//! Whatever a source brings: what is called missing is missing, and stops being so when it comes.

use model::gaps::{missing_hours, missing_numbers, without};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const WEEK: i64 = 168;

/// A week with as many silent hours as somebody may have: none, few, half of them.
fn weeks() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![0_u64..40, 0_u64..2, 1_u64..40]
        .prop_flat_map(|most| prop::collection::vec(prop_oneof![Just(0), Just(most), 1_u64..40], 168))
        .prop_flat_map(|week| {
            (0_usize..10).prop_map(move |silent| {
                let mut week = week.clone();
                // Often there are but a few silent hours, or none.
                for (place, events) in week.iter_mut().enumerate() {
                    if silent < 8 && place % 21 >= silent {
                        *events = (*events).max(1);
                    }
                }
                week
            })
        })
}

/// Six weeks of a source of one habit, with some hours taken out.
fn sources() -> impl Strategy<Value = BTreeMap<i64, u64>> {
    let week = weeks();
    let cut = prop::collection::vec((WEEK..6 * WEEK, 1_i64..60), 0..6);
    (week, cut).prop_map(|(week, cut)| {
        let mut hours = BTreeMap::new();
        for (hour, events) in (0..6 * WEEK).zip(week.iter().cycle()) {
            if *events > 0
                && !cut
                    .iter()
                    .any(|(from, length)| (*from..from + length).contains(&hour))
            {
                hours.insert(hour, *events);
            }
        }
        hours
    })
}

fn missing(hours: &BTreeMap<i64, u64>) -> Vec<(i64, i64)> {
    let hours: Vec<(i64, u64)> = hours.iter().map(|(hour, events)| (*hour, *events)).collect();
    missing_hours(&hours, i64::MAX)
}

fn each(stretches: &[(i64, i64)]) -> Vec<i64> {
    stretches
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn missing_hours_have_no_events_lie_between_others_and_come_in_order(hours in sources()) {
        let found = each(&missing(&hours));
        prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        for hour in found {
            prop_assert!(!hours.contains_key(&hour));
            prop_assert!(hours.range(..hour).next().is_some() && hours.range(hour..).next().is_some());
        }
    }

    #[test]
    fn what_comes_is_not_missing_any_more(hours in sources(), events in 1_u64..50) {
        let mut filled = hours.clone();
        for hour in each(&missing(&hours)) {
            filled.insert(hour, events);
        }
        prop_assert!(each(&missing(&filled)).iter().all(|hour| !hours.contains_key(hour)));
        // Filling only ever brings to light what was hidden behind a silence; in the end nothing is left.
        let mut left = filled;
        for _ in 0..2_000 {
            let found = each(&missing(&left));
            if found.is_empty() {
                return Ok(());
            }
            for hour in found {
                left.insert(hour, events);
            }
        }
        prop_assert!(false, "filling does not come to an end");
    }

    #[test]
    fn a_habit_is_the_same_whenever_it_began(hours in sources(), weeks in -3_000_i64..3_000) {
        let moved: BTreeMap<i64, u64> = hours.iter().map(|(hour, events)| (hour + weeks * WEEK, *events)).collect();
        let back: Vec<(i64, i64)> = missing(&moved)
            .iter()
            .map(|(first, last)| (first - weeks * WEEK, last - weeks * WEEK))
            .collect();
        prop_assert_eq!(back, missing(&hours));
    }

    #[test]
    fn a_source_without_a_cut_misses_nothing(week in weeks()) {
        let hours: BTreeMap<i64, u64> = (0..6 * WEEK)
            .zip(week.iter().cycle())
            .filter(|(_, events)| **events > 0)
            .map(|(hour, events)| (hour, *events))
            .collect();
        prop_assert_eq!(missing(&hours), vec![]);
    }

    #[test]
    fn a_number_is_missing_if_a_higher_one_came_and_it_did_not(numbers in prop::collection::btree_set(1_u64..200, 0..150)) {
        let runs: Vec<(u64, u64)> = numbers.iter().map(|number| (*number, *number)).collect();
        let found: BTreeSet<u64> = missing_numbers(&runs).iter().flat_map(|(first, last)| *first..=*last).collect();
        let highest = numbers.last().copied().unwrap_or(0);
        let expected: BTreeSet<u64> = (1..highest).filter(|number| !numbers.contains(number)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn cutting_out_is_what_it_is_number_by_number(
        stretches in prop::collection::btree_map(0_i64..100, 0_i64..5, 0..10),
        closed in prop::collection::vec((0_i64..100, 0_i64..20), 0..10),
    ) {
        // Apart from each other, as gaps are.
        let mut apart: Vec<(i64, i64)> = Vec::new();
        for (first, length) in stretches {
            if apart.last().is_none_or(|(_, last)| *last + 1 < first) {
                apart.push((first, first + length));
            }
        }
        let closed: Vec<(i64, i64)> = closed.iter().map(|(first, length)| (*first, first + length)).collect();
        let gone: BTreeSet<i64> = each(&closed).into_iter().collect();
        let expected: Vec<i64> = each(&apart).into_iter().filter(|number| !gone.contains(number)).collect();
        prop_assert_eq!(each(&without(&apart, &closed)), expected);
    }
}
