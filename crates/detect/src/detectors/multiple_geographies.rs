//! signInsFromMultipleGeographiesEvents: two successes of a person that are too far apart for the time between.
//!
//! What decides is how precisely an address can be placed, not how fast an airliner is: the distance is the least that both circles allow,
//! and where only countries are known, that of their borders, so that it never fires between neighbours. Then the pair is weighed:
//! addresses of which it is known that they are not where people are (VPNs, relays, satellites, computing centres, the organisation's own
//! exits, exits that many people of the directory share) weigh less, so do addresses and devices that the person is known to use. No
//! one of these is a free pass.

use super::{DetectorDef, Judges};
use crate::geography::{border_gap_km, distance_km};
use crate::habits::{Feature, Habits, address_value, values};
use crate::population::{Exit, Population, Wandering};
use crate::seen::{Outcome, Seen};
use crate::told::{Draft, Evidence, Judging, Told, event_id, is_somewhere, rounded, sign_in};
use model::event::SignInKind;
use model::finding::{Finding, Found};
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND};
use model::whereabouts::{ListClass, Listing};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "multiple-geographies",
    report: "signInsFromMultipleGeographiesEvents",
    judges: Judges::People,
    about: "Two successes of a person at a screen from places too far apart for the time between.",
};

/// When two sign-ins cannot be of one traveller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Airliners cruise at about 900 km/h; who is faster from door to door is not one person.
    pub maximum_kmh: f64,
    /// Clocks of sources differ by seconds, and a sign-in is logged when it ends, up to minutes after it began. From door to door nobody is as
    /// fast as an airliner, so there is slack in the speed, too.
    pub slack_minutes: f64,
    /// Nearer than this, however short the time, databases of places are wrong more often than people are two.
    pub minimum_km: f64,
    /// A pair counts from this weight on; one that nothing speaks for or against weighs 1. From here down false alarms grow faster than what
    /// is found.
    pub minimum_weight: f64,
    /// So many days, or
    pub learning_days: u32,
    /// so many sign-ins, whichever comes first, nothing is found. Microsoft's own: 14 days or 10 logins.
    pub learning_sign_ins: u32,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            maximum_kmh: 900.0,
            slack_minutes: 5.0,
            minimum_km: 100.0,
            minimum_weight: 0.6,
            learning_days: 14,
            learning_sign_ins: 10,
        }
    }
}

/// Earlier than this before a sign-in, no place on earth is too far.
const LOOKED_BACK_TICKS: i64 = TICKS_PER_DAY;
/// Places of a person that are kept: home, work, phone, and those who are not the person.
const KEPT_PLACES: usize = 6;
/// The same two places are told again after this.
const TOLD_AGAIN_TICKS: i64 = TICKS_PER_DAY;
/// Two places nearer than this are the same place in what was told.
const SAME_PLACE_KM: f64 = 150.0;

/// Where a person was lately.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The last success from each place, oldest first.
    places: Vec<Arc<Seen>>,
    /// Pairs that were told, with when.
    told: Vec<(i64, Arc<Seen>, Arc<Seen>)>,
}

/// What of a sign-in is known to be the person's.
#[derive(Debug, Clone)]
struct End<'a> {
    seen: &'a Seen,
    address: bool,
    network: bool,
    country_is_new: bool,
    device: Device,
    client: Client,
    cover: Cover<'a>,
}

/// Which device a sign-in was made with, as far as the directory knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    /// One that the person uses.
    Persons,
    /// Another one that the directory knows.
    Directorys,
    /// The directory tells of none.
    Untold,
}

/// Whose client a sign-in was made with, as far as habits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// The very one that the person uses.
    Same,
    /// Another of a family of browsers and systems that the person uses.
    OfKnownFamily,
    /// Of another family.
    New,
    /// Nothing tells.
    Unknown,
}

/// What an address may hide: where whoever uses it is.
#[derive(Debug, Clone, Copy)]
enum Cover<'a> {
    /// A list says so.
    Listed(&'a Listing, &'static Damping),
    /// Many people of the directory share it: an office, where people are, or its VPN, where they are not.
    Exit(Exit),
    /// It is of a network whose addresses are placed in many cities.
    Wandering(Wandering),
    /// Nothing.
    None,
}

