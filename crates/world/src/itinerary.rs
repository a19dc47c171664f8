//! Where somebody is on which day: at home, or on a journey at the pace of trains and airliners.

use crate::atlas::{Atlas, Use};
use crate::geo::Position;
use generator::chance::Chance;
use model::time::Timestamp;

/// A time in one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stay {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) at: Place,
}

/// Home, or somewhere else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Home,
    Away(Journey),
}

/// Where a journey leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Journey {
    pub(crate) position: Position,
    /// The block of the hotel's addresses.
    pub(crate) hotel: u32,
    /// Whether the phone goes through the carrier at home.
    pub(crate) is_roaming: bool,
    /// Whether there is work to do there.
    pub(crate) is_work: bool,
}

/// Below this way people take a train.
const LONGEST_TRAIN_KM: f64 = 600.0;
/// Trains from door to door.
const TRAIN_KM_PER_HOUR: f64 = 110.0;
/// Airliners, wind and detours included. Nothing in this world is faster.
const AIRLINER_KM_PER_HOUR: f64 = 820.0;
/// From the door to take-off: the way to the airport, and what happens there.
const BEFORE_TAKE_OFF_HOURS: f64 = 2.5;
/// From landing to the next door.
const AFTER_LANDING_HOURS: f64 = 1.25;
/// How many of a thousand days at home are followed by a journey.
const JOURNEYS_PER_THOUSAND_DAYS: u64 = 14;

/// How long a way takes, in seconds.
pub(crate) fn travel_seconds(kilometres: f64) -> i64 {
    let hours = if kilometres < LONGEST_TRAIN_KM {
        0.75 + kilometres / TRAIN_KM_PER_HOUR
    } else {
        BEFORE_TAKE_OFF_HOURS + kilometres / AIRLINER_KM_PER_HOUR + AFTER_LANDING_HOURS
    };
    (hours * 3600.0) as i64
}

/// Makes up where somebody is from `start` to `end`.
pub(crate) fn make_up(
    home: Position,
    start: Timestamp,
    end: Timestamp,
    atlas: &Atlas,
    chance: &mut Chance,
) -> Vec<Stay> {
    let mut stays = Vec::new();
    let mut from = start.plus_days(-1);
    let mut day = start;
    while day < end {
        day = day.plus_days(1);
        if !chance.in_thousand(JOURNEYS_PER_THOUSAND_DAYS) {
            continue;
        }
        let Some(journey) = destination(home, atlas, chance) else {
            continue;
        };
        let way_seconds = travel_seconds(home.distance_km(journey.position));
        // Off at six to ten in the morning by the clock at home, while nobody is at a desk.
        let local_midnight = day.plus_seconds(-home.clock_ahead_seconds());
        let leaves = local_midnight.plus_seconds(chance.between(6 * 3600, 10 * 3600));
        let arrives = leaves.plus_seconds(way_seconds);
        let nights = if journey.is_work {
            chance.between(1, 5)
        } else {
            chance.between(5, 14)
        };
        let returns = arrives.plus_seconds(nights * 86_400 + chance.between(0, 8 * 3600));
        stays.push(Stay {
            from,
            to: leaves,
            at: Place::Home,
        });
        stays.push(Stay {
            from: arrives,
            to: returns,
            at: Place::Away(journey),
        });
        from = returns.plus_seconds(way_seconds);
        day = from.day_start().plus_days(2);
    }
    stays.push(Stay {
        from,
        to: end.plus_days(1),
        at: Place::Home,
    });
    stays
}

fn destination(home: Position, atlas: &Atlas, chance: &mut Chance) -> Option<Journey> {
    let hotels = atlas.of(Use::Residential);
    if hotels.is_empty() {
        return None;
    }
    let wants_near = chance.in_thousand(550);
    for _ in 0..200 {
        let hotel = *chance.pick(hotels);
        let position = atlas.block(hotel).position;
        let km = home.distance_km(position);
        if (120.0..17_000.0).contains(&km) && (!wants_near || km < 2_500.0) {
            return Some(Journey {
                position: position.moved(chance.around(0, 5) as f64, chance.around(0, 5) as f64),
                hotel,
                is_roaming: chance.in_thousand(500),
                is_work: chance.in_thousand(600),
            });
        }
    }
    None
}

/// The stay at an instant; none while under way.
pub(crate) fn at(stays: &[Stay], time: Timestamp) -> Option<&Stay> {
    let after = stays.partition_point(|stay| stay.from <= time);
    let stay = stays.get(after.checked_sub(1)?)?;
    (time < stay.to).then_some(stay)
}
