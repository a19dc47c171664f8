//! An acknowledgement waits for the disk: seen from outside, in the system calls of a process that stores.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use told::machine::{again, is_inside, lacks, may_run};
use told::{append, event, open};

const TEST: &str = "every_acknowledgement_waits_for_a_sync_of_each_write_ahead_log";
const FOLDER: &str = "GATELOG_TEST_FOLDER";
const APPENDS: usize = 20;
/// The word on standard error that says that an append has returned.
const ACKNOWLEDGED: &str = "acknowledged ";

#[test]
fn every_acknowledgement_waits_for_a_sync_of_each_write_ahead_log() {
    if is_inside() {
        store_and_say_so(Path::new(&std::env::var_os(FOLDER).unwrap()));
        return;
    }
    if !may_run("strace", lacks("strace", &["-f", "-o", "/dev/null", "true"])) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let status = again(
        "strace",
        &[
            "-f",
            "-y",
            "-s",
            "64",
            "-e",
            "trace=fsync,fdatasync,write",
            "-o",
            trace.to_str().unwrap(),
        ],
        TEST,
    )
    .env(FOLDER, folder.path().join("data"))
    .status()
    .unwrap();
    assert!(status.success(), "the traced process ended with {status}");
    let trace = std::fs::read_to_string(trace).unwrap();
    let syncs = syncs_before_each_acknowledgement(&trace);
    assert_eq!(syncs.len(), APPENDS, "acknowledgements in the trace");
    for (append, logs) in syncs.iter().enumerate() {
        let mut names: Vec<&str> = logs.iter().map(|log| log.rsplit('/').next().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["2017-04.db-wal", "2017-05.db-wal"],
            "append {append} was acknowledged after syncs of these alone"
        );
    }
}

/// The child: every append touches two months.
fn store_and_say_so(folder: &Path) {
    let open = open(folder);
    for number in 0..APPENDS {
        let events = [
            event(&format!("{number}a"), "2017-04-10", 1),
            event(&format!("{number}b"), "2017-05-10", 1),
        ];
        append(open.store.as_ref(), &events);
        // One write(2), apart from what the test harness collects.
        std::io::stderr()
            .write_all(format!("{ACKNOWLEDGED}{number}\n").as_bytes())
            .unwrap();
    }
}

/// For each acknowledgement the write-ahead logs whose sync had succeeded since the one before.
fn syncs_before_each_acknowledgement(trace: &str) -> Vec<HashSet<String>> {
    let mut acknowledgements = Vec::new();
    let mut synced = HashSet::new();
    // A call that others interrupt is told in two lines: `fdatasync(5</a> <unfinished ...>`, `<... fdatasync resumed>) = 0`.
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let call = call.trim_start();
        if call.starts_with("write(2<") && call.contains(ACKNOWLEDGED) {
            acknowledgements.push(std::mem::take(&mut synced));
            continue;
        }
        if call.starts_with("<... f") {
            if let Some(log) = unfinished.remove(process)
                && call.ends_with("= 0")
            {
                synced.insert(log);
            }
            continue;
        }
        if !call.starts_with("fsync(") && !call.starts_with("fdatasync(") {
            continue;
        }
        let log = call
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(path, _)| path.to_owned())
            .filter(|path| path.ends_with("-wal"));
        let Some(log) = log else { continue };
        if call.contains("<unfinished") {
            unfinished.insert(process, log);
        } else if call.ends_with("= 0") {
            synced.insert(log);
        }
    }
    acknowledgements
}

#[test]
fn a_trace_is_read_in_its_order() {
    let trace = r#"7 fdatasync(5</d/a.db-wal>) = 0
7 fsync(5</d>) = 0
8 write(2</dev/pts/0>, "acknowledged 0\n", 15) = 15
7 fdatasync(5</d/a.db-wal> <unfinished ...>
8 write(2</dev/pts/0>, "acknowledged 1\n", 15) = 15
7 <... fdatasync resumed>)              = 0
7 fdatasync(6</d/b.db-wal>) = -1 EIO (Input/output error)
8 write(2</dev/pts/0>, "acknowledged 2\n", 15) = 15"#;
    let sizes: Vec<usize> = syncs_before_each_acknowledgement(trace)
        .iter()
        .map(HashSet::len)
        .collect();
    assert_eq!(sizes, [1, 0, 1]);
}
