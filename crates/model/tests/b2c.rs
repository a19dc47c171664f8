//! What audits of Azure AD B2C become: rows, and what they add to the counts, by hand.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::event::{Actor, Audit, Event, Facts, Target};
use model::identity::{EventKey, Kind, Vendor};
use model::reports::{self, Face, Rows};
use model::time::Timestamp;
use model::usage::{Member, Tally, UsageDraft, usage};
use serde_json::Value;

const APP: &str = "ADA78934-a6da-4e69-b816-10de0d79db1d";

/// The shape of the example in Microsoft's page on B2C audit logs.
fn audit(activity: &str, result: &str) -> Audit {
    let detail = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    Audit {
        activity: Some(activity.to_owned()),
        category: Some("Authentication".to_owned()),
        result: Some(result.to_owned()),
        logged_by_service: Some("B2C".to_owned()),
        actor: Actor {
            app_id: Some(APP.to_owned()),
            service_principal_name: Some(APP.to_owned()),
            ..Actor::default()
        },
        targets: vec![Target {
            resource_type: Some("User".to_owned()),
            id: Some("22222222-0000-4000-8000-000000000002".to_owned()),
            ..Target::default()
        }],
        additional_details: vec![
            detail("TenantId", "contosob2c.onmicrosoft.example"),
            detail("PolicyId", "B2C_1A_signup_signin"),
            detail("ApplicationId", APP),
            detail("IdentityProviderName", "N/A"),
        ],
        ..Audit::default()
    }
}

fn event(audit: Audit) -> (Event, EventKey) {
    let event = Event {
        vendor: Vendor::Entra,
        vendor_id: Some("B2C_ABCDE_1".to_owned()),
        time: Timestamp::parse_vendor("2019-09-14T18:13:17.0618117Z").unwrap(),
        updated: None,
        tenant: None,
        facts: Facts::Audit(Box::new(audit)),
    };
    (
        event,
        EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, "B2C_ABCDE_1"),
    )
}

/// The event's rows in the reports of B2C, as `report way result`, and what it adds, as `tally application way`.
fn told(audit: Audit) -> (Vec<String>, Vec<String>) {
    let (event, key) = event(audit);
    let mut rows = Vec::new();
    for draft in reports::project(&event, &key) {
        let report = reports::by_number(draft.report).unwrap();
        if report.name.starts_with("b2c") {
            let row: Value = serde_json::from_slice(&draft.json).unwrap();
            let way = row.get("AuthFlowType").or(row.get("MfaType")).unwrap();
            rows.push(format!("{} {way} {}", report.name, row["Result"]).replace('"', ""));
        }
    }
    let is_ours = |draft: &&UsageDraft| {
        [Tally::CustomerAuthentications, Tally::CustomerSecondFactors].contains(&draft.tally)
    };
    let added = usage(&event)
        .iter()
        .filter(is_ours)
        .map(|draft| {
            assert_eq!(draft.amounts, [1, 0, 0]);
            let Member::Named(way) = &draft.member else {
                panic!("{draft:?}")
            };
            format!(
                "{:?} {} {}",
                draft.tally,
                draft.subject.key,
                way.title.as_deref().unwrap()
            )
        })
        .collect();
    (rows, added)
}

fn check(audit: Audit, row: &str, added: &str) {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    assert_eq!(told(audit), (lines(row), lines(added)));
}

fn lower_app(tally: &str, way: &str) -> String {
    format!("{tally} {} {way}", APP.to_lowercase())
}

#[test]
fn what_issues_tokens_is_an_authentication_by_its_flow() {
    for (activity, flow) in [
        ("Issue an id_token to the application", "implicit"),
        ("Issue an access token to the application", "implicit"),
        (
            "Issue an authorization code to the application",
            "confclient-authcode",
        ),
        ("Exchange token", "publicclient-refreshtoken"),
        ("issue a SAML assertion to the application", "saml"),
    ] {
        check(
            audit(activity, "success"),
            &format!("b2cAuthenticationEvent {flow} Success"),
            &lower_app("CustomerAuthentications", flow),
        );
        check(
            audit(activity, "failure"),
            "b2cAuthenticationEvent null Failure",
            "",
        );
    }
}

#[test]
fn a_grant_that_is_named_says_the_flow() {
    for (grant, flow) in [
        ("authorization_code", "confclient-authcode"),
        ("Refresh Token", "publicclient-refreshtoken"),
        ("Hybrid", "hybrid"),
        ("N/A", "publicclient-refreshtoken"),
        ("password", "publicclient-refreshtoken"),
    ] {
        let mut audit = audit("Exchange token", "success");
        audit
            .additional_details
            .push(("GrantType".to_owned(), Some(grant.to_owned())));
        check(
            audit,
            &format!("b2cAuthenticationEvent {flow} Success"),
            &lower_app("CustomerAuthentications", flow),
        );
    }
}

