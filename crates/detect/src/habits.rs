//! What is usual for a person: addresses, networks, places, devices and hours, as far as their sign-ins have shown.

use crate::hashing;
use crate::seen::{Outcome, Seen};
use model::event::SignInKind;
use model::time::Timestamp;
use model::whereabouts::Country;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::OnceLock;

/// So many different things are remembered of a person; beyond, what was seen longest ago is forgotten. A person with a laptop, a phone
/// and a life has a few dozen.
const REMEMBERED: usize = 192;
/// Room for so many more is made at once: most people have few.
const GROWN_BY: usize = 16;

/// What a sign-in shows, apart from who and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Feature {
    Address,
    Network,
    Country,
    City,
    UserAgent,
    Browser,
    OperatingSystem,
    Device,
    Hour,
    /// What lists say of the address.
    Class,
}

impl Feature {
    /// All of them, in their order.
    const ALL: &'static [Feature] = &[
        Feature::Address,
        Feature::Network,
        Feature::Country,
        Feature::City,
        Feature::UserAgent,
        Feature::Browser,
        Feature::OperatingSystem,
        Feature::Device,
        Feature::Hour,
        Feature::Class,
    ];

    /// Whether it is about where a device was: what a client does by itself shows that as well as a person at the screen, and of a new place
    /// mostly before. Hours and what is held in the hand are shown by people alone.
    const fn is_where(self) -> bool {
        matches!(
            self,
            Feature::Address | Feature::Network | Feature::Class | Feature::City | Feature::Country
        )
    }
}

/// A value of a feature, by number.
pub(crate) type Value = u64;

/// How often something was seen, and when. A person has up to 192 of them, and a tenant ten thousand people: it is kept small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    value: Value,
    /// The last sign-in's ticks.
    last: i64,
    /// Sign-ins.
    pub(crate) count: u32,
    /// The first day.
    first_day: i32,
    /// Different UTC days.
    days: u16,
    feature: Feature,
}

impl Use {
    /// Whether it is a habit at a time: seen on several days, and not only since yesterday, so that whoever was there first with it cannot make it
    /// one overnight.
    pub(crate) fn is_habit(&self, at: Timestamp) -> bool {
        self.days >= 2 && at.day() - i64::from(self.first_day) >= NEW_DAYS
    }

    /// Whether it is new at a time.
    pub(crate) fn is_new(&self, at: Timestamp) -> bool {
        at.day() - i64::from(self.first_day) < NEW_DAYS
    }

    /// Nothing yet.
    fn none((feature, value): (Feature, Value), at: Timestamp) -> Use {
        Use {
            value,
            last: i64::MIN,
            count: 0,
            // Of the years 1 to 9999 it is some millions.
            first_day: i32::try_from(at.day()).unwrap_or_default(),
            days: 0,
            feature,
        }
    }

    fn add(&mut self, at: Timestamp) {
        let last_day = Timestamp::from_ticks(self.last).day();
        if self.count == 0 || last_day != at.day() {
            self.days = self.days.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.last = at.ticks();
    }

    fn key(&self) -> (Feature, Value) {
        (self.feature, self.value)
    }
}

/// Something is new for so many UTC days.
const NEW_DAYS: i64 = 2;

/// What is usual for a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habits {
    /// The first sign-in, in ticks.
    pub(crate) first: Option<i64>,
    /// Interactive sign-ins that succeeded.
    pub(crate) sign_ins: u32,
    /// Those, and what clients did by themselves.
    successes: u32,
    /// Sorted by feature and value.
    uses: Vec<Use>,
}

impl Habits {
    /// Whether too little is known yet to call anything unusual: until so many days or sign-ins, whichever comes first.
    pub(crate) fn is_learning(&self, at: Timestamp, days: u32, sign_ins: u32) -> bool {
        let Some(first) = self.first else { return true };
        let age_days = (at.ticks() - first) / model::time::TICKS_PER_DAY;
        age_days < i64::from(days) && self.sign_ins < sign_ins
    }

    /// The same in a sentence.
    pub(crate) fn why_learning(&self, days: u32, sign_ins: u32) -> String {
        format!(
            "only {} sign-ins of the person are known; it takes {sign_ins}, or {days} days",
            self.sign_ins
        )
    }

    /// How often a value was seen.
    pub(crate) fn of(&self, feature: Feature, value: Option<Value>) -> Option<&Use> {
        let found = self.find((feature, value?));
        found.ok().map(|at| &self.uses[at])
    }

    /// Of how many sign-ins the uses of a feature are counted.
    pub(crate) fn shown_by(&self, feature: Feature) -> u32 {
        if feature.is_where() {
            self.successes
        } else {
            self.sign_ins
        }
    }

