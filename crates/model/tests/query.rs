//! Sets of instants and predicates, against plain answers over a small world.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::query::{Case, Literal, Operator, Predicate, TextTest, TimeRanges};
use model::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The small world: instants of these many ticks since 1970.
const WORLD: std::ops::Range<i64> = 0..24;

fn at(ticks: i64) -> Timestamp {
    Timestamp::from_ticks(ticks)
}

/// The instants of the small world that a set has.
fn members(ranges: &TimeRanges) -> Vec<i64> {
    WORLD.filter(|ticks| ranges.contains(at(*ticks))).collect()
}

fn operators() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::Equal),
        Just(Operator::Greater),
        Just(Operator::GreaterOrEqual),
        Just(Operator::Less),
        Just(Operator::LessOrEqual),
    ]
}

fn holds(operator: Operator, left: i64, right: i64) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
    }
}

/// Sets with several ranges: what comes of uniting a few spans, which may touch, overlap or be the wrong way round.
fn sets() -> impl Strategy<Value = TimeRanges> {
    prop::collection::vec((WORLD, WORLD), 0..5).prop_map(|spans| {
        spans.into_iter().fold(TimeRanges::none(), |set, (first, last)| {
            set.union(&TimeRanges::between(at(first), at(last)))
        })
    })
}

proptest! {
    #[test]
    fn a_union_has_what_either_has(left in sets(), right in sets()) {
        let expected: Vec<i64> =
            WORLD.filter(|ticks| left.contains(at(*ticks)) || right.contains(at(*ticks))).collect();
        prop_assert_eq!(members(&left.union(&right)), expected);
    }

    #[test]
    fn an_intersection_has_what_both_have(left in sets(), right in sets()) {
        let expected: Vec<i64> =
            WORLD.filter(|ticks| left.contains(at(*ticks)) && right.contains(at(*ticks))).collect();
        prop_assert_eq!(members(&left.intersection(&right)), expected);
    }

    #[test]
    fn ranges_stay_sorted_apart_and_the_right_way_round(left in sets(), right in sets()) {
        for set in [left.union(&right), left.intersection(&right)] {
            let ranges: Vec<(Timestamp, Timestamp)> = set.iter().collect();
            prop_assert!(ranges.iter().all(|(first, last)| first <= last));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
            prop_assert_eq!(set.is_empty(), ranges.is_empty());
        }
        // What touches becomes one: a scan reads each range apart.
        let united: Vec<(Timestamp, Timestamp)> = left.union(&right).iter().collect();
        prop_assert!(united.windows(2).all(|pair| pair[0].1.ticks() + 1 < pair[1].0.ticks()));
    }

    #[test]
    fn a_comparison_leaves_the_instants_for_which_it_holds(operator in operators(), with in WORLD) {
        let expected: Vec<i64> = WORLD.filter(|ticks| holds(operator, *ticks, with)).collect();
        prop_assert_eq!(members(&TimeRanges::compared(operator, at(with))), expected);
    }

    #[test]
    fn a_span_has_its_two_ends(first in WORLD, last in WORLD) {
        let expected: Vec<i64> = WORLD.filter(|ticks| (first..=last).contains(ticks)).collect();
        prop_assert_eq!(members(&TimeRanges::between(at(first), at(last))), expected);
    }
}

#[test]
fn nothing_is_before_the_first_instant_nor_after_the_last() {
    assert!(TimeRanges::compared(Operator::Less, Timestamp::MIN).is_empty());
    assert!(TimeRanges::compared(Operator::Greater, Timestamp::MAX).is_empty());
    assert_eq!(
        TimeRanges::compared(Operator::GreaterOrEqual, Timestamp::MIN),
        TimeRanges::all()
    );
    assert_eq!(TimeRanges::all().union(&TimeRanges::all()), TimeRanges::all());
}

/// A row of the small world: its time, another time that may be missing, and a name.
fn rows() -> impl Strategy<Value = Value> {
    (WORLD, prop::option::of(WORLD), prop::option::of("[abAB]{0,3}")).prop_map(|(time, other, name)| {
        json!({
            "eventTime": at(time).to_string(),
            "otherTime": other.map(|other| at(other).to_string()),
            "name": name.clone(),
            "targets": [{ "name": name }, { "name": null }],
        })
    })
}

fn predicates() -> impl Strategy<Value = Predicate> {
    const TIME: &[&str] = &["eventTime"];
    const OTHER: &[&str] = &["otherTime"];
    const NAME: &[&str] = &["name"];
    let time = (operators(), WORLD, any::<bool>()).prop_map(|(operator, ticks, own)| Predicate::Compare {
        path: if own { TIME } else { OTHER },
        operator,
        value: Literal::Time(at(ticks)),
    });
    let text = ("[abAB]{0,2}", any::<bool>()).prop_map(|(value, part)| Predicate::Text {
        path: NAME,
        test: if part { TextTest::Contains } else { TextTest::Equal },
        value,
        case: Case::Insensitive,
    });
    let leaf = prop_oneof![3 => time, 1 => text];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::Or),
            inner.prop_map(|item| Predicate::Any {
                collection: "targets",
                item: Box::new(item)
            }),
        ]
    })
}

fn time_of(row: &Value) -> Timestamp {
    Timestamp::parse_vendor(row["eventTime"].as_str().unwrap()).unwrap()
}

