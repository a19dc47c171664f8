//! What two detectors share: a row for each person, address and UTC day with successes from addresses that a list names.

use crate::seen::{Outcome, Seen};
use model::event::SignInKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// So many addresses of one person on one day are counted apart; a person who has more is shown with as many.
const COUNTED_ADDRESSES: usize = 512;
/// So many events are named in the evidence of a row.
const NAMED_EVENTS: usize = 20;

/// The counts of the day that goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Day {
    day: i64,
    by_address: BTreeMap<IpAddr, Count>,
}

/// Successes of a person from an address on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// At a screen and by clients.
    pub(crate) sign_ins: u32,
    /// Of these, by clients on behalf of the person.
    pub(crate) by_clients: u32,
    /// The first ones' events.
    pub(crate) events: Vec<String>,
}

impl Day {
    /// Counts a success from an address that a list names; `None` for what is none, or beyond what is counted.
    pub(crate) fn count(&mut self, seen: &Seen) -> Option<(IpAddr, &Count)> {
        let address = seen.address.filter(|_| seen.outcome == Outcome::Success)?;
        let day = seen.time.day();
        if self.day != day {
            *self = Day {
                day,
                by_address: BTreeMap::new(),
            };
        }
        if self.by_address.len() >= COUNTED_ADDRESSES && !self.by_address.contains_key(&address) {
            return None;
        }
        let count = self.by_address.entry(address).or_default();
        count.sign_ins += 1;
        count.by_clients += u32::from(seen.kind != SignInKind::Interactive);
        if count.events.len() < NAMED_EVENTS {
            count.events.push(crate::told::event_id(seen.key));
        }
        Some((address, count))
    }
}

/// `2026-11-29`, for ids: the UTC day of a sign-in.
pub(crate) fn day_name(seen: &Seen) -> String {
    let text = seen.time.day_start().to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}
