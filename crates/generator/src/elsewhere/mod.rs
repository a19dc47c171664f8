//! What the people of the directory do beside Entra: at Windows machines, in MIM, Okta and Keycloak, on servers; and what
//! customers do at Azure AD B2C. A small share of all events.
//!
//! Nothing here draws from the chances of the days, so sign-ins and changes are the same with and without it.

mod customers;
mod keycloak;
mod mim;
mod mim_request;
mod okta;
mod servers;
mod windows;

use crate::chance::Chance;
use crate::days::{self, Stay};
use crate::people::{Cast, Person};
use model::json::ObjectWriter;
use model::time::{TICKS_PER_SECOND, Timestamp};
use uuid::Uuid;

/// Who wrote a record down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Microsoft Entra ID, as Microsoft Graph gives it.
    Entra,
    /// Azure AD B2C, as Microsoft Graph gives it.
    AzureAdB2c,
    /// The security log of Windows, as JSON of tools for EVTX files.
    Windows,
    /// The request log of Microsoft Identity Manager.
    Mim,
    /// Okta's System Log.
    Okta,
    /// Keycloak's REST API.
    Keycloak,
    /// A server's sshd, as lines.
    Sshd,
}

impl Source {
    /// Every source.
    pub const ALL: &'static [Source] = &[
        Source::Entra,
        Source::AzureAdB2c,
        Source::Windows,
        Source::Mim,
        Source::Okta,
        Source::Keycloak,
        Source::Sshd,
    ];

    /// A name for it, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Entra => "entra",
            Source::AzureAdB2c => "azure-ad-b2c",
            Source::Windows => "windows",
            Source::Mim => "mim",
            Source::Okta => "okta",
            Source::Keycloak => "keycloak",
            Source::Sshd => "sshd",
        }
    }
}

/// One event beside Entra that will be written when its turn comes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Elsewhere {
    Customer(customers::Act),
    Windows(windows::Act),
    Mim(mim::Act),
    Okta(okta::Act),
    Keycloak(keycloak::Act),
    Server(servers::Act),
}

impl Elsewhere {
    pub(crate) fn source(self) -> Source {
        match self {
            Elsewhere::Customer(_) => Source::AzureAdB2c,
            Elsewhere::Windows(_) => Source::Windows,
            Elsewhere::Mim(_) => Source::Mim,
            Elsewhere::Okta(_) => Source::Okta,
            Elsewhere::Keycloak(_) => Source::Keycloak,
            Elsewhere::Server(_) => Source::Sshd,
        }
    }
}

/// Where it happens.
pub(crate) struct Scene<'a> {
    pub(crate) seed: u64,
    pub(crate) domain: &'a str,
    pub(crate) cast: &'a Cast,
    pub(crate) time: Timestamp,
}

impl Scene<'_> {
    fn person(&self, number: u32) -> &Person {
        &self.cast.people[number as usize]
    }

    /// One of those who administer the directory, by number.
    fn administrator(&self, chance: &mut Chance) -> u32 {
        *chance.pick(&self.cast.administrators)
    }
}

/// Everything that happens beside Entra on a day (counted from 1970-01-01).
pub(crate) fn of_day(seed: u64, cast: &Cast, day: i64) -> Vec<(Timestamp, Elsewhere)> {
    let mut moments = Vec::new();
    if cast.people.is_empty() {
        return moments;
    }
    customers::of_day(seed, cast, day, &mut moments);
    windows::of_day(seed, cast, day, &mut moments);
    mim::of_day(seed, cast, day, &mut moments);
    okta::of_day(seed, cast, day, &mut moments);
    keycloak::of_day(seed, cast, day, &mut moments);
    servers::of_day(seed, cast, day, &mut moments);
    moments
}

/// The record.
pub(crate) fn write(scene: &Scene<'_>, elsewhere: Elsewhere, chance: &mut Chance) -> Vec<u8> {
    match elsewhere {
        Elsewhere::Customer(act) => customers::write(scene, act, chance),
        Elsewhere::Windows(act) => windows::write(scene, act, chance),
        Elsewhere::Mim(act) => mim::write(scene, act),
        Elsewhere::Okta(act) => okta::write(scene, act, chance),
        Elsewhere::Keycloak(act) => keycloak::write(scene, act, chance),
        Elsewhere::Server(act) => servers::write(scene, act, chance),
    }
}

/// A time at which somebody works on a day, if they do: by the clocks of their desk. Who travels is not there.
fn working_hour(seed: u64, cast: &Cast, number: u32, day: i64, chance: &mut Chance) -> Option<Timestamp> {
    let is_here = days::stay(seed, cast, number, day) == Stay::AtHome;
    if days::is_weekend(day) || !is_here || !chance.in_thousand(900) {
        return None;
    }
    let person = &cast.people[number as usize];
    let begins = chance.around(person.starts_at_minute, 40);
    let minute = begins + chance.between(0, 8 * 60);
    Some(days::at(days::local_midnight(day, person.city), minute, chance))
}

/// A while later, at a random tick.
fn later(time: Timestamp, chance: &mut Chance, least_seconds: i64, most_seconds: i64) -> Timestamp {
    time.plus_seconds(chance.between(least_seconds, most_seconds))
        .plus_ticks(chance.between(1, TICKS_PER_SECOND))
}

/// As exactly as those write times who count milliseconds.
fn to_millis(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_millis(time.unix_millis())
}

/// The name before the `@`: what a person is called at machines.
fn account_name(person: &Person) -> &str {
    let name = person.user_principal_name.split('@').next();
    name.unwrap_or_default()
}

/// The directory's short name at machines: `CONTOSO` of `contoso.example`.
fn short_domain(domain: &str) -> String {
    domain.split('.').next().unwrap_or_default().to_uppercase()
}

/// The id of something that is not a person, the same for the same seed.
fn thing_id(seed: u64, number: u64) -> Uuid {
    Chance::of(seed, &[KEY_THING, number]).guid()
}

/// An object of texts.
fn texts(members: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    for (name, value) in members {
        object.text(name, *value);
    }
    object.finish()
}

const KEY_THING: u64 = 40;
const KEY_CUSTOMERS: u64 = 41;
const KEY_WINDOWS: u64 = 42;
const KEY_MIM: u64 = 43;
const KEY_OKTA: u64 = 44;
const KEY_KEYCLOAK: u64 = 45;
const KEY_SERVERS: u64 = 46;
