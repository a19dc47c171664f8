//! People and strangers at sshd, as the lines of `/var/log/auth.log` with whole dates.

use super::{Elsewhere, KEY_SERVERS, Scene, account_name, later, working_hour};
use crate::chance::Chance;
use crate::days;
use crate::names::IT;
use crate::people::Cast;
use crate::places::{CITIES, Network, address};
use model::time::Timestamp;

/// One line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    who: Who,
    outcome: Outcome,
    server: usize,
}

#[derive(Debug, Clone, Copy)]
enum Who {
    Person(u32),
    /// Somebody who guesses, from a city; the number chooses the name.
    Stranger(usize, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Key,
    Password,
    Refused,
}

const SERVERS: &[&str] = &["build01", "build02", "files01"];
/// Names that strangers try; who has `root` exists everywhere.
const GUESSES: &[&str] = &["root", "admin", "test", "oracle", "ubuntu", "postgres"];

/// Who engineers and administers goes to a server now and then; strangers come every other day.
pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    let mut put = |time: Timestamp, who: Who, outcome: Outcome, server: usize| {
        let act = Act { who, outcome, server };
        // rsyslog writes microseconds.
        let time = Timestamp::from_ticks(time.ticks() - time.ticks().rem_euclid(10));
        moments.push((time, Elsewhere::Server(act)));
    };
    for (number, person) in (0..).zip(&cast.people) {
        let chance = &mut Chance::of(seed, &[KEY_SERVERS, u64::from(number), day as u64]);
        let goes = match person.department.name {
            IT => 300,
            "Engineering" => 80,
            _ => continue,
        };
        if !chance.in_thousand(goes) {
            continue;
        }
        let Some(mut time) = working_hour(seed, cast, number, day, chance) else {
            continue;
        };
        let server = chance.below(SERVERS.len() as u64) as usize;
        let by_password = chance.in_thousand(250);
        if by_password && chance.in_thousand(150) {
            put(time, Who::Person(number), Outcome::Refused, server);
            time = later(time, chance, 3, 12);
        }
        let outcome = if by_password {
            Outcome::Password
        } else {
            Outcome::Key
        };
        put(time, Who::Person(number), outcome, server);
    }
    let chance = &mut Chance::of(seed, &[KEY_SERVERS, u64::MAX, day as u64]);
    if !chance.in_thousand(500) {
        return;
    }
    let city = chance.below(CITIES.len() as u64) as usize;
    let mut time = days::at(day * 86_400, chance.between(0, 1_430), chance);
    for _ in 0..chance.between(2, 2 + (cast.people.len() as i64 / 20).min(12)) {
        let who = Who::Stranger(city, chance.number());
        put(time, who, Outcome::Refused, 0);
        time = later(time, chance, 2, 9);
    }
}

/// The line.
pub(super) fn write(scene: &Scene<'_>, act: Act, chance: &mut Chance) -> Vec<u8> {
    let server = SERVERS[act.server];
    let process = chance.between(900, 60_000);
    let port = chance.between(32_768, 60_999);
    let (user, from) = match act.who {
        Who::Person(number) => {
            let person = scene.person(number);
            (
                account_name(person).to_owned(),
                address(Network::Office, person.city, number, chance),
            )
        }
        Who::Stranger(city, number) => {
            let name = GUESSES[(number % GUESSES.len() as u64) as usize];
            let name = if name == "root" {
                name.to_owned()
            } else {
                format!("invalid user {name}")
            };
            (name, address(Network::Stranger, city, 0, chance))
        }
    };
    let told = match act.outcome {
        Outcome::Key => format!(
            "Accepted publickey for {user} from {from} port {port} ssh2: ED25519 SHA256:{}",
            fingerprint(chance)
        ),
        Outcome::Password => format!("Accepted password for {user} from {from} port {port} ssh2"),
        Outcome::Refused => format!("Failed password for {user} from {from} port {port} ssh2"),
    };
    format!("{} {server} sshd[{process}]: {told}", scene.time).into_bytes()
}

/// As ssh-keygen shows it: 43 characters of base 64.
fn fingerprint(chance: &mut Chance) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..43).map(|_| char::from(*chance.pick(LETTERS))).collect()
}
