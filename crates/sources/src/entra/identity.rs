//! The identity of an Entra event whose record has no id.

use super::Shape;
use model::event::Facts;
use model::identity::{EventKey, Kind};
use model::time::Timestamp;

/// From the fields that tell it apart. The recipes are versioned: a change of fields or order is a new version.
///
/// - sign-in: time, kind of sign-in, correlation id, user id, sign-in name, service principal id, address, application
///   id and name, resource id and name, error code.
/// - audit: time, category, activity, operation type, service, correlation id, the actor's user id, sign-in name,
///   application id and name, service principal id and address, result; then type, id and name of each target.
///
/// Absent counts as empty. Letters count in lower case: pipelines change the case of GUIDs and names.
pub(super) fn from_facts(shape: Shape, time: Timestamp, facts: &Facts) -> EventKey {
    let recipe = match shape {
        Shape::Graph => "entra-graph/1",
        Shape::AzureMonitor => "entra-azure-monitor/1",
        Shape::LogAnalytics => "entra-log-analytics/1",
    };
    let mut fields = vec![time.to_string()];
    let mut add = |field: &Option<String>| fields.push(field.as_deref().unwrap_or_default().to_lowercase());
    let kind = match facts {
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
            Kind::SignIn
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
            Kind::Audit
        }
    };
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    EventKey::from_fields(recipe, kind, &fields)
}
