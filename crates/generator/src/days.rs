//! What happens on a day: who works where, signs in to what, mistypes, travels, and who guesses passwords.
//!
//! A day is planned from (seed, person, day) alone, so nothing depends on the length of the run or the number of people.

use crate::apps::{AZURE_PORTAL, COMMON_APPS, MAIL, SERVICES};
use crate::chance::Chance;
use crate::changes::{CHANGES, Change};
use crate::devices::STRANGERS;
use crate::elsewhere::Elsewhere;
use crate::names::{FIRST_OPEN_GROUP, GROUPS, IT};
use crate::outcomes::{METHODS, Outcome, SecondFactor};
use crate::people::{Cast, Person};
use crate::places::{CITIES, Network};
use crate::provisioning::Act;
use crate::scenes::Part;
use crate::self_service::{self, Step};
use crate::verdicts::Noticed;
use model::time::{TICKS_PER_SECOND, Timestamp};

/// One event that will be written when its turn comes: small, so that a day of many people fits in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// A person signs in, or somebody tries in that name.
    SignIn(Attempt),
    /// A sign-in of a scene.
    Scene(Part),
    /// An application signs in as itself.
    Service {
        service: usize,
        instance: u32,
        outcome: Outcome,
    },
    /// Somebody changes something about a person.
    Change {
        kind: Change,
        person: u32,
        administrator: u32,
    },
    /// A person does something by themselves; the number ties the steps of one story together.
    SelfService {
        step: Step,
        person: u32,
        owner: u32,
        story: u64,
    },
    /// An account of a person is provisioned in an application.
    Provisioned { person: u32, app: usize, act: Act },
    /// The vendor's protection noticed something about a sign-in.
    Noticed(Noticed),
    /// Something happens beside Entra.
    Elsewhere(Elsewhere),
    /// It found a person's password where passwords are sold.
    Leaked { person: u32 },
    /// It found an application's key lying open.
    LeakedByService { service: usize },
    /// It thinks that a person is at risk from now on.
    AtRisk { person: u32 },
}

/// One try at signing in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) person: u32,
    pub(crate) app: usize,
    pub(crate) with: With,
    pub(crate) network: Network,
    pub(crate) city: usize,
    pub(crate) outcome: Outcome,
    pub(crate) second_factor: SecondFactor,
    /// Ties the tries of one visit together.
    pub(crate) visit: u64,
}

/// What somebody signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    /// The browser on the desk.
    Browser,
    /// A program on the desk that renews its token.
    DesktopClient,
    /// A program on the telephone that renews its token.
    PhoneClient,
    /// A client that knows only a password.
    LegacyClient,
    /// A machine of somebody who guesses, by its place in the list.
    StrangersMachine(usize),
}

/// What happens on a local day, in no order.
pub(crate) struct Day {
    moments: Vec<(Timestamp, Moment)>,
}

/// Of a thousand sign-ins, beside so many something is changed in the directory. A change takes 1.3 records on
/// average, so that a tenth of all events are changes.
const CHANGES_PER_THOUSAND_SIGN_INS: u64 = 84;

const KEY_DAY: u64 = 10;
const KEY_TRIP: u64 = 11;
const KEY_ATTACK: u64 = 12;
const KEY_SERVICE: u64 = 13;

/// The directory locks an account after so many wrong passwords.
const WRONG_UNTIL_LOCKED: u32 = 6;

/// Trips are planned for blocks of so many days.
const TRIP_BLOCK_DAYS: i64 = 14;

/// Everything that happens on a day (counted from 1970-01-01), by the clocks of where people are.
pub(crate) fn plan(seed: u64, cast: &Cast, day: i64) -> Vec<(Timestamp, Moment)> {
    let mut planned = Day { moments: Vec::new() };
    for number in 0..cast.people.len() as u32 {
        plan_person(&mut planned, seed, cast, day, number);
    }
    if !cast.people.is_empty() {
        plan_services(&mut planned, seed, cast, day);
        plan_attack(&mut planned, seed, cast, day);
    }
    planned.moments
}

