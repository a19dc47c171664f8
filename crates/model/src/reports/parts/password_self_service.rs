//! Which audits are self-service of passwords, and what they say in the raw keys of the old service.

use super::vocabulary::{category, result_status};
use crate::event::{Audit, Target};

/// A user's own act about their password: a reset or one step of it, a change, an unlock, a block.
///
/// Records of the service `Self-service Password Management` except those about registration, about the directory
/// (`Enable password writeback for directory`) and by an administrator; and the same activities from another service.
pub(in crate::reports) fn is_password_activity(audit: &Audit) -> bool {
    let Some(activity) = audit.activity.as_deref() else {
        return false;
    };
    if is_password_registration(audit) || is_one_of(activity, NOT_BY_THE_USER) {
        return false;
    }
    is_one_of(activity, PASSWORD_ACTIVITIES) || is_of_password_service(audit) && is_about_users(audit)
}

/// A user's registration for password reset, or a change of what is registered.
pub(in crate::reports) fn is_password_registration(audit: &Audit) -> bool {
    audit.activity.as_deref().is_some_and(|activity| {
        is_one_of(activity, REGISTRATIONS) || is_one_of(activity, REGISTRATIONS_WITHOUT_NEW_INFO)
    })
}

/// What became of an attempt, as the raw key; `None` for a step in an attempt that goes on.
///
/// `_Succeeded`, `_Failed` and `_Block` were seen in real answers (wire contract 2.2 \[C: SO1\]); the other keys are
/// inferred from the results that the portal showed. The sentences are those that the portal tied to one result.
pub(in crate::reports) fn password_result(audit: &Audit) -> Option<&'static str> {
    let activity = audit.activity.as_deref().unwrap_or_default();
    let reason = audit
        .result_reason
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if activity.eq_ignore_ascii_case(BLOCKED) || reason.contains("blocked for 24 hours") {
        return Some("reportSSPR_ResultType_Block");
    }
    if reason.starts_with("user abandoned") {
        return Some("reportSSPR_ResultType_Abandoned");
    }
    if reason.starts_with("user cancelled") || reason.starts_with("user canceled") {
        return Some("reportSSPR_ResultType_Cancelled");
    }
    if reason.starts_with("user contacted an admin") {
        return Some("reportSSPR_ResultType_ContactedAdmin");
    }
    match result_status(audit)? {
        ("Success", _)
            if is_one_of(activity, STEPS) && !reason.starts_with("user successfully reset password") =>
        {
            None
        }
        ("Success", _) => Some("reportSSPR_ResultType_Succeeded"),
        _ => Some("reportSSPR_ResultType_Failed"),
    }
}

/// What was registered, as the raw key; `None` where the record says that nothing was (a failure, a deletion).
///
/// `_PrivateMobilePhone`, `_PrivateAlternateEmail` and `_LastRegisteredTime` were seen in real answers (wire contract
/// 2.2 \[C: SO1\]), `_OfficePhone` and `_SecurityQuestions` are inferred. A method that the old service did not have,
/// or that the record does not name, is `_LastRegisteredTime`: that a registration took place is what is known.
pub(in crate::reports) fn registration_activity(audit: &Audit) -> Option<&'static str> {
    let activity = audit.activity.as_deref().unwrap_or_default();
    if is_one_of(activity, REGISTRATIONS_WITHOUT_NEW_INFO) || matches!(result_status(audit), Some((_, -1))) {
        return None;
    }
    let mut named = audit.result_reason.clone().unwrap_or_default();
    // Only details that say they name a method: an agent or an address may hold any word.
    for (name, value) in &audit.additional_details {
        if !name.to_ascii_lowercase().contains("method") {
            continue;
        }
        named.push(' ');
        named.push_str(value.as_deref().unwrap_or_default());
    }
    let named = named.to_ascii_lowercase();
    let key = REGISTERED
        .iter()
        .find(|(word, _)| named.contains(word))
        .map(|(_, key)| *key);
    Some(key.unwrap_or("reportSSPR_RegistrationData_LastRegisteredTime"))
}

