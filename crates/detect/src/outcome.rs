//! What a failed sign-in says of the credentials: whether they were wrong, right but not enough, or not what it failed by.
//!
//! Codes: source-notes part 4 for Entra (the credential codes, and those that never are), Microsoft's pages on 4625, 4771 and 4776 for
//! Windows, Keycloak's and Auth0's own lists as their formats mark them.

use crate::seen::Outcome;
use model::event::SignIn;
use model::identity::Vendor;

/// AADSTS codes of wrong credentials: wrong password, locked, expired, blank, disabled, unknown account.
const ENTRA_CREDENTIALS: &[i64] = &[50_034, 50_053, 50_055, 50_056, 50_057, 50_064, 50_126, 80_002];
/// AADSTS codes that come after credentials that were right, or before any were asked for.
const ENTRA_INTERRUPTS: &[i64] = &[
    16_000, 16_001, 50_058, 50_072, 50_074, 50_076, 50_079, 50_097, 50_125, 50_129, 50_140, 50_158, 50_203,
    65_001,
];

/// NTSTATUS: unknown user, wrong password, either, disabled, expired account, locked.
const WINDOWS_CREDENTIALS: &[i64] = &[
    0xC000_0064,
    0xC000_006A,
    0xC000_006D,
    0xC000_0072,
    0xC000_0193,
    0xC000_0234,
    // Kerberos: unknown principal, revoked (disabled or locked), pre-authentication failed.
    0x6,
    0x12,
    0x18,
];
/// NTSTATUS of an expired password and one that must be changed; Kerberos: it has expired, pre-authentication is asked for.
const WINDOWS_INTERRUPTS: &[i64] = &[0xC000_0071, 0xC000_0224, 0x17, 0x19];

/// Codes of Auth0's log for a wrong password or user name; its other failures are of settings, callbacks and tokens.
const AUTH0_CREDENTIALS: &[&str] = &["fp", "fu", "fepft"];

/// Words by which makers without numbers say that something else than the password was asked for.
const WORDS_OF_INTERRUPTS: &[&str] = &[
    "mfa",
    "multi-factor",
    "multifactor",
    "second factor",
    "verification",
    "challenge",
    "consent",
    "must change",
    "expired_code",
    "interrupt",
];
/// Words by which they say that it failed for a reason of its own.
const WORDS_OF_FAULTS: &[&str] = &[
    "redirect",
    "not assigned",
    "policy",
    "no credential",
    "timeout",
    "clock",
    "token was not valid",
    "unavailable",
];

/// What became of a sign-in. A failure for which its source gives no reason counts as one of credentials: most are.
pub(crate) fn of(vendor: Vendor, sign_in: &SignIn) -> Outcome {
    let code = sign_in.error_code;
    if code == 0 {
        return Outcome::Success;
    }
    let by_code = |credentials: &[i64], interrupts: &[i64]| {
        if credentials.contains(&code) {
            Outcome::WrongCredentials
        } else if interrupts.contains(&code) {
            Outcome::Interrupted
        } else {
            Outcome::OtherFailure
        }
    };
    match vendor {
        Vendor::Entra | Vendor::Office365 | Vendor::Gatelog if code > 1 => {
            by_code(ENTRA_CREDENTIALS, ENTRA_INTERRUPTS)
        }
        Vendor::Windows if code > 1 => by_code(WINDOWS_CREDENTIALS, WINDOWS_INTERRUPTS),
        Vendor::Auth0 => {
            let code = sign_in.additional_details.as_deref().unwrap_or_default();
            if AUTH0_CREDENTIALS.contains(&code) {
                Outcome::WrongCredentials
            } else {
                Outcome::OtherFailure
            }
        }
        // The second factor is asked for once the first was right.
        Vendor::Duo => Outcome::Interrupted,
        _ => by_words(sign_in),
    }
}

