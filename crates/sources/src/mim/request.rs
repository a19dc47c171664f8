//! A request of Microsoft Identity Manager becomes an audit: who asked for what, and what became of it.
//!
//! The members are those of the real requests that were seen (three about persons) and of MIMAuditor's own notes. What requests of
//! self-service look like was read from documentation alone: no such record was at hand.

use crate::fields::{Fields, as_text};
use crate::formats::Reading;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::{Actor, Audit, Facts, Modified, Target};
use model::identity::Vendor;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// Who asks before they have signed in: MIM's built-in anonymous user, by its well-known id.
const ANONYMOUS: &str = "b0b36673-d43b-4cfa-a7a2-aff14fd90522";
/// Parameters that say what a reset of a password is.
const RESET: &[&str] = &["ResetPassword", "LastResetAttemptTime"];
/// Parameters that say what a registration for one is.
const REGISTRATION: &[&str] = &["AuthNWFRegistered", "Register"];
/// Values of such parameters do not go into rows.
const SECRETS: &[&str] = &["password", "pincode"];

/// Reads a request; `logged` is when the event around it was.
pub(super) fn read(request: &Map<String, Value>, logged: Option<Timestamp>) -> Reading {
    let fields = Fields::new(request);
    let Some(id) = fields.text("HybridObjectID") else {
        return Reading::Rejected(
            "it is no request: it has no `HybridObjectID`, the id of requests in MIM's log".to_owned(),
        );
    };
    let mut time = logged;
    // A request that failed or was denied was never committed.
    for name in ["CommittedTime", "msidmCompletedTime", "CreatedTime"] {
        match fields.time(name) {
            Some(Ok(found)) => {
                time = Some(found);
                break;
            }
            Some(Err(text)) => return Reading::Rejected(format!("its `{name}` `{text}` is no time")),
            None => {}
        }
    }
    let Some(time) = time else {
        return Reading::Rejected(
            "the request does not say when it happened (CommittedTime, CreatedTime)".to_owned(),
        );
    };
    let completed = fields.time("msidmCompletedTime").and_then(Result::ok);
    Telling {
        vendor: Vendor::Mim,
        id: Id::Vendors(id.to_lowercase()),
        time: Ok(time),
        updated: completed.or(Some(time)),
        tenant: None,
        facts: Facts::Audit(Box::new(Request::of(fields).audit())),
        record: request,
        is_carriers: is_pipelines,
    }
    .event()
}

/// What a request says, before it is put into words.
struct Request<'a> {
    fields: Fields<'a>,
    operation: String,
    target_type: String,
    /// The name in its display name: of what was deleted nothing else is left.
    target_name: Option<String>,
    actor: Actor,
    parameters: Vec<Parameter>,
}

/// One thing that the request was to change.
struct Parameter {
    name: String,
    mode: Option<String>,
    value: Option<Value>,
}

