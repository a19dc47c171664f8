//! Keycloak: events of users and of administrators, from the REST API, from the log as JSON and from the log as text.
//!
//! What the shapes of one event have in common tells it apart: its time to the millisecond, type, realm, client, user,
//! address, error and the like. The log's time is that of logging, a moment after that of the event, so a line of the log
//! and the record of the REST API are two events; the log as JSON and as text are one.

mod admin;
mod text;
mod user;

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::line::{Line, is_envelopes};
use crate::telling::{Id, Telling, is_pipelines};
use model::event::Facts;
use model::identity::Vendor;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "keycloak",
    title: "Keycloak event",
    about: "What Keycloak's REST API answers under /events and /admin-events, and what its jboss-logging listener writes to the \
            log, as text or as JSON.",
    looks_for: "`realmId` with `type` and `clientId` or `details`, `operationType` with `resourceType` and `authDetails`, \
                `loggerName` of org.keycloak.events, or lines of org.keycloak.events",
    read,
};

/// The logger of jboss-logging's listener.
const LOGGER: &str = "org.keycloak.events";

/// An event in whatever shape: what its makers call the members of `EventRepresentation`, `AdminEventRepresentation` and
/// `AuthDetailsRepresentation` (Keycloak's Java documentation of org.keycloak.representations.idm).
#[derive(Debug, Default)]
struct Told {
    id: Option<String>,
    time: Option<Timestamp>,
    /// `LOGIN`; absent if an administrator did something.
    kind: Option<String>,
    realm: Option<String>,
    client: Option<String>,
    user: Option<String>,
    session: Option<String>,
    address: Option<String>,
    error: Option<String>,
    /// `CREATE`; of administrators only.
    operation: Option<String>,
    resource: Option<String>,
    path: Option<String>,
    representation: Option<String>,
    details: Map<String, Value>,
}

impl Told {
    /// A detail of the event; one that is told twice is told by nobody.
    fn detail(&self, name: &str) -> Option<&str> {
        let text = self.details.get(name)?.as_str()?.trim();
        (!text.is_empty() && text != "null").then_some(text)
    }
}

fn read(record: &Map<String, Value>) -> Reading {
    let told = match shape(record) {
        Some(Ok(told)) => told,
        Some(Err(reading)) => return reading,
        None => return Reading::Unrecognised,
    };
    let facts = if told.operation.is_some() {
        Ok(Facts::Audit(Box::new(admin::audit(&told))))
    } else {
        user::facts(&told)
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(reason) => return Reading::Ignored(reason),
    };
    let Some(time) = told.time else {
        return Reading::Rejected(
            "the event has no time that can be read: `time` in milliseconds, or a line with a time"
                .to_owned(),
        );
    };
    // The JSON of the log has more digits than its text.
    let time = Timestamp::from_unix_millis(time.unix_millis());
    let repeat = Line::of(record).and_then(|line| line.repeat);
    let part = |text: &'_ Option<String>| text.clone();
    let parts = [
        part(&told.kind),
        part(&told.realm),
        part(&told.client),
        part(&told.user),
        part(&told.address),
        part(&told.error),
        part(&told.operation),
        part(&told.resource),
        part(&told.path),
        told.detail("username").map(str::to_owned),
        told.detail("code_id").map(str::to_owned),
        repeat.map(str::to_owned),
    ];
    let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    Telling {
        vendor: Vendor::Keycloak,
        id: match &told.id {
            Some(id) => Id::Vendors(id.clone()),
            None => Id::Fields("keycloak/1", &parts),
        },
        time: Ok(time),
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers,
    }
    .event()
}

/// What the logging of Quarkus adds around a message: the host, the process, the thread.
fn is_carriers(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "sequence",
        "threadName",
        "threadId",
        "hostName",
        "processName",
        "processId",
        "loggerClassName",
    ];
    is_pipelines(name) || is_envelopes(name) || NAMES.contains(&name)
}

/// The event of a record, or why it tells none; `None` if it is not Keycloak's.
fn shape(record: &Map<String, Value>) -> Option<Result<Told, Reading>> {
    if let Some(line) = Line::of(record) {
        let (prefix, message) = text::of_logger(line.text)?;
        return Some(of_text(message, text::time(prefix, line.time)));
    }
    let fields = Fields::new(record);
    // The second is what Quarkus writes in the format of the Elastic Common Schema.
    let logger = fields
        .text("loggerName")
        .or_else(|| fields.text("log.logger"))
        .or_else(|| Fields::new(fields.object("log")?.as_ref()).text("logger"));
    if logger.as_deref() == Some(LOGGER) {
        let time = ["timestamp", "@timestamp"]
            .iter()
            .find_map(|name| fields.time(name)?.ok());
        return Some(of_text(&fields.text("message")?, time));
    }
    // JBoss' log manager alone names the class of its loggers. A record in the message may be another maker's.
    let is_servers = logger.is_some()
        && ["loggerClassName", "ecs.version"]
            .iter()
            .any(|name| fields.get(name).is_some());
    let is_text = fields
        .text("message")
        .is_some_and(|text| !text.trim_start().starts_with('{'));
    if is_servers && is_text {
        return Some(Err(Reading::Ignored(
            "Keycloak: lines of the server's log by others than its events' logger".to_owned(),
        )));
    }
    of_members(fields).map(Ok)
}

fn of_text(message: &str, time: Option<Timestamp>) -> Result<Told, Reading> {
    let told = text::parse(message).ok_or_else(|| {
        Reading::Ignored("Keycloak: lines of its events' logger that tell no event".to_owned())
    })?;
    Ok(Told { time, ..told })
}

/// What the REST API answers, and what listeners of others write: the same classes as JSON.
fn of_members(fields: Fields<'_>) -> Option<Told> {
    let realm = fields.text("realmId")?;
    let is_word = |text: &String| {
        text.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let common = Told {
        id: fields.text("id"),
        time: fields.time("time").and_then(Result::ok),
        error: fields.text("error"),
        ..Told::default()
    };
    if let (Some(operation), Some(resource)) = (
        fields.text("operationType").filter(is_word),
        fields.first_text(&["resourceType", "resourceTypeAsString"]),
    ) {
        let details = fields.object("authDetails")?;
        let details = Fields::new(&details);
        return Some(Told {
            realm: details.text("realmId").or(Some(realm)),
            client: details.text("clientId"),
            user: details.text("userId"),
            address: details.text("ipAddress"),
            operation: Some(operation),
            resource: Some(resource),
            path: fields.text("resourcePath"),
            representation: fields.text("representation"),
            ..common
        });
    }
    let kind = fields.text("type").filter(is_word)?;
    let is_events = ["clientId", "details", "ipAddress", "sessionId"]
        .iter()
        .any(|name| fields.get(name).is_some());
    is_events.then(|| Told {
        kind: Some(kind),
        realm: Some(realm),
        client: fields.text("clientId"),
        user: fields.text("userId"),
        session: fields.text("sessionId"),
        address: fields.text("ipAddress"),
        details: fields
            .object("details")
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default(),
        ..common
    })
}
