//! A made-up sign-in in brief: what labels and oracles look at.

use crate::truth::Truth;
use model::event::SignInKind;
use model::identity::EventKey;
use model::time::Timestamp;
use std::net::Ipv4Addr;

/// A sign-in in brief.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// The event's identity.
    pub key: EventKey,
    /// When it happened.
    pub time: Timestamp,
    /// The account by number.
    pub account: u32,
    /// The address.
    pub address: Ipv4Addr,
    /// Whether a person sat at a screen.
    pub kind: SignInKind,
    /// Entra's code; 0 is success.
    pub code: i64,
    /// The truth.
    pub truth: Truth,
}

/// Entra's codes for credentials that were wrong or of an account that takes none (its error code reference): wrong password or name,
/// locked, expired, empty, disabled, wrong domain. Interrupts (50140, 50158, 50074, 50076, 50079, 65001) are not among them.
pub const CREDENTIAL_FAILURES: &[i64] = &[50034, 50053, 50055, 50056, 50057, 50064, 50126];

impl Record {
    /// Whether somebody got in.
    pub const fn is_success(&self) -> bool {
        self.code == 0
    }

    /// Whether the credentials were wrong.
    pub fn is_credential_failure(&self) -> bool {
        CREDENTIAL_FAILURES.contains(&self.code)
    }

    /// Whether a person sat at a screen.
    pub fn is_interactive(&self) -> bool {
        self.kind == SignInKind::Interactive
    }
}
