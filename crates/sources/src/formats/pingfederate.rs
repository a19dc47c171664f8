//! PingFederate's security audit log: as text between bars, as JSON, and as CEF.
//!
//! Fields and their order are those of docs.pingidentity.com, 'Security audit logging' (pf_security_audit_loggin); `%d| %X{trackingid}|
//! %X{event}| …` is the pattern of its log4j2.xml, with `transactionid` after the first since version 11.3.

use super::cef::parse::Cef;
use super::{FormatDef, Reading};
use crate::address;
use crate::fields::Fields;
use crate::line::{Line, is_envelopes};
use crate::telling::{Id, Telling, is_pipelines};
use model::event::{Facts, SignIn, SignInKind};
use model::identity::Vendor;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "pingfederate",
    title: "PingFederate audit event",
    about: "audit.log of PingFederate, as text, as JSON, or as CEF.",
    looks_for: "`trackingid` with `event` and `status`, or lines `time| tid:…| event| …`",
    read,
};

/// The fields of a line after its time and its tracking id, `transactionid` left out.
const ORDER: &[&str] = &[
    "event",
    "subject",
    "ip",
    "app",
    "connectionid",
    "protocol",
    "host",
    "role",
    "status",
    "adapterid",
    "description",
];

/// The words of `event` by which a field is known to be it: the documented ones.
const EVENTS: &[&str] = &[
    "SSO",
    "SLO",
    "OAUTH",
    "STS",
    "SRI_REVOKED",
    "AUTHN_ATTEMPT",
    "AUTHN_REQUEST",
    "AUTHN_SESSION_CREATED",
    "AUTHN_SESSION_USED",
    "AUTHN_SESSION_DELETED",
    "USER_KEY_AND_SRI_ASSOCIATED",
    "PROVISIONING",
];

const NO_CREDENTIAL: &str = "no credential was refused: the transaction failed at another place";

/// An entry in whatever form.
#[derive(Debug, Default)]
struct Entry {
    time: Option<Timestamp>,
    tracking: Option<String>,
    fields: Map<String, Value>,
}

impl Entry {
    fn get(&self, name: &str) -> Option<&str> {
        let text = self.fields.get(name)?.as_str()?.trim();
        (!matches!(text, "" | "-" | "null")).then_some(text)
    }
}

/// Whether CEF is of this product.
pub(super) fn is_its(cef: &Cef) -> bool {
    cef.product.eq_ignore_ascii_case("PingFederate")
}

fn read(record: &Map<String, Value>) -> Reading {
    let entry = match Line::of(record) {
        Some(line) => of_line(line),
        None => of_members(record),
    };
    let Some(entry) = entry else {
        return Reading::Unrecognised;
    };
    let sign_in = match sign_in(&entry) {
        Ok(sign_in) => sign_in,
        Err(reason) => return Reading::Ignored(reason),
    };
    let Some(time) = entry.time else {
        return Reading::Rejected("the entry has no time that can be read".to_owned());
    };
    let repeat = Line::of(record).and_then(|line| line.repeat);
    let parts: Vec<Option<&str>> = [entry.tracking.as_deref()]
        .into_iter()
        .chain(ORDER.iter().take(9).map(|name| entry.get(name)))
        .chain([repeat])
        .collect();
    Telling {
        vendor: Vendor::PingFederate,
        id: Id::Fields("pingfederate/1", &parts),
        time: Ok(Timestamp::from_unix_millis(time.unix_millis())),
        updated: None,
        tenant: None,
        facts: Facts::SignIn(Box::new(sign_in)),
        record,
        is_carriers: |name| is_pipelines(name) || is_envelopes(name),
    }
    .event()
}

fn of_line(line: Line<'_>) -> Option<Entry> {
    if let Some(Ok(cef)) = Cef::of(line.text)
        && is_its(&cef)
    {
        return Some(of_cef(&cef, line.time));
    }
    let mut parts: Vec<&str> = line.text.split('|').map(str::trim).collect();
    // `time| tid:…| [transaction| ]event| …`: by syslog the time may be missing.
    let tracked = parts.iter().take(2).position(|part| part.starts_with("tid:"))?;
    let event = parts
        .iter()
        .skip(tracked + 1)
        .take(2)
        .position(|part| EVENTS.contains(&part.to_ascii_uppercase().as_str()))?;
    let tracking = parts[tracked].to_owned();
    let time = match tracked {
        0 => line.time,
        _ => Timestamp::parse_vendor(parts[0]).ok().or(line.time),
    };
    parts.drain(..=tracked + event);
    let mut fields = Map::new();
    for (name, part) in ORDER.iter().zip(parts) {
        fields.insert((*name).to_owned(), Value::from(part));
    }
    Some(Entry {
        time,
        tracking: Some(tracking),
        fields,
    })
}

