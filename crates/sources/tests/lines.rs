//! Logs of lines: envelopes, dates, repetitions, whose a line is, and what is kept of it.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod common;

use common::{or_dash, read, read_as};
use model::event::Facts;
use model::time::Timestamp;
use proptest::prelude::*;
use sources::{Choice, Hints, Limits, Record, Understanding, Understood, by_id, open, open_with, understand};

const FAILED: &str = "sshd[4332]: Failed password for root from 203.0.113.9 port 4242 ssh2";

fn read_before(not_after: &str, input: &str) -> Vec<Record> {
    let hints = Hints {
        not_after: Some(Timestamp::parse_vendor(not_after).unwrap()),
        ..Hints::default()
    };
    let mut records = Vec::new();
    let mut parser = open_with(Choice::Auto, Limits::default(), hints);
    parser.push(input.as_bytes(), &mut records);
    parser.finish(&mut records);
    records
}

/// `time user`, `ignored: …` or `rejected: …` of each record.
fn told(records: &[Record]) -> Vec<String> {
    let of = |record: &Record| match &record.understanding {
        Understanding::Event(understood) => match &understood.event.facts {
            Facts::SignIn(sign_in) => format!(
                "{} {}",
                understood.event.time,
                or_dash(sign_in.user_principal_name.as_ref())
            ),
            facts => format!("{} {facts:?}", understood.event.time),
        },
        Understanding::Ignored { reason } => format!("ignored: {reason}"),
        Understanding::Rejected { reason, .. } => format!("rejected: {reason}"),
        Understanding::Fragment(part) => format!("part: {part:?}"),
    };
    records.iter().map(of).collect()
}

fn events(records: Vec<Record>) -> Vec<Understood> {
    let of = |record: Record| match record.understanding {
        Understanding::Event(understood) => Some(*understood),
        _ => None,
    };
    records.into_iter().filter_map(of).collect()
}

fn check(input: &str, expected: &[&str]) {
    assert_eq!(told(&read(input.as_bytes())), expected, "{input}");
}

/// What is kept of each event is read again as the same event, without what was known of its input.
fn check_again(records: Vec<Record>) {
    for first in events(records) {
        for choice in [Choice::Auto, Choice::Only(by_id(first.format).unwrap())] {
            let Some(Understanding::Event(again)) = understand(&choice, first.original.clone()) else {
                panic!(
                    "cannot be read again: {:?}",
                    String::from_utf8_lossy(&first.original)
                )
            };
            assert_eq!(
                (first.key, first.rank, &first.event, &first.original),
                (again.key, again.rank, &again.event, &again.original)
            );
        }
    }
}

#[test]
fn every_envelope_says_the_same_of_the_same_line() {
    for envelope in [
        "<38>1 2026-10-11T22:14:15Z web1 sshd 4332 - - ",
        "<38>1 2026-10-12T00:14:15+02:00 web1 sshd 4332 - [origin@32473 ip=\"198.51.100.1\"] \u{feff}",
        "2026-10-11T22:14:15+00:00 web1 sshd[4332]: ",
        "<38>2026-10-11T22:14:15Z web1 sshd[4332]: ",
        "Oct 11 2026 22:14:15 web1 sshd[4332]: ",
    ] {
        let line = format!("{envelope}{}\n", &FAILED["sshd[4332]: ".len()..]);
        let mut found = events(read(line.as_bytes()));
        assert_eq!(found.len(), 1, "{line}");
        let event = found.remove(0);
        assert_eq!(event.format, "unix-auth");
        assert_eq!(event.event.time.to_string(), "2026-10-11T22:14:15Z");
        assert_eq!(
            event.key,
            events(read(format!("2026-10-11T22:14:15Z web1 {FAILED}").as_bytes()))[0].key,
            "{line}"
        );
        assert_eq!(event.original, line.trim_end().as_bytes());
    }
}

#[test]
fn a_date_without_year_takes_it_from_the_end_of_the_file_and_is_kept_whole() {
    for priority in ["", "<38>"] {
        let line = format!("{priority}Oct 11 22:14:15 web1 {FAILED}");
        let records = read_before("2026-03-01T00:00:00Z", &line);
        assert_eq!(told(&records), ["2025-10-11T22:14:15Z root"]);
        let Understanding::Event(event) = &records[0].understanding else {
            panic!("{records:?}")
        };
        let kept = format!("{priority}2025-10-11T22:14:15Z web1 {FAILED}");
        assert_eq!(String::from_utf8_lossy(&event.original), kept);
        check_again(records);
    }
}

