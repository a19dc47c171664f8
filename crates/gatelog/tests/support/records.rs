//! Records as Microsoft Graph writes them, with the few members that a test looks at.

use model::time::Timestamp;

/// A directory audit on one line.
pub(crate) fn audit(id: &str, time: &str, activity: &str) -> String {
    audit_by(id, time, activity, "admin@contoso.com", "dora@contoso.com")
}

/// The same, with who did it to whom.
pub(crate) fn audit_by(id: &str, time: &str, activity: &str, actor: &str, target: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"{id}","category":"UserManagement","correlationId":"6cd6b1d5-0000-4000-8000-000000000001","#,
            r#""result":"success","resultReason":"","activityDisplayName":"{activity}","activityDateTime":"{time}","#,
            r#""loggedByService":"Core Directory","operationType":"Update","initiatedBy":{{"app":null,"user":{{"#,
            r#""id":"11111111-0000-4000-8000-000000000001","displayName":"Ada Admin","userPrincipalName":"{actor}","#,
            r#""ipAddress":"203.0.113.7"}}}},"targetResources":[{{"id":"22222222-0000-4000-8000-000000000002","#,
            r#""displayName":"Dora Doe","type":"User","userPrincipalName":"{target}","modifiedProperties":[]}}],"#,
            r#""additionalDetails":[]}}"#
        ),
        id = id,
        activity = activity,
        time = time,
        actor = actor,
        target = target,
    )
}

/// A sign-in on one line; error code 0 is a success.
pub(crate) fn sign_in(id: &str, time: &str, user: &str, app: &str, error_code: u32) -> String {
    format!(
        concat!(
            r#"{{"id":"{id}","createdDateTime":"{time}","userDisplayName":"Dora Doe","userPrincipalName":"{user}","#,
            r#""userId":"22222222-0000-4000-8000-000000000002","appId":"c44b4083-3bb0-49c1-b47d-974e53cbdf3c","#,
            r#""appDisplayName":"{app}","ipAddress":"203.0.113.9","clientAppUsed":"Browser","isInteractive":true,"#,
            r#""status":{{"errorCode":{error_code},"failureReason":"Other."}},"#,
            r#""location":{{"city":"Ghent","state":"East Flanders","countryOrRegion":"BE"}}}}"#
        ),
        id = id,
        time = time,
        user = user,
        app = app,
        error_code = error_code,
    )
}

/// Now, as the tests' machine has it.
#[allow(clippy::disallowed_methods)] // The default window is measured from the machine's own clock.
pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_unix_seconds(i64::try_from(since_1970.as_secs()).unwrap())
}

/// So many days before now.
pub(crate) fn days_ago(days: i64) -> String {
    now().plus_days(-days).to_string()
}

/// So many seconds before now.
pub(crate) fn seconds_ago(seconds: i64) -> String {
    Timestamp::from_unix_seconds(now().unix_seconds() - seconds).to_string()
}
