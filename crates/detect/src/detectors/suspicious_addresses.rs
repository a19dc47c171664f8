//! signInsFromIPAddressesWithSuspiciousActivityEvents: successes from an address where unusually many people's credentials are tried.
//!
//! Looked at is one address and the 24 hours before each sign-in. Somebody who signs in from an address again and again is at home there,
//! and whoever mistypes and then gets in has mistyped: neither says anything about the address. What is left are strangers whose credentials fail. Many
//! of them, against few who get in, are a spray (some passwords, many people) or stuffing (stolen pairs, many accounts that are not there);
//! many failures of few strangers are brute force. An office of two hundred people has failures every morning, and none of these.

use super::{DetectorDef, Judges};
use crate::remembered::Watched;
use crate::seen::{Outcome, Seen};
use crate::told::{Draft, Evidence, Judging, Told, event_id, sign_in};
use model::event::SignInKind;
use model::finding::Found;
use model::time::{TICKS_PER_DAY, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "suspicious-addresses",
    report: "signInsFromIPAddressesWithSuspiciousActivityEvents",
    judges: Judges::Addresses,
    about: "Successes from an address where many strangers' credentials fail: a row for each person, address and UTC day.",
};

/// When an address is suspicious.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// So many different strangers must have failed within 24 hours for a spray. Fewer are a family, a hotel, a meeting room.
    pub minimum_people: u32,
    /// So many failing strangers for each person who got in: in a shared network more people get in than fail for good.
    pub people_for_each_success: u32,
    /// So many failures of strangers are brute force, however few people they are of.
    pub minimum_failures: u32,
    /// So many failures for each success: what 'an unusually high ratio' is.
    pub failures_for_each_success: u32,
    /// So many failures before a success are still a person mistyping.
    pub mistyped_failures: u32,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            minimum_people: 5,
            people_for_each_success: 2,
            minimum_failures: 20,
            failures_for_each_success: 10,
            mistyped_failures: 3,
        }
    }
}

/// What is looked at before each sign-in.
const WINDOW_TICKS: i64 = TICKS_PER_DAY;
/// Whoever succeeded from the address within this time before, without a failure, is at home there.
const AT_HOME_TICKS: i64 = 7 * TICKS_PER_DAY;
/// So many people are watched at one address; whoever comes beyond is not counted.
const WATCHED_PEOPLE: usize = 20_000;

/// So many failures of one person are counted, and so many successes.
const COUNTED_FAILURES: usize = 1_000;
const COUNTED_SUCCESSES: usize = 1_000;

/// An address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Boxed: most addresses have one person, and a map makes room for eleven.
    people: BTreeMap<Arc<str>, Box<At>>,
    /// When which person must be looked at again: [`At::next_look`] of each.
    looks: BTreeSet<(i64, Arc<str>)>,
    counted: Counted,
}

/// A person at the address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct At {
    /// The last success, in ticks; within the window.
    last_success: Option<i64>,
    /// The last success before which nothing had failed for as long as the window is, in ticks: who had one not long ago is at home. It
    /// takes no other state of the person to know it, so that a history of [`horizon`] is enough.
    last_home: Option<i64>,
    /// When their credentials failed last, at home or not, in ticks; within the window.
    last_wrong: Option<i64>,
    /// When their credentials failed while they were not at home, in ticks; within the window.
    failures: Vec<i64>,
    account_is_unknown: bool,
    /// When they got in, not being at home, in ticks, and after how many failures; within the window. The first of it counts, whatever was
    /// before the window.
    got_in: VecDeque<(i64, u32)>,
    /// Successes of a stranger within the window, the last of each UTC day.
    successes: Vec<Arc<Seen>>,
    /// What of them is in the sums.
    counted: Counted,
    /// When something of this ends.
    next_look: Option<i64>,
}

/// What is counted within the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Counted {
    strangers: u32,
    unknown_accounts: u32,
    failures: u32,
    successes: u32,
    people_in: u32,
}