#[test]
fn what_proves_somebody_is_shown_only_where_it_failed() {
    for activity in [
        "Validate local account credentials",
        "Validate user authentication",
        "Federate with an identity provider",
    ] {
        check(audit(activity, "success"), "", "");
        check(
            audit(activity, "failure"),
            "b2cAuthenticationEvent null Failure",
            "",
        );
    }
}

#[test]
fn a_second_factor_is_asked_for_by_message_or_voice() {
    for (activity, way) in [
        ("Send SMS to verify phone number", "SMS"),
        ("Make phone call to verify phone number", "voice"),
    ] {
        check(
            audit(activity, "success"),
            &format!("b2cMfaRequestEvent {way} Success"),
            &lower_app("CustomerSecondFactors", way),
        );
        check(
            audit(activity, "failure"),
            &format!("b2cMfaRequestEvent {way} Failure"),
            "",
        );
    }
    check(audit("Verify phone number", "success"), "", "");
    check(audit("verify one time password", "success"), "", "");
}

#[test]
fn other_services_and_other_activities_of_b2c_are_none() {
    check(audit("Create or update application", "success"), "", "");
    let mut other = audit("Exchange token", "success");
    other.logged_by_service = Some("Core Directory".to_owned());
    check(other, "", "");
    let mut named_by_category = audit("Exchange token", "success");
    named_by_category.logged_by_service = None;
    named_by_category.category = Some("b2c".to_owned());
    check(
        named_by_category,
        "b2cAuthenticationEvent publicclient-refreshtoken Success",
        &lower_app("CustomerAuthentications", "publicclient-refreshtoken"),
    );
    let mut without_result = audit("Exchange token", "success");
    without_result.result = None;
    check(without_result, "b2cAuthenticationEvent null null", "");
}

#[test]
fn a_row_names_who_where_and_by_which_policy() {
    let row = |audit: Audit| -> String {
        let (event, key) = event(audit);
        let report = reports::by_name(Face::Reports, "b2cAuthenticationEvent").unwrap();
        let Rows::Stored(project) = report.rows else {
            panic!("{report:?}")
        };
        String::from_utf8(project(&event, &key).unwrap().json).unwrap()
    };
    assert_eq!(
        row(audit("Issue an id_token to the application", "success")),
        concat!(
            r#"{"EventId":"B2C_ABCDE_1","TimeStamp":"2019-09-14T18:13:17.0618117Z","#,
            r#""ObjectId":"22222222-0000-4000-8000-000000000002","#,
            r#""ApplicationId":"ADA78934-a6da-4e69-b816-10de0d79db1d","PolicyId":"B2C_1A_signup_signin","#,
            r#""AuthFlowType":"implicit","Result":"Success"}"#
        )
    );
    // Without details the application is the actor, and what is not told is null.
    let mut bare = audit("Issue an id_token to the application", "success");
    bare.additional_details.clear();
    bare.targets.clear();
    assert_eq!(
        row(bare),
        concat!(
            r#"{"EventId":"B2C_ABCDE_1","TimeStamp":"2019-09-14T18:13:17.0618117Z","ObjectId":null,"#,
            r#""ApplicationId":"ADA78934-a6da-4e69-b816-10de0d79db1d","PolicyId":null,"#,
            r#""AuthFlowType":"implicit","Result":"Success"}"#
        )
    );
}

/// Parts of days are counted from rows, whole days from tallies: both must say the same of the same event.
#[test]
fn rows_and_tallies_add_the_same() {
    let activities = [
        "Issue an id_token to the application",
        "Exchange token",
        "Validate local account credentials",
        "Send SMS to verify phone number",
        "Make phone call to verify phone number",
        "Verify phone number",
        "Add user",
    ];
    for activity in activities {
        for result in ["success", "failure", "timeout", "0", ""] {
            let (event, key) = event(audit(activity, result));
            let rows = reports::project(&event, &key);
            let drafts = usage(&event);
            for report in reports::ALL {
                let Rows::One(count) = report.rows else { continue };
                let by_row = rows
                    .iter()
                    .filter(|row| row.report == count.rows.number)
                    .find_map(|row| {
                        let row: Value = serde_json::from_slice(&row.json).unwrap();
                        let adds = (count.adds)(&row)?;
                        assert_eq!(adds.time, event.time);
                        Some((adds.subject.to_lowercase(), adds.way.to_owned()))
                    });
                let by_tally = drafts
                    .iter()
                    .find(|draft| draft.tally == count.tally)
                    .map(|draft| {
                        let Member::Named(way) = &draft.member else {
                            panic!("{draft:?}")
                        };
                        (draft.subject.key.clone(), way.title.clone().unwrap())
                    });
                assert_eq!(by_row, by_tally, "{} {activity} {result}", report.name);
            }
        }
    }
}
