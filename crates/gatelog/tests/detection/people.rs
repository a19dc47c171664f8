//! Names of one person in several sources are one person where a file says so, and nowhere else.

use super::{AT_ONCE, FAILURES, LAGOS, Site, TRAVEL, habit_until, sign_in, site_in};
use crate::support::Workplace;
use crate::support::records::now;
use model::time::Timestamp;
use serde_json::{Value, json};

/// Everybody whose names are told, in the spelling of whoever wrote the file.
const PEOPLE: &str = "\
# sign-in name in Entra, id in Okta
Ann@contoso.com, 00uAnn
# object id in Entra, e-mail address as the name in Okta
0B0B0B0B-0000-4000-8000-000000000002, bob.brown@fabrikam.example
# SID and sign-in name
S-1-5-21-1004-2003-3002-1104, carol@contoso.com
# all of them, whoever knows which
CONTOSO\\dora, S-1-5-21-1004-2003-3002-1105, dora@contoso.com, 00uDora, dora.doe@fabrikam.example
# a guest
eve_fabrikam.example#EXT#@contoso.com, 00uEve
";

/// A sign-in as Okta's System Log has it, from Lagos.
fn okta(number: u32, at: Timestamp, id: &str, name: &str) -> Value {
    let (city, country, latitude, longitude, address) = LAGOS;
    json!({
        "uuid": format!("00000000-0000-4000-9000-{number:012}"),
        "published": at.to_string(),
        "eventType": "user.session.start",
        "legacyEventType": "core.user_auth.login_success",
        "actor": { "id": id, "type": "User", "alternateId": name, "displayName": "Somebody" },
        "client": {
            "ipAddress": address,
            "userAgent": { "rawUserAgent": "curl/8.5.0", "os": "Unknown", "browser": "UNKNOWN" },
            "geographicalContext": {
                "city": city, "country": country, "geolocation": { "lat": latitude, "lon": longitude },
            },
        },
        "outcome": { "result": "SUCCESS" },
    })
}

/// A wrong password as a domain controller logs it (4771), in winlogbeat's shape.
fn wrong_password(number: u32, at: Timestamp, sid: &str, name: &str) -> Value {
    json!({
        "@timestamp": at.to_string(),
        "event": { "code": "4771", "outcome": "failure" },
        "winlog": {
            "event_id": 4771, "channel": "Security", "computer_name": "dc1.contoso.example",
            "provider_name": "Microsoft-Windows-Security-Auditing", "record_id": number,
            "keywords": ["Audit Failure"],
            "event_data": {
                "TargetSid": sid, "TargetUserName": name, "Status": "0x18", "IpAddress": "::ffff:203.0.113.9",
            },
        },
    })
}

/// Somebody at home in Berlin by Entra, with an object id.
fn at_home(user: &str, object_id: &str, last: Timestamp, first_id: u32) -> Vec<Value> {
    let mut habit = habit_until(last, user, 20);
    for (number, sign_in) in (first_id..).zip(&mut habit) {
        sign_in["id"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
        sign_in["userId"] = json!(object_id);
    }
    habit
}

fn records() -> Vec<Value> {
    let last = now().plus_seconds(-7_200);
    let soon = last.plus_seconds(1_800);
    let object = |n: u32| format!("0b0b0b0b-0000-4000-8000-{n:012}");
    let mut records = Vec::new();
    for (number, user, okta_id, okta_name) in [
        (1, "ann", "00uAnn", "ann.adams@fabrikam.example"),
        (2, "bob", "00uBob", "bob.brown@fabrikam.example"),
        (4, "dora", "00uOther", "dora.doe@fabrikam.example"),
        (5, "eve_fabrikam.example#EXT#", "00uEve", "eve@fabrikam.example"),
        // Somebody with habits and the same place half an hour later, whom no file names.
        (6, "zoe", "00uZoe", "zoe@fabrikam.example"),
    ] {
        records.extend(at_home(user, &object(number), last, number * 1_000));
        records.push(okta(number, soon, okta_id, okta_name));
    }
    for (number, sid, name, user) in [
        (3, "S-1-5-21-1004-2003-3002-1104", "carol.c", "carol"),
        (4, "S-1-5-21-1004-2003-3002-1105", "dora.d", "dora"),
        (6, "S-1-5-21-1004-2003-3002-1106", "zoe.z", "zoe"),
    ] {
        for n in 0..10 {
            let at = soon.plus_seconds(1 + i64::from(n));
            records.push(wrong_password(number * 1_000 + n, at, sid, name));
        }
        let (city, country, latitude, longitude, _) = super::BERLIN;
        let at = soon.plus_seconds(60);
        let place = (city, country, latitude, longitude, "198.51.100.8");
        records.push(sign_in(number * 1_000 + 500, at, user, 0, place));
    }
    records
}

impl Site {
    fn found_of(&self, report: &str, time: &str) -> Vec<String> {
        let rows = self.rows(report, time);
        let mut found: Vec<String> = rows
            .iter()
            .map(|row| row["userName"].as_str().unwrap().to_owned())
            .collect();
        found.sort_unstable();
        found
    }
}

/// Who is found in both reports, once everything is judged.
fn check(people: Option<&str>, travellers: &[&str], guessed: &[&str]) {
    let workplace = Workplace::new();
    let mut settings = AT_ONCE.to_vec();
    let path = people.map(|people| workplace.file("people.txt", people));
    if let Some(path) = &path {
        settings.push(("detection.people", path.to_str().unwrap()));
    }
    let site = site_in(workplace, &settings);
    site.bring(&records());
    // Comes after all of them, and is found whoever is whom.
    let last = now().plus_seconds(-600);
    let marker: Vec<Value> = (0..11)
        .map(|n| {
            let code = if n < 10 { 50_126 } else { 0 };
            sign_in(
                900 + n,
                last.plus_seconds(i64::from(n)),
                "marker",
                code,
                super::BERLIN,
            )
        })
        .collect();
    site.bring(&marker);
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| {
        rows.iter().any(|row| row["userName"] == "marker@contoso.com")
    });
    assert_eq!(site.found_of(TRAVEL, "timeOfSecondSignIn"), travellers);
    assert_eq!(site.found_of(FAILURES, "firstSuccessfulSignIn"), guessed);
}

#[test]
fn one_person_in_several_sources_is_judged_as_one_where_the_file_says_so() {
    check(
        Some(PEOPLE),
        &[
            "ann.adams@fabrikam.example",
            "bob.brown@fabrikam.example",
            "dora.doe@fabrikam.example",
            "eve@fabrikam.example",
        ],
        &["carol@contoso.com", "dora@contoso.com", "marker@contoso.com"],
    );
}

#[test]
fn nobody_is_stitched_together_where_no_file_says_so() {
    check(None, &[], &["marker@contoso.com"]);
}
