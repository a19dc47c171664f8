//! The task beside a service with a folder of its own: months that are freed, and files of settings that come to be wrong.

use super::Judges;
use crate::findings::of_subject;
use crate::service::Service;
use crate::testing::{self, config};
use model::batch::Subject;
use model::tenant::{TenantId, TenantName};
use model::time::{Month, Timestamp};
use std::path::{Path, PathBuf};
use store::events::Purge;
use uuid::Uuid;

const TENANT: TenantId = TenantId::new(Uuid::from_u128(7));

struct Place {
    service: Service,
    folder: tempfile::TempDir,
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn arrival() -> Timestamp {
    time("2024-06-30")
}

fn place(files: &[(&str, &str)]) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut settings = vec![
        ("data.folder".to_owned(), data.to_str().unwrap().to_owned()),
        ("detection.allowed_lateness_seconds".to_owned(), "0".to_owned()),
    ];
    for (key, name) in files {
        let path = folder.path().join(name);
        settings.push(((*key).to_owned(), path.to_str().unwrap().to_owned()));
    }
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let service = Service::apart(config(&settings)).unwrap();
    let names = [TenantName::parse("contoso.example").unwrap()];
    service
        .app
        .control
        .create_tenant(TENANT, &names, "Contoso", arrival())
        .unwrap();
    Place { service, folder }
}

