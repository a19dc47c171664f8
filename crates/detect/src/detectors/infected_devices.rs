//! signInsFromPossiblyInfectedDevicesEvents: successes from addresses that were seen talking to botnets.
//!
//! A list names addresses, not devices: everybody behind the address is possibly infected.

use super::listed::{Day, day_name};
use super::{DetectorDef, Judges};
use crate::seen::Seen;
use crate::told::{Draft, Evidence, Judging, Told, listing, sign_in};
use model::finding::Found;
use model::whereabouts::ListClass;
use serde::{Deserialize, Serialize};

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "infected-devices",
    report: "signInsFromPossiblyInfectedDevicesEvents",
    judges: Judges::People,
    about: "Successes from addresses on a list of infections: a row for each person, address and UTC day.",
};

/// Which entries of lists count.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Whether a list that is out of date counts. Addresses change hands: by default an old list finds nobody.
    pub include_stale_lists: bool,
}

/// The day that goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State(Day);

impl State {
    pub(crate) fn observe(&mut self, seen: &Seen, judging: &Judging<'_>, told: &mut Told) {
        let thresholds = &judging.version.rules.infected_devices;
        let counts = |is_stale: bool| thresholds.include_stale_lists || !is_stale;
        let Some(listed) = seen
            .whereabouts
            .listed_as(ListClass::Botnet)
            .filter(|listed| counts(listed.is_stale))
        else {
            let lists = "no list of infections that is up to date names the address at that time";
            told.note(&DEF, seen, || lists.to_owned());
            return;
        };
        let Some((address, count)) = self.0.count(seen) else {
            return;
        };
        let suspected = match &listed.note {
            Some(note) => format!("{note} (list {})", listed.list),
            None => format!("list {}", listed.list),
        };
        let evidence = Evidence::default()
            .with("signIns", count.sign_ins)
            .with("listed", listing(listed))
            .with("lastSignIn", sign_in(seen))
            .with("events", count.events.clone());
        told.found.push(judging.finding(Draft {
            time: seen.time,
            seen,
            found: Found::InfectedDevice {
                location: seen.whereabouts.place_name(),
                client: seen.tool.user_agent.as_deref().map(str::to_owned),
                suspected_infection: suspected.clone(),
                latest_activity: Some(listed.since.unwrap_or(listed.as_of)),
            },
            told_apart_by: &[&address.to_string(), &day_name(seen)],
            summary: format!("signed in from {address}, which talks to a botnet: {suspected}"),
            evidence,
        }));
    }
}
