//! Records that fill no report: of other makers, as far as the log pipeline that carries them says whose they are, and what is no record.

use crate::fields::Fields;
use serde_json::{Map, Value};

/// Makers whose logs are none of a directory's. Panther writes the maker and the log into `p_log_type`. A maker that is not in
/// the list, or a record without that member, may well be ours: it is rejected, so that nobody loses it without a word.
const MAKERS: &[&str] = &[
    "AWS",
    "Asana",
    "Box",
    "CiscoUmbrella",
    "Cloudflare",
    "Crowdstrike",
    "GCP",
    "GitHub",
    "Notion",
    "OnePassword",
    "Zendesk",
    "Zoom",
];

/// How deep a pipeline may have wrapped a record.
const WRAPPED_MAX: u32 = 3;

const STATISTICS: &str = "it is a row of statistics that a query made of many events, and no event";

/// Why a record that no format recognises is ignored: because its pipeline says that another maker wrote it, or because
/// it is none.
pub(crate) fn reason(record: &Map<String, Value>, carriers: &[&str]) -> Option<String> {
    of_nobody(record, carriers, 0)
}

/// Whether somebody's query compared what happened lately with what is usual: such rows stand in a pipeline beside its records, and have no
/// time of their own.
fn is_statistics(record: &Map<String, Value>) -> bool {
    let has = |beginnings: &[&str]| {
        let mut names = record.keys();
        names.any(|name| beginnings.iter().any(|beginning| name.starts_with(beginning)))
    };
    has(&["baseline_total_", "baseline_mean_"]) && has(&["recent_", "z_score_", "anomaly_"])
}

fn of_nobody(record: &Map<String, Value>, carriers: &[&str], depth: u32) -> Option<String> {
    if is_statistics(record) {
        return Some(STATISTICS.to_owned());
    }
    let fields = Fields::new(record);
    if let Some(label) = fields.text("p_log_type") {
        let maker = label.split('.').next().unwrap_or_default();
        let is_others = MAKERS.contains(&maker);
        return is_others.then(|| {
            let label: String = label.chars().take(80).collect();
            format!("the pipeline's `p_log_type` says `{label}`, which fills no report")
        });
    }
    if depth == WRAPPED_MAX {
        return None;
    }
    carriers
        .iter()
        .filter_map(|name| fields.object(name))
        .find_map(|carried| of_nobody(&carried, carriers, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_many_events_are_none() {
        let is = |text: &str| is_statistics(&serde_json::from_str(text).unwrap());
        assert!(is(r#"{"baseline_total_events":1000,"z_score_volume":15}"#));
        assert!(is(
            r#"{"admin_email":"a@b.example","baseline_mean_x":1,"recent_total_x":5}"#
        ));
        assert!(!is(r#"{"baseline_total_events":1000}"#));
        assert!(!is(r#"{"recent_total_events":1000,"baseline":1}"#));
        let wrapped = r#"{"log":{"baseline_total_events":1000,"z_score_volume":15}}"#;
        assert_eq!(
            reason(&serde_json::from_str(wrapped).unwrap(), &["log"]).as_deref(),
            Some(STATISTICS)
        );
    }

    fn check(record: &str, expected: Option<&str>) {
        let record: Map<String, Value> = serde_json::from_str(record).unwrap();
        let got = reason(&record, &["log"]);
        let expected = expected
            .map(|label| format!("the pipeline's `p_log_type` says `{label}`, which fills no report"));
        assert_eq!(got, expected, "{record:?}");
    }

    #[test]
    fn only_a_maker_that_is_known_to_be_another_is_ignored() {
        check(r#"{"p_log_type":"AWS.CloudTrail"}"#, Some("AWS.CloudTrail"));
        check(r#"{"log":{"p_log_type":"GitHub.Audit"}}"#, Some("GitHub.Audit"));
        check(r#"{"p_log_type":"Okta.SystemLog"}"#, None);
        check(r#"{"p_log_type":"Custom.Logins"}"#, None);
        check(r#"{"p_log_type":"AWSome.Logins"}"#, None);
        check(r#"{"eventSource":"signin.amazonaws.com"}"#, None);
    }
}
