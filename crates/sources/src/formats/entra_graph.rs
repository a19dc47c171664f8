//! Microsoft Graph: what /auditLogs and /identityProtection answer.

use super::{FormatDef, Reading};
use crate::entra::{Shape, audit, logs, read_audit, read_sign_in, sign_in};
use crate::fields::Fields;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-graph",
    title: "Microsoft Graph sign-in, directory audit, provisioning or risk",
    about: "What Microsoft Graph answers under /auditLogs/signIns, /auditLogs/directoryAudits, /auditLogs/provisioning, \
            /identityProtection/riskDetections, riskyUsers, servicePrincipalRiskDetections and riskyServicePrincipals, \
            what its PowerShell commands give to ConvertTo-Json, and what the Entra admin center downloads as JSON.",
    looks_for: "`createdDateTime` with `status`, `ipAddress` or the like, `activityDateTime` with `activityDisplayName` or \
                `provisioningAction`, `riskEventType` with `detectedDateTime`, or `riskLastUpdatedDateTime` with `riskState`",
    read,
};

/// A user, a device or an application has `createdDateTime` too; none of these.
const ONLY_IN_SIGN_INS: &[&str] = &[
    "ipAddress",
    "signInEventTypes",
    "isInteractive",
    "clientAppUsed",
    "conditionalAccessStatus",
    "resourceDisplayName",
];

/// Names may come in any case: PowerShell's `Get-MgAuditLogSignIn | ConvertTo-Json` writes them in PascalCase.
fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    let has = |name: &str| fields.get(name).is_some();
    // Azure Monitor has the same members in `properties`, Log Analytics in columns beside these.
    if has("properties")
        || ["TimeGenerated", "Type", "OperationName"]
            .iter()
            .any(|name| record.contains_key(*name))
    {
        return Reading::Unrecognised;
    }
    if has("activityDateTime") && has("activityDisplayName") {
        return read_audit(Shape::Graph, record, audit::read(fields, fields));
    }
    let is_sign_in = has("createdDateTime")
        && (fields.object("status").is_some() || ONLY_IN_SIGN_INS.iter().any(|name| has(name)));
    if is_sign_in {
        let kind = sign_in::kind_of_graph(fields);
        return read_sign_in(Shape::Graph, record, sign_in::read(fields, fields, kind));
    }
    match logs::of_members(fields) {
        Some(log) => logs::read(log, Shape::Graph, record, fields, fields),
        None => Reading::Unrecognised,
    }
}
