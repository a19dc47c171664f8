//! The identity of an Entra event whose record has no id.

use super::Shape;
use model::event::{Facts, SuspectKind};
use model::identity::EventKey;
use model::time::Timestamp;

/// From the fields that tell it apart. The recipes are versioned: a change of fields or order is a new version.
///
/// - sign-in: time, kind of sign-in, correlation id, user id, sign-in name, service principal id, address, application
///   id and name, resource id and name, error code.
/// - audit: time, category, activity, operation type, service, correlation id, the actor's user id, sign-in name,
///   application id and name, service principal id and address, result; then type, id and name of each target.
/// - provisioning: time, job, cycle, change, action, status, service principal, ids of source and target.
/// - risk detection: time, kind of suspect, the suspect's id and sign-in name, what was detected, address, the sign-in's
///   id, correlation id.
/// - risk state, which never has an id of its own: time to the second, kind of suspect, their id, else their sign-in name.
///   Each state is an event of its own; to the second, because the ways by which it comes differ in the fractions.
///
/// The last three are the same whatever the shape of the record.
///
/// Absent counts as empty. Letters count in lower case: pipelines change the case of GUIDs and names.
pub(super) fn from_facts(shape: Shape, time: Timestamp, facts: &Facts) -> EventKey {
    let recipe = match (facts, shape) {
        (Facts::Provisioning(_) | Facts::RiskDetection(_) | Facts::RiskState(_), _) => "entra/1",
        (_, Shape::Graph) => "entra-graph/1",
        (_, Shape::AzureMonitor) => "entra-azure-monitor/1",
        (_, Shape::LogAnalytics) => "entra-log-analytics/1",
    };
    let time = match facts {
        Facts::RiskState(_) => Timestamp::from_unix_seconds(time.unix_seconds()),
        _ => time,
    };
    let mut fields = vec![time.to_string()];
    let mut add = |field: &Option<String>| fields.push(field.as_deref().unwrap_or_default().to_lowercase());
    match facts {
        Facts::SignIn(sign_in) => {
            add(&Some(sign_in.kind.as_str().to_owned()));
            for field in [
                &sign_in.correlation_id,
                &sign_in.user_id,
                &sign_in.user_principal_name,
                &sign_in.service_principal_id,
                &sign_in.ip_address,
                &sign_in.app_id,
                &sign_in.app_display_name,
                &sign_in.resource_id,
                &sign_in.resource_display_name,
            ] {
                add(field);
            }
            add(&Some(sign_in.error_code.to_string()));
        }
        Facts::Audit(audit) => {
            for field in [
                &audit.category,
                &audit.activity,
                &audit.operation_type,
                &audit.logged_by_service,
                &audit.correlation_id,
                &audit.actor.user_id,
                &audit.actor.user_principal_name,
                &audit.actor.app_id,
                &audit.actor.app_display_name,
                &audit.actor.service_principal_id,
                &audit.actor.ip_address,
                &audit.result,
            ] {
                add(field);
            }
            for target in &audit.targets {
                add(&target.resource_type);
                add(&target.id);
                add(&target.display_name);
            }
        }
        Facts::Provisioning(provisioning) => {
            for field in [
                &provisioning.job_id,
                &provisioning.cycle_id,
                &provisioning.change_id,
                &provisioning.action,
                &provisioning.status,
                &provisioning.service_principal_id,
                &provisioning.source.id,
                &provisioning.target.id,
            ] {
                add(field);
            }
        }
        Facts::RiskDetection(detection) => {
            add(&Some(word_of(detection.suspect.kind).to_owned()));
            for field in [
                &detection.suspect.id,
                &detection.suspect.user_principal_name,
                &detection.event_type,
                &detection.ip_address,
                &detection.request_id,
                &detection.correlation_id,
            ] {
                add(field);
            }
        }
        Facts::RiskState(state) => {
            let suspect = &state.suspect;
            add(&Some(word_of(suspect.kind).to_owned()));
            add(suspect
                .id
                .as_ref()
                .map_or(&suspect.user_principal_name, |_| &suspect.id));
        }
        // No record of Entra's is one, and a finding always has an id.
        Facts::Finding(finding) => add(&Some(finding.id.to_string())),
    }
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    EventKey::from_fields(recipe, facts.kind(), &fields)
}

fn word_of(kind: SuspectKind) -> &'static str {
    match kind {
        SuspectKind::User => "user",
        SuspectKind::ServicePrincipal => "service-principal",
    }
}
