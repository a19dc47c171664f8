//! A sign-in as Microsoft Graph writes it (`auditLogs/signIns`, with the members of the beta that tell its kind).

use crate::apps::App;
use crate::chance::Chance;
use crate::devices::Machine;
use crate::outcomes::{Outcome, SecondFactor};
use crate::people::Person;
use crate::places::City;
use model::json::ObjectWriter;
use model::tenant::TenantId;
use model::time::Timestamp;
use uuid::Uuid;

/// Everything that a record says of one sign-in.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) id: Uuid,
    pub(crate) time: Timestamp,
    pub(crate) tenant: TenantId,
    pub(crate) subject: Subject<'a>,
    pub(crate) app: &'a App,
    pub(crate) client: &'a str,
    pub(crate) machine: Option<&'a Machine>,
    pub(crate) address: &'a str,
    pub(crate) city: &'a City,
    pub(crate) outcome: Outcome,
    pub(crate) second_factor: SecondFactor,
    /// The vendor's own verdict: `none`, `low`, `medium` or `high`.
    pub(crate) risk: &'static str,
    pub(crate) correlation: Uuid,
    /// How many policies of conditional access were looked at; most of a real record is that list.
    pub(crate) policies: usize,
}

/// Who signs in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A person at a screen.
    Interactive(&'a Person),
    /// A client for a person.
    NonInteractive(&'a Person),
    /// An application as itself.
    Service { id: Uuid, name: &'a str },
    /// A workload with an identity of Azure.
    Managed { id: Uuid, name: &'a str },
}

impl<'a> Subject<'a> {
    fn person(self) -> Option<&'a Person> {
        match self {
            Subject::Interactive(person) | Subject::NonInteractive(person) => Some(person),
            Subject::Service { .. } | Subject::Managed { .. } => None,
        }
    }

    fn service(self) -> Option<(Uuid, &'a str)> {
        match self {
            Subject::Service { id, name } | Subject::Managed { id, name } => Some((id, name)),
            Subject::Interactive(_) | Subject::NonInteractive(_) => None,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Subject::Interactive(_) => "interactiveUser",
            Subject::NonInteractive(_) => "nonInteractiveUser",
            Subject::Service { .. } => "servicePrincipal",
            Subject::Managed { .. } => "managedIdentity",
        }
    }
}

/// The record with all its members, 2 to 8 KB by the number of policies.
pub(crate) fn whole(sign_in: &SignIn<'_>, chance: &mut Chance, padding: &str) -> Vec<u8> {
    let person = sign_in.subject.person();
    let service = sign_in.subject.service();
    let user_id = person.map(|person| person.id.to_string());
    let service_id = service.map(|(id, _)| id.to_string());
    let tenant = sign_in.tenant.to_string();
    let mut object = ObjectWriter::new();
    object
        .text("id", Some(&sign_in.id.to_string()))
        .time("createdDateTime", sign_in.time)
        .text(
            "userDisplayName",
            person.map(|person| person.display_name.as_str()),
        )
        .text(
            "userPrincipalName",
            person.map(|person| person.user_principal_name.as_str()),
        )
        .text("userId", user_id.as_deref())
        .text("appId", Some(sign_in.app.id))
        .text("appDisplayName", Some(sign_in.app.name))
        .text("ipAddress", Some(sign_in.address))
        .text("ipAddressFromResourceProvider", None)
        .text("clientAppUsed", person.map(|_| sign_in.client))
        .text("userAgent", sign_in.machine.map(|machine| machine.user_agent))
        .text("correlationId", Some(&sign_in.correlation.to_string()))
        .text(
            "conditionalAccessStatus",
            Some(sign_in.outcome.conditional_access(sign_in.second_factor)),
        )
        .text("originalRequestId", Some(&sign_in.id.to_string()))
        .boolean(
            "isInteractive",
            Some(matches!(sign_in.subject, Subject::Interactive(_))),
        )
        .text("tokenIssuerName", Some(""))
        .text("tokenIssuerType", Some("AzureAD"))
        .text(
            "clientCredentialType",
            Some(if service.is_some() { "clientSecret" } else { "none" }),
        )
        .integer("processingTimeInMilliseconds", Some(chance.between(60, 900)))
        .text("riskDetail", Some("none"))
        .text("riskLevelAggregated", Some(sign_in.risk))
        .text("riskLevelDuringSignIn", Some(sign_in.risk))
        .text(
            "riskState",
            Some(if sign_in.risk == "none" { "none" } else { "atRisk" }),
        )
        .raw(
            "riskEventTypes_v2",
            if sign_in.risk == "none" {
                b"[]"
            } else {
                b"[\"unfamiliarFeatures\"]"
            },
        )
        .text("resourceDisplayName", Some(sign_in.app.resource.name))
        .text("resourceId", Some(sign_in.app.resource.id))
        .text("resourceTenantId", Some(&tenant))
        .text("homeTenantId", Some(&tenant))
        .text(
            "authenticationRequirement",
            Some(requirement(sign_in.second_factor)),
        )
        .text(
            "signInIdentifier",
            person.map(|person| person.user_principal_name.as_str()),
        )
        .text("userType", person.map(|_| "member"))
        .text("servicePrincipalName", service.map(|(_, name)| name))
        .text("servicePrincipalId", Some(service_id.as_deref().unwrap_or("")))
        .raw(
            "signInEventTypes",
            format!("[\"{}\"]", sign_in.subject.kind()).as_bytes(),
        )
        .boolean("flaggedForReview", Some(false))
        .boolean("isTenantRestricted", Some(false))
        .integer("autonomousSystemNumber", Some(network_number(sign_in.city)))
        .text("crossTenantAccessType", Some("none"))
        .text("incomingTokenType", Some("none"))
        .text(
            "authenticationProtocol",
            Some(if service.is_some() { "oAuth2" } else { "none" }),
        )
        .text(
            "uniqueTokenIdentifier",
            Some(&chance.guid().simple().to_string()[..22]),
        );
    mfa_detail(&mut object, sign_in);
    object
        .raw("status", &status(sign_in))
        .raw("deviceDetail", &device_detail(sign_in))
        .raw("location", &location(sign_in.city))
        .raw("appliedConditionalAccessPolicies", &policies(sign_in))
        .raw("authenticationProcessingDetails", &processing_details(padding))
        .raw("networkLocationDetails", b"[]")
        .raw("authenticationDetails", &authentication_details(sign_in))
        .raw("authenticationRequirementPolicies", b"[]")
        .raw("sessionLifetimePolicies", b"[]");
    object.finish()
}

/// Only what every consumer needs, about 500 bytes: what small sources send.
pub(crate) fn small(sign_in: &SignIn<'_>, padding: &str) -> Vec<u8> {
    let person = sign_in.subject.person();
    let user_id = person.map(|person| person.id.to_string());
    let (code, _) = sign_in.outcome.code_and_reason();
    let mut location = ObjectWriter::new();
    location
        .text("city", Some(sign_in.city.name))
        .text("countryOrRegion", Some(sign_in.city.country));
    let mut object = ObjectWriter::new();
    object
        .text("id", Some(&sign_in.id.to_string()))
        .time("createdDateTime", sign_in.time)
        .text(
            "userDisplayName",
            person.map(|person| person.display_name.as_str()),
        )
        .text(
            "userPrincipalName",
            person.map(|person| person.user_principal_name.as_str()),
        )
        .text("userId", user_id.as_deref())
        .text("appId", Some(sign_in.app.id))
        .text("appDisplayName", Some(sign_in.app.name))
        .text("ipAddress", Some(sign_in.address))
        .text("clientAppUsed", Some(sign_in.client))
        .boolean("isInteractive", Some(true))
        .raw("status", format!("{{\"errorCode\":{code}}}").as_bytes())
        .raw("location", &location.finish());
    if !padding.is_empty() {
        object.raw("authenticationProcessingDetails", &processing_details(padding));
    }
    object.finish()
}

/// A JSON array of finished values.
pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![b'['];
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
    out
}

/// Names and grants of a directory's policies.
const POLICIES: &[(&str, &[&str])] = &[
    ("Require MFA for administrators", &["Mfa"]),
    ("Require MFA for Azure management", &["Mfa"]),
    ("Require MFA outside trusted networks", &["Mfa"]),
    ("Block legacy authentication", &["Block"]),
    (
        "Require compliant device for finance",
        &["RequireCompliantDevice"],
    ),
    ("Terms of use for guests", &["TermsOfUse"]),
    ("Block high risk sign-ins", &["Block"]),
    ("Sign-in frequency on unmanaged devices", &[]),
    ("Require approved app on mobile", &["RequireApprovedApp"]),
    ("Password change on user risk", &["RequirePasswordChange"]),
    ("Session controls for SharePoint", &[]),
    ("Require MFA to register security info", &["Mfa"]),
];

/// A network of the city, from the 16 numbers that RFC 5398 keeps for documentation.
fn network_number(city: &City) -> i64 {
    64_496 + city.name.bytes().map(i64::from).sum::<i64>() % 16
}

const fn requirement(second_factor: SecondFactor) -> &'static str {
    match second_factor {
        SecondFactor::NotAsked => "singleFactorAuthentication",
        SecondFactor::InToken | SecondFactor::Given(_) => "multiFactorAuthentication",
    }
}

