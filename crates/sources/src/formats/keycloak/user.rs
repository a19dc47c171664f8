//! What users do: `EventType` of org.keycloak.events, in the words of the service.

use super::Told;
use crate::address;
use model::event::{Actor, Audit, Facts, SignIn, SignInKind, Target};

/// Errors by which a credential was wrong, or the account closed to it. Any other is an interrupt or a fault of the
/// application: `expired_code`, `invalid_redirect_uri`, `client_not_found` (org.keycloak.events.Errors).
const CREDENTIAL_ERRORS: &[&str] = &[
    "invalid_user_credentials",
    "user_not_found",
    "user_disabled",
    "user_temporarily_disabled",
];

const INTERRUPTED: &str = "no credential was refused: an interrupt, or a fault of the application";

/// How an event of a type becomes an audit: the type without `_ERROR`, the activity, its operation, its service.
const AUDITS: &[(&str, &str, &str, &str)] = &[
    ("REGISTER", "Add user", "Add", CORE),
    ("DELETE_ACCOUNT", "Delete user", "Delete", CORE),
    ("UPDATE_PROFILE", "Update user", "Update", CORE),
    ("UPDATE_EMAIL", "Update user", "Update", CORE),
    (
        "USER_DISABLED_BY_PERMANENT_LOCKOUT",
        "Update user",
        "Update",
        CORE,
    ),
    (
        "USER_DISABLED_BY_TEMPORARY_LOCKOUT",
        "Update user",
        "Update",
        CORE,
    ),
    ("UPDATE_PASSWORD", "Change user password", "Update", CORE),
    (
        "SEND_RESET_PASSWORD",
        "User started password reset",
        "Update",
        PASSWORDS,
    ),
    (
        "RESET_PASSWORD",
        "Reset password (self-service)",
        "Update",
        PASSWORDS,
    ),
    ("UPDATE_TOTP", "User registered security info", "Add", PASSWORDS),
    (
        "UPDATE_CREDENTIAL",
        "User registered security info",
        "Add",
        PASSWORDS,
    ),
    ("REMOVE_TOTP", "User deleted security info", "Delete", PASSWORDS),
    (
        "REMOVE_CREDENTIAL",
        "User deleted security info",
        "Delete",
        PASSWORDS,
    ),
    ("GRANT_CONSENT", "Add delegation entry", "Add", CORE),
    ("REVOKE_GRANT", "Remove delegation entry", "Delete", CORE),
];

const CORE: &str = "Keycloak";
/// The old category of this service's records is SSPR.
const PASSWORDS: &str = "Self-service Password Management";

/// The facts; the error says why there are none.
pub(super) fn facts(told: &Told) -> Result<Facts, String> {
    let kind = told.kind.as_deref().unwrap_or_default();
    let (base, failed) = match kind.strip_suffix("_ERROR") {
        Some(base) => (base, true),
        None => (kind, false),
    };
    match base {
        "LOGIN" => {
            return Ok(Facts::SignIn(Box::new(sign_in(
                told,
                SignInKind::Interactive,
                failed,
            ))));
        }
        "CLIENT_LOGIN" => {
            return Ok(Facts::SignIn(Box::new(sign_in(
                told,
                SignInKind::ServicePrincipal,
                failed,
            ))));
        }
        // Success at another provider is followed by LOGIN.
        "IDENTITY_PROVIDER_LOGIN" if failed => {
            return Ok(Facts::SignIn(Box::new(sign_in(
                told,
                SignInKind::Interactive,
                failed,
            ))));
        }
        _ => {}
    }
    let is_password = told.detail("credential_type") == Some("password");
    let base = match base {
        "UPDATE_CREDENTIAL" if is_password => "UPDATE_PASSWORD",
        base => base,
    };
    let Some((_, activity, operation, service)) = AUDITS.iter().find(|(word, ..)| *word == base) else {
        return Err(format!("Keycloak: events of type {}", word(kind)));
    };
    Ok(Facts::Audit(Box::new(audit(
        told, activity, operation, service, failed,
    ))))
}

/// A type as it goes into the reasons for which events are ignored; custom types are as long as anybody likes.
fn word(kind: &str) -> &str {
    let is_word = kind.len() <= 60
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_word { kind } else { "that is no word" }
}

fn sign_in(told: &Told, kind: SignInKind, failed: bool) -> SignIn {
    let error = told
        .error
        .clone()
        .or_else(|| failed.then(|| "unknown".to_owned()));
    let is_credential = error
        .as_deref()
        .is_some_and(|error| CREDENTIAL_ERRORS.contains(&error));
    let (user, service) = match kind {
        SignInKind::ServicePrincipal => (None, told.client.clone()),
        _ => (name(told), None),
    };
    SignIn {
        kind,
        user_id: told.user.clone().filter(|_| service.is_none()),
        user_principal_name: user,
        app_id: told.client.clone(),
        app_display_name: told.client.clone(),
        resource_display_name: told.realm.clone(),
        service_principal_id: told.user.clone().filter(|_| service.is_some()),
        service_principal_name: service,
        ip_address: told.address.as_deref().and_then(address::normalise),
        client_app: told.detail("auth_method").map(str::to_owned),
        error_code: i64::from(error.is_some()),
        additional_details: (error.is_some() && !is_credential).then(|| INTERRUPTED.to_owned()),
        failure_reason: error,
        correlation_id: told
            .detail("code_id")
            .map(str::to_owned)
            .or_else(|| told.session.clone()),
        // Of a login by another provider, its alias in the realm.
        is_federated: told.detail("identity_provider").map(|_| true),
        ..SignIn::default()
    }
}

fn audit(told: &Told, activity: &str, operation: &str, service: &str, failed: bool) -> Audit {
    let details = [
        "credential_type",
        "updated_email",
        "previous_email",
        "auth_method",
        "register_method",
    ];
    let mut additional_details = vec![("EventType".to_owned(), told.kind.clone())];
    for name in details {
        if let Some(value) = told.detail(name) {
            let name = if name == "credential_type" { "Method" } else { name };
            additional_details.push((name.to_owned(), Some(value.to_owned())));
        }
    }
    let failed = failed || told.error.is_some();
    Audit {
        activity: Some(activity.to_owned()),
        category: Some("UserManagement".to_owned()),
        operation_type: Some(operation.to_owned()),
        result: Some(if failed { "failure" } else { "success" }.to_owned()),
        result_reason: told.error.clone(),
        logged_by_service: Some(service.to_owned()),
        correlation_id: told.detail("code_id").map(str::to_owned),
        actor: Actor {
            user_id: told.user.clone(),
            user_principal_name: name(told),
            ip_address: told.address.as_deref().and_then(address::normalise),
            app_id: told.client.clone(),
            app_display_name: told.client.clone(),
            ..Actor::default()
        },
        targets: vec![Target {
            resource_type: Some("User".to_owned()),
            id: told.user.clone(),
            user_principal_name: name(told),
            ..Target::default()
        }],
        additional_details,
    }
}

fn name(told: &Told) -> Option<String> {
    told.detail("username").map(str::to_owned)
}
