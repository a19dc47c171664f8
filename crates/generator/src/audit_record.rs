//! A change in the directory as Microsoft Graph writes it (`auditLogs/directoryAudits`).

use crate::chance::Chance;
use crate::names::Group;
use crate::people::{Person, Stranger};
use crate::sign_in_record::array;
use model::json::ObjectWriter;
use model::time::Timestamp;
use uuid::Uuid;

/// Everything that a record says of one change.
#[derive(Debug)]
pub(crate) struct Audit<'a> {
    pub(crate) time: Timestamp,
    pub(crate) correlation: Uuid,
    pub(crate) service: Service,
    pub(crate) category: &'static str,
    pub(crate) activity: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) succeeded: bool,
    /// The sentence beside the result; often empty.
    pub(crate) reason: &'a str,
    pub(crate) actor: Actor<'a>,
    pub(crate) targets: Vec<Target>,
    pub(crate) details: Vec<(&'static str, String)>,
}

/// The part of Entra that writes a record; its ids begin differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// The directory itself.
    Directory,
    /// Where people register what proves them.
    AuthenticationMethods,
    /// Where people reset their passwords.
    PasswordReset,
    /// Where people join groups.
    Groups,
    /// Where guests are asked in.
    Invitations,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::Directory => "Core Directory",
            Service::AuthenticationMethods => "Authentication Methods",
            Service::PasswordReset => "Self-service Password Management",
            Service::Groups => "Self-service Group Management",
            Service::Invitations => "Invited Users",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Service::Directory => "Directory",
            Service::AuthenticationMethods => "Authentication Methods",
            Service::PasswordReset => "SSPR",
            Service::Groups => "SSGM",
            Service::Invitations => "Invited Users",
        }
    }
}

/// Who made the change.
#[derive(Debug)]
pub(crate) enum Actor<'a> {
    /// A person, from an address.
    Person(&'a Person, String),
    /// An application, by name and the object id of its service principal.
    App(&'a str, Uuid),
}

/// What was changed.
#[derive(Debug)]
pub(crate) struct Target {
    kind: &'static str,
    id: Uuid,
    display_name: Option<String>,
    user_principal_name: Option<String>,
    group_type: Option<&'static str>,
    /// Property, old value, new value; the values are JSON texts inside text, as the API has them.
    changes: Vec<(&'static str, Option<String>, Option<String>)>,
}

impl Target {
    /// A person of the directory. Audits of the directory leave a user's display name out.
    pub(crate) fn person(person: &Person) -> Target {
        Target::named("User", person.id, None).with_address(&person.user_principal_name)
    }

    /// Somebody who comes or goes.
    pub(crate) fn stranger(stranger: &Stranger) -> Target {
        Target::named("User", stranger.id, Some(&stranger.display_name))
            .with_address(&stranger.user_principal_name)
    }

    /// A group of the directory.
    pub(crate) fn group(group: &Group, id: Uuid) -> Target {
        let mut target = Target::named("Group", id, Some(group.name));
        target.group_type = Some(group.kind.as_str());
        target
    }

    /// Anything else.
    pub(crate) fn named(kind: &'static str, id: Uuid, display_name: Option<&str>) -> Target {
        Target {
            kind,
            id,
            display_name: display_name.map(str::to_owned),
            user_principal_name: None,
            group_type: None,
            changes: Vec::new(),
        }
    }

    /// The same with one more changed property.
    pub(crate) fn changed(mut self, property: &'static str, old: Option<&str>, new: Option<&str>) -> Target {
        self.changes.push((property, old.map(quoted), new.map(quoted)));
        self
    }

    /// The same with a property that changed from a list without, to a list with one value.
    pub(crate) fn changed_list(mut self, property: &'static str, old: &[&str], new: &[&str]) -> Target {
        self.changes.push((property, Some(list(old)), Some(list(new))));
        self
    }

    fn with_address(mut self, user_principal_name: &str) -> Target {
        self.user_principal_name = Some(user_principal_name.to_owned());
        self
    }
}

/// The record.
pub(crate) fn write(audit: &Audit<'_>, chance: &mut Chance) -> Vec<u8> {
    let id = format!(
        "{}_{}_{:05X}_{}",
        audit.service.prefix(),
        chance.guid(),
        chance.below(0x000F_FFFF),
        chance.between(1_000_000, 99_999_999)
    );
    let targets: Vec<Vec<u8>> = audit.targets.iter().map(target).collect();
    let mut details = Vec::with_capacity(audit.details.len());
    for (key, value) in &audit.details {
        details.push(
            ObjectWriter::new()
                .text("key", Some(key))
                .text("value", Some(value))
                .finish(),
        );
    }
    ObjectWriter::new()
        .text("id", Some(&id))
        .text("category", Some(audit.category))
        .text("correlationId", Some(&audit.correlation.to_string()))
        .text(
            "result",
            Some(if audit.succeeded { "success" } else { "failure" }),
        )
        .text("resultReason", Some(audit.reason))
        .text("activityDisplayName", Some(audit.activity))
        .time("activityDateTime", audit.time)
        .text("loggedByService", Some(audit.service.name()))
        .text("operationType", Some(audit.operation))
        .text("userAgent", None)
        .raw("initiatedBy", &initiated_by(&audit.actor))
        .raw("targetResources", &array(&targets))
        .raw("additionalDetails", &array(&details))
        .finish()
}

fn initiated_by(actor: &Actor<'_>) -> Vec<u8> {
    match actor {
        Actor::Person(person, address) => {
            let user = ObjectWriter::new()
                .text("id", Some(&person.id.to_string()))
                .text("displayName", Some(&person.display_name))
                .text("userPrincipalName", Some(&person.user_principal_name))
                .text("ipAddress", Some(address))
                .text("userType", None)
                .text("homeTenantId", None)
                .text("homeTenantName", None)
                .finish();
            ObjectWriter::new()
                .raw("user", &user)
                .raw("app", b"null")
                .finish()
        }
        Actor::App(name, id) => {
            let app = ObjectWriter::new()
                .text("appId", None)
                .text("displayName", Some(name))
                .text("servicePrincipalId", Some(&id.to_string()))
                .text("servicePrincipalName", None)
                .finish();
            ObjectWriter::new().raw("user", b"null").raw("app", &app).finish()
        }
    }
}

fn target(target: &Target) -> Vec<u8> {
    let mut changes = Vec::with_capacity(target.changes.len());
    for (property, old, new) in &target.changes {
        changes.push(
            ObjectWriter::new()
                .text("displayName", Some(property))
                .text("oldValue", old.as_deref())
                .text("newValue", new.as_deref())
                .finish(),
        );
    }
    ObjectWriter::new()
        .text("id", Some(&target.id.to_string()))
        .text("displayName", target.display_name.as_deref())
        .text("type", Some(target.kind))
        .text("userPrincipalName", target.user_principal_name.as_deref())
        .text("groupType", target.group_type)
        .raw("modifiedProperties", &array(&changes))
        .finish()
}

/// A text as JSON writes it: the API puts such text into a text once more.
fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    model::json::write_text(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

fn list(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(","))
}
