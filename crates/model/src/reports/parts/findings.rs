//! Gatelog's own findings: what their rows have in common, and the evidence that stands beside them.

use crate::event::{Event, Facts};
use crate::finding::{Finding, Found};
use crate::reports::ProjectedRow;
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A finding that holds.
pub(in crate::reports) struct Holding<'a> {
    finding: &'a Finding,
    judged_at: Option<Timestamp>,
}

/// The event as a finding; nothing if it is none, or was retracted.
pub(in crate::reports) fn found(event: &Event) -> Option<Holding<'_>> {
    let Facts::Finding(finding) = &event.facts else {
        return None;
    };
    finding.retracted.is_none().then_some(Holding {
        finding,
        judged_at: event.updated,
    })
}

/// A count for a property that is an Int32.
pub(in crate::reports) fn int32(count: u32) -> i64 {
    i64::from(count.min(i32::MAX as u32))
}

impl Holding<'_> {
    /// What was found.
    pub(in crate::reports) fn found(&self) -> &Found {
        &self.finding.found
    }

    /// The id of its rows.
    pub(in crate::reports) fn id(&self) -> String {
        self.finding.id.to_string()
    }

    /// The address that it is about.
    pub(in crate::reports) fn address(&self) -> Option<&str> {
        self.finding.address.as_deref()
    }

    /// Who is meant, for people.
    pub(in crate::reports) fn display_name(&self) -> Option<&str> {
        self.finding.person.display_name.as_deref()
    }

    /// The sign-in name.
    pub(in crate::reports) fn user_name(&self) -> Option<&str> {
        self.finding.person.user_name.as_deref()
    }

    /// Why, on one line.
    pub(in crate::reports) fn summary(&self) -> &str {
        &self.finding.summary
    }

    /// `No address, browser and hour like this before (Gatelog: irregular, rule 1)`: told from a vendor's reason by who says so.
    pub(in crate::reports) fn reason(&self) -> String {
        let Finding {
            summary,
            found,
            rule_version,
            ..
        } = self.finding;
        format!("{summary} (Gatelog: {}, rule {rule_version})", found.detector())
    }

    /// The row with its evidence beside it.
    pub(in crate::reports) fn row(&self, json: Vec<u8>) -> ProjectedRow {
        let finding = self.finding;
        let beside = Beside {
            origin: "gatelog",
            detector: finding.found.detector(),
            rule_version: finding.rule_version,
            finding_id: finding.id,
            judged_at: self.judged_at.map(|time| time.to_string()),
            address: finding.address.as_deref(),
            user_id: finding.person.user_id.as_deref(),
            summary: &finding.summary,
            evidence: &finding.evidence,
        };
        // Text and JSON values always have a JSON form.
        let particulars = serde_json::to_vec(&beside).unwrap_or_default();
        ProjectedRow { json, particulars }
    }
}

/// What stands beside a row of a finding. What is not known is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Beside<'a> {
    origin: &'static str,
    detector: &'static str,
    rule_version: u32,
    finding_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    summary: &'a str,
    evidence: &'a Map<String, Value>,
}
