//! What events add to the usage reports, by hand.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use model::event::{Audit, Event, Facts, Modified, SignIn, SignInKind, Target};
use model::identity::Vendor;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::usage::{Counted, Member, Sort, Tally, row_id, usage};
use std::collections::BTreeMap;
use uuid::Uuid;

fn event(facts: Facts) -> Event {
    Event {
        vendor: Vendor::Entra,
        vendor_id: Some("1".to_owned()),
        time: Timestamp::parse_vendor("2017-05-17T12:00:00Z").unwrap(),
        updated: None,
        tenant: None,
        facts,
    }
}

/// Each draft as `tally subject[name|title] member amounts`.
fn check(facts: Facts, expected: &[&str]) {
    let told: Vec<String> = usage(&event(facts))
        .iter()
        .map(|draft| {
            let member = match &draft.member {
                Member::Nobody => "-".to_owned(),
                Member::Named(named) => named.key.clone(),
                Member::Instant => "instant".to_owned(),
            };
            format!(
                "{:?} {}[{}|{}] {member} {:?}",
                draft.tally,
                draft.subject.key,
                draft.subject.name.as_deref().unwrap_or(""),
                draft.subject.title.as_deref().unwrap_or(""),
                draft.amounts
            )
        })
        .collect();
    assert_eq!(told, expected);
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn sign_in(kind: SignInKind, user: &str, name: &str, app: &str, error_code: i64) -> Facts {
    Facts::SignIn(Box::new(SignIn {
        kind,
        user_id: text(user),
        user_principal_name: text(name),
        app_id: text(app),
        app_display_name: text("Mail"),
        error_code,
        ..SignIn::default()
    }))
}

#[test]
fn a_sign_in_counts_for_its_application_and_its_person() {
    use SignInKind::{Interactive, ManagedIdentity, NonInteractive, ServicePrincipal};
    check(
        sign_in(Interactive, "U-1", "ada@contoso.example", "A-1", 0),
        &["SignIns a-1[A-1|Mail] u-1 [1, 0, 0]"],
    );
    check(
        sign_in(NonInteractive, "", "Ada@Contoso.example", "A-1", 50126),
        &["SignIns a-1[A-1|Mail] ada@contoso.example [0, 1, 0]"],
    );
    check(
        sign_in(Interactive, "u-1", "", "", 0),
        &["SignIns mail[|Mail] u-1 [1, 0, 0]"],
    );
    check(sign_in(Interactive, "", "", "A-1", 0), &[]);
    check(sign_in(ServicePrincipal, "u-1", "", "A-1", 0), &[]);
    check(sign_in(ManagedIdentity, "u-1", "", "A-1", 0), &[]);
}

fn audit(activity: &str, result: &str, targets: Vec<Target>) -> Facts {
    Facts::Audit(Box::new(Audit {
        activity: text(activity),
        result: text(result),
        targets,
        ..Audit::default()
    }))
}

fn user(id: &str, name: &str) -> Target {
    Target {
        resource_type: text("User"),
        id: text(id),
        user_principal_name: text(name),
        ..Target::default()
    }
}

fn group(id: &str, name: &str) -> Target {
    Target {
        resource_type: text("Group"),
        id: text(id),
        display_name: text(name),
        ..Target::default()
    }
}

#[test]
fn a_change_of_a_group_counts_for_the_group_and_mentions_the_member() {
    let member = "Accounts u-1[ada@x|] - [1, 0, 0]";
    check(
        audit(
            "Add member to group",
            "success",
            vec![user("u-1", "ada@x"), group("G-1", "Sales")],
        ),
        &["GroupChanges g-1[G-1|Sales] - [1, 0, 0]", member],
    );
    check(
        audit(
            "remove member from group",
            "success",
            vec![user("u-1", "ada@x"), group("G-1", "Sales")],
        ),
        &["GroupChanges g-1[G-1|Sales] - [0, 1, 0]", member],
    );
    check(
        audit("Update group", "success", vec![group("G-1", "")]),
        &["GroupChanges g-1[G-1|] - [0, 0, 1]"],
    );
    check(audit("Update group", "failure", vec![group("G-1", "")]), &[]);
}

#[test]
fn a_group_without_a_name_takes_the_one_among_the_changes() {
    let member = Target {
        modified: vec![Modified {
            name: text("Group.DisplayName"),
            old: None,
            new: text("\"Sales\""),
        }],
        ..user("u-1", "")
    };
    check(
        audit("Add member to group", "success", vec![member, group("G-1", "")]),
        &[
            "GroupChanges g-1[G-1|Sales] - [1, 0, 0]",
            "Accounts u-1[|] - [1, 0, 0]",
        ],
    );
}

#[test]
fn a_group_takes_its_old_name_where_there_is_no_new_one_and_none_that_is_empty() {
    let member = |old: &str| Target {
        modified: vec![
            Modified {
                name: text("Group.ObjectID"),
                old: text("\"G-1\""),
                new: None,
            },
            Modified {
                name: text("Group.DisplayName"),
                old: text(old),
                new: None,
            },
        ],
        ..user("u-1", "")
    };
    let removed = |old: &str| {
        audit(
            "Remove member from group",
            "success",
            vec![member(old), group("G-1", "")],
        )
    };
    let mention = "Accounts u-1[|] - [1, 0, 0]";
    check(
        removed("\"Sales\""),
        &["GroupChanges g-1[G-1|Sales] - [0, 1, 0]", mention],
    );
    check(removed("\"\""), &["GroupChanges g-1[G-1|] - [0, 1, 0]", mention]);
}

#[test]
fn accounts_begin_and_end_with_audits_that_succeeded() {
    let mention = "Accounts u-1[ada@x|] - [1, 0, 0]";
    let told = |activity: &str, result: &str| audit(activity, result, vec![user("u-1", "ada@x")]);
    check(
        told("Delete user", "success"),
        &["AccountEnds u-1[ada@x|] instant [1, 0, 0]", mention],
    );
    check(
        told("Restore user", "success"),
        &["AccountEnds u-1[ada@x|] instant [0, 1, 0]", mention],
    );
    check(told("Update user", "success"), &[mention]);
    check(told("Delete user", "failure"), &[]);
}

/// Made once with Python: uuid.uuid5(ns, b"".join(len(p).to_bytes(8, "big") + p for p in parts)) over "usage", the tenant's
/// GUID, the report's name, the key and the day's start.
#[test]
fn ids_of_rows_never_change() {
    let id = row_id(
        TenantId::parse("4f0c2b7e-6d1a-4d38-9a55-0c1e8b7d2f10").unwrap(),
        "applicationUsageSummary",
        "a-1",
        Timestamp::parse_vendor("2017-05-17").unwrap(),
    );
    assert_eq!(id.to_string(), "f4909a3c-2c71-5ca1-a8be-d3bd38246f46");
}

/// They are on disk: with others, counts of before would be read as something else.
#[test]
fn the_numbers_of_tallies_and_sorts_never_change() {
    let tallies = [
        (Tally::SignIns, 1),
        (Tally::GroupChanges, 2),
        (Tally::Accounts, 3),
        (Tally::AccountEnds, 4),
        (Tally::CustomerAuthentications, 5),
        (Tally::CustomerSecondFactors, 6),
    ];
    for (tally, number) in tallies {
        assert_eq!(tally.number(), number, "{tally:?}");
    }
    assert_eq!(Tally::ALL, tallies.map(|(tally, _)| tally));
    for (sort, number) in [
        (Sort::Application, 1),
        (Sort::Account, 2),
        (Sort::Group, 3),
        (Sort::Way, 4),
    ] {
        assert_eq!(sort.number(), number, "{sort:?}");
    }
}

#[test]
fn a_line_is_called_by_the_best_name_there_is() {
    let none = BTreeMap::new();
    let called = |key, name, title| {
        let counted = Counted {
            id: Uuid::nil(),
            day: Timestamp::from_unix_seconds(0),
            key,
            name,
            title,
            amounts: [0; 3],
            others: 0,
            ways: &none,
        };
        counted.called()
    };
    assert_eq!(called("u-1", Some("ada@x"), Some("Ada")), Some("Ada"));
    assert_eq!(called("u-1", Some("ada@x"), None), Some("ada@x"));
    assert_eq!(called("u-1", None, None), Some("u-1"));
    assert_eq!(called("", None, None), None);
}

/// Okta writes one event for the session and another for each application that is opened in it.
#[test]
fn a_session_without_an_application_counts_for_entra_alone() {
    let count = |vendor: Vendor, app: &str, title: Option<String>| {
        let mut event = event(sign_in(SignInKind::Interactive, "u-1", "", app, 0));
        event.vendor = vendor;
        let Facts::SignIn(sign_in) = &mut event.facts else {
            panic!()
        };
        sign_in.app_display_name = title;
        usage(&event).len()
    };
    assert_eq!(count(Vendor::Entra, "", None), 1);
    assert_eq!(count(Vendor::Mapped, "", None), 1);
    assert_eq!(count(Vendor::Okta, "", None), 0);
    assert_eq!(count(Vendor::Okta, "A-1", None), 1);
    assert_eq!(count(Vendor::Duo, "", text("Wiki")), 1);
}
