//! `gatelog export`: whole files or none, and what was killed goes on where it was.

use crate::stub::{Asked, Says, Stub};
use crate::support::Program;
use crate::{Home, ROWS, Site, err, out};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn is_page(asked: &Asked) -> bool {
    asked.path() == "/contoso.com/reports/auditEvents"
}

/// A server that falls silent at the fortieth page, once, and says so.
fn silent_once(site: &Site) -> (Stub, Receiver<()>) {
    let (sender, fell_silent) = channel();
    let mut pages = 0;
    let front = site.front(move |asked| {
        pages += usize::from(is_page(asked));
        if is_page(asked) && pages == 40 {
            sender.send(()).unwrap();
            return Some(Says::Silence);
        }
        None
    });
    (front, fell_silent)
}

fn export<'a>(to: &'a str, format: &'a str) -> Vec<&'a str> {
    vec![
        "export",
        "auditEvents",
        "activities/audit",
        "--to",
        to,
        "-o",
        format,
    ]
}

fn read(home: &Home, path: &str) -> String {
    std::fs::read_to_string(home.workplace.path().join(path)).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Interrupts an export at its fortieth page, and lets it go on: the files must be those of one that nobody interrupted.
fn check_interrupted(format: &str, signal: &str) {
    let site = Site::new();
    let home = site.home();
    let (front, fell_silent) = silent_once(&site);
    let program = Program::start(&mut site.command(&home, &front.url(), &export("cut", format)));
    fell_silent.recv_timeout(Duration::from_secs(120)).unwrap();
    program.signal(signal);
    let (status, said) = program.wait();
    if signal == "INT" {
        assert_eq!(status.code(), Some(130), "{said}");
    } else {
        assert!(!status.success());
    }
    let folder = home.workplace.path().join("cut");
    let part = format!("auditEvents.{format}.part");
    assert_eq!(names(&folder), [part.as_str(), "gatelog-export.json"]);

    let asked_before = front.asked().iter().filter(|asked| is_page(asked)).count();
    let mut again = export("cut", format);
    again.push("--resume");
    let output = site.command(&home, &front.url(), &again).output().unwrap();
    assert!(err(&output, 0).contains("going on after 640 rows"), "{output:?}");
    // 32 of 50 pages were safe.
    let asked_after = front.asked().iter().filter(|asked| is_page(asked)).count();
    assert_eq!(asked_after - asked_before, 18);

    out(
        &site
            .command(&home, &front.url(), &export("whole", format))
            .output()
            .unwrap(),
        0,
    );
    for file in [format!("auditEvents.{format}"), format!("audit.{format}")] {
        let whole = read(&home, &format!("whole/{file}"));
        assert_eq!(read(&home, &format!("cut/{file}")), whole, "{file}");
        assert!(whole.lines().count() >= ROWS as usize, "{file}");
    }
    assert_eq!(
        names(&folder),
        [
            format!("audit.{format}"),
            format!("auditEvents.{format}"),
            "gatelog-export.json".to_owned()
        ]
    );
}

#[test]
fn a_killed_export_goes_on_and_gives_the_same_bytes() {
    check_interrupted("csv", "KILL");
}

#[test]
fn ctrl_c_ends_an_export_in_order() {
    check_interrupted("json", "INT");
}

#[test]
fn everything_is_every_report_and_all_that_is_kept() {
    let site = Site::new();
    let home = site.home();
    let output = site.run(&home, &["export", "--to", "all"]);
    let said = err(&output, 0);
    assert_eq!(out(&output, 0), "");
    let folder = home.workplace.path().join("all");
    // 34 reports, two of /activities, and the state.
    assert_eq!(names(&folder).len(), 37, "{said}");
    // The rows are of 2020, which the default window would leave out.
    assert_eq!(
        read(&home, "all/auditEvents.jsonl").lines().count(),
        ROWS as usize
    );
    assert_eq!(read(&home, "all/audit.jsonl").lines().count(), ROWS as usize);
    assert_eq!(read(&home, "all/compromisedCredentials.jsonl"), "");
    assert_eq!(
        folder.join("auditEvents.jsonl").metadata().unwrap().mode() & 0o7777,
        0o600
    );
    let token = out(&site.run(&home, &["token"]), 0);
    assert!(!read(&home, "all/gatelog-export.json").contains(token.trim()));
}

#[test]
fn an_export_is_not_mixed_with_another() {
    let site = Site::new();
    let home = site.home();
    let run = |more: &[&str]| site.run(&home, &[&["export", "auditEvents", "--to", "x"], more].concat());
    assert!(err(&run(&["--resume"]), 2).contains("no export"));
    out(&run(&["--since", "2020-01-05"]), 0);
    let first = read(&home, "x/auditEvents.jsonl");
    assert!(err(&run(&[]), 2).contains("--overwrite"));
    assert!(err(&run(&["--resume", "-o", "csv"]), 2).contains("the format jsonl, not csv"));
    assert!(err(&run(&["--resume", "--filter", "eventTime gt 2020-01-01"]), 2).contains("the filter"));
    assert!(err(&run(&["--resume", "--bom"]), 2).contains("the cells"));
    assert!(err(&run(&["-o", "table", "--overwrite"]), 2).contains("a table is for people"));
    // What is whole is not fetched again.
    out(&run(&["--resume"]), 0);
    assert_eq!(read(&home, "x/auditEvents.jsonl"), first);
    out(&run(&["--overwrite"]), 0);
    assert!(read(&home, "x/auditEvents.jsonl").len() > first.len());
}

#[test]
fn one_report_that_cannot_be_had_does_not_keep_the_others() {
    let site = Site::new();
    let home = site.home();
    let output = site.run(&home, &["export", "nothing", "auditEvents", "--to", "x"]);
    assert!(err(&output, 6).contains("could not export nothing"), "{output:?}");
    assert_eq!(read(&home, "x/auditEvents.jsonl").lines().count(), ROWS as usize);
    let output = site.run(&home, &["export", "nothing", "--to", "y"]);
    assert!(err(&output, 3).contains("could not export nothing"), "{output:?}");
}

#[test]
fn a_part_that_is_shorter_than_the_state_says_begins_anew() {
    let site = Site::new();
    let home = site.home();
    let (front, fell_silent) = silent_once(&site);
    let program = Program::start(&mut site.command(&home, &front.url(), &export("cut", "jsonl")));
    fell_silent.recv_timeout(Duration::from_secs(120)).unwrap();
    program.kill();
    std::fs::write(home.workplace.path().join("cut/auditEvents.jsonl.part"), "{}").unwrap();
    let mut again = export("cut", "jsonl");
    again.push("--resume");
    out(&site.command(&home, &front.url(), &again).output().unwrap(), 0);
    out(
        &site
            .command(&home, &front.url(), &export("whole", "jsonl"))
            .output()
            .unwrap(),
        0,
    );
    assert_eq!(
        read(&home, "cut/auditEvents.jsonl"),
        read(&home, "whole/auditEvents.jsonl")
    );
}
