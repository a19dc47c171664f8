//! OCSF, the Open Cybersecurity Schema Framework: Authentication, Account Change and Group Management, from whichever product.
//!
//! Classes, activities and attributes are those of schema.ocsf.io (github.com/ocsf/ocsf-schema, events/iam and objects) from
//! 1.0 on; what a version renamed stands beside its place.

mod audit;
mod parties;
mod sign_in;

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::moment;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::Facts;
use model::identity::Vendor;
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "ocsf",
    title: "OCSF event",
    about: "Events in the Open Cybersecurity Schema Framework 1.x of any product, such as those of Amazon Security Lake: the \
            classes Authentication (3002), Account Change (3001) and Group Management (3006).",
    looks_for: "`class_uid` with its `category_uid`, or with `metadata` that has `version` and `product`",
    read,
};

/// The classes that fill reports.
const ACCOUNT_CHANGE: i64 = 3001;
const AUTHENTICATION: i64 = 3002;
const GROUP_MANAGEMENT: i64 = 3006;

/// Smaller numbers count seconds: this is a day in 1973.
const MILLIS_MIN: i64 = 100_000_000_000;
/// Larger numbers count something smaller: this is the end of the year 9999.
const MILLIS_MAX: i64 = 253_402_300_799_999;

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    let metadata = object(fields, "metadata");
    let metadata = Fields::new(&metadata);
    let Some(class) = class(fields, metadata) else {
        return Reading::Unrecognised;
    };
    let read = match class {
        AUTHENTICATION => {
            sign_in::read(fields).map(|read| read.map(|sign_in| Facts::SignIn(Box::new(sign_in))))
        }
        ACCOUNT_CHANGE => Ok(Told::Event(Facts::Audit(Box::new(audit::of_account(
            fields, metadata,
        ))))),
        GROUP_MANAGEMENT => Ok(Told::Event(Facts::Audit(Box::new(audit::of_group(
            fields, metadata,
        ))))),
        _ => return Reading::Ignored(format!("OCSF class {class} fills no report")),
    };
    let facts = match read {
        Ok(Told::Event(facts)) => facts,
        Ok(Told::NoneOfOurs(reason)) => return Reading::Ignored(reason),
        Err(reason) => return Reading::Rejected(reason),
    };
    let time = match time(fields) {
        Ok(time) => time,
        Err(reason) => return Reading::Rejected(reason),
    };
    let product = product(metadata);
    let parts = identifying(fields, class, &product);
    let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    let id = match metadata.text("uid") {
        Some(uid) => Id::Vendors(own_id(&product, &uid)),
        None => Id::Fields("ocsf/1", &parts),
    };
    let content = without_the_way(record);
    Telling {
        vendor: Vendor::Ocsf,
        id,
        time: Ok(time),
        updated: metadata.time("modified_time").and_then(Result::ok),
        tenant: None,
        facts,
        record: &content,
        is_carriers: is_pipelines,
    }
    .event()
}

/// What a class's reader makes of a record.
enum Told<T> {
    Event(T),
    /// Why it is none of our business.
    NoneOfOurs(String),
}

impl<T> Told<T> {
    fn map<U>(self, make: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Told::Event(facts) => Told::Event(make(facts)),
            Told::NoneOfOurs(reason) => Told::NoneOfOurs(reason),
        }
    }
}

/// The class, if this is an OCSF event. The category must be the class's own: a thousandth of it, after what an extension puts
/// before it (201003 is a class of the category 1). Without a category the metadata must be those of an event.
fn class(fields: Fields<'_>, metadata: Fields<'_>) -> Option<i64> {
    let class = fields.integer("class_uid").filter(|class| *class >= 0)?;
    let is_event = match fields.integer("category_uid") {
        Some(category) => class / 1_000 % 100 == category,
        None => {
            fields.get("category_uid").is_none()
                && metadata.text("version").is_some()
                && metadata.object("product").is_some()
        }
    };
    is_event.then_some(class)
}