impl<'a> End<'a> {
    fn of(seen: &'a Seen, habits: &Habits, population: &Population) -> End<'a> {
        let value_of = |feature: Feature| values(seen).of(feature);
        let used = |feature: Feature| habits.of(feature, value_of(feature));
        let is_habit = |feature: Feature| used(feature).is_some_and(|used| used.is_habit(seen.time));
        // Habits have learned from the first of a pair already.
        let is_new = |feature: Feature| {
            value_of(feature).is_some() && used(feature).is_none_or(|used| used.is_new(seen.time))
        };
        let client = match () {
            () if seen.tool.user_agent.is_some() && is_habit(Feature::UserAgent) => Client::Same,
            // Browsers are updated every month: what counts is of which family they are.
            () if is_new(Feature::Browser) || is_new(Feature::OperatingSystem) => Client::New,
            () if is_habit(Feature::Browser) => Client::OfKnownFamily,
            () => Client::Unknown,
        };
        let device = match () {
            () if seen.tool.device_id.is_none() => Device::Untold,
            () if is_habit(Feature::Device) => Device::Persons,
            () => Device::Directorys,
        };
        let listed = seen.whereabouts.listed.iter().find_map(|listing| {
            let damping = DAMPED.iter().find(|damped| damped.class == listing.class)?;
            Some(Cover::Listed(listing, damping))
        });
        let exit = || population.exit(seen.address.map(address_value)).map(Cover::Exit);
        // A computing centre's addresses are in many cities, too, and each of them where it is said to be.
        let wandering = || {
            population
                .wandering(value_of(Feature::Network))
                .filter(|_| seen.whereabouts.listed.is_empty())
                .map(Cover::Wandering)
        };
        End {
            seen,
            address: is_habit(Feature::Address),
            network: is_habit(Feature::Network),
            country_is_new: is_new(Feature::Country),
            device,
            client,
            cover: listed.or_else(exit).or_else(wandering).unwrap_or(Cover::None),
        }
    }

    /// What it makes of a pair if it is the one that may be somebody else's: less, the more of it is the person's.
    fn factors_of_stranger(&self, which: &str) -> Vec<Factor> {
        let mut factors = Vec::new();
        let mut say = |because: String, weight: f64| factors.push(Factor { because, weight });
        if self.address {
            say(format!("the {which} address is one that the person uses"), 0.1);
        } else if self.network {
            // Where no database names the network, the addresses around stand for it, which may be anybody's.
            let is_named = self.seen.whereabouts.network.is_some();
            say(
                format!("the {which} network is one that the person uses"),
                if is_named { 0.1 } else { 0.3 },
            );
        }
        match self.device {
            Device::Persons => say(format!("the {which} device is one of the person's"), 0.25),
            Device::Directorys => say(
                format!("the {which} device is one that the directory knows"),
                0.25,
            ),
            Device::Untold => {}
        }
        match self.client {
            Client::Same => say(format!("the {which} client is one of the person's"), 0.15),
            Client::OfKnownFamily => say(
                format!("the {which} client is of a family that the person uses"),
                0.6,
            ),
            Client::New => say(
                format!("the {which} client was never used by the person before"),
                3.0,
            ),
            Client::Unknown => {}
        }
        if self.country_is_new {
            say(format!("the person was never in the {which} country before"), 3.0);
        }
        match self.cover {
            Cover::Listed(listing, damping) => say(
                is_listed(which, listing),
                if self.network {
                    damping.known
                } else {
                    damping.unknown
                },
            ),
            Cover::Exit(exit) => say(is_exit(which, exit), 0.2),
            // Where it is not the person's, a database's error there is no better known than anywhere.
            Cover::Wandering(wandering) if self.network => say(wanders(which, wandering), 0.4),
            Cover::Wandering(_) | Cover::None => {}
        }
        factors
    }

    /// What it makes of a pair if it is the one that is the person's: less, the less it says of where the person is.
    fn factors_of_owner(&self, which: &str) -> Vec<Factor> {
        let mut factors = Vec::new();
        let mut say = |because: String, weight: f64| factors.push(Factor { because, weight });
        if self.address {
            say(format!("the person is mostly at the {which} address"), 2.0);
        } else if self.network {
            say(format!("the person is mostly in the {which} network"), 1.25);
        }
        match self.cover {
            Cover::Listed(listing, damping) => say(is_listed(which, listing), damping.owners),
            Cover::Exit(exit) => say(is_exit(which, exit), 0.75),
            Cover::Wandering(_) | Cover::None => {}
        }
        factors
    }

    /// How much speaks for its being somebody else's.
    fn strangeness(&self) -> f64 {
        weight_of(&self.factors_of_stranger(""))
    }
}

fn is_listed(which: &str, listing: &Listing) -> String {
    format!(
        "the {which} address is on the {} list {}",
        listing.class.as_str(),
        listing.list
    )
}

fn is_exit(which: &str, Exit { people, days }: Exit) -> String {
    format!("the {which} address is an exit that {people} people shared on {days} days")
}

fn wanders(which: &str, Wandering { people, cities }: Wandering) -> String {
    format!("{people} people use the {which} network, whose addresses are placed in {cities} cities")
}

/// How much a pair weighs if one of its addresses is not where people are.
#[derive(Debug)]
struct Damping {
    class: ListClass,
    /// Of the one that may be somebody else's, in a network that the person uses.
    known: f64,
    /// The same in another.
    unknown: f64,
    /// Of the one that is the person's.
    owners: f64,
}

const fn damping(class: ListClass, known: f64, unknown: f64, owners: f64) -> Damping {
    Damping {
        class,
        known,
        unknown,
        owners,
    }
}

/// Who rents an exit is hidden by it, owner or not. That it weighs little less in a network that nobody expects of the person is what attackers
/// make of it.
static DAMPED: &[Damping] = &[
    damping(ListClass::Corporate, 0.1, 0.1, 0.4),
    damping(ListClass::Relay, 0.3, 0.3, 0.8),
    damping(ListClass::Satellite, 0.2, 0.3, 0.6),
    damping(ListClass::Tor, 0.5, 0.5, 0.8),
    damping(ListClass::AnonymousProxy, 0.5, 0.6, 0.7),
    damping(ListClass::Vpn, 0.5, 0.6, 0.7),
    damping(ListClass::Hosting, 0.6, 0.7, 0.9),
];

/// What makes a pair weigh more or less.
struct Factor {
    because: String,
    weight: f64,
}

fn weight_of(factors: &[Factor]) -> f64 {
    factors.iter().map(|factor| factor.weight).product()
}

impl State {
    pub(crate) fn observe(
        &mut self,
        seen: &Arc<Seen>,
        habits: &Habits,
        judging: &Judging<'_>,
        told: &mut Told,
    ) {
        let at = &*seen.whereabouts;
        let is_placed = is_somewhere(at) && (at.spot.is_some() || at.country.is_some());
        if seen.outcome != Outcome::Success || seen.kind != SignInKind::Interactive || !is_placed {
            return;
        }
        let now = seen.time.ticks();
        self.places
            .retain(|place| now - place.time.ticks() <= LOOKED_BACK_TICKS);
        self.told.retain(|(at, ..)| now - at <= TOLD_AGAIN_TICKS);
        let thresholds = &judging.version.rules.multiple_geographies;
        if habits.is_learning(seen.time, thresholds.learning_days, thresholds.learning_sign_ins) {
            told.note(&DEF, seen, || {
                habits.why_learning(thresholds.learning_days, thresholds.learning_sign_ins)
            });
        } else {
            self.compare(seen, habits, judging, told);
        }
        let here = |other: &Arc<Seen>| {
            least_km(other, seen).is_some_and(|km| km < 1.0) && other.address == seen.address
        };
        self.places.retain(|other| !here(other));
        if self.places.len() >= KEPT_PLACES {
            self.places.remove(0);
        }
        self.places.push(Arc::clone(seen));
    }