#[test]
fn a_time_without_date_takes_it_from_the_end_of_the_file_and_is_kept_whole() {
    let line = "12:00:00,123 WARN  [org.keycloak.events] (t-1) type=LOGIN, realmId=r, clientId=c, userId=u, ipAddress=::1, \
                username=ann";
    let records = read_before("2026-11-01T18:00:00Z", line);
    assert_eq!(told(&records), ["2026-11-01T12:00:00.123Z ann"]);
    check_again(records);
}

#[test]
fn without_a_year_only_lines_that_somebody_wants_are_rejected() {
    let records =
        read(format!("Oct 11 22:14:15 web1 cron[1]: x\nOct 11 22:14:15 web1 {FAILED}\n").as_bytes());
    let told = told(&records);
    assert_eq!(
        told[0],
        "ignored: lines of cron tell no sign-in and no change of an account"
    );
    assert!(
        told[1].starts_with("rejected: its date has no year, and nothing tells it: give the file itself"),
        "{told:?}"
    );
}

#[test]
fn equal_lines_of_one_second_are_several_events_and_reading_again_changes_nothing() {
    let line = format!("2026-10-11T22:14:15Z web1 {FAILED}\n");
    let twice = events(read(format!("{line}{line}").as_bytes()));
    assert_eq!(twice.len(), 2);
    assert_ne!(twice[0].key, twice[1].key);
    assert_eq!(
        String::from_utf8_lossy(&twice[1].original),
        format!("gatelog repeat=2: {}", line.trim_end())
    );
    let second = |number: usize| {
        format!(
            "2026-10-11T22:{:02}:{:02}Z web1 {FAILED}\n",
            number / 60,
            number % 60
        )
    };
    let distinct = |input: &str| {
        let found = events(read(input.as_bytes()));
        let keys: std::collections::HashSet<_> = found.iter().map(|event| event.key).collect();
        (found.len(), keys.len())
    };
    // Several hosts or threads write into one log, each by its own clock.
    let (one, other) = (second(15), second(16));
    assert_eq!(distinct(&format!("{one}{other}{one}{other}{one}")), (5, 5));
    let between = |seconds: usize| -> String { (1..=seconds).map(second).collect() };
    let apart = |seconds: usize| format!("{}{}{}", second(0), between(seconds), second(0));
    assert_eq!(distinct(&apart(59)), (61, 61), "the last 60 seconds are known");
    assert_eq!(distinct(&apart(60)), (62, 61), "and no more of them");
    let of_ports = |ports: u32| -> String {
        (0..ports)
            .map(|port| one.replace("4242", &port.to_string()))
            .collect()
    };
    let again = one.replace("4242", "0");
    assert_eq!(
        distinct(&format!("{}{again}", of_ports(20_000))),
        (20_001, 20_001)
    );
    assert_eq!(
        distinct(&format!("{}{again}", of_ports(20_001))),
        (20_002, 20_001)
    );
    check_again(read(format!("{one}{other}{one}{other}").as_bytes()));
    check_again(read(format!("{line}{line}{line}").as_bytes()));
    let precise = format!("2026-10-11T22:14:15.003Z web1 {FAILED}\n");
    let same = events(read(format!("{precise}{precise}").as_bytes()));
    assert_eq!(
        same[0].key, same[1].key,
        "a time to the millisecond tells them apart"
    );
}

#[test]
fn what_rsyslog_counted_is_so_many_events() {
    let line = "2026-10-11T22:14:15Z web1 sshd[4332]: message repeated 3 times: [ Failed password for root from 203.0.113.9 \
                port 4242 ssh2]";
    let found = events(read(line.as_bytes()));
    assert_eq!(found.len(), 3);
    let keys: std::collections::HashSet<_> = found.iter().map(|event| event.key).collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(
        String::from_utf8_lossy(&found[1].original),
        format!("gatelog repeat=2/3: {line}")
    );
    check_again(read(line.as_bytes()));
    check(
        "2026-10-11T22:14:15Z web1 sshd[4332]: message repeated 1001 times: [ Failed password for root from 203.0.113.9 port 1 \
         ssh2]",
        &["rejected: it stands for 1001 events, which is more than any log of sign-ins counts"],
    );
    check(
        "2026-10-11T22:14:15Z web1 cron[4332]: message repeated 7 times: [ x]",
        &["ignored: lines of cron tell no sign-in and no change of an account"],
    );
}

