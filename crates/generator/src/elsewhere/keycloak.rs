//! People at applications behind Keycloak, as its REST API answers under /events and /admin-events.

use super::{Elsewhere, KEY_KEYCLOAK, Scene, account_name, later, texts, thing_id, working_hour};
use crate::chance::Chance;
use crate::people::{Cast, Person};
use crate::places::{Network, address};
use model::json::ObjectWriter;
use model::time::Timestamp;
use uuid::Uuid;

/// One event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    kind: Kind,
    person: u32,
    client: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Login,
    WrongPassword,
    /// An interrupt, no failed credential.
    ExpiredCode,
    UpdatePassword,
    UpdateTotp,
    JoinGroup,
    NewUser,
}

const CLIENTS: &[&str] = &["wiki", "chat", "build"];
const GROUPS: &[&str] = &["developers", "reviewers"];
const REALM: &str = "workshop";

/// One person of sixteen works with what is behind Keycloak.
pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    for number in (1..cast.people.len() as u32).step_by(16) {
        let chance = &mut Chance::of(seed, &[KEY_KEYCLOAK, u64::from(number), day as u64]);
        let Some(mut time) = working_hour(seed, cast, number, day, chance) else {
            continue;
        };
        let client = chance.below(CLIENTS.len() as u64) as usize;
        let mut put = |time: Timestamp, kind: Kind| {
            let act = Act {
                kind,
                person: number,
                client,
            };
            moments.push((super::to_millis(time), Elsewhere::Keycloak(act)));
        };
        if chance.in_thousand(60) {
            put(time, Kind::WrongPassword);
            time = later(time, chance, 4, 25);
        }
        if chance.in_thousand(25) {
            put(time, Kind::ExpiredCode);
            time = later(time, chance, 2, 9);
        }
        put(time, Kind::Login);
        let seldom = match chance.below(1_000) {
            0..12 => Kind::UpdatePassword,
            12..20 => Kind::UpdateTotp,
            20..30 => Kind::JoinGroup,
            30..35 => Kind::NewUser,
            _ => continue,
        };
        put(later(time, chance, 60, 3_000), seldom);
    }
}

/// The record.
pub(super) fn write(scene: &Scene<'_>, act: Act, chance: &mut Chance) -> Vec<u8> {
    let person = scene.person(act.person);
    let user = id_of(scene.seed, act.person);
    let from = address(Network::Office, person.city, act.person, chance);
    match act.kind {
        Kind::JoinGroup => {
            let group = chance.below(GROUPS.len() as u64);
            let group_id = thing_id(scene.seed, 400 + group).to_string();
            let name = GROUPS[group as usize];
            let path = format!("/{name}");
            let representation = texts(&[
                ("id", Some(&group_id)),
                ("name", Some(name)),
                ("path", Some(&path)),
            ]);
            let path = format!("users/{user}/groups/{group_id}");
            administration(
                scene,
                chance,
                ("CREATE", "GROUP_MEMBERSHIP", &path, &representation),
            )
        }
        Kind::NewUser => {
            let name = format!("{}.guest", account_name(person));
            let representation = ObjectWriter::new()
                .text("username", Some(&name))
                .boolean("enabled", Some(true))
                .finish();
            let path = format!("users/{}", chance.guid());
            administration(scene, chance, ("CREATE", "USER", &path, &representation))
        }
        _ => of_user(scene, act, person, (&user.to_string(), &from), chance),
    }
}

fn of_user(
    scene: &Scene<'_>,
    act: Act,
    person: &Person,
    (user, from): (&str, &str),
    chance: &mut Chance,
) -> Vec<u8> {
    let (kind, error) = match act.kind {
        Kind::WrongPassword => ("LOGIN_ERROR", Some("invalid_user_credentials")),
        Kind::ExpiredCode => ("LOGIN_ERROR", Some("expired_code")),
        Kind::UpdatePassword => ("UPDATE_PASSWORD", None),
        Kind::UpdateTotp => ("UPDATE_TOTP", None),
        Kind::Login | Kind::JoinGroup | Kind::NewUser => ("LOGIN", None),
    };
    let client = CLIENTS[act.client];
    let redirect = format!("https://{client}.{}/callback", scene.domain);
    let details = texts(&[
        ("auth_method", Some("openid-connect")),
        ("auth_type", Some("code")),
        ("redirect_uri", Some(&redirect)),
        ("code_id", Some(&chance.guid().to_string())),
        ("username", Some(&person.user_principal_name)),
    ]);
    let mut event = ObjectWriter::new();
    event
        .text("id", Some(&chance.guid().to_string()))
        .integer("time", Some(scene.time.unix_millis()))
        .text("type", Some(kind))
        .text("realmId", Some(REALM))
        .text("clientId", Some(client))
        .text("userId", Some(user))
        .text("sessionId", Some(&chance.guid().to_string()))
        .text("ipAddress", Some(from));
    if let Some(error) = error {
        event.text("error", Some(error));
    }
    event.raw("details", &details).finish()
}

/// Operation, resource, path and representation.
type Done<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

fn administration(
    scene: &Scene<'_>,
    chance: &mut Chance,
    (operation, resource, path, representation): Done<'_>,
) -> Vec<u8> {
    let number = scene.administrator(chance);
    let administrator = scene.person(number);
    let from = address(Network::Office, administrator.city, number, chance);
    let by = texts(&[
        ("realmId", Some("master")),
        ("clientId", Some("security-admin-console")),
        ("userId", Some(&id_of(scene.seed, number).to_string())),
        ("ipAddress", Some(&from)),
    ]);
    ObjectWriter::new()
        .text("id", Some(&chance.guid().to_string()))
        .integer("time", Some(scene.time.unix_millis()))
        .text("realmId", Some(REALM))
        .raw("authDetails", &by)
        .text("operationType", Some(operation))
        .text("resourceType", Some(resource))
        .text("resourcePath", Some(path))
        .text("representation", Some(&String::from_utf8_lossy(representation)))
        .finish()
}

/// Keycloak has ids of its own for people.
fn id_of(seed: u64, person: u32) -> Uuid {
    Chance::of(seed, &[KEY_KEYCLOAK, u64::MAX, u64::from(person)]).guid()
}