fn mfa_detail(object: &mut ObjectWriter, sign_in: &SignIn<'_>) {
    let SecondFactor::Given(method) = sign_in.second_factor else {
        object.raw("mfaDetail", b"null");
        return;
    };
    object.raw(
        "mfaDetail",
        &ObjectWriter::new()
            .text("authMethod", Some(method))
            .text("authDetail", None)
            .finish(),
    );
}

fn status(sign_in: &SignIn<'_>) -> Vec<u8> {
    let (code, reason) = sign_in.outcome.code_and_reason();
    ObjectWriter::new()
        .integer("errorCode", Some(code))
        .text("failureReason", Some(reason))
        .text(
            "additionalDetails",
            sign_in.outcome.details(sign_in.second_factor),
        )
        .finish()
}

fn device_detail(sign_in: &SignIn<'_>) -> Vec<u8> {
    let owner = sign_in
        .subject
        .person()
        .filter(|person| sign_in.machine == Some(person.desktop));
    let id = owner.map(|person| person.desktop_id.to_string());
    ObjectWriter::new()
        .text("deviceId", Some(id.as_deref().unwrap_or("")))
        .text(
            "displayName",
            Some(owner.map_or("", |person| person.desktop_name.as_str())),
        )
        .text(
            "operatingSystem",
            sign_in.machine.map(|machine| machine.operating_system),
        )
        .text("browser", sign_in.machine.map(|machine| machine.browser))
        .boolean("isCompliant", Some(owner.is_some()))
        .boolean("isManaged", Some(owner.is_some()))
        .text(
            "trustType",
            Some(if owner.is_some() { "Azure AD joined" } else { "" }),
        )
        .finish()
}

