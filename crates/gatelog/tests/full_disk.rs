//! A disk that is full or turns read-only under a running server: ingest is put off with 503, reports are served.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, one that is skipped says why"
)]

#[allow(dead_code)] // The store's tests use the rest of it.
#[path = "../../store/tests/told/machine.rs"]
mod machine;

use generator::{RecordSize, uniform};
use machine::{MountPoint, in_own_mounts, run, text};
use model::time::Timestamp;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The directory of the made-up records.
const TENANT: &str = "4b2462a4-bbee-495a-a0e1-f23ae524cc9c";

#[test]
fn a_full_disk_puts_ingest_off_and_serves_reports() {
    if !in_own_mounts("a_full_disk_puts_ingest_off_and_serves_reports") {
        return;
    }
    let point = MountPoint::new();
    let disk = point.disk.clone();
    run("mount", &["-t", "tmpfs", "-o", "size=64m", "none", text(&disk)]);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 24 << 20]).unwrap();
    let mut trial = Trial::start(&disk.join("data"));
    let mut stored = 0;
    let refused = loop {
        let answer = trial.ingest(500);
        if answer.status != 200 {
            break answer;
        }
        assert_eq!(answer.json()["new"], 500);
        stored += 500;
        assert!(stored < 200_000, "the disk never fills");
    };
    expect_put_off(&refused, "The disk of the service is full.");
    assert!(stored >= 500, "nothing fitted before the disk was full");
    expect_put_off(&trial.ingest(500), "The disk of the service is full.");
    trial.expect_rows_are_served(stored);
    // With room again nobody has to start anything anew.
    fs::remove_file(&ballast).unwrap();
    trial.seed -= 2;
    assert_eq!(trial.ingest(500).json()["new"], 500);
    assert_eq!(trial.ingest(500).json()["new"], 500);
    trial.expect_rows_are_served(stored + 1_000);
    trial.expect_clean();
}

#[test]
fn a_disk_that_turns_read_only_puts_ingest_off_and_serves_reports() {
    if !in_own_mounts("a_disk_that_turns_read_only_puts_ingest_off_and_serves_reports") {
        return;
    }
    let point = MountPoint::new();
    let (disk, image) = (point.disk.clone(), point.parent.path().join("image"));
    run("truncate", &["-s", "64M", text(&image)]);
    run("mkfs.ext4", &["-q", "-F", text(&image)]);
    run("mount", &["-o", "loop", text(&image), text(&disk)]);
    let data = disk.join("data");
    let mut trial = Trial::start(&data);
    assert_eq!(trial.ingest(500).status, 200);
    trial.expect_rows_are_served(500);
    // What ext4 does itself when its journal cannot be written.
    run("mount", &["-o", "remount,abort", text(&disk)]);
    expect_put_off(&trial.ingest(500), "The disk of the service cannot be written.");
    expect_put_off(&trial.ingest(500), "The disk of the service cannot be written.");
    trial.expect_rows_are_served(500);
    drop(trial);
    let start = gatelog(&data)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&start.stderr).into_owned();
    assert_eq!(start.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the file system is read-only; name another folder with --data"),
        "{said}"
    );
}

/// RFC 9457, with a time to wait.
fn expect_put_off(answer: &Answer, detail: &str) {
    let said = format!("{}\r\n\r\n{}", answer.head, String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.status, 503, "{said}");
    let head = answer.head.to_ascii_lowercase();
    assert!(
        head.contains("\r\ncontent-type: application/problem+json"),
        "{said}"
    );
    assert!(head.contains("\r\nretry-after: 5"), "{said}");
    let told = answer.json();
    assert_eq!(told["type"], "urn:gatelog:problem:cannot-store");
    assert!(told["detail"].as_str().unwrap().starts_with(detail), "{said}");
    assert!(!said.contains("/data"), "a path of the service is told: {said}");
}

/// A server on a data folder with a tenant and an application. It is killed when this is dropped.
struct Trial {
    server: Child,
    address: SocketAddr,
    data: PathBuf,
    ingest_token: String,
    read_token: String,
    seed: u64,
}

impl Trial {
    fn start(data: &Path) -> Trial {
        told(data, &["tenant", "create", "full.example", "--id", TENANT]);
        let app = told(
            data,
            &[
                "app",
                "create",
                "--tenant",
                TENANT,
                "--name",
                "full",
                "--permission",
                "Ingest",
                "--permission",
                "Directory.Read.All",
            ],
        );
        let mut server = gatelog(data)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = log
            .find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once("(listening on ")?;
                Some(rest.split(';').next()?.parse().unwrap())
            })
            .unwrap();
        // What it says from now on must be read, or it would wait for a reader.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        let mut trial = Trial {
            server,
            address,
            data: data.to_owned(),
            ingest_token: String::new(),
            read_token: String::new(),
            seed: 0,
        };
        trial.ingest_token = trial.token(&app, "api://gatelog-ingest");
        trial.read_token = trial.token(&app, "https://graph.windows.net");
        trial
    }

    fn token(&self, app: &Value, resource: &str) -> String {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&resource={resource}",
            app["clientId"].as_str().unwrap(),
            app["clientSecret"].as_str().unwrap()
        );
        let target = format!("/{TENANT}/oauth2/token");
        let answer = self.send(
            "POST",
            &target,
            "",
            "application/x-www-form-urlencoded",
            body.as_bytes(),
        );
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Brings records that were not brought before.
    fn ingest(&mut self, records: u64) -> Answer {
        self.seed += 1;
        // 2026-04-01 and 20 days on: in one month, so that a batch is stored whole or not at all.
        let start = Timestamp::from_unix_seconds(1_775_001_600);
        let mut body = String::new();
        for record in uniform(self.seed, records, start, start.plus_days(20), RecordSize::Entra) {
            body.push_str(&record.json);
            body.push('\n');
        }
        let target = format!("/{TENANT}/ingest/entra-graph");
        self.send(
            "POST",
            &target,
            &self.ingest_token,
            "application/x-ndjson",
            body.as_bytes(),
        )
    }

    fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &self.read_token, "application/json", b"")
    }

    /// Counts the rows by skipping all but none of them.
    fn expect_rows_are_served(&self, rows: u64) {
        let filter = "api-version=beta&$filter=signinDateTime%20ge%202026-01-01T00:00:00Z";
        let rows_after = |skip: u64| {
            let answer = self.get(&format!(
                "/{TENANT}/activities/signinEvents?{filter}&$skip={skip}"
            ));
            assert_eq!(answer.status, 200, "{}", answer.head);
            answer.json()["value"].as_array().unwrap().len()
        };
        assert_eq!(rows_after(rows - 1), 1);
        assert_eq!(rows_after(rows), 0);
        let list = self.get(&format!("/{TENANT}/reports?api-version=beta"));
        assert_eq!(list.status, 200, "{}", list.head);
    }

    fn expect_clean(&self) {
        assert_eq!(
            told(&self.data, &["store", "check"])["faults"],
            Value::Array(Vec::new())
        );
    }

    fn send(&self, method: &str, target: &str, token: &str, content_type: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let authorization = match token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{authorization}\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses early may have closed its side by now.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn gatelog(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatelog"));
    command.arg("--data").arg(data).stdin(Stdio::null());
    command
}

/// What a command answers, which must be good.
fn told(data: &Path, arguments: &[&str]) -> Value {
    let output = gatelog(data)
        .args(["--output", "json"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