impl<'a> Request<'a> {
    fn of(fields: Fields<'a>) -> Request<'a> {
        let (shown_type, target_name) = shown(&fields.text("DisplayName").unwrap_or_default());
        let own_type = fields
            .object("Target")
            .and_then(|target| Fields::new(&target).text("ObjectType"));
        let parameters = fields
            .list("RequestParameter")
            .iter()
            .filter_map(Value::as_object)
            .map(|parameter| {
                let parameter = Fields::new(parameter);
                Parameter {
                    name: parameter.text("PropertyName").unwrap_or_default(),
                    mode: parameter.text("Mode"),
                    value: parameter.get("Value").cloned(),
                }
            })
            .collect();
        Request {
            operation: fields.text("Operation").unwrap_or_default(),
            target_type: fields
                .text("TargetObjectType")
                .or(own_type)
                .or(shown_type)
                .unwrap_or_default(),
            target_name,
            actor: actor(fields),
            parameters,
            fields,
        }
    }

    fn audit(self) -> Audit {
        let status = self.fields.text("RequestStatus");
        let what = self.what();
        let is_group = is_group(&self.target_type);
        let mut details = vec![
            ("Operation".to_owned(), Some(self.operation.clone())),
            ("TargetObjectType".to_owned(), Some(self.target_type.clone())),
            ("RequestStatus".to_owned(), status.clone()),
            ("Request".to_owned(), self.fields.text("DisplayName")),
            ("Justification".to_owned(), self.fields.text("Justification")),
            ("ParentRequest".to_owned(), self.id_of("ParentRequest")),
            (
                "ServicePartitionName".to_owned(),
                self.fields.text("ServicePartitionName"),
            ),
        ];
        if let Some(kind) = self.self_service() {
            details.push(("SelfService".to_owned(), Some(kind.to_owned())));
            if kind != "Group" {
                details.push(("MethodsUsed".to_owned(), self.methods()));
            }
        }
        details.retain(|(_, value)| value.as_deref().is_some_and(|value| !value.is_empty()));
        let reason = self.fields.first_text(&["Reason", "RequestStatusDetails"]);
        Audit {
            activity: Some(what),
            category: Some(
                if is_group {
                    "GroupManagement"
                } else {
                    "UserManagement"
                }
                .to_owned(),
            ),
            operation_type: Some(self.operation.clone()),
            result: status.as_deref().and_then(outcome).map(str::to_owned),
            result_reason: reason,
            logged_by_service: Some("MIM Service".to_owned()),
            correlation_id: self.id_of("ParentRequest"),
            targets: self.targets(),
            actor: self.actor,
            additional_details: details,
        }
    }

    /// In the words of the old service where it had any.
    fn what(&self) -> String {
        let is = |operation: &str| self.operation.eq_ignore_ascii_case(operation);
        if self.self_service() == Some("PasswordResetRegistration") {
            return "Register for password reset".to_owned();
        }
        if is_group(&self.target_type) {
            return match self.membership() {
                _ if is("Create") => "Add group",
                _ if is("Delete") => "Delete group",
                Some("Add") => "Add member to group",
                Some("Remove") => "Remove member from group",
                _ => "Update group",
            }
            .to_owned();
        }
        if self.target_type.eq_ignore_ascii_case("Person") {
            let activity = if is("Create") {
                "Add user"
            } else if is("Delete") {
                "Delete user"
            } else if self.touches(RESET) {
                "Reset user password"
            } else {
                "Update user"
            };
            return activity.to_owned();
        }
        let verb = if is("Put") {
            "Update"
        } else {
            self.operation.as_str()
        };
        format!("{verb} {}", self.target_type).trim().to_owned()
    }

    /// Which self-service it is: a reset, a registration, or something that a person does with a group for themselves. Not a word
    /// of the log tells; it is inferred from who asked for what (wire contract 6).
    fn self_service(&self) -> Option<&'static str> {
        let is = |operation: &str| self.operation.eq_ignore_ascii_case(operation);
        if self.target_type.eq_ignore_ascii_case("GateRegistration") {
            return (is("Create") || is("Put")).then_some("PasswordResetRegistration");
        }
        if is_group(&self.target_type) {
            let is_made_or_gone = is("Create") || is("Delete");
            return (is_made_or_gone || is("Put") && self.is_about_creator()).then_some("Group");
        }
        if !self.target_type.eq_ignore_ascii_case("Person") || !is("Put") {
            return None;
        }
        let by_themselves = self.is_anonymous() || self.is_target_creator();
        if by_themselves && self.touches(RESET) {
            return Some("PasswordReset");
        }
        (by_themselves && self.touches(REGISTRATION)).then_some("PasswordResetRegistration")
    }

