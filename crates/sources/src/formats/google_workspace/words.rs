//! Google's event names, and the words that the reports know for them.
//!
//! The names are those of <https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login>,
//! `…/activity/admin-user-settings`, `…/admin-group-settings`, `…/admin-delegated-admin-settings`, `…/groups-enterprise`, `…/saml`.

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Somebody signed in.
    SignedIn,
    /// Somebody failed to.
    FailedToSignIn,
    /// Google noticed something.
    Risk,
    /// Anything else.
    Audit,
}

/// The word that a report knows for a verdict of Google's; empty for an event that is none.
const RISKS: &[&str] = &[
    "account_disabled_hijacked",
    "account_disabled_password_leak",
    "gov_attack_warning",
    "suspicious_login",
    "suspicious_login_less_secure_app",
    "suspicious_programmatic_login",
];

/// Signing in is an event of the applications `login` and `saml`; the other events of `login` are about passwords, second
/// steps and warnings.
pub(super) fn sort_of(application: &str, name: &str) -> Sort {
    match (application, name) {
        ("login" | "saml", "login_success") => Sort::SignedIn,
        ("login" | "saml", "login_failure") => Sort::FailedToSignIn,
        ("login", name) if RISKS.contains(&name) => Sort::Risk,
        _ => Sort::Audit,
    }
}

/// The activity as Entra calls it, where it has a word for it.
pub(super) fn activity(application: &str, name: &str) -> Option<&'static str> {
    const OF_ADMINS: &[(&str, &str)] = &[
        ("CREATE_USER", "Add user"),
        ("DELETE_USER", "Delete user"),
        ("UNDELETE_USER", "Restore user"),
        ("SUSPEND_USER", "Disable account"),
        ("UNSUSPEND_USER", "Enable account"),
        ("RENAME_USER", "Update user"),
        ("CHANGE_FIRST_NAME", "Update user"),
        ("CHANGE_LAST_NAME", "Update user"),
        ("CHANGE_DISPLAY_NAME", "Update user"),
        ("CHANGE_PASSWORD", "Reset user password"),
        ("CHANGE_PASSWORD_ON_NEXT_LOGIN", "Set force change user password"),
        ("USER_LICENSE_ASSIGNMENT", "Change user license"),
        ("USER_LICENSE_REVOKE", "Change user license"),
        ("GRANT_ADMIN_PRIVILEGE", "Add member to role"),
        ("ASSIGN_ROLE", "Add member to role"),
        ("REVOKE_ADMIN_PRIVILEGE", "Remove member from role"),
        ("UNASSIGN_ROLE", "Remove member from role"),
        ("CREATE_GROUP", "Add group"),
        ("DELETE_GROUP", "Delete group"),
        ("CHANGE_GROUP_NAME", "Update group"),
        ("CHANGE_GROUP_DESCRIPTION", "Update group"),
        ("CHANGE_GROUP_SETTING", "Update group"),
        ("ADD_GROUP_MEMBER", "Add member to group"),
        ("REMOVE_GROUP_MEMBER", "Remove member from group"),
    ];
    const OF_GROUPS: &[(&str, &str)] = &[
        ("create_group", "Add group"),
        ("delete_group", "Delete group"),
        ("add_member", "Add member to group"),
        ("remove_member", "Remove member from group"),
    ];
    const OF_USERS: &[(&str, &str)] = &[
        ("password_edit", "Change user password"),
        ("2sv_enroll", "User registered security info"),
        ("2sv_disable", "User deleted security info"),
        ("recovery_email_edit", "User updated security info"),
        ("recovery_phone_edit", "User updated security info"),
        ("recovery_secret_qa_edit", "User updated security info"),
    ];
    let words = match application {
        "admin" => OF_ADMINS,
        "groups_enterprise" => OF_GROUPS,
        "login" | "user_accounts" => OF_USERS,
        _ => return None,
    };
    words
        .iter()
        .find(|(google, _)| *google == name)
        .map(|(_, entra)| *entra)
}

/// What a user proves who they are with, once the event is over: the words of the old service.
pub(super) fn method(name: &str) -> Option<&'static str> {
    match name {
        "recovery_email_edit" => Some("Email"),
        "recovery_phone_edit" => Some("Mobile Phone"),
        "recovery_secret_qa_edit" => Some("Security Question"),
        _ => None,
    }
}

/// What sort of thing an event is about, as Entra's categories say it; else the application of Google that wrote it.
pub(super) fn category(application: &str, event_type: &str) -> String {
    match (application, event_type) {
        ("admin", "USER_SETTINGS") | ("login" | "user_accounts", _) => "UserManagement",
        ("admin", "GROUP_SETTINGS") | ("groups" | "groups_enterprise", _) => "GroupManagement",
        ("admin", "DELEGATED_ADMIN_SETTINGS") => "RoleManagement",
        ("admin", "APPLICATION_SETTINGS") | ("token", _) => "ApplicationManagement",
        ("admin", _) => "DirectoryManagement",
        (other, _) => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_login_and_saml_tell_of_sign_ins() {
        let check = |application: &str, name: &str, expected: Sort| {
            assert_eq!(sort_of(application, name), expected, "{application} {name}");
        };
        check("login", "login_success", Sort::SignedIn);
        check("saml", "login_failure", Sort::FailedToSignIn);
        check("login", "logout", Sort::Audit);
        check("login", "login_challenge", Sort::Audit);
        check("login", "account_disabled_password_leak", Sort::Risk);
        check("login", "account_disabled_spamming", Sort::Audit);
        check("drive", "login_success", Sort::Audit);
    }

    #[test]
    fn names_mean_what_their_application_says() {
        assert_eq!(activity("admin", "CHANGE_PASSWORD"), Some("Reset user password"));
        assert_eq!(activity("login", "password_edit"), Some("Change user password"));
        assert_eq!(
            activity("groups_enterprise", "add_member"),
            Some("Add member to group")
        );
        assert_eq!(activity("chat", "add_member"), None);
    }
}
