//! SIGTERM while a backlog is judged: the program ends, and the next start finds everything.

use super::{ADDRESSES, AT_ONCE, FAILURES, sign_in, site_in};
use crate::support::Workplace;
use crate::support::records::now;
use serde_json::Value;
use std::collections::BTreeSet;

const PEOPLE: u32 = 60;

#[test]
fn a_stop_during_a_backlog_loses_no_finding() {
    let off: &[(&str, &str)] = &[("detection.enabled", "false")];
    let site = site_in(Workplace::new(), off);
    let start = now().plus_seconds(-7_200);
    let mut tries: Vec<Value> = Vec::new();
    for person in 0..PEOPLE {
        let address = format!("203.0.113.{person}");
        for n in 0..21 {
            let code = if n < 20 { 50_126 } else { 0 };
            let place = ("", "", 0.0, 0.0, address.as_str());
            let at = start.plus_seconds(i64::from(n));
            tries.push(sign_in(
                person * 100 + n,
                at,
                &format!("person{person}"),
                code,
                place,
            ));
        }
    }
    site.bring(&tries);
    let site = site.killed_with(AT_ONCE);
    site.server.program.signal("TERM");
    let (status, said) = site.server.program.wait();
    assert!(status.success(), "{status}: {said}");

    let server = site.workplace.serve_with(AT_ONCE);
    let site = super::Site {
        ingest: server.ingest_token(&site.app),
        read: server.reading_token(&site.app),
        server,
        app: site.app,
        workplace: site.workplace,
    };
    for (report, time) in [(FAILURES, "firstSuccessfulSignIn"), (ADDRESSES, "eventTime")] {
        let rows = site.rows_once(report, time, |rows| rows.len() >= PEOPLE as usize);
        let users: BTreeSet<&str> = rows.iter().map(|row| row["userName"].as_str().unwrap()).collect();
        assert_eq!((rows.len(), users.len()), (PEOPLE as usize, PEOPLE as usize));
    }
}