/// The methods with which the user proved who they are, as the record names them, joined with ` + `.
pub(in crate::reports) fn methods_used(audit: &Audit) -> Option<String> {
    let from_details = audit
        .additional_details
        .iter()
        .find(|(name, _)| is_one_of(name, METHODS_NAMES));
    let from_details = from_details.and_then(|(_, value)| value.as_deref());
    let mut changes = audit.targets.iter().flat_map(|target| &target.modified);
    let from_targets = || {
        let change = changes.find(|change| {
            change
                .name
                .as_deref()
                .is_some_and(|name| is_one_of(name, METHODS_NAMES))
        })?;
        change.new.as_deref()
    };
    let value = from_details.or_else(from_targets)?;
    let list = value.trim().trim_start_matches('[').trim_end_matches(']');
    let methods: Vec<&str> = list
        .split(',')
        .map(|method| method.trim().trim_matches('"').trim())
        .filter(|method| !method.is_empty())
        .collect();
    (!methods.is_empty()).then(|| methods.join(" + "))
}

/// The user's role, where the record names it.
pub(in crate::reports) fn role(audit: &Audit) -> Option<&str> {
    let named = audit
        .additional_details
        .iter()
        .find(|(name, _)| is_one_of(name, ROLE_NAMES))?;
    named.1.as_deref()
}

/// The display name and the sign-in name of the user whose password or registration it is: the first user among the
/// targets, else the actor.
pub(in crate::reports) fn user_of(audit: &Audit) -> (Option<&str>, Option<&str>) {
    let actor = &audit.actor;
    let is_user = |target: &&Target| {
        target.user_principal_name.is_some() || target.resource_type.as_deref() == Some("User")
    };
    let Some(target) = audit.targets.iter().find(is_user) else {
        return (
            actor.user_display_name.as_deref(),
            actor.user_principal_name.as_deref(),
        );
    };
    let is_actor = target.id.is_some() && target.id == actor.user_id
        || target.user_principal_name.is_some() && target.user_principal_name == actor.user_principal_name;
    let (mut display_name, mut user_name) = (
        target.display_name.as_deref(),
        target.user_principal_name.as_deref(),
    );
    if is_actor {
        display_name = display_name.or(actor.user_display_name.as_deref());
        user_name = user_name.or(actor.user_principal_name.as_deref());
    }
    (display_name, user_name)
}

fn is_of_password_service(audit: &Audit) -> bool {
    category(audit) == Some("SSPR") || is_category(audit, "SelfServicePasswordManagement")
}

fn is_about_users(audit: &Audit) -> bool {
    audit.category.is_none()
        || ["UserManagement", "SelfServicePasswordManagement", "SSPR"]
            .iter()
            .any(|word| is_category(audit, word))
}

fn is_category(audit: &Audit, word: &str) -> bool {
    audit
        .category
        .as_deref()
        .is_some_and(|category| category.eq_ignore_ascii_case(word))
}

fn is_one_of(text: &str, list: &[&str]) -> bool {
    list.iter().any(|item| item.eq_ignore_ascii_case(text.trim()))
}

const BLOCKED: &str = "Blocked from self-service password reset";

const PASSWORD_ACTIVITIES: &[&str] = &[
    BLOCKED,
    "Change password (self-service)",
    "Reset password (self-service)",
    "Self-service password reset flow activity progress",
    "Unlock user account (self-service)",
    "User started password change",
    "User started password reset",
];

/// Steps of an attempt: that one of them went well does not say how the attempt ends.
const STEPS: &[&str] = &[
    "Self-service password reset flow activity progress",
    "User started password change",
    "User started password reset",
];

const NOT_BY_THE_USER: &[&str] = &["Reset password (by admin)", "Admin started password reset"];