    fn touches(&self, names: &[&str]) -> bool {
        self.parameters.iter().any(|parameter| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&parameter.name))
        })
    }

    /// The portal for resets asks as the built-in anonymous user, or under an account of its own.
    fn is_anonymous(&self) -> bool {
        let actor = &self.actor;
        let is_named = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| {
                let name = name.to_ascii_lowercase();
                name == "anonymous user" || name.contains("sspr")
            })
        };
        actor.user_id.as_deref() == Some(ANONYMOUS)
            || is_named(&actor.user_principal_name)
            || is_named(&actor.user_display_name)
            || *actor == Actor::default()
    }

    fn is_target_creator(&self) -> bool {
        let target = self.id_of("Target");
        target.is_some() && target == self.actor.user_id
    }

    /// Whether the member that is added or removed is who asked for it.
    fn is_about_creator(&self) -> bool {
        self.members().iter().any(|member| {
            member.id.is_some() && member.id == self.actor.user_id
                || member.user_principal_name.is_some()
                    && member.user_principal_name == self.actor.user_principal_name
        })
    }

    fn membership(&self) -> Option<&str> {
        let of_members = self
            .parameters
            .iter()
            .filter(|parameter| is_of_members(parameter));
        let mut modes = of_members.filter_map(|parameter| parameter.mode.as_deref());
        modes.find(|mode| matches!(*mode, "Add" | "Remove"))
    }

    /// The members that are added or removed. A value is an object, a list of them, or either as text.
    fn members(&self) -> Vec<Target> {
        let mut members = Vec::new();
        for parameter in self
            .parameters
            .iter()
            .filter(|parameter| is_of_members(parameter))
        {
            let value = match &parameter.value {
                Some(Value::String(text)) => {
                    serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
                }
                Some(value) => value.clone(),
                None => continue,
            };
            let values = match value {
                Value::Array(values) => values,
                one => vec![one],
            };
            members.extend(values.iter().filter_map(|value| target(value, Some("User"))));
        }
        members
    }

    /// The members first, as in the records of Entra; else the one thing that was acted on.
    fn targets(&self) -> Vec<Target> {
        let is_group = is_group(&self.target_type);
        let resource_type = match self.target_type.as_str() {
            "Person" => "User",
            other => other,
        };
        let found = self.fields.get("Target").and_then(|value| target(value, None));
        let mut own = found.unwrap_or_default();
        own.resource_type =
            (!resource_type.is_empty()).then(|| if is_group { "Group" } else { resource_type }.to_owned());
        own.display_name = own.display_name.take().or_else(|| self.target_name.clone());
        own.modified = self
            .parameters
            .iter()
            .filter(|parameter| !parameter.name.is_empty())
            .map(modified)
            .collect();
        let mut targets = match (is_group, self.membership()) {
            (true, Some(_)) => self.members(),
            _ => Vec::new(),
        };
        targets.push(own);
        targets
    }

    /// The gates that the request names, by the words of the old reports. MIM does not tell a text message from a call.
    fn methods(&self) -> Option<String> {
        const WORDS: &[(&str, &str)] = &[
            ("question", "Security Questions"),
            ("qagate", "Security Questions"),
            ("qa gate", "Security Questions"),
            ("email", "Alternate Email"),
            ("sms", "Mobile Phone"),
            ("phone", "Mobile Phone"),
            ("mfa", "Mobile Phone"),
        ];
        let mut said = String::new();
        let is_registration = self.target_type.eq_ignore_ascii_case("GateRegistration");
        // A person has a phone whether or not it was used.
        let told_by: &[&str] = if is_registration {
            &["AuthenticationWorkflowInstance", "Target"]
        } else {
            &["AuthenticationWorkflowInstance"]
        };
        for name in told_by {
            if let Some(value) = self.fields.get(name) {
                said.push_str(&value.to_string().to_ascii_lowercase());
            }
        }
        for parameter in &self.parameters {
            said.push_str(&parameter.name.to_ascii_lowercase());
            if parameter.name.eq_ignore_ascii_case("GateTypeID")
                || parameter.name.eq_ignore_ascii_case("DisplayName")
            {
                said.extend(
                    parameter
                        .value
                        .iter()
                        .map(|value| value.to_string().to_ascii_lowercase()),
                );
            }
        }
        let mut methods: Vec<&str> = Vec::new();
        for (word, method) in WORDS {
            if said.contains(word) && !methods.contains(method) {
                methods.push(method);
            }
        }
        (!methods.is_empty()).then(|| methods.join(", "))
    }

    fn id_of(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::Object(object) => Fields::new(object).text("HybridObjectID"),
            other => as_text(other),
        }
    }
}

