//! Detection over real stores: what restarts, stops and questions leave behind, and what of a very long history is judged.

use super::{Asked, DetectionError, Driver, Historian, Recent, Tools, What, explain, rerun};
use crate::testing;
use detect::{People, Rules};
use enrich::{CountryTableBuilder, Enrichment, List, Parts};
use model::batch::Subject;
use model::finding::Finding;
use model::tenant::{TenantId, TenantName};
use model::time::{TICKS_PER_SECOND, Timestamp};
use model::whereabouts::ListClass;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::control::{ControlStore, DetectionStore, SqliteControlStore};
use store::events::EventStore;
use store::folder::DataFolder;
use store::sqlite::Options;
use uuid::Uuid;

mod days;
mod keeping;
mod late;
mod pieces;
mod recent;

const TENANT: TenantId = TenantId::new(Uuid::from_u128(7));
/// As by default.
const LATENESS_SECONDS: i64 = 15 * 60;
/// Failures that are found by default.
const FAILURES: u32 = 10;

struct Place {
    events: Arc<dyn EventStore>,
    control: SqliteControlStore,
    enrichment: Enrichment,
    people: People,
    history_max: usize,
    read_at_once: usize,
    judged_at_once: usize,
    kept_from: u32,
    recent: Option<Recent>,
    brought: Cell<u32>,
    _folder: DataFolder,
    _parent: tempfile::TempDir,
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn arrival() -> Timestamp {
    time("2024-06-01")
}

fn place() -> Place {
    let parent = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(&parent.path().join("data")).unwrap();
    let control = SqliteControlStore::open(folder.path()).unwrap();
    let names = [TenantName::parse("contoso.example").unwrap()];
    control
        .create_tenant(TENANT, &names, "Contoso", arrival())
        .unwrap();
    Place {
        events: store::open(&folder, Options::default()).unwrap(),
        control,
        enrichment: Enrichment::of_countries(Arc::new(
            CountryTableBuilder::new(arrival(), "nothing").finish(),
        )),
        people: People::default(),
        history_max: 1_000,
        read_at_once: 4_000,
        judged_at_once: 20_000,
        kept_from: 16,
        recent: None,
        brought: Cell::new(0),
        _folder: folder,
        _parent: parent,
    }
}

impl Place {
    fn tools<'a>(&'a self, now: &str, goes_on: &'a dyn Fn() -> bool) -> Tools<'a> {
        Tools {
            historian: Historian {
                store: self.events.as_ref(),
                tenant: TENANT,
                enrichment: &self.enrichment,
                people: &self.people,
                recent: self.recent.as_ref(),
                history_max: self.history_max,
            },
            control: &self.control,
            lateness_ticks: LATENESS_SECONDS * TICKS_PER_SECOND,
            read_at_once: self.read_at_once,
            judged_at_once: self.judged_at_once,
            kept_from: self.kept_from,
            now: time(now),
            goes_on,
        }
    }

    /// Brings sign-ins in one commit: each by when, who, from where, and with which error.
    fn bring<'s>(&self, sign_ins: impl IntoIterator<Item = (Timestamp, &'s str, &'s str, u32)>) {
        let records = sign_ins.into_iter().map(|(at, user, address, code)| {
            let number = self.brought.replace(self.brought.get() + 1);
            testing::sign_in(Uuid::from_u128(number.into()), at, user, address, code).to_string()
        });
        self.bring_records(records);
    }

    fn bring_records(&self, records: impl IntoIterator<Item = String>) {
        self.bring_as("test", records);
    }

    /// Brings records as a source of that name.
    fn bring_as(&self, source: &str, records: impl IntoIterator<Item = String>) {
        testing::bring_by(
            self.events.as_ref(),
            TENANT,
            arrival,
            (source, self.recent.as_ref()),
            records,
        );
    }

    /// Wrong passwords, and then the right one, second by second.
    fn attack(&self, from: &str, user: &str, address: &str, failures: u32) {
        let from = time(from);
        self.bring((0..=failures).map(|n| {
            let code = if n < failures { 50_126 } else { 0 };
            (from.plus_seconds(i64::from(n)), user, address, code)
        }));
    }

    fn driver(&self, now: &str) -> Driver {
        Driver::open(TENANT, &Rules::default(), &self.tools(now, &|| true)).unwrap()
    }

    /// Rounds until one has nothing to do.
    fn judge(&self, driver: &mut Driver, now: &str) {
        while !driver.is_at_rest(self.events.snapshot(TENANT).unwrap()) {
            driver.round(&self.tools(now, &|| true)).unwrap();
        }
    }

