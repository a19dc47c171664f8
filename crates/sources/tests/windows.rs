//! Windows events by every road: each in the shape in which a program writes it, with expectations written by hand.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;
#[path = "common/windows.rs"]
mod event;

use common::{one, read, refusal};
use event::{About, FAILED, WRONG_PASSWORD, about, as_evtx_dump, as_nxlog, as_winlogbeat, as_xml};
use model::event::{Audit, Facts, SignIn};
use sources::{Choice, Understanding};

fn sign_in(input: &str) -> SignIn {
    match one(input).event.facts {
        Facts::SignIn(sign_in) => *sign_in,
        other => panic!("{other:?}"),
    }
}

fn audit(input: &str) -> Audit {
    match one(input).event.facts {
        Facts::Audit(audit) => *audit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_by_any_road_is_the_same_event_with_the_same_content() {
    let by_xml = one(&as_xml(FAILED, WRONG_PASSWORD));
    assert_eq!(by_xml.format, "windows-security");
    for input in [
        as_evtx_dump(FAILED, WRONG_PASSWORD),
        as_winlogbeat(FAILED, WRONG_PASSWORD),
        as_nxlog(FAILED, WRONG_PASSWORD),
    ] {
        let other = one(&input);
        assert_eq!(other.key, by_xml.key, "{input}");
        assert_eq!(other.rank, by_xml.rank, "{input}");
        assert_eq!(other.event.facts, by_xml.event.facts, "{input}");
    }
    for other in [
        About {
            record: 772,
            ..FAILED
        },
        About {
            time: "2024-05-05T10:20:30.1234567Z",
            ..FAILED
        },
    ] {
        assert_ne!(one(&as_xml(other, WRONG_PASSWORD)).key, by_xml.key);
    }
}

#[test]
fn a_failed_sign_in_says_who_from_where_and_why() {
    let sign_in = sign_in(&as_xml(FAILED, WRONG_PASSWORD));
    assert_eq!(sign_in.user_principal_name.as_deref(), Some("CONTOSO\\ann"));
    assert_eq!(sign_in.user_id, None);
    assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!(sign_in.device.display_name.as_deref(), Some("DESK7"));
    assert_eq!(sign_in.client_app.as_deref(), Some("Negotiate"));
    assert_eq!(
        sign_in.resource_display_name.as_deref(),
        Some("dc1.contoso.example")
    );
    assert_eq!(sign_in.error_code, 0xC000_006A);
    assert_eq!(sign_in.failure_reason.as_deref(), Some("the password is wrong"));
    assert_eq!(
        sign_in.additional_details.as_deref(),
        Some("Logon type 10 (remote desktop); Windows event 4625")
    );
    assert_eq!(sign_in.app_display_name, None);
}

#[test]
fn outcomes_are_told_in_numbers_and_words() {
    let check = |id: i64, data: &[(&str, &str)], code: i64, words: Option<&str>| {
        let mut all = vec![("TargetUserName", "ann")];
        all.extend_from_slice(data);
        let about = About {
            failure: code != 0,
            ..about(id)
        };
        let sign_in = sign_in(&as_xml(about, &all));
        assert_eq!(
            (sign_in.error_code, sign_in.failure_reason.as_deref()),
            (code, words),
            "{id}"
        );
    };
    check(4624, &[("LogonType", "2")], 0, None);
    check(4624, &[("LogonType", "12")], 0, None);
    check(4624, &[("LogonType", "13")], 0, None);
    check(4768, &[("Status", "0x0")], 0, None);
    check(4768, &[("Status", "0x6")], 6, Some("there is no such user"));
    check(4771, &[("Status", "0x18")], 24, Some("the password is wrong"));
    check(4771, &[], 1, Some("Windows logged it as a failure"));
    check(4776, &[("Status", "0x0")], 0, None);
    check(
        4776,
        &[("Status", "0xc0000234")],
        0xC000_0234,
        Some("the account is locked out"),
    );
    check(
        4625,
        &[("Status", "0xc0000072"), ("SubStatus", "0x0")],
        0xC000_0072,
        Some("the account is disabled"),
    );
}

#[test]
fn who_is_no_person_is_ignored_and_counted_by_event() {
    let check = |id: i64, data: &[(&str, &str)], expected: &str| {
        let input = as_xml(about(id), data);
        assert_eq!(
            refusal(Choice::Auto, &input),
            format!("ignored: {expected}"),
            "{data:?}"
        );
    };
    let person = ("TargetUserName", "ann");
    check(
        4624,
        &[("TargetUserName", "PC7$"), ("LogonType", "3")],
        "Windows event 4624 of a machine account",
    );
    check(
        4768,
        &[("TargetUserName", "PC7$@CONTOSO.EXAMPLE")],
        "Windows event 4768 of a machine account",
    );
    check(
        4624,
        &[person, ("TargetUserSid", "S-1-5-18")],
        "Windows event 4624 of a service account",
    );
    check(
        4624,
        &[person, ("TargetUserSid", "S-1-5-90-0-1")],
        "Windows event 4624 of a service account",
    );
    check(
        4624,
        &[person, ("TargetUserSid", "S-1-5-96-0-1")],
        "Windows event 4624 of a service account",
    );
    check(
        4624,
        &[
            ("TargetUserName", "ANONYMOUS LOGON"),
            ("TargetDomainName", "NT AUTHORITY"),
        ],
        "Windows event 4624 of a service account",
    );
    check(
        4648,
        &[("TargetUserName", "DWM-1")],
        "Windows event 4648 of a service account",
    );
    check(
        4648,
        &[
            ("TargetUserName", "UMFD-0"),
            ("TargetDomainName", "Font Driver Host"),
        ],
        "Windows event 4648 of a service account",
    );
    check(
        4624,
        &[person, ("LogonType", "5")],
        "Windows event 4624 of logon type 5",
    );
    check(
        4634,
        &[person],
        "Windows event 4634: a logoff, which no report shows",
    );
    check(4688, &[person], "Windows event 4688");
}

#[test]
fn a_person_whose_name_looks_like_a_service_is_a_person() {
    let data = [
        ("TargetUserName", "SYSTEM"),
        ("TargetDomainName", "CONTOSO"),
        ("LogonType", "2"),
    ];
    let sign_in = sign_in(&as_xml(about(4624), &data));
    assert_eq!(sign_in.user_principal_name.as_deref(), Some("CONTOSO\\SYSTEM"));
}

#[test]
fn changes_have_the_old_words_the_actor_and_what_was_changed() {
    const SUBJECT: &[(&str, &str)] = &[
        ("SubjectUserSid", "S-1-5-21-1-2-3-500"),
        ("SubjectUserName", "root"),
        ("SubjectDomainName", "CONTOSO"),
    ];
    let check = |id: i64, data: &[(&str, &str)], activity: &str, targets: &[&str]| {
        let audit = audit(&as_xml(about(id), &[SUBJECT, data].concat()));
        assert_eq!(audit.activity.as_deref(), Some(activity), "{id}");
        assert_eq!(audit.actor.name(), Some("CONTOSO\\root"), "{id}");
        assert_eq!(audit.result.as_deref(), Some("success"), "{id}");
        let named: Vec<&str> = audit.targets.iter().filter_map(|target| target.name()).collect();
        assert_eq!(named, targets, "{id}");
    };
    let user: &[(&str, &str)] = &[("TargetUserName", "bob"), ("TargetDomainName", "CONTOSO")];
    for (id, activity) in [
        (4720, "Add user"),
        (4722, "Enable account"),
        (4723, "Change user password"),
        (4724, "Reset user password"),
        (4725, "Disable account"),
        (4726, "Delete user"),
        (4738, "Update user"),
        (4767, "Unlock account"),
    ] {
        check(id, user, activity, &["CONTOSO\\bob"]);
    }
    // Here the domain's place has the computer that the attempts came from.
    check(
        4740,
        &[("TargetUserName", "bob"), ("TargetDomainName", "DESK7")],
        "Lock out account",
        &["CONTOSO\\bob"],
    );
    check(
        4781,
        &[
            ("OldTargetUserName", "bob"),
            ("NewTargetUserName", "rob"),
            ("TargetDomainName", "CONTOSO"),
        ],
        "Update user",
        &["CONTOSO\\rob"],
    );
    let member: &[(&str, &str)] = &[
        ("MemberName", "CN=Bob,DC=contoso,DC=example"),
        ("MemberSid", "S-1-5-21-1-2-3-7"),
        ("TargetUserName", "Admins"),
        ("TargetDomainName", "CONTOSO"),
    ];
    for (id, activity) in [
        (4728, "Add member to group"),
        (4732, "Add member to group"),
        (4756, "Add member to group"),
        (4729, "Remove member from group"),
        (4733, "Remove member from group"),
        (4757, "Remove member from group"),
    ] {
        check(
            id,
            member,
            activity,
            &["CN=Bob,DC=contoso,DC=example", "CONTOSO\\Admins"],
        );
    }
}

/// Windows logs that somebody tried, whatever became of it: where the logon succeeded, 4624 tells so.
#[test]
fn a_try_with_explicit_credentials_is_no_sign_in() {
    let data = [
        ("SubjectUserSid", "S-1-5-21-1-2-3-500"),
        ("SubjectUserName", "root"),
        ("SubjectDomainName", "CONTOSO"),
        ("TargetUserName", "bob"),
        ("TargetDomainName", "CONTOSO"),
        ("TargetServerName", "files.contoso.example"),
        ("ProcessName", "C:\\spray.exe"),
        ("IpAddress", "::ffff:203.0.113.9"),
    ];
    let audit = audit(&as_xml(about(4648), &data));
    assert_eq!(
        audit.activity.as_deref(),
        Some("Logon attempted with explicit credentials")
    );
    assert_eq!(audit.actor.name(), Some("CONTOSO\\root"));
    assert_eq!(audit.actor.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!(audit.targets.len(), 1);
    assert_eq!(audit.targets[0].name(), Some("CONTOSO\\bob"));
    assert_eq!(audit.targets[0].modified, []);
    assert_eq!(audit.result, None);
    let details: Vec<String> = audit
        .additional_details
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        details,
        [
            "EventID=4648",
            "Event=A logon was attempted using explicit credentials",
            "Computer=dc1.contoso.example",
            "TargetServerName=files.contoso.example",
            "ProcessName=C:\\spray.exe",
        ]
    );
}

#[test]
fn a_change_tells_the_attributes_that_are_not_a_dash() {
    let data = [
        ("TargetUserName", "bob"),
        ("DisplayName", "-"),
        ("PasswordLastSet", "%%1794"),
        ("UserAccountControl", "\r\n\t\t%%2080\r\n\t\t%%2082"),
        ("OldUacValue", "0x0"),
        ("NewUacValue", "0x15"),
    ];
    let audit = audit(&as_xml(about(4738), &data));
    let modified: Vec<String> = audit.targets[0]
        .modified
        .iter()
        .map(|changed| {
            format!(
                "{}: {} -> {}",
                changed.name.as_deref().unwrap_or("-"),
                changed.old.as_deref().unwrap_or("-"),
                changed.new.as_deref().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        modified,
        [
            "PasswordLastSet: - -> <never>",
            "UserAccountControl: - -> Account Disabled, 'Password Not Required' - Enabled",
            "UacValue: 0x0 -> 0x15",
        ]
    );
}

#[test]
fn a_failed_change_is_a_failure() {
    let about = About { id: 4723, ..FAILED };
    let audit = audit(&as_xml(about, &[("TargetUserName", "bob")]));
    assert_eq!(audit.result.as_deref(), Some("failure"));
}

#[test]
fn an_event_without_a_time_is_refused_and_one_of_another_log_is_none_of_ours() {
    let untimed =
        as_xml(about(4726), &[]).replace("<TimeCreated SystemTime='2024-05-04T10:20:30.1234567Z'/>", "");
    assert_eq!(
        refusal(Choice::Auto, &untimed),
        "rejected: Windows event 4726 does not say when it happened (TimeCreated, @timestamp or EventTime)"
    );
    let other = as_xml(about(7036), &[]).replace("<Channel>Security<", "<Channel>System<");
    assert_eq!(
        refusal(Choice::Auto, &other),
        "ignored: Windows event 7036 of System"
    );
}

/// `4625 ok` for an event, else how its rejection begins.
fn told(input: &[u8]) -> Vec<String> {
    read(input)
        .into_iter()
        .map(|record| match record.understanding {
            Understanding::Event(understood) => format!("{} {}", record.line, understood.format),
            Understanding::Rejected { reason, .. } => format!("{} {reason}", record.line),
            other => format!("{} {other:?}", record.line),
        })
        .collect()
}

#[test]
fn xml_comes_with_or_without_a_root_on_one_line_or_many_in_any_encoding() {
    let event = as_xml(FAILED, WRONG_PASSWORD);
    let pretty = event.replace("><", ">\n  <");
    let own = "1 windows-security".to_owned();
    let two = vec![own.clone(), own.clone()];
    assert_eq!(told(format!("{event}{event}").as_bytes()), two);
    assert_eq!(told(format!("<Events>{event}{event}</Events>").as_bytes()), two);
    let declared = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>{event}</Events>"
    );
    assert_eq!(told(declared.as_bytes()), ["2 windows-security"]);
    assert_eq!(told(format!("{pretty}\n{event}").as_bytes()).len(), 2);
    for mark in [&[0xFF_u8, 0xFE][..], &[]] {
        let mut wide = mark.to_vec();
        wide.extend(event.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(told(&wide), std::slice::from_ref(&own), "{mark:?}");
    }
}

#[test]
fn xml_that_is_damaged_costs_one_event() {
    let event = as_xml(FAILED, WRONG_PASSWORD);
    let cut = &event[..event.len() / 2];
    assert_eq!(
        told(format!("{event}\n{cut}\n{event}").as_bytes()),
        [
            "1 windows-security",
            "2 another event begins before it ends: it was cut off",
            "3 windows-security"
        ]
    );
    assert_eq!(
        told(format!("{event}\n{cut}").as_bytes()),
        [
            "1 windows-security",
            "2 the input ends before the event does; was the file cut off?"
        ]
    );
    let wrong = event.replace("</System>", "</Sistem>");
    let got = told(format!("{wrong}{event}").as_bytes());
    assert!(got[0].starts_with("1 it is not valid XML"), "{got:?}");
    assert_eq!(got[1], "1 windows-security");
    let got = told(format!("{event}\nnonsense\n{event}").as_bytes());
    assert_eq!(
        got[1],
        "1 it is no event: one starts with `<Event` and ends with `</Event>`"
    );
    let entity = event.replace("ann", "&ann;");
    assert_eq!(
        told(entity.as_bytes()),
        ["1 it has an entity that XML does not have by itself"]
    );
}

#[test]
fn xml_gives_the_same_however_it_is_pushed() {
    let event = as_xml(FAILED, WRONG_PASSWORD);
    let input = format!("<Events>\n{event}\nx < y\n{}{event}</Events>", &event[..200]);
    let whole = told(input.as_bytes());
    assert_eq!(whole.len(), 4);
    for size in 1..300 {
        let mut parser = sources::open(Choice::Auto, sources::Limits::default());
        let mut records = Vec::new();
        for piece in input.as_bytes().chunks(size) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        let pushed: Vec<String> = records
            .into_iter()
            .map(|record| match record.understanding {
                Understanding::Event(understood) => format!("{} {}", record.line, understood.format),
                Understanding::Rejected { reason, .. } => format!("{} {reason}", record.line),
                other => format!("{} {other:?}", record.line),
            })
            .collect();
        assert_eq!(pushed, whole, "{size}");
    }
}

#[test]
fn an_event_beyond_the_limit_is_refused_and_the_next_is_read() {
    let event = as_xml(FAILED, WRONG_PASSWORD);
    let huge = event.replace("ann", &"a".repeat(300_000));
    let limits = sources::Limits {
        record_bytes_max: 100_000,
        ..sources::Limits::default()
    };
    let mut parser = sources::open(Choice::Auto, limits);
    let mut records = Vec::new();
    parser.push(format!("{huge}{event}").as_bytes(), &mut records);
    parser.finish(&mut records);
    let Understanding::Rejected { reason, original } = &records[0].understanding else {
        panic!("{records:?}");
    };
    let length = huge.len();
    assert!(
        reason.starts_with(&format!("it is {length} bytes long and at most 100000 are read")),
        "{reason}"
    );
    assert!(original.len() <= 64 * 1024);
    assert!(matches!(records[1].understanding, Understanding::Event(_)));
}

#[test]
fn what_is_kept_of_xml_is_its_text_and_is_read_again() {
    let event = as_xml(FAILED, WRONG_PASSWORD);
    let first = one(&format!("<Events>{event}</Events>"));
    assert_eq!(String::from_utf8(first.original.clone()).unwrap(), event);
    let Some(Understanding::Event(again)) = sources::understand(&Choice::Auto, first.original) else {
        panic!("the original was not understood");
    };
    assert_eq!((again.key, again.rank), (first.key, first.rank));
    assert!(sources::members(event.as_bytes()).unwrap().contains_key("Event"));
}

#[test]
fn an_event_within_the_data_of_a_provider_is_part_of_its_event() {
    let event = as_xml(about(4726), &[("TargetUserName", "bob")]);
    let own = "<UserData><Event xmlns='http://contoso.example/events'><EventData><Data>x</Data></EventData></Event></UserData>";
    let around = event.replace("<EventData>", &format!("{own}<EventData>"));
    assert_eq!(
        told(format!("{around}{event}").as_bytes()),
        ["1 windows-security", "1 windows-security"]
    );
    // Wherever it is cut, the event within counts once.
    for size in 1..200 {
        let mut parser = sources::open(Choice::Auto, sources::Limits::default());
        let mut records = Vec::new();
        for piece in around.as_bytes().chunks(size) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        assert!(
            matches!(&records[..], [record] if matches!(record.understanding, Understanding::Event(_))),
            "{size}: {records:?}"
        );
    }
}

/// If for each of them its end were looked for in all that has come, this would take hours.
#[test]
fn events_that_never_end_take_no_longer_than_others() {
    let got = told("<Event>".repeat(400_000).as_bytes());
    assert_eq!(got.len(), 400_000);
    assert_eq!(got[0], "1 another event begins before it ends: it was cut off");
}
