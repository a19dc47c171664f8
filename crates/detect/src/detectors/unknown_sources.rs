//! signInsFromUnknownSourcesEvents: successes from addresses that hide who uses them.
//!
//! An address counts if a list of Tor exits or of anonymous proxies named it at the time of the sign-in. A VPN that anybody can rent is no
//! unknown source by default: Defender for Cloud Apps cut its own detection back to Tor in 2025, for accuracy.

use super::listed::{Day, day_name};
use super::{DetectorDef, Judges};
use crate::seen::Seen;
use crate::told::{Draft, Evidence, Judging, Told, listing, sign_in};
use model::finding::Found;
use model::whereabouts::ListClass;
use serde::{Deserialize, Serialize};

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "unknown-sources",
    report: "signInsFromUnknownSourcesEvents",
    judges: Judges::People,
    about: "Successes from Tor exits and anonymous proxies: a row for each person, address and UTC day.",
};

/// Which addresses hide who uses them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Whether addresses of VPNs that anybody can rent count too. Many honest people use them.
    pub include_vpn: bool,
}

#[allow(clippy::derivable_impls)] // The reason stands beside the setting, as for all thresholds.
impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { include_vpn: false }
    }
}

/// The day that goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State(Day);

impl State {
    pub(crate) fn observe(&mut self, seen: &Seen, judging: &Judging<'_>, told: &mut Told) {
        let thresholds = &judging.version.rules.unknown_sources;
        let at = &*seen.whereabouts;
        let vpn = at.listed_as(ListClass::Vpn).filter(|_| thresholds.include_vpn);
        let listed = at
            .listed_as(ListClass::Tor)
            .or_else(|| at.listed_as(ListClass::AnonymousProxy))
            .or(vpn);
        let Some(listed) = listed else {
            let lists = "no list of Tor exits or of anonymous proxies names the address at that time";
            told.note(&DEF, seen, || lists.to_owned());
            return;
        };
        let Some((address, count)) = self.0.count(seen) else {
            return;
        };
        let what = match listed.class {
            ListClass::Tor => "an exit of Tor",
            ListClass::AnonymousProxy => "an anonymous proxy",
            _ => "a VPN",
        };
        let stale = if listed.is_stale {
            ", a list that is out of date"
        } else {
            ""
        };
        let evidence = Evidence::default()
            .with("signIns", count.sign_ins)
            .with("byClients", count.by_clients)
            .with("listed", listing(listed))
            .with("lastSignIn", sign_in(seen))
            .with("events", count.events.clone());
        told.found.push(judging.finding(Draft {
            time: seen.time,
            seen,
            found: Found::UnknownSource {
                sign_ins: count.sign_ins,
            },
            told_apart_by: &[&address.to_string(), &day_name(seen)],
            summary: format!("signed in from {address}, {what} (list {}{stale})", listed.list),
            evidence,
        }));
    }
}
