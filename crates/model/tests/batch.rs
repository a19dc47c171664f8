//! What becomes of records is counted so that the sum holds, and events find the histories that they belong in.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::batch::{Counts, Outcome, Subject, subjects};
use model::event::{Actor, Audit, Event, Facts, ProvisionedIdentity, Provisioning, SignIn, Target};
use model::identity::Vendor;
use model::time::Timestamp;

#[test]
fn an_outcome_counts_once_as_read_and_once_as_what_it_is() {
    let check = |outcome, expected| {
        let mut counts = Counts::default();
        counts.count(outcome);
        assert_eq!(counts, expected, "{outcome:?}");
        assert!(counts.adds_up(), "{outcome:?}");
    };
    let read = Counts {
        read: 1,
        ..Counts::default()
    };
    check(Outcome::New, Counts { new: 1, ..read });
    check(Outcome::Changed, Counts { changed: 1, ..read });
    check(Outcome::Known, Counts { known: 1, ..read });
    check(Outcome::Purged, Counts { rejected: 1, ..read });
}

/// 31 = 1 + 2 + 4 + 8 + 16, so that no part can stand for another.
const DIFFERENT: Counts = Counts {
    read: 31,
    new: 1,
    changed: 2,
    known: 4,
    ignored: 8,
    rejected: 16,
    late: 32,
    quarantined: 64,
};

#[test]
fn counts_are_added_member_for_member() {
    let mut counts = DIFFERENT;
    counts.add(&DIFFERENT);
    let twice = Counts {
        read: 62,
        new: 2,
        changed: 4,
        known: 8,
        ignored: 16,
        rejected: 32,
        late: 64,
        quarantined: 128,
    };
    assert_eq!(counts, twice);
}

#[test]
fn a_record_that_is_counted_nowhere_or_twice_breaks_the_sum() {
    assert!(DIFFERENT.adds_up());
    for wrong in [30, 32] {
        let counts = Counts {
            read: wrong,
            ..DIFFERENT
        };
        assert!(!counts.adds_up(), "{wrong}");
    }
}

#[allow(clippy::unnecessary_wraps)] // So that events read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn check_subjects(facts: Facts, expected: &[Subject]) {
    let event = Event {
        vendor: Vendor::Entra,
        vendor_id: None,
        time: Timestamp::parse_vendor("2022-08-22T18:05:06Z").unwrap(),
        updated: None,
        tenant: None,
        facts,
    };
    assert_eq!(subjects(&event), expected);
}

#[test]
fn a_sign_in_belongs_to_its_user_by_both_names_and_to_its_address() {
    let sign_in = SignIn {
        user_id: text("51E26EAE"),
        user_principal_name: text(" Joe@Contoso.example"),
        ip_address: text("2001:DB8::1"),
        ..SignIn::default()
    };
    let expected = [
        Subject::Person("51e26eae".to_owned()),
        Subject::Person("joe@contoso.example".to_owned()),
        Subject::Address("2001:db8::1".to_owned()),
    ];
    check_subjects(Facts::SignIn(Box::new(sign_in)), &expected);
}

#[test]
fn an_audit_belongs_to_its_actor_and_to_the_users_it_was_done_to_once_each() {
    let target = |resource_type: &str, id: &str, name: Option<String>| Target {
        resource_type: text(resource_type),
        id: text(id),
        user_principal_name: name,
        ..Target::default()
    };
    let audit = Audit {
        actor: Actor {
            user_id: text("actor"),
            ip_address: text("203.0.113.42"),
            ..Actor::default()
        },
        targets: vec![
            target("User", "joe-id", text("joe")),
            target("Group", "group-id", None),
            target("User", "actor", None),
        ],
        ..Audit::default()
    };
    let expected = [
        Subject::person("actor"),
        Subject::person("joe-id"),
        Subject::person("joe"),
        Subject::address("203.0.113.42"),
    ];
    check_subjects(Facts::Audit(Box::new(audit)), &expected);
}

#[test]
fn a_provisioned_account_belongs_to_the_user_on_either_side() {
    let side = |identity_type: &str, id: &str| ProvisionedIdentity {
        identity_type: text(identity_type),
        id: text(id),
        ..ProvisionedIdentity::default()
    };
    let provisioned = |source, target| {
        Facts::Provisioning(Box::new(Provisioning {
            source,
            target,
            ..Provisioning::default()
        }))
    };
    check_subjects(
        provisioned(side("User", "here"), side("Group", "there")),
        &[Subject::person("here")],
    );
    check_subjects(
        provisioned(side("Group", "here"), side("User", "there")),
        &[Subject::person("there")],
    );
}

/// The numbers are on disk: with others, no history would be found again. Expected values by an implementation of BLAKE3
/// in Python, over `person` or `address`, a zero byte and the name.
#[test]
fn the_number_of_a_subject_is_that_of_every_version() {
    let check = |subject: &Subject, expected| assert_eq!(subject.number(), expected, "{subject:?}");
    check(&Subject::person("joe@contoso.example"), 6_895_571_142_701_151_070);
    check(&Subject::address("203.0.113.42"), 2_669_773_783_075_506_026);
}
