//! Backups of the real program: beside a running ingest, killed half-way, and brought back.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::http::Request;
use support::records::{audit, days_ago};
use support::{CONTOSO, Program, Server, Workplace, ids_of, shown};

/// The ids of a tenant's audits, as a server on a data folder answers them.
fn audits(server: &Server, app: &support::App) -> BTreeSet<String> {
    let token = server.reading_token(app);
    let target = "/contoso.com/reports/auditEvents?api-version=beta";
    ids_of(&server.pages(|target| Request::get(target).bearer(&token), target))
        .into_iter()
        .collect()
}

/// Brings audits until it is told to stop, and keeps the ids of those that were acknowledged.
fn bring(address: &str, token: &str, stop: &AtomicBool, acknowledged: &Mutex<Vec<String>>) {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let ids: Vec<String> = (number..number + 20)
            .map(|number| format!("live-{number}"))
            .collect();
        let records: Vec<String> = ids
            .iter()
            .enumerate()
            .map(|(place, id)| audit(id, &days_ago(place as i64), "Add user"))
            .collect();
        let answer = Request::post("/contoso.com/ingest/auto")
            .bearer(token)
            .body(records.join("\n"))
            .send(address);
        assert_eq!(answer.status, 200, "{}", answer.text());
        acknowledged.lock().unwrap().extend(ids);
        number += 20;
    }
}

#[test]
fn a_backup_beside_a_running_ingest_comes_back_with_all_that_was_acknowledged_before() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let settings = [("server.public_url", "https://reports.contoso.com")];
    let server = workplace.serve_with(&settings);
    let token = server.ingest_token(&app);
    let reading = server.reading_token(&app);
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let bringing = {
        let (address, stop, acknowledged) = (
            server.address.clone(),
            Arc::clone(&stop),
            Arc::clone(&acknowledged),
        );
        std::thread::spawn(move || bring(&address, &token, &stop, &acknowledged))
    };
    while acknowledged.lock().unwrap().len() < 1_200 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before: BTreeSet<String> = acknowledged.lock().unwrap().iter().cloned().collect();
    let first_page = server.get(
        &reading,
        "/contoso.com/reports/auditEvents?api-version=beta&$top=100000",
    );
    let next_page = first_page.next_link().unwrap();
    let told = workplace.json(&["backup", "saved"]);
    stop.store(true, Ordering::SeqCst);
    bringing.join().unwrap();
    assert_eq!(
        (&told["tenants"], &told["version"]),
        (&1.into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert!(told["bytes"].as_u64().unwrap() > 100_000, "{told}");
    // How old the last backup is can be watched.
    let metrics = Request::get("/metrics").send(&server.admin).text();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("gatelog_backup_last_success_timestamp_seconds "))
        .unwrap();
    let seconds: i64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(
        (support::records::now().unix_seconds() - seconds).abs() < 120,
        "{line}"
    );
    // Not on the folder of a server that runs.
    let output = workplace.run(&["restore", "saved", "--replace"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("in use"),
        "{}",
        shown(&output)
    );
    server.program.kill();
    // The disk is lost.
    fs::remove_dir_all(workplace.data()).unwrap();
    let restored = workplace.json(&["restore", "saved"]);
    assert_eq!(restored["tenants"], 1);
    let checked = workplace.json(&["store", "check"]);
    assert_eq!(checked["faults"], serde_json::json!([]));
    let server = workplace.serve_with(&settings);
    let there = audits(&server, &app);
    assert!(
        before.is_subset(&there),
        "{} of {} are there",
        there.len(),
        before.len()
    );
    // A page token of before names what is no longer as it was.
    let answer = server.get(&reading, support::path_of(&next_page));
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (400, "Directory_ExpiredPageToken")
    );
    // The key came back with it: tokens of before are good.
    assert_eq!(
        server
            .get(&reading, "/contoso.com/reports?api-version=beta")
            .status,
        200
    );
}

