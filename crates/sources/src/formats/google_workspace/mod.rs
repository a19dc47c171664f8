//! Google Workspace: activities of the Reports API (login, admin and the other applications), as the API answers them or
//! flattened by a log pipeline to one event each.
//!
//! The members are those of <https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list>; which
//! parameters an event has stands in its appendix (see `words`).

mod flat;
mod words;

use super::{FormatDef, Reading};
use crate::fields::{Fields, as_text};
use crate::telling::{Id, Telling, is_pipelines};
use crate::{address, dating, several};
use model::content;
use model::event::{
    Actor, Audit, Facts, Modified, Place, RiskDetection, SignIn, Suspect, SuspectKind, Target, Verdict,
};
use model::identity::Vendor;
use serde_json::{Map, Value};
use std::fmt::Write;
use words::Sort;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "google-workspace",
    title: "Google Workspace activity",
    about: "Activities of the Admin SDK's Reports API: pages or single activities as it answers them, or flattened to one event.",
    looks_for: "`kind` that is admin#reports#activity, or `id` with `applicationName`",
    read,
};

const PAGE: &str = "admin#reports#activities";
const ACTIVITY: &str = "admin#reports#activity";

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    let kind = fields.text("kind");
    if kind.as_deref() == Some(PAGE) {
        return several::of_page(&fields.list("items"));
    }
    let is_activity = kind.as_deref() == Some(ACTIVITY)
        || fields
            .object("id")
            .is_some_and(|id| Fields::new(&id).get("applicationName").is_some());
    if !is_activity {
        return Reading::Unrecognised;
    }
    let Some(flat) = flat::flat(record) else {
        return several::of_items(record, "events", &fields.list("events"));
    };
    read_flat(&flat, fields)
}

fn read_flat(flat: &Map<String, Value>, envelope: Fields<'_>) -> Reading {
    let activity = Activity::of(Fields::new(flat));
    let id = Fields::new(&activity.id);
    let name = activity.fields.text("name").map(|name| name.trim().to_owned());
    let name = name.as_deref();
    let time = dating::event_time(id, &["time"], envelope)
        .map_err(|reason| reason.replacen("`time`", "`id.time`", 1));
    let facts = match name.map(|name| (words::sort_of(&activity.application, name), name)) {
        Some((Sort::SignedIn, _)) => Facts::SignIn(Box::new(activity.sign_in(0))),
        Some((Sort::FailedToSignIn, _)) => Facts::SignIn(Box::new(activity.sign_in(1))),
        Some((Sort::Risk, name)) => Facts::RiskDetection(Box::new(activity.risk(name))),
        // Of one without a name it is known who did something with which application.
        Some((Sort::Audit, _)) | None => Facts::Audit(Box::new(activity.audit(name))),
    };
    // The qualifier is one for all events of an activity, so the event's own words tell them apart.
    let mut parameters = String::with_capacity(32);
    for byte in content::digest(&activity.parameters, |_| false).digest {
        // Writing into memory cannot fail.
        let _ = write!(parameters, "{byte:02x}");
    }
    let qualifier = id.text("uniqueQualifier");
    let event_type = activity.fields.text("type");
    let actor = activity.actor();
    let told_apart_by = [
        Some(activity.application.as_str()),
        qualifier.as_deref(),
        event_type.as_deref(),
        name,
        Some(parameters.as_str()),
        actor.name.as_deref().or(actor.id.as_deref()),
        activity.address.as_deref(),
    ];
    Telling {
        vendor: Vendor::Google,
        id: Id::Fields("google-workspace/1", &told_apart_by),
        time,
        updated: None,
        tenant: None,
        facts,
        record: flat,
        is_carriers: is_pipelines,
    }
    .event()
}

/// One event of an activity, with its objects looked up.
struct Activity<'a> {
    fields: Fields<'a>,
    id: Map<String, Value>,
    parameters: Map<String, Value>,
    application: String,
    address: Option<String>,
}

/// Who acted.
#[derive(Debug, Clone, Default)]
struct Person {
    id: Option<String>,
    name: Option<String>,
    /// A key or a system that acted without a user (`callerType` KEY).
    key: Option<String>,
}