#[test]
fn a_record_in_a_line_is_read_as_a_record() {
    let record = r#"{"id":"1","createdDateTime":"2017-05-17T12:00:00Z","userPrincipalName":"ann@contoso.example","ipAddress":"203.0.113.7","status":{"errorCode":0}}"#;
    check(
        &format!("Oct 11 22:14:15 web1 forwarder: {record}\n<14>1 - - - - - - {record}\n{record}\n"),
        &["2017-05-17T12:00:00Z ann@contoso.example"; 3],
    );
    check_again(read(
        format!("Oct 11 22:14:15 web1 forwarder: {record}\n").as_bytes(),
    ));
    let cut = &record[..record.len() - 10];
    let told = told(&read(
        format!("Oct 11 22:14:15 web1 forwarder: {cut}\nOct 11 22:14:15 web1 other: {{\"a\":1,\"b\":\n")
            .as_bytes(),
    ));
    assert!(told[0].starts_with("rejected: its JSON is damaged"), "{told:?}");
    assert_eq!(
        told[1],
        "ignored: lines of other tell no sign-in and no change of an account"
    );
}

#[test]
fn a_record_of_journald_and_of_docker_carries_a_line() {
    let journal = |message: &str| {
        format!(
            r#"{{"__REALTIME_TIMESTAMP":"1791756855003000","_SOURCE_REALTIME_TIMESTAMP":"1791756855002999","SYSLOG_IDENTIFIER":"sshd","_PID":"4332","_HOSTNAME":"web1","__CURSOR":"s=1","MESSAGE":{message}}}"#
        )
    };
    // date -u -d @1791756855 +%FT%TZ
    check(
        &journal("\"Failed password for root from 203.0.113.9 port 4242 ssh2\""),
        &["2026-10-11T22:14:15.002999Z root"],
    );
    check(
        &journal(
            "[70,97,105,108,101,100,32,112,97,115,115,119,111,114,100,32,102,111,114,32,255,32,102,114,111,109,32,58,58,49,32,112,111,114,116,32,49]",
        ),
        &["2026-10-11T22:14:15.002999Z \u{fffd}"],
    );
    check(
        &journal("\"Server listening on 0.0.0.0 port 22.\""),
        &["ignored: sshd: connections, sessions and what else is no end of an attempt to sign in"],
    );
    check(
        &journal("\"x\"").replace("sshd", "kernel"),
        &["ignored: lines of kernel tell no sign-in and no change of an account"],
    );
    check(
        r#"{"log":"hello\n","stream":"stdout","time":"2026-10-11T22:14:15.5Z"}"#,
        &["ignored: lines of a container tell no sign-in and no change of an account"],
    );
    check(
        &format!(
            r#"{{"log":"Oct 11 22:14:15 web1 {FAILED}\n","stream":"stdout","time":"2026-10-11T22:14:16.5Z"}}"#
        ),
        &["2026-10-11T22:14:15Z root"],
    );
}