impl Watched for State {
    fn observe(&mut self, seen: &Arc<Seen>, judging: &Judging<'_>, told: &mut Told) {
        let thresholds = &judging.version.rules.suspicious_addresses;
        let now = seen.time.ticks();
        self.forget(now, thresholds);
        let before = self.counted;
        if self.people.len() >= WATCHED_PEOPLE && !self.people.contains_key(&seen.subject) {
            return;
        }
        let person = self.people.entry(Arc::clone(&seen.subject)).or_default();
        let is_at_home = person.last_home.is_some();
        let mut is_new_success = false;
        match (seen.outcome, seen.kind) {
            (Outcome::WrongCredentials, _) => {
                person.last_wrong = Some(now);
                // More failures of one person than that say nothing new.
                if !is_at_home && person.failures.len() < COUNTED_FAILURES {
                    person.failures.push(now);
                }
                person.account_is_unknown |= seen.account_is_unknown && !is_at_home;
            }
            (Outcome::Success, kind) => {
                person.last_success = Some(now);
                if person.last_wrong.is_none() {
                    person.last_home = Some(now);
                }
                // What a phone does by itself shows that its owner is at home.
                is_new_success = kind == SignInKind::Interactive && !is_at_home;
                if is_new_success {
                    if person.got_in.len() < COUNTED_SUCCESSES {
                        person.got_in.push_back((now, person.failures.len() as u32));
                    }
                    person
                        .successes
                        .retain(|other| other.time.day() != seen.time.day());
                    person.successes.push(Arc::clone(seen));
                }
            }
            _ => {}
        }
        person.count(&mut self.counted, thresholds);
        self.look_again(&seen.subject);
        let news = if is_new_success {
            News::Success
        } else {
            News::Attempt
        };
        self.judge(judging, &before, news, seen, told);
    }
}

impl State {
    /// What has left the window goes.
    fn forget(&mut self, now: i64, thresholds: &Thresholds) {
        while self.looks.first().is_some_and(|(end, _)| *end < now)
            && let Some((_, subject)) = self.looks.pop_first()
        {
            if let Some(person) = self.people.get_mut(&subject) {
                person.next_look = None;
                person.forget(now);
                person.count(&mut self.counted, thresholds);
            }
            self.look_again(&subject);
        }
    }

    /// Sets when a person is looked at again; of whom nothing is kept is watched no longer.
    fn look_again(&mut self, subject: &Arc<str>) {
        let Some(person) = self.people.get_mut(subject) else {
            return;
        };
        let next = person.next_end();
        if next != person.next_look {
            if let Some(end) = std::mem::replace(&mut person.next_look, next) {
                self.looks.remove(&(end, Arc::clone(subject)));
            }
            if let Some(end) = next {
                self.looks.insert((end, Arc::clone(subject)));
            }
        }
        if next.is_none() {
            self.people.remove(subject);
        }
    }

    fn judge(&self, judging: &Judging<'_>, before: &Counted, news: News, seen: &Seen, told: &mut Told) {
        let thresholds = &judging.version.rules.suspicious_addresses;
        let counted = &self.counted;
        let Some(attack) = counted.attack(thresholds) else {
            told.note(&DEF, seen, || counted.why_not(thresholds));
            return;
        };
        // Told when it begins, when somebody gets in, and when it has become twice as much: not at each attempt.
        let has_doubled = |was: u32, is: u32| is.checked_ilog2() > was.checked_ilog2();
        let is_worth_telling = before.attack(thresholds).is_none()
            || news == News::Success
            || has_doubled(before.failures, counted.failures)
            || has_doubled(before.strangers, counted.strangers);
        if !is_worth_telling {
            return;
        }
        for person in self.people.values() {
            for success in &person.successes {
                told.found.push(finding(success, attack, counted, judging));
            }
        }
    }
}

/// What a sign-in brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// A stranger got in.
    Success,
    /// Anything else.
    Attempt,
}

impl At {
    /// When something of the person leaves the window, or they are not at home any more: the first of it.
    fn next_end(&self) -> Option<i64> {
        let of_window = [
            self.last_success,
            self.last_wrong,
            self.failures.first().copied(),
            self.got_in.front().map(|(at, _)| *at),
            self.successes.first().map(|success| success.time.ticks()),
        ];
        let of_window = of_window.into_iter().flatten().map(|at| at + WINDOW_TICKS);
        of_window.chain(self.last_home.map(|at| at + AT_HOME_TICKS)).min()
    }

