//! Who is judged: rules and engines that get sign-ins and raise alarms.

mod buffalogs;
mod elastic;
pub(crate) mod gatelog;
mod panther;

use detect::{Outcome, Seen};
use model::event::SignInKind;
use model::identity::EventKey;
use model::time::{TICKS_PER_SECOND, Timestamp};
use model::whereabouts::ListClass;
use std::net::IpAddr;
use std::sync::Arc;
use world::Position;

/// Somebody who is judged. A new one for each world.
pub(crate) trait Contestant {
    /// Who it is.
    fn name(&self) -> &'static str;
    /// Which reports it would fill. Of these, nothing found is a miss; of others it says nothing.
    fn detectors(&self) -> &'static [&'static str];
    /// Judges all sign-ins of a world, given in the order of time, some of them twice.
    fn judge(&mut self, events: &[Seen]) -> Vec<Alarm>;
}

/// All contestants, in the order of the table.
pub(crate) const ALL: &[fn() -> Box<dyn Contestant>] =
    &[gatelog::new, buffalogs::new, panther::new, elastic::new];

/// What a contestant found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alarm {
    /// Which report it would fill: a word of [`model::finding::Found::detector`].
    pub(crate) detector: &'static str,
    /// Whom it is about, as [`Seen::subject`].
    pub(crate) subject: Option<Arc<str>>,
    /// The address it is about.
    pub(crate) address: Option<IpAddr>,
    /// The time of the alarm.
    pub(crate) time: Timestamp,
    /// The sign-ins that it is about.
    pub(crate) keys: Vec<EventKey>,
    /// The number in the row, where it has one: failures, sign-ins.
    pub(crate) count: Option<u32>,
    /// How odd, where the contestant scores; then it may raise one for every sign-in, and the judge sets the threshold.
    pub(crate) score: Option<f64>,
    /// Why, in the contestant's words.
    pub(crate) because: String,
}

impl Alarm {
    /// An alarm about one sign-in.
    pub(crate) fn about(detector: &'static str, seen: &Seen) -> Alarm {
        Alarm {
            detector,
            subject: Some(seen.subject.clone()),
            address: seen.address,
            time: seen.time,
            keys: vec![seen.key],
            count: None,
            score: None,
            because: String::new(),
        }
    }
}

/// signInsFromMultipleGeographiesEvents
pub(crate) const TRAVEL: &str = "multiple-geographies";
/// signInsAfterMultipleFailuresEvents
pub(crate) const FAILURES: &str = "after-multiple-failures";
/// signInsFromUnknownSourcesEvents
pub(crate) const UNKNOWN: &str = "unknown-sources";
/// signInsFromIPAddressesWithSuspiciousActivityEvents
pub(crate) const ADDRESSES: &str = "suspicious-addresses";
/// signInsFromPossiblyInfectedDevicesEvents
pub(crate) const INFECTED: &str = "infected-devices";
/// irregularSignInActivityEvents
pub(crate) const IRREGULAR: &str = "irregular";

/// Whether somebody got in at a screen.
fn is_interactive_success(seen: &Seen) -> bool {
    seen.kind == SignInKind::Interactive && seen.outcome == Outcome::Success
}

fn position(seen: &Seen) -> Option<Position> {
    let spot = seen.whereabouts.spot.as_ref()?;
    Some(Position::new(spot.latitude_degrees, spot.longitude_degrees))
}

fn is_listed(seen: &Seen, classes: &[ListClass]) -> bool {
    classes
        .iter()
        .any(|class| seen.whereabouts.listed_as(*class).is_some())
}

