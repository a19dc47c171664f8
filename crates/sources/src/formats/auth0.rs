//! Auth0: tenant logs, as the Management API answers them and as log streams send them (within `data`).
//!
//! The codes are those of <https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes>, the members those of
//! <https://auth0.com/docs/api/management/v2/logs/get-logs>.

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::telling::{Id, Telling, is_pipelines};
use crate::{address, dating, several};
use model::event::{
    Actor, Audit, Facts, Modified, Place, RiskDetection, SignIn, SignInKind, Suspect, SuspectKind, Target,
    Verdict,
};
use model::identity::Vendor;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "auth0",
    title: "Auth0 tenant log event",
    about: "Events of Auth0's tenant logs: answers of /api/v2/logs, log streams (EventBridge, webhooks, Splunk and others).",
    looks_for: "`type` and `date` with `log_id`, at the top or in `data`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    // A page: `{"logs": […]}`, with or without totals.
    let logs = fields.list("logs");
    if !logs.is_empty() && logs.iter().filter_map(Value::as_object).all(is_log) {
        return several::of_page(&logs);
    }
    let data = fields.object("data");
    // A stream wraps the event and repeats its id.
    if let Some(data) = data.as_deref().filter(|data| is_in_stream(data, fields)) {
        return read_event(data, fields);
    }
    if is_log(record) {
        return read_event(record, fields);
    }
    Reading::Unrecognised
}

/// No other maker has these three beside each other.
fn is_log(record: &Map<String, Value>) -> bool {
    let fields = Fields::new(record);
    let has = |name: &str| fields.get(name).is_some();
    has("log_id") && has("type") && (has("date") || has("client_id") || has("description"))
        || fields
            .object("data")
            .is_some_and(|data| is_in_stream(&data, fields))
}

fn is_in_stream(data: &Map<String, Value>, envelope: Fields<'_>) -> bool {
    let fields = Fields::new(data);
    let has = |name: &str| fields.get(name).is_some();
    let has_id = has("log_id") || envelope.get("log_id").is_some();
    has("type")
        && (has("date") && (has_id || has("client_id") || has("user_agent")) || has_id && has("description"))
}

/// What a code means.
enum Meaning {
    SignIn(SignInKind, i64),
    Risk,
    Audit {
        /// Entra's word for it, if it has one.
        activity: Option<&'static str>,
        result: Option<&'static str>,
        /// Whether the user who is named did it to themself.
        by_oneself: bool,
    },
}

/// An exchange of a code follows a sign-in that has an event of its own (`s`), so it is none.
fn meaning(code: &str) -> Meaning {
    use SignInKind::{Interactive, NonInteractive, ServicePrincipal};
    const SIGN_INS: &[(&str, SignInKind, i64)] = &[
        ("s", Interactive, 0),
        ("sens", Interactive, 0),
        ("ssa", NonInteractive, 0),
        ("sepft", NonInteractive, 0),
        ("serft", NonInteractive, 0),
        ("seoobft", NonInteractive, 0),
        ("seotpft", NonInteractive, 0),
        ("sercft", NonInteractive, 0),
        ("seccft", ServicePrincipal, 0),
        ("f", Interactive, 1),
        ("fc", Interactive, 1),
        ("fco", Interactive, 1),
        ("fcoa", Interactive, 1),
        ("fens", Interactive, 1),
        ("fp", Interactive, 1),
        ("fu", Interactive, 1),
        ("fsa", NonInteractive, 1),
        ("fepft", NonInteractive, 1),
        ("ferft", NonInteractive, 1),
        ("ferrt", NonInteractive, 1),
        ("feoobft", NonInteractive, 1),
        ("feotpft", NonInteractive, 1),
        ("fercft", NonInteractive, 1),
        ("feccft", ServicePrincipal, 1),
    ];
    const RISKS: &[&str] = &[
        "limit_mu",
        "limit_sul",
        "limit_wc",
        "pwd_leak",
        "reset_pwd_leak",
        "signup_pwd_leak",
    ];
    /// Code of success, code of failure, Entra's word.
    const ACTS: &[(&str, &str, &str, bool)] = &[
        ("ss", "fs", "Add user", false),
        ("sdu", "fdu", "Delete user", false),
        ("sce", "fce", "Update user", false),
        ("scu", "fcu", "Update user", false),
        ("scpn", "fcpn", "Update user", false),
        ("scp", "fcp", "Change user password", true),
        ("scpr", "fcpr", "User started password reset", true),
        (
            "gd_enrollment_complete",
            "",
            "User registered security info",
            true,
        ),
        (
            "gd_start_enroll",
            "gd_start_enroll_failed",
            "User started security info registration",
            true,
        ),
        ("gd_unenroll", "", "User deleted security info", true),
    ];
    if let Some((_, kind, error_code)) = SIGN_INS.iter().find(|(other, ..)| *other == code) {
        return Meaning::SignIn(*kind, *error_code);
    }
    if RISKS.contains(&code) {
        return Meaning::Risk;
    }
    for (success, failure, activity, by_oneself) in ACTS {
        if code == *success || code == *failure && !failure.is_empty() {
            return Meaning::Audit {
                activity: Some(activity),
                result: Some(if code == *success { "success" } else { "failure" }),
                by_oneself: *by_oneself,
            };
        }
    }
    Meaning::Audit {
        activity: None,
        result: match code {
            "sapi" | "mgmt_api_read" | "seacft" | "sede" | "slo" | "gd_auth_succeed" => Some("success"),
            "fapi" | "feacft" | "fede" | "flo" | "gd_auth_failed" | "gd_auth_rejected" => Some("failure"),
            _ => None,
        },
        by_oneself: false,
    }
}

