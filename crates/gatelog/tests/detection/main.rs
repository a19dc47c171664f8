//! Anomaly reports as readers meet them: programs bring sign-ins, and rows come, change and go, through kills and late arrivals.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

mod again;
mod files;
mod people;
mod stop;

use model::time::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use support::records::now;
use support::{App, CONTOSO, Server, Workplace};

const FAILURES: &str = "signInsAfterMultipleFailuresEvents";
const TRAVEL: &str = "signInsFromMultipleGeographiesEvents";
const ADDRESSES: &str = "signInsFromIPAddressesWithSuspiciousActivityEvents";
const ALL_SIX: &str = "allUsersWithAnomalousSignInActivityEvents";

struct Site {
    server: Server,
    app: App,
    ingest: String,
    read: String,
    workplace: Workplace,
}

const AT_ONCE: &[(&str, &str)] = &[("detection.allowed_lateness_seconds", "0")];

fn site() -> Site {
    site_in(Workplace::new(), AT_ONCE)
}

fn site_in(workplace: Workplace, settings: &[(&str, &str)]) -> Site {
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    Site::over(workplace, app, settings)
}

impl Site {
    fn over(workplace: Workplace, app: App, settings: &[(&str, &str)]) -> Site {
        let server = workplace.serve_with(settings);
        Site {
            ingest: server.ingest_token(&app),
            read: server.reading_token(&app),
            server,
            app,
            workplace,
        }
    }

    /// The program ends without a word, and another begins.
    fn killed(self) -> Site {
        self.killed_with(AT_ONCE)
    }

    fn killed_with(self, settings: &[(&str, &str)]) -> Site {
        let Site {
            server,
            app,
            workplace,
            ..
        } = self;
        server.program.kill();
        Site::over(workplace, app, settings)
    }

    fn bring(&self, sign_ins: &[Value]) {
        let lines: Vec<String> = sign_ins.iter().map(Value::to_string).collect();
        let answer = self.server.ingest(&self.ingest, "contoso.com", &lines.join("\n"));
        assert_eq!(answer["rejected"], 0, "{answer}");
    }

    fn rows(&self, report: &str, time: &str) -> Vec<Value> {
        let target =
            format!("/contoso.com/reports/{report}?api-version=beta&$filter={time}%20ge%202001-01-01");
        let answer = self.server.get(&self.read, &target);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["value"].as_array().unwrap().clone()
    }

    /// Waits until detection has said something else of a report: bounded, and the caller looks at what it said.
    fn rows_once(&self, report: &str, time: &str, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        for _ in 0..400 {
            let rows = self.rows(report, time);
            if is_there(&rows) {
                return rows;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it never came: {:?}", self.rows(report, time));
    }
}

/// Berlin and Lagos, as Entra tells places.
const BERLIN: (&str, &str, f64, f64, &str) = ("Berlin", "DE", 52.52, 13.405, "198.51.100.7");
const LAGOS: (&str, &str, f64, f64, &str) = ("Lagos", "NG", 6.45, 3.39, "203.0.113.9");

/// A sign-in as Microsoft Graph has it.
fn sign_in(id: u32, at: Timestamp, user: &str, code: u32, place: (&str, &str, f64, f64, &str)) -> Value {
    let (city, country, latitude, longitude, address) = place;
    json!({
        "id": format!("00000000-0000-4000-8000-{id:012}"),
        "createdDateTime": at.to_string(),
        "userDisplayName": user,
        "userPrincipalName": format!("{user}@contoso.com"),
        "appId": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "appDisplayName": "Azure Portal",
        "ipAddress": address,
        "clientAppUsed": "Browser",
        "status": { "errorCode": code },
        "deviceDetail": { "browser": "Chrome 118.0.0", "operatingSystem": "Windows 10" },
        "location": {
            "city": city, "countryOrRegion": country,
            "geoCoordinates": { "latitude": latitude, "longitude": longitude },
        },
    })
}

/// Days of sign-ins in Berlin, the last one an hour ago.
fn habit(user: &str, days: u32) -> Vec<Value> {
    habit_until(now().plus_seconds(-3_600), user, days)
}

fn habit_until(last: Timestamp, user: &str, days: u32) -> Vec<Value> {
    (0..days)
        .map(|day| sign_in(1_000 + day, last.plus_days(-i64::from(day)), user, 0, BERLIN))
        .collect()
}

#[test]
fn two_places_at_once_are_a_row_with_both_of_them() {
    let site = site();
    let mut sign_ins = habit("ann", 20);
    let second = now().plus_seconds(-1_800);
    sign_ins.push(sign_in(1, second, "ann", 0, LAGOS));
    site.bring(&sign_ins);
    let rows = site.rows_once(TRAVEL, "timeOfSecondSignIn", |rows| !rows.is_empty());
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(row["firstSigninFrom"], "Berlin, DE");
    assert_eq!(row["secondSigninFrom"], "Lagos, NG");
    assert_eq!(row["timeBetweenSignIns"], "00:30:00");
    // 5,204 km less 50 km around each, at 900 km/h.
    assert_eq!(row["estimatedTravelHours"], 6);
    assert_eq!(row["userName"], "ann@contoso.com");
    assert_eq!(row["timeOfSecondSignIn"], second.to_string());
    let all = site.rows(ALL_SIX, "eventTime");
    let of_travel: Vec<_> = all.iter().filter(|row| row["reason"] == TRAVEL).collect();
    assert_eq!(of_travel.len(), 1, "{all:?}");
}

/// Ten failures and a success; then a success comes late that was between them.
#[test]
fn what_comes_late_takes_a_row_back_and_what_is_found_again_comes_back() {
    let site = site();
    let start = now().plus_seconds(-7_200);
    let at = |minutes: i64| start.plus_seconds(minutes * 60);
    let mut tries: Vec<Value> = (0..10)
        .map(|n| sign_in(n, at(i64::from(n)), "bob", 50_126, BERLIN))
        .collect();
    tries.push(sign_in(20, at(20), "bob", 0, BERLIN));
    site.bring(&tries);
    let rows = site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| !rows.is_empty());
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["failedAttemptsToSignIn"], 10);
    assert_eq!(rows[0]["firstSuccessfulSignIn"], at(20).to_string());
    let id = rows[0]["id"].clone();

