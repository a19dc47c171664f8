//! The words of the old service for what today's audit records say otherwise.

use crate::event::Audit;

/// The 2015 name of an activity where it has one, else the vendor's text as it is.
///
/// The names are those of Microsoft's list of audit report events of 12/07/2015; a text that differs from one of them
/// only in its case takes the list's spelling.
pub(crate) fn action(activity: &str) -> &str {
    let known = RENAMED
        .iter()
        .find(|(today, _)| today.eq_ignore_ascii_case(activity));
    let known = known.map(|(_, then)| *then);
    known
        .or_else(|| {
            ACTIONS
                .iter()
                .copied()
                .find(|then| then.eq_ignore_ascii_case(activity))
        })
        .unwrap_or(activity)
}

/// The `category` of /activities/audit: the old word for the service that wrote the record
/// (wire contract 2.5 \[C: AREF\]), else the record's own category.
pub(in crate::reports) fn category(audit: &Audit) -> Option<&str> {
    let service = audit.logged_by_service.as_deref().unwrap_or_default();
    let known = CATEGORIES
        .iter()
        .find(|(today, _)| today.eq_ignore_ascii_case(service));
    known.map(|(_, then)| *then).or(audit.category.as_deref())
}

/// The `activityType` of /activities/audit: what sort of thing was acted on, `User`, `Group`, `Application` …
///
/// Old clients compare it with `User`, `Group` and `Device`; today's category says the same with a suffix
/// (`UserManagement`), which is cut off. Without a category it is the type of the first target.
pub(in crate::reports) fn activity_type(audit: &Audit) -> Option<&str> {
    let today = audit
        .category
        .as_deref()
        .map(|category| category.strip_suffix("Management").unwrap_or(category));
    let target = || {
        audit
            .targets
            .first()
            .and_then(|target| target.resource_type.as_deref())
    };
    today.filter(|word| !word.is_empty()).or_else(target)
}

/// `activityResultStatus` and the number that `activityStatus` is filtered by: `Success` 0, anything else `Failure` -1;
/// neither where the record does not tell.
pub(in crate::reports) fn result_status(audit: &Audit) -> Option<(&'static str, i64)> {
    let result = audit.result.as_deref()?.trim();
    let success = SUCCESS.iter().any(|word| word.eq_ignore_ascii_case(result));
    Some(if success { ("Success", 0) } else { ("Failure", -1) })
}

/// Whether the record says that it was done.
pub(crate) fn is_success(audit: &Audit) -> bool {
    result_status(audit).is_some_and(|(_, status)| status == 0)
}

const SUCCESS: &[&str] = &["success", "succeeded", "0"];

/// The service's name today, the old category.
const CATEGORIES: &[(&str, &str)] = &[
    ("Core Directory", "Directory"),
    ("Self-service Password Management", "SSPR"),
    ("Self-service Group Management", "SSGM"),
    ("Account Provisioning", "Sync"),
    ("Automated Password Rollover", "Automated Password Rollover"),
    ("Identity Protection", "IdentityProtection"),
    ("Invited Users", "Invited Users"),
    ("MIM Service", "MIM Service"),
    ("Microsoft Identity Manager (MIM) Service", "MIM Service"),
];

/// The activity's name today, the 2015 name of the same act.
const RENAMED: &[(&str, &str)] = &[
    ("Add member to role", "Add role member to Role"),
    ("Remove member from role", "Remove role member from Role"),
    ("Reset password", "Reset user password"),
    ("Add delegated permission grant", "Add delegation entry"),
    ("Update delegated permission grant", "Set delegation entry"),
    ("Remove delegated permission grant", "Remove delegation entry"),
    ("Add unverified domain", "Add domain to company"),
    ("Remove unverified domain", "Remove domain from company"),
    ("Remove verified domain", "Remove domain from company"),
    ("Set DirSyncEnabled flag", "Set DirSyncEnabled flag on company"),
    ("Delete service principal", "Remove service principal"),
];

