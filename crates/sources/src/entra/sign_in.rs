//! Sign-ins of Entra ID: one reading for every shape, since the members have the same names but for their case.

use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{Device, Place, SignIn, SignInKind};
use serde_json::Value;

/// The error code of a sign-in that failed and whose record gives no code. Entra's own codes have five digits or more.
const FAILED_WITHOUT_CODE: i64 = 1;

/// The kind of sign-in by the log's name in Azure Monitor; `None` if that is no log of sign-ins.
pub(crate) fn kind_of_category(category: &str) -> Option<SignInKind> {
    const CATEGORIES: &[(&str, SignInKind)] = &[
        ("SignInLogs", SignInKind::Interactive),
        ("ADFSSignInLogs", SignInKind::Interactive),
        ("NonInteractiveUserSignInLogs", SignInKind::NonInteractive),
        ("ServicePrincipalSignInLogs", SignInKind::ServicePrincipal),
        ("ManagedIdentitySignInLogs", SignInKind::ManagedIdentity),
    ];
    CATEGORIES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(category))
        .map(|(_, kind)| *kind)
}

/// The kind of sign-in by the name of a Log Analytics table: the log's name, all but the first with `AAD` before it.
pub(crate) fn kind_of_table(table: &str) -> Option<SignInKind> {
    let category = match table.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("AAD") => &table[3..],
        _ => table,
    };
    kind_of_category(category)
}

/// Graph says the kind in a list; before that list there were only persons' sign-ins.
pub(crate) fn kind_of_graph(fields: Fields<'_>) -> SignInKind {
    let types = fields.list("signInEventTypes");
    for kind in [
        SignInKind::ManagedIdentity,
        SignInKind::ServicePrincipal,
        SignInKind::NonInteractive,
    ] {
        if types.iter().any(|word| word.as_str() == Some(kind.as_str())) {
            return kind;
        }
    }
    if types.is_empty() && fields.boolean("isInteractive") == Some(false) {
        return SignInKind::NonInteractive;
    }
    SignInKind::Interactive
}

/// Reads a sign-in: `facts` has what happened, `envelope` what Azure Monitor wrote around it (else the same). Fails if
/// the record does not say whether the sign-in succeeded.
pub(crate) fn read(facts: Fields<'_>, envelope: Fields<'_>, kind: SignInKind) -> Result<SignIn, String> {
    let status = facts.object("status").unwrap_or_default();
    let status = Fields::new(&status);
    let error_code = error_code(status, facts, envelope)?;
    let mfa = facts.object("mfaDetail").unwrap_or_default();
    let mfa = Fields::new(&mfa);
    let identity = envelope.text("identity");
    let is_person = matches!(kind, SignInKind::Interactive | SignInKind::NonInteractive);
    let additional_details = status.text("additionalDetails");
    let mfa_required = mfa_required(facts);
    Ok(SignIn {
        kind,
        user_id: facts.text("userId"),
        user_principal_name: facts.first_text(&[
            "userPrincipalName",
            "signInIdentifier",
            "alternateSignInName",
        ]),
        user_display_name: facts
            .text("userDisplayName")
            .or_else(|| identity.clone().filter(|_| is_person)),
        app_id: facts.text("appId"),
        app_display_name: facts.text("appDisplayName"),
        resource_id: facts
            .first_text(&["resourceIdentity", "resourceId"])
            // In Azure's envelope and in Log Analytics `resourceId` is a path: the directory, not what was opened.
            .filter(|id| !id.starts_with('/')),
        resource_display_name: facts.text("resourceDisplayName"),
        service_principal_id: facts.text("servicePrincipalId"),
        service_principal_name: facts
            .text("servicePrincipalName")
            .or_else(|| identity.filter(|_| !is_person)),
        ip_address: ["ipAddress", "callerIpAddress"].into_iter().find_map(|name| {
            facts
                .text(name)
                .or_else(|| envelope.text(name))
                .and_then(|text| address::normalise(&text))
        }),
        location: place(facts, envelope),
        device: device(facts),
        client_app: facts.text("clientAppUsed"),
        user_agent: facts.text("userAgent"),
        error_code,
        failure_reason: status.text("failureReason").or_else(|| {
            let described = facts
                .text("resultDescription")
                .or_else(|| envelope.text("resultDescription"));
            described.filter(|_| error_code != 0)
        }),
        mfa_required,
        mfa_method: mfa
            .text("authMethod")
            .or_else(|| second_factor(facts, mfa_required)),
        // The admin center's column 'Multifactor authentication result' shows these sentences.
        mfa_result: additional_details
            .clone()
            .filter(|details| details.starts_with("MFA"))
            .or_else(|| mfa.text("authDetail")),
        additional_details,
        correlation_id: facts
            .text("correlationId")
            .or_else(|| envelope.text("correlationId")),
        is_federated: is_federated(facts, envelope),
        conditional_access_status: facts.text("conditionalAccessStatus"),
        risk_level: facts.first_text(&["riskLevelDuringSignIn", "riskLevel"]),
        risk_state: facts.text("riskState"),
        risk_event_types: ["riskEventTypes_v2", "riskEventTypesV2", "riskEventTypes"]
            .into_iter()
            .find_map(|name| words(facts, name)),
    })
}