    /// The findings that stand; none has more than one content.
    fn found(&self) -> Vec<Finding> {
        let kept = crate::findings::of_subject(
            self.events.as_ref(),
            TENANT,
            &Subject::Findings,
            Timestamp::MIN,
            Timestamp::MAX,
        );
        let kept = kept.unwrap().into_iter().map(|judged| judged.finding);
        kept.filter(|finding| finding.retracted.is_none()).collect()
    }

    /// The same, as `time user detector`.
    fn standing(&self) -> Vec<String> {
        self.found().iter().map(told).collect()
    }

    /// How many sign-ins the kept days have, closed days and open ones, read as they are on disk.
    fn kept_days(&self) -> BTreeMap<String, u64> {
        let unpacked = |name: &str, version: u32| -> Value {
            let kept = self
                .control
                .detection_snapshot(TENANT, name, Some(version))
                .unwrap();
            serde_json::from_slice(&zstd::decode_all(kept.unwrap().bytes.as_slice()).unwrap()).unwrap()
        };
        let index = unpacked("calendar", 1);
        let open = index["open"].as_object().unwrap().iter();
        let mut days: Vec<(i64, Value)> = open
            .map(|(day, shown)| (day.parse().unwrap(), shown.clone()))
            .collect();
        for day in index["closed"].as_array().unwrap() {
            let day = day.as_u64().unwrap() as u32;
            days.push((i64::from(day), unpacked("day/1", day)));
        }
        days.into_iter()
            .map(|(day, shown)| {
                let date = Timestamp::from_unix_seconds(day * 86_400).to_string();
                (date[..10].to_owned(), shown["sign_ins"].as_u64().unwrap())
            })
            .collect()
    }

    /// Everything that could have been written to: the last commit, what the ledger has, and the bytes of the control store.
    fn state(&self) -> (u64, String, Vec<u8>) {
        let ledger = format!("{:?}", self.events.ledger(TENANT).unwrap());
        let commit = self.events.snapshot(TENANT).unwrap();
        (commit, ledger, self.control.image().unwrap())
    }
}

fn told(finding: &Finding) -> String {
    let user = finding.person.user_name.clone().unwrap_or_default();
    let user = user.split('@').next().unwrap_or_default().to_owned();
    format!("{} {user} {}", finding.time, finding.found.detector())
}

#[test]
fn whoever_is_known_is_looked_up_only_if_something_comes_too_late() {
    let place = place();
    let mut driver = place.driver("2024-05-10T00:00:00Z");
    let start = time("2024-05-10T08:00:00Z");
    let mut looked_up = Vec::new();
    // Minutes after the start at which sign-ins come, and those at which they were: none more than the allowed quarter of an hour late.
    for (comes, were) in [
        (0, &[0, -14][..]),
        (5, &[4, -3, 5]),
        (10, &[-4]),
        (15, &[1, 14]),
        (20, &[6, 19]),
        (40, &[39, 26]),
        (60, &[59]),
        // One that is later than it may be.
        (80, &[79, 30]),
        (120, &[119]),
        (180, &[]),
    ] {
        let at = |minute: &i64| start.plus_seconds(60 * minute);
        place.bring(were.iter().map(|minute| (at(minute), "ann", "203.0.113.7", 0)));
        let now = at(&comes).to_string();
        looked_up.push(driver.round(&place.tools(&now, &|| true)).unwrap().again);
    }
    // Her and her address, when the first is judged and when one is late.
    assert_eq!(looked_up, [0, 2, 0, 0, 0, 0, 0, 2, 0, 0]);
}

#[test]
fn what_waits_is_judged_by_what_is_known_of_its_address_when_it_is_judged() {
    let mut place = place();
    place.recent = Some(Recent::default());
    let mut driver = place.driver("2024-05-10T08:00:00Z");
    place.bring([(time("2024-05-10T08:10:00Z"), "ann", "203.0.113.7", 0)]);
    driver
        .round(&place.tools("2024-05-10T08:12:00Z", &|| true))
        .unwrap();
    let tor = List::read(ListClass::Tor, "exits", b"203.0.113.7\n", time("2024-05-10")).unwrap();
    place.enrichment = Enrichment::new(Parts {
        lists: vec![Arc::new(tor)],
        ..place.enrichment.parts().clone()
    });
    driver.forget();
    assert_eq!(place.standing(), [""; 0]);
    for now in ["2024-05-10T08:13:00Z", "2024-05-10T08:30:00Z"] {
        driver.round(&place.tools(now, &|| true)).unwrap();
    }
    assert_eq!(place.standing(), ["2024-05-10T08:10:00Z ann unknown-sources"]);
    assert_eq!(place.kept_days(), BTreeMap::from([("2024-05-10".to_owned(), 1)]));
}

