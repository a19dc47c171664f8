//! Verdicts of Entra ID Protection: one reading for every shape, since the members have the same names but for their case.

use super::sign_in;
use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{RiskDetection, RiskState, Suspect, SuspectKind, Verdict};
use model::time::Timestamp;
use serde_json::Value;

/// Reads what the protection noticed: `facts` has it, `envelope` what Azure Monitor wrote around it (else the same).
/// Fails if the record does not say what it was.
pub(super) fn read_detection(
    facts: Fields<'_>,
    envelope: Fields<'_>,
    kind: SuspectKind,
) -> Result<RiskDetection, String> {
    // Older records have the word in `riskType` alone; where both are, that one says `generic`.
    let event_type = facts.first_text(&["riskEventType", "riskType"]);
    if event_type.is_none() {
        return Err(
            "it does not say what was detected: it has no `riskEventType`; export that too".to_owned(),
        );
    }
    let more = AdditionalInfo::of(facts);
    Ok(RiskDetection {
        suspect: suspect(facts, kind),
        event_type,
        verdict: verdict(facts),
        linked_to: facts.text("activity"),
        source: facts.text("source"),
        timing: facts.text("detectionTimingType"),
        ip_address: [facts.text("ipAddress"), envelope.text("callerIpAddress")]
            .into_iter()
            .flatten()
            .find_map(|text| address::normalise(&text)),
        location: sign_in::place(facts, envelope),
        user_agent: more.value("userAgent"),
        malware_name: more.value("malwareName"),
        key_ids: facts.list("keyIds").iter().filter_map(as_text).collect(),
        activity_time: readable(facts, "activityDateTime"),
        detected_time: readable(facts, "detectedDateTime"),
        request_id: facts.text("requestId"),
        correlation_id: facts.text("correlationId"),
    })
}

/// Reads what the protection thinks of somebody. Fails if the record does not say of whom, or what.
pub(super) fn read_state(facts: Fields<'_>, kind: SuspectKind) -> Result<RiskState, String> {
    // An item of somebody's history has an id of its own, and theirs in `userId`.
    let mut suspect = suspect(facts, kind);
    suspect.id = suspect.id.or_else(|| facts.text("id"));
    if suspect.id.is_none() && suspect.user_principal_name.is_none() {
        return Err(
            "it does not say who is at risk: it has neither `id` nor `userPrincipalName`; export those too"
                .to_owned(),
        );
    }
    let verdict = verdict(facts);
    if verdict.state.is_none() && verdict.level.is_none() {
        return Err(
            "it does not say what the risk is: it has neither `riskState` nor `riskLevel`; export those too"
                .to_owned(),
        );
    }
    Ok(RiskState {
        suspect,
        verdict,
        is_deleted: facts.boolean("isDeleted"),
        is_processing: facts.boolean("isProcessing"),
    })
}

fn suspect(facts: Fields<'_>, kind: SuspectKind) -> Suspect {
    match kind {
        SuspectKind::User => Suspect {
            kind,
            id: facts.text("userId"),
            user_principal_name: facts.text("userPrincipalName"),
            display_name: facts.text("userDisplayName"),
            app_id: None,
        },
        SuspectKind::ServicePrincipal => Suspect {
            kind,
            id: facts.text("servicePrincipalId"),
            user_principal_name: None,
            display_name: facts.first_text(&["servicePrincipalDisplayName", "displayName"]),
            app_id: facts.text("appId"),
        },
    }
}

fn verdict(facts: Fields<'_>) -> Verdict {
    Verdict {
        level: facts.text("riskLevel"),
        state: facts.text("riskState"),
        detail: facts.text("riskDetail"),
    }
}

/// A time that is no reason to refuse the record.
fn readable(facts: Fields<'_>, name: &str) -> Option<Timestamp> {
    facts.time(name)?.ok()
}

/// `[{"Key": "userAgent", "Value": …}]`, or an object with these names.
struct AdditionalInfo(Vec<(String, Option<String>)>);

impl AdditionalInfo {
    fn of(facts: Fields<'_>) -> AdditionalInfo {
        let list = facts.list("additionalInfo");
        let pairs = list.iter().filter_map(Value::as_object).filter_map(|pair| {
            let pair = Fields::new(pair);
            Some((pair.text("key")?, pair.get("value").and_then(as_text)))
        });
        let mut named: Vec<(String, Option<String>)> = pairs.collect();
        if let Some(object) = facts.object("additionalInfo") {
            named.extend(object.iter().map(|(name, value)| (name.clone(), as_text(value))));
        }
        AdditionalInfo(named)
    }

    fn value(&self, name: &str) -> Option<String> {
        let of_name = |(other, _): &&(String, Option<String>)| other.eq_ignore_ascii_case(name);
        self.0.iter().filter(of_name).find_map(|(_, value)| value.clone())
    }
}
