//! A sign-in while the world is made: small, and with its truth beside it.

use crate::truth::Truth;
use model::event::SignInKind;
use model::time::Timestamp;
use std::net::Ipv4Addr;

/// A sign-in or an attempt at one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) time: Timestamp,
    /// The account by number; a number past the last account is a name that does not exist.
    pub(crate) account: u32,
    pub(crate) kind: SignInKind,
    pub(crate) end: End,
    pub(crate) address: Ipv4Addr,
    /// The tool by its number in the world.
    pub(crate) tool: u32,
    pub(crate) truth: Truth,
}

/// How a sign-in ends, by Entra's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    WrongPassword,
    Locked,
    NoSuchUser,
    KeepMeSignedIn,
    ExternalChallenge,
    StrongAuthenticationNeeded,
    StrongAuthenticationNeededHere,
    StrongAuthenticationDenied,
    ConsentNeeded,
    BlockedByPolicy,
}

impl End {
    /// Steps of a sign-in that are no failures.
    pub(crate) const INTERRUPTS: &'static [End] = &[
        End::KeepMeSignedIn,
        End::KeepMeSignedIn,
        End::ExternalChallenge,
        End::StrongAuthenticationNeeded,
        End::StrongAuthenticationNeededHere,
        End::ConsentNeeded,
    ];

    /// Entra's code (AADSTS…); 0 is success.
    pub(crate) const fn code(self) -> i64 {
        match self {
            End::Success => 0,
            End::WrongPassword => 50126,
            End::Locked => 50053,
            End::NoSuchUser => 50034,
            End::KeepMeSignedIn => 50140,
            End::ExternalChallenge => 50158,
            End::StrongAuthenticationNeeded => 50074,
            End::StrongAuthenticationNeededHere => 50076,
            End::StrongAuthenticationDenied => 500_121,
            End::ConsentNeeded => 65001,
            End::BlockedByPolicy => 53003,
        }
    }

    /// The code in words.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            End::Success => None,
            End::WrongPassword => Some("Wrong user name or password."),
            End::Locked => Some("The account is locked after too many attempts."),
            End::NoSuchUser => Some("There is no such account."),
            End::KeepMeSignedIn => Some("Interrupted to ask whether to stay signed in."),
            End::ExternalChallenge => Some("Interrupted by an external challenge."),
            End::StrongAuthenticationNeeded => Some("Another factor is needed."),
            End::StrongAuthenticationNeededHere => Some("Another factor is needed at this place."),
            End::StrongAuthenticationDenied => Some("The other factor was refused."),
            End::ConsentNeeded => Some("Consent is needed."),
            End::BlockedByPolicy => Some("A policy said no."),
        }
    }
}
