//! The audit activities that are well known, for `/activities/auditActivityTypes`.

/// An activity that audit records can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityType {
    /// The category as /activities/audit spells it: `Directory`, `SSPR`, `SSGM` …
    pub category: &'static str,
    /// What is acted on: `User`, `Group` …, as `activityType` of /activities/audit spells it.
    pub activity_type: &'static str,
    /// The activity, as the vendor names it.
    pub activity: &'static str,
}

/// The activities that we know, by category. The list is our own choice of common ones and not complete: the old
/// service listed about a thousand (wire contract 2.5), and a tenant's records may name any.
pub fn activity_types() -> &'static [ActivityType] {
    ALL
}

const fn one(category: &'static str, activity_type: &'static str, activity: &'static str) -> ActivityType {
    ActivityType {
        category,
        activity_type,
        activity,
    }
}

const ALL: &[ActivityType] = &[
    one("Directory", "AdministrativeUnit", "Add administrative unit"),
    one(
        "Directory",
        "AdministrativeUnit",
        "Add member to administrative unit",
    ),
    one(
        "Directory",
        "AdministrativeUnit",
        "Remove member from administrative unit",
    ),
    one(
        "Directory",
        "Application",
        "Add app role assignment to service principal",
    ),
    one("Directory", "Application", "Add application"),
    one("Directory", "Application", "Add delegated permission grant"),
    one("Directory", "Application", "Add owner to application"),
    one("Directory", "Application", "Add owner to service principal"),
    one("Directory", "Application", "Add service principal"),
    one("Directory", "Application", "Add service principal credentials"),
    one("Directory", "Application", "Consent to application"),
    one("Directory", "Application", "Delete application"),
    one("Directory", "Application", "Remove delegated permission grant"),
    one("Directory", "Application", "Remove service principal"),
    one("Directory", "Application", "Remove service principal credentials"),
    one("Directory", "Application", "Update application"),
    one("Directory", "Application", "Update service principal"),
    one("Directory", "Device", "Add device"),
    one("Directory", "Device", "Add registered owner to device"),
    one("Directory", "Device", "Delete device"),
    one("Directory", "Device", "Update device"),
    one("Directory", "Directory", "Add partner to company"),
    one("Directory", "Directory", "Add unverified domain"),
    one("Directory", "Directory", "Add verified domain"),
    one("Directory", "Directory", "Remove partner from company"),
    one("Directory", "Directory", "Remove unverified domain"),
    one("Directory", "Directory", "Remove verified domain"),
    one("Directory", "Directory", "Set Company Information"),
    one("Directory", "Directory", "Set DirSyncEnabled flag"),
    one("Directory", "Directory", "Set domain authentication"),
    one("Directory", "Directory", "Set federation settings on domain"),
    one("Directory", "Directory", "Set password policy"),
    one("Directory", "Directory", "Update domain"),
    one("Directory", "Directory", "Verify domain"),
    one("Directory", "Group", "Add group"),
    one("Directory", "Group", "Add member to group"),
    one("Directory", "Group", "Add owner to group"),
    one("Directory", "Group", "Delete group"),
    one("Directory", "Group", "Remove member from group"),
    one("Directory", "Group", "Remove owner from group"),
    one("Directory", "Group", "Restore group"),
    one("Directory", "Group", "Update group"),
    one("Directory", "Policy", "Add policy"),
    one("Directory", "Policy", "Delete policy"),
    one("Directory", "Policy", "Update policy"),
    one("Directory", "Role", "Add eligible member to role"),
    one("Directory", "Role", "Add member to role"),
    one("Directory", "Role", "Remove eligible member from role"),
    one("Directory", "Role", "Remove member from role"),
    one("Directory", "User", "Add user"),
    one("Directory", "User", "Change user license"),
    one("Directory", "User", "Change user password"),
    one("Directory", "User", "Delete user"),
    one("Directory", "User", "Disable account"),
    one("Directory", "User", "Enable account"),
    one("Directory", "User", "Reset user password"),
    one("Directory", "User", "Restore user"),
    one("Directory", "User", "Set force change user password"),
    one("Directory", "User", "Update user"),
    one(
        "IdentityProtection",
        "IdentityProtection",
        "Update IdentityProtectionPolicy",
    ),
    one("IdentityProtection", "Other", "ConfirmAccountCompromised"),
    one("IdentityProtection", "Other", "DismissUser"),
    one("Invited Users", "User", "Delete external user"),
    one("Invited Users", "User", "Invite external user"),
    one("Invited Users", "User", "Redeem external user invite"),
    one("MIM Service", "Group", "Add member to group"),
    one("MIM Service", "Group", "Remove member from group"),
    one("MIM Service", "User", "User Password Registration"),
    one("MIM Service", "User", "User Password Reset"),
    one("SSGM", "Group", "Approve a pending request to join a group"),
    one("SSGM", "Group", "Cancel a pending request to join a group"),
    one("SSGM", "Group", "Reject a pending request to join a group"),
    one("SSGM", "Group", "Request to join a group"),
    one("SSPR", "User", "Blocked from self-service password reset"),
    one("SSPR", "User", "Change password (self-service)"),
    one("SSPR", "User", "Reset password (by admin)"),
    one("SSPR", "User", "Reset password (self-service)"),
    one(
        "SSPR",
        "User",
        "Self-service password reset flow activity progress",
    ),
    one("SSPR", "User", "Unlock user account (self-service)"),
    one("SSPR", "User", "User registered for self-service password reset"),
    one("Sync", "Provisioning", "Export"),
    one("Sync", "Provisioning", "Import"),
    one("Sync", "Provisioning", "Synchronization rule action"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_names_nothing_twice() {
        let names: Vec<_> = ALL
            .iter()
            .map(|one| (one.category, one.activity_type, one.activity))
            .collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
