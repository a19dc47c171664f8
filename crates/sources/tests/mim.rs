//! Requests of Microsoft Identity Manager: the real ones, outside this repository, and our own. No self-service request was at hand:
//! the fixtures of those are ours, in the shape of the real ones, and UNVERIFIED BY A REAL RECORD.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{one, read, refusal};
use model::batch::FragmentDraft;
use model::event::{Audit, Facts};
use model::identity::Vendor;
use serde_json::{Value, json};
use sources::{Choice, Understanding, Understood, assemble};
use std::path::Path;

const ANN: &str = "5a1d0000-0000-4000-8000-000000000001";
const TEAM: &str = "5a1d0000-0000-4000-8000-00000000000a";

fn person(id: &str, name: &str) -> Value {
    json!({"HybridObjectID": id, "AccountName": name, "DisplayName": format!("{name} of Contoso"), "Domain": "CONTOSO",
           "ObjectType": "Person"})
}

/// A request of Ann's.
fn request(members: &Value) -> Value {
    let mut request = json!({
        "HybridObjectID": "0D1F0000-0000-4000-8000-0000000000FF", "ObjectType": "Request", "Operation": "Put",
        "RequestStatus": "Completed", "CreatedTime": "2024-05-04 10:20:28.100", "CommittedTime": "2024-05-04 10:20:30.417",
        "Creator": person(ANN, "ann"),
    });
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn parameter(name: &str, mode: &str, value: &Value) -> Value {
    json!({"Calculated": "false", "PropertyName": name, "Value": value, "Operation": "Create", "Mode": mode})
}

fn event(request: &Value) -> String {
    json!({"EventID": 4121, "Message": request}).to_string()
}

/// The rows of the reports that show a request, as `report: row`; auditEvents apart.
fn self_service(request: &Value) -> Vec<String> {
    let draft = one(&event(request)).draft();
    let mut rows = Vec::new();
    for row in draft.rows {
        let report = model::reports::by_number(row.report).unwrap().name;
        if report != "auditEvents" {
            rows.push(format!("{report}: {}", String::from_utf8(row.json).unwrap()));
        }
    }
    rows
}

fn audit(understood: Understood) -> Audit {
    assert_eq!((understood.format, understood.event.vendor), ("mim", Vendor::Mim));
    match understood.event.facts {
        Facts::Audit(audit) => *audit,
        other => panic!("{other:?}"),
    }
}

/// Unverified by a real record.
#[test]
fn a_reset_by_the_portal_or_by_oneself_is_self_service_and_one_by_an_administrator_is_not() {
    let reset = |creator: Value, status: &str, reason: &str| {
        request(&json!({
            "Creator": creator, "Target": person(ANN, "ann"), "TargetObjectType": "Person", "RequestStatus": status,
            "Reason": reason, "AuthenticationWorkflowInstance": {"DisplayName": "Password Reset: QA gate, SMS gate"},
            "RequestParameter": [parameter("ResetPassword", "Modify", &json!("true"))],
        }))
    };
    let row = |result: &str, details: &str| {
        format!(
            "mimSsprActivityEvents: {{\"eventTime\":\"2024-05-04T10:20:30.417Z\",\"role\":null,\
             \"methodsUsed\":\"Security Questions + Mobile Phone\",\"result\":\"reportSSPR_ResultType_{result}\",\
             \"details\":\"{details}\",\"id\":\"0d1f0000-0000-4000-8000-0000000000ff\",\
             \"displayName\":\"ann of Contoso\",\"userName\":\"CONTOSO\\\\ann\"}}"
        )
    };
    let anonymous =
        json!({"HybridObjectID": "b0b36673-d43b-4cfa-a7a2-aff14fd90522", "DisplayName": "Anonymous User"});
    let done = row("Succeeded", "Reset user password");
    assert_eq!(
        self_service(&reset(anonymous.clone(), "Completed", "")),
        std::slice::from_ref(&done)
    );
    assert_eq!(self_service(&reset(person(ANN, "ann"), "Completed", "")), [done]);
    assert_eq!(
        self_service(&reset(anonymous, "Denied", "The user is locked out")),
        [row("Block", "The user is locked out")]
    );
    assert_eq!(
        self_service(&reset(person("77", "admin"), "Completed", "")),
        Vec::<String>::new()
    );
}

/// Unverified by a real record.
#[test]
fn a_registration_at_a_gate_is_self_service() {
    let registered = request(&json!({
        "Operation": "Create", "TargetObjectType": "GateRegistration",
        "Target": {"HybridObjectID": "9", "ObjectType": "GateRegistration", "DisplayName": "SMS gate of ann"},
        "RequestParameter": [parameter("UserID", "Modify", &json!(ANN))],
    }));
    assert_eq!(
        self_service(&registered),
        [
            "mimSsprRegistrationActivityEvents: {\"eventTime\":\"2024-05-04T10:20:30.417Z\",\"role\":null,\
             \"registrationActivity\":\"reportSSPR_RegistrationData_PrivateMobilePhone\",\
             \"id\":\"0d1f0000-0000-4000-8000-0000000000ff\",\"displayName\":\"ann of Contoso\",\
             \"userName\":\"CONTOSO\\\\ann\"}"
        ]
    );
}

/// Unverified by a real record.
#[test]
fn joining_leaving_and_making_a_group_is_self_service_and_putting_others_in_is_not() {
    let group = |operation: &str, parameters: Value| {
        request(&json!({
            "Operation": operation, "TargetObjectType": "Group",
            "Target": {"HybridObjectID": TEAM, "ObjectType": "Group", "DisplayName": "Team"},
            "RequestParameter": parameters,
        }))
    };
    let row = |action: &str| {
        format!(
            "mimSsgmGroupActivityEvents: {{\"id\":\"0d1f0000-0000-4000-8000-0000000000ff\",\
             \"eventTime\":\"2024-05-04T10:20:30.417Z\",\"group\":\"Team\",\"action\":\"{action}\"}}"
        )
    };
    let check = |request: Value, expected: &[String]| assert_eq!(self_service(&request), expected);
    let member = |mode: &str, value: &Value| json!([parameter("ExplicitMember", mode, value)]);
    check(
        group("Put", member("Add", &person(ANN, "ann"))),
        &[row("Add member to group")],
    );
    check(
        group("Put", member("Remove", &person(ANN, "ann"))),
        &[row("Remove member from group")],
    );
    // The fragment that was seen has the value as text of a list.
    let as_text = Value::from(json!([person(ANN, "ann")]).to_string());
    check(
        group("Put", member("Add", &as_text)),
        &[row("Add member to group")],
    );
    check(group("Create", json!([])), &[row("Add group")]);
    check(group("Delete", json!([])), &[row("Delete group")]);
    check(group("Put", member("Add", &person("7", "bob"))), &[]);
    check(
        group("Put", json!([parameter("Description", "Modify", &json!("x"))])),
        &[],
    );
}

#[test]
fn every_request_is_an_audit_of_the_mim_service_with_the_old_words() {
    let check = |members: Value, activity: &str, target: &str| {
        let audit = audit(one(&event(&request(&members))));
        assert_eq!(audit.activity.as_deref(), Some(activity));
        assert_eq!(audit.targets[0].name(), Some(target));
        assert_eq!(audit.actor.name(), Some("CONTOSO\\ann"));
        assert_eq!(audit.logged_by_service.as_deref(), Some("MIM Service"));
    };
    check(
        json!({"Operation": "Create", "TargetObjectType": "Person", "Target": person("7", "bob")}),
        "Add user",
        "CONTOSO\\bob",
    );
    check(
        json!({"Target": person("7", "bob")}),
        "Update user",
        "CONTOSO\\bob",
    );
    check(
        json!({"Operation": "Delete", "Target": "7", "DisplayName": "Delete Group:  'It's Team' Request"}),
        "Delete group",
        "It's Team",
    );
    check(
        json!({"Operation": "Put", "TargetObjectType": "Group", "Target": {"HybridObjectID": TEAM, "ObjectType": "Group"},
               "RequestParameter": [parameter("ExplicitMember", "Add", &person("7", "bob"))]}),
        "Add member to group",
        "CONTOSO\\bob",
    );
    check(
        json!({"Operation": "Create", "TargetObjectType": "Set", "Target": {"HybridObjectID": "8", "DisplayName": "All"}}),
        "Create Set",
        "All",
    );
}

#[test]
fn a_request_says_how_it_ended_and_when_whichever_time_it_has() {
    let check = |members: Value, result: Option<&str>, time: &str| {
        let mut request = request(&members);
        request
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let understood = one(&event(&request));
        assert_eq!(understood.event.time.to_string(), time);
        assert_eq!(audit(understood).result.as_deref(), result);
    };
    check(json!({}), Some("success"), "2024-05-04T10:20:30.417Z");
    check(
        json!({"CommittedTime": "5/4/2024 4:24:04 PM"}),
        Some("success"),
        "2024-05-04T16:24:04Z",
    );
    check(
        json!({"RequestStatus": "Denied", "CommittedTime": null}),
        Some("failure"),
        "2024-05-04T10:20:28.1Z",
    );
    check(
        json!({"RequestStatus": "Authorizing", "CommittedTime": null}),
        None,
        "2024-05-04T10:20:28.1Z",
    );
}

#[test]
fn secrets_of_a_request_do_not_go_into_rows() {
    let audit = audit(one(&event(&request(&json!({
        "Target": person("7", "bob"),
        "RequestParameter": [parameter("msidmMFAPINCode", "Modify", &json!("4711")), parameter("City", "Modify", &json!("Bern"))],
    })))));
    let told: Vec<_> = audit.targets[0]
        .modified
        .iter()
        .map(|changed| changed.new.as_deref().unwrap())
        .collect();
    assert_eq!(told, ["(not shown)", "Bern"]);
}

#[test]
fn what_is_no_request_says_so() {
    let check = |message: Value, expected: &str| {
        let record = json!({"EventID": 4121, "Message": message}).to_string();
        let got = refusal(Choice::Auto, &record);
        assert!(got.starts_with(expected), "{got}");
    };
    check(
        json!({"a": 1}),
        "rejected: it is no request: it has no `HybridObjectID`",
    );
    check(
        json!("nothing"),
        "rejected: the event of the Identity Manager Request Log has neither",
    );
    check(
        json!({"HybridObjectID": "1", "CreatedTime": "yesterday"}),
        "rejected: its `CreatedTime` `yesterday` is no time",
    );
    check(
        json!({"HybridObjectID": "1"}),
        "rejected: the request does not say when it happened",
    );
    check(
        json!("Request '0d1f0000-0000-4000-8000-0000000000ff', message 3 out of 2: \nx"),
        "rejected: part 3 of 2 of the request 0d1f0000",
    );
}

/// The text of a request, cut into parts, as events of the log.
fn parts_of(request: &Value, ends: &[usize]) -> Vec<String> {
    let text: Vec<char> = request.to_string().chars().collect();
    let mut bounds = vec![0];
    bounds.extend(ends.iter().copied());
    bounds.push(text.len());
    let parts = bounds.len() - 1;
    bounds
        .windows(2)
        .enumerate()
        .map(|(number, range)| {
            let chunk: String = text[range[0]..range[1]].iter().collect();
            format!(
                "Request '0D1F0000-0000-4000-8000-0000000000ff', message {} out of {parts}: \n{chunk}",
                number + 1
            )
        })
        .collect()
}

fn fragment(input: &str) -> FragmentDraft {
    let mut records = read(input.as_bytes());
    assert_eq!(records.len(), 1, "{records:?}");
    match records.remove(0).understanding {
        Understanding::Fragment(fragment) => *fragment,
        other => panic!("{input}: {other:?}"),
    }
}

fn as_xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft.IdentityManagement.Service'/><EventID Qualifiers='0'>4137</EventID>\
         <TimeCreated SystemTime='2024-05-04T10:20:31.0000000Z'/><EventRecordID>5</EventRecordID>\
         <Channel>Identity Manager Request Log</Channel><Computer>mim.contoso.example</Computer></System>\
         <EventData><Data>{text}</Data></EventData></Event>"
    )
}

