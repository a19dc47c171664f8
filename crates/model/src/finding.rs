//! What a detector derived: a row of an anomaly report, and the evidence for it.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Something that a detector derived from events. It is stored like an event, under its derived id: the same again changes
/// nothing, and one that holds no longer is kept and marked as retracted.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Derived from what was found, never from when or in which order.
    pub id: Uuid,
    /// The time of the row.
    pub time: Timestamp,
    /// Whom it is about.
    pub person: Person,
    /// The address that it is about, in its shortest text.
    pub address: Option<String>,
    /// What was found: the row's properties.
    pub found: Found,
    /// The version of the rule that found it.
    pub rule_version: u32,
    /// Why, on one line for people. It names no person: it stands in rows (`reason`, `detail`) whose readers may not see who it is.
    pub summary: String,
    /// Everything that led to it: event ids, places, distances, counts, thresholds, lists. Shown by `explain`.
    pub evidence: Map<String, Value>,
    /// Why it holds no longer; `None` while it holds.
    pub retracted: Option<String>,
}

/// A person as rows name one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// The object id, where a source tells it.
    pub user_id: Option<String>,
    /// The sign-in name.
    pub user_name: Option<String>,
    /// The name for people.
    pub display_name: Option<String>,
}

/// What a detector found, one variant for each report that it fills.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// signInsFromMultipleGeographiesEvents
    MultipleGeographies {
        /// About where the first sign-in came from.
        first_from: Option<String>,
        /// About where the second one came from.
        second_from: Option<String>,
        /// Between both, in ticks of 100 ns; the finding's time is that of the second.
        between_ticks: i64,
        /// About how many hours the way takes, rounded up.
        travel_hours: i32,
    },
    /// signInsAfterMultipleFailuresEvents; the finding's time is that of the first success.
    AfterMultipleFailures {
        /// Failures in a row before it.
        failed_attempts: u32,
    },
    /// signInsFromUnknownSourcesEvents; the finding's time is that of the last success.
    UnknownSource {
        /// Successes of this person from this address on this UTC day.
        sign_ins: u32,
    },
    /// signInsFromIPAddressesWithSuspiciousActivityEvents; the finding's time is that of the last success.
    SuspiciousAddress,
    /// signInsFromPossiblyInfectedDevicesEvents; the finding's time is that of the last success.
    InfectedDevice {
        /// About where the address is.
        location: Option<String>,
        /// What was signed in with: the User-Agent.
        client: Option<String>,
        /// The list and what it says.
        suspected_infection: String,
        /// When the list last saw the address.
        latest_activity: Option<Timestamp>,
    },
    /// irregularSignInActivityEvents
    Irregular {
        /// Whether it is more than irregular.
        class: IrregularClass,
        /// What was signed in with: the User-Agent.
        device: Option<String>,
        /// About where from.
        location: Option<String>,
    },
}

/// What a sign-in that does not fit is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IrregularClass {
    /// `Irregular`
    Irregular,
    /// `Suspicious`
    Suspicious,
}

impl IrregularClass {
    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            IrregularClass::Irregular => "Irregular",
            IrregularClass::Suspicious => "Suspicious",
        }
    }
}

impl Found {
    /// Every word of [`Found::detector`].
    pub const DETECTORS: &[&str] = &[
        "multiple-geographies",
        "after-multiple-failures",
        "unknown-sources",
        "suspicious-addresses",
        "infected-devices",
        "irregular",
    ];

    /// The word for it in stored findings, ids and evidence; never changed once findings are stored.
    pub const fn detector(&self) -> &'static str {
        match self {
            Found::MultipleGeographies { .. } => "multiple-geographies",
            Found::AfterMultipleFailures { .. } => "after-multiple-failures",
            Found::UnknownSource { .. } => "unknown-sources",
            Found::SuspiciousAddress => "suspicious-addresses",
            Found::InfectedDevice { .. } => "infected-devices",
            Found::Irregular { .. } => "irregular",
        }
    }
}