    /// Compares a sign-in with the places of before, the latest first.
    fn compare(&mut self, seen: &Arc<Seen>, habits: &Habits, judging: &Judging<'_>, told: &mut Told) {
        let thresholds = &judging.version.rules.multiple_geographies;
        let population = judging.populations.at(seen.time.day());
        let mut pair_found = None;
        for first in self.places.iter().rev() {
            let Some(pair) = Pair::of(first, seen, thresholds) else {
                continue;
            };
            if self.was_told(&pair) {
                told.note(&DEF, seen, || {
                    "these two places were told within a day before".to_owned()
                });
                continue;
            }
            let factors = pair.factors(habits, population);
            let weight = weight_of(&factors);
            if weight >= thresholds.minimum_weight {
                pair_found = Some((pair, weight, factors));
                break;
            }
            told.note(&DEF, seen, || {
                let because: Vec<_> = factors.iter().map(|factor| factor.because.as_str()).collect();
                format!(
                    "{:.0} km in {:.1} hours is too far, but it weighs {weight:.2} of {:.2}: {}",
                    pair.least_km,
                    pair.hours,
                    thresholds.minimum_weight,
                    because.join("; ")
                )
            });
        }
        let Some((pair, weight, factors)) = pair_found else {
            told.note(&DEF, seen, || {
                "no place of the 24 hours before is too far away to travel".to_owned()
            });
            return;
        };
        told.found.push(pair.finding(weight, &factors, judging));
        let told_now = (seen.time.ticks(), Arc::clone(pair.first), Arc::clone(seen));
        self.told.push(told_now);
    }

