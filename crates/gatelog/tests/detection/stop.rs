//! SIGTERM while a backlog is judged: the program ends, and the next start finds everything.

use super::{ADDRESSES, AT_ONCE, FAILURES, Site, sign_in, site_in};
use crate::support::Workplace;
use crate::support::records::now;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const PEOPLE: u32 = 100;
/// Before judging, in the midst of it, and after it, whichever machine this is: whatever was found until then, at the end all of it is there.
const PAUSES: &[Duration] = &[
    Duration::from_millis(0),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(150),
    Duration::from_millis(200),
    Duration::from_millis(300),
    Duration::from_millis(500),
];

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
    let Site {
        server,
        app,
        workplace,
        ..
    } = site;
    server.program.kill();
    for pause in PAUSES {
        let server = workplace.serve_with(AT_ONCE);
        std::thread::sleep(*pause);
        server.program.signal("TERM");
        let (status, said) = server.program.wait();
        assert!(status.success(), "after {pause:?}: {status}: {said}");
    }
    let site = Site::over(workplace, app, AT_ONCE);
    for (report, time) in [(FAILURES, "firstSuccessfulSignIn"), (ADDRESSES, "eventTime")] {
        let rows = site.rows_once(report, time, |rows| rows.len() >= PEOPLE as usize);
        let users: BTreeSet<&str> = rows.iter().map(|row| row["userName"].as_str().unwrap()).collect();
        assert_eq!((rows.len(), users.len()), (PEOPLE as usize, PEOPLE as usize));
    }
}
