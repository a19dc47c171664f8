//! A disk of the agent that is really full while lines are written and the service is away: nothing is lost, and it says so.

use crate::machine::{MountPoint, in_own_mounts, run, text};
use crate::site::{FILES, STEPS, Site, id, record, site};
use crate::support::{Program, Server};
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::process::Stdio;
use std::time::Duration;

/// More than the disk takes, packed: half of each line's filling is chance.
const LINES: u32 = 3_000;
/// More than that and what the agent's memory takes of a pipe.
const LINES_OF_A_PIPE: u32 = 5_500;
/// Hexadecimal digits that fill a line.
const FILLING: usize = 3_200;

#[test]
fn a_full_disk_under_files_loses_no_line_through_a_kill_and_a_start_on_it() {
    let Some((mut site, point)) = on_a_small_disk(
        "full_disk::a_full_disk_under_files_loses_no_line_through_a_kill_and_a_start_on_it",
        FILES,
    ) else {
        return;
    };
    let mut agent = site.start();
    go_away(&mut site);
    site.append("app.json", &filled(0..LINES));
    agent.wait_for(WAITS);
    // Killed on the full disk, while lines go on to be written: more than what the kill gives back takes.
    agent.kill();
    site.append("app.json", &filled(LINES..2 * LINES));
    let mut agent = site.start();
    agent.wait_until_said(WAITS);
    let logs = site.workplace.path().join("logs");
    std::fs::rename(logs.join("app.json"), logs.join("app.json.1")).unwrap();
    site.append("app.json", &filled(2 * LINES..2 * LINES + 50));
    come_back(&mut site, &point);
    expect_all(&site, "entra", 2 * LINES + 50);
    agent.signal("TERM");
    let (status, said) = agent.wait();
    assert!(status.success(), "{said}");
    assert!(said.contains("0 pieces wait for the next start"), "{said}");
}

#[test]
fn a_full_disk_makes_a_pipe_wait_and_loses_no_line_of_it() {
    let Some((mut site, point)) = on_a_small_disk(
        "full_disk::a_full_disk_makes_a_pipe_wait_and_loses_no_line_of_it",
        "[[inputs]]\nname = \"pipe\"\nkind = \"stdin\"\n",
    ) else {
        return;
    };
    let (input, mut writer) = std::io::pipe().unwrap();
    let mut command = site.workplace.command(&["agent", "--config", "agent.toml"]);
    let mut agent = Program::start_with(&mut command, Stdio::from(input));
    drop(command);
    agent.wait_for("agent: ");
    go_away(&mut site);
    let writing = std::thread::spawn(move || writer.write_all(filled(0..LINES_OF_A_PIPE).as_bytes()));
    agent.wait_for(&WAITS.replace("entra", "pipe"));
    assert!(!writing.is_finished(), "the pipe did not wait");
    come_back(&mut site, &point);
    writing.join().unwrap().unwrap();
    // All of it was read, and the agent ends when all of it is stored.
    let (status, said) = agent.wait();
    assert!(status.success(), "{said}");
    expect_all(&site, "pipe", LINES_OF_A_PIPE);
}

/// What is said on a full disk: an error, with the input that waits.
const WAITS: &str = "`entra` waits: the disk of the agent's state is full";

/// A service, and a configuration whose state lies on a disk of 4 MiB; `None` where nothing can be mounted.
fn on_a_small_disk(test: &str, inputs: &str) -> Option<(Site, MountPoint)> {
    if !in_own_mounts(test) {
        return None;
    }
    let site = site();
    let point = MountPoint::new();
    run(
        "mount",
        &["-t", "tmpfs", "-o", "size=4m", "none", text(&point.disk)],
    );
    let config = std::fs::read_to_string(site.config(inputs)).unwrap();
    let state = format!("folder = \"{}\"", text(&point.disk.join("state")));
    assert!(config.contains("folder = \"agent\""));
    site.workplace
        .file("agent.toml", config.replace("folder = \"agent\"", &state));
    Some((site, point))
}

/// The service is killed.
fn go_away(site: &mut Site) {
    site.server.program.signal("KILL");
    while !site.server.program.has_ended() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// There is room again, and then the service, too, where it was.
fn come_back(site: &mut Site, point: &MountPoint) {
    run("mount", &["-o", "remount,size=64m", text(&point.disk)]);
    let mut command = site.workplace.command(&[
        "serve",
        "--listen",
        &site.server.address,
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    site.server = Server::start(&mut command);
}

/// Every line is stored, once, and the service misses no piece.
fn expect_all(site: &Site, input: &str, count: u32) {
    let mut told = serde_json::Value::Null;
    for _ in 0..STEPS {
        let target = format!("/contoso.com/sources/ingest:{}/{input}", site.app.client_id);
        told = site.server.get(&site.read, &target).json();
        if told["source"]["new"] == count {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(told["source"]["new"], count, "{told}");
    assert_eq!(told["source"]["rejected"], 0, "{told}");
    let mut all: Vec<String> = (0..count).map(id).collect();
    all.sort();
    assert_eq!(site.stored(), all);
    let told = site.ledger(input, "/gaps");
    assert_eq!(told["gaps"], serde_json::json!([]), "{told}");
}

/// Lines that a packer cannot make much shorter.
fn filled(numbers: Range<u32>) -> String {
    let mut lines = String::new();
    for number in numbers {
        let mut filling = String::with_capacity(FILLING);
        let mut state = u64::from(number) + 1;
        while filling.len() < FILLING {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            write!(filling, "{state:016x}").unwrap();
        }
        let record = record(number);
        let members = record.strip_suffix('}').unwrap();
        writeln!(lines, "{members},\"filling\":\"{filling}\"}}").unwrap();
    }
    lines
}
