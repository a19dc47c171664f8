//! signInsAfterMultipleFailuresEvents: a success after many failures in a row.
//!
//! Counted are failures of credentials, one after the other, without a success between. Interrupts (another factor, a new password) and
//! failures of applications neither count nor break the row. Sign-ins of a person at a screen and of clients by themselves are two rows:
//! the refreshes of the owner's phone do not break the row of whoever guesses.

use super::{DetectorDef, Judges};
use crate::seen::{Outcome, Seen};
use crate::told::{Draft, Evidence, Judging, Told, event_id, listing, sign_in};
use model::event::SignInKind;
use model::finding::Found;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "after-multiple-failures",
    report: "signInsAfterMultipleFailuresEvents",
    judges: Judges::People,
    about: "A success after at least so many failures of credentials in a row, of the same person.",
};

/// When failures matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Fewer failures in a row than this are a person mistyping. Microsoft's report had this number as a setting as well.
    pub minimum_failures: u32,
    /// Whether sign-ins count for which another identity provider asked for the credentials: it sees the failures, we may not.
    pub include_federated: bool,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            minimum_failures: 10,
            include_federated: false,
        }
    }
}

/// The rows of failures that go on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    at_screen: Row,
    by_client: Row,
}

/// Failures in a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Row {
    failures: u32,
    first: i64,
    last: i64,
    first_event: [u8; 16],
    last_event: [u8; 16],
    /// Addresses of the failures, the first few.
    addresses: Vec<String>,
}

/// So many addresses are named in the evidence.
const NAMED_ADDRESSES: usize = 10;

impl State {
    pub(crate) fn observe(&mut self, seen: &Seen, judging: &Judging<'_>, told: &mut Told) {
        let thresholds = &judging.version.rules.after_multiple_failures;
        if seen.is_federated && !thresholds.include_federated {
            told.note(&DEF, seen, || {
                "it is federated: another provider asked for the credentials".to_owned()
            });
            return;
        }
        let row = match seen.kind {
            SignInKind::Interactive => &mut self.at_screen,
            _ => &mut self.by_client,
        };
        match seen.outcome {
            Outcome::WrongCredentials => row.add(seen),
            Outcome::Interrupted | Outcome::OtherFailure => {}
            Outcome::Success => {
                let row = std::mem::take(row);
                if row.failures >= thresholds.minimum_failures {
                    told.found.push(finding(&row, seen, judging, thresholds));
                    return;
                }
                let (failures, minimum) = (row.failures, thresholds.minimum_failures);
                told.note(&DEF, seen, || {
                    format!("{failures} failures of credentials in a row came before it; it takes {minimum}")
                });
            }
        }
    }
}

impl Row {
    fn add(&mut self, seen: &Seen) {
        if self.failures == 0 {
            self.first = seen.time.ticks();
            self.first_event = seen.key.0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last = seen.time.ticks();
        self.last_event = seen.key.0;
        if let Some(address) = seen.address
            && self.addresses.len() < NAMED_ADDRESSES
        {
            let address = address.to_string();
            if !self.addresses.contains(&address) {
                self.addresses.push(address);
            }
        }
    }
}

fn finding(
    row: &Row,
    seen: &Seen,
    judging: &Judging<'_>,
    thresholds: &Thresholds,
) -> model::finding::Finding {
    let failures = row.failures;
    let from = seen
        .address
        .map(|address| format!(" from {address}"))
        .unwrap_or_default();
    let lists = &seen.whereabouts.listed;
    let evidence = Evidence::default()
        .with("failedAttempts", failures)
        .with("firstFailure", Timestamp::from_ticks(row.first).to_string())
        .with("lastFailure", Timestamp::from_ticks(row.last).to_string())
        .with(
            "firstFailedEvent",
            event_id(model::identity::EventKey(row.first_event)),
        )
        .with(
            "lastFailedEvent",
            event_id(model::identity::EventKey(row.last_event)),
        )
        .with("addressesOfFailures", row.addresses.clone())
        .with("firstSuccess", sign_in(seen))
        .with_some(
            "listsOfSuccess",
            (!lists.is_empty()).then(|| lists.iter().map(listing).collect::<serde_json::Value>()),
        )
        .with("minimumFailures", thresholds.minimum_failures);
    judging.finding(Draft {
        time: seen.time,
        seen,
        found: Found::AfterMultipleFailures {
            failed_attempts: failures,
        },
        told_apart_by: &[&event_id(seen.key)],
        summary: format!("{failures} failed attempts in a row, then a success{from}"),
        evidence,
    })
}
