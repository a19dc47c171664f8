//! A request as MIM writes it into its log. The members are those of the public samples about persons; what requests of
//! self-service look like follows documentation alone.

use super::mim::{Act, Kind};
use super::{Scene, account_name, short_domain, texts, thing_id};
use crate::chance::Chance;
use crate::people::Person;
use crate::sign_in_record::array;
use model::json::ObjectWriter;
use model::time::Timestamp;

/// The user in whose name the portal for resets asks.
const ANONYMOUS: &str = "b0b36673-d43b-4cfa-a7a2-aff14fd90522";
const GROUPS: &[&str] = &["Canteen Committee", "Car Pool", "First Aiders", "Photo Club"];
const GATES: &[&str] = &[
    "SMS One-Time Password Gate",
    "Email One-Time Password Gate",
    "QA Gate",
];

/// The request's JSON.
pub(super) fn write(scene: &Scene<'_>, act: Act, id: &str, chance: &mut Chance) -> Vec<u8> {
    let person = scene.person(act.person);
    let domain = short_domain(scene.domain);
    let own = reference(person, &domain);
    let anonymous = texts(&[
        ("HybridObjectID", Some(ANONYMOUS)),
        ("DisplayName", Some("Anonymous User")),
        ("ObjectType", Some("Person")),
    ]);
    let number = chance.below(GROUPS.len() as u64);
    let group_name = GROUPS[number as usize];
    let group = texts(&[
        (
            "HybridObjectID",
            Some(&thing_id(scene.seed, 700 + number).to_string()),
        ),
        ("AccountName", Some(&group_name.replace(' ', ""))),
        ("DisplayName", Some(group_name)),
        ("Domain", Some(&domain)),
        ("ObjectType", Some("Group")),
    ]);
    let gate = chance.word(GATES);
    let gates = array(&[texts(&[("DisplayName", Some(gate))])]);
    let attempt = written(act.committed);
    let text = |name: &str, value: &str, mode: &str| parameter(name, &quoted(value), mode);
    let (creator, target, target_type, operation, parameters) = match act.kind {
        Kind::ResetPassword | Kind::ResetDenied => {
            let parameters = vec![
                text("ResetPassword", "True", "Modify"),
                text("LastResetAttemptTime", &attempt, "Modify"),
            ];
            (&anonymous, &own, "Person", "Put", parameters)
        }
        Kind::RegisterForReset => {
            let parameters = vec![
                text("DisplayName", gate, "Modify"),
                parameter("UserID", &own, "Modify"),
            ];
            (&own, &own, "GateRegistration", "Create", parameters)
        }
        Kind::JoinGroup => (
            &own,
            &group,
            "Group",
            "Put",
            vec![parameter("ExplicitMember", &own, "Add")],
        ),
        Kind::LeaveGroup => {
            let parameters = vec![parameter("ExplicitMember", &own, "Remove")];
            (&own, &group, "Group", "Put", parameters)
        }
        Kind::CreateGroup => {
            let parameters = vec![
                text("DisplayName", group_name, "Modify"),
                parameter("Owner", &own, "Add"),
            ];
            (&own, &group, "Group", "Create", parameters)
        }
    };
    let (verb, name) = match (operation, target_type) {
        ("Create", "Group") => ("Create", group_name),
        (_, "Group") => ("Update to", group_name),
        ("Create", _) => ("Create", gate),
        _ => ("Update to", person.display_name.as_str()),
    };
    let denied = act.kind == Kind::ResetDenied;
    let created = written(act.committed.plus_seconds(-chance.between(1, 20)));
    let mut request = ObjectWriter::new();
    request.text("HybridObjectID", Some(id));
    if !denied {
        request.text("CommittedTime", Some(&attempt));
    }
    request
        .text("CreatedTime", Some(if denied { &attempt } else { &created }))
        .text("ExpirationTime", Some(&written(act.committed.plus_days(30))))
        .raw("Creator", creator)
        .raw("Target", target)
        .text("TargetObjectType", Some(target_type))
        .text(
            "DisplayName",
            Some(&format!("{verb} {target_type}:  '{name}' Request")),
        )
        .text("ObjectType", Some("Request"))
        .text("Operation", Some(operation))
        .text("RequestStatus", Some(if denied { "Denied" } else { "Completed" }))
        .text("ServicePartitionName", Some("mim.contoso.example"));
    if matches!(
        act.kind,
        Kind::ResetPassword | Kind::ResetDenied | Kind::RegisterForReset
    ) {
        request.raw("AuthenticationWorkflowInstance", &gates);
    }
    request.raw("RequestParameter", &array(&parameters)).finish()
}

fn reference(person: &Person, domain: &str) -> Vec<u8> {
    texts(&[
        ("HybridObjectID", Some(&person.id.to_string())),
        ("AccountName", Some(account_name(person))),
        ("DisplayName", Some(&person.display_name)),
        ("Department", Some(person.department.name)),
        ("Domain", Some(domain)),
        ("Email", Some(&person.user_principal_name)),
        ("JobTitle", Some(person.title)),
        ("MailNickname", Some(account_name(person))),
        ("ObjectType", Some("Person")),
    ])
}

/// One thing that the request is to change; the value is JSON.
fn parameter(name: &str, value: &[u8], mode: &str) -> Vec<u8> {
    ObjectWriter::new()
        .text("Calculated", Some("False"))
        .text("PropertyName", Some(name))
        .raw("Value", value)
        .text("Operation", Some("Put"))
        .text("Mode", Some(mode))
        .finish()
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    model::json::write_text(&mut out, text);
    out
}

/// `2026-11-16 16:25:17.680`, in UTC.
fn written(time: Timestamp) -> String {
    time.to_string()
        .replace('T', " ")
        .trim_end_matches('Z')
        .to_owned()
}
