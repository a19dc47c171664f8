//! People of a company that was bought, who still sign in at Okta: its System Log, as the API answers it.

use super::{Elsewhere, KEY_OKTA, Scene, later, texts, thing_id, working_hour};
use crate::chance::Chance;
use crate::people::{Cast, Person};
use crate::places::{CITIES, City, Network, address};
use crate::sign_in_record::array;
use model::json::ObjectWriter;
use model::time::Timestamp;

/// One event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    kind: Kind,
    person: u32,
    /// Ties the events of one visit together.
    visit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SignIn,
    WrongPassword,
    SecondFactor,
    Application,
    ResetPassword,
    ChangedPassword,
    RegisteredFactor,
    AddedToGroup,
    RemovedFromGroup,
}

const APPLICATIONS: &[&str] = &["Salesforce", "Zendesk", "Dropbox Business"];
const GROUPS: &[&str] = &["Northwind Sales", "Northwind Support"];

/// One person of eight came with the company.
pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    for number in (5..cast.people.len() as u32).step_by(8) {
        let chance = &mut Chance::of(seed, &[KEY_OKTA, u64::from(number), day as u64]);
        let Some(mut time) = working_hour(seed, cast, number, day, chance) else {
            continue;
        };
        let visit = chance.number();
        let mut put = |time: Timestamp, kind: Kind| {
            let act = Act {
                kind,
                person: number,
                visit,
            };
            moments.push((super::to_millis(time), Elsewhere::Okta(act)));
        };
        if chance.in_thousand(50) {
            put(time, Kind::WrongPassword);
            time = later(time, chance, 4, 25);
        }
        put(time, Kind::SignIn);
        if chance.in_thousand(200) {
            time = later(time, chance, 3, 20);
            put(time, Kind::SecondFactor);
        }
        if chance.in_thousand(500) {
            time = later(time, chance, 2, 1_000);
            put(time, Kind::Application);
        }
        let seldom = match chance.below(1_000) {
            0..8 => Kind::ResetPassword,
            8..18 => Kind::ChangedPassword,
            18..26 => Kind::RegisteredFactor,
            26..36 => Kind::AddedToGroup,
            36..40 => Kind::RemovedFromGroup,
            _ => continue,
        };
        put(later(time, chance, 60, 3_000), seldom);
    }
}

/// Type, legacy type, message.
fn words(kind: Kind) -> [&'static str; 3] {
    match kind {
        Kind::SignIn => [
            "user.session.start",
            "core.user_auth.login_success",
            "User login to Okta",
        ],
        Kind::WrongPassword => [
            "user.session.start",
            "core.user_auth.login_failed",
            "User login to Okta",
        ],
        Kind::SecondFactor => [
            "user.authentication.auth_via_mfa",
            "core.user.factor.attempt_success",
            "Authentication of user via MFA",
        ],
        Kind::Application => [
            "user.authentication.sso",
            "app.auth.sso",
            "User single sign on to app",
        ],
        Kind::ResetPassword => [
            "user.account.reset_password",
            "core.user.config.user_status.password_reset",
            "Reset password for user",
        ],
        Kind::ChangedPassword => [
            "user.account.update_password",
            "core.user.config.password_update.success",
            "User update password for Okta",
        ],
        Kind::RegisteredFactor => [
            "user.mfa.factor.activate",
            "core.user.factor.activate",
            "Activate factor or authenticator enrollment method for user",
        ],
        Kind::AddedToGroup => [
            "group.user_membership.add",
            "core.user_group_member.user_add",
            "Add user to group membership",
        ],
        Kind::RemovedFromGroup => [
            "group.user_membership.remove",
            "core.user_group_member.user_remove",
            "Remove user from group membership",
        ],
    }
}

