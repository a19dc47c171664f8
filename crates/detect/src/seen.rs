//! A sign-in as detectors see it: who, when, from where, with what, and what became of it.

use crate::habits::Shown;
use model::event::SignInKind;
use model::finding::Person;
use model::identity::EventKey;
use model::time::Timestamp;
use model::whereabouts::Whereabouts;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// A sign-in as detectors see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The event's identity.
    pub key: EventKey,
    /// When it happened.
    pub time: Timestamp,
    /// The one name under which everything of this person is judged, in lower case: the sign-in name, else the object id, or what the
    /// configuration says that both are.
    pub subject: Arc<str>,
    /// The person as rows name one.
    pub person: Person,
    /// Whether a person sat at a screen.
    pub kind: SignInKind,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it failed because nobody has that account.
    pub account_is_unknown: bool,
    /// Whether another identity provider asked for the credentials.
    pub is_federated: bool,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// What is known of that address at that time.
    pub whereabouts: Arc<Whereabouts>,
    /// What was signed in with.
    pub tool: Tool,
    /// What it shows of habits, once that was asked for.
    #[serde(skip)]
    pub shown: Shown,
}

/// What a sign-in came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Somebody is in.
    Success,
    /// Who tried did not know the credentials, or the account does not take any now (locked, disabled, unknown).
    WrongCredentials,
    /// The credentials were right, or were not looked at, and something else was asked for: another factor, a new password, consent.
    Interrupted,
    /// Something else went wrong, such as an application that is set up wrongly.
    OtherFailure,
}

/// What was signed in with, as far as the source tells. Text is kept as it came; families are in lower case and without versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tool {
    /// The directory's id of the device.
    pub device_id: Option<Arc<str>>,
    /// The User-Agent as sent.
    pub user_agent: Option<Arc<str>>,
    /// `chrome`, `firefox`, `outlook` …
    pub browser: Option<Arc<str>>,
    /// `windows`, `ios` …
    pub operating_system: Option<Arc<str>>,
}
