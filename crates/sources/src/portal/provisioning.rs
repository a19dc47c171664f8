//! Provisioning logs: ProvisioningLogs, and the two files of parts that are downloaded with it.

use super::As::{Text, Whole};
use super::{As, Cells, put_all};
use crate::formats::{Reading, read_as_graph};
use serde_json::{Map, Value};

/// The columns, and the property of Graph's `provisioningObjectSummary` that each is.
///
/// Known from documentation only, no heading line was seen. Microsoft's 'How to download and analyze the Microsoft Entra
/// provisioning logs' says that ProvisioningLogs has 'all the logs, except the provisioning steps and modified properties'
/// and that the 'change ID' joins the three files; 'Provisioning logs in Microsoft Entra ID' names the columns of the view:
/// identity, action, source system, target system, status, date, application, job ID, cycle ID, change ID, source ID,
/// target ID. So each property is taken under the words of the view and under its name in Graph, with or without spaces.
const COLUMNS: &[(&str, &str, As)] = &[
    ("Id", "id", Text),
    ("Date (UTC)", "activityDateTime", Text),
    ("Date", "activityDateTime", Text),
    ("Activity Date Time", "activityDateTime", Text),
    ("Tenant ID", "tenantId", Text),
    ("Job ID", "jobId", Text),
    ("Cycle ID", "cycleId", Text),
    ("Change ID", "changeId", Text),
    ("Action", "provisioningAction", Text),
    ("Provisioning Action", "provisioningAction", Text),
    ("Duration", "durationInMilliseconds", Whole),
    ("Duration In Milliseconds", "durationInMilliseconds", Whole),
    ("Initiated By ID", "initiatedBy.id", Text),
    ("Initiated By", "initiatedBy.displayName", Text),
    ("Initiated By Name", "initiatedBy.displayName", Text),
    ("Initiated By Display Name", "initiatedBy.displayName", Text),
    ("Initiated By Type", "initiatedBy.initiatorType", Text),
    ("Service Principal ID", "servicePrincipal.id", Text),
    ("Service Principal", "servicePrincipal.displayName", Text),
    ("Service Principal Name", "servicePrincipal.displayName", Text),
    (
        "Service Principal Display Name",
        "servicePrincipal.displayName",
        Text,
    ),
    ("Application", "servicePrincipal.displayName", Text),
    ("Source System ID", "sourceSystem.id", Text),
    ("Source System", "sourceSystem.displayName", Text),
    ("Source System Name", "sourceSystem.displayName", Text),
    ("Source System Display Name", "sourceSystem.displayName", Text),
    ("Target System ID", "targetSystem.id", Text),
    ("Target System", "targetSystem.displayName", Text),
    ("Target System Name", "targetSystem.displayName", Text),
    ("Target System Display Name", "targetSystem.displayName", Text),
    ("Source ID", "sourceIdentity.id", Text),
    ("Source Identity ID", "sourceIdentity.id", Text),
    ("Source Identity", "sourceIdentity.displayName", Text),
    ("Source Identity Name", "sourceIdentity.displayName", Text),
    ("Source Identity Display Name", "sourceIdentity.displayName", Text),
    ("Identity", "sourceIdentity.displayName", Text),
    ("Source Identity Type", "sourceIdentity.identityType", Text),
    ("Target ID", "targetIdentity.id", Text),
    ("Target Identity ID", "targetIdentity.id", Text),
    ("Target Identity", "targetIdentity.displayName", Text),
    ("Target Identity Name", "targetIdentity.displayName", Text),
    ("Target Identity Display Name", "targetIdentity.displayName", Text),
    ("Target Identity Type", "targetIdentity.identityType", Text),
    ("Status", "provisioningStatusInfo.status", Text),
    ("Provisioning Status", "provisioningStatusInfo.status", Text),
    (
        "Error Code",
        "provisioningStatusInfo.errorInformation.errorCode",
        Text,
    ),
    (
        "Status Error Code",
        "provisioningStatusInfo.errorInformation.errorCode",
        Text,
    ),
    ("Reason", "provisioningStatusInfo.errorInformation.reason", Text),
    (
        "Error Reason",
        "provisioningStatusInfo.errorInformation.reason",
        Text,
    ),
    (
        "Status Reason",
        "provisioningStatusInfo.errorInformation.reason",
        Text,
    ),
    (
        "Recommended Action",
        "provisioningStatusInfo.errorInformation.recommendedAction",
        Text,
    ),
    (
        "Additional Details",
        "provisioningStatusInfo.errorInformation.additionalDetails",
        Text,
    ),
];