fn plan_person(planned: &mut Day, seed: u64, cast: &Cast, day: i64, number: u32) {
    let person = &cast.people[number as usize];
    let chance = &mut Chance::of(seed, &[KEY_DAY, u64::from(number), day as u64]);
    let weekend = is_weekend(day);
    if !chance.in_thousand(if weekend { 110 } else { 930 }) {
        return;
    }
    let (city, network) = match stay(seed, cast, number, day) {
        // Who sits in an aeroplane signs in nowhere.
        Stay::OnTheWay => return,
        Stay::Visiting(city) if !weekend => (city, Network::Office),
        Stay::Visiting(city) | Stay::Away(city) => (city, Network::Away),
        Stay::AtHome if weekend || chance.in_thousand(person.days_at_home) => (person.city, Network::Home),
        Stay::AtHome => (person.city, Network::Office),
    };
    let midnight = local_midnight(day, city);
    let begins = chance.around(person.starts_at_minute, 40);
    let ends = begins + if weekend { 90 } else { chance.around(9 * 60, 70) };
    let first = planned.moments.len();

    let to = |app: usize| Visit {
        number,
        network,
        city,
        home: person.city,
        app,
    };
    let app = chance_app(chance, person);
    let time = at(midnight, begins, chance);
    visit(planned, chance, &to(app), time);
    for _ in 0..if weekend { 0 } else { chance.between(0, 3) } {
        let app = chance_app(chance, person);
        let time = at(midnight, chance.between(begins, ends), chance);
        visit(planned, chance, &to(app), time);
    }
    for _ in 0..if weekend { 1 } else { chance.between(1, 5) } {
        let app = chance.below(COMMON_APPS as u64) as usize;
        let time = at(midnight, chance.between(begins, ends), chance);
        renewal(planned, chance, With::DesktopClient, &to(app), time);
    }
    if chance.in_thousand(600) {
        let app = chance.below(3) as usize;
        let time = at(midnight, chance.between(6 * 60, 23 * 60), chance);
        let walking = Visit {
            network: Network::Mobile,
            ..to(app)
        };
        renewal(planned, chance, With::PhoneClient, &walking, time);
    }
    if person.legacy_client.is_some() {
        for _ in 0..chance.between(1, 3) {
            let time = at(midnight, chance.between(begins, ends), chance);
            renewal(planned, chance, With::LegacyClient, &to(MAIL), time);
        }
    }
    for _ in first..planned.moments.len() {
        if chance.in_thousand(CHANGES_PER_THOUSAND_SIGN_INS) {
            let time = at(midnight, chance.between(begins, ends), chance);
            change(planned, chance, cast, number, time);
        }
    }
}

/// Who signs in from where to what.
struct Visit {
    number: u32,
    network: Network,
    city: usize,
    /// The city where they live.
    home: usize,
    app: usize,
}

/// Somebody opens an application: perhaps mistyping, perhaps asked for a second factor, mostly let in.
fn visit(planned: &mut Day, chance: &mut Chance, visit: &Visit, time: Timestamp) {
    let mut time = time;
    let mut attempt = Attempt {
        person: visit.number,
        app: visit.app,
        with: With::Browser,
        network: visit.network,
        city: visit.city,
        outcome: Outcome::Success,
        second_factor: SecondFactor::NotAsked,
        visit: chance.number(),
    };
    if chance.in_thousand(45) {
        let mistypes = *chance.weighted(&[(60, 1), (25, 2), (10, 4), (5, WRONG_UNTIL_LOCKED)]);
        for _ in 0..mistypes {
            planned.push(
                time,
                Attempt {
                    outcome: Outcome::WrongPassword,
                    ..attempt
                },
            );
            time = later(time, chance, 4, 25);
        }
        if mistypes == WRONG_UNTIL_LOCKED {
            planned.push(
                time,
                Attempt {
                    outcome: Outcome::Locked,
                    ..attempt
                },
            );
            return;
        }
    }
    if chance.in_thousand(3) {
        planned.push(
            time,
            Attempt {
                outcome: Outcome::ExpiredPassword,
                ..attempt
            },
        );
        time = later(time, chance, 30, 90);
    }
    let away = visit.city != visit.home;
    if away || visit.app == AZURE_PORTAL || chance.in_thousand(120) {
        let method = *chance.weighted(METHODS);
        let asked = if away {
            Outcome::StrongAuthenticationNeededHere
        } else {
            Outcome::StrongAuthenticationNeeded
        };
        planned.push(
            time,
            Attempt {
                outcome: asked,
                ..attempt
            },
        );
        time = later(time, chance, 6, 30);
        attempt.second_factor = SecondFactor::Given(method);
        if chance.in_thousand(40) {
            planned.push(
                time,
                Attempt {
                    outcome: Outcome::StrongAuthenticationDenied,
                    ..attempt
                },
            );
            time = later(time, chance, 10, 40);
        }
    } else if chance.in_thousand(500) {
        attempt.second_factor = SecondFactor::InToken;
    }
    if chance.in_thousand(40) {
        planned.push(
            time,
            Attempt {
                outcome: Outcome::KeepMeSignedIn,
                ..attempt
            },
        );
        time = later(time, chance, 1, 5);
    }
    if chance.in_thousand(8) {
        planned.push(
            time,
            Attempt {
                outcome: Outcome::BlockedByPolicy,
                ..attempt
            },
        );
        return;
    }
    planned.push(time, attempt);
}