/// Whether a sign-in failed because nobody has the account.
pub(crate) fn is_unknown_account(vendor: Vendor, sign_in: &SignIn) -> bool {
    /// AADSTS50034; NTSTATUS no such user; Kerberos unknown principal.
    const CODES: &[i64] = &[50_034, 0xC000_0064, 0x6];
    /// As Keycloak, Auth0 and sshd say it.
    const WORDS: &[&str] = &[
        "user_not_found",
        "unknown user",
        "invalid user",
        "no such user",
        "does not exist",
    ];
    if sign_in.error_code == 0 {
        return false;
    }
    let says = |text: &String| {
        let text = text.to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    CODES.contains(&sign_in.error_code)
        || vendor == Vendor::Auth0 && sign_in.additional_details.as_deref() == Some("fu")
        || [&sign_in.failure_reason, &sign_in.additional_details]
            .into_iter()
            .flatten()
            .any(says)
}

fn by_words(sign_in: &SignIn) -> Outcome {
    let says = |words: &[&str]| {
        [&sign_in.failure_reason, &sign_in.additional_details]
            .into_iter()
            .flatten()
            .any(|text| {
                let text = text.to_lowercase();
                words.iter().any(|word| text.contains(word))
            })
    };
    if says(WORDS_OF_INTERRUPTS) {
        Outcome::Interrupted
    } else if says(WORDS_OF_FAULTS) {
        Outcome::OtherFailure
    } else {
        Outcome::WrongCredentials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vendor: Vendor, code: i64, reason: &str, details: &str, expected: Outcome) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let sign_in = SignIn {
            error_code: code,
            failure_reason: text(reason),
            additional_details: text(details),
            ..SignIn::default()
        };
        assert_eq!(
            of(vendor, &sign_in),
            expected,
            "{vendor:?} {code} {reason} {details}"
        );
    }

    #[test]
    fn only_wrong_credentials_are_wrong_credentials() {
        use Outcome::{Interrupted, OtherFailure, Success, WrongCredentials};
        check(Vendor::Entra, 0, "", "", Success);
        check(Vendor::Entra, 50_126, "", "", WrongCredentials);
        check(Vendor::Entra, 50_053, "", "", WrongCredentials);
        check(Vendor::Entra, 50_140, "", "", Interrupted);
        check(Vendor::Entra, 50_158, "", "", Interrupted);
        check(Vendor::Entra, 50_074, "", "", Interrupted);
        check(Vendor::Entra, 700_016, "", "", OtherFailure);
        check(
            Vendor::Windows,
            0xC000_006A,
            "the password is wrong",
            "",
            WrongCredentials,
        );
        check(Vendor::Windows, 0xC000_0224, "", "", Interrupted);
        check(Vendor::Windows, 0xC000_0133, "", "", OtherFailure);
        check(Vendor::Windows, 0x18, "", "", WrongCredentials);
        check(
            Vendor::Okta,
            1,
            "INVALID_CREDENTIALS",
            "user.session.start",
            WrongCredentials,
        );
        check(
            Vendor::Okta,
            1,
            "LOCKED_OUT",
            "user.session.start",
            WrongCredentials,
        );
        check(
            Vendor::Okta,
            1,
            "FAILURE",
            "user.authentication.auth_via_mfa",
            Interrupted,
        );
        check(
            Vendor::Okta,
            1,
            "VERIFICATION_ERROR",
            "user.session.start",
            Interrupted,
        );
        check(
            Vendor::Keycloak,
            1,
            "invalid_user_credentials",
            "",
            WrongCredentials,
        );
        check(
            Vendor::Keycloak,
            1,
            "expired_code",
            "no credential was refused: an interrupt, or a fault of the application",
            Interrupted,
        );
        check(
            Vendor::Keycloak,
            1,
            "invalid_redirect_uri",
            "no credential was refused: an interrupt, or a fault of the application",
            Interrupted,
        );
        check(
            Vendor::Auth0,
            1,
            "Wrong email or password.",
            "fp",
            WrongCredentials,
        );
        check(
            Vendor::Auth0,
            1,
            "Unknown or invalid refresh token.",
            "fertft",
            OtherFailure,
        );
        check(Vendor::Duo, 1, "no response", "no response", Interrupted);
        check(Vendor::Unix, 1, "wrong password", "", WrongCredentials);
        check(Vendor::Mapped, 1, "", "", WrongCredentials);
    }
}
