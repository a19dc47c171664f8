//! How sign-ins end: the codes of Entra that matter, with the sentences that come with them.

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A token was given.
    Success,
    /// The password was wrong.
    WrongPassword,
    /// The password was right and too old.
    ExpiredPassword,
    /// Too many wrong passwords.
    Locked,
    /// The account is disabled.
    Disabled,
    /// There is no such account.
    NoSuchUser,
    /// A second factor is asked for because policy wants it: no failure, an interrupt.
    StrongAuthenticationNeeded,
    /// A second factor is asked for because the place is new: no failure, an interrupt.
    StrongAuthenticationNeededHere,
    /// The second factor was refused.
    StrongAuthenticationDenied,
    /// "Stay signed in?": no failure, an interrupt.
    KeepMeSignedIn,
    /// A policy said no.
    BlockedByPolicy,
    /// The refresh token ran out, which clients mend by themselves.
    RefreshTokenExpired,
    /// An application used an old secret.
    WrongClientSecret,
}

impl Outcome {
    /// Entra's code, and its sentence. A success says "Other.", as the API does.
    pub(crate) const fn code_and_reason(self) -> (i64, &'static str) {
        match self {
            Outcome::Success => (0, "Other."),
            Outcome::WrongPassword => (
                50126,
                "Error validating credentials due to invalid username or password.",
            ),
            Outcome::ExpiredPassword => (50055, "The password is expired."),
            Outcome::Locked => (
                50053,
                "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
            ),
            Outcome::Disabled => (50057, "The user account is disabled."),
            Outcome::NoSuchUser => (50034, "The user account does not exist in the directory."),
            Outcome::StrongAuthenticationNeeded => (50074, "Strong Authentication is required."),
            Outcome::StrongAuthenticationNeededHere => (
                50076,
                "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.",
            ),
            Outcome::StrongAuthenticationDenied => (
                500_121,
                "Authentication failed during strong authentication request.",
            ),
            Outcome::KeepMeSignedIn => (
                50140,
                "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
            ),
            Outcome::BlockedByPolicy => (53003, "Access has been blocked by Conditional Access policies."),
            Outcome::RefreshTokenExpired => (
                700_082,
                "The refresh token has expired due to inactivity, or the sign-in frequency of a policy was reached.",
            ),
            Outcome::WrongClientSecret => (7_000_215, "Invalid client secret is provided."),
        }
    }

    /// What else the record says about it.
    pub(crate) const fn details(self, second_factor: SecondFactor) -> Option<&'static str> {
        match (self, second_factor) {
            (Outcome::Success, SecondFactor::InToken) => {
                Some("MFA requirement satisfied by claim in the token")
            }
            (Outcome::Success, SecondFactor::Given(_)) => Some("MFA completed in Azure AD"),
            (Outcome::StrongAuthenticationNeeded | Outcome::StrongAuthenticationNeededHere, _) => {
                Some("MFA required in Azure AD")
            }
            (Outcome::StrongAuthenticationDenied, _) => Some("MFA denied; user declined the authentication"),
            _ => None,
        }
    }

    /// The verdict of conditional access.
    pub(crate) const fn conditional_access(self, second_factor: SecondFactor) -> &'static str {
        match self {
            Outcome::Success if !matches!(second_factor, SecondFactor::NotAsked) => "success",
            Outcome::StrongAuthenticationNeeded
            | Outcome::StrongAuthenticationNeededHere
            | Outcome::StrongAuthenticationDenied
            | Outcome::BlockedByPolicy => "failure",
            _ => "notApplied",
        }
    }
}

/// What was asked for besides the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondFactor {
    /// Nothing.
    NotAsked,
    /// It was given earlier and is remembered.
    InToken,
    /// It was asked for now, by this method.
    Given(&'static str),
}

/// Second factors and how often they are used.
pub(crate) const METHODS: &[(u32, &str)] = &[
    (60, "Mobile app notification"),
    (20, "Text message"),
    (12, "OATH verification code from app"),
    (5, "Phone call approval (Authentication phone)"),
    (3, "FIDO2 security key"),
];