    /// What has left the window goes.
    fn forget(&mut self, now: i64) {
        let is_within = |at: i64| now - at <= WINDOW_TICKS;
        self.last_success = self.last_success.filter(|at| is_within(*at));
        self.last_wrong = self.last_wrong.filter(|at| is_within(*at));
        self.failures.retain(|at| is_within(*at));
        self.account_is_unknown &= !self.failures.is_empty();
        while self.got_in.front().is_some_and(|(at, _)| !is_within(*at)) {
            self.got_in.pop_front();
        }
        self.successes.retain(|success| is_within(success.time.ticks()));
        self.last_home = self.last_home.filter(|at| now - at <= AT_HOME_TICKS);
    }

    /// Puts what the person is now into the sums, in the place of what they were.
    fn count(&mut self, sums: &mut Counted, thresholds: &Thresholds) {
        let failures = self.failures.len() as u32;
        let first = self.got_in.front();
        let has_mistyped = first.is_some_and(|(_, failures)| *failures <= thresholds.mistyped_failures);
        let is_in = u32::from(self.last_success.is_some());
        let is = if failures > 0 && !has_mistyped {
            Counted {
                strangers: 1,
                unknown_accounts: u32::from(self.account_is_unknown),
                failures,
                successes: is_in,
                people_in: 0,
            }
        } else {
            Counted {
                people_in: is_in,
                ..Counted::default()
            }
        };
        let was = std::mem::replace(&mut self.counted, is);
        sums.strangers = sums.strangers - was.strangers + is.strangers;
        sums.unknown_accounts = sums.unknown_accounts - was.unknown_accounts + is.unknown_accounts;
        sums.failures = sums.failures - was.failures + is.failures;
        sums.successes = sums.successes - was.successes + is.successes;
        sums.people_in = sums.people_in - was.people_in + is.people_in;
    }
}

impl Counted {
    fn why_not(&self, thresholds: &Thresholds) -> String {
        format!(
            "within 24 hours credentials of {} strangers failed {} times at the address and {} people got in; an attack is at least {} \
             strangers and {} for each who got in, or {} failures and {} for each success",
            self.strangers,
            self.failures,
            self.successes + self.people_in,
            thresholds.minimum_people,
            thresholds.people_for_each_success,
            thresholds.minimum_failures,
            thresholds.failures_for_each_success
        )
    }

    fn attack(&self, thresholds: &Thresholds) -> Option<&'static str> {
        let is_many_people = self.strangers >= thresholds.minimum_people
            && self.strangers >= thresholds.people_for_each_success * self.people_in;
        let is_many_failures = self.failures >= thresholds.minimum_failures
            && self.failures >= thresholds.failures_for_each_success * (self.successes + self.people_in);
        if is_many_people && self.unknown_accounts * 2 >= self.strangers {
            Some("credential stuffing")
        } else if is_many_people {
            Some("password spray")
        } else if is_many_failures {
            Some("brute force")
        } else {
            None
        }
    }
}

fn finding(
    success: &Seen,
    attack: &str,
    counted: &Counted,
    judging: &Judging<'_>,
) -> model::finding::Finding {
    let address = success
        .address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let day = super::listed::day_name(success);
    let evidence = Evidence::default()
        .with("pattern", attack)
        .with("peopleWhoFailed", counted.strangers)
        .with("accountsThatAreNotThere", counted.unknown_accounts)
        .with("failures", counted.failures)
        .with("othersWhoGotIn", counted.people_in)
        .with("windowHours", 24)
        .with("success", sign_in(success))
        .with("event", event_id(success.key));
    judging.finding(Draft {
        time: success.time,
        seen: success,
        found: Found::SuspiciousAddress,
        told_apart_by: &[&address, &day],
        summary: format!(
            "signed in from {address}, where credentials of {} people failed {} times within 24 hours ({attack})",
            counted.strangers, counted.failures
        ),
        evidence,
    })
}

/// How far back an address must be looked at for its judgement at a moment to be whole: failures of the window before it, who was at home at
/// each of them, and whether something had failed before that.
pub(crate) fn horizon(at: Timestamp) -> Timestamp {
    at.plus_ticks(-(AT_HOME_TICKS + 2 * WINDOW_TICKS))
}