/// A pipeline's time is that of its reading, and another one when it reads again.
#[test]
fn a_line_in_a_pipelines_record_happened_when_the_line_says() {
    let wrapped = |read: &str, line: &str| format!(r#"{{"@timestamp":"{read}","message":"{line}"}}"#);
    let line = format!("Nov  1 12:00:00 web1 {FAILED}");
    check(
        &wrapped("2026-11-02T08:00:00Z", &line),
        &["2026-11-01T12:00:00Z root"],
    );
    check(
        &wrapped("2027-01-02T08:00:00Z", &line),
        &["2026-11-01T12:00:00Z root"],
    );
    let key = |input: String| events(read(input.as_bytes()))[0].key;
    assert_eq!(
        key(wrapped("2026-11-02T08:00:00Z", &line)),
        key(wrapped("2026-11-03T09:30:00Z", &line))
    );
    assert_eq!(
        key(wrapped("2026-11-02T08:00:00Z", &line)),
        key(format!("2026-11-01T12:00:00Z web1 {FAILED}"))
    );
    // Without a time of its own the line happened when it was read.
    check(
        &wrapped("2026-11-02T08:00:00Z", &format!("<38>{FAILED}")),
        &["2026-11-02T08:00:00Z root"],
    );
    let keycloak = "23:59:59,500 WARN  [org.keycloak.events] (t) type=LOGIN, realmId=r, clientId=c, userId=u, username=ann";
    check(
        &wrapped("2026-11-02T00:00:01Z", keycloak),
        &["2026-11-01T23:59:59.5Z ann"],
    );
}

#[test]
fn what_rsyslog_counted_in_a_pipelines_record_is_so_many_events() {
    let line = |times: &str| {
        format!(
            "2026-10-11T22:14:15Z web1 sshd[4332]: message repeated {times} times: [ {}]",
            &FAILED["sshd[4332]: ".len()..]
        )
    };
    let wrapped = |line: &str| format!(r#"{{"@timestamp":"2026-11-02T08:00:00Z","message":"{line}"}}"#);
    let input = wrapped(&line("3"));
    check(&input, &["2026-10-11T22:14:15Z root"; 3]);
    let keys = |input: &str| -> Vec<_> {
        let found = events(read(input.as_bytes()));
        found.iter().map(|event| event.key).collect()
    };
    assert_eq!(keys(&input), keys(&line("3")), "by either way");
    check_again(read(input.as_bytes()));
    check(
        &wrapped(&line("1001")),
        &["rejected: it stands for 1001 events, which is more than any log of sign-ins counts"],
    );
    for input in [line("0"), wrapped(&line("0"))] {
        check(
            &input,
            &["ignored: sshd: connections, sessions and what else is no end of an attempt to sign in"],
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such_and_kept() {
    let mut line = b"2026-10-11T22:14:15Z web1 sshd[1]: Failed password for invalid user \xFF\xFE from 203.0.113.9 port 1 ssh2".to_vec();
    let records = read(&line);
    assert_eq!(told(&records), ["2026-10-11T22:14:15Z \u{fffd}\u{fffd}"]);
    assert_eq!(events(read(&line))[0].original, line);
    check_again(records);
    line.extend_from_slice(b"\nOct 11 22:14:15 web1 x: {\"id\":\"\xFF\",\"createdDateTime\":\"2017-05-17T12:00:00Z\",\"ipAddress\":\"::1\"}");
    assert_eq!(told(&read(&line))[1], "rejected: it is not valid UTF-8");
}

#[test]
fn an_input_of_lines_is_read_the_same_however_it_is_cut() {
    let input = format!(
        "\tat java.base/x\r\n<38>1 2026-10-11T22:14:15Z web1 sshd 1 - - Accepted publickey for ann from 203.0.113.7 port 1 ssh2: \
         ED25519 SHA256:x\r\n\n2026-10-11T22:14:15Z web1 {FAILED}\n2026-10-11T22:14:15Z web1 {FAILED}\nOct 11 22:14:15 web1 {FAILED}"
    );
    let whole = read(input.as_bytes());
    assert_eq!(whole.len(), 5);
    for size in 1..input.len() {
        let mut records = Vec::new();
        let mut parser = open(Choice::Auto, Limits::default());
        for piece in input.as_bytes().chunks(size) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        assert_eq!(
            format!("{records:?}"),
            format!("{whole:?}"),
            "in pieces of {size}"
        );
    }
}

#[test]
fn a_line_over_the_limit_is_refused_alone() {
    let limits = Limits {
        record_bytes_max: 200,
        ..Limits::default()
    };
    let input = format!(
        "2026-10-11T22:14:15Z web1 {FAILED}\n2026-10-11T22:14:15Z web1 sshd: {}\n2026-10-11T22:14:16Z web1 {FAILED}\n",
        "x".repeat(1 << 20)
    );
    let mut records = Vec::new();
    let mut parser = open(Choice::Auto, limits);
    parser.push(input.as_bytes(), &mut records);
    parser.finish(&mut records);
    let told = told(&records);
    assert_eq!(told.len(), 3);
    assert!(
        told[1].starts_with("rejected: the line is longer than 200 bytes"),
        "{told:?}"
    );
    assert_eq!((records[1].line, records[2].line), (2, 3));
}

#[test]
fn programs_that_somebody_makes_up_do_not_fill_the_memory() {
    let made_up = |number: u32| format!("2026-10-11T22:14:15Z web1 p{number}: x\n");
    let mut input: String = (0..5_000).map(made_up).collect::<Vec<_>>().concat();
    input.push_str("2026-10-11T22:14:15Z web1 \u{1b}[31mred: x\n");
    let reasons: std::collections::BTreeSet<String> = told(&read(input.as_bytes())).into_iter().collect();
    assert_eq!(reasons.len(), 102);
    assert!(!reasons.iter().any(|reason| reason.contains('\u{1b}')));
}

#[test]
fn a_format_that_is_named_says_whose_else_a_line_is() {
    let line = format!("2026-10-11T22:14:15Z web1 {FAILED}\n2026-10-11T22:14:15Z web1 cron: x\n");
    let found = told(&read_as(
        Choice::Only(by_id("entra-graph").unwrap()),
        line.as_bytes(),
    ));
    assert!(
        found[0].ends_with("but looks like unix-auth: choose that format, or auto"),
        "{found:?}"
    );
    assert!(found[1].starts_with("ignored:"), "{found:?}");
}

/// A piece of a log may be the middle of the trace of an error and nothing else.
#[test]
fn a_format_of_lines_that_is_named_makes_any_text_a_log() {
    let trace = b"\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t... 12 more\n";
    let named = told(&read_as(Choice::Only(by_id("keycloak").unwrap()), trace));
    assert!(
        named
            .iter()
            .all(|told| told.starts_with("ignored: lines of programs")),
        "{named:?}"
    );
    assert_eq!(named.len(), 2);
    let unnamed = told(&read(trace));
    assert!(
        unnamed[0].starts_with("rejected: it is no JSON object"),
        "{unnamed:?}"
    );
    let record = br#"{"type":"LOGIN","realmId":"r","clientId":"c","time":1793534400123}"#;
    assert_eq!(
        told(&read_as(Choice::Only(by_id("keycloak").unwrap()), record)).len(),
        1
    );
}

/// Words of logs in any order: nothing here is sound, but much of it nearly is.
fn words() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"<38>",
        b"<38>1 ",
        b"Oct 11 22:14:15 ",
        b"2026-10-11T22:14:15Z ",
        b"2026-10-11T22:14:15.5+02:00 ",
        b"12:00:00,123 ",
        b"2026-11-01 12:00:00,123 ",
        b"web1 ",
        b"sshd[1]: ",
        b"su: ",
        b"useradd: ",
        b"Failed password for ",
        b"Accepted publickey for ",
        b"invalid user ",
        b"root",
        b" from ",
        b"203.0.113.9",
        b" port 1",
        b" ssh2",
        b"\n",
        b"\r\n",
        b"\xFF",
        b"\xEF\xBB\xBF",
        b"gatelog repeat=2: ",
        b"gatelog repeat=1/2: ",
        b"gatelog line: ",
        b"ElfFile\0",
        b"message repeated 2 times: [ ",
        b"]",
        b"WARN  [org.keycloak.events] (t) ",
        b"type=LOGIN, realmId=r, clientId=c",
        b"type=\"LOGIN_ERROR\", realmId=\"r\"",
        b", error=\"x\"",
        b", username=\"",
        b"\"",
        b"CEF:0|a|b|c|d|Login failed|1|duser=x ",
        b"rt=1793534400123 ",
        b"| tid:a| SSO| ann| ::1| a| b| c| d| e| success| ",
        b"- - - ",
        b"new user: name=bob, ",
        b"pam_unix(su:auth): authentication failure; ",
        b" rhost=::1 user=x",
        b"{\"type\":\"LOGIN\",\"realmId\":\"r\",\"clientId\":\"c\",\"time\":1793534400123}",
        b"{\"MESSAGE\":\"x\",",
        b"}",
    ];
    prop::collection::vec(prop::sample::select(words), 1..24).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_a_log_says_it_is_read_the_same_however_it_is_cut_and_again(
        words in words(), size in 1_usize..40, is_hinted in any::<bool>(),
    ) {
        let input = [b"<13>a: b\n", &words[..]].concat();
        let not_after = is_hinted.then(|| Timestamp::parse_vendor("2026-11-01T18:00:00Z").unwrap());
        let read = |size: usize| {
            let mut records = Vec::new();
            let mut parser = open_with(Choice::Auto, Limits::default(), Hints { not_after, ..Hints::default() });
            for piece in input.chunks(size) {
                parser.push(piece, &mut records);
            }
            parser.finish(&mut records);
            records
        };
        let whole = read(input.len());
        prop_assert_eq!(format!("{:?}", read(size)), format!("{whole:?}"));
        check_again(whole);
    }
}
