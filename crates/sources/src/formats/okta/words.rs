//! Okta's event types, and the words that the reports know for them.
//!
//! The names are those of Okta's catalogue, <https://developer.okta.com/docs/reference/api/event-types/>.

/// What the event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Somebody signs in.
    SignIn,
    /// An account is provisioned in an application.
    Provisioning,
    /// Okta's protection, or a user, noticed something.
    Risk,
    /// Anything else.
    Audit,
}

/// Sign-ins are `user.session.start` and `user.authentication.*`, of which two end sessions.
pub(super) fn sort_of(word: &str) -> Sort {
    const ENDS: &[&str] = &["user.authentication.slo", "user.authentication.universal_logout"];
    const RISKS: &[&str] = &[
        "security.breached_credential.detected",
        "security.threat.detected",
        "user.account.report_suspicious_activity_by_enduser",
    ];
    if word == "user.session.start" || word.starts_with("user.authentication.") && !ENDS.contains(&word) {
        return Sort::SignIn;
    }
    if RISKS.contains(&word) {
        return Sort::Risk;
    }
    if PROVISIONING.iter().any(|prefix| word.starts_with(prefix)) {
        return Sort::Provisioning;
    }
    Sort::Audit
}

const PROVISIONING: &[&str] = &["application.provision.", "app.user_management."];

/// What was done to an account in an application: `push` of `application.provision.user.push`.
pub(super) fn provisioned(word: &str) -> (&str, Option<&'static str>) {
    let Some(rest) = PROVISIONING.iter().find_map(|prefix| word.strip_prefix(prefix)) else {
        return (word, None);
    };
    for (object, name) in [("user.", "User"), ("group_push.", "Group"), ("group.", "Group")] {
        if let Some(action) = rest.strip_prefix(object) {
            return (action, Some(name));
        }
    }
    (rest, None)
}

/// The activity as Entra calls it, where it has a word for it.
pub(super) fn activity(word: &str, is_by_oneself: bool) -> Option<&'static str> {
    let own = |own: &'static str, admins: &'static str| Some(if is_by_oneself { own } else { admins });
    match word {
        "user.lifecycle.create" => Some("Add user"),
        "user.lifecycle.delete.completed" => Some("Delete user"),
        "user.lifecycle.activate" | "user.lifecycle.reactivate" | "user.lifecycle.unsuspend" => {
            Some("Enable account")
        }
        "user.lifecycle.deactivate" | "user.lifecycle.suspend" => Some("Disable account"),
        "user.account.update_profile" => Some("Update user"),
        "user.account.update_password" => Some("Change user password"),
        "user.account.reset_password" => Some("Reset user password"),
        "user.account.expire_password" => Some("Set force change user password"),
        "user.account.unlock" | "user.account.unlock_by_admin" => Some("Unlock user account"),
        "user.account.privilege.grant" => Some("Add member to role"),
        "user.account.privilege.revoke" => Some("Remove member from role"),
        "group.user_membership.add" => Some("Add member to group"),
        "group.user_membership.remove" => Some("Remove member from group"),
        "group.lifecycle.create" => Some("Add group"),
        "group.lifecycle.delete" => Some("Delete group"),
        "group.profile.update" => Some("Update group"),
        "application.lifecycle.create" => Some("Add application"),
        "application.lifecycle.update" => Some("Update application"),
        "application.lifecycle.delete" => Some("Delete application"),
        "user.mfa.factor.activate" => own("User registered security info", "Admin registered security info"),
        "user.mfa.factor.update" => own("User updated security info", "Admin updated security info"),
        "user.mfa.factor.deactivate" | "user.mfa.factor.reset_all" => {
            own("User deleted security info", "Admin deleted security info")
        }
        _ => None,
    }
}

/// What sort of thing the event is about, as Entra's categories say it.
pub(super) fn category(word: &str) -> Option<&'static str> {
    if word.contains(".privilege.") {
        return Some("RoleManagement");
    }
    match word.split('.').next()? {
        "user" => Some("UserManagement"),
        "group" => Some("GroupManagement"),
        "application" | "app" => Some("ApplicationManagement"),
        "policy" => Some("Policy"),
        "device" => Some("Device"),
        _ => None,
    }
}

/// Okta's factor in the words of the old service: `SMS_FACTOR`, `EMAIL_FACTOR`, `QUESTION_FACTOR`.
pub(super) fn method(text: &str) -> Option<&'static str> {
    const METHODS: &[(&str, &str)] = &[
        ("SMS", "Mobile Phone"),
        ("CALL", "Phone"),
        ("QUESTION", "Security Question"),
        ("EMAIL", "Email"),
    ];
    METHODS
        .iter()
        .find(|(factor, _)| {
            text.split(|letter: char| !letter.is_ascii_alphanumeric())
                .any(|word| word == *factor)
        })
        .map(|(_, method)| *method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_type_tells_what_the_event_is_about() {
        let check = |word: &str, expected: Sort| assert_eq!(sort_of(word), expected, "{word}");
        check("user.session.start", Sort::SignIn);
        check("user.session.end", Sort::Audit);
        check("user.authentication.sso", Sort::SignIn);
        check("user.authentication.auth_via_mfa", Sort::SignIn);
        check("user.authentication.slo", Sort::Audit);
        check("security.threat.detected", Sort::Risk);
        check("security.breached_credential.detected", Sort::Risk);
        check("application.provision.user.push", Sort::Provisioning);
        check("application.lifecycle.create", Sort::Audit);
    }

    #[test]
    fn what_was_provisioned_stands_in_the_event_type() {
        let check = |word: &str, action: &str, object: Option<&str>| {
            assert_eq!(provisioned(word), (action, object), "{word}");
        };
        check("application.provision.user.push", "push", Some("User"));
        check(
            "application.provision.user.deactivate",
            "deactivate",
            Some("User"),
        );
        check(
            "application.provision.group_push.activate_mapping",
            "activate_mapping",
            Some("Group"),
        );
        check(
            "application.provision.integration.call_api",
            "integration.call_api",
            None,
        );
    }

    #[test]
    fn a_factor_is_a_word_of_its_own() {
        assert_eq!(method("User set up SMS_FACTOR factor"), Some("Mobile Phone"));
        assert_eq!(method("EMAIL_FACTOR"), Some("Email"));
        assert_eq!(method("User reset FIDO_WEBAUTHN factor"), None);
        assert_eq!(method("CALLED"), None);
    }
}
