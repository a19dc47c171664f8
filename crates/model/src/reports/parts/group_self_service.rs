//! Which audits are self-service of groups: what was done, and to which group.

use super::vocabulary::category;
use crate::event::Audit;

/// The group and the action of a user's self-service with groups; `None` if the record is not one.
///
/// Besides acts, the service logs the calls of its own portal: those that only read (`Group_Get`) and those that touch
/// no group (`Features_UpdateFeaturesAsync`) are left out.
pub(in crate::reports) fn group_activity(audit: &Audit) -> Option<(Option<String>, &str)> {
    if category(audit) != Some("SSGM") {
        return None;
    }
    let action = audit.activity.as_deref()?;
    let group = audit
        .targets
        .iter()
        .find(|target| target.resource_type.as_deref() == Some("Group"));
    let is_read = action.contains("_Get") || action.contains("_get");
    if is_read || group.is_none() && action.contains('_') {
        return None;
    }
    let changes = audit.targets.iter().flat_map(|target| &target.modified);
    let mut names = changes.filter(|change| change.name.as_deref() == Some("Group.DisplayName"));
    let from_changes = || {
        let name = names.next()?.new.as_deref()?.trim().trim_matches('"');
        (!name.is_empty()).then(|| name.to_owned())
    };
    let name = group.and_then(|group| group.display_name.clone());
    let id = || group.and_then(|group| group.id.clone());
    Some((name.or_else(from_changes).or_else(id), action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Modified, Target};

    fn owned(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    #[test]
    fn group_self_service_names_the_group_and_leaves_portal_calls_out() {
        let target = |kind: &str, id: &str, name: &str, changed: &str| Target {
            resource_type: owned(kind),
            id: owned(id),
            display_name: owned(name),
            modified: owned(changed)
                .map(|new| Modified {
                    name: owned("Group.DisplayName"),
                    old: None,
                    new: Some(new),
                })
                .into_iter()
                .collect(),
            ..Target::default()
        };
        let check = |service: &str, activity: &str, targets: Vec<Target>, expected: Option<&str>| {
            let audit = Audit {
                targets,
                logged_by_service: owned(service),
                category: owned("GroupManagement"),
                activity: owned(activity),
                ..Audit::default()
            };
            let got = group_activity(&audit)
                .map(|(group, action)| format!("{action}: {}", group.as_deref().unwrap_or("-")));
            assert_eq!(got.as_deref(), expected, "{activity}");
        };
        let ssgm = "Self-service Group Management";
        check(
            ssgm,
            "Add member to group",
            vec![target("User", "1", "", ""), target("Group", "2", "Sales", "")],
            Some("Add member to group: Sales"),
        );
        check(
            ssgm,
            "Add member to group",
            vec![target("User", "1", "", "\"Sales\""), target("Group", "2", "", "")],
            Some("Add member to group: Sales"),
        );
        check(
            ssgm,
            "Request to join a group",
            vec![target("Group", "2", "", "")],
            Some("Request to join a group: 2"),
        );
        check(
            ssgm,
            "Update lifecycle management policy",
            vec![],
            Some("Update lifecycle management policy: -"),
        );
        check(
            ssgm,
            "GroupsODataV4_Get",
            vec![target("Group", "2", "", "")],
            None,
        );
        check(ssgm, "Features_UpdateFeaturesAsync", vec![], None);
        check(
            "Core Directory",
            "Add member to group",
            vec![target("Group", "2", "Sales", "")],
            None,
        );
    }
}
