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