fn read_event(record: &Map<String, Value>, envelope: Fields<'_>) -> Reading {
    let event = LogEvent::of(Fields::new(record));
    let fields = event.fields;
    let code = fields.text("type").unwrap_or_default();
    let time = dating::event_time(fields, &["date"], envelope);
    let facts = match meaning(&code) {
        Meaning::SignIn(kind, error_code) => Facts::SignIn(Box::new(event.sign_in(&code, kind, error_code))),
        Meaning::Risk => Facts::RiskDetection(Box::new(event.risk(&code))),
        Meaning::Audit {
            activity,
            result,
            by_oneself,
        } => Facts::Audit(Box::new(event.audit(&code, activity, result, by_oneself))),
    };
    let (user, client, description) = (
        fields.first_text(&["user_id", "user_name"]),
        fields.text("client_id"),
        fields.text("description"),
    );
    let told_apart_by = [
        Some(code.as_str()),
        user.as_deref(),
        event.address.as_deref(),
        client.as_deref(),
        description.as_deref(),
    ];
    let id = fields
        .text("log_id")
        .or_else(|| envelope.text("log_id"))
        .or_else(|| fields.text("_id"));
    Telling {
        vendor: Vendor::Auth0,
        id: id.map_or(Id::Fields("auth0/1", &told_apart_by), Id::Vendors),
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// One event with its objects looked up.
struct LogEvent<'a> {
    fields: Fields<'a>,
    /// `details.request`, which the Management API fills.
    request: Map<String, Value>,
    /// `details.response.body`.
    answered: Map<String, Value>,
    address: Option<String>,
}

/// A user as an event names them.
struct Person {
    id: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
}

impl<'a> LogEvent<'a> {
    fn of(fields: Fields<'a>) -> LogEvent<'a> {
        let details = fields.object("details").unwrap_or_default();
        let details = Fields::new(&details);
        let request = details.object("request").unwrap_or_default().into_owned();
        let response = details.object("response").unwrap_or_default();
        let answered = Fields::new(&response)
            .object("body")
            .unwrap_or_default()
            .into_owned();
        let address = fields
            .text("ip")
            .or_else(|| Fields::new(&request).text("ip"))
            .and_then(|text| address::normalise(&text));
        LogEvent {
            fields,
            request,
            answered,
            address,
        }
    }

    /// The user of the event; of the Management API the one who called it.
    fn user(&self) -> Person {
        let auth = Fields::new(&self.request).object("auth").unwrap_or_default();
        let caller = Fields::new(&auth).object("user").unwrap_or_default();
        let caller = Fields::new(&caller);
        Person {
            id: self.fields.text("user_id").or_else(|| caller.text("user_id")),
            name: self.fields.text("user_name").or_else(|| caller.text("email")),
            display_name: caller.text("name"),
        }
    }

    /// `location_info`, which streams may carry.
    fn place(&self) -> Place {
        let place = self.fields.object("location_info").unwrap_or_default();
        let place = Fields::new(&place);
        let latitude = place.number("latitude").filter(|degrees| degrees.abs() <= 90.0);
        let longitude = place.number("longitude").filter(|degrees| degrees.abs() <= 180.0);
        Place {
            city: place.text("city_name"),
            state: None,
            country: place.first_text(&["country_code", "country_name"]),
            latitude: latitude.filter(|_| longitude.is_some()),
            longitude: longitude.filter(|_| latitude.is_some()),
        }
    }

    fn sign_in(&self, code: &str, kind: SignInKind, error_code: i64) -> SignIn {
        let is_client = kind == SignInKind::ServicePrincipal;
        let user = self.user();
        let (client_id, client_name) = (self.fields.text("client_id"), self.fields.text("client_name"));
        SignIn {
            kind,
            user_id: user.id.filter(|_| !is_client),
            user_principal_name: user.name.filter(|_| !is_client),
            user_display_name: user.display_name.filter(|_| !is_client),
            service_principal_id: client_id.clone().filter(|_| is_client),
            service_principal_name: client_name.clone().filter(|_| is_client),
            app_id: client_id,
            app_display_name: client_name,
            resource_display_name: self.fields.text("audience"),
            ip_address: self.address.clone(),
            location: self.place(),
            user_agent: self.fields.text("user_agent"),
            error_code,
            failure_reason: self.fields.text("description").filter(|_| error_code != 0),
            additional_details: Some(code.to_owned()),
            ..SignIn::default()
        }
    }

    fn risk(&self, code: &str) -> RiskDetection {
        // Limits of an address are about nobody.
        let is_about_address = matches!(code, "limit_mu" | "limit_sul");
        let user = self.user();
        RiskDetection {
            suspect: Suspect {
                kind: SuspectKind::User,
                id: user.id.filter(|_| !is_about_address),
                user_principal_name: user.name.filter(|_| !is_about_address),
                display_name: user.display_name.filter(|_| !is_about_address),
                app_id: None,
            },
            event_type: Some(code.to_owned()),
            verdict: Verdict {
                detail: self.fields.text("description"),
                ..Verdict::default()
            },
            source: Some("Auth0".to_owned()),
            ip_address: self.address.clone(),
            location: self.place(),
            user_agent: self.fields.text("user_agent"),
            ..RiskDetection::default()
        }
    }

    fn audit(
        &self,
        code: &str,
        activity: Option<&'static str>,
        result: Option<&'static str>,
        by_oneself: bool,
    ) -> Audit {
        let user = self.user();
        let description = self.fields.text("description");
        let of_api = matches!(code, "sapi" | "fapi" | "mgmt_api_read");
        // What the Management API did stands in the description, in words of Auth0's reference.
        let called = description.as_deref().filter(|_| of_api);
        let activity = activity
            .or_else(|| called.and_then(api_activity))
            .or(called)
            .unwrap_or(code);
        let mut details = vec![("type".to_owned(), Some(code.to_owned()))];
        if let Some(description) = &description {
            details.push(("description".to_owned(), Some(description.clone())));
        }
        if let Some(path) = Fields::new(&self.request).text("path") {
            details.push(("path".to_owned(), Some(path)));
        }
        if let Some(method) = description
            .as_deref()
            .filter(|_| code.starts_with("gd_"))
            .and_then(factor)
        {
            details.push(("AuthenticationMethod".to_owned(), Some(method.to_owned())));
        }
        let own = Target {
            resource_type: Some("User".to_owned()),
            id: user.id.clone(),
            display_name: user.display_name.clone(),
            user_principal_name: user.name.clone(),
            modified: Vec::new(),
        };
        let is_of_user = matches!(code.get(1..), Some("s" | "du" | "ce" | "cu" | "cpn")) && !of_api;
        let targets = if of_api {
            self.api_target().into_iter().collect()
        } else if (by_oneself || is_of_user) && (own.id.is_some() || own.user_principal_name.is_some()) {
            vec![own]
        } else {
            Vec::new()
        };
        let is_user = user.id.is_some() || user.name.is_some();
        Audit {
            activity: Some(activity.to_owned()),
            category: category(code, Fields::new(&self.request).text("path").as_deref()).map(str::to_owned),
            operation_type: None,
            result: result.map(str::to_owned),
            result_reason: description.filter(|_| result == Some("failure")),
            logged_by_service: Some("Auth0".to_owned()),
            correlation_id: None,
            actor: Actor {
                user_id: user.id,
                user_principal_name: user.name,
                user_display_name: user.display_name,
                ip_address: self.address.clone(),
                app_id: self.fields.text("client_id").filter(|_| !is_user),
                app_display_name: self.fields.text("client_name").filter(|_| !is_user),
                ..Actor::default()
            },
            targets,
            additional_details: details,
        }
    }

    /// The object that the called address names: `/v2/users/auth0%7C123/roles` is about a user.
    fn api_target(&self) -> Option<Target> {
        let path = Fields::new(&self.request).text("path")?;
        let mut segments = path
            .split('/')
            .skip_while(|segment| matches!(*segment, "" | "api" | "v2"));
        let (collection, id) = (segments.next()?, segments.next().filter(|id| !id.is_empty()));
        let kind = match collection {
            "users" => "User",
            "roles" => "Role",
            "clients" => "Application",
            "organizations" => "Organization",
            _ => return None,
        };
        let answered = Fields::new(&self.answered);
        let id = id
            .map(decoded)
            .or_else(|| answered.first_text(&["user_id", "id", "client_id"]))?;
        let is_user = kind == "User";
        let role = self
            .answered
            .get("name")
            .and_then(Value::as_str)
            .filter(|_| kind == "Role");
        Some(Target {
            resource_type: Some(kind.to_owned()),
            id: Some(id),
            display_name: answered.first_text(&["name", "display_name"]),
            user_principal_name: answered.text("email").filter(|_| is_user),
            modified: role
                .map(|role| Modified {
                    name: Some("Role.DisplayName".to_owned()),
                    old: None,
                    new: Some(role.to_owned()),
                })
                .into_iter()
                .collect(),
        })
    }
}

/// The Management API's own sentences, <https://auth0.com/docs/api/management/v2>.
fn api_activity(description: &str) -> Option<&'static str> {
    const SENTENCES: &[(&str, &str)] = &[
        ("Create a User", "Add user"),
        ("Delete a User", "Delete user"),
        ("Update a User", "Update user"),
        ("Assign roles to a user", "Add member to role"),
        ("Assign users to a role", "Add member to role"),
        ("Removes roles from a user", "Remove member from role"),
        ("Create a client", "Add application"),
        ("Update a client", "Update application"),
        ("Delete a client", "Delete application"),
    ];
    SENTENCES
        .iter()
        .find(|(sentence, _)| sentence.eq_ignore_ascii_case(description.trim()))
        .map(|(_, activity)| *activity)
}

/// `Guardian - Enrollment complete (sms)`
fn factor(description: &str) -> Option<&'static str> {
    let description = description.to_ascii_lowercase();
    ["(sms)", "(voice)"]
        .iter()
        .any(|factor| description.contains(factor))
        .then_some("Mobile Phone")
        .or_else(|| description.contains("(email)").then_some("Email"))
}

fn category(code: &str, path: Option<&str>) -> Option<&'static str> {
    if let Some(path) = path {
        let collection = path
            .split('/')
            .find(|segment| !matches!(*segment, "" | "api" | "v2"));
        return match collection {
            Some("users") => Some("UserManagement"),
            Some("roles") => Some("RoleManagement"),
            Some("clients") => Some("ApplicationManagement"),
            _ => None,
        };
    }
    let of_user = code.starts_with("gd_")
        || matches!(
            code.get(1..),
            Some("s" | "du" | "ce" | "cu" | "cpn" | "cp" | "cpr")
        );
    of_user.then_some("UserManagement")
}

/// Without the escapes of an address; what is no escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(escaped) = escaped {
            bytes.push(escaped);
            rest = &after[2..];
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_an_address_are_undone() {
        let check = |text: &str, expected: &str| assert_eq!(decoded(text), expected, "{text}");
        check("auth0%7C645", "auth0|645");
        check("100%", "100%");
        check("%zz%7c", "%zz|");
        check("%ff", "%ff");
        check("%+1", "%+1");
    }
}
