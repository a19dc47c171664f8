//! Log Analytics (Sentinel): rows of SigninLogs, AuditLogs and their siblings, with columns in PascalCase.

use super::{FormatDef, Reading};
use crate::entra::{Shape, audit, logs, read_audit, read_sign_in, sign_in};
use crate::fields::Fields;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-log-analytics",
    title: "Log Analytics row of Entra ID",
    about: "Rows of SigninLogs, AADNonInteractiveUserSignInLogs, AADServicePrincipalSignInLogs, \
            AADManagedIdentitySignInLogs, AuditLogs, AADProvisioningLogs, AADUserRiskEvents, AADRiskyUsers, \
            AADServicePrincipalRiskEvents and AADRiskyServicePrincipals, exported from a Log Analytics workspace or \
            Sentinel.",
    looks_for: "`Type` with `TimeGenerated`, or `OperationName` with `CreatedDateTime`, `ActivityDateTime`, \
                `DetectedDateTime` or `RiskLastUpdatedDateTime`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    // Exact names: the other shapes have the same words in camelCase.
    let text = |name: &str| {
        record
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let has = |name: &str| record.get(name).is_some_and(|value| !value.is_null());
    if has("properties") {
        return Reading::Unrecognised;
    }
    let has_time = [
        "CreatedDateTime",
        "ActivityDateTime",
        "DetectedDateTime",
        "RiskLastUpdatedDateTime",
    ]
    .into_iter()
    .any(has);
    let table = text("Type").filter(|_| has_time || has("TimeGenerated"));
    // What a query projects may lack the table's name.
    let log = match table {
        Some(table) => logs::of_table(table),
        None if has("OperationName") => logs::of_members(fields),
        None => None,
    };
    let is_row = table.is_some() || log.is_some() || (has_time && has("OperationName"));
    if !is_row {
        return Reading::Unrecognised;
    }
    if let Some(log) = log {
        return logs::read(log, Shape::LogAnalytics, record, fields, fields);
    }
    let kind = table.and_then(sign_in::kind_of_table).or_else(|| {
        table
            .is_none()
            .then(|| text("Category").and_then(sign_in::kind_of_category))
            .flatten()
    });
    if let Some(kind) = kind {
        return read_sign_in(Shape::LogAnalytics, record, sign_in::read(fields, fields, kind));
    }
    if table.map_or(has("ActivityDateTime"), |table| {
        table.eq_ignore_ascii_case(audit::LOG)
    }) {
        return read_audit(Shape::LogAnalytics, record, audit::read(fields, fields));
    }
    let table: String = table
        .or(text("Category"))
        .unwrap_or("without a name")
        .chars()
        .take(80)
        .collect();
    Reading::Ignored(format!("Log Analytics table `{table}` fills no report yet"))
}