proptest! {
    /// A count of a window asks so: an instant too many or too few would be counted wrongly.
    #[test]
    fn the_times_of_a_row_are_those_at_which_it_matches(predicate in predicates(), row in rows()) {
        let mut others = row.clone();
        others.as_object_mut().unwrap().remove("eventTime");
        let expected: Vec<i64> = WORLD
            .filter(|ticks| {
                let mut row = row.clone();
                row["eventTime"] = at(*ticks).to_string().into();
                predicate.matches(&row)
            })
            .collect();
        prop_assert_eq!(members(&predicate.times_of("eventTime", &others)), expected);
    }

    /// The store reads only these ranges: a row outside of them would be lost.
    #[test]
    fn the_ranges_of_a_predicate_are_never_too_few(predicate in predicates(), row in rows()) {
        if predicate.matches(&row) {
            prop_assert!(predicate.time_ranges("eventTime").contains(time_of(&row)));
        }
    }

    /// The store then examines no row: a range too many would show rows that nobody asked for.
    #[test]
    fn a_predicate_about_time_alone_is_said_by_its_ranges(predicate in predicates(), row in rows()) {
        if predicate.is_only_about("eventTime") {
            let inside = predicate.time_ranges("eventTime").contains(time_of(&row));
            prop_assert_eq!(predicate.matches(&row), inside);
        }
    }
}

/// `name eq 'Ann'` and its kin over `{"name":"Ann","n":3,"g":"<guid>","deep":{"name":"Bob"},"list":[{"name":"Cid"}]}`.
fn check(predicate: &Predicate, expected: bool) {
    let row = json!({
        "name": "Ann",
        "nothing": null,
        "n": 3,
        "time": "2015-03-12T22:01:18.4385955Z",
        "guid": "ADA78934-A6DA-4E69-B816-10DE0D79DB1D",
        "deep": { "name": "Bob" },
        "list": [{ "name": "Cid" }, { "name": null }],
    });
    assert_eq!(predicate.matches(&row), expected, "{predicate:?}");
}

fn text(path: &'static [&'static str], test: TextTest, value: &str, case: Case) -> Predicate {
    Predicate::Text {
        path,
        test,
        value: value.to_owned(),
        case,
    }
}

fn compare(path: &'static [&'static str], operator: Operator, value: Literal) -> Predicate {
    Predicate::Compare {
        path,
        operator,
        value,
    }
}

#[test]
fn text_is_tested_whole_in_part_and_from_its_beginning() {
    check(&text(&["name"], TextTest::Equal, "Ann", Case::Sensitive), true);
    check(&text(&["name"], TextTest::Equal, "ann", Case::Sensitive), false);
    check(&text(&["name"], TextTest::Equal, "aNN", Case::Insensitive), true);
    check(&text(&["name"], TextTest::Contains, "n", Case::Sensitive), true);
    check(
        &text(&["name"], TextTest::StartsWith, "nn", Case::Sensitive),
        false,
    );
    check(
        &text(&["deep", "name"], TextTest::StartsWith, "b", Case::Insensitive),
        true,
    );
}

#[test]
fn what_is_null_or_absent_or_of_another_kind_equals_nothing() {
    for path in [
        &["nothing"][..],
        &["absent"],
        &["deep", "absent"],
        &["n"],
        &["name", "deep"],
    ] {
        check(&text(path, TextTest::Equal, "", Case::Sensitive), false);
        check(&text(path, TextTest::Contains, "", Case::Sensitive), false);
    }
    check(
        &compare(&["nothing"], Operator::LessOrEqual, Literal::Integer(9)),
        false,
    );
    check(&compare(&["name"], Operator::Equal, Literal::Time(at(0))), false);
    check(
        &compare(&["name"], Operator::Equal, Literal::Guid(uuid::Uuid::nil())),
        false,
    );
}

#[test]
fn numbers_times_and_guids_compare_by_value() {
    check(&compare(&["n"], Operator::Equal, Literal::Integer(3)), true);
    check(&compare(&["n"], Operator::Greater, Literal::Integer(3)), false);
    let time = Timestamp::parse_vendor("2015-03-12T22:01:18.4385955Z").unwrap();
    check(&compare(&["time"], Operator::Equal, Literal::Time(time)), true);
    check(&compare(&["time"], Operator::Less, Literal::Time(time)), false);
    check(
        &compare(&["time"], Operator::Less, Literal::Time(time.plus_ticks(1))),
        true,
    );
    let guid = uuid::Uuid::parse_str("ada78934-a6da-4e69-b816-10de0d79db1d").unwrap();
    check(&compare(&["guid"], Operator::Equal, Literal::Guid(guid)), true);
}

#[test]
fn any_asks_each_item() {
    let any = |name| Predicate::Any {
        collection: "list",
        item: Box::new(text(&["name"], TextTest::Equal, name, Case::Sensitive)),
    };
    check(&any("Cid"), true);
    check(&any("Ann"), false);
    check(
        &Predicate::Any {
            collection: "name",
            item: Box::new(Predicate::And(vec![])),
        },
        false,
    );
}

#[test]
fn nothing_to_fulfil_is_fulfilled_and_no_choice_is_not() {
    check(&Predicate::And(vec![]), true);
    check(&Predicate::Or(vec![]), false);
    assert_eq!(Predicate::And(vec![]).time_ranges("eventTime"), TimeRanges::all());
    assert_eq!(Predicate::Or(vec![]).time_ranges("eventTime"), TimeRanges::none());
}

#[test]
fn a_time_anywhere_in_the_predicate_lifts_the_default_window() {
    let time = compare(&["otherTime"], Operator::Equal, Literal::Time(at(0)));
    let name = text(&["name"], TextTest::Equal, "x", Case::Sensitive);
    assert!(Predicate::And(vec![name.clone(), Predicate::Or(vec![time.clone()])]).compares_time());
    assert!(
        Predicate::Any {
            collection: "list",
            item: Box::new(time)
        }
        .compares_time()
    );
    assert!(!Predicate::And(vec![name]).compares_time());
}
