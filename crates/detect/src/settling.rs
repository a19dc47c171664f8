//! What a new judgement changes in what was found before.

use model::finding::Finding;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Why a finding that is not found any more was taken back.
pub const NO_LONGER: &str =
    "judged again with sign-ins that came late or were changed, it does not hold any more";

/// What is to be stored: `holds` is what a judgement found, `before` what was found of the same subject and time before, retracted findings
/// among it. What is the same is left out; what holds no longer comes back as retracted.
pub fn settle(before: Vec<Finding>, holds: Vec<Finding>, because: &str) -> Vec<Finding> {
    let mut before: BTreeMap<Uuid, Finding> =
        before.into_iter().map(|finding| (finding.id, finding)).collect();
    let mut news = Vec::new();
    for finding in holds {
        if before.remove(&finding.id).as_ref() != Some(&finding) {
            news.push(finding);
        }
    }
    for (_, finding) in before {
        if finding.retracted.is_none() {
            news.push(Finding {
                retracted: Some(because.to_owned()),
                ..finding
            });
        }
    }
    news
}
