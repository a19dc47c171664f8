//! AD FS audits, written by us in the shape that the documentation has: no real one was at hand.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{one, refusal};
use model::event::{Facts, SignInKind};
use model::identity::Vendor;
use serde_json::json;
use sources::Choice;

const ACTIVITY: &str = "B1C20000-0000-4000-8000-000000000001";

fn audit_base(result: &str, failure: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<AuditBase xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:type=\"FreshCredentialAudit\"><AuditType>FreshCredentials</AuditType><AuditResult>{result}</AuditResult>\
         <FailureType>{failure}</FailureType><ErrorCode>N/A</ErrorCode><ContextComponents>\
         <Component xsi:type=\"ResourceAuditComponent\"><RelyingParty>urn:contoso:wiki</RelyingParty>\
         <ClaimsProvider>N/A</ClaimsProvider><UserId>CONTOSO\\ann</UserId></Component>\
         <Component xsi:type=\"AuthNAuditComponent\"><DeviceId>N/A</DeviceId><MfaPerformed>true</MfaPerformed>\
         <MfaMethod>AzureMfaAuthentication</MfaMethod></Component>\
         <Component xsi:type=\"RequestAuditComponent\"><AuthProtocol>WSFederation</AuthProtocol>\
         <NetworkLocation>Extranet</NetworkLocation><IpAddress>203.0.113.9,10.0.0.5</IpAddress>\
         <UserAgentString>Mozilla/5.0 &amp; more</UserAgentString><Endpoint>/adfs/ls/</Endpoint></Component>\
         </ContextComponents></AuditBase>"
    )
}

fn as_json(id: i64, data: &[&str]) -> String {
    json!({"Event": {"System": {
        "Provider": {"#attributes": {"Name": "AD FS Auditing"}}, "EventID": id, "Keywords": "0x8020000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": "2024-05-04T10:20:30Z"}}, "EventRecordID": 9, "Channel": "Security",
        "Computer": "fs1.contoso.example"}, "EventData": {"Data": {"#text": data}}}})
    .to_string()
}

fn as_xml(id: i64, data: &[&str]) -> String {
    let data: Vec<String> = data
        .iter()
        .map(|text| {
            format!(
                "<Data>{}</Data>",
                text.replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;")
            )
        })
        .collect();
    let data = data.concat();
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='AD FS Auditing'/>\
         <EventID Qualifiers='0'>{id}</EventID><Keywords>0x8020000000000000</Keywords>\
         <TimeCreated SystemTime='2024-05-04T10:20:30.000000000Z'/><EventRecordID>9</EventRecordID>\
         <Channel>Security</Channel><Computer>fs1.contoso.example</Computer></System><EventData>{data}</EventData></Event>"
    )
}

fn as_winlogbeat(id: i64, data: &[&str]) -> String {
    let data: serde_json::Map<_, _> = data
        .iter()
        .enumerate()
        .map(|(number, text)| (format!("param{}", number + 1), json!(text)))
        .collect();
    json!({"@timestamp": "2024-05-04T10:20:30Z", "message": "The Federation Service validated a new credential.", "winlog": {
        "event_id": id, "channel": "Security", "computer_name": "fs1.contoso.example", "provider_name": "AD FS Auditing",
        "record_id": 9, "keywords": ["Audit Success"], "event_data": data}})
    .to_string()
}

#[test]
fn a_validated_credential_is_a_sign_in_by_every_road() {
    let base = audit_base("Success", "None");
    let data = [ACTIVITY, base.as_str()];
    let first = one(&as_json(1202, &data));
    assert_eq!((first.format, first.event.vendor), ("ad-fs", Vendor::AdFs));
    let Facts::SignIn(sign_in) = &first.event.facts else {
        panic!("{first:?}");
    };
    assert_eq!(sign_in.kind, SignInKind::Interactive);
    let said = [
        &sign_in.user_principal_name,
        &sign_in.ip_address,
        &sign_in.app_display_name,
        &sign_in.client_app,
        &sign_in.user_agent,
        &sign_in.mfa_method,
        &sign_in.correlation_id,
        &sign_in.failure_reason,
        &sign_in.device.id,
    ];
    let said: Vec<&str> = said.iter().map(|text| text.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        said,
        [
            "CONTOSO\\ann",
            "203.0.113.9",
            "urn:contoso:wiki",
            "WSFederation",
            "Mozilla/5.0 & more",
            "AzureMfaAuthentication",
            "b1c20000-0000-4000-8000-000000000001",
            "-",
            "-",
        ]
    );
    assert_eq!((sign_in.error_code, sign_in.mfa_required), (0, Some(true)));
    assert_eq!(sign_in.is_federated, Some(true));
    for other in [as_xml(1202, &data), as_winlogbeat(1202, &data)] {
        let other = one(&other);
        assert_eq!((other.key, other.rank), (first.key, first.rank));
        assert_eq!(other.event.facts, first.event.facts);
    }
}

