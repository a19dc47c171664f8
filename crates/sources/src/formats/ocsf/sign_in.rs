//! The class Authentication.

use super::parties::{Source, User, UserSort};
use super::{Told, object, succeeded, told};
use crate::fields::{Fields, as_text};
use model::event::{Device, SignIn, SignInKind};
use serde_json::Value;

/// The error code of a sign-in that failed and whose record has no number for it.
const FAILED_WITHOUT_CODE: i64 = 1;

/// The schema's `auth_protocol_id`, for records without the name beside it.
const PROTOCOLS: &[(i64, &str)] = &[
    (1, "NTLM"),
    (2, "Kerberos"),
    (3, "Digest"),
    (4, "OpenID"),
    (5, "SAML"),
    (6, "OAUTH 2.0"),
    (7, "PAP"),
    (8, "CHAP"),
    (9, "EAP"),
    (10, "RADIUS"),
];

/// Reads a sign-in. Fails if the record does not say whether it succeeded.
pub(super) fn read(fields: Fields<'_>) -> Result<Told<SignIn>, String> {
    let activity = fields.integer("activity_id");
    let outcome = succeeded(fields);
    // A logon is one. Of the steps before it (a Kerberos ticket, preauthentication) only a failure tells something that no
    // logon follows to tell; logoffs, tickets for services and switches of account are none.
    let counts = match activity {
        Some(1) => true,
        Some(3 | 6) => outcome == Some(false),
        _ => false,
    };
    if !counts {
        let activity = activity.map_or_else(|| "(none)".to_owned(), |activity| activity.to_string());
        return Ok(Told::NoneOfOurs(format!(
            "OCSF class 3002 (Authentication), activity {activity} fills no report"
        )));
    }
    // Batch jobs and services of the operating system.
    if let Some(logon_type @ (4 | 5)) = fields.integer("logon_type_id") {
        return Ok(Told::NoneOfOurs(format!(
            "OCSF class 3002 (Authentication), logon type {logon_type} is no person's"
        )));
    }
    let user = user(fields);
    if user.sort == UserSort::System {
        return Ok(Told::NoneOfOurs(
            "OCSF class 3002 (Authentication) of a computer's account fills no report".to_owned(),
        ));
    }
    let Some(succeeded) = outcome else {
        return Err(
            "it does not say whether the sign-in succeeded: it has neither `status_id` 1 or 2 nor such a `status`".to_owned(),
        );
    };
    Ok(Told::Event(sign_in(fields, user, succeeded)))
}

fn sign_in(fields: Fields<'_>, user: User, succeeded: bool) -> SignIn {
    let is_person = user.sort == UserSort::Person;
    let source = Source::of(fields);
    let request = object(fields, "http_request");
    let metadata = object(fields, "metadata");
    let service = object(fields, "service");
    let service = Fields::new(&service);
    let target = object(fields, "dst_endpoint");
    let target = Fields::new(&target);
    let target_name = ["svc_name", "hostname", "name", "ip"]
        .iter()
        .find_map(|name| told(target.text(name)?));
    let service_name = service.text("name").and_then(told);
    let mfa = mfa(fields);
    SignIn {
        kind: if is_person {
            SignInKind::Interactive
        } else {
            SignInKind::ServicePrincipal
        },
        user_id: user.id.clone().filter(|_| is_person),
        user_principal_name: user.name.clone().filter(|_| is_person),
        user_display_name: user.full_name.filter(|_| is_person),
        service_principal_id: user.id.filter(|_| !is_person),
        service_principal_name: user.name.filter(|_| !is_person),
        app_id: service.text("uid"),
        // One of service and target is there, says the schema; a target without a service is what is signed in to.
        resource_display_name: target_name.clone().filter(|_| service_name.is_some()),
        app_display_name: service_name.or(target_name),
        ip_address: source.ip_address,
        location: source.place,
        device: Device {
            display_name: source.host,
            operating_system: source.operating_system,
            ..Device::default()
        },
        client_app: protocol(fields),
        user_agent: Fields::new(&request).text("user_agent"),
        error_code: if succeeded { 0 } else { code(fields) },
        failure_reason: fields
            .first_text(&["status_detail", "message"])
            .filter(|_| !succeeded),
        additional_details: fields.text("status_detail").filter(|_| succeeded),
        mfa_required: mfa,
        mfa_method: factors(fields).filter(|_| mfa == Some(true)),
        correlation_id: Fields::new(&metadata).text("correlation_uid"),
        ..SignIn::default()
    }
}

/// `user` is required; before it was, the actor was who signed in.
fn user(fields: Fields<'_>) -> User {
    let own = object(fields, "user");
    let own = User::of(Fields::new(&own));
    if own.is_told() {
        return own;
    }
    let actor = object(fields, "actor");
    let actor = object(Fields::new(&actor), "user").into_owned();
    User::of(Fields::new(&actor))
}

fn protocol(fields: Fields<'_>) -> Option<String> {
    let by_number = || {
        let number = fields.integer("auth_protocol_id")?;
        let known = PROTOCOLS.iter().find(|(own, _)| *own == number)?;
        Some(known.1.to_owned())
    };
    fields
        .text("auth_protocol")
        .and_then(told)
        .filter(|name| !name.eq_ignore_ascii_case("other"))
        .or_else(by_number)
}

/// `status_code` is the product's own: a number, also in the hexadecimal way of Windows (`0xC000006A`), or any text.
fn code(fields: Fields<'_>) -> i64 {
    let hexadecimal = || {
        let text = fields.text("status_code")?;
        let digits = text.trim().strip_prefix("0x")?.to_owned();
        i64::from_str_radix(&digits, 16).ok()
    };
    fields
        .integer("status_code")
        .or_else(hexadecimal)
        .filter(|code| *code != 0)
        .unwrap_or(FAILED_WITHOUT_CODE)
}

/// `is_mfa` of the event, else of the session.
fn mfa(fields: Fields<'_>) -> Option<bool> {
    let session = object(fields, "session");
    fields
        .boolean("is_mfa")
        .or_else(|| Fields::new(&session).boolean("is_mfa"))
}

/// The factors besides the password.
fn factors(fields: Fields<'_>) -> Option<String> {
    let list = fields.list("auth_factors");
    let factors: Vec<String> = list
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|factor| as_text(factor.get("factor_type")?))
        .filter(|name| !name.eq_ignore_ascii_case("password"))
        .collect();
    (!factors.is_empty()).then(|| factors.join(", "))
}
