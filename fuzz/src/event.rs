//! What holds for every event, whoever's record told it.

use crate::json_tree::Json;
use crate::row;
use model::batch::Subject;
use model::reports::{self, Rows};
use model::time::Timestamp;
use sources::{Understanding, Understood};

/// Panics if a record is not the same with its members the other way round.
pub(crate) fn check_same(one: &Understanding, other: &Understanding, text: &str) {
    match (one, other) {
        (Understanding::Event(one), Understanding::Event(other)) => {
            assert_eq!(
                (one.format, one.key, one.rank, &one.event),
                (other.format, other.key, other.rank, &other.event),
                "{text}"
            );
        }
        (Understanding::Ignored { reason: one }, Understanding::Ignored { reason: other }) => {
            assert_eq!(one, other, "{text}");
        }
        (Understanding::Fragment(one), Understanding::Fragment(other)) => {
            assert_eq!(
                (one.format, &one.whole, one.part, one.parts),
                (other.format, &other.whole, other.part, other.parts)
            );
        }
        (Understanding::Rejected { .. }, Understanding::Rejected { .. }) => {}
        _ => panic!("the order of members decides over {text}: {one:?} and {other:?}"),
    }
}

/// Panics if an event's rows are not what their reports declare.
pub(crate) fn check(understood: Understood, text: &str) {
    assert_eq!(understood.rank.updated, understood.event.updated, "{text}");
    let time = understood.event.time;
    let draft = understood.draft();
    assert!(
        !draft.rows.is_empty() || !draft.kind.is_always_shown(),
        "every event has its principal report: {text}"
    );
    for subject in &draft.subjects {
        if let Subject::Person(name) | Subject::Address(name) = subject {
            assert!(!name.is_empty(), "{text}");
        }
    }
    for stored in &draft.rows {
        let report = reports::by_number(stored.report).expect("a row belongs to a report");
        check_time(report.time_property, &row::check(report, &stored.json), time);
        if !stored.particulars.is_empty() {
            let particulars: serde_json::Value =
                serde_json::from_slice(&stored.particulars).expect("particulars are JSON");
            assert!(particulars.is_object(), "{text}");
        }
        for other in reports::ALL {
            let Rows::Rendered { from, render } = other.rows else {
                continue;
            };
            if from != report {
                continue;
            }
            if let Some(rendered) = render(&stored.json, &stored.particulars) {
                check_time(other.time_property, &row::check(other, &rendered), time);
            } else {
                // Applications and managed identities are no users; audits are all shown.
                let of_users = ["allUserSignInActivityEvents", "applicationUsageDetailEvents"];
                assert!(of_users.contains(&other.name), "{} of {text}", other.name);
            }
        }
    }
}

fn check_time(property: Option<&str>, members: &[(String, Json)], expected: Timestamp) {
    let property = property.expect("a stored report has a time property");
    let time = members.iter().find_map(|(name, value)| match value {
        Json::Text(text) if name == property => Timestamp::parse_vendor(text).ok(),
        _ => None,
    });
    assert_eq!(time, Some(expected));
}
