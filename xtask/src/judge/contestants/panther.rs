//! Panther's standard rules (panther-labs/panther-analysis: impossible travel, brute force by IP and by user), thresholds stated again.

use super::{ADDRESSES, Alarm, Contestant, FAILURES, TRAVEL, is_listed, position, seconds_between};
use detect::{Outcome, Seen};
use model::identity::EventKey;
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use world::Position;

/// Faster than a Boeing 747.
const SPEED_KM_PER_HOUR: f64 = 900.0;
/// A sign-in is remembered for so long.
const MEMORY_SECONDS: f64 = 86_400.0;
/// So many failures …
const FAILURES_THRESHOLD: u32 = 20;
/// … within so long are brute force; within it, one alarm is enough.
const FAILURES_SECONDS: f64 = 3600.0;

#[derive(Default)]
struct Panther {
    last: HashMap<Arc<str>, (Timestamp, Position, Option<IpAddr>, EventKey)>,
    by_address: HashMap<IpAddr, Window>,
    by_user: HashMap<Arc<str>, Window>,
}

struct Window {
    began: Timestamp,
    keys: Vec<EventKey>,
}

/// A new one.
pub(super) fn new() -> Box<dyn Contestant> {
    Box::new(Panther::default())
}

impl Contestant for Panther {
    fn name(&self) -> &'static str {
        "Panther"
    }

    fn detectors(&self) -> &'static [&'static str] {
        &[TRAVEL, FAILURES, ADDRESSES]
    }

    fn judge(&mut self, events: &[Seen]) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        for seen in events {
            match seen.outcome {
                Outcome::Success => self.login(seen, &mut alarms),
                Outcome::WrongCredentials => self.failure(seen, &mut alarms),
                Outcome::Interrupted | Outcome::OtherFailure => {}
            }
        }
        alarms
    }
}

impl Panther {
    fn login(&mut self, seen: &Seen, alarms: &mut Vec<Alarm>) {
        let Some(here) = position(seen) else { return };
        // Such sign-ins are not remembered, and what they raise is for information only.
        if is_listed(seen, &[ListClass::Vpn, ListClass::Relay, ListClass::Satellite]) {
            return;
        }
        let now = (seen.time, here, seen.address, seen.key);
        let Some((time, there, address, key)) = self.last.insert(seen.subject.clone(), now) else {
            return;
        };
        let seconds = seconds_between(time, seen.time);
        if seconds > MEMORY_SECONDS || address == seen.address {
            return;
        }
        let hours = (seconds / 3600.0).max(0.0001);
        if there.distance_km(here) / hours > SPEED_KM_PER_HOUR {
            let mut alarm = Alarm::about(TRAVEL, seen);
            alarm.keys.insert(0, key);
            alarms.push(alarm);
        }
    }

    fn failure(&mut self, seen: &Seen, alarms: &mut Vec<Alarm>) {
        if let Some(address) = seen.address
            && let Some(keys) = count(&mut self.by_address, address, seen)
        {
            alarms.push(Alarm {
                keys,
                subject: None,
                ..Alarm::about(ADDRESSES, seen)
            });
        }
        if let Some(keys) = count(&mut self.by_user, seen.subject.clone(), seen) {
            alarms.push(Alarm {
                keys,
                ..Alarm::about(FAILURES, seen)
            });
        }
    }
}

/// Counts a failure; gives all of the window when it reaches the threshold.
fn count<K: Hash + Eq>(windows: &mut HashMap<K, Window>, of: K, seen: &Seen) -> Option<Vec<EventKey>> {
    let window = windows.entry(of).or_insert_with(|| Window {
        began: seen.time,
        keys: Vec::new(),
    });
    if seconds_between(window.began, seen.time) > FAILURES_SECONDS {
        window.began = seen.time;
        window.keys.clear();
    }
    window.keys.push(seen.key);
    (window.keys.len() as u32 == FAILURES_THRESHOLD).then(|| window.keys.clone())
}