/// The names of 2015, of which those of the B2B events are written without the list's full stop.
const ACTIONS: &[&str] = &[
    "Add User",
    "Delete User",
    "Set license properties",
    "Reset user password",
    "Change user password",
    "Change user license",
    "Update user",
    "Set force change user password",
    "Add group",
    "Update group",
    "Delete group",
    "Add member to group",
    "Remove member from group",
    "Add service principal",
    "Remove service principal",
    "Add service principal credentials",
    "Remove service principal credentials",
    "Add delegation entry",
    "Set delegation entry",
    "Remove delegation entry",
    "Add role member to Role",
    "Remove role member from Role",
    "Set Company contact information",
    "Batch invites uploaded",
    "Batch invites processed",
    "Invite external user",
    "Redeem external user invite",
    "Add external user to group",
    "Assign external user to application",
    "Viral tenant creation",
    "Viral user creation",
    "Add partner to company",
    "Remove Partner from company",
    "Add domain to company",
    "Remove domain from company",
    "Update domain",
    "Set domain authentication",
    "Set federation settings on domain",
    "Verify domain",
    "Verify email verified domain",
    "Set DirSyncEnabled flag on company",
    "Set Password Policy",
    "Set Company Information",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Target;

    fn check(activity: &str, expected: &str) {
        assert_eq!(action(activity), expected, "{activity}");
    }

    #[test]
    fn todays_names_become_those_of_2015() {
        check("Add user", "Add User");
        check("Delete user", "Delete User");
        check("Add member to role", "Add role member to Role");
        check("Remove member from role", "Remove role member from Role");
        check("Reset user password", "Reset user password");
        check("reset USER password", "Reset user password");
        check("Add delegated permission grant", "Add delegation entry");
        check("Set DirSyncEnabled flag", "Set DirSyncEnabled flag on company");
        check("Set password policy", "Set Password Policy");
    }

    #[test]
    fn what_2015_did_not_know_keeps_its_text() {
        check(
            "Update conditional access policy",
            "Update conditional access policy",
        );
        check(
            "Add member to role in PIM completed (permanent)",
            "Add member to role in PIM completed (permanent)",
        );
        check("Reset password (self-service)", "Reset password (self-service)");
        check("", "");
    }

    #[test]
    fn the_services_become_the_old_categories() {
        let word = |service: Option<&str>, own: Option<&str>| {
            let audit = Audit {
                logged_by_service: service.map(str::to_owned),
                category: own.map(str::to_owned),
                ..Audit::default()
            };
            category(&audit).map(str::to_owned)
        };
        assert_eq!(
            word(Some("Core Directory"), Some("UserManagement")).as_deref(),
            Some("Directory")
        );
        assert_eq!(word(Some("Account Provisioning"), None).as_deref(), Some("Sync"));
        assert_eq!(
            word(Some("self-service password management"), None).as_deref(),
            Some("SSPR")
        );
        assert_eq!(
            word(Some("PIM"), Some("RoleManagement")).as_deref(),
            Some("RoleManagement")
        );
        assert_eq!(word(None, None), None);
    }

    #[test]
    fn the_type_of_an_activity_is_the_thing_acted_on() {
        let word = |own: Option<&str>, target: Option<&str>| {
            let target = Target {
                resource_type: target.map(str::to_owned),
                ..Target::default()
            };
            let audit = Audit {
                category: own.map(str::to_owned),
                targets: vec![target],
                ..Audit::default()
            };
            activity_type(&audit).map(str::to_owned)
        };
        assert_eq!(
            word(Some("UserManagement"), Some("Group")).as_deref(),
            Some("User")
        );
        assert_eq!(word(Some("GroupManagement"), None).as_deref(), Some("Group"));
        assert_eq!(word(Some("Policy"), None).as_deref(), Some("Policy"));
        assert_eq!(word(None, Some("Device")).as_deref(), Some("Device"));
        assert_eq!(word(None, None), None);
    }

    #[test]
    fn whatever_is_not_a_success_failed_unless_nothing_is_said() {
        let status = |result: Option<&str>| {
            result_status(&Audit {
                result: result.map(str::to_owned),
                ..Audit::default()
            })
        };
        assert_eq!(status(Some("success")), Some(("Success", 0)));
        assert_eq!(status(Some("Success")), Some(("Success", 0)));
        assert_eq!(status(Some("failed")), Some(("Failure", -1)));
        assert_eq!(status(Some("timeout")), Some(("Failure", -1)));
        assert_eq!(status(None), None);
    }
}