/// Seconds from one to another; at least 0.
fn seconds_between(earlier: Timestamp, later: Timestamp) -> f64 {
    (later.ticks() - earlier.ticks()).max(0) as f64 / TICKS_PER_SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use detect::Tool;
    use model::finding::Person;
    use model::whereabouts::{Country, Listing, Spot, Whereabouts};

    /// Places of the stories: degrees north and east, country, region.
    const PLACES: &[(&str, f64, f64, &str, &str)] = &[
        ("berlin", 52.52, 13.41, "DE", "Berlin"),
        ("potsdam", 52.40, 13.06, "DE", "Brandenburg"),
        ("munich", 48.14, 11.58, "DE", "Bavaria"),
        ("paris", 48.86, 2.35, "FR", "Paris"),
        ("tokyo", 35.68, 139.69, "JP", "Tokyo"),
    ];

    /// A sign-in: the minute, the place, the last byte of the address, what became of it.
    type Line = (i64, &'static str, u8, Outcome);

    fn seen((minute, place, host, outcome): Line, number: usize) -> Seen {
        let (name, list) = place.split_once(' ').unwrap_or((place, ""));
        let (_, north, east, country, region) = PLACES.iter().find(|(of, ..)| *of == name).unwrap();
        let mut key = [0; 16];
        key[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let time = Timestamp::from_unix_seconds(1_788_220_800 + minute * 60);
        let listed = ListClass::ALL.iter().filter(|class| class.as_str() == list);
        Seen {
            key: EventKey(key),
            time,
            subject: Arc::from(if outcome == Outcome::Success {
                "anna"
            } else {
                "bert"
            }),
            person: Person::default(),
            kind: SignInKind::Interactive,
            outcome,
            account_is_unknown: false,
            is_federated: false,
            address: Some(IpAddr::from([203, 0, 113, host])),
            whereabouts: Arc::new(Whereabouts {
                country: Country::parse(country),
                spot: Some(Spot {
                    latitude_degrees: *north,
                    longitude_degrees: *east,
                    radius_km: 75.0,
                    city: Some(Arc::from(name)),
                    region: Some(Arc::from(*region)),
                }),
                listed: listed
                    .map(|class| Listing {
                        class: *class,
                        list: Arc::from(list),
                        note: None,
                        since: None,
                        as_of: time,
                        is_stale: false,
                    })
                    .collect(),
                ..Whereabouts::default()
            }),
            tool: Tool::default(),
            shown: detect::Shown::default(),
        }
    }

    fn check(contestant: fn() -> Box<dyn Contestant>, detector: &str, lines: &[Line], expected: usize) {
        let events: Vec<Seen> = lines
            .iter()
            .enumerate()
            .map(|(number, line)| seen(*line, number))
            .collect();
        let alarms = contestant().judge(&events);
        let found = alarms.iter().filter(|alarm| alarm.detector == detector).count();
        assert_eq!(found, expected, "{detector}: {lines:?}");
    }

    const IN: Outcome = Outcome::Success;
    const NO: Outcome = Outcome::WrongCredentials;
    const DAY: i64 = 1440;

    #[test]
    fn panther_wants_more_than_900_kilometres_an_hour_within_a_day() {
        // Berlin to Paris are 880 km.
        check(
            panther::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (57, "paris", 2, IN)],
            1,
        );
        check(
            panther::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (60, "paris", 2, IN)],
            0,
        );
        check(
            panther::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (1, "paris", 1, IN)],
            0,
        );
        check(
            panther::new,
            TRAVEL,
            &[
                (0, "berlin", 1, IN),
                (1, "paris vpn", 2, IN),
                (2, "berlin", 1, IN),
            ],
            0,
        );
        check(panther::new, ADDRESSES, &[(0, "paris", 9, NO); 19], 0);
        check(panther::new, ADDRESSES, &[(0, "paris", 9, NO); 20], 1);
        check(panther::new, FAILURES, &[(0, "paris", 9, NO); 20], 1);
    }

    #[test]
    fn buffalogs_wants_another_country_a_new_address_and_300_kilometres_an_hour() {
        let learned = (0, "berlin", 1, IN);
        let home = (20 * DAY, "berlin", 1, IN);
        check(
            buffalogs::new,
            TRAVEL,
            &[learned, home, (20 * DAY + 170, "paris", 2, IN)],
            1,
        );
        check(
            buffalogs::new,
            TRAVEL,
            &[learned, home, (20 * DAY + 180, "paris", 2, IN)],
            0,
        );
        check(
            buffalogs::new,
            TRAVEL,
            &[learned, home, (20 * DAY + 1, "munich", 2, IN)],
            0,
        );
        check(buffalogs::new, TRAVEL, &[learned, (1, "paris", 2, IN)], 0);
        let known = (5 * DAY, "paris", 2, IN);
        check(
            buffalogs::new,
            TRAVEL,
            &[learned, known, home, (20 * DAY + 1, "paris", 2, IN)],
            0,
        );
        check(
            buffalogs::new,
            UNKNOWN,
            &[(0, "paris tor", 2, IN), (1, "paris", 3, IN)],
            1,
        );
    }

    #[test]
    fn elastic_wants_500_kilometres_at_800_an_hour_within_90_minutes() {
        check(
            elastic::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (61, "paris", 2, IN)],
            1,
        );
        check(
            elastic::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (70, "paris", 2, IN)],
            0,
        );
        // Munich is 504 km away, Potsdam 27.
        check(
            elastic::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (1, "potsdam", 2, IN)],
            0,
        );
        check(
            elastic::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (30, "munich", 2, IN)],
            1,
        );
        check(
            elastic::new,
            TRAVEL,
            &[(0, "berlin", 1, IN), (95, "tokyo", 2, IN)],
            0,
        );
        check(elastic::new, FAILURES, &[(0, "paris", 9, NO); 30], 1);
        check(elastic::new, FAILURES, &[(0, "paris", 9, NO); 29], 0);
    }
}
