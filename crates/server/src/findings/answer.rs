//! What the service says of findings, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// `state` of a finding that holds.
pub const STANDING: &str = "standing";
/// `state` of one that was retracted.
pub const RETRACTED: &str = "retracted";
/// What stands in place of words that a reader's roles do not show whole.
pub const NOT_SHOWN: &str = "not shown to this role";

/// A finding. What a reader's roles mask is null, and `masked` says which properties of the report that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingAnswer {
    /// Its id, also that of its rows.
    pub id: Uuid,
    /// Which detector found it.
    pub detector: String,
    /// The report that shows it while it holds.
    pub report: String,
    /// The time of its row.
    pub time: String,
    /// When the service judged so.
    pub judged_at: String,
    /// `standing` or `retracted`.
    pub state: String,
    /// Why it holds no longer; null while it holds.
    pub retracted: Option<String>,
    /// The object id of whom it is about.
    pub user_id: Option<String>,
    /// The sign-in name.
    pub user_name: Option<String>,
    /// The name for people.
    pub display_name: Option<String>,
    /// The address that it is about.
    pub address: Option<String>,
    /// Why, on one line.
    pub summary: Option<String>,
    /// The version of the rule that found it.
    pub rule_version: u32,
    /// The properties of the report that the reader's roles mask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
}

/// Findings, newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingsAnswer {
    /// So many as a page has, or fewer: it ends after so many were looked at.
    pub findings: Vec<FindingAnswer>,
    /// To be given as `page`, with the same question, for those after these; null if there are none.
    pub next: Option<String>,
}

/// All that is kept of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingDocument {
    /// As it stands.
    #[serde(flatten)]
    pub finding: FindingAnswer,
    /// The row in its report; null if it was retracted.
    pub row: Option<Value>,
    /// Everything that led to it; null where the reader's roles mask anything of the report.
    pub evidence: Option<Map<String, Value>>,
    /// Every content that it ever had, in the order in which they came; the last is not always the one that counts.
    pub contents: Vec<ContentAnswer>,
}

/// One content of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentAnswer {
    /// As this content says.
    #[serde(flatten)]
    pub finding: FindingAnswer,
    /// Whether it is the one that counts.
    pub counts: bool,
    /// The row that it gave; null of a retraction.
    pub row: Option<Value>,
    /// Its evidence; null where the reader's roles mask anything of the report.
    pub evidence: Option<Map<String, Value>>,
}
