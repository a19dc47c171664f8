//! How old data may become before what they say is doubtful.

use model::time::{TICKS_PER_DAY, Timestamp};
use model::whereabouts::ListClass;

/// How old tables and files of countries and places may become: a few addresses in a hundred move in a year.
pub const MAX_PLACES_AGE_DAYS: u32 = 180;

/// How old a list of each class may become, in days; nothing is 'as old as it likes'.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaxAges {
    days: [Option<u32>; ListClass::ALL.len()],
}

impl Default for MaxAges {
    fn default() -> MaxAges {
        let mut ages = MaxAges {
            days: [None; ListClass::ALL.len()],
        };
        for class in ListClass::ALL {
            ages.set(*class, by_default(*class));
        }
        ages
    }
}

impl MaxAges {
    /// How old a list of a class may become, in days.
    pub fn days(&self, class: ListClass) -> Option<u32> {
        self.days[class as usize]
    }

    /// Sets how old a list of a class may become.
    pub fn set(&mut self, class: ListClass, days: Option<u32>) {
        self.days[class as usize] = days;
    }

    /// Whether a list of a class that was made at `as_of` says too little of a moment. One that was made much later than
    /// the moment says as little of it as one that was made much earlier.
    pub fn is_stale(&self, class: ListClass, as_of: Timestamp, at: Timestamp) -> bool {
        self.days(class)
            .is_some_and(|days| is_further_than(days, as_of, at))
    }
}

/// Whether a table or file of places is too old now.
pub fn is_place_stale(as_of: Timestamp, now: Timestamp) -> bool {
    as_of < now && is_further_than(MAX_PLACES_AGE_DAYS, as_of, now)
}

fn is_further_than(days: u32, one: Timestamp, other: Timestamp) -> bool {
    one.ticks().abs_diff(other.ticks()) > u64::from(days) * TICKS_PER_DAY as u64
}

fn by_default(class: ListClass) -> Option<u32> {
    match class {
        // Half of the exits are others after some months; machines are cleaned within weeks.
        ListClass::Tor | ListClass::AnonymousProxy | ListClass::Botnet => Some(30),
        // Providers rent and give back blocks.
        ListClass::Vpn => Some(60),
        // Published by those who own the networks, who seldom change.
        ListClass::Relay | ListClass::Satellite | ListClass::Hosting => Some(180),
        // The organisation knows its own exits: it says so when they change.
        ListClass::Corporate => None,
    }
}
