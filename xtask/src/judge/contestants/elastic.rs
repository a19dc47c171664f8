//! Elastic's rules for Entra ID (elastic/detection-rules: impossible travel, brute force), thresholds stated again.

use super::{
    ADDRESSES, Alarm, Contestant, FAILURES, TRAVEL, is_interactive_success, position, seconds_between,
};
use detect::{Outcome, Seen};
use model::identity::EventKey;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use world::Position;

/// The travel rule looks back so far, …
const LOOK_BACK_SECONDS: i64 = 90 * 60;
/// … and runs so often; one alarm of a user silences the next run.
const EVERY_SECONDS: i64 = 30 * 60;
const LEAST_KM: f64 = 500.0;
const LEAST_KM_PER_HOUR: f64 = 800.0;
const REGIONS: std::ops::RangeInclusive<usize> = 2..=5;

/// Failures of the whole directory are looked at by windows of so long.
const WINDOW_SECONDS: i64 = 15 * 60;

#[derive(Default)]
struct Elastic {
    last_alarm: HashMap<Arc<str>, Timestamp>,
}

/// A new one.
pub(super) fn new() -> Box<dyn Contestant> {
    Box::new(Elastic::default())
}

impl Contestant for Elastic {
    fn name(&self) -> &'static str {
        "Elastic"
    }

    fn detectors(&self) -> &'static [&'static str] {
        &[TRAVEL, FAILURES, ADDRESSES]
    }

    fn judge(&mut self, events: &[Seen]) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        self.travel(events, &mut alarms);
        brute_force(events, &mut alarms);
        alarms
    }
}

/// What the travel rule keeps of a region.
struct Region<'a> {
    north: f64,
    east: f64,
    count: f64,
    first: &'a Seen,
}

impl Elastic {
    fn travel(&mut self, events: &[Seen], alarms: &mut Vec<Alarm>) {
        let successes: Vec<&Seen> = events
            .iter()
            .filter(|seen| is_interactive_success(seen))
            .collect();
        let (Some(first), Some(last)) = (successes.first(), successes.last()) else {
            return;
        };
        let mut run = first.time.hour_start();
        while run <= last.time.plus_seconds(EVERY_SECONDS) {
            let from = successes.partition_point(|seen| seen.time < run.plus_seconds(-LOOK_BACK_SECONDS));
            let to = successes.partition_point(|seen| seen.time < run);
            let mut users: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
            for seen in &successes[from..to] {
                users.entry(&seen.subject).or_default().push(seen);
            }
            for theirs in users.values() {
                self.run(run, theirs, alarms);
            }
            run = run.plus_seconds(EVERY_SECONDS);
        }
    }

    fn run(&mut self, run: Timestamp, theirs: &[&Seen], alarms: &mut Vec<Alarm>) {
        let mut regions: BTreeMap<(String, &str), Region<'_>> = BTreeMap::new();
        for seen in theirs {
            let Some(here) = position(seen) else { continue };
            let country = seen.whereabouts.country.map(|country| country.to_string());
            let region = seen
                .whereabouts
                .spot
                .as_ref()
                .and_then(|spot| spot.region.as_deref());
            let region = regions
                .entry((country.unwrap_or_default(), region.unwrap_or_default()))
                .or_insert(Region {
                    north: 0.0,
                    east: 0.0,
                    count: 0.0,
                    first: seen,
                });
            region.north += here.latitude_degrees;
            region.east += here.longitude_degrees;
            region.count += 1.0;
        }
        if !REGIONS.contains(&regions.len()) {
            return;
        }
        let norths = regions.values().map(|region| region.north / region.count);
        let easts = regions.values().map(|region| region.east / region.count);
        let corners = |least: fn(f64, f64) -> f64, start: f64| {
            Position::new(
                norths.clone().fold(start, least),
                easts.clone().fold(start, least),
            )
        };
        // The corners of a box around the regions, as the rule has it: it does not know of the date line.
        let km = corners(f64::min, f64::INFINITY).distance_km(corners(f64::max, f64::NEG_INFINITY));
        let mut firsts: Vec<&Seen> = regions.values().map(|region| region.first).collect();
        firsts.sort_by_key(|seen| seen.time);
        let (Some(first), Some(last)) = (firsts.first(), firsts.last()) else {
            return;
        };
        // Whole minutes; less than one is no speed, and no alarm.
        let minutes = (seconds_between(first.time, last.time) / 60.0).floor();
        if km < LEAST_KM || minutes < 1.0 || km * 60.0 / minutes < LEAST_KM_PER_HOUR {
            return;
        }
        let silenced = self
            .last_alarm
            .insert(first.subject.clone(), run)
            .is_some_and(|before| run.ticks() - before.ticks() <= EVERY_SECONDS * TICKS_PER_SECOND);
        if silenced {
            return;
        }
        let mut alarm = Alarm::about(TRAVEL, last);
        alarm.keys = theirs.iter().map(|seen| seen.key).collect();
        alarms.push(alarm);
    }
}

/// What a window holds.
#[derive(Default)]
struct Window {
    keys: Vec<EventKey>,
    users: BTreeSet<Arc<str>>,
    addresses: BTreeSet<IpAddr>,
    times: Vec<Timestamp>,
    last: Option<Seen>,
}

/// The whole directory's failures by windows of a quarter of an hour. An alarm names every address and every user of its window.
fn brute_force(events: &[Seen], alarms: &mut Vec<Alarm>) {
    let mut windows: BTreeMap<i64, Window> = BTreeMap::new();
    for seen in events {
        if seen.outcome != Outcome::WrongCredentials {
            continue;
        }
        let window = windows
            .entry(seen.time.unix_seconds().div_euclid(WINDOW_SECONDS))
            .or_default();
        window.keys.push(seen.key);
        window.users.insert(seen.subject.clone());
        window.addresses.extend(seen.address);
        window.times.push(seen.time);
        window.last = Some(seen.clone());
    }
    for window in windows.values() {
        let (Some(first), Some(last), Some(seen)) = (window.times.first(), window.times.last(), &window.last)
        else {
            continue;
        };
        let (count, users, seconds) = (
            window.keys.len(),
            window.users.len(),
            seconds_between(*first, *last),
        );
        let is_guessing = users == 1 && count >= 30 && seconds <= 300.0;
        // The rule asks for one error text; what sources of failures say here is not told to contestants, so it is taken as met.
        let is_spray = users >= 15 && count >= 15 && seconds <= 1800.0;
        let is_stuffing = users >= 10 && count >= 30 && window.addresses.len() >= 5 && seconds <= 600.0;
        if !(is_guessing || is_spray || is_stuffing) {
            continue;
        }
        for address in &window.addresses {
            alarms.push(Alarm {
                subject: None,
                address: Some(*address),
                keys: window.keys.clone(),
                ..Alarm::about(ADDRESSES, seen)
            });
        }
        if is_guessing {
            alarms.push(Alarm {
                keys: window.keys.clone(),
                ..Alarm::about(FAILURES, seen)
            });
        }
    }
}
