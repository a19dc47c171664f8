//! The verdicts of makers other than Entra: their words, and which reports each of them is for.

use super::verdicts::About::{IrregularSignIn, KnownCredentials, SuspiciousAddress, ThreatenedCredentials};
use super::verdicts::{KNOWN, KnownVerdict, credential, sign_in};
use crate::identity::Vendor;

/// The verdicts that are known of a maker.
pub(in crate::reports) fn known_of(vendor: Vendor) -> &'static [KnownVerdict] {
    OTHERS
        .iter()
        .find(|(other, ..)| *other == vendor)
        .map_or(KNOWN, |(_, _, known)| known)
}

/// The product whose verdicts these are.
pub(in crate::reports) fn product_of(vendor: Vendor) -> &'static str {
    OTHERS
        .iter()
        .find(|(other, ..)| *other == vendor)
        .map_or("Microsoft Entra ID Protection", |(_, product, _)| product)
}

/// Okta: <https://developer.okta.com/docs/reference/api/event-types/>. Google:
/// <https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login>. Auth0:
/// <https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes>.
pub(in crate::reports) const OTHERS: &[(Vendor, &str, &[KnownVerdict])] = &[
    (Vendor::Okta, "Okta", OKTA),
    (Vendor::Google, "Google Workspace", GOOGLE),
    (Vendor::Auth0, "Auth0", AUTH0),
    (Vendor::BreachList, "imported breach list", BREACH_LIST),
];

/// The words are our own: a list has none.
const BREACH_LIST: &[KnownVerdict] = &[
    credential(
        "breachedPassword",
        "Account in a data breach with passwords",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "breachedAccount",
        "Account in a data breach",
        None,
        &[KnownCredentials],
    ),
];

const OKTA: &[KnownVerdict] = &[
    credential(
        "security.breached_credential.detected",
        "Leaked credentials",
        Some("Password"),
        &[KnownCredentials],
    ),
    sign_in(
        "security.threat.detected",
        "Address of an attack",
        &[SuspiciousAddress],
    ),
    credential(
        "user.account.report_suspicious_activity_by_enduser",
        "The user reported an activity as suspicious",
        None,
        &[ThreatenedCredentials],
    ),
];

const GOOGLE: &[KnownVerdict] = &[
    credential(
        "account_disabled_password_leak",
        "Account suspended for a leaked password",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "account_disabled_hijacked",
        "Account suspended, it may be in somebody else's hands",
        None,
        &[ThreatenedCredentials],
    ),
    credential(
        "gov_attack_warning",
        "Government-backed attackers may be after the account",
        None,
        &[ThreatenedCredentials],
    ),
    sign_in("suspicious_login", "Suspicious sign-in", &[IrregularSignIn]),
    sign_in(
        "suspicious_login_less_secure_app",
        "Suspicious sign-in by a less secure application",
        &[IrregularSignIn],
    ),
    sign_in(
        "suspicious_programmatic_login",
        "Suspicious sign-in by a program",
        &[IrregularSignIn],
    ),
];

const AUTH0: &[KnownVerdict] = &[
    credential(
        "pwd_leak",
        "Somebody tried to sign in with a leaked password",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "signup_pwd_leak",
        "Somebody tried to sign up with a leaked password",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "reset_pwd_leak",
        "Somebody tried to reset to a leaked password",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "limit_wc",
        "Too many failed sign-ins to one account",
        Some("Password"),
        &[ThreatenedCredentials],
    ),
    sign_in(
        "limit_mu",
        "Address with too many failed sign-ins",
        &[SuspiciousAddress],
    ),
    sign_in(
        "limit_sul",
        "Address with too many sign-ins to one account",
        &[SuspiciousAddress],
    ),
];