/// A program renews its token, or a client that knows only a password signs in once more.
fn renewal(planned: &mut Day, chance: &mut Chance, with: With, visit: &Visit, time: Timestamp) {
    let trouble = if with == With::LegacyClient { 60 } else { 15 };
    let outcome = match (chance.in_thousand(trouble), with) {
        (false, _) => Outcome::Success,
        (true, With::LegacyClient) => Outcome::BlockedByPolicy,
        (true, _) => Outcome::RefreshTokenExpired,
    };
    let second_factor = if with == With::LegacyClient || chance.in_thousand(300) {
        SecondFactor::NotAsked
    } else {
        SecondFactor::InToken
    };
    planned.push(
        time,
        Attempt {
            person: visit.number,
            app: visit.app,
            with,
            network: visit.network,
            city: visit.city,
            outcome,
            second_factor,
            visit: chance.number(),
        },
    );
}

/// Something is changed about a person, by an administrator, an application or themselves.
fn change(planned: &mut Day, chance: &mut Chance, cast: &Cast, person: u32, time: Timestamp) {
    let administrator = *chance.pick(&cast.administrators);
    let steps = match chance.below(100) {
        0..6 => self_service::reset(chance),
        6..9 => self_service::registration(chance),
        9..12 => self_service::password_change(chance),
        12..16 => {
            let group = chance.between(FIRST_OPEN_GROUP as i64, GROUPS.len() as i64 - 1) as usize;
            self_service::membership(chance, group)
        }
        _ => {
            let kind = *chance.weighted(CHANGES);
            planned.moments.push((
                time,
                Moment::Change {
                    kind,
                    person,
                    administrator,
                },
            ));
            return;
        }
    };
    let story = chance.number();
    let mut time = time;
    for step in steps {
        time = later(time, chance, step.after_seconds, step.after_seconds);
        planned.moments.push((
            time,
            Moment::SelfService {
                step,
                person,
                owner: administrator,
                story,
            },
        ));
    }
}

/// Applications work at all hours, and seldom use an old secret.
fn plan_services(planned: &mut Day, seed: u64, cast: &Cast, day: i64) {
    let instances = (1 + cast.people.len() / 40).min(60) as u32;
    for instance in 0..instances {
        let chance = &mut Chance::of(seed, &[KEY_SERVICE, u64::from(instance), day as u64]);
        for quarter in 0..4 {
            let time = at(day * 86_400, quarter * 360 + chance.between(0, 359), chance);
            let outcome = if chance.in_thousand(25) {
                Outcome::WrongClientSecret
            } else {
                Outcome::Success
            };
            let service = instance as usize % SERVICES.len();
            planned.moments.push((
                time,
                Moment::Service {
                    service,
                    instance,
                    outcome,
                },
            ));
        }
    }
}

/// On two days of five somebody far away tries one password on many accounts; now and then it fits.
fn plan_attack(planned: &mut Day, seed: u64, cast: &Cast, day: i64) {
    let chance = &mut Chance::of(seed, &[KEY_ATTACK, day as u64]);
    if !chance.in_thousand(400) {
        return;
    }
    let city = chance.below(CITIES.len() as u64) as usize;
    let machine = chance.below(STRANGERS.len() as u64) as usize;
    let mut time = at(day * 86_400, chance.between(0, 23 * 60), chance);
    let tries = chance.between(8, 25).min(cast.people.len() as i64);
    let lucky = chance.in_thousand(150);
    for number in 0..tries {
        let last = number == tries - 1;
        let outcome = match chance.below(100) {
            _ if last && lucky => Outcome::Success,
            0..80 => Outcome::WrongPassword,
            80..88 => Outcome::Locked,
            88..94 => Outcome::Disabled,
            _ => Outcome::NoSuchUser,
        };
        planned.push(
            time,
            Attempt {
                person: chance.below(cast.people.len() as u64) as u32,
                app: MAIL,
                with: With::StrangersMachine(machine),
                network: Network::Stranger,
                city,
                outcome,
                second_factor: SecondFactor::NotAsked,
                visit: chance.number(),
            },
        );
        time = later(time, chance, 2, 40);
    }
}