    let mut between = sign_in(30, start.plus_seconds(270), "bob", 0, BERLIN);
    site.bring(std::slice::from_ref(&between));
    site.rows_once(FAILURES, "firstSuccessfulSignIn", <[Value]>::is_empty);

    // The source corrects itself: that one failed as well.
    between["status"]["errorCode"] = json!(50_126);
    between["riskDetail"] = json!("none");
    between["riskState"] = json!("none");
    site.bring(&[between]);
    let rows = site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| !rows.is_empty());
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["failedAttemptsToSignIn"], 11);
    assert_eq!(rows[0]["id"], id, "the same finding has the same id");
}

#[test]
fn a_kill_between_storing_and_judging_loses_no_finding_and_doubles_none() {
    let mut site = site();
    let start = now().plus_seconds(-7_200);
    for round in 0..4_u32 {
        let victim = format!("victim{round}");
        let attack = |n: u32, user: &str, code: u32| {
            let at = start.plus_seconds(i64::from(round * 600 + n));
            let place = ("", "", 0.0, 0.0, "203.0.113.77");
            sign_in(round * 100 + n, at, user, code, place)
        };
        let mut tries: Vec<Value> = (0..12).map(|n| attack(n, &victim, 50_126)).collect();
        tries.push(attack(20, &victim, 0));
        site.bring(&tries);
        site = site.killed();
    }
    let rows = site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() >= 4);
    assert_eq!(rows.len(), 4, "{rows:?}");
    let addresses = site.rows_once(ADDRESSES, "eventTime", |rows| rows.len() >= 4);
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    let site = site.killed();
    assert_eq!(site.rows(FAILURES, "firstSuccessfulSignIn").len(), 4);
}

#[test]
fn another_threshold_counts_for_later_sign_ins_only() {
    let site = site();
    let start = now().plus_seconds(-7_200);
    let guessed = |first: u32, at: Timestamp, user: &str| -> Vec<Value> {
        let mut tries: Vec<Value> = (0..6_u32)
            .map(|n| sign_in(first + n, at.plus_seconds(i64::from(n)), user, 50_126, BERLIN))
            .collect();
        tries.push(sign_in(first + 10, at.plus_seconds(10), user, 0, BERLIN));
        tries
    };
    site.bring(&guessed(100, start, "early"));
    let ten = guessed(200, start, "marker")
        .into_iter()
        .chain((0..5_u32).map(|n| {
            sign_in(
                300 + n,
                start.plus_seconds(-10 + i64::from(n)),
                "marker",
                50_126,
                BERLIN,
            )
        }));
    site.bring(&ten.collect::<Vec<_>>());
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() == 1);

    let rules = site
        .workplace
        .file("rules.toml", "[after_multiple_failures]\nminimum_failures = 6\n");
    let settings = [
        ("detection.allowed_lateness_seconds", "0"),
        ("detection.rules", rules.to_str().unwrap()),
    ];
    let site = site.killed_with(&settings);
    // Something of the early one comes anew, so it is judged again, by what counted then.
    site.bring(&[sign_in(400, start.plus_seconds(-500), "early", 0, BERLIN)]);
    site.bring(&guessed(500, now(), "later"));
    let rows = site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() >= 2);
    let mut users: Vec<&str> = rows.iter().map(|row| row["userName"].as_str().unwrap()).collect();
    users.sort_unstable();
    assert_eq!(users, ["later@contoso.com", "marker@contoso.com"]);
}
