//! Records for measuring: even, independent of each other, of a wanted size.

use crate::Generated;
use crate::apps::APPS;
use crate::chance::Chance;
use crate::devices::BROWSER;
use crate::outcomes::{Outcome, SecondFactor};
use crate::people::{Cast, Person};
use crate::places::{CITIES, Network, address};
use crate::sign_in_record::{self, SignIn, Subject};
use model::tenant::TenantId;
use model::time::Timestamp;
use uuid::Uuid;

/// How large the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordSize {
    /// About 500 bytes: what small sources send.
    Small,
    /// About 5 KB: what Entra sends.
    Entra,
}

/// Sign-ins at random instants, see [`uniform`].
#[derive(Debug)]
pub struct Uniform {
    cast: Cast,
    chance: Chance,
    left: u64,
    start: Timestamp,
    end: Timestamp,
    record_bytes: usize,
}

/// Sign-ins of one size in time order, see [`stream`].
#[derive(Debug)]
pub struct Stream {
    cast: Cast,
    chance: Chance,
    count: u64,
    handed_out: u64,
    start: Timestamp,
    end: Timestamp,
    record_bytes: usize,
}

/// Sign-ins at instants that are random between `start` and `end` (both possible) and in no order, each with a GUID of
/// its own as id, of 1,000 people of one directory. One in twenty is a wrong password.
pub fn uniform(seed: u64, count: u64, start: Timestamp, end: Timestamp, size: RecordSize) -> Uniform {
    Uniform {
        cast: Cast::new(seed, PEOPLE, DOMAIN),
        chance: Chance::of(seed, &[KEY_UNIFORM]),
        left: count,
        start,
        end,
        record_bytes: match size {
            RecordSize::Small => 500,
            RecordSize::Entra => 5_000,
        },
    }
}

/// Sign-ins of `record_bytes` each until `total_bytes` are reached, counting a line feed after each; in time order, evenly
/// spread from `start` to `end`. For pouring gigabytes into an import without keeping them anywhere.
///
/// Every record has exactly the wanted size; 700 bytes is the least.
pub fn stream(seed: u64, total_bytes: u64, record_bytes: u32, start: Timestamp, end: Timestamp) -> Stream {
    let record_bytes = record_bytes.max(LEAST_RECORD_BYTES);
    Stream {
        cast: Cast::new(seed, PEOPLE, DOMAIN),
        chance: Chance::of(seed, &[KEY_STREAM]),
        count: total_bytes.div_ceil(u64::from(record_bytes) + 1),
        handed_out: 0,
        start,
        end,
        record_bytes: record_bytes as usize,
    }
}

impl Uniform {
    /// The same of the people of a directory of a seed of its own: with it, several of these are of one directory.
    #[must_use]
    pub fn of_directory(self, seed: u64) -> Uniform {
        Uniform {
            cast: Cast::new(seed, PEOPLE, DOMAIN),
            ..self
        }
    }
}

impl Iterator for Uniform {
    type Item = Generated;

    fn next(&mut self) -> Option<Generated> {
        self.left = self.left.checked_sub(1)?;
        let time = Timestamp::from_ticks(self.chance.between(self.start.ticks(), self.end.ticks()));
        // Real records are not all of one length.
        let record_bytes = self.record_bytes + self.chance.below(self.record_bytes as u64 / 20) as usize;
        Some(record(&self.cast, &mut self.chance, time, record_bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl Iterator for Stream {
    type Item = Generated;

    fn next(&mut self) -> Option<Generated> {
        if self.handed_out == self.count {
            return None;
        }
        let span = i128::from(self.end.ticks()) - i128::from(self.start.ticks());
        let passed = span.max(0) * i128::from(self.handed_out) / i128::from(self.count);
        self.handed_out += 1;
        let time = self.start.plus_ticks(passed as i64);
        Some(record(&self.cast, &mut self.chance, time, self.record_bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.count - self.handed_out) as usize;
        (left, Some(left))
    }
}

/// The directory of the people here; so that a test can ask for it.
const TENANT: TenantId = TenantId::new(Uuid::from_u128(0x4b24_62a4_bbee_495a_a0e1_f23a_e524_cc9c));
const DOMAIN: &str = "fabrikam.example";
const PEOPLE: u32 = 1000;
const LEAST_RECORD_BYTES: u32 = 700;
const KEY_UNIFORM: u64 = 30;
const KEY_STREAM: u64 = 31;

/// From this size on a record has all its members; smaller ones have the few that everybody reads.
const WHOLE_RECORD_BYTES: usize = 3_400;
/// What a whole record takes without policies, and what each policy adds: both a little more than is needed.
const BASE_BYTES: usize = 3_200;
const POLICY_BYTES: usize = 400;

fn record(cast: &Cast, chance: &mut Chance, time: Timestamp, record_bytes: usize) -> Generated {
    let number = chance.below(u64::from(PEOPLE)) as u32;
    let person: &Person = &cast.people[number as usize];
    let whole = record_bytes >= WHOLE_RECORD_BYTES;
    let sign_in = SignIn {
        id: chance.guid(),
        time,
        tenant: TENANT,
        subject: Subject::Interactive(person),
        app: &APPS[chance.below(APPS.len() as u64) as usize],
        client: BROWSER,
        machine: Some(person.desktop),
        address: &address(Network::Home, person.city, number, chance),
        city: &CITIES[person.city],
        outcome: if chance.in_thousand(50) {
            Outcome::WrongPassword
        } else {
            Outcome::Success
        },
        second_factor: SecondFactor::NotAsked,
        risk: "none",
        correlation: chance.guid(),
        policies: record_bytes.saturating_sub(BASE_BYTES) / POLICY_BYTES,
    };
    // Written twice from the same chance: once to see how much room is left, once with words in it.
    let write = |padding: &str| {
        if whole {
            sign_in_record::whole(&sign_in, &mut chance.clone(), padding)
        } else {
            sign_in_record::small(&sign_in, padding)
        }
    };
    let bare = write("").len();
    let room = record_bytes.saturating_sub(bare);
    let json = if room < LEAST_PADDING_BYTES {
        write("")
    } else {
        let frame = write("x").len() - 1 - bare;
        write(&words(&mut Chance::new(time.ticks() as u64), room - frame))
    };
    // What the writer drew from the clone must not be drawn again by the next record.
    chance.number();
    Generated {
        time,
        json: String::from_utf8_lossy(&json).into_owned(),
    }
}

/// Less room than this is left as it is: the padding's own member needs it.
const LEAST_PADDING_BYTES: usize = 130;

/// Words such as permissions are made of, so that the text shrinks under compression as real records do.
fn words(chance: &mut Chance, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(chance.word(WORDS));
        text.push(' ');
    }
    text.truncate(bytes);
    text
}

const WORDS: &[&str] = &[
    "User.Read",
    "Mail.ReadWrite",
    "Files.Read.All",
    "Calendars.Read",
    "openid",
    "profile",
    "offline_access",
    "email",
    "Directory.Read.All",
    "Group.Read.All",
    "Sites.Read.All",
    "AuditLog.Read.All",
    "Contacts.Read",
    "Tasks.ReadWrite",
];