fn as_winlogbeat(text: &str) -> String {
    json!({"@timestamp": "2024-05-04T10:20:31Z", "message": text, "winlog": {
        "event_id": 4137, "channel": "Identity Manager Request Log", "computer_name": "mim.contoso.example",
        "provider_name": "Microsoft.IdentityManagement.Service", "record_id": 5, "event_data": {"param1": text}}})
    .to_string()
}

#[test]
fn a_request_in_parts_is_the_request_by_whichever_road_each_part_came() {
    // A part ends within an escape, one at spaces within a text, one is empty.
    let request = request(
        &json!({"Target": person("7", "bob"), "Justification": "a  b \\\" ü < & c", "TargetObjectType": "Person"}),
    );
    let text = request.to_string();
    let cut = text.chars().collect::<String>().find("a  b").unwrap() + 2;
    let whole = one(&event(&request));
    let texts = parts_of(&request, &[cut, cut + 4, cut + 4]);
    let roads: [fn(&str) -> String; 3] = [
        |text| json!({"EventID": 4137, "Message": text}).to_string(),
        as_xml,
        as_winlogbeat,
    ];
    let mut parts = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let fragment = fragment(&roads[number % roads.len()](text));
        assert_eq!((fragment.part, fragment.parts), (number as u32 + 1, 4));
        assert_eq!(
            (fragment.whole.as_str(), fragment.format),
            ("0d1f0000-0000-4000-8000-0000000000ff", "mim")
        );
        parts.push(fragment.original);
    }
    let Some(Understanding::Event(assembled)) = assemble("mim", &parts) else {
        panic!("the parts are no request: {:?}", assemble("mim", &parts));
    };
    assert_eq!((assembled.key, assembled.rank), (whole.key, whole.rank));
    assert_eq!(assembled.event, whole.event);
    let Some(Understanding::Event(again)) = sources::understand(&Choice::Auto, assembled.original) else {
        panic!("the original of an assembled request is not understood");
    };
    assert_eq!(again.key, whole.key);
}

