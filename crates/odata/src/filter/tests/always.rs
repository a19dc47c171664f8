//! What must hold of every `$filter`: spelling and reading agree, and nothing makes the reader panic.

use super::super::*;
use crate::fixtures;
use model::query::{Case, Literal, Operator, TextTest};
use model::time::Timestamp;
use proptest::prelude::*;

/// The OData spelling of a predicate about the activities audit report, every group in brackets.
fn spell(predicate: &Predicate, item: &str) -> String {
    let join = |parts: &[Predicate], word: &str| {
        parts
            .iter()
            .map(|part| format!("({})", spell(part, item)))
            .collect::<Vec<String>>()
            .join(word)
    };
    let quote = |value: &str| format!("'{}'", value.replace('\'', "''"));
    match predicate {
        Predicate::And(parts) => join(parts, " and "),
        Predicate::Or(parts) => join(parts, " or "),
        Predicate::Compare {
            path,
            operator,
            value,
        } => {
            let operator = match operator {
                Operator::Equal => "eq",
                Operator::Greater => "gt",
                Operator::GreaterOrEqual => "ge",
                Operator::Less => "lt",
                Operator::LessOrEqual => "le",
            };
            let value = match value {
                Literal::Time(time) => time.to_string(),
                Literal::Integer(number) => number.to_string(),
                Literal::Guid(guid) => guid.to_string(),
            };
            format!("{item}{} {operator} {value}", path.join("/"))
        }
        Predicate::Text {
            path, test, value, ..
        } => {
            let (name, value) = (format!("{item}{}", path.join("/")), quote(value));
            match test {
                TextTest::Equal => format!("{name} eq {value}"),
                TextTest::Contains => format!("contains({name},{value})"),
                TextTest::StartsWith => format!("startsWith({name},{value})"),
            }
        }
        Predicate::Any { collection, item } => format!("{collection}/any(t: {})", spell(item, "t/")),
    }
}

/// Brackets leave no trace: groups of the same kind are one.
fn flat(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::And(parts) => Predicate::And(
            parts
                .into_iter()
                .flat_map(|part| match flat(part) {
                    Predicate::And(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        Predicate::Or(parts) => Predicate::Or(
            parts
                .into_iter()
                .flat_map(|part| match flat(part) {
                    Predicate::Or(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        Predicate::Any { collection, item } => Predicate::Any {
            collection,
            item: Box::new(flat(*item)),
        },
        other => other,
    }
}

fn groups(leaf: impl Strategy<Value = Predicate> + 'static) -> impl Strategy<Value = Predicate> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        let parts = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            parts.clone().prop_map(Predicate::And),
            parts.prop_map(Predicate::Or)
        ]
    })
}

fn any_predicate() -> impl Strategy<Value = Predicate> {
    let operator = prop_oneof![
        Just(Operator::Equal),
        Just(Operator::Greater),
        Just(Operator::GreaterOrEqual),
        Just(Operator::Less),
        Just(Operator::LessOrEqual),
    ];
    let ticks = Timestamp::MIN.ticks()..=Timestamp::MAX.ticks();
    let time = (operator, ticks).prop_map(|(operator, ticks)| Predicate::Compare {
        path: &["activityDate"],
        operator,
        value: Literal::Time(Timestamp::from_ticks(ticks)),
    });
    let status = any::<i64>().prop_map(|number| Predicate::Compare {
        path: &["activityStatus"],
        operator: Operator::Equal,
        value: Literal::Integer(number),
    });
    let text = |path: &'static [&'static str], test: TextTest, case: Case| {
        any::<String>().prop_map(move |value| Predicate::Text {
            path,
            test,
            value,
            case,
        })
    };
    let target =
        groups(text(&["name"], TextTest::Equal, Case::Insensitive)).prop_map(|item| Predicate::Any {
            collection: "targets",
            item: Box::new(item),
        });
    groups(prop_oneof![
        time,
        status,
        text(&["activity"], TextTest::Contains, Case::Sensitive),
        text(&["activity"], TextTest::StartsWith, Case::Sensitive),
        text(&["actor", "name"], TextTest::Equal, Case::Insensitive),
        target,
    ])
}

/// Pieces that valid filters are made of.
const PIECES: &[&str] = &[
    "activityDate",
    "activity",
    "actor/name",
    "targets",
    "/any(",
    "t",
    ":",
    "t/name",
    "(",
    ")",
    ",",
    "/",
    "eq",
    "gt",
    "and",
    "or",
    "not",
    "null",
    "true",
    "'a'",
    "''",
    "'",
    "5",
    "-1",
    "2014-03-01",
    "2014-03-01T00:00:00",
    "00:00",
    "09:05:00",
    "ada78934-a6da-4e69-b816-10de0d79db1d",
    "contains(",
    "startsWith(",
    "a.b",
    "ä",
    "’",
    "+",
    "-",
    "T",
    "Z",
];

proptest! {
    #[test]
    fn a_predicate_spelled_and_read_again_is_the_same(predicate in any_predicate()) {
        let text = spell(&predicate, "");
        prop_assume!(text.len() <= MAX_FILTER_BYTES);
        prop_assert_eq!(parse(&fixtures::ACTIVITIES_AUDIT, &text).unwrap(), flat(predicate));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        for report in fixtures::ALL {
            let _ = parse(report, &text);
        }
    }

    #[test]
    fn no_soup_of_valid_pieces_makes_the_reader_panic(
        pieces in proptest::collection::vec((proptest::sample::select(PIECES), proptest::sample::select(&["", " ", "  "][..])), 0..24)
    ) {
        let text: String = pieces.iter().flat_map(|(piece, space)| [*piece, *space]).collect();
        for report in fixtures::ALL {
            if let Err(error) = parse(report, &text) {
                prop_assert!(error.details.iter().any(|(name, _)| *name == "position"));
            }
        }
    }
}
