//! The security log of Windows, as the tools for EVTX files write it in JSON: people at their machines, and what is done to
//! accounts and groups on the domain controller. The data are those of Microsoft's page on each event.

use super::{Elsewhere, KEY_WINDOWS, Scene, account_name, later, short_domain, texts, working_hour};
use crate::chance::Chance;
use crate::people::{Cast, Person};
use crate::places::{Network, address};
use model::json::ObjectWriter;
use model::time::Timestamp;

/// One event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    kind: Kind,
    person: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 4624, at the desk.
    SignIn,
    /// 4624, by remote desktop.
    RemoteSignIn,
    /// 4625.
    WrongPassword,
    /// 4740.
    LockedOut,
    /// 4767.
    Unlocked,
    /// 4723.
    ChangedPassword,
    /// 4724.
    PasswordReset,
    /// 4728.
    AddedToGroup,
    /// 4729.
    RemovedFromGroup,
    /// 4725.
    Disabled,
    /// 4722.
    Enabled,
}

const SECURITY_GROUPS: &[&str] = &["File Share Finance", "Printers 2nd Floor", "Remote Desktop Users"];
const LOCAL_SYSTEM: &str = "S-1-5-18";
const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
const PROVIDER_ID: &str = "{54849625-5478-4994-a5ba-3e3b0328c30d}";
const SUCCESS: &str = "0x8020000000000000";
const FAILURE: &str = "0x8010000000000000";

/// One person of eight has a machine whose log is collected.
pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    for number in (3..cast.people.len() as u32).step_by(8) {
        let chance = &mut Chance::of(seed, &[KEY_WINDOWS, u64::from(number), day as u64]);
        let Some(mut time) = working_hour(seed, cast, number, day, chance) else {
            continue;
        };
        let mut put = |time: Timestamp, kind: Kind| {
            moments.push((time, Elsewhere::Windows(Act { kind, person: number })));
        };
        if chance.in_thousand(60) {
            let tries = *chance.weighted(&[(70, 1), (25, 2), (5, 5)]);
            for _ in 0..tries {
                put(time, Kind::WrongPassword);
                time = later(time, chance, 4, 25);
            }
            if tries == 5 {
                put(time, Kind::LockedOut);
                time = later(time, chance, 300, 2_000);
                put(time, Kind::Unlocked);
                time = later(time, chance, 30, 200);
            }
        }
        put(
            time,
            if chance.in_thousand(150) {
                Kind::RemoteSignIn
            } else {
                Kind::SignIn
            },
        );
        let seldom = match chance.below(1_000) {
            0..14 => Kind::ChangedPassword,
            14..24 => Kind::PasswordReset,
            24..36 => Kind::AddedToGroup,
            36..42 => Kind::RemovedFromGroup,
            42..46 => Kind::Disabled,
            46..50 => Kind::Enabled,
            _ => continue,
        };
        put(later(time, chance, 60, 9_000), seldom);
    }
}

/// The record.
pub(super) fn write(scene: &Scene<'_>, act: Act, chance: &mut Chance) -> Vec<u8> {
    let person = scene.person(act.person);
    let domain = short_domain(scene.domain);
    let machine = person.desktop_name.replace("MAC-", "PC-");
    let at_machine = format!("{machine}.{}", scene.domain);
    let at_controller = format!("DC01.{}", scene.domain);
    let (event, task, keywords, computer) = match act.kind {
        Kind::SignIn => (4624, 12_544, SUCCESS, at_machine),
        Kind::RemoteSignIn => (4624, 12_544, SUCCESS, format!("TS01.{}", scene.domain)),
        Kind::WrongPassword => (4625, 12_544, FAILURE, at_machine),
        Kind::LockedOut => (4740, 13_824, SUCCESS, at_controller),
        Kind::Unlocked => (4767, 13_824, SUCCESS, at_controller),
        Kind::ChangedPassword => (4723, 13_824, SUCCESS, at_controller),
        Kind::PasswordReset => (4724, 13_824, SUCCESS, at_controller),
        Kind::Disabled => (4725, 13_824, SUCCESS, at_controller),
        Kind::Enabled => (4722, 13_824, SUCCESS, at_controller),
        Kind::AddedToGroup => (4728, 13_826, SUCCESS, at_controller),
        Kind::RemovedFromGroup => (4729, 13_826, SUCCESS, at_controller),
    };
    let data = data(scene, act, person, (&domain, &machine), chance);
    let attributes =
        |members: &[(&str, Option<&str>)]| ObjectWriter::new().raw("#attributes", &texts(members)).finish();
    let system = ObjectWriter::new()
        .raw(
            "Provider",
            &attributes(&[("Name", Some(PROVIDER)), ("Guid", Some(PROVIDER_ID))]),
        )
        .integer("EventID", Some(event))
        .integer("Version", Some(0))
        .integer("Level", Some(0))
        .integer("Task", Some(task))
        .integer("Opcode", Some(0))
        .text("Keywords", Some(keywords))
        .raw(
            "TimeCreated",
            &attributes(&[("SystemTime", Some(&scene.time.to_string()))]),
        )
        .integer("EventRecordID", Some(chance.between(100_000, 99_999_999)))
        .text("Channel", Some("Security"))
        .text("Computer", Some(&computer))
        .finish();
    let event = ObjectWriter::new()
        .raw("System", &system)
        .raw("EventData", &data)
        .finish();
    ObjectWriter::new().raw("Event", &event).finish()
}