/// `success`, `failure`, or nothing while the request goes on. The words are those of the attribute `RequestStatus` of MIM's schema.
fn outcome(status: &str) -> Option<&'static str> {
    const SUCCESS: &[&str] = &["Completed", "Committed", "PostProcessing", "PostProcessingError"];
    const FAILURE: &[&str] = &["Failed", "Denied", "Canceled", "Cancelled", "Expired", "Rejected"];
    let is_one_of = |list: &[&str]| list.iter().any(|word| word.eq_ignore_ascii_case(status));
    if is_one_of(SUCCESS) {
        return Some("success");
    }
    is_one_of(FAILURE).then_some("failure")
}

fn is_group(target_type: &str) -> bool {
    target_type.eq_ignore_ascii_case("Group")
}

fn is_of_members(parameter: &Parameter) -> bool {
    parameter.name.eq_ignore_ascii_case("ExplicitMember")
}

/// Type and name in `Delete Person:  'Villa, Bob' Request` or `Update to Person:  'Villa, Bob' Request`.
fn shown(text: &str) -> (Option<String>, Option<String>) {
    let Some((before, after)) = text.split_once(':') else {
        return (None, None);
    };
    let object_type = before.rsplit(' ').next().map(str::to_owned);
    let name = after.trim().strip_prefix('\'');
    let name = name
        .and_then(|name| name.rsplit_once('\''))
        .map(|(name, _)| name.to_owned());
    (object_type, name.filter(|name| !name.is_empty()))
}

fn actor(fields: Fields<'_>) -> Actor {
    match fields.get("Creator") {
        Some(Value::Object(creator)) => {
            let creator = Fields::new(creator);
            Actor {
                user_id: creator
                    .text("HybridObjectID")
                    .or_else(|| creator.text("ObjectID")),
                user_principal_name: account(creator),
                user_display_name: creator.text("DisplayName"),
                ..Actor::default()
            }
        }
        Some(other) => Actor {
            user_id: as_text(other),
            ..Actor::default()
        },
        None => Actor::default(),
    }
}

/// What a reference says: an object with what is known of it, or an id.
fn target(value: &Value, resource_type: Option<&str>) -> Option<Target> {
    let resource_type = resource_type.map(str::to_owned);
    let Value::Object(object) = value else {
        return Some(Target {
            resource_type,
            id: Some(as_text(value)?),
            ..Target::default()
        });
    };
    let object = Fields::new(object);
    let is_group = object
        .text("ObjectType")
        .is_some_and(|object_type| is_group(&object_type));
    Some(Target {
        resource_type,
        id: object.text("HybridObjectID").or_else(|| object.text("ObjectID")),
        display_name: object.text("DisplayName"),
        user_principal_name: if is_group { None } else { account(object) },
        ..Target::default()
    })
}

/// `DOMAIN\name`.
fn account(object: Fields<'_>) -> Option<String> {
    let name = object.text("AccountName")?;
    Some(match object.text("Domain") {
        Some(domain) => format!("{domain}\\{name}"),
        None => name,
    })
}

fn modified(parameter: &Parameter) -> Modified {
    let lower = parameter.name.to_ascii_lowercase();
    let is_secret = SECRETS.iter().any(|word| lower.contains(word));
    let value = match &parameter.value {
        Some(_) if is_secret => Some("(not shown)".to_owned()),
        Some(value) => as_text(value),
        None => None,
    };
    let is_removed = parameter.mode.as_deref() == Some("Remove");
    let (old, new) = if is_removed { (value, None) } else { (None, value) };
    Modified {
        name: Some(parameter.name.clone()),
        old,
        new,
    }
}