#[test]
fn a_backup_that_was_killed_is_taken_for_none_and_the_server_goes_on() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    // Enough that a copy takes a while.
    let records: Vec<String> = (0..20_000)
        .map(|number| audit(&number.to_string(), &days_ago(number % 25), "Add user"))
        .collect();
    let file = workplace.file("records.jsonl", records.join("\n"));
    workplace.json(&["import", file.to_str().unwrap()]);
    let server = workplace.serve();
    let mut caught = 0;
    for round in 0..60 {
        if caught == 8 {
            break;
        }
        let name = format!("killed-{round}");
        let unfinished = workplace.path().join(format!("{name}.unfinished"));
        let mut program = Program::start(&mut workplace.command(&["backup", &name]));
        while !unfinished.join("tenants").exists() && !program.has_ended() {
            std::hint::spin_loop();
        }
        // Each round a little later.
        std::thread::sleep(Duration::from_micros(700 * round));
        program.kill();
        if !unfinished.exists() {
            continue;
        }
        caught += 1;
        assert!(!workplace.path().join(&name).exists());
        check_no_backup(&workplace, &name);
        check_no_backup(&workplace, &format!("{name}.unfinished"));
        let output = workplace.run(&["backup", &name]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("cut off"),
            "{}",
            shown(&output)
        );
    }
    assert!(caught == 8, "only {caught} backups were caught half-way");
    // Nothing was harmed, and the next backup is one.
    workplace.json(&["backup", "whole"]);
    workplace.json(&["restore", "whole", "--verify"]);
    assert_eq!(
        workplace.json(&["store", "check"])["faults"],
        serde_json::json!([])
    );
    assert_eq!(audits(&server, &app).len(), 20_000);
}

/// Neither a check nor a restore takes it, and no data folder is made.
fn check_no_backup(workplace: &Workplace, name: &str) {
    for more in [&["--verify"][..], &["--data", "elsewhere"]] {
        let output = workplace.run(&[&["restore", name], more].concat());
        assert_eq!(output.status.code(), Some(1), "{name}: {}", shown(&output));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("is no finished backup"), "{name}: {said}");
    }
    assert!(!workplace.path().join("elsewhere").exists());
}

#[test]
fn a_data_folder_of_a_newer_version_is_refused_by_every_command_with_what_to_do() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let file = workplace.file("records.jsonl", audit("a", "2026-01-05T10:00:00Z", "Add user"));
    let file = file.to_str().unwrap();
    workplace.json(&["import", file]);
    let month = workplace.data().join(format!("tenants/{CONTOSO}/2026-01.db"));
    let control = workplace.data().join("control.db");
    for (path, commands) in [
        (
            &month,
            &[
                &["import", file][..],
                &["store", "check"],
                &["store", "status"],
                &[
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--admin-listen",
                    "127.0.0.1:0",
                ],
                &["backup", "saved"],
            ][..],
        ),
        (
            &control,
            &[
                &["import", file],
                &["store", "check"],
                &[
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--admin-listen",
                    "127.0.0.1:0",
                ],
                &["backup", "saved"],
            ],
        ),
    ] {
        let whole = fs::read(path).unwrap();
        set_schema(path, 99);
        for command in commands {
            let output = workplace.run(command);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{command:?}: {}", shown(&output));
            let name = path.file_name().unwrap().to_str().unwrap();
            for words in [name, "99", "newer", "version"] {
                assert!(said.contains(words), "{command:?}: {words:?} in {said}");
            }
        }
        fs::write(path, whole).unwrap();
        assert!(!workplace.path().join("saved").exists());
    }
    // Left alone, it is as good as before.
    assert_eq!(workplace.json(&["store", "check"])["events"], 1);
}

/// Writes `user_version`, four bytes at offset 60 of a SQLite file that nobody has open.
fn set_schema(path: &Path, version: u32) {
    let mut bytes = fs::read(path).unwrap();
    bytes[60..64].copy_from_slice(&version.to_be_bytes());
    fs::write(path, bytes).unwrap();
}
