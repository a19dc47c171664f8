//! JumpCloud Directory Insights: sign-ins to its portals, to applications, by RADIUS and LDAP, and changes in the directory.
//!
//! The members are those of docs.jumpcloud.com/api/insights/directory/1.0 and of the samples that SIEM makers publish of such
//! events; the types of events stand at docs.jumpcloud.com/new/others/siem-event-types.

mod audit;
mod sign_in;

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::moment;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::Facts;
use model::identity::Vendor;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "jumpcloud",
    title: "JumpCloud Directory Insights event",
    about: "What JumpCloud's Directory Insights API answers under /insights/directory/v1/events, and what its serverless \
            application for AWS puts into a bucket.",
    looks_for: "`event_type` with `service` and `organization` or `initiated_by`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    let is_somebodys = ["organization", "initiated_by"]
        .iter()
        .any(|name| fields.get(name).is_some());
    let (Some(event_type), Some(service)) = (fields.text("event_type"), fields.text("service")) else {
        return Reading::Unrecognised;
    };
    if !is_somebodys {
        return Reading::Unrecognised;
    }
    let facts = if let Some(door) = sign_in::door(&event_type) {
        match sign_in::read(fields, door) {
            Ok(sign_in) => Facts::SignIn(Box::new(sign_in)),
            Err(reason) => return Reading::Rejected(reason),
        }
    } else if audit::is_change(&event_type) {
        Facts::Audit(Box::new(audit::read(fields, &event_type)))
    } else {
        let (service, event_type) = (shortened(&service), shortened(&event_type));
        return Reading::Ignored(format!(
            "JumpCloud event `{event_type}` of the service `{service}` fills no report"
        ));
    };
    let time = match moment::happened(fields, &["timestamp"]) {
        Ok(time) => time,
        Err(reason) => return Reading::Rejected(reason),
    };
    let initiator = object(fields, "initiated_by");
    let initiator = Fields::new(&initiator);
    let resource = object(fields, "resource");
    let resource = Fields::new(&resource);
    // The API gives the members alone that were asked for.
    let parts = [
        Some(event_type),
        Some(service),
        fields.text("organization"),
        initiator.text("id"),
        initiator.first_text(&["username", "email"]),
        fields.text("username"),
        resource.text("id"),
        fields.text("client_ip"),
        fields.text("success"),
    ];
    let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    let id = match fields.text("id") {
        Some(id) => Id::Vendors(id),
        None => Id::Fields("jumpcloud/1", &parts),
    };
    Telling {
        vendor: Vendor::JumpCloud,
        id,
        time: Ok(time),
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// An object's members; none if it is not there.
fn object<'a>(fields: Fields<'a>, name: &str) -> Cow<'a, Map<String, Value>> {
    fields.object(name).unwrap_or_default()
}

/// Whether the one who did it is a person: `user`, `admin`, or not told.
fn is_person(initiator: Fields<'_>) -> bool {
    match initiator.text("type") {
        Some(word) => ["user", "admin"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(&word)),
        None => true,
    }
}
