//! The logs of Entra ID beside those of sign-ins and audits: how each is known, and how it is read.

use super::{Shape, provisioning, risk, tell};
use crate::fields::Fields;
use crate::formats::Reading;
use model::event::{Facts, SuspectKind};
use serde_json::{Map, Value};

/// A log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// What was provisioned (`provisioningObjectSummary`).
    Provisioning,
    /// What Entra ID Protection noticed (`riskDetection`, `servicePrincipalRiskDetection`).
    RiskDetections(SuspectKind),
    /// What Entra ID Protection thinks of somebody (`riskyUser`, `riskyServicePrincipal`).
    RiskStates(SuspectKind),
}

/// The log of a category of Azure Monitor.
pub(crate) fn of_category(category: &str) -> Option<Log> {
    const CATEGORIES: &[(&str, Log)] = &[
        ("ProvisioningLogs", Log::Provisioning),
        ("UserRiskEvents", Log::RiskDetections(SuspectKind::User)),
        ("RiskyUsers", Log::RiskStates(SuspectKind::User)),
        (
            "ServicePrincipalRiskEvents",
            Log::RiskDetections(SuspectKind::ServicePrincipal),
        ),
        (
            "RiskyServicePrincipals",
            Log::RiskStates(SuspectKind::ServicePrincipal),
        ),
    ];
    CATEGORIES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(category))
        .map(|(_, log)| *log)
}

/// The log of a table of Log Analytics: the category with `AAD` before it.
pub(crate) fn of_table(table: &str) -> Option<Log> {
    let prefix = table.get(..3)?;
    if !prefix.eq_ignore_ascii_case("AAD") {
        return None;
    }
    of_category(&table[3..])
}

/// The log of a record that does not name it, by the members that only its records have.
pub(crate) fn of_members(fields: Fields<'_>) -> Option<Log> {
    let has = |name: &str| fields.get(name).is_some();
    let has_any = |names: &[&str]| names.iter().any(|name| has(name));
    if has_any(&["riskEventType", "riskType"]) && has_any(&["detectedDateTime", "activityDateTime"]) {
        let is_of_application = has_any(&["servicePrincipalId", "servicePrincipalDisplayName"]);
        return Some(Log::RiskDetections(suspect_kind(is_of_application)));
    }
    if has("riskLastUpdatedDateTime") && has_any(&["riskLevel", "riskState"]) {
        let is_of_application = has_any(&["servicePrincipalType", "appId"]);
        return Some(Log::RiskStates(suspect_kind(is_of_application)));
    }
    let is_provisioning = has_any(&[
        "provisioningAction",
        "provisioningSteps",
        "provisioningStatusInfo",
    ]) && has_any(&["activityDateTime", "TimeGenerated"]);
    is_provisioning.then_some(Log::Provisioning)
}

fn suspect_kind(is_of_application: bool) -> SuspectKind {
    if is_of_application {
        SuspectKind::ServicePrincipal
    } else {
        SuspectKind::User
    }
}

/// Reads a record of the log: `facts` has what happened, `envelope` what Azure Monitor wrote around it (else the same).
pub(crate) fn read(
    log: Log,
    shape: Shape,
    record: &Map<String, Value>,
    facts: Fields<'_>,
    envelope: Fields<'_>,
) -> Reading {
    let read = match log {
        Log::Provisioning => provisioning::read(facts).map(|read| Facts::Provisioning(Box::new(read))),
        Log::RiskDetections(kind) => {
            risk::read_detection(facts, envelope, kind).map(|read| Facts::RiskDetection(Box::new(read)))
        }
        Log::RiskStates(kind) => risk::read_state(facts, kind).map(|read| Facts::RiskState(Box::new(read))),
    };
    match read {
        Ok(facts) => tell(shape, record, facts),
        Err(reason) => Reading::Rejected(reason),
    }
}