/// The default pattern of its log4j2.xml for ArcSight.
fn of_cef(cef: &Cef, time: Option<Timestamp>) -> Entry {
    const KEYS: &[(&str, &[&str])] = &[
        ("subject", &["duid", "duser", "suser"]),
        ("ip", &["src"]),
        ("status", &["msg", "outcome"]),
        ("app", &["cs1"]),
        ("connectionid", &["cs2"]),
        ("protocol", &["cs3"]),
        ("host", &["dvchost"]),
        ("role", &["cs4"]),
    ];
    let mut fields = Map::new();
    fields.insert("event".to_owned(), Value::from(cef.signature.as_str()));
    for (name, keys) in KEYS {
        if let Some(text) = cef.first(keys) {
            fields.insert((*name).to_owned(), Value::from(text));
        }
    }
    Entry {
        time: cef.time().or(time),
        tracking: cef.get("externalId").map(str::to_owned),
        fields,
    }
}

/// The JSON templates have the same fields, beside each other or in an object of the context.
fn of_members(record: &Map<String, Value>) -> Option<Entry> {
    let fields = Fields::new(record);
    let inner = ["mdc", "contextMap", "labels"]
        .iter()
        .find_map(|name| fields.object(name));
    let find = |name: &str| {
        let of_context = || Fields::new(inner.as_deref()?).text(name);
        fields.text(name).or_else(of_context)
    };
    let tracking = find("trackingid")?;
    find("event")?;
    find("status")?;
    let mut entry = Entry {
        tracking: Some(tracking),
        time: ["timestamp", "@timestamp", "time", "instant", "date"]
            .iter()
            .find_map(|name| fields.time(name)?.ok()),
        ..Entry::default()
    };
    for name in ORDER {
        if let Some(text) = find(name) {
            entry.fields.insert((*name).to_owned(), Value::from(text));
        }
    }
    Some(entry)
}

/// A sign-in to an application is told by SSO or OAuth; an attempt that failed by the adapter that refused it. What stands
/// between them is a step of the same.
fn sign_in(entry: &Entry) -> Result<SignIn, String> {
    let event = entry.get("event").unwrap_or_default().to_ascii_uppercase();
    let failed = match entry.get("status").map(str::to_ascii_lowercase).as_deref() {
        Some("success") => false,
        Some("failure") => true,
        _ => return Err("PingFederate: transactions that have not ended".to_owned()),
    };
    let subject = entry.get("subject");
    let kind = match event.as_str() {
        "SSO" => SignInKind::Interactive,
        "AUTHN_ATTEMPT" if failed => SignInKind::Interactive,
        "OAUTH" if subject.is_some() => SignInKind::NonInteractive,
        "OAUTH" => SignInKind::ServicePrincipal,
        known if EVENTS.contains(&known) => return Err(format!("PingFederate: events {known}")),
        _ => return Err("PingFederate: other events".to_owned()),
    };
    let owned = |name: &str| entry.get(name).map(str::to_owned);
    let is_service = kind == SignInKind::ServicePrincipal;
    Ok(SignIn {
        kind,
        user_principal_name: subject.map(str::to_owned),
        app_id: owned("connectionid"),
        app_display_name: owned("connectionid").or_else(|| owned("app")),
        service_principal_id: owned("connectionid").filter(|_| is_service),
        service_principal_name: owned("connectionid").filter(|_| is_service),
        resource_display_name: owned("app").or_else(|| owned("host")),
        ip_address: entry.get("ip").and_then(address::normalise),
        client_app: owned("protocol"),
        error_code: i64::from(failed),
        failure_reason: failed.then(|| owned("description").unwrap_or_else(|| "failure".to_owned())),
        additional_details: (failed && event != "AUTHN_ATTEMPT").then(|| NO_CREDENTIAL.to_owned()),
        correlation_id: entry.tracking.clone(),
        ..SignIn::default()
    })
}