const REGISTRATIONS: &[&str] = &[
    "Security info saved for self-service password reset",
    "User registered for self-service password reset",
    "User registered all required security info",
    "User registered security info",
    "User updated security info",
    "User changed default security info",
    "User completed security info registration for self-service password reset",
];

const REGISTRATIONS_WITHOUT_NEW_INFO: &[&str] = &[
    "User deleted security info",
    "User canceled security info registration",
    "User reviewed security info",
    "User started security info registration",
    "User started security info registration for self-service password reset",
];

/// A word of the source for a method, and its key. The longer ones come first.
const REGISTERED: &[(&str, &str)] = &[
    ("office phone", "reportSSPR_RegistrationData_OfficePhone"),
    ("officephone", "reportSSPR_RegistrationData_OfficePhone"),
    ("mobile phone", "reportSSPR_RegistrationData_PrivateMobilePhone"),
    ("mobilephone", "reportSSPR_RegistrationData_PrivateMobilePhone"),
    (
        "security question",
        "reportSSPR_RegistrationData_SecurityQuestions",
    ),
    (
        "securityquestion",
        "reportSSPR_RegistrationData_SecurityQuestions",
    ),
    ("email", "reportSSPR_RegistrationData_PrivateAlternateEmail"),
];

const METHODS_NAMES: &[&str] = &["MethodsUsedForValidation", "MethodsUsed", "Method(s) Used"];

