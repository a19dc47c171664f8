//! BuffaLogs 3 (certego/BuffaLogs, `impossible_travel`), its rules and default thresholds stated again.

use super::{Alarm, Contestant, IRREGULAR, TRAVEL, UNKNOWN, is_listed, position, seconds_between};
use detect::{Outcome, Seen};
use model::time::Timestamp;
use model::whereabouts::{Country, ListClass};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use world::Position;

/// A shorter way is no journey.
const DISTANCE_ACCEPTED_KM: f64 = 100.0;
/// A slower journey is one.
const SPEED_ACCEPTED_KM_PER_HOUR: f64 = 300.0;
/// A country not seen for so long is atypical.
const ATYPICAL_COUNTRY_DAYS: i64 = 30;
/// A user's first days raise nothing that is shown.
const LEARNING_DAYS: i64 = 14;

/// Browser and operating system.
type Device = (Option<Arc<str>>, Option<Arc<str>>);

struct Last {
    time: Timestamp,
    position: Position,
    country: Option<Country>,
    seen: Seen,
}

#[derive(Default)]
struct User {
    since: Option<Timestamp>,
    addresses: HashSet<IpAddr>,
    devices: HashSet<Device>,
    countries: HashMap<Country, Timestamp>,
    last: Option<Last>,
}

#[derive(Default)]
struct BuffaLogs {
    users: HashMap<Arc<str>, User>,
}

/// A new one.
pub(super) fn new() -> Box<dyn Contestant> {
    Box::new(BuffaLogs::default())
}

impl Contestant for BuffaLogs {
    fn name(&self) -> &'static str {
        "BuffaLogs"
    }

    fn detectors(&self) -> &'static [&'static str] {
        &[TRAVEL, UNKNOWN, IRREGULAR]
    }

    fn judge(&mut self, events: &[Seen]) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        for seen in events {
            if seen.outcome == Outcome::Success {
                self.login(seen, &mut alarms);
            }
        }
        alarms
    }
}

impl BuffaLogs {
    fn login(&mut self, seen: &Seen, alarms: &mut Vec<Alarm>) {
        if is_listed(seen, &[ListClass::Tor, ListClass::AnonymousProxy, ListClass::Vpn]) {
            alarms.push(Alarm::about(UNKNOWN, seen));
        }
        let Some(here) = position(seen) else { return };
        let user = self.users.entry(seen.subject.clone()).or_default();
        let since = *user.since.get_or_insert(seen.time);
        let is_shown = seen.time >= since.plus_days(LEARNING_DAYS) && !is_mobile(seen);
        let device: Device = (seen.tool.browser.clone(), seen.tool.operating_system.clone());
        let country = seen.whereabouts.country;
        if let Some(last) = &user.last {
            let is_new_device = !user.devices.contains(&device);
            let is_odd_country = country.is_some_and(|country| {
                user.countries
                    .get(&country)
                    .is_none_or(|last| seen.time >= last.plus_days(ATYPICAL_COUNTRY_DAYS))
            });
            if is_shown && (is_new_device || is_odd_country) {
                alarms.push(Alarm::about(IRREGULAR, seen));
            }
            let is_new_address = seen
                .address
                .is_some_and(|address| !user.addresses.contains(&address));
            let km = last.position.distance_km(here);
            let hours = (seconds_between(last.time, seen.time) / 3600.0).max(0.001);
            // Alarms within one country are filtered by default.
            let is_abroad = last.country != country;
            if is_shown
                && is_new_address
                && is_abroad
                && km > DISTANCE_ACCEPTED_KM
                && km / hours > SPEED_ACCEPTED_KM_PER_HOUR
            {
                let mut alarm = Alarm::about(TRAVEL, seen);
                alarm.keys.insert(0, last.seen.key);
                alarms.push(alarm);
            }
        }
        user.addresses.extend(seen.address);
        user.devices.insert(device);
        if let Some(country) = country {
            user.countries.insert(country, seen.time);
        }
        user.last = Some(Last {
            time: seen.time,
            position: here,
            country,
            seen: seen.clone(),
        });
    }
}

/// Alarms of mobile devices are filtered by default.
fn is_mobile(seen: &Seen) -> bool {
    let system = seen.tool.operating_system.as_deref();
    system.is_some_and(|system| system == "ios" || system == "android")
}