/// Whether the headings are those of ProvisioningLogs.
pub(super) fn is_row(row: Cells<'_>) -> bool {
    let names = Names::of(row);
    let has = |wanted: &[&str]| wanted.iter().any(|name| names.has(name));
    has(&["Change ID", "Cycle ID", "Job ID"])
        && has(&["Action", "Provisioning Action"])
        && has(&["Date (UTC)", "Date", "Activity Date Time"])
}

/// Whether the headings are those of ProvisioningLogs_ProvisioningSteps or ProvisioningLogs_ModifiedProperties.
pub(super) fn is_part(row: Cells<'_>) -> bool {
    // Cells are texts; an object that has such a member may be anything.
    row.record.values().all(Value::is_string) && Names::of(row).has("Change ID")
}

pub(super) fn read(row: Cells<'_>) -> Reading {
    read_as_graph(&converted(row))
}

fn converted(row: Cells<'_>) -> Map<String, Value> {
    let names = Names::of(row);
    let renamed: Map<String, Value> = COLUMNS
        .iter()
        .filter_map(|(heading, _, _)| Some(((*heading).to_owned(), names.get(heading)?.clone())))
        .collect();
    let mut record = Map::new();
    put_all(Cells { record: &renamed }, COLUMNS, &mut record);
    record
}

/// Headings compared by their letters and digits alone: `Change ID`, `ChangeId` and `changeId` are one.
struct Names<'a>(Vec<(String, &'a Value)>);

impl<'a> Names<'a> {
    fn of(row: Cells<'a>) -> Names<'a> {
        Names(
            row.record
                .iter()
                .map(|(name, value)| (letters(name), value))
                .collect(),
        )
    }

    fn get(&self, heading: &str) -> Option<&'a Value> {
        let wanted = letters(heading);
        self.0
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
    }

    fn has(&self, heading: &str) -> bool {
        self.get(heading).is_some()
    }
}

fn letters(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[allow(clippy::needless_pass_by_value)] // So that cases read as data.
    fn check(row: Value, expected: Value) {
        let Value::Object(row) = row else { panic!("{row}") };
        let cells = Cells { record: &row };
        assert!(is_row(cells), "{row:?}");
        assert_eq!(Value::Object(converted(cells)), expected);
    }

    #[test]
    fn a_row_in_the_words_of_the_view_becomes_graphs_record() {
        check(
            json!({
                "Date": "2024-05-06T07:08:09Z", "Identity": "Ann Berg", "Action": "Create", "Source System": "Microsoft Entra ID",
                "Target System": "ServiceNow", "Status": "Failure", "Job ID": "j", "Cycle ID": "c", "Change ID": "h",
                "Source ID": "s", "Target ID": "", "Application": "ServiceNow (prod)", "Error Code": "DuplicateTargetEntries",
            }),
            json!({
                "activityDateTime": "2024-05-06T07:08:09Z", "provisioningAction": "Create", "jobId": "j", "cycleId": "c", "changeId": "h",
                "sourceSystem": { "displayName": "Microsoft Entra ID" }, "targetSystem": { "displayName": "ServiceNow" },
                "sourceIdentity": { "id": "s", "displayName": "Ann Berg" },
                "servicePrincipal": { "displayName": "ServiceNow (prod)" },
                "provisioningStatusInfo": { "status": "Failure", "errorInformation": { "errorCode": "DuplicateTargetEntries" } },
            }),
        );
    }

    #[test]
    fn a_row_in_graphs_names_becomes_graphs_record() {
        check(
            json!({ "id": "1", "activityDateTime": "2024-05-06T07:08:09Z", "tenantId": "t", "changeId": "h",
                "provisioningAction": "update", "durationInMilliseconds": "12", "sourceIdentityType": "User" }),
            json!({ "id": "1", "activityDateTime": "2024-05-06T07:08:09Z", "tenantId": "t", "changeId": "h",
                "provisioningAction": "update", "durationInMilliseconds": 12, "sourceIdentity": { "identityType": "User" } }),
        );
    }
}
