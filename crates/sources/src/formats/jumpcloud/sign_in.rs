//! Sign-ins by JumpCloud, at each of its doors.

use super::{is_person, object};
use crate::address;
use crate::fields::Fields;
use model::event::{Device, Place, SignIn, SignInKind};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The error code of a sign-in that failed and whose record has no number for it.
const FAILED_WITHOUT_CODE: i64 = 1;

/// Where somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    UserPortal,
    AdminPortal,
    /// Single sign-on to an application.
    Sso,
    Radius,
    Ldap,
    /// The login window or the SSH server of a device with JumpCloud's agent.
    Device,
}

/// The types of events that tell sign-ins. The second names of RADIUS and SSO are those of earlier events.
pub(super) fn door(event_type: &str) -> Option<Door> {
    Some(match event_type {
        "user_login_attempt" => Door::UserPortal,
        "admin_login_attempt" => Door::AdminPortal,
        "sso_auth" => Door::Sso,
        "radius_auth_attempt" | "radius_auth" => Door::Radius,
        "ldap_bind" => Door::Ldap,
        "login_attempt" => Door::Device,
        _ => return None,
    })
}

impl Door {
    /// What is signed in to, where the record names no application.
    fn name(self) -> &'static str {
        match self {
            Door::UserPortal => "JumpCloud User Portal",
            Door::AdminPortal => "JumpCloud Admin Portal",
            Door::Sso => "JumpCloud SSO",
            Door::Radius => "JumpCloud RADIUS",
            Door::Ldap => "JumpCloud LDAP",
            Door::Device => "JumpCloud device login",
        }
    }

    /// An access point or a program asks RADIUS and LDAP on behalf of a person.
    fn kind(self) -> SignInKind {
        match self {
            Door::Radius | Door::Ldap => SignInKind::NonInteractive,
            Door::UserPortal | Door::AdminPortal | Door::Sso | Door::Device => SignInKind::Interactive,
        }
    }
}

/// Reads a sign-in. Fails if the record does not say whether it succeeded.
pub(super) fn read(fields: Fields<'_>, door: Door) -> Result<SignIn, String> {
    let methods = methods(fields);
    let succeeded = succeeded(fields)?;
    let error_code = match (succeeded, fields.integer("error_code")) {
        (true, _) => 0,
        (false, Some(code)) if code != 0 => code,
        (false, _) => FAILED_WITHOUT_CODE,
    };
    let initiator = object(fields, "initiated_by");
    let initiator = Fields::new(&initiator);
    let application = object(fields, "application");
    let application = Fields::new(&application);
    let person = is_person(initiator);
    let system = system(fields);
    let system = Fields::new(&system);
    let mfa = fields.boolean("mfa");
    Ok(SignIn {
        kind: door.kind(),
        user_id: initiator.text("id").filter(|_| person),
        user_principal_name: initiator
            .first_text(&["username", "email"])
            .filter(|_| person)
            .or_else(|| fields.first_text(&["username", "dn"])),
        app_id: application.text("id"),
        app_display_name: application
            .first_text(&["display_label", "name"])
            .or_else(|| Some(door.name().to_owned())),
        resource_display_name: system
            .first_text(&["displayName", "hostname"])
            .filter(|_| door == Door::Device),
        ip_address: ["client_ip", "src_ip"]
            .iter()
            .find_map(|name| address::normalise(&fields.text(name)?)),
        location: place(fields),
        device: device(fields, system),
        client_app: client_app(fields, application, door),
        error_code,
        failure_reason: fields
            .first_text(&["error_message", "message"])
            .or_else(|| refused(&methods))
            .filter(|_| !succeeded),
        mfa_required: mfa,
        mfa_method: second_factor(fields, &methods).filter(|_| mfa == Some(true)),
        ..SignIn::default()
    })
}

/// `sso_auth` says of the token for the application whether it was given.
fn succeeded(fields: Fields<'_>) -> Result<bool, String> {
    ["success", "sso_token_success"]
        .iter()
        .find_map(|name| fields.boolean(name))
        .ok_or_else(|| {
            "it does not say whether the sign-in succeeded: it has neither `success` nor `sso_token_success`; ask the API \
             for those too"
                .to_owned()
        })
}

/// Method and whether it succeeded: `"auth_methods": {"password": {"success": true}}`, in `auth_context` or `auth_meta`.
fn methods(fields: Fields<'_>) -> Vec<(String, bool)> {
    for outer in ["auth_context", "auth_meta"] {
        let context = object(fields, outer);
        let methods = object(Fields::new(&context), "auth_methods");
        let found: Vec<(String, bool)> = methods
            .iter()
            .filter_map(|(name, value)| {
                let succeeded = Fields::new(value.as_object()?).boolean("success")?;
                Some((name.clone(), succeeded))
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// `password failed`
fn refused(methods: &[(String, bool)]) -> Option<String> {
    let failed: Vec<String> = methods
        .iter()
        .filter(|(_, succeeded)| !succeeded)
        .map(|(name, _)| format!("{name} failed"))
        .collect();
    (!failed.is_empty()).then(|| failed.join(", "))
}

fn second_factor(fields: Fields<'_>, methods: &[(String, bool)]) -> Option<String> {
    let used = methods
        .iter()
        .find(|(name, succeeded)| *succeeded && name != "password");
    used.map(|(name, _)| name.clone())
        .or_else(|| Fields::new(&object(fields, "mfa_meta")).text("type"))
}

/// The device: where somebody signed in to one, or from which, if JumpCloud manages it.
fn system(fields: Fields<'_>) -> Cow<'_, Map<String, Value>> {
    if let Some(system) = fields.object("system") {
        return system;
    }
    let context = object(fields, "auth_context");
    let system = object(Fields::new(&context), "system").into_owned();
    Cow::Owned(system)
}

fn place(fields: Fields<'_>) -> Place {
    let geo = object(fields, "geoip");
    let geo = Fields::new(&geo);
    let latitude = geo.number("latitude").filter(|degrees| degrees.abs() <= 90.0);
    let longitude = geo.number("longitude").filter(|degrees| degrees.abs() <= 180.0);
    Place {
        city: None,
        state: geo.text("region_name"),
        country: geo.text("country_code"),
        latitude: latitude.filter(|_| longitude.is_some()),
        longitude: longitude.filter(|_| latitude.is_some()),
    }
}

fn device(fields: Fields<'_>, system: Fields<'_>) -> Device {
    let agent = object(fields, "useragent");
    let agent = Fields::new(&agent);
    let browser = agent.text("name").map(|name| match agent.text("version") {
        Some(version) => format!("{name} {version}"),
        None => name,
    });
    Device {
        id: system.text("id"),
        display_name: system.first_text(&["displayName", "hostname"]),
        operating_system: agent.first_text(&["os_full", "os"]).or_else(|| system.text("os")),
        browser,
    }
}

fn client_app(fields: Fields<'_>, application: Fields<'_>, door: Door) -> Option<String> {
    match door {
        Door::Radius => Some("RADIUS".to_owned()),
        Door::Ldap => Some("LDAP".to_owned()),
        Door::Device => fields.text("process_name"),
        Door::Sso => application.text("sso_type"),
        Door::UserPortal | Door::AdminPortal => fields.object("useragent").map(|_| "Browser".to_owned()),
    }
}