/// Where an address is, as `location` says it.
pub(crate) fn location(city: &City) -> Vec<u8> {
    let coordinates = format!(
        "{{\"altitude\":null,\"latitude\":{},\"longitude\":{}}}",
        city.latitude, city.longitude
    );
    ObjectWriter::new()
        .text("city", Some(city.name))
        .text("state", Some(city.state))
        .text("countryOrRegion", Some(city.country))
        .raw("geoCoordinates", coordinates.as_bytes())
        .finish()
}

fn policies(sign_in: &SignIn<'_>) -> Vec<u8> {
    let mut items = Vec::with_capacity(sign_in.policies);
    for number in 0..sign_in.policies {
        let (name, grants) = POLICIES[number % POLICIES.len()];
        let id = Chance::of(sign_in.tenant.guid().as_u128() as u64, &[number as u64]).guid();
        let grants: Vec<Vec<u8>> = grants
            .iter()
            .map(|grant| format!("\"{grant}\"").into_bytes())
            .collect();
        // The first policies are those that judge; the others concern somebody else.
        let result = if number < 2 {
            sign_in.outcome.conditional_access(sign_in.second_factor)
        } else {
            "notApplied"
        };
        let (satisfied, not_satisfied) = if number < 2 {
            ("application,users", "none")
        } else {
            ("none", "application")
        };
        items.push(
            ObjectWriter::new()
                .text("id", Some(&id.to_string()))
                .text("displayName", Some(name))
                .raw("enforcedGrantControls", &array(&grants))
                .raw("enforcedSessionControls", b"[]")
                .text("result", Some(result))
                .text("conditionsSatisfied", Some(satisfied))
                .text("conditionsNotSatisfied", Some(not_satisfied))
                .raw("includeRulesSatisfied", b"[]")
                .raw("excludeRulesSatisfied", b"[]")
                .finish(),
        );
    }
    array(&items)
}

fn processing_details(padding: &str) -> Vec<u8> {
    let mut items = vec![
        ObjectWriter::new()
            .text("key", Some("Is CAE Token"))
            .text("value", Some("False"))
            .finish(),
    ];
    if !padding.is_empty() {
        items.push(
            ObjectWriter::new()
                .text("key", Some("Oauth Scope Info"))
                .text("value", Some(padding))
                .finish(),
        );
    }
    array(&items)
}

fn authentication_details(sign_in: &SignIn<'_>) -> Vec<u8> {
    let (code, reason) = sign_in.outcome.code_and_reason();
    let mut steps = Vec::new();
    if sign_in.subject.person().is_some() {
        let right = !matches!(
            sign_in.outcome,
            Outcome::WrongPassword | Outcome::Locked | Outcome::NoSuchUser
        );
        let result = if right {
            "Correct password"
        } else {
            "Incorrect password"
        };
        steps.push(step(
            sign_in.time,
            "Password",
            right,
            result,
            "Primary authentication",
        ));
    }
    if let SecondFactor::Given(method) = sign_in.second_factor {
        let result = if code == 0 {
            "MFA successfully completed"
        } else {
            reason
        };
        steps.push(step(
            sign_in.time.plus_seconds(3),
            method,
            code == 0,
            result,
            "Multifactor authentication",
        ));
    }
    array(&steps)
}

fn step(time: Timestamp, method: &str, succeeded: bool, result: &str, requirement: &str) -> Vec<u8> {
    ObjectWriter::new()
        .time("authenticationStepDateTime", time)
        .text("authenticationMethod", Some(method))
        .text(
            "authenticationMethodDetail",
            Some(if method == "Password" {
                "Password Hash Sync"
            } else {
                ""
            }),
        )
        .boolean("succeeded", Some(succeeded))
        .text("authenticationStepResultDetail", Some(result))
        .text("authenticationStepRequirement", Some(requirement))
        .finish()
}