impl Day {
    fn push(&mut self, time: Timestamp, attempt: Attempt) {
        self.moments.push((time, Moment::SignIn(attempt)));
    }
}

/// Where a person is on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    /// Where they live.
    AtHome,
    /// On a journey there or back: they sign in nowhere, so that nobody is faster than an aeroplane.
    OnTheWay,
    /// At another office of the company.
    Visiting(usize),
    /// In a city where the company has none.
    Away(usize),
}

/// Where a person is on a day.
pub(crate) fn stay(seed: u64, cast: &Cast, number: u32, day: i64) -> Stay {
    let block = day.div_euclid(TRIP_BLOCK_DAYS);
    let place = day.rem_euclid(TRIP_BLOCK_DAYS);
    let home = cast.people[number as usize].city;
    if let Some(trip) = trip(seed, cast, number, block).filter(|trip| trip.city != home) {
        if place == trip.leaves || place == trip.returns {
            return Stay::OnTheWay;
        }
        if (trip.leaves..trip.returns).contains(&place) {
            return if cast.offices.contains(&trip.city) {
                Stay::Visiting(trip.city)
            } else {
                Stay::Away(trip.city)
            };
        }
    }
    // The way back from a trip that ended with the block before.
    let before = trip(seed, cast, number, block - 1).filter(|trip| trip.city != home);
    if place == 0 && before.is_some_and(|trip| trip.returns == TRIP_BLOCK_DAYS) {
        return Stay::OnTheWay;
    }
    Stay::AtHome
}

/// A journey within a block of days.
struct Trip {
    /// The day of the way there, and that of the way back; the latter may be the first of the next block.
    leaves: i64,
    returns: i64,
    city: usize,
}

fn trip(seed: u64, cast: &Cast, number: u32, block: i64) -> Option<Trip> {
    let mut chance = Chance::of(seed, &[KEY_TRIP, u64::from(number), block as u64]);
    if !chance.in_thousand(220) {
        return None;
    }
    let leaves = chance.between(0, TRIP_BLOCK_DAYS - 5);
    let returns = leaves + chance.between(3, 5);
    let city = if chance.in_thousand(800) {
        *chance.pick(&cast.offices)
    } else {
        chance.below(CITIES.len() as u64) as usize
    };
    Some(Trip {
        leaves,
        returns,
        city,
    })
}

fn chance_app(chance: &mut Chance, person: &Person) -> usize {
    if person.department.name == IT && chance.in_thousand(350) {
        return AZURE_PORTAL;
    }
    if chance.in_thousand(400) {
        return *chance.pick(person.department.apps);
    }
    chance.below(COMMON_APPS as u64) as usize
}

/// 1970-01-01 was a Thursday.
pub(crate) fn is_weekend(day: i64) -> bool {
    (day + 3).rem_euclid(7) >= 5
}

/// Midnight of a local day, in seconds since 1970.
pub(crate) fn local_midnight(day: i64, city: usize) -> i64 {
    day * 86_400 - CITIES[city].utc_offset_minutes * 60
}

/// A minute of a day, at a random tick within it.
pub(crate) fn at(midnight: i64, minute: i64, chance: &mut Chance) -> Timestamp {
    let minute = minute.clamp(0, 1439);
    Timestamp::from_unix_seconds(midnight + minute * 60)
        .plus_ticks(chance.between(1, 60 * TICKS_PER_SECOND - 1))
}

/// A while later, at a random tick.
fn later(time: Timestamp, chance: &mut Chance, least_seconds: i64, most_seconds: i64) -> Timestamp {
    let seconds = chance.between(least_seconds, most_seconds);
    time.plus_seconds(seconds)
        .plus_ticks(chance.between(1, TICKS_PER_SECOND))
}
