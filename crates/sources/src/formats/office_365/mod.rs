//! The Office 365 unified audit log: what it says of the directory and of sign-ins to it.
//!
//! The members are those of the Management Activity API's schema,
//! learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema; what that page leaves open
//! (which numbers the types of identities have, `ErrorNumber`) was read from public samples of such records.

mod audit;
mod identities;
mod sign_in;

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::moment;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::Facts;
use model::identity::Vendor;
use model::tenant::TenantId;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "office-365",
    title: "record of the Office 365 unified audit log",
    about: "What the Office 365 Management Activity API, Search-UnifiedAuditLog and the audit search of the Purview portal give \
            of the directory and of sign-ins, as JSON or as CSV with a column `AuditData`.",
    looks_for: "`RecordType` with `Operation` and `Workload` or `OrganizationId`, or `AuditData` with such a record in it",
    read,
};

/// Where a record stands in the column `AuditData`, in downloads and in what PowerShell and Graph's audit search give.
const AUDIT_DATA: &str = "AuditData";

/// The workload of the directory; what the others log fills no report.
const DIRECTORY: &str = "AzureActiveDirectory";

/// The types of records that fill reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    /// Changes in the directory.
    Directory,
    /// Sign-ins by OrgId, until about 2018.
    AccountLogon,
    /// Sign-ins by the token service.
    StsLogon,
}

/// The numbers and the names of the schema's `AuditLogRecordType`.
const LOGS: &[(&str, &str, Log)] = &[
    ("8", "AzureActiveDirectory", Log::Directory),
    ("9", "AzureActiveDirectoryAccountLogon", Log::AccountLogon),
    ("15", "AzureActiveDirectoryStsLogon", Log::StsLogon),
];

fn read(record: &Map<String, Value>) -> Reading {
    if record.keys().any(|name| name.eq_ignore_ascii_case(AUDIT_DATA)) {
        return read_audit_data(Fields::new(record));
    }
    let fields = Fields::new(record);
    if is_record(fields) {
        return read_record(record, fields);
    }
    Reading::Unrecognised
}

fn is_record(fields: Fields<'_>) -> bool {
    let has = |name: &&str| fields.get(name).is_some();
    ["RecordType", "Operation"].iter().all(has) && ["Workload", "OrganizationId"].iter().any(has)
}

/// The record in the column is the whole record: what stands beside it repeats parts of it.
fn read_audit_data(row: Fields<'_>) -> Reading {
    let parsed;
    let record = match row.get(AUDIT_DATA) {
        Some(Value::Object(object)) => object,
        Some(Value::String(text)) => match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => {
                parsed = object;
                &parsed
            }
            Err(error) => {
                return Reading::Rejected(format!(
                    "its `AuditData` is no JSON object: {error}; was the cell cut off? Excel keeps 32,767 characters of a cell"
                ));
            }
        },
        Some(_) => return Reading::Rejected("its `AuditData` is neither an object nor text".to_owned()),
        None => return Reading::Rejected("its `AuditData` is empty; export that column too".to_owned()),
    };
    let fields = Fields::new(record);
    if is_record(fields) {
        return read_record(record, fields);
    }
    Reading::Rejected(
        "its `AuditData` is no record of the unified audit log: looked for `RecordType` with `Operation` and `Workload` or \
         `OrganizationId`"
            .to_owned(),
    )
}

fn read_record(record: &Map<String, Value>, fields: Fields<'_>) -> Reading {
    let workload = fields.text("Workload");
    if let Some(workload) = workload.filter(|name| !name.eq_ignore_ascii_case(DIRECTORY)) {
        let workload: String = workload.chars().take(60).collect();
        return Reading::Ignored(format!("Office 365 workload `{workload}` fills no report"));
    }
    let record_type = fields.text("RecordType").unwrap_or_default();
    let known = LOGS.iter().find(|(number, name, _)| {
        record_type.trim() == *number || record_type.trim().eq_ignore_ascii_case(name)
    });
    let Some((_, _, log)) = known else {
        let record_type: String = record_type.chars().take(60).collect();
        return Reading::Ignored(format!("Office 365 record type `{record_type}` fills no report"));
    };
    let facts = match log {
        Log::Directory => Facts::Audit(Box::new(audit::read(fields))),
        Log::AccountLogon | Log::StsLogon => match sign_in::read(fields) {
            Ok(sign_in) => Facts::SignIn(Box::new(sign_in)),
            Err(reason) => return Reading::Rejected(reason),
        },
    };
    // UTC, without saying so. `CreationDate` beside `AuditData` is the same instant.
    let time = match moment::happened(fields, &["CreationTime"]) {
        Ok(time) => time,
        Err(reason) => return Reading::Rejected(reason),
    };
    let parts: Vec<Option<String>> = IDENTIFYING.iter().map(|name| fields.text(name)).collect();
    let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    let id = match fields.text("Id") {
        Some(id) => Id::Vendors(id),
        None => Id::Fields("office-365/1", &parts),
    };
    Telling {
        vendor: Vendor::Office365,
        id,
        time: Ok(time),
        updated: None,
        tenant: fields
            .text("OrganizationId")
            .and_then(|id| TenantId::parse(id.trim())),
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// What tells records without `Id` apart, beside their time. A change is a new version of the recipe.
const IDENTIFYING: &[&str] = &[
    "RecordType",
    "Operation",
    "OrganizationId",
    "UserId",
    "UserKey",
    "ObjectId",
    "ClientIP",
    "ApplicationId",
    "InterSystemsId",
    "IntraSystemId",
    "ResultStatus",
    "ErrorNumber",
];

/// The value of a name in a list of `{"Name": …, "Value": …}`.
fn named(list: &[Value], wanted: &str) -> Option<String> {
    list.iter()
        .filter_map(Value::as_object)
        .map(Fields::new)
        .find_map(|pair| {
            let name = pair.text("Name")?;
            let value = pair.text("Value");
            value.filter(|_| name.trim().eq_ignore_ascii_case(wanted))
        })
}

/// Text, unless it is one of the words that stand for nothing.
fn told(text: String) -> Option<String> {
    const NOTHING: &[&str] = &["Not Available", "Unknown", "00000000-0000-0000-0000-000000000000"];
    let says = !NOTHING.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    says.then_some(text)
}

/// Whether it has the form of a GUID.
fn is_guid(text: &str) -> bool {
    text.len() == 36 && TenantId::parse(text).is_some()
}
