//! Scenes of the last days that Gatelog's own detectors find: somebody is not who they say they are, or not where people are. With them come the
//! lists of addresses that the demo knows.
//!
//! The vendor's protection sees none of them, so that what is found is found here.

use crate::apps::{COMMON_APPS, MAIL};
use crate::chance::Chance;
use crate::days::{self, Stay};
use crate::devices::{BROWSER, Machine, STRANGERS, TOR_BROWSER};
use crate::outcomes::Outcome;
use crate::people::Cast;
use crate::places::{CITIES, Network};
use model::time::{TICKS_PER_SECOND, Timestamp};

/// A list of addresses as Gatelog reads one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressList {
    /// What it says of the addresses: `tor`, `botnet`, `vpn` or `corporate`.
    pub class: &'static str,
    /// What evidence calls it.
    pub name: &'static str,
    /// An address or network a line.
    pub text: String,
}

/// The lists that go with the made-up events, as of a moment. Every address in them is one that is kept for documentation.
pub fn address_lists(as_of: Timestamp) -> Vec<AddressList> {
    let list = |class, name, entries: &[&str]| AddressList {
        class,
        name,
        text: format!("# as-of: {as_of}\n{}\n", entries.join("\n")),
    };
    vec![
        list(
            "tor",
            "tor-exits",
            &["198.51.100.241", TOR_EXIT, "198.51.100.243", "2001:db8:70:1::/64"],
        ),
        list(
            "botnet",
            "seen-at-sinkholes",
            &["198.51.100.225  Mirai", "198.51.100.226  Andromeda"],
        ),
        list(
            "vpn",
            "rented-vpns",
            &["203.0.113.176/28  Fabrikam VPN", "2001:db8:f0::/48  Fabrikam VPN"],
        ),
        list(
            "corporate",
            "own-gateways",
            &["192.0.2.224/27  gateway of the head office"],
        ),
    ]
}

/// On the list of Tor's exits.
const TOR_EXIT: &str = "198.51.100.242";
/// On the list of infections.
const INFECTED: &str = "198.51.100.226";
/// On the list of VPNs.
const RENTED_VPN: &str = "203.0.113.180";
/// On the list of the organisation's own.
const GATEWAY: &str = "192.0.2.230";
/// One password is tried on many accounts from here.
const SPRAY: &str = "203.0.113.171";
/// Many passwords are tried on one account from here.
const GUESSES: &str = "203.0.113.172";
/// Somebody who has a stolen password is here.
const FAR_AWAY: &str = "198.51.100.217";

/// One sign-in of a scene.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) person: u32,
    pub(crate) from: Origin,
    pub(crate) city: usize,
    pub(crate) app: usize,
    pub(crate) client: &'static str,
    pub(crate) with: Tool,
    pub(crate) outcome: Outcome,
}

/// From which address.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// One of the scenes' own.
    Address(&'static str),
    /// Where the person's addresses are anyway.
    Network(Network),
}

/// With which machine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tool {
    /// The person's own.
    Own,
    /// Somebody else's.
    Strange(&'static Machine),
}

const KEY_SCENES: u64 = 16;

/// All scenes, by the days before the end.
pub(crate) fn before(seed: u64, cast: &Cast, end: Timestamp) -> Vec<(Timestamp, Part)> {
    let mut stage = Stage {
        seed,
        cast,
        today: end.day(),
        chance: Chance::of(seed, &[KEY_SCENES]),
        taken: Vec::new(),
        parts: Vec::new(),
    };
    if cast.people.is_empty() {
        return Vec::new();
    }
    stage.journey();
    stage.guessing();
    stage.hidden();
    stage.infected();
    stage.spray();
    stage.by_exit(RENTED_VPN, Stage::far_from);
    stage.by_exit(GATEWAY, |stage, _| stage.cast.head_office);
    stage.parts
}

struct Stage<'a> {
    seed: u64,
    cast: &'a Cast,
    /// The day on which everything ends.
    today: i64,
    chance: Chance,
    /// Who has a part already.
    taken: Vec<u32>,
    parts: Vec<(Timestamp, Part)>,
}