    /// Learns from a success: of one at a screen everything, of what a client did by itself only where it was. A client that was let in before
    /// tells by that where its owner is.
    pub(crate) fn learn(&mut self, seen: &Seen) {
        if seen.outcome != Outcome::Success {
            return;
        }
        let is_at_screen = seen.kind == SignInKind::Interactive;
        self.successes = self.successes.saturating_add(1);
        if is_at_screen {
            self.first.get_or_insert(seen.time.ticks());
            self.sign_ins = self.sign_ins.saturating_add(1);
        }
        for (feature, value) in values(seen).told() {
            if !(is_at_screen || feature.is_where()) {
                continue;
            }
            let at = match self.find((feature, value)) {
                Ok(at) => at,
                Err(at) => {
                    if self.uses.len() == self.uses.capacity() {
                        self.uses.reserve_exact(GROWN_BY);
                    }
                    self.uses.insert(at, Use::none((feature, value), seen.time));
                    at
                }
            };
            self.uses[at].add(seen.time);
        }
        while self.uses.len() > REMEMBERED {
            let oldest = (0..self.uses.len()).min_by_key(|at| (self.uses[*at].last, self.uses[*at].key()));
            let Some(at) = oldest else { break };
            self.uses.remove(at);
        }
    }

    /// Where it is, or where it belongs.
    fn find(&self, key: (Feature, Value)) -> Result<usize, usize> {
        self.uses.binary_search_by_key(&key, Use::key)
    }
}

/// What a sign-in shows, feature by feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Values {
    values: [Value; Feature::ALL.len()],
    /// Bit by bit which features it tells of.
    told: u16,
}

impl Values {
    /// That of a feature; `None` where it does not tell.
    pub(crate) fn of(&self, feature: Feature) -> Option<Value> {
        let at = feature as usize;
        (self.told >> at & 1 == 1).then(|| self.values[at])
    }

    /// Those that it tells.
    pub(crate) fn told(&self) -> impl Iterator<Item = (Feature, Value)> {
        Feature::ALL
            .iter()
            .filter_map(|feature| Some((*feature, self.of(*feature)?)))
    }
}

/// The place of [`values`] in a sign-in, which several ask for: the texts are hashed once. A copy has none, since it may be made to show
/// something else.
#[derive(Debug, Default)]
pub struct Shown(OnceLock<Values>);

impl Clone for Shown {
    fn clone(&self) -> Shown {
        Shown::default()
    }
}

impl PartialEq for Shown {
    fn eq(&self, _: &Shown) -> bool {
        true
    }
}

/// What a sign-in shows. It must not be changed after it was asked for this.
pub(crate) fn values(seen: &Seen) -> &Values {
    seen.shown.0.get_or_init(|| {
        let mut shown = Values {
            values: [0; Feature::ALL.len()],
            told: 0,
        };
        for feature in Feature::ALL {
            if let Some(value) = value(seen, *feature) {
                shown.values[*feature as usize] = value;
                shown.told |= 1 << *feature as usize;
            }
        }
        shown
    })
}

fn value(seen: &Seen, feature: Feature) -> Option<Value> {
    let text = |text: Option<&str>| text.map(|text| hashing::number(&[text.as_bytes()]));
    let (at, tool) = (&*seen.whereabouts, &seen.tool);
    match feature {
        Feature::Address => seen.address.map(address_value),
        Feature::Network => at
            .network
            .as_ref()
            .map(|network| u64::from(network.number))
            .or_else(|| seen.address.map(surroundings)),
        Feature::Country => text(at.country.as_ref().map(Country::as_str)),
        Feature::City => text(at.place_name().as_deref().filter(|_| at.spot.is_some())),
        Feature::UserAgent => text(tool.user_agent.as_deref()),
        Feature::Browser => text(tool.browser.as_deref()),
        Feature::OperatingSystem => text(tool.operating_system.as_deref()),
        // Whoever always has a device that the directory knows, and now has none, shows something by that.
        Feature::Device => Some(text(tool.device_id.as_deref()).unwrap_or(0)),
        Feature::Hour => Some(hour_of_week(seen.time)),
        Feature::Class => Some(at.listed.first().map_or(0, |listing| listing.class as u64 + 1)),
    }
}

/// An address; of IPv6 the /64, which is one household's or one device's.
pub(crate) fn address_value(address: IpAddr) -> Value {
    match address {
        IpAddr::V4(four) => u64::from(u32::from(four)),
        IpAddr::V6(six) => (u128::from(six) >> 64) as u64,
    }
}

/// What stands for the network where no database names it: the /16, of IPv6 the /32.
fn surroundings(address: IpAddr) -> Value {
    match address {
        IpAddr::V4(four) => 0x1_0000_0000 | u64::from(u32::from(four) >> 16),
        IpAddr::V6(six) => 0x2_0000_0000 | (u128::from(six) >> 96) as u64,
    }
}

/// A third of a working day or of a day off: habits of hours, coarse enough to be learned in weeks. UTC; a person's shift is the same shift
/// in any zone.
fn hour_of_week(time: Timestamp) -> Value {
    let hour = time.unix_seconds().rem_euclid(86_400) / 3_600;
    // 1970-01-01 was a Thursday.
    let weekday = (time.day() + 3).rem_euclid(7);
    let is_day_off = u64::from(weekday >= 5);
    is_day_off * 8 + (hour / 3) as u64
}