/// The record.
pub(super) fn write(scene: &Scene<'_>, act: Act, chance: &mut Chance) -> Vec<u8> {
    let person = scene.person(act.person);
    let [event_type, legacy_type, message] = words(act.kind);
    // One visit, one address: the same chance for each of its events.
    let visit = &mut Chance::new(act.visit);
    let transaction = visit.guid().simple().to_string();
    let from = address(Network::Office, person.city, act.person, visit);
    let failed = act.kind == Kind::WrongPassword;
    let by_others = matches!(act.kind, Kind::AddedToGroup | Kind::RemovedFromGroup);
    let actor = if by_others {
        scene.person(scene.administrator(chance))
    } else {
        person
    };
    let city = &CITIES[person.city];
    let place = place(city);
    let hop = ObjectWriter::new()
        .text("ip", Some(&from))
        .raw("geographicalContext", &place)
        .text("version", Some(if from.contains(':') { "V6" } else { "V4" }))
        .text("source", None)
        .finish();
    let factor = (act.kind == Kind::SecondFactor).then_some("OKTA_VERIFY_PUSH");
    let debug = texts(&[("requestUri", Some("/idp/idx/identify")), ("factor", factor)]);
    let outcome = texts(&[
        ("result", Some(if failed { "FAILURE" } else { "SUCCESS" })),
        ("reason", failed.then_some("INVALID_CREDENTIALS")),
    ]);
    ObjectWriter::new()
        .text("uuid", Some(&chance.guid().to_string()))
        .time("published", scene.time)
        .text("eventType", Some(event_type))
        .text("version", Some("0"))
        .text("severity", Some(if failed { "WARN" } else { "INFO" }))
        .text("legacyEventType", Some(legacy_type))
        .text("displayMessage", Some(message))
        .raw("actor", &named(actor, "User"))
        .raw("client", &client(person, &from, &place))
        .raw("outcome", &outcome)
        .raw("target", &targets(scene, act.kind, person, chance))
        .raw(
            "transaction",
            &ObjectWriter::new()
                .text("type", Some("WEB"))
                .text("id", Some(&transaction))
                .raw("detail", b"{}")
                .finish(),
        )
        .raw(
            "debugContext",
            &ObjectWriter::new().raw("debugData", &debug).finish(),
        )
        .raw(
            "request",
            &ObjectWriter::new().raw("ipChain", &array(&[hop])).finish(),
        )
        .finish()
}

fn client(person: &Person, from: &str, place: &[u8]) -> Vec<u8> {
    let agent = texts(&[
        ("rawUserAgent", Some(person.desktop.user_agent)),
        ("os", Some(person.desktop.operating_system)),
        ("browser", Some(person.desktop.browser)),
    ]);
    ObjectWriter::new()
        .raw("userAgent", &agent)
        .text("zone", Some("null"))
        .text("device", Some("Computer"))
        .text("id", None)
        .text("ipAddress", Some(from))
        .raw("geographicalContext", place)
        .finish()
}

fn place(city: &City) -> Vec<u8> {
    let position = format!(r#"{{"lat":{},"lon":{}}}"#, city.latitude, city.longitude);
    ObjectWriter::new()
        .text("city", Some(city.name))
        .text("state", Some(city.state))
        .text("country", Some(city.country))
        .text("postalCode", None)
        .raw("geolocation", position.as_bytes())
        .finish()
}

fn named(person: &Person, kind: &str) -> Vec<u8> {
    texts(&[
        ("id", Some(&okta_id("00u", person.id.as_u128()))),
        ("type", Some(kind)),
        ("alternateId", Some(&person.user_principal_name)),
        ("displayName", Some(&person.display_name)),
        ("detailEntry", None),
    ])
}

fn targets(scene: &Scene<'_>, kind: Kind, person: &Person, chance: &mut Chance) -> Vec<u8> {
    let thing = |prefix: &str, kind: &str, number: u64, name: &str| {
        texts(&[
            (
                "id",
                Some(&okta_id(prefix, thing_id(scene.seed, number).as_u128())),
            ),
            ("type", Some(kind)),
            ("alternateId", Some("unknown")),
            ("displayName", Some(name)),
            ("detailEntry", None),
        ])
    };
    match kind {
        Kind::SignIn | Kind::WrongPassword | Kind::SecondFactor => b"[]".to_vec(),
        Kind::Application => {
            let number = chance.below(APPLICATIONS.len() as u64);
            array(&[thing(
                "0oa",
                "AppInstance",
                500 + number,
                APPLICATIONS[number as usize],
            )])
        }
        Kind::ResetPassword | Kind::ChangedPassword | Kind::RegisteredFactor => {
            array(&[named(person, "User")])
        }
        Kind::AddedToGroup | Kind::RemovedFromGroup => {
            let number = chance.below(GROUPS.len() as u64);
            let group = thing("00g", "UserGroup", 600 + number, GROUPS[number as usize]);
            array(&[named(person, "User"), group])
        }
    }
}

/// Okta's ids have twenty letters and digits, of which the first three say of what.
fn okta_id(prefix: &str, number: u128) -> String {
    let digits = format!("{number:032x}");
    format!("{prefix}{}", &digits[..17])
}