/// Milliseconds since 1970 in `time`, also as text; the profile `datetime` has the same in words.
fn time(fields: Fields<'_>) -> Result<Timestamp, String> {
    match fields.integer("time") {
        Some(number) if (MILLIS_MIN..=MILLIS_MAX).contains(&number) => {
            Ok(Timestamp::from_unix_millis(number))
        }
        Some(number) => Err(format!(
            "its `time` is {number}, which is not the number of milliseconds since 1970 of any time between 1973 and 9999"
        )),
        None => moment::happened(fields, &["time", "time_dt"]),
    }
}

/// Whose event it is: vendor and name of the product.
fn product(metadata: Fields<'_>) -> (Option<String>, Option<String>) {
    let product = object(metadata, "product");
    let product = Fields::new(&product);
    (product.text("vendor_name"), product.text("name"))
}

/// `aws/cloudtrail/…`: products number their events without looking at each other.
fn own_id((vendor, name): &(Option<String>, Option<String>), uid: &str) -> String {
    let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().to_lowercase();
    let is_guid = uid.len() == 36 && TenantId::parse(uid).is_some();
    let uid = if is_guid {
        uid.to_lowercase()
    } else {
        uid.to_owned()
    };
    format!("{}/{}/{uid}", lower(vendor), lower(name))
}

/// What tells events without `metadata.uid` apart, beside their time. A change is a new version of the recipe.
fn identifying(
    fields: Fields<'_>,
    class: i64,
    product: &(Option<String>, Option<String>),
) -> Vec<Option<String>> {
    let user = object(fields, "user");
    let user = Fields::new(&user);
    let actor = object(fields, "actor");
    let actor = object(Fields::new(&actor), "user").into_owned();
    let actor = Fields::new(&actor);
    let group = object(fields, "group");
    let group = Fields::new(&group);
    let source = object(fields, "src_endpoint");
    let target = object(fields, "dst_endpoint");
    let service = object(fields, "service");
    vec![
        Some(class.to_string()),
        fields.text("activity_id"),
        product.0.clone(),
        product.1.clone(),
        user.text("uid"),
        user.text("name"),
        actor.text("uid"),
        actor.text("name"),
        group.text("uid"),
        group.text("name"),
        Fields::new(&source).text("ip"),
        Fields::new(&target).first_text(&["uid", "hostname", "name", "ip", "svc_name"]),
        Fields::new(&service).first_text(&["uid", "name"]),
        fields.text("status_id"),
    ]
}

/// The record without the times at which collectors handled it: they differ each time that it is delivered.
fn without_the_way(record: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    const HANDLED: &[&str] = &[
        "logged_time",
        "logged_time_dt",
        "processed_time",
        "processed_time_dt",
    ];
    let is_handled = match record.get("metadata") {
        Some(Value::Object(metadata)) => HANDLED.iter().any(|name| metadata.contains_key(*name)),
        _ => false,
    };
    if !is_handled {
        return Cow::Borrowed(record);
    }
    let mut bare = record.clone();
    if let Some(Value::Object(metadata)) = bare.get_mut("metadata") {
        for name in HANDLED {
            metadata.remove(*name);
        }
    }
    Cow::Owned(bare)
}

/// An object's members; none if it is not there.
fn object<'a>(fields: Fields<'a>, name: &str) -> Cow<'a, Map<String, Value>> {
    fields.object(name).unwrap_or_default()
}

/// Text, unless it is a mark that stands for nothing.
fn told(text: String) -> Option<String> {
    const NOTHING: &[&str] = &["-", "NULL SID", "N/A", "unknown"];
    let says = !NOTHING.iter().any(|mark| mark.eq_ignore_ascii_case(text.trim()));
    says.then_some(text)
}

/// `Some(true)` for a success, `Some(false)` for a failure: `status_id` 1 or 2, else the words of `status`.
fn succeeded(fields: Fields<'_>) -> Option<bool> {
    match fields.integer("status_id") {
        Some(1) => return Some(true),
        Some(2) => return Some(false),
        _ => {}
    }
    match fields.text("status")?.trim().to_ascii_lowercase().as_str() {
        "success" | "succeeded" => Some(true),
        "failure" | "failed" => Some(false),
        _ => None,
    }
}