#[test]
fn each_event_is_what_its_number_says() {
    let check = |id: i64, result: &str, failure: &str, expected: &str| {
        let base = audit_base(result, failure);
        let told = match one(&as_json(id, &[ACTIVITY, &base])).event.facts {
            Facts::SignIn(sign_in) => format!(
                "{} {} {}",
                sign_in.kind.as_str(),
                sign_in.error_code,
                sign_in.failure_reason.as_deref().unwrap_or("-")
            ),
            Facts::Audit(audit) => format!(
                "{} {} by {} on {}",
                audit.activity.as_deref().unwrap(),
                audit.result.as_deref().unwrap(),
                audit.actor.name().unwrap(),
                audit.targets[0].name().unwrap()
            ),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{id}");
    };
    check(1200, "Success", "None", "nonInteractiveUser 0 -");
    check(
        1201,
        "Failure",
        "CAPolicyDenied",
        "nonInteractiveUser 1 CAPolicyDenied",
    );
    check(1202, "Success", "None", "interactiveUser 0 -");
    check(
        1203,
        "Failure",
        "CredentialValidationError",
        "interactiveUser 1 CredentialValidationError",
    );
    check(
        1203,
        "Failure",
        "None",
        "interactiveUser 1 credentials were refused",
    );
    check(
        1204,
        "Success",
        "None",
        "Change user password success by CONTOSO\\ann on CONTOSO\\ann",
    );
    check(
        1205,
        "Failure",
        "None",
        "Change user password failure by CONTOSO\\ann on CONTOSO\\ann",
    );
    check(
        1210,
        "Failure",
        "None",
        "interactiveUser 1 the account is locked out for sign-ins from outside",
    );
}

#[test]
fn an_invalid_token_of_older_servers_is_a_failed_sign_in() {
    let data = [
        ACTIVITY,
        "http://schemas.microsoft.com/ws/2006/05/identitymodel/tokens/UserName",
        "ann-mary@contoso.example-The user name or password is incorrect",
        "System.IdentityModel.Tokens.SecurityTokenValidationException: ann",
        "203.0.113.9,10.0.0.5",
    ];
    let Facts::SignIn(sign_in) = one(&as_xml(411, &data)).event.facts else {
        panic!("no sign-in");
    };
    assert_eq!(
        sign_in.user_principal_name.as_deref(),
        Some("ann-mary@contoso.example")
    );
    assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!(
        sign_in.failure_reason.as_deref(),
        Some("The user name or password is incorrect")
    );
    assert_eq!(sign_in.error_code, 1);
    let user = |text: &str| match one(&as_xml(411, &[ACTIVITY, text])).event.facts {
        Facts::SignIn(sign_in) => sign_in.user_principal_name,
        _ => None,
    };
    assert_eq!(
        user("a@contoso.example - Locked").as_deref(),
        Some("a@contoso.example")
    );
    assert_eq!(user("by a@contoso.example-Locked"), None);
}

/// Looking for the space before each `-` would take 10¹³ steps.
#[test]
fn dashes_of_a_refused_token_cost_no_more_than_their_length() {
    let text = format!("{} a{}", "a".repeat(4 << 20), "-A".repeat(2 << 20));
    let Facts::SignIn(sign_in) = one(&as_json(411, &[ACTIVITY, &text])).event.facts else {
        panic!("no sign-in");
    };
    assert_eq!(sign_in.user_principal_name, None);
}

#[test]
fn the_other_events_are_ignored_by_number_and_one_without_its_xml_is_refused() {
    let check = |id: i64, expected: &str| {
        assert_eq!(refusal(Choice::Auto, &as_json(id, &[ACTIVITY])), expected, "{id}");
    };
    check(403, "ignored: AD FS event 403");
    check(412, "ignored: AD FS event 412");
    check(500, "ignored: AD FS event 500");
    check(
        1206,
        "ignored: AD FS event 1206: a sign-out, which no report shows",
    );
    check(
        1202,
        "rejected: AD FS event 1202 has no <AuditBase>, in which it says who signed in",
    );
}