#[test]
fn nothing_that_holds_is_taken_back_after_a_restart() {
    let place = place();
    let mut driver = place.driver("2024-05-10T08:00:00Z");
    // It waits when the others are judged, so that the cursor stays before them.
    place.bring([(time("2024-05-10T08:14:00Z"), "bob", "203.0.113.8", 0)]);
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES);
    let expected = ["2024-05-10T08:00:10Z ann after-multiple-failures"];
    for now in ["2024-05-10T08:16:30Z", "2024-05-10T08:16:31Z"] {
        driver.round(&place.tools(now, &|| true)).unwrap();
    }
    assert_eq!(place.standing(), expected);
    let mut driver = place.driver("2024-05-10T08:17:00Z");
    let mut taken_back = 0;
    for (comes, now) in [
        (&[][..], "2024-05-10T08:17:10Z"),
        // What she does later is read again, and would wait by the clock of these two.
        (
            &[("2024-05-10T08:14:30Z", "carol"), ("2024-05-10T07:59:00Z", "ann")],
            "2024-05-10T08:17:20Z",
        ),
        (&[], "2024-05-10T08:17:30Z"),
        (&[], "2024-05-10T08:40:00Z"),
    ] {
        place.bring(comes.iter().map(|(at, user)| (time(at), *user, "203.0.113.7", 0)));
        taken_back += driver.round(&place.tools(now, &|| true)).unwrap().retracted;
        assert_eq!(place.standing(), expected, "at {now}");
    }
    assert_eq!(taken_back, 0);
}

#[test]
fn what_was_judged_without_waiting_is_not_taken_back() {
    let place = place();
    // They wait when they are judged again by hand.
    place.attack("2024-05-10T11:50:00Z", "ann", "203.0.113.7", FAILURES);
    let expected = ["2024-05-10T11:50:10Z ann after-multiple-failures"];
    let asked = Asked {
        since: time("2024-05-10"),
        rules: None,
        what: What::Stored,
    };
    let now = "2024-05-10T12:00:00Z";
    rerun(&place.tools(now, &|| true), &Rules::default(), &asked).unwrap();
    assert_eq!(place.standing(), expected);
    let mut driver = place.driver(now);
    let mut taken_back = 0;
    for (comes, now) in [
        (None, "2024-05-10T12:00:01Z"),
        (Some("2024-05-10T11:00:00Z"), "2024-05-10T12:00:02Z"),
        (None, "2024-05-10T12:00:03Z"),
        (None, "2024-05-10T12:20:00Z"),
        (None, "2024-05-10T12:20:01Z"),
    ] {
        place.bring(comes.map(|at| (time(at), "ann", "203.0.113.9", 0)));
        taken_back += driver.round(&place.tools(now, &|| true)).unwrap().retracted;
        assert_eq!(place.standing(), expected, "at {now}");
    }
    assert_eq!(taken_back, 0);
    assert!(driver.is_at_rest(place.events.snapshot(TENANT).unwrap()));
    // One of the failures was a success after all, so that it does not hold.
    let mut changed = testing::sign_in(
        Uuid::from_u128(5),
        time("2024-05-10T11:50:05Z"),
        "ann",
        "203.0.113.7",
        0,
    );
    changed["correlationId"] = serde_json::json!(Uuid::nil());
    place.bring_records([changed.to_string()]);
    place.judge(&mut driver, "2024-05-10T12:21:00Z");
    assert_eq!(place.standing(), [""; 0]);
}

/// An explanation and a dry run, with settings that say something else than what counted when it was judged. What would be new.
fn new_by_questions(place: &Place, now: &str) -> Vec<String> {
    let before = place.state();
    let mut stricter = Rules::default();
    stricter.after_multiple_failures.minimum_failures = 6;
    let tools = place.tools(now, &|| true);
    let (user, at) = ("ann@contoso.example", time("2024-05-10T08:00:00Z"));
    let explained = explain(&tools, &stricter, user, at).unwrap();
    assert_eq!(explained.sign_ins.len(), 7);
    assert!(place.state() == before, "the explanation wrote something");
    let asked = Asked {
        since: time("2024-05-01"),
        rules: Some(stricter.clone()),
        what: What::Shown,
    };
    let difference = rerun(&tools, &stricter, &asked).unwrap();
    assert_eq!(difference.sign_ins, 18);
    assert!(place.state() == before, "the dry run wrote something");
    difference.new.iter().map(told).collect()
}