fn data(
    scene: &Scene<'_>,
    act: Act,
    person: &Person,
    (domain, machine): (&str, &str),
    chance: &mut Chance,
) -> Vec<u8> {
    let name = account_name(person);
    let sid = sid_of(scene.seed, u64::from(act.person));
    let own_machine = format!("{machine}$");
    let logon = format!("{:#x}", chance.between(0x1_0000, 0xffff_ffff));
    let target = [
        ("TargetUserName", Some(name)),
        ("TargetDomainName", Some(domain)),
        ("TargetSid", Some(sid.as_str())),
    ];
    let number = scene.administrator(chance);
    let administrator = scene.person(number);
    let by_sid = sid_of(scene.seed, u64::from(number));
    let by_administrator = [
        ("SubjectUserSid", Some(by_sid.as_str())),
        ("SubjectUserName", Some(account_name(administrator))),
        ("SubjectDomainName", Some(domain)),
        ("SubjectLogonId", Some(logon.as_str())),
    ];
    let by_system = [
        ("SubjectUserSid", Some(LOCAL_SYSTEM)),
        ("SubjectUserName", Some(own_machine.as_str())),
        ("SubjectDomainName", Some(domain)),
        ("SubjectLogonId", Some("0x3e7")),
    ];
    match act.kind {
        Kind::SignIn | Kind::RemoteSignIn | Kind::WrongPassword => {
            let remote = act.kind == Kind::RemoteSignIn;
            let from = if remote {
                address(Network::Home, person.city, act.person, chance)
            } else {
                "-".to_owned()
            };
            let user_sid = if act.kind == Kind::WrongPassword {
                "S-1-0-0"
            } else {
                &sid
            };
            let mut members = by_system.to_vec();
            members.extend([
                ("TargetUserSid", Some(user_sid)),
                ("TargetUserName", Some(name)),
                ("TargetDomainName", Some(domain)),
            ]);
            if act.kind == Kind::WrongPassword {
                members.extend([
                    ("Status", Some("0xc000006d")),
                    ("FailureReason", Some("%%2313")),
                    ("SubStatus", Some("0xc000006a")),
                ]);
            } else {
                members.push(("TargetLogonId", Some(&logon)));
            }
            members.extend([
                ("LogonType", Some(if remote { "10" } else { "2" })),
                ("LogonProcessName", Some("User32 ")),
                ("AuthenticationPackageName", Some("Negotiate")),
                ("WorkstationName", Some(machine)),
                ("IpAddress", Some(&from)),
                ("IpPort", Some(if remote { "0" } else { "-" })),
            ]);
            texts(&members)
        }
        Kind::LockedOut => {
            let members = [
                ("TargetUserName", Some(name)),
                ("TargetDomainName", Some(machine)),
                ("TargetSid", Some(sid.as_str())),
            ];
            texts(&[&members[..], &by_system[..]].concat())
        }
        Kind::ChangedPassword => {
            let by_oneself = [
                ("SubjectUserSid", Some(sid.as_str())),
                ("SubjectUserName", Some(name)),
                ("SubjectDomainName", Some(domain)),
                ("SubjectLogonId", Some(logon.as_str())),
                ("PrivilegeList", Some("-")),
            ];
            texts(&[&target[..], &by_oneself[..]].concat())
        }
        Kind::PasswordReset | Kind::Disabled | Kind::Enabled | Kind::Unlocked => {
            texts(&[&target[..], &by_administrator[..]].concat())
        }
        Kind::AddedToGroup | Kind::RemovedFromGroup => {
            let group = chance.below(SECURITY_GROUPS.len() as u64);
            let group_sid = sid_of(scene.seed, 1_000_000 + group);
            let member = format!(
                "CN={},OU=Staff,{}",
                person.display_name,
                distinguished(scene.domain)
            );
            let members = [
                ("MemberName", Some(member.as_str())),
                ("MemberSid", Some(sid.as_str())),
                ("TargetUserName", Some(SECURITY_GROUPS[group as usize])),
                ("TargetDomainName", Some(domain)),
                ("TargetSid", Some(group_sid.as_str())),
            ];
            texts(
                &[
                    &members[..],
                    &by_administrator[..],
                    &[("PrivilegeList", Some("-"))],
                ]
                .concat(),
            )
        }
    }
}

/// The security identifier of somebody or something of the domain.
fn sid_of(seed: u64, number: u64) -> String {
    let chance = &mut Chance::of(seed, &[KEY_WINDOWS, u64::MAX]);
    let part = |chance: &mut Chance| chance.between(100_000_000, 4_294_967_295);
    format!(
        "S-1-5-21-{}-{}-{}-{}",
        part(chance),
        part(chance),
        part(chance),
        1_100 + number
    )
}

/// `DC=contoso,DC=example`
fn distinguished(domain: &str) -> String {
    let parts: Vec<String> = domain.split('.').map(|part| format!("DC={part}")).collect();
    parts.join(",")
}