const ROLE_NAMES: &[&str] = &["Role", "UserRole"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Modified};

    fn owned(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn audit(service: &str, category: &str, activity: &str, result: &str, reason: &str) -> Audit {
        Audit {
            logged_by_service: owned(service),
            category: owned(category),
            activity: owned(activity),
            result: owned(result),
            result_reason: owned(reason),
            ..Audit::default()
        }
    }

    const SSPR: &str = "Self-service Password Management";
    const METHODS: &str = "Authentication Methods";
    const FLOW: &str = "Self-service password reset flow activity progress";

    /// Which of the two reports shows it: `sspr`, `registration` or none.
    fn check_report(service: &str, category: &str, activity: &str, expected: &str) {
        let audit = audit(service, category, activity, "success", "");
        let got = match (is_password_activity(&audit), is_password_registration(&audit)) {
            (true, false) => "sspr",
            (false, true) => "registration",
            (false, false) => "",
            (true, true) => "both",
        };
        assert_eq!(got, expected, "{service}: {activity}");
    }

    #[test]
    fn a_users_own_acts_about_the_password_are_shown_once() {
        check_report(SSPR, "UserManagement", "Reset password (self-service)", "sspr");
        check_report(SSPR, "UserManagement", "Change password (self-service)", "sspr");
        check_report(
            SSPR,
            "UserManagement",
            "Unlock user account (self-service)",
            "sspr",
        );
        check_report(SSPR, "UserManagement", FLOW, "sspr");
        check_report(SSPR, "", "Something of next year", "sspr");
        check_report(
            "",
            "SelfServicePasswordManagement",
            "Something of next year",
            "sspr",
        );
        check_report("", "UserManagement", "Reset password (self-service)", "sspr");
        check_report(METHODS, "UserManagement", "user started password reset", "sspr");
        check_report(
            SSPR,
            "UserManagement",
            "User registered for self-service password reset",
            "registration",
        );
        check_report(
            METHODS,
            "UserManagement",
            "User registered security info",
            "registration",
        );
        check_report(
            METHODS,
            "UserManagement",
            "User deleted security info",
            "registration",
        );
    }

    #[test]
    fn what_administrators_and_the_directory_do_is_not_self_service() {
        check_report(SSPR, "UserManagement", "Reset password (by admin)", "");
        check_report(
            SSPR,
            "DirectoryManagement",
            "Enable password writeback for directory",
            "",
        );
        check_report(METHODS, "UserManagement", "Admin registered security info", "");
        check_report("Core Directory", "UserManagement", "Reset user password", "");
        check_report("Core Directory", "UserManagement", "", "");
    }

    fn check_result(activity: &str, result: &str, reason: &str, expected: Option<&str>) {
        let audit = audit(SSPR, "UserManagement", activity, result, reason);
        assert_eq!(password_result(&audit), expected, "{activity}: {reason}");
    }

    #[test]
    fn each_sentence_has_its_result() {
        let reset = "Reset password (self-service)";
        check_result(
            reset,
            "success",
            "Successfully completed reset.",
            Some("reportSSPR_ResultType_Succeeded"),
        );
        check_result(
            reset,
            "failure",
            "FuzzyPolicyViolationInvalidPassword",
            Some("reportSSPR_ResultType_Failed"),
        );
        check_result(BLOCKED, "success", "", Some("reportSSPR_ResultType_Block"));
        check_result(
            FLOW,
            "failure",
            "User tried to answer security questions too many times and is blocked for 24 hours",
            Some("reportSSPR_ResultType_Block"),
        );
        check_result(
            FLOW,
            "failure",
            "User abandoned after entering their user ID",
            Some("reportSSPR_ResultType_Abandoned"),
        );
        check_result(
            FLOW,
            "success",
            "User cancelled before submitting a new password",
            Some("reportSSPR_ResultType_Cancelled"),
        );
        check_result(
            FLOW,
            "success",
            "User canceled before submitting a new password",
            Some("reportSSPR_ResultType_Cancelled"),
        );
        check_result(
            FLOW,
            "success",
            "User contacted an admin after trying the email verification option",
            Some("reportSSPR_ResultType_ContactedAdmin"),
        );
        check_result(
            FLOW,
            "success",
            "User successfully reset password",
            Some("reportSSPR_ResultType_Succeeded"),
        );
        check_result(
            FLOW,
            "failure",
            "User does not have a license.",
            Some("reportSSPR_ResultType_Failed"),
        );
    }

    #[test]
    fn a_step_that_went_well_is_no_result() {
        check_result(FLOW, "success", "User submitted their user ID", None);
        check_result("User started password reset", "success", "", None);
        check_result("Reset password (self-service)", "", "", None);
    }

    fn check_registration(activity: &str, result: &str, reason: &str, expected: Option<&str>) {
        let audit = audit(METHODS, "UserManagement", activity, result, reason);
        assert_eq!(registration_activity(&audit), expected, "{activity}: {reason}");
    }

    #[test]
    fn each_method_has_its_key() {
        let registered = "User registered security info";
        let key = |name: &str| format!("reportSSPR_RegistrationData_{name}");
        check_registration(
            registered,
            "success",
            "User registered Mobile Phone SMS",
            Some(&key("PrivateMobilePhone")),
        );
        check_registration(
            registered,
            "success",
            "User registered Email",
            Some(&key("PrivateAlternateEmail")),
        );
        check_registration(
            registered,
            "success",
            "User registered Office Phone Call",
            Some(&key("OfficePhone")),
        );
        check_registration(
            registered,
            "success",
            "User registered Security Questions",
            Some(&key("SecurityQuestions")),
        );
        check_registration(
            registered,
            "success",
            "User registered Authenticator App",
            Some(&key("LastRegisteredTime")),
        );
        check_registration(
            "User registered for self-service password reset",
            "",
            "",
            Some(&key("LastRegisteredTime")),
        );
    }

    #[test]
    fn nothing_was_registered_by_a_failure_or_a_deletion() {
        check_registration(
            "User registered security info",
            "failure",
            "User failed to register Email",
            None,
        );
        check_registration(
            "User deleted security info",
            "success",
            "User deleted Email",
            None,
        );
    }

    #[test]
    fn methods_are_what_the_record_names() {
        let with = |name: &str, value: &str| {
            methods_used(&Audit {
                additional_details: vec![(name.to_owned(), owned(value))],
                ..Audit::default()
            })
        };
        assert_eq!(
            with("MethodsUsedForValidation", r#"["MobilePhone","Email"]"#).as_deref(),
            Some("MobilePhone + Email")
        );
        assert_eq!(
            with("MethodsUsedForValidation", "[Mobile SMS]").as_deref(),
            Some("Mobile SMS")
        );
        assert_eq!(with("MethodsUsedForValidation", "[]"), None);
        assert_eq!(with("OnPremisesAgent", "AAD"), None);
    }

    #[test]
    fn methods_may_stand_among_the_changes_of_the_target() {
        let change = |name: &str, new: &str| Modified {
            name: owned(name),
            old: None,
            new: owned(new),
        };
        let audit = Audit {
            targets: vec![Target {
                modified: vec![change("Other", "Fax"), change("MethodsUsed", "[\"Email\"]")],
                ..Target::default()
            }],
            ..Audit::default()
        };
        assert_eq!(methods_used(&audit).as_deref(), Some("Email"));
    }

    #[test]
    fn a_detail_that_names_a_method_says_what_was_registered() {
        let check = |name: &str, expected: &str| {
            let mut audit = audit(METHODS, "", "User registered security info", "success", "");
            audit.additional_details = vec![(name.to_owned(), owned("MobilePhone"))];
            let expected = format!("reportSSPR_RegistrationData_{expected}");
            assert_eq!(registration_activity(&audit), Some(expected.as_str()), "{name}");
        };
        check("AuthenticationMethod", "PrivateMobilePhone");
        check("UserAgent", "LastRegisteredTime");
    }

    #[test]
    fn the_user_is_the_target_and_the_actor_lends_a_name_only_to_himself() {
        let actor = Actor {
            user_id: owned("1"),
            user_principal_name: owned("alice@contoso.com"),
            user_display_name: owned("Alice"),
            ..Actor::default()
        };
        let target = |id: &str, upn: &str| Target {
            resource_type: owned("User"),
            id: owned(id),
            user_principal_name: owned(upn),
            ..Target::default()
        };
        let user = |targets: Vec<Target>| {
            let audit = Audit {
                actor: actor.clone(),
                targets,
                ..Audit::default()
            };
            let (display_name, user_name) = user_of(&audit);
            format!("{} {}", display_name.unwrap_or("-"), user_name.unwrap_or("-"))
        };
        assert_eq!(user(vec![]), "Alice alice@contoso.com");
        assert_eq!(user(vec![target("1", "")]), "Alice alice@contoso.com");
        assert_eq!(
            user(vec![target("", "alice@contoso.com")]),
            "Alice alice@contoso.com"
        );
        assert_eq!(user(vec![target("2", "bob@contoso.com")]), "- bob@contoso.com");
        let group = Target {
            resource_type: owned("Group"),
            ..target("3", "")
        };
        assert_eq!(user(vec![group, target("2", "")]), "- -");
    }

    #[test]
    fn two_without_an_id_or_a_name_are_not_the_same_person() {
        let audit = Audit {
            actor: Actor {
                user_display_name: owned("Alice"),
                ..Actor::default()
            },
            targets: vec![Target {
                resource_type: owned("User"),
                ..Target::default()
            }],
            ..Audit::default()
        };
        assert_eq!(user_of(&audit), (None, None));
    }

    #[test]
    fn the_role_is_the_one_that_the_record_names() {
        let check = |name: &str, expected: Option<&str>| {
            let audit = Audit {
                additional_details: vec![
                    ("OnPremisesAgent".to_owned(), owned("AAD")),
                    (name.to_owned(), owned("User")),
                ],
                ..Audit::default()
            };
            assert_eq!(role(&audit), expected, "{name}");
        };
        check("Role", Some("User"));
        check("userrole", Some("User"));
        check("UserType", None);
    }
}