impl<'a> Activity<'a> {
    fn of(fields: Fields<'a>) -> Activity<'a> {
        let id = fields.object("id").unwrap_or_default().into_owned();
        let application = Fields::new(&id).text("applicationName").unwrap_or_default();
        Activity {
            fields,
            parameters: fields.object("parameters").unwrap_or_default().into_owned(),
            application,
            id,
            address: fields
                .text("ipAddress")
                .and_then(|text| address::normalise(&text)),
        }
    }

    fn parameter(&self, name: &str) -> Option<String> {
        Fields::new(&self.parameters).get(name).and_then(as_text)
    }

    fn actor(&self) -> Person {
        let actor = self.fields.object("actor").unwrap_or_default();
        let actor = Fields::new(&actor);
        Person {
            id: actor.text("profileId"),
            name: actor.text("email"),
            key: actor.text("key"),
        }
    }

    /// Newer records name the region of the address (`networkInfo`), nothing finer.
    fn place(&self) -> Place {
        let network = self.fields.object("networkInfo").unwrap_or_default();
        Place {
            country: Fields::new(&network).text("regionCode"),
            ..Place::default()
        }
    }

    /// Google tells no application but where another one was signed in to by SAML.
    fn sign_in(&self, error_code: i64) -> SignIn {
        let user = self.actor();
        let of_saml = self.application == "saml";
        let failure = [
            "login_failure_type",
            "failure_type",
            "saml_second_level_status_code",
        ]
        .into_iter()
        .find_map(|name| self.parameter(name));
        SignIn {
            user_id: user.id,
            user_principal_name: user.name.or_else(|| self.parameter("affected_email_address")),
            app_display_name: if of_saml {
                self.parameter("application_name")
            } else {
                None
            },
            ip_address: self.address.clone(),
            location: self.place(),
            error_code,
            failure_reason: failure.filter(|_| error_code != 0),
            additional_details: self.fields.text("name"),
            mfa_required: self.parameter("is_second_factor").map(|text| text == "true"),
            mfa_method: self
                .parameter("login_challenge_method")
                .filter(|_| self.parameter("is_second_factor").as_deref() == Some("true")),
            risk_event_types: self
                .parameter("is_suspicious")
                .filter(|text| text == "true")
                .map(|_| "is_suspicious".to_owned()),
            // `login_type`: <https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login>
            is_federated: match self.parameter("login_type").as_deref() {
                Some("saml") => Some(true),
                Some("google_password") => Some(false),
                _ => None,
            },
            ..SignIn::default()
        }
    }

    fn risk(&self, name: &str) -> RiskDetection {
        let user = self.actor();
        RiskDetection {
            suspect: Suspect {
                kind: SuspectKind::User,
                id: user.id,
                user_principal_name: self.parameter("affected_email_address").or(user.name),
                display_name: None,
                app_id: None,
            },
            event_type: Some(name.to_owned()),
            verdict: Verdict::default(),
            source: Some("Google Workspace".to_owned()),
            ip_address: self.address.clone(),
            location: self.place(),
            ..RiskDetection::default()
        }
    }

    fn audit(&self, name: Option<&str>) -> Audit {
        let event_type = self.fields.text("type").unwrap_or_default();
        let user = self.actor();
        let known = name.and_then(|name| words::activity(&self.application, name));
        let told = name.map(|name| ("eventName".to_owned(), Some(name.to_owned())));
        let mut details = Vec::from_iter(told);
        if let Some(method) = name.and_then(words::method) {
            details.push(("AuthenticationMethod".to_owned(), Some(method.to_owned())));
        }
        details.extend(self.parameters.iter().filter_map(|(name, value)| {
            let value = as_text(value)?;
            Some((name.clone(), Some(value)))
        }));
        Audit {
            activity: known.or(name).map(str::to_owned),
            category: Some(words::category(&self.application, &event_type)),
            operation_type: None,
            // Google writes down what was done. Of an event that nobody has named here it is not known whether it can fail.
            result: known.map(|_| "success".to_owned()),
            result_reason: None,
            logged_by_service: Some(
                format!("Google Workspace {}", self.application)
                    .trim_end()
                    .to_owned(),
            ),
            correlation_id: Fields::new(&self.id).text("uniqueQualifier"),
            targets: self.targets(name.unwrap_or_default(), &user),
            actor: Actor {
                user_id: user.id,
                user_principal_name: user.name,
                ip_address: self.address.clone(),
                app_display_name: user.key,
                ..Actor::default()
            },
            additional_details: details,
        }
    }

    /// Parameters that name whom or what it was done to.
    fn targets(&self, name: &str, user: &Person) -> Vec<Target> {
        const OTHERS: &[(&str, &str)] = &[
            ("APPLICATION_NAME", "Application"),
            ("app_name", "Application"),
            ("ROLE_NAME", "Role"),
            ("DOMAIN_NAME", "Domain"),
            ("doc_title", "Document"),
            ("SETTING_NAME", "Setting"),
        ];
        let mut targets = Vec::new();
        let mut changes = self.changes();
        // What somebody does to their own account names nobody else.
        let is_own = matches!(self.application.as_str(), "login" | "user_accounts")
            && words::activity(&self.application, name).is_some();
        let users = ["USER_EMAIL", "affected_email_address", "member_id", "target_user"];
        let named = users.into_iter().find_map(|name| self.parameter(name));
        let own = user.name.clone().filter(|_| is_own);
        if let Some(email) = named.or(own) {
            targets.push(Target {
                resource_type: Some("User".to_owned()),
                id: user
                    .id
                    .clone()
                    .filter(|_| is_own && user.name.as_deref() == Some(email.as_str())),
                user_principal_name: Some(email),
                modified: std::mem::take(&mut changes),
                ..Target::default()
            });
        }
        let groups = ["GROUP_EMAIL", "group_id"];
        if let Some(group) = groups.into_iter().find_map(|name| self.parameter(name)) {
            targets.push(Target {
                resource_type: Some("Group".to_owned()),
                display_name: Some(group),
                modified: std::mem::take(&mut changes),
                ..Target::default()
            });
        }
        if !targets.is_empty() {
            return targets;
        }
        let other = OTHERS
            .iter()
            .find_map(|(name, kind)| Some((self.parameter(name)?, *kind)));
        if let Some((title, kind)) = other {
            targets.push(Target {
                resource_type: Some(kind.to_owned()),
                display_name: Some(title),
                modified: changes,
                ..Target::default()
            });
        }
        targets
    }

    fn changes(&self) -> Vec<Modified> {
        let mut changes = Vec::new();
        if let Some(role) = self.parameter("ROLE_NAME") {
            changes.push(Modified {
                name: Some("Role.DisplayName".to_owned()),
                old: None,
                new: Some(role),
            });
        }
        let (old, new) = (
            self.parameter("OLD_VALUE")
                .or_else(|| self.parameter("old_value")),
            self.parameter("NEW_VALUE")
                .or_else(|| self.parameter("new_value")),
        );
        if old.is_some() || new.is_some() {
            changes.push(Modified {
                name: self.parameter("SETTING_NAME"),
                old,
                new,
            });
        }
        changes
    }
}
