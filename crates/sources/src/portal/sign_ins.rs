//! Sign-ins: InteractiveSignIns, NonInteractiveSignIns, ApplicationSignIns and MSISignIns.

use super::As::{Switch, Text, Whole, Words};
use super::{As, Cells, Kind, put, put_all};
use crate::entra::{Shape, read_sign_in, sign_in};
use crate::fields::Fields;
use crate::formats::Reading;
use model::event::SignInKind;
use serde_json::{Map, Value};

/// The columns, and the property of Graph's `signIn` that each is.
///
/// Headings of persons' sign-ins as seen in two heading lines that are quoted in full in public: in
/// github.com/bitpusher2k/M365IRScripts, `02-ProcessEntraSignInLog.ps1` of October 2024, and in 'M365 Schema Reference -
/// Exact CSV Headers', the schema reference of an incident response pipeline, of January 2026 (`App owner tenant ID` and
/// `Resource owner tenant ID` came in between). The download of
/// non-interactive sign-ins has the same. `Incoming token type` stands there twice, `Application ID ` and `Resource ID ` end
/// in a space, `Autonomous system  number` has two. Which property a heading is, is what a public PowerShell function
/// says that writes the same headings from Graph's answer (`Export-SignIns`: `"Multifactor authentication result"` is
/// `status.additionalDetails`, `"Join Type"` is `deviceDetail.trustType`).
///
/// Headings of applications' sign-ins (`Service principal ID`, `Service principal name`, `Credential key ID`, `Credential
/// thumbprint`) as seen in the same schema reference. No heading line of MSISignIns was seen; it says they are alike.
const COLUMNS: &[(&str, &str, As)] = &[
    ("Date (UTC)", "createdDateTime", Text),
    ("Request ID", "id", Text),
    ("User agent", "userAgent", Text),
    ("Correlation ID", "correlationId", Text),
    ("User ID", "userId", Text),
    ("User", "userDisplayName", Text),
    ("Username", "userPrincipalName", Text),
    ("User type", "userType", Text),
    ("Cross tenant access type", "crossTenantAccessType", Text),
    ("Incoming token type", "incomingTokenType", Text),
    ("Authentication Protocol", "authenticationProtocol", Text),
    ("Unique token identifier", "uniqueTokenIdentifier", Text),
    ("Original transfer method", "originalTransferMethod", Text),
    ("Client credential type", "clientCredentialType", Text),
    (
        "Token Protection - Sign In Session",
        "tokenProtectionStatusDetails.signInSessionStatus",
        Text,
    ),
    (
        "Token Protection - Sign In Session StatusCode",
        "tokenProtectionStatusDetails.signInSessionStatusCode",
        Whole,
    ),
    ("Application", "appDisplayName", Text),
    ("Application ID", "appId", Text),
    ("App owner tenant ID", "appOwnerTenantId", Text),
    ("Resource", "resourceDisplayName", Text),
    ("Resource ID", "resourceId", Text),
    ("Resource tenant ID", "resourceTenantId", Text),
    ("Resource owner tenant ID", "resourceOwnerTenantId", Text),
    ("Home tenant ID", "homeTenantId", Text),
    ("Home tenant name", "homeTenantName", Text),
    ("IP address", "ipAddress", Text),
    ("Sign-in error code", "status.errorCode", Whole),
    ("Failure reason", "status.failureReason", Text),
    ("Client app", "clientAppUsed", Text),
    ("Device ID", "deviceDetail.deviceId", Text),
    ("Browser", "deviceDetail.browser", Text),
    ("Operating System", "deviceDetail.operatingSystem", Text),
    ("Compliant", "deviceDetail.isCompliant", Switch),
    ("Managed", "deviceDetail.isManaged", Switch),
    ("Join Type", "deviceDetail.trustType", Text),
    (
        "Multifactor authentication result",
        "status.additionalDetails",
        Text,
    ),
    (
        "Multifactor authentication auth method",
        "mfaDetail.authMethod",
        Text,
    ),
    (
        "Multifactor authentication auth detail",
        "mfaDetail.authDetail",
        Text,
    ),
    (
        "Authentication requirement",
        "authenticationRequirement",
        Words(REQUIREMENTS),
    ),
    ("Sign-in identifier", "signInIdentifier", Text),
    ("Session ID", "sessionId", Text),
    (
        "IP address (seen by resource)",
        "ipAddressFromResourceProvider",
        Text,
    ),
    (
        "Through Global Secure Access",
        "isThroughGlobalSecureAccess",
        Switch,
    ),
    (
        "Global Secure Access IP address",
        "globalSecureAccessIpAddress",
        Text,
    ),
    ("Autonomous system number", "autonomousSystemNumber", Whole),
    ("Flagged for review", "flaggedForReview", Switch),
    ("Token issuer type", "tokenIssuerType", Text),
    ("Token issuer name", "tokenIssuerName", Text),
    ("Latency", "processingTimeInMilliseconds", Whole),
    ("Conditional Access", "conditionalAccessStatus", Words(ACCESS)),
    ("Managed Identity type", "managedServiceIdentity.msiType", Text),
    (
        "Associated Resource Id",
        "managedServiceIdentity.associatedResourceId",
        Text,
    ),
    (
        "Federated Token Id",
        "managedServiceIdentity.federatedTokenId",
        Text,
    ),
    (
        "Federated Token Issuer",
        "managedServiceIdentity.federatedTokenIssuer",
        Text,
    ),
    ("Service principal ID", "servicePrincipalId", Text),
    ("Service principal name", "servicePrincipalName", Text),
    ("Credential key ID", "servicePrincipalCredentialKeyId", Text),
    (
        "Credential thumbprint",
        "servicePrincipalCredentialThumbprint",
        Text,
    ),
];