#[test]
fn questions_write_nothing() {
    let place = place();
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", 6);
    place.attack("2024-05-10T08:00:00Z", "bob", "203.0.113.8", FAILURES);
    let (ann, bob) = (
        "2024-05-10T08:00:06Z ann after-multiple-failures",
        "2024-05-10T08:00:10Z bob after-multiple-failures",
    );
    // Nobody has judged anything yet, so there is no book of rules.
    assert_eq!(new_by_questions(&place, "2024-05-10T09:00:00Z"), [ann, bob]);
    place.judge(&mut place.driver("2024-05-10T10:00:00Z"), "2024-05-10T10:00:00Z");
    assert_eq!(place.standing(), [bob]);
    assert_eq!(new_by_questions(&place, "2024-05-10T11:00:00Z"), [ann]);
    assert_eq!(place.standing(), [bob]);
}

#[test]
fn of_a_very_long_history_the_newest_is_judged() {
    let mut place = place();
    place.history_max = FAILURES as usize + 1;
    place.attack("2024-05-01T08:00:00Z", "ann", "203.0.113.7", FAILURES);
    place.attack("2024-05-09T08:00:00Z", "ann", "203.0.113.7", FAILURES);
    place.judge(&mut place.driver("2024-05-10"), "2024-05-10");
    assert_eq!(
        place.standing(),
        ["2024-05-09T08:00:10Z ann after-multiple-failures"]
    );
}

#[test]
fn what_was_found_of_a_time_that_is_left_out_stays() {
    let mut place = place();
    place.history_max = FAILURES as usize + 1;
    let now = "2024-05-10";
    let mut driver = place.driver(now);
    let both = [
        "2024-05-01T08:00:10Z ann after-multiple-failures",
        "2024-05-09T08:00:10Z ann after-multiple-failures",
    ];
    for day in ["2024-05-01", "2024-05-09"] {
        place.attack(&format!("{day}T08:00:00Z"), "ann", "203.0.113.7", FAILURES);
        place.judge(&mut driver, now);
    }
    assert_eq!(place.standing(), both);
    // One that comes late has everything since then judged again, of which the oldest is left out.
    place.bring([(time("2024-05-01T07:00:00Z"), "ann", "203.0.113.7", 0)]);
    place.judge(&mut driver, now);
    assert_eq!(place.standing(), both);
    let asked = Asked {
        since: time("2024-05-01"),
        rules: None,
        what: What::Stored,
    };
    let difference = rerun(&place.tools(now, &|| true), &Rules::default(), &asked).unwrap();
    assert_eq!(difference.gone.len() + difference.new.len(), 0);
    assert_eq!(place.standing(), both);
}

#[test]
fn a_stop_during_a_backlog_ends_it_and_the_next_start_finds_everything() {
    let people = ["ann", "bob", "carol"];
    let now = "2024-05-10T12:00:00Z";
    let mut stops = 0;
    for questions in 0.. {
        let place = place();
        for (number, user) in people.iter().enumerate() {
            let address = format!("203.0.113.{number}");
            place.attack("2024-05-10T08:00:00Z", user, &address, FAILURES);
        }
        let end = place.events.snapshot(TENANT).unwrap();
        let asked = Cell::new(0);
        let goes_on = || asked.replace(asked.get() + 1) < questions;
        let mut driver = place.driver(now);
        let is_through = || {
            let cursor = place.control.detection_cursor(TENANT).unwrap();
            cursor.is_some_and(|cursor| cursor.commit >= end)
        };
        let is_stopped = loop {
            match driver.round(&place.tools(now, &goes_on)) {
                Err(DetectionError::Stopping) => break true,
                Err(error) => panic!("{error}"),
                Ok(_) if is_through() => break false,
                // They wait for the next round.
                Ok(_) => {}
            }
        };
        assert_eq!(is_through(), !is_stopped, "after {questions} questions");
        place.judge(&mut place.driver(now), now);
        let expected = people.map(|user| format!("2024-05-10T08:00:10Z {user} after-multiple-failures"));
        let mut standing = place.standing();
        standing.sort_unstable();
        assert_eq!(standing, expected, "after {questions} questions");
        if !is_stopped {
            break;
        }
        stops += 1;
    }
    // Once before the log is read, and once before each person and each address.
    assert_eq!(stops, 7);
}
