//! What the engine lets go of is written down, and read back as if it had been remembered.

mod support;

use detect::{Engine, KEPT_FORM, Populations, RuleBook, Rules, Seen, Subject};
use model::tenant::TenantId;
use std::sync::Arc;
use support::{Atlas, House, lines};
use uuid::Uuid;

/// Two people who sign in every day for three weeks from where they live; then one of them travels too fast, after somebody guessed, from an
/// address that two lists name, and is back at home two hours later.
fn sign_ins() -> Vec<Arc<Seen>> {
    let mut atlas = Atlas::default();
    atlas.place("Berlin DE 52.52 13.405 25");
    atlas.place("Quito EC -0.18 -78.47 30");
    for address in [
        "198.51.100.7 @Berlin AS64501",
        "198.51.100.8 @Berlin AS64501",
        "203.0.113.12 @Quito AS64513 tor:exits botnet:infections",
    ] {
        atlas.address(address);
    }
    let daily = (1..=21).flat_map(|day| {
        [("ann", "07", 7), ("bob", "08", 8)].map(|(person, hour, address)| {
            format!("2026-02-{day:02} {hour}:00:00 {person} ok 198.51.100.{address}")
        })
    });
    let guesses =
        (0..12).map(|second| format!("2026-02-21 09:00:{second:02} ann wrong 203.0.113.12 with=Other/1.0"));
    let gets_in = "2026-02-21 09:01:00 ann ok 203.0.113.12 with=Other/1.0".to_owned();
    let bob = "2026-02-21 10:00:00 bob ok 198.51.100.8".to_owned();
    let is_back = "2026-02-21 11:00:00 ann ok 198.51.100.7".to_owned();
    let all = daily.chain(guesses).chain([gets_in, bob, is_back]);
    all.enumerate()
        .flat_map(|(number, line)| atlas.sign_ins(&line, number))
        .collect()
}

/// What is found, how often something was read back, and how often a history was judged.
fn found(room: Option<usize>) -> (Vec<String>, usize, usize) {
    let mut house = House::new(&Populations::default());
    if let Some(room) = room {
        house.remember_and_keep(room);
    }
    for seen in &sign_ins() {
        let news = house.store(seen);
        house.observe(&news);
    }
    let findings = house.holding();
    let all = lines(&findings)
        .into_iter()
        .zip(findings.iter().map(|finding| format!("{finding:?}")));
    (
        all.map(|(line, whole)| format!("{line}\n{whole}")).collect(),
        house.recalled,
        house.judged,
    )
}

#[test]
fn whoever_was_let_go_of_goes_on_without_a_history() {
    let (expected, recalled, judged) = found(None);
    // Each of the two people and the three addresses when first seen.
    assert_eq!((expected.len(), recalled, judged), (5, 0, 5), "{expected:#?}");
    let (found, recalled, judged) = found(Some(1));
    assert_eq!(found, expected);
    // Of 42 daily sign-ins each is somebody else's and from elsewhere, and so are the last two; of what comes between, the address is new.
    assert_eq!((recalled, judged), (2 * (42 - 2) + 1 + 2 * 2, 5));
}

/// As it is written down.
fn state_of_ann() -> Vec<u8> {
    let mut house = House::new(&Populations::default());
    house.remember_and_keep(1_000);
    for seen in &sign_ins() {
        let news = house.store(seen);
        house.observe(&news);
    }
    let ann = Subject::Person("ann".into());
    let mut let_go = house.engine.let_go_of(1_000);
    assert_eq!((let_go.len(), house.engine.is_empty()), (5, true));
    let_go.retain(|(subject, _)| *subject == ann);
    let_go.remove(0).1
}

/// A state of another form, or with another meaning, must not be read as one of this: whoever changes what is here raises the form.
#[test]
fn the_form_of_what_is_kept_is_the_one_that_it_is_said_to_be() {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, &state_of_ann());
    let known = [(1, "751403d3-a7f4-5cb2-94e6-c3ccd248ff5e")];
    assert_eq!(known.last(), Some(&(KEPT_FORM, digest.to_string().as_str())));
}

#[test]
fn what_is_no_state_is_refused_and_nobody_is_remembered_by_it() {
    let state = state_of_ann();
    let mut engine = Engine::new(TenantId::new(Uuid::nil()), RuleBook::of(Rules::default()), 10);
    let ann = Subject::Person("ann".into());
    for cut in 0..state.len() {
        assert!(!engine.recall(&ann, &state[..cut]), "{cut}");
        assert!(!engine.remembers(&ann));
    }
    assert!(engine.recall(&ann, &state));
    assert!(engine.remembers(&ann));
}

#[test]
fn what_rests_on_what_is_not_kept_any_more_is_not_written_down() {
    let mut house = House::new(&Populations::default());
    house.remember_and_keep(1_000);
    let sign_ins = sign_ins();
    let (before, after) = sign_ins.split_at(20);
    let show = |house: &mut House, all: &[Arc<Seen>]| {
        for seen in all {
            let news = house.store(seen);
            house.observe(&news);
        }
    };
    show(&mut house, before);
    house.engine.hold_back();
    show(&mut house, after);
    let let_go = house.engine.let_go_of(1_000);
    // Only the address that was first seen afterwards.
    let names: Vec<Subject> = let_go.into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(names, [Subject::Address("203.0.113.12".parse().unwrap())]);
}
