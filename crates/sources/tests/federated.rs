//! Who asked for the credentials of a sign-in, as far as records say so.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{one, sign_in};
use serde_json::{Value, json};

fn check(record: &Value, expected: Option<bool>) {
    let understood = one(&record.to_string());
    assert_eq!(sign_in(&understood).is_federated, expected, "{record}");
}

/// A sign-in of Microsoft Graph with more members.
fn graph(more: &Value) -> Value {
    let mut record = json!({
        "id": "eeae5d3b-8132-43bf-8b24-d98f405a2900", "createdDateTime": "2026-05-17T12:00:00Z",
        "userPrincipalName": "ann@contoso.example", "status": {"errorCode": 0},
    });
    let members = record.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    record
}

#[test]
fn entra_says_who_issued_the_token() {
    check(&graph(&json!({})), None);
    check(&graph(&json!({"tokenIssuerType": ""})), None);
    check(&graph(&json!({"tokenIssuerType": "AzureAD"})), Some(false));
    check(
        &graph(&json!({"tokenIssuerType": "ADFederationServices"})),
        Some(true),
    );
    check(
        &graph(&json!({"tokenIssuerType": "ADFederationServicesMFAAdapter"})),
        Some(true),
    );
    check(&graph(&json!({"tokenIssuerType": "NPSExtension"})), None);
}

#[test]
fn a_federated_step_counts_although_entra_issued_the_token() {
    let steps = |method: &str, detail: &str| {
        graph(&json!({"tokenIssuerType": "AzureAD", "authenticationDetails": [
            {"authenticationMethod": method, "authenticationMethodDetail": detail, "succeeded": true},
        ]}))
    };
    check(&steps("Password", "Password in the cloud"), Some(false));
    check(&steps("Password", "Federated"), Some(true));
    check(&steps("Federated", ""), Some(true));
}

#[test]
fn azure_monitor_says_the_same_and_the_log_of_ad_fs_by_its_name() {
    let azure = |category: &str, issuer: &str| {
        json!({
            "time": "2026-05-17T12:00:01Z", "operationName": "Sign-in activity", "category": category, "resultType": "0",
            "properties": {"id": "eeae5d3b-8132-43bf-8b24-d98f405a2900", "createdDateTime": "2026-05-17T12:00:00Z",
                "userPrincipalName": "ann@contoso.example", "status": {"errorCode": 0}, "tokenIssuerType": issuer},
        })
    };
    check(&azure("SignInLogs", "AzureAD"), Some(false));
    check(&azure("SignInLogs", "ADFederationServices"), Some(true));
    check(&azure("ADFSSignInLogs", ""), Some(true));
}

#[test]
fn log_analytics_and_the_downloaded_table_say_the_same() {
    check(
        &json!({"Type": "SigninLogs", "Id": "eeae5d3b-8132-43bf-8b24-d98f405a2900", "CreatedDateTime": "2026-05-17T12:00:00Z",
            "UserPrincipalName": "ann@contoso.example", "ResultType": "0", "TokenIssuerType": "ADFederationServices",
            "Category": "SignInLogs", "OperationName": "Sign-in activity"}),
        Some(true),
    );
    let table = include_str!("fixtures/portal_sign_ins.csv");
    let understood = common::read(table.as_bytes());
    let sources::Understanding::Event(first) = &understood[0].understanding else {
        panic!("{understood:?}")
    };
    let issuer = first.original.windows(7).any(|word| word == b"AzureAD");
    assert!(issuer, "the fixture says so");
    assert_eq!(sign_in(first).is_federated, Some(false));
}

#[test]
fn google_says_by_which_way() {
    let google = |way: &str| {
        json!({
            "kind": "admin#reports#activity",
            "id": {"time": "2026-05-17T12:00:00Z", "uniqueQualifier": "1", "applicationName": "login", "customerId": "C1"},
            "actor": {"email": "ann@contoso.example", "profileId": "1"}, "ipAddress": "203.0.113.7",
            "events": [{"type": "login", "name": "login_success", "parameters": [{"name": "login_type", "value": way}]}],
        })
    };
    check(&google("saml"), Some(true));
    check(&google("google_password"), Some(false));
    check(&google("unknown"), None);
}

#[test]
fn keycloak_names_the_other_provider() {
    let keycloak = |details: Value| {
        json!({
            "id": "1", "time": 1_779_019_200_000_i64, "type": "LOGIN", "realmId": "contoso", "clientId": "portal",
            "userId": "u-1", "sessionId": "s-1", "ipAddress": "203.0.113.7", "details": details,
        })
    };
    check(&keycloak(json!({"username": "ann"})), None);
    check(
        &keycloak(json!({"username": "ann", "identity_provider": "azure"})),
        Some(true),
    );
}
