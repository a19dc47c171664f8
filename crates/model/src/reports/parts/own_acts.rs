//! Self-service at makers whose logs have no service for it: an act is one where the user did it to themself.

use super::password_self_service::is_password_activity;
use super::{group_self_service::group_activity, vocabulary};
use crate::event::{Actor, Audit, Event, Target};
use crate::identity::Vendor;

/// The makers whose users act in the log by themselves. Entra tells self-service by the service that logged it, and MIM has
/// reports of its own.
const MAKERS: &[Vendor] = &[
    Vendor::Okta,
    Vendor::Keycloak,
    Vendor::Google,
    Vendor::Auth0,
    Vendor::Duo,
    Vendor::OneLogin,
    Vendor::JumpCloud,
    Vendor::PingFederate,
];

const ABOUT_THE_PASSWORD: &[&str] = &[
    "Reset user password",
    "Change user password",
    "Unlock user account",
];

const ABOUT_GROUPS: &[&str] = &["Add member to group", "Remove member from group"];

/// A user's own act about their password, whoever logged it.
pub(in crate::reports) fn is_own_password_activity(event: &Event, audit: &Audit) -> bool {
    is_password_activity(audit) || is_own(event, audit, ABOUT_THE_PASSWORD)
}

/// The group and the action of a user's self-service with groups, whoever logged it; `None` if the record is not one.
pub(in crate::reports) fn own_group_activity<'a>(
    event: &Event,
    audit: &'a Audit,
) -> Option<(Option<String>, &'a str)> {
    if let Some(found) = group_activity(audit) {
        return Some(found);
    }
    if !is_own(event, audit, ABOUT_GROUPS) {
        return None;
    }
    let group = audit
        .targets
        .iter()
        .find(|target| target.resource_type.as_deref() == Some("Group"))?;
    let name = group.display_name.clone().or_else(|| group.id.clone());
    Some((name, audit.activity.as_deref()?))
}

fn is_own(event: &Event, audit: &Audit, acts: &[&str]) -> bool {
    let act = vocabulary::action(audit.activity.as_deref().unwrap_or_default());
    MAKERS.contains(&event.vendor)
        && acts.contains(&act)
        && audit
            .targets
            .iter()
            .find(|target| target.resource_type.as_deref() == Some("User"))
            .is_some_and(|target| is_same(&audit.actor, target))
}

/// By id where both have one, else by the sign-in name.
fn is_same(actor: &Actor, target: &Target) -> bool {
    let same = |one: &Option<String>, other: &Option<String>| {
        Some(one.as_deref()?.eq_ignore_ascii_case(other.as_deref()?))
    };
    same(&actor.user_id, &target.id)
        .or_else(|| same(&actor.user_principal_name, &target.user_principal_name))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Facts;
    use crate::time::Timestamp;

    fn owned(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn event(vendor: Vendor, activity: &str, target_id: &str, target_name: &str) -> (Event, Audit) {
        let target = |kind: &str, id: &str, name: &str| Target {
            resource_type: owned(kind),
            id: owned(id),
            display_name: owned(name),
            user_principal_name: owned(name).filter(|_| kind == "User"),
            modified: Vec::new(),
        };
        let audit = Audit {
            activity: owned(activity),
            category: owned("UserManagement"),
            logged_by_service: owned("Okta"),
            actor: Actor {
                user_id: owned("1"),
                user_principal_name: owned("ann@contoso.example"),
                ..Actor::default()
            },
            targets: vec![
                target("Group", "9", "Sales"),
                target("User", target_id, target_name),
            ],
            ..Audit::default()
        };
        let event = Event {
            vendor,
            vendor_id: None,
            time: Timestamp::from_unix_seconds(0),
            updated: None,
            tenant: None,
            facts: Facts::Audit(Box::new(audit.clone())),
        };
        (event, audit)
    }

    fn check_password(vendor: Vendor, activity: &str, id: &str, name: &str, expected: bool) {
        let (event, audit) = event(vendor, activity, id, name);
        assert_eq!(
            is_own_password_activity(&event, &audit),
            expected,
            "{vendor:?} {activity} {id} {name}"
        );
    }

    #[test]
    fn what_users_do_to_their_own_password_is_self_service() {
        check_password(Vendor::Okta, "Reset user password", "1", "", true);
        check_password(
            Vendor::Auth0,
            "Change user password",
            "",
            "Ann@contoso.example",
            true,
        );
        check_password(Vendor::Google, "Unlock user account", "1", "", true);
    }

    #[test]
    fn what_others_do_is_not() {
        check_password(Vendor::Okta, "Reset user password", "2", "", false);
        check_password(
            Vendor::Okta,
            "Reset user password",
            "2",
            "ann@contoso.example",
            false,
        );
        check_password(Vendor::Okta, "Reset user password", "", "", false);
        check_password(Vendor::Okta, "Update user", "1", "", false);
    }

    #[test]
    fn entra_and_mim_tell_self_service_otherwise() {
        check_password(Vendor::Entra, "Reset user password", "1", "", false);
        check_password(Vendor::Mim, "Reset user password", "1", "", false);
        check_password(Vendor::Gatelog, "Change user password", "1", "", false);
        check_password(Vendor::Entra, "Reset password (self-service)", "2", "", true);
    }

    #[test]
    fn joining_and_leaving_groups_by_oneself_is_self_service() {
        let check = |vendor: Vendor, activity: &str, id: &str, expected: Option<&str>| {
            let (event, audit) = event(vendor, activity, id, "");
            let got = own_group_activity(&event, &audit)
                .map(|(group, action)| format!("{action}: {}", group.unwrap_or_default()));
            assert_eq!(got.as_deref(), expected, "{vendor:?} {activity} {id}");
        };
        check(
            Vendor::Okta,
            "Add member to group",
            "1",
            Some("Add member to group: Sales"),
        );
        check(
            Vendor::Okta,
            "Remove member from group",
            "1",
            Some("Remove member from group: Sales"),
        );
        check(Vendor::Okta, "Add member to group", "2", None);
        check(Vendor::Okta, "Update group", "1", None);
        check(Vendor::Entra, "Add member to group", "1", None);
    }
}