impl Place {
    /// Wrong passwords on a day, and then the right one.
    fn attack(&self, day: &str, user: &str, failures: u32) {
        let start = time(&format!("{day}T08:00:00Z"));
        let records = (0..=failures).map(|n| {
            let at = start.plus_seconds(i64::from(n));
            let id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, format!("{user} {at}").as_bytes());
            testing::sign_in(id, at, user, "203.0.113.7", if n < failures { 50_126 } else { 0 })
        });
        let new = testing::bring(self.service.app.events.as_ref(), TENANT, arrival, records);
        assert_eq!(new, u64::from(failures) + 1);
    }

    /// Rounds as the task goes through them: what is found is read in the next.
    fn judge(&self, judges: &mut Judges) {
        for _ in 0..3 {
            judges.round(&self.service.app, &|| true);
        }
    }

    /// The days of the findings that stand, with whom they are about.
    fn standing(&self) -> Vec<String> {
        let store = self.service.app.events.as_ref();
        let kept = of_subject(store, TENANT, &Subject::Findings, Timestamp::MIN, Timestamp::MAX).unwrap();
        kept.into_iter()
            .filter(|judged| judged.finding.retracted.is_none())
            .map(|judged| {
                let user = judged.finding.person.user_name.unwrap_or_default();
                let user = user.split('@').next().unwrap_or_default();
                format!("{} {user}", &judged.finding.time.to_string()[..10])
            })
            .collect()
    }

    fn free(&self, months: &[&str]) {
        let store = &self.service.app.events;
        for month in store.months(TENANT).unwrap() {
            if months.iter().any(|name| Month::parse(name) == Some(month.month)) {
                assert_eq!(store.purge(TENANT, &month, arrival()).unwrap(), Purge::Freed);
            }
        }
    }

    /// The days that are kept: the closed ones of which something is there, and what the index says is closed and open.
    fn kept_days(&self) -> [Vec<String>; 3] {
        let control = &self.service.app.control;
        let date = |day: i64| Timestamp::from_unix_seconds(day * 86_400).to_string()[..10].to_owned();
        let (first, last) = (time("2024-01-01").day(), time("2024-12-31").day());
        let is_there = |day: &i64| {
            let version = u32::try_from(*day).unwrap();
            let kept = control.detection_snapshot(TENANT, "day/1", Some(version));
            kept.unwrap().is_some()
        };
        let index = control.detection_snapshot(TENANT, "calendar", Some(1)).unwrap();
        let index = zstd::decode_all(index.unwrap().bytes.as_slice()).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        let closed = index["closed"].as_array().unwrap().iter();
        let open = index["open"].as_object().unwrap().keys();
        [
            (first..=last).filter(is_there).map(date).collect(),
            closed.map(|day| date(day.as_i64().unwrap())).collect(),
            open.map(|day| date(day.parse().unwrap())).collect(),
        ]
    }

    fn check_days(&self, closed: &[&str], open: &[&str]) {
        let [there, listed, opened] = self.kept_days();
        assert_eq!(there, closed, "the days that are there");
        assert_eq!(listed, closed, "the days that are listed");
        assert_eq!(opened, open, "the open days");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Who judges when months are freed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum While {
    Running,
    Stopped,
}

fn check_purge(meanwhile: While, freed: &[&str], closed: &[&str], open: &[&str]) {
    let place = place(&[]);
    let mut judges = Judges::default();
    for day in ["2024-03-05", "2024-03-20", "2024-05-02", "2024-05-20"] {
        place.attack(day, "ann", 10);
    }
    place.judge(&mut judges);
    assert_eq!(
        place.kept_days()[0],
        ["2024-03-05", "2024-03-20", "2024-05-02"],
        "before"
    );
    place.free(freed);
    if meanwhile == While::Stopped {
        judges = Judges::default();
    }
    place.judge(&mut judges);
    place.check_days(closed, open);

    // It goes on, and finds what comes later.
    place.attack("2024-06-10", "bob", 10);
    place.judge(&mut judges);
    place.check_days(&[closed, open].concat(), &["2024-06-10"]);
    let mut expected: Vec<String> = ["2024-03-05", "2024-03-20", "2024-05-02", "2024-05-20"]
        .iter()
        .filter(|day| !freed.contains(&&day[..7]))
        .map(|day| format!("{day} ann"))
        .collect();
    expected.push("2024-06-10 bob".to_owned());
    assert_eq!(place.standing(), expected, "{meanwhile:?} {freed:?}");
    let app = &place.service.app;
    let cursor = app.control.detection_cursor(TENANT).unwrap().unwrap();
    assert_eq!(cursor.epoch, app.events.epoch(TENANT).unwrap());
    assert_eq!(cursor.commit, app.events.snapshot(TENANT).unwrap());
}

#[test]
fn days_of_freed_months_go_and_detection_goes_on() {
    for meanwhile in [While::Running, While::Stopped] {
        let may = ["2024-05-02"];
        check_purge(meanwhile, &["2024-03"], &may, &["2024-05-20"]);
        // All that is left are findings' and nobody's days.
        check_purge(meanwhile, &["2024-03", "2024-05"], &[], &[]);
    }
}

fn with_failures(minimum: u32) -> String {
    format!("[after_multiple_failures]\nminimum_failures = {minimum}\n")
}

/// The least failures that count, and whether something is refused, after each content of the file; `None` takes it away.
fn check_rules(contents: &[(Option<&str>, u32, bool)]) {
    let place = place(&[("detection.rules", "rules.toml")]);
    let mut judges = Judges::default();
    for (number, (content, minimum, is_refused)) in contents.iter().enumerate() {
        put(&place.path("rules.toml"), *content);
        place.judge(&mut judges);
        let grounds = judges.grounds.as_ref();
        let counts = grounds.map_or(0, |grounds| {
            grounds.rules.after_multiple_failures.minimum_failures
        });
        assert_eq!(
            (counts, judges.refused.is_some()),
            (*minimum, *is_refused),
            "content {number}"
        );
    }
}

fn put(path: &Path, content: Option<&str>) {
    match content {
        Some(content) => std::fs::write(path, content).unwrap(),
        None => std::fs::remove_file(path).unwrap(),
    }
}

#[test]
fn wrong_rules_leave_the_former_in_force() {
    let (six, four, zero) = (with_failures(6), with_failures(4), with_failures(0));
    check_rules(&[
        (Some(&six), 6, false),
        (Some(&zero), 6, true),
        (Some("[after_multiple_failures\n"), 6, true),
        (Some(&four), 4, false),
        (None, 4, true),
        (Some(&six), 6, false),
    ]);
    // Nothing is judged by rules that nobody wanted.
    check_rules(&[(Some(&zero), 0, true), (Some(&four), 4, false)]);
}

#[test]
fn detection_goes_on_by_the_former_files_while_others_are_wrong() {
    let place = place(&[
        ("detection.rules", "rules.toml"),
        ("detection.people", "people.txt"),
    ]);
    let mut judges = Judges::default();
    place.attack("2024-05-01", "ann", 6);
    put(&place.path("rules.toml"), Some(&with_failures(0)));
    put(&place.path("people.txt"), Some("bob@contoso.example,00u2\n"));
    place.judge(&mut judges);
    assert!(place.standing().is_empty());
    put(&place.path("rules.toml"), Some(&with_failures(6)));
    place.judge(&mut judges);
    assert_eq!(place.standing(), ["2024-05-01 ann"]);
    put(&place.path("people.txt"), Some("bob@contoso.example;00u2\n"));
    place.attack("2024-05-02", "bob", 6);
    place.judge(&mut judges);
    assert_eq!(place.standing(), ["2024-05-01 ann", "2024-05-02 bob"]);
    let people = &judges.grounds.as_ref().unwrap().people;
    assert_eq!(
        people.subject(Some("00u2"), None).as_deref(),
        Some("bob@contoso.example")
    );
}

#[test]
fn what_is_remembered_at_a_stop_is_read_back_at_the_next_start_and_not_if_somebody_judged_in_between() {
    for is_judged_in_between in [false, true] {
        let place = place(&[]);
        let is_kept = || {
            let control = &place.service.app.control;
            let names = ["person ann@contoso.example", "address 203.0.113.7"];
            names.map(|name| control.detection_subject(TENANT, name).unwrap().is_some())
        };
        let mut judges = Judges::default();
        place.attack("2024-06-10", "ann", 9);
        place.attack("2024-06-11", "ann", 9);
        place.judge(&mut judges);
        if is_judged_in_between {
            drop(place.service.app.detection.rest());
        }
        assert_eq!(is_kept(), [false; 2]);
        judges.end(&place.service.app);
        assert_eq!(is_kept(), [!is_judged_in_between; 2]);
        let mut judges = Judges::default();
        place.attack("2024-06-12", "ann", 10);
        place.judge(&mut judges);
        assert_eq!(is_kept(), [false; 2]);
        assert_eq!(place.standing(), ["2024-06-12 ann"]);
        let again = place.service.app.metrics.render().unwrap();
        let recalls = format!(
            "gatelog_detection_recalls_total {}",
            if is_judged_in_between { 0 } else { 2 }
        );
        assert!(again.lines().any(|line| line == recalls), "{recalls}");
    }
}

#[test]
fn nothing_that_knows_of_a_freed_month_is_kept_on() {
    for is_in_memory in [false, true] {
        let place = place(&[]);
        let mut judges = Judges::default();
        place.attack("2024-05-10", "ann", 9);
        place.attack("2024-06-11", "ann", 9);
        place.judge(&mut judges);
        let is_kept = || {
            let control = &place.service.app.control;
            control
                .detection_subject(TENANT, "person ann@contoso.example")
                .unwrap()
                .is_some()
        };
        if !is_in_memory {
            judges.end(&place.service.app);
            assert!(is_kept());
            judges = Judges::default();
            place.judge(&mut judges);
        }
        place.free(&["2024-05"]);
        // Nothing comes for it.
        place.judge(&mut judges);
        assert!(!is_kept(), "{is_in_memory}");
        judges.end(&place.service.app);
        assert!(!is_kept(), "{is_in_memory}");
    }
}