impl Stage<'_> {
    /// Somebody without a part who is at home these days.
    fn somebody(&mut self) -> Option<u32> {
        let people = self.cast.people.len() as u64;
        let first = self.chance.below(people);
        let number = (0..people)
            .map(|step| ((first + step) % people) as u32)
            .find(|number| {
                let is_at_home = |day| matches!(days::stay(self.seed, self.cast, *number, day), Stay::AtHome);
                !self.taken.contains(number) && (self.today - 4..=self.today).all(is_at_home)
            })?;
        self.taken.push(number);
        Some(number)
    }

    /// A minute of a day by the clocks of a person.
    fn at(&mut self, person: u32, days_before: i64, minute: i64) -> Timestamp {
        let city = self.cast.people[person as usize].city;
        let midnight = days::local_midnight(self.today - days_before, city);
        days::at(midnight, minute, &mut self.chance)
    }

    /// A city from which nobody comes here within hours: at least a quarter of the globe to the east or west.
    fn far_from(&mut self, person: u32) -> usize {
        let here = CITIES[self.cast.people[person as usize].city].longitude;
        let far: Vec<usize> = (0..CITIES.len())
            .filter(|city| (90.0..=270.0).contains(&(CITIES[*city].longitude - here).abs()))
            .collect();
        *self.chance.pick(&far)
    }

    fn own(&self, person: u32, app: usize) -> Part {
        Part {
            person,
            from: Origin::Network(Network::Home),
            city: self.cast.people[person as usize].city,
            app,
            client: BROWSER,
            with: Tool::Own,
            outcome: Outcome::Success,
        }
    }

    /// A person at home; three quarters of an hour later somebody far away has the password.
    fn journey(&mut self) {
        let Some(person) = self.somebody() else { return };
        let at_home = self.at(person, 1, 8 * 60);
        let own = self.own(person, MAIL);
        self.parts.push((at_home, own));
        let strange = Part {
            from: Origin::Address(FAR_AWAY),
            city: self.far_from(person),
            with: Tool::Strange(&STRANGERS[2]),
            ..own
        };
        self.parts.push((at_home.plus_seconds(45 * 60), strange));
    }

    /// A dozen wrong passwords in the night, then the right one.
    fn guessing(&mut self) {
        let Some(person) = self.somebody() else { return };
        let mut time = self.at(person, 1, 3 * 60);
        let city = self.chance.below(CITIES.len() as u64) as usize;
        for number in 0..=WRONG_GUESSES {
            let part = Part {
                from: Origin::Address(GUESSES),
                city,
                client: "IMAP4",
                with: Tool::Strange(&STRANGERS[0]),
                outcome: if number == WRONG_GUESSES {
                    Outcome::Success
                } else {
                    Outcome::WrongPassword
                },
                ..self.own(person, MAIL)
            };
            self.parts.push((time, part));
            time = self.later(time, 9, 50);
        }
    }

    /// Somebody comes through Tor, out of the person's own city: the place says nothing.
    fn hidden(&mut self) {
        let Some(person) = self.somebody() else { return };
        let time = self.at(person, 2, 21 * 60 + 40);
        let part = Part {
            from: Origin::Address(TOR_EXIT),
            with: Tool::Strange(&TOR_BROWSER),
            ..self.own(person, MAIL)
        };
        self.parts.push((time, part));
        let time = self.later(time, 200, 400);
        self.parts.push((time, Part { app: 1, ..part }));
    }

    /// A person works from a line on which something talks to a botnet.
    fn infected(&mut self) {
        let Some(person) = self.somebody() else { return };
        for (minute, app) in [(8 * 60 + 5, MAIL), (9 * 60 + 20, 1)] {
            let time = self.at(person, 1, minute);
            let part = Part {
                from: Origin::Address(INFECTED),
                ..self.own(person, app)
            };
            self.parts.push((time, part));
        }
    }

    /// One password on many accounts; one has it.
    fn spray(&mut self) {
        let Some(lucky) = self.somebody() else { return };
        let people = self.cast.people.len() as u32;
        let city = self.far_from(lucky);
        let mut time = Timestamp::from_unix_seconds((self.today - 2) * 86_400 + 2 * 3_600);
        // Whoever comes after the lucky one in the directory, each once, the lucky one in the middle.
        let tried = people.min(SPRAYED);
        for number in 0..tried {
            let person = (lucky + people - tried / 2 + number) % people;
            let outcome = if person == lucky {
                Outcome::Success
            } else {
                Outcome::WrongPassword
            };
            let part = Part {
                from: Origin::Address(SPRAY),
                city,
                client: "Authenticated SMTP",
                with: Tool::Strange(&STRANGERS[1]),
                outcome,
                ..self.own(person, MAIL)
            };
            self.parts.push((time, part));
            time = self.later(time, 20, 90);
        }
    }

    /// A person at home, and a while later through an exit that stands elsewhere, evening after evening: no journey, and nothing is to be found.
    fn by_exit(&mut self, exit: &'static str, city: fn(&mut Self, u32) -> usize) {
        let Some(person) = self.somebody() else { return };
        let city = city(self, person);
        for days_before in (1..=12).rev() {
            if days::stay(self.seed, self.cast, person, self.today - days_before) != Stay::AtHome {
                continue;
            }
            let time = self.at(person, days_before, 18 * 60 + 30);
            let app = self.chance.below(COMMON_APPS as u64) as usize;
            let own = self.own(person, app);
            self.parts.push((time, own));
            let time = self.later(time, 600, 1_500);
            let part = Part {
                from: Origin::Address(exit),
                city,
                ..own
            };
            self.parts.push((time, part));
        }
    }

    fn later(&mut self, time: Timestamp, least_seconds: i64, most_seconds: i64) -> Timestamp {
        time.plus_seconds(self.chance.between(least_seconds, most_seconds))
            .plus_ticks(self.chance.between(1, TICKS_PER_SECOND))
    }
}

/// More than a person who mistypes.
const WRONG_GUESSES: u32 = 12;
/// On so many accounts one password is tried.
const SPRAYED: u32 = 16;