#[test]
fn parts_that_make_no_request_say_what_is_wrong() {
    let texts = parts_of(&request(&json!({})), &[10]);
    let part = |text: &str| json!({"EventID": 4137, "Message": text}).to_string().into_bytes();
    let Some(Understanding::Rejected { reason, original }) =
        assemble("mim", &[part(&texts[1]), part(&texts[0])])
    else {
        panic!("the wrong order makes a request");
    };
    assert!(reason.starts_with("its parts together are no JSON: "), "{reason}");
    assert!(!original.is_empty());
    assert!(assemble("nobody", &[part(&texts[0])]).is_none());
}

#[test]
fn other_events_of_the_log_are_ignored_and_those_of_other_logs_are_not_mims() {
    let other = as_xml("x").replace(">4137<", ">4");
    let other = other.replace(">4/EventID", ">4</EventID");
    assert_eq!(
        refusal(Choice::Auto, &other),
        "ignored: Windows event 4 of Identity Manager Request Log"
    );
    let foreign = as_xml("x")
        .replace("Identity Manager Request Log", "Application")
        .replace("Microsoft.IdentityManagement.Service", "x");
    assert_eq!(
        refusal(Choice::Auto, &foreign),
        "ignored: Windows event 4137 of Application"
    );
}

/// Expected by hand from the file: three whole requests about persons, and something of a fourth.
#[test]
#[allow(clippy::print_stderr)] // A skipped test says so.
fn the_real_records_are_three_audits_without_self_service_and_a_part_of_an_unknown_request() {
    let Some(folder) = std::env::var_os("GATELOG_SAMPLES") else {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == "samples"),
            "GATELOG_SAMPLES is not set"
        );
        eprintln!("skipped: set GATELOG_SAMPLES to the folder with the real records (mim)");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = std::fs::read(root.join(folder).join("mim/mim_4121.jsonl")).unwrap();
    let mut told = Vec::new();
    for record in read(&bytes) {
        match record.understanding {
            Understanding::Event(understood) => {
                let time = understood.event.time;
                let rows = understood.clone_rows();
                let audit = audit(*understood);
                told.push(format!(
                    "{time} {} {} {} {} {rows}",
                    audit.activity.as_deref().unwrap(),
                    audit.actor.name().unwrap(),
                    audit.targets[0].name().unwrap(),
                    audit.result.as_deref().unwrap(),
                ));
            }
            Understanding::Fragment(part) => {
                assert!(part.whole.starts_with("unknown-"), "{part:?}");
                told.push(format!("part {} of {}", part.part, part.parts));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        told,
        [
            "2022-11-16T16:25:17.68Z Add user DAVRISLABS\\dhodge-admin DAVRISLABS\\bvilla2 success auditEvents",
            "2022-11-16T16:50:44.233Z Update user DAVRISLABS\\dhodge-admin DAVRISLABS\\bvilla2 success auditEvents",
            "2022-11-16T16:24:04Z Delete user DAVRISLABS\\dhodge-admin Villa, Bob success auditEvents",
            "part 1 of 0",
        ]
    );
}

trait Rows {
    fn clone_rows(&self) -> String;
}

impl Rows for Understood {
    /// The reports that show the event.
    fn clone_rows(&self) -> String {
        let rows = model::reports::project(&self.event, &self.key);
        let names: Vec<&str> = rows
            .iter()
            .map(|row| model::reports::by_number(row.report).unwrap().name)
            .collect();
        names.join(" ")
    }
}
