//! `check` recounts what is kept beside the events, and says what does not agree.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::usage::{Member, Named, Sort, Tally, UsageDraft};
use rusqlite::Connection;
use told::{append, assert_clean, event, open, tenant};

fn used(id: &str, when: &str, content: u8) -> model::batch::EventDraft {
    let mut draft = event(id, when, content);
    draft.usage = vec![UsageDraft {
        tally: Tally::Accounts,
        subject: Named {
            sort: Sort::Account,
            key: id.to_owned(),
            name: None,
            title: None,
        },
        member: Member::Nobody,
        amounts: [1, 0, 0],
    }];
    draft
}

/// Damages a month that holds three commits, one of them of a changed event.
fn check(damage: &str, expected: &str) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let opened = open(&data);
    let store = opened.store.as_ref();
    append(
        store,
        &[used("a", "2017-05-17T12:00:00Z", 1), used("b", "2017-05-18", 1)],
    );
    append(store, &[used("a", "2017-05-17T12:00:00Z", 2)]);
    append(store, &[used("c", "2017-05-17T13:00:00Z", 1)]);
    assert_clean(store);
    let path = data.join("tenants").join(tenant().to_string()).join("2017-05.db");
    let changed = Connection::open(path).unwrap().execute(damage, []).unwrap();
    assert_ne!(changed, 0, "nothing was damaged by: {damage}");
    let faults = store.check(tenant()).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.contains(expected)),
        "{damage}: {faults:?}"
    );
}

#[test]
fn a_tally_that_does_not_agree_with_its_events_is_found() {
    let expected = "a tally is not the sum of what its events added";
    check("UPDATE usage SET first = first + 1 WHERE subject = 1", expected);
    check("DELETE FROM usage WHERE subject = 1", expected);
    check(
        "INSERT INTO usage SELECT tally, day + 1, subject, member, 0, 1, 0 FROM usage WHERE subject = 1",
        expected,
    );
}

#[test]
fn a_ledger_that_does_not_agree_with_its_events_is_found() {
    let expected = "the ledger disagrees with the events";
    check("UPDATE ledger SET new = new + 1, read = read + 1", expected);
    check("UPDATE ledger SET newest = newest + 1", expected);
    check("UPDATE ledger SET newest = NULL", expected);
    check("DELETE FROM ledger", expected);
}

#[test]
fn a_change_log_that_does_not_agree_with_its_events_is_found() {
    let expected = "the change log does not begin a commit where its events do";
    check(
        "UPDATE commits SET first_event = first_event + 1 WHERE seq = 2",
        expected,
    );
    check("DELETE FROM commits WHERE seq = 2", expected);
    check("INSERT INTO commits VALUES (9, 9)", expected);
}
