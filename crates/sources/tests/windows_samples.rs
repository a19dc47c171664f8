//! Real event logs, outside this repository: every record against facts that a public tool and jq found in it.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod common;

use common::{or_dash, read};
use model::event::Facts;
use sources::{Record, Understanding};
use std::collections::BTreeMap;
use std::path::Path;

/// The event logs below the folder that `GATELOG_SAMPLES` names, by name. Without it the test says so and passes, unless
/// `GATELOG_REQUIRE` names `samples`.
#[allow(clippy::print_stderr)] // A skipped test says so.
fn logs() -> Option<BTreeMap<String, Vec<u8>>> {
    let Some(folder) = std::env::var_os("GATELOG_SAMPLES") else {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == "samples"),
            "GATELOG_REQUIRE names samples, but GATELOG_SAMPLES is not set"
        );
        eprintln!("skipped: set GATELOG_SAMPLES to the folder with the real records (evtx)");
        return None;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder)
        .join("evtx");
    let mut logs = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        logs.insert(name, std::fs::read(&path).unwrap());
    }
    Some(logs)
}

/// The line of facts that the jq program makes.
fn facts(file: &str, record: &Record) -> String {
    let understood = match &record.understanding {
        Understanding::Event(understood) => understood,
        Understanding::Ignored { reason } => {
            let id = reason.strip_prefix("Windows event ").unwrap();
            let id: String = id.chars().take_while(char::is_ascii_digit).collect();
            return format!("{file}\t{id}\tignored");
        }
        Understanding::Rejected { reason, .. } => return format!("{file}: {reason}"),
        Understanding::Fragment(part) => panic!("{file}: {part:?}"),
    };
    assert_eq!(understood.format, "windows-security");
    let time = understood.event.time.to_string();
    let (whole, fraction) = time.trim_end_matches('Z').split_once('.').unwrap();
    let time = format!("{whole}.{fraction:0<6.6}");
    let detail = |details: &[(String, Option<String>)]| details[0].1.clone().unwrap();
    let parts = match &understood.event.facts {
        Facts::SignIn(sign_in) => {
            let id = sign_in.additional_details.as_deref().unwrap();
            [
                file.to_owned(),
                id.rsplit(' ').next().unwrap().to_owned(),
                "sign-in".to_owned(),
                time,
                or_dash(sign_in.user_principal_name.as_ref()),
                or_dash(sign_in.ip_address.as_ref()),
                sign_in.error_code.to_string(),
                "-".to_owned(),
            ]
        }
        Facts::Audit(audit) => [
            file.to_owned(),
            detail(&audit.additional_details),
            or_dash(audit.activity.as_ref()),
            time,
            audit.actor.name().unwrap_or("-").to_owned(),
            or_dash(audit.actor.ip_address.as_ref()),
            or_dash(audit.result.as_ref()),
            audit.targets[0].name().unwrap_or("-").to_owned(),
        ],
        other => panic!("{file}: {other:?}"),
    };
    parts.join("\t")
}

#[test]
fn every_event_log_says_what_a_public_tool_and_jq_found_in_it() {
    let Some(logs) = logs() else { return };
    let golden = include_str!("golden/evtx.tsv");
    let expected: Vec<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let mut got = Vec::new();
    for (name, bytes) in &logs {
        got.extend(read(bytes).iter().map(|record| facts(name, record)));
    }
    assert_eq!(logs.len(), 33);
    // Sorted: jq's order of files is not that of bytes.
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let expected = sorted(expected.into_iter().map(str::to_owned).collect());
    let got = sorted(got);
    for (got, expected) in got.iter().zip(&expected) {
        assert_eq!(got, expected);
    }
    assert_eq!(got.len(), expected.len());
}

#[test]
fn a_stored_original_of_an_event_log_is_read_again_as_the_same_event() {
    let Some(logs) = logs() else { return };
    let mut events = 0;
    for (name, bytes) in &logs {
        for record in read(bytes) {
            let Understanding::Event(first) = record.understanding else {
                continue;
            };
            events += 1;
            let again = sources::understand(&sources::Choice::Auto, first.original.clone());
            let Some(Understanding::Event(again)) = again else {
                panic!("{name}: {again:?}");
            };
            assert_eq!((again.key, again.rank), (first.key, first.rank), "{name}");
            assert_eq!(again.event, first.event, "{name}");
        }
    }
    assert!(events > 100);
}

#[test]
fn a_damaged_chunk_is_one_rejection_and_a_cut_or_pushed_file_gives_what_it_has() {
    let Some(logs) = logs() else { return };
    let (_, bytes) = logs.iter().next().unwrap();
    let whole: Vec<String> = read(bytes).iter().map(|record| facts("", record)).collect();

    // Two chunks, of which the first is damaged.
    let mut two = bytes[..4096 + 65_536].to_vec();
    two.extend_from_slice(&bytes[4096..4096 + 65_536]);
    two[4096 + 700] ^= 1;
    let records = read(&two);
    assert_eq!(
        facts("", &records[0]),
        ": chunk 1 of the event log: the checksum of its records does not hold: it is damaged"
    );
    let rest: Vec<String> = records[1..].iter().map(|record| facts("", record)).collect();
    assert_eq!(rest, whole);

    // Cut within the last record.
    let last = read(bytes).last().unwrap().byte as usize;
    let records = read(&bytes[..last + 30]);
    let cut: Vec<String> = records.iter().map(|record| facts("", record)).collect();
    assert_eq!(cut[..whole.len() - 1], whole[..whole.len() - 1]);
    assert!(cut.last().unwrap().contains("was it cut off?"), "{cut:?}");

    // However it is pushed.
    for size in [1, 4095, 4097, 65_537] {
        let mut parser = sources::open(sources::Choice::Auto, sources::Limits::default());
        let mut records = Vec::new();
        for piece in bytes.chunks(size) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        let pushed: Vec<String> = records.iter().map(|record| facts("", record)).collect();
        assert_eq!(pushed, whole, "{size}");
    }
}