    /// The way back is not another finding, and neither is the next sign-in of the two.
    fn was_told(&self, pair: &Pair<'_>) -> bool {
        let near = |one: &Seen, other: &Seen| least_km(one, other).is_some_and(|km| km < SAME_PLACE_KM);
        self.told.iter().any(|(_, first, second)| {
            near(first, pair.first) && near(second, pair.second)
                || near(first, pair.second) && near(second, pair.first)
        })
    }
}

/// Two sign-ins that are too far apart.
struct Pair<'a> {
    first: &'a Arc<Seen>,
    second: &'a Arc<Seen>,
    least_km: f64,
    hours: f64,
    kmh: f64,
}

/// The least distance of two sign-ins in kilometres; `None` if that cannot be said.
fn least_km(first: &Seen, second: &Seen) -> Option<f64> {
    let (from, to) = (&*first.whereabouts, &*second.whereabouts);
    let (Some(from), Some(to)) = (&from.spot, &to.spot) else {
        return border_gap_km(from.country?, to.country?);
    };
    let km = distance_km(
        from.latitude_degrees,
        from.longitude_degrees,
        to.latitude_degrees,
        to.longitude_degrees,
    );
    Some((km - from.radius_km - to.radius_km).max(0.0))
}

impl<'a> Pair<'a> {
    fn of(first: &'a Arc<Seen>, second: &'a Arc<Seen>, thresholds: &Thresholds) -> Option<Pair<'a>> {
        let least_km = least_km(first, second).filter(|km| *km >= thresholds.minimum_km)?;
        let between = (second.time.ticks() - first.time.ticks()) as f64 / TICKS_PER_SECOND as f64 / 3_600.0;
        let hours = between + thresholds.slack_minutes / 60.0;
        let kmh = least_km / hours;
        (kmh > thresholds.maximum_kmh).then_some(Pair {
            first,
            second,
            least_km,
            hours,
            kmh,
        })
    }

    /// What speaks for and against two different people.
    fn factors(&self, habits: &Habits, population: &Population) -> Vec<Factor> {
        // Whichever of the two is less known to be the person's may be somebody else's, in both orders.
        let first = ("first", End::of(self.first, habits, population));
        let second = ("second", End::of(self.second, habits, population));
        let (stranger, owner) = if first.1.strangeness() > second.1.strangeness() {
            (first, second)
        } else {
            (second, first)
        };
        let mut factors = stranger.1.factors_of_stranger(stranger.0);
        factors.extend(owner.1.factors_of_owner(owner.0));
        let country = stranger.1.seen.whereabouts.country;
        if country.is_some() && country == owner.1.seen.whereabouts.country {
            factors.push(Factor {
                because: "both places are in one country".to_owned(),
                weight: 0.9,
            });
        }
        factors
    }

    fn finding(&self, weight: f64, factors: &[Factor], judging: &Judging<'_>) -> Finding {
        let thresholds = &judging.version.rules.multiple_geographies;
        let travel_hours = (self.least_km / thresholds.maximum_kmh).ceil();
        let weighed: Vec<Value> = factors
            .iter()
            .map(|factor| json!({ "because": factor.because, "weight": factor.weight }))
            .collect();
        let (first, second) = (self.first, self.second);
        let name = |seen: &Seen| {
            seen.whereabouts
                .place_name()
                .unwrap_or_else(|| "an unknown place".to_owned())
        };
        let evidence = Evidence::default()
            .with("first", sign_in(first))
            .with("second", sign_in(second))
            .with("leastDistanceKm", self.least_km.round())
            .with("availableHours", rounded(self.hours))
            .with("leastSpeedKmh", self.kmh.round())
            .with("maximumSpeedKmh", thresholds.maximum_kmh)
            .with("slackMinutes", thresholds.slack_minutes)
            .with("weight", rounded(weight))
            .with("minimumWeight", thresholds.minimum_weight)
            .with("weighed", weighed);
        judging.finding(Draft {
            time: second.time,
            seen: second,
            found: Found::MultipleGeographies {
                first_from: first.whereabouts.place_name(),
                second_from: second.whereabouts.place_name(),
                between_ticks: second.time.ticks() - first.time.ticks(),
                travel_hours: travel_hours as i32,
            },
            told_apart_by: &[&event_id(first.key), &event_id(second.key)],
            summary: format!(
                "signed in from {} and then from {}, at least {:.0} km away, within {:.1} hours",
                name(first),
                name(second),
                self.least_km,
                self.hours
            ),
            evidence,
        })
    }
}
