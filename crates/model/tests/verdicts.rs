//! The rows that the vendor's verdicts give, against rows written by hand.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::batch::{Subject, subjects};
use model::event::{Event, Facts, Place, RiskDetection, RiskState, Suspect, SuspectKind, Verdict};
use model::identity::{EventKey, Kind, Vendor};
use model::reports;
use model::time::Timestamp;

#[allow(clippy::unnecessary_wraps)] // So that events read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// A verdict about Joe, who signed in from Dresden.
fn detection(event_type: &str, level: &str, state: &str) -> RiskDetection {
    RiskDetection {
        suspect: Suspect {
            kind: SuspectKind::User,
            id: text("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
            user_principal_name: text("joe@contoso.example"),
            display_name: text("Joe Danger"),
            app_id: None,
        },
        event_type: text(event_type),
        verdict: Verdict {
            level: text(level),
            state: text(state),
            detail: text("none"),
        },
        ip_address: text("203.0.113.42"),
        location: Place {
            city: text("Dresden"),
            state: text("Sachsen"),
            country: text("DE"),
            ..Place::default()
        },
        user_agent: text("Mozilla/5.0"),
        malware_name: text("Zeus"),
        activity_time: Some(time("2022-08-22T18:05:06.133Z")),
        detected_time: Some(time("2022-08-23T01:02:03Z")),
        ..RiskDetection::default()
    }
}

const ID: &str = "d9b2d63d-a233-4123-847a-4f5a0d9e2c11";

/// `report: row` for each row that the verdict gives.
fn rows(detection: RiskDetection) -> Vec<String> {
    let event = Event {
        vendor: Vendor::Entra,
        vendor_id: text(ID),
        time: time("2022-08-22T18:05:06.133Z"),
        updated: None,
        tenant: None,
        facts: Facts::RiskDetection(Box::new(detection)),
    };
    let key = EventKey::from_vendor_id(Vendor::Entra, Kind::RiskDetection, ID);
    reports::project(&event, &key)
        .into_iter()
        .map(|row| {
            let evidence: serde_json::Value = serde_json::from_slice(&row.particulars).unwrap();
            assert_eq!(evidence["origin"], "vendor");
            assert_eq!(evidence["detectionId"], ID);
            let report = reports::by_number(row.report).unwrap().name;
            format!("{report}: {}", String::from_utf8(row.json).unwrap())
        })
        .collect()
}

fn check(detection: RiskDetection, expected: &[&str]) {
    assert_eq!(rows(detection), expected);
}

#[test]
fn an_anonymous_address_is_an_unknown_source() {
    check(
        detection("anonymizedIPAddress", "high", "atRisk"),
        &[
            r#"signInsFromUnknownSourcesEvents: {"numberOfSignins":1,"ipAddress":"203.0.113.42","timeOfLastSuccessfulSignIn":"2022-08-22T18:05:06.133Z","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
            r#"allUsersWithAnomalousSignInActivityEvents: {"eventTime":"2022-08-22T18:05:06.133Z","detail":"Anonymous address (Microsoft Entra ID Protection: anonymizedIPAddress, level high, state atRisk); 203.0.113.42; Dresden, Sachsen, DE","reason":"signInsFromUnknownSourcesEvents","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
        ],
    );
}

#[test]
fn a_malicious_address_is_one_with_suspicious_activity() {
    check(
        detection("maliciousIPAddress", "medium", "remediated"),
        &[
            r#"signInsFromIPAddressesWithSuspiciousActivityEvents: {"eventTime":"2022-08-22T18:05:06.133Z","ipAddress":"203.0.113.42","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
            r#"allUsersWithAnomalousSignInActivityEvents: {"eventTime":"2022-08-22T18:05:06.133Z","detail":"Malicious address (Microsoft Entra ID Protection: maliciousIPAddress, level medium, state remediated); 203.0.113.42; Dresden, Sachsen, DE","reason":"signInsFromIPAddressesWithSuspiciousActivityEvents","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
        ],
    );
}

#[test]
fn an_address_of_malicious_software_is_a_possibly_infected_device() {
    check(
        detection("malwareInfectedIPAddress", "low", "atRisk"),
        &[
            r#"signInsFromPossiblyInfectedDevicesEvents: {"deviceIPAddress":"203.0.113.42","lastSignInTime":"2022-08-22T18:05:06.133Z","deviceLocation":"Dresden, Sachsen, DE","client":"Mozilla/5.0","suspectedInfection":"Zeus","latestPotentiallySuspiciousActivity":"2022-08-22T18:05:06.133Z","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
            r#"allUsersWithAnomalousSignInActivityEvents: {"eventTime":"2022-08-22T18:05:06.133Z","detail":"Address linked to malicious software (Microsoft Entra ID Protection: malwareInfectedIPAddress, level low, state atRisk); 203.0.113.42; Dresden, Sachsen, DE","reason":"signInsFromPossiblyInfectedDevicesEvents","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
        ],
    );
}

#[test]
fn atypical_travel_is_irregular_and_suspicious_if_the_level_is_high() {
    let row = |level: &str, class: &str| {
        format!(
            r#"irregularSignInActivityEvents: {{"eventTime":"2022-08-22T18:05:06.133Z","ipAddress":"203.0.113.42","eventClassification":"{class}","device":"Mozilla/5.0","reason":"Atypical travel (Microsoft Entra ID Protection: unlikelyTravel, level {level}, state atRisk)","location":"Dresden, Sachsen, DE","id":"d9b2d63d-a233-4123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}}"#
        )
    };
    let shown = rows(detection("unlikelyTravel", "medium", "atRisk"));
    assert_eq!(shown[0], row("medium", "Irregular"));
    assert!(
        shown[1].starts_with("allUsersWithAnomalousSignInActivityEvents: "),
        "{shown:?}"
    );
    assert_eq!(shown.len(), 2);
    assert_eq!(
        rows(detection("unlikelyTravel", "high", "atRisk"))[0],
        row("high", "Suspicious")
    );
}

#[test]
fn leaked_credentials_are_compromised_and_their_id_is_the_users() {
    check(
        detection("leakedCredentials", "high", "atRisk"),
        &[
            r#"compromisedCredentials: {"eventTime":"2022-08-22T18:05:06.133Z","credentialType":"Password","reason":"Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, state atRisk)","id":"51e26eae-d07b-44e5-bb0b-249f49569a8c","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
        ],
    );
}

#[test]
fn leaked_credentials_of_an_application_name_the_application() {
    let mut leaked = detection("leakedCredentials", "high", "atRisk");
    leaked.suspect = Suspect {
        kind: SuspectKind::ServicePrincipal,
        id: text("4B6986EC-C49C-40C0-89CE-B2AC51213E39"),
        display_name: text("deployer"),
        ..Suspect::default()
    };
    check(
        leaked,
        &[
            r#"compromisedCredentials: {"eventTime":"2022-08-22T18:05:06.133Z","credentialType":"Application credential","reason":"Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, state atRisk)","id":"4b6986ec-c49c-40c0-89ce-b2ac51213e39","displayName":"deployer","userName":null}"#,
        ],
    );
}

#[test]
fn a_password_spray_threatens_a_password_that_is_weak() {
    let row = |report: &str| {
        format!(
            r#"{report}: {{"eventTime":"2022-08-22T18:05:06.133Z","credentialType":"Password","reason":"Password spray (Microsoft Entra ID Protection: passwordSpray, level high, state atRisk)","id":"51e26eae-d07b-44e5-bb0b-249f49569a8c","displayName":"Joe Danger","userName":"joe@contoso.example"}}"#
        )
    };
    assert_eq!(
        rows(detection("passwordSpray", "high", "atRisk")),
        [row("threatenedCredentials"), row("weakCredentials")]
    );
}

#[test]
fn what_the_vendor_took_back_is_shown_nowhere() {
    for state in ["dismissed", "confirmedSafe", "none"] {
        check(detection("leakedCredentials", "high", state), &[]);
        check(detection("unlikelyTravel", "high", state), &[]);
    }
}

#[test]
fn what_is_about_a_person_and_no_sign_in_is_in_no_report_of_sign_ins() {
    let mut about_a_person = detection("generic", "high", "atRisk");
    about_a_person.linked_to = text("user");
    assert_eq!(rows(about_a_person.clone()).len(), 2, "it names an address");
    about_a_person.ip_address = None;
    check(about_a_person.clone(), &[]);
    about_a_person.linked_to = text("signin");
    assert_eq!(rows(about_a_person.clone()).len(), 2);
    about_a_person.linked_to = text("user");
    about_a_person.event_type = text("leakedCredentials");
    assert_eq!(rows(about_a_person).len(), 1);
}

#[test]
fn what_is_no_matter_of_sign_ins_or_credentials_is_shown_nowhere() {
    check(
        detection("mcasSuspiciousInboxManipulationRules", "high", "atRisk"),
        &[],
    );
    check(detection("somethingNew", "high", "atRisk"), &[]);
}

#[test]
fn a_verdict_belongs_to_the_history_of_its_person_and_address() {
    let event = |facts| Event {
        vendor: Vendor::Entra,
        vendor_id: None,
        time: time("2022-08-22T18:05:06Z"),
        updated: None,
        tenant: None,
        facts,
    };
    let about_joe = detection("unlikelyTravel", "low", "atRisk");
    let joe = [
        Subject::person("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
        Subject::person("joe@contoso.example"),
    ];
    let state = RiskState {
        suspect: about_joe.suspect.clone(),
        ..RiskState::default()
    };
    assert_eq!(subjects(&event(Facts::RiskState(Box::new(state)))), joe);
    assert_eq!(
        subjects(&event(Facts::RiskDetection(Box::new(about_joe.clone())))),
        [joe[0].clone(), joe[1].clone(), Subject::address("203.0.113.42")]
    );
    let mut of_an_application = about_joe;
    of_an_application.suspect.kind = SuspectKind::ServicePrincipal;
    assert_eq!(
        subjects(&event(Facts::RiskDetection(Box::new(of_an_application)))),
        [Subject::address("203.0.113.42")]
    );
}

/// The row of a maker's verdict, without the properties that say who and when.
fn reason_of(vendor: Vendor, word: &str) -> Option<(&'static str, String, String)> {
    let event = Event {
        vendor,
        vendor_id: text(ID),
        time: time("2022-08-22T18:05:06.133Z"),
        updated: None,
        tenant: None,
        facts: Facts::RiskDetection(Box::new(detection(word, "high", "atRisk"))),
    };
    let key = EventKey::from_vendor_id(vendor, Kind::RiskDetection, ID);
    let row = reports::project(&event, &key).into_iter().next()?;
    let json: serde_json::Value = serde_json::from_slice(&row.json).unwrap();
    let evidence: serde_json::Value = serde_json::from_slice(&row.particulars).unwrap();
    let said = json["reason"].as_str().unwrap_or_default().to_owned();
    let product = evidence["product"].as_str().unwrap().to_owned();
    Some((reports::by_number(row.report).unwrap().name, said, product))
}

#[test]
fn a_verdict_is_its_makers_and_says_so() {
    let check = |vendor: Vendor, word: &str, report: &str, reason: &str, product: &str| {
        let got = reason_of(vendor, word).unwrap();
        assert_eq!((got.0, got.1.as_str(), got.2.as_str()), (report, reason, product));
    };
    check(
        Vendor::Okta,
        "security.breached_credential.detected",
        "compromisedCredentials",
        "Leaked credentials (Okta: security.breached_credential.detected, level high, state atRisk)",
        "Okta",
    );
    check(
        Vendor::Google,
        "account_disabled_password_leak",
        "compromisedCredentials",
        "Account suspended for a leaked password (Google Workspace: account_disabled_password_leak, level high, state atRisk)",
        "Google Workspace",
    );
    check(
        Vendor::Auth0,
        "pwd_leak",
        "compromisedCredentials",
        "Somebody tried to sign in with a leaked password (Auth0: pwd_leak, level high, state atRisk)",
        "Auth0",
    );
    check(
        Vendor::Auth0,
        "limit_wc",
        "threatenedCredentials",
        "Too many failed sign-ins to one account (Auth0: limit_wc, level high, state atRisk)",
        "Auth0",
    );
}

#[test]
fn the_word_of_one_maker_means_nothing_from_another() {
    assert_eq!(reason_of(Vendor::Entra, "pwd_leak"), None);
    assert_eq!(reason_of(Vendor::Okta, "leakedCredentials"), None);
    assert_eq!(reason_of(Vendor::Google, "pwd_leak"), None);
}