/// The words as a public test file of sign-ins in this layout has them; Graph's own are kept.
const REQUIREMENTS: &[(&str, &str)] = &[
    ("Single-factor authentication", "singleFactorAuthentication"),
    ("Multifactor authentication", "multiFactorAuthentication"),
    ("Multi-factor authentication", "multiFactorAuthentication"),
];

/// The words as the schema reference has them; Graph's own are kept.
const ACCESS: &[(&str, &str)] = &[
    ("Success", "success"),
    ("Failure", "failure"),
    ("Not Applied", "notApplied"),
];

/// `InteractiveSignIns_AuthDetails`: headings as seen in a public record of such a download (September 2026).
pub(super) fn are_details(row: Cells<'_>) -> bool {
    row.has("Request ID") && row.has("Authentication method") && row.has("Succeeded")
}

/// Whether the headings are those of sign-ins.
pub(super) fn is_row(row: Cells<'_>) -> bool {
    let who = ["Request ID", "Username", "User ID", "Service principal ID"];
    let outcome = ["Status", "Sign-in error code"];
    row.has("Date (UTC)")
        && !row.has("Change ID")
        && who.iter().any(|name| row.has(name))
        && outcome.iter().any(|name| row.has(name))
}

pub(super) fn read(row: Cells<'_>, kind: Kind) -> Reading {
    let record = converted(row);
    let fields = Fields::new(&record);
    let kind = match kind {
        Kind::Is(kind) => kind,
        Kind::AsHeadingsSay if row.has("Username") || row.has("User ID") => SignInKind::Interactive,
        Kind::AsHeadingsSay => SignInKind::ServicePrincipal,
    };
    read_sign_in(Shape::Graph, &record, sign_in::read(fields, fields, kind))
}

fn converted(row: Cells<'_>) -> Map<String, Value> {
    let mut record = Map::new();
    put_all(row, COLUMNS, &mut record);
    if let Some(place) = row.text("Location") {
        put_place(place, &mut record);
    }
    // `Success`, `Failure` or `Interrupted`: Graph has only the code, so the word counts where the code is missing.
    if row.text("Sign-in error code").is_none()
        && let Some(word) = row.text("Status")
    {
        put(&mut record, "resultType", Value::from(word));
    }
    record
}

/// `Melbourne, Victoria, AU`; a part that is not known is empty.
fn put_place(place: &str, record: &mut Map<String, Value>) {
    let mut parts = place.rsplitn(3, ',').map(str::trim);
    for name in ["location.countryOrRegion", "location.state", "location.city"] {
        if let Some(part) = parts.next().filter(|part| !part.is_empty()) {
            put(record, name, Value::from(part));
        }
    }
}