/// Who asked for the credentials. `tokenIssuerType` (`AzureAD`, `ADFederationServices`, `ADFederationServicesMFAAdapter`,
/// `NPSExtension` …, <https://learn.microsoft.com/en-us/graph/api/resources/signin?view=graph-rest-beta>) says who issued the token:
/// Entra also does so after another provider checked the password, and then a step of the authentication says `Federated`. The log
/// of AD FS itself has its own name.
fn is_federated(facts: Fields<'_>, envelope: Fields<'_>) -> Option<bool> {
    let steps = facts.list("authenticationDetails");
    let is_step = steps
        .iter()
        .filter_map(Value::as_object)
        .map(Fields::new)
        .any(|step| {
            ["authenticationMethod", "authenticationMethodDetail"]
                .iter()
                .filter_map(|name| step.text(name))
                .any(|word| word.eq_ignore_ascii_case("Federated"))
        });
    let category = envelope.text("category").unwrap_or_default();
    if is_step || category.eq_ignore_ascii_case("ADFSSignInLogs") {
        return Some(true);
    }
    match facts.text("tokenIssuerType")?.as_str() {
        "ADFederationServices" | "ADFederationServicesMFAAdapter" => Some(true),
        "AzureAD" => Some(false),
        _ => None,
    }
}

/// `status.errorCode` is the sign-in's own word; `resultType` is the envelope's, and says `Success` beside failures.
fn error_code(status: Fields<'_>, facts: Fields<'_>, envelope: Fields<'_>) -> Result<i64, String> {
    if let Some(code) = status.integer("errorCode") {
        return Ok(code);
    }
    for fields in [envelope, facts] {
        if let Some(code) = fields.integer("resultType") {
            return Ok(code);
        }
    }
    for name in ["resultType", "resultSignature", "result"] {
        let word = envelope
            .text(name)
            .or_else(|| facts.text(name))
            .unwrap_or_default()
            .to_ascii_lowercase();
        match word.as_str() {
            "success" | "succeeded" => return Ok(0),
            "failure" | "failed" | "interrupted" => return Ok(FAILED_WITHOUT_CODE),
            _ => {}
        }
    }
    Err("it does not say whether the sign-in succeeded: it has neither `status.errorCode` nor a `resultType` that is a \
         number, `Success` or `Failure`; export those too"
        .to_owned())
}

/// Where the address was: the members are the same in sign-ins and in risk detections.
pub(super) fn place(facts: Fields<'_>, envelope: Fields<'_>) -> Place {
    let place = facts
        .object("locationDetails")
        .or_else(|| facts.object("location"))
        .unwrap_or_default();
    let place = Fields::new(&place);
    let coordinates = place.object("geoCoordinates").unwrap_or_default();
    let coordinates = Fields::new(&coordinates);
    let latitude = coordinates
        .number("latitude")
        .filter(|degrees| degrees.abs() <= 90.0);
    let longitude = coordinates
        .number("longitude")
        .filter(|degrees| degrees.abs() <= 180.0);
    // Beside the object (or without it) the envelope has the country as text.
    let country = || match envelope.get("location") {
        Some(Value::String(text)) if text.len() == 2 => Some(text.clone()),
        _ => None,
    };
    Place {
        city: place.text("city"),
        state: place.text("state"),
        country: place.text("countryOrRegion").or_else(country),
        latitude: latitude.filter(|_| longitude.is_some()),
        longitude: longitude.filter(|_| latitude.is_some()),
    }
}

fn device(facts: Fields<'_>) -> Device {
    let device = facts.object("deviceDetail").unwrap_or_default();
    let device = Fields::new(&device);
    Device {
        id: device.text("deviceId"),
        display_name: device.text("displayName"),
        operating_system: device.text("operatingSystem"),
        browser: device.text("browser"),
    }
}

fn mfa_required(facts: Fields<'_>) -> Option<bool> {
    match facts.text("authenticationRequirement")?.as_str() {
        "multiFactorAuthentication" => Some(true),
        "singleFactorAuthentication" => Some(false),
        _ => None,
    }
}

/// Since `mfaDetail` is gone from the records, the factor stands among the steps of the authentication.
fn second_factor(facts: Fields<'_>, mfa_required: Option<bool>) -> Option<String> {
    if mfa_required != Some(true) {
        return None;
    }
    let steps = facts.list("authenticationDetails");
    steps
        .iter()
        .filter_map(Value::as_object)
        .map(Fields::new)
        .find_map(|step| {
            let method = step.text("authenticationMethod")?;
            let counts = step.boolean("succeeded") == Some(true)
                && !matches!(
                    method.as_str(),
                    "Password" | "Previously satisfied" | "Password Hash Sync"
                );
            counts.then_some(method)
        })
}

/// A list of words joined with commas, or a text as it is.
fn words(facts: Fields<'_>, name: &str) -> Option<String> {
    let words: Vec<String> = facts.list(name).iter().filter_map(as_text).collect();
    if !words.is_empty() {
        return Some(words.join(","));
    }
    facts
        .text(name)
        .filter(|text| !text.trim_start().starts_with('['))
}
