//! The two legacy faces over real HTTP: the request lines of real clients, and what each must be answered.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod answers;
mod requests;
#[path = "../support/mod.rs"]
mod support;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use support::http::{Answer, Request};
use support::records::{audit, audit_by, days_ago, seconds_ago, sign_in};
use support::{CONTOSO, FABRIKAM, Server, Workplace};

/// One server for the tests that run at the same time; it ends with the last of them. Nobody changes its data.
static SHARED: Mutex<Weak<Site>> = Mutex::new(Weak::new());

struct Site {
    server: Server,
    token: String,
    workplace: Workplace,
}

/// The rows that tests speak of, newest first:
///
/// - audits: `new1`, `new2` (a day and two ago), `y2018` (category Sync), `y2016`, `tick` (2015, seven digits);
/// - sign-ins: `in1` (failed), `in2`, `in2018`;
/// - in fabrikam.com 1,005 audits of the last hour.
fn site() -> Arc<Site> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(site) = shared.upgrade() {
        return site;
    }
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let sync = |record: String| record.replace("Core Directory", "Account Provisioning");
    let records = [
        audit("new1", &days_ago(1), "Add user"),
        audit_by(
            "new2",
            &days_ago(2),
            "Reset password (by admin)",
            "Ben@Contoso.com",
            "eve@contoso.com",
        ),
        sync(audit("y2018", "2018-08-20T15:16:45.5720566Z", "Export")),
        audit("y2016", "2016-06-01T00:00:00Z", "Delete user"),
        audit("tick", "2015-03-12T22:01:18.4385955Z", "Update user"),
        sign_in("in1", &days_ago(1), "dora@contoso.com", "Portal", 50126),
        sign_in("in2", &days_ago(2), "dora@contoso.com", "Graph Explorer", 0),
        sign_in("in2018", "2018-05-05T05:05:05Z", "eve@contoso.com", "Portal", 0),
    ];
    let file = workplace.file("contoso.jsonl", records.join("\n"));
    let imported = workplace.json(&["import", "--tenant", CONTOSO, file.to_str().unwrap()]);
    assert_eq!(imported["new"], 8, "{imported}");
    let many: Vec<String> = (0..1005)
        .map(|number| audit(&format!("many{number}"), &seconds_ago(3 * number), "Add user"))
        .collect();
    let file = workplace.file("fabrikam.jsonl", many.join("\n"));
    workplace.json(&["import", "--tenant", FABRIKAM, file.to_str().unwrap()]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let site = Arc::new(Site {
        server,
        token,
        workplace,
    });
    *shared = Arc::downgrade(&site);
    site
}

fn ask(site: &Site, line: &str) -> Answer {
    let (method, target) = line.split_once(' ').unwrap();
    site.server
        .send(&Request::new(method, target).bearer(&site.token))
}

/// A request line, and the answer to it: `200` with the ids of the rows in order, or a status with an error's code.
fn check(site: &Site, line: &str, expected: &str) {
    let answer = ask(site, line);
    let told = match answer.status {
        200 => answer.ids().join(" "),
        _ => answer.error_code(),
    };
    assert_eq!(
        format!("{} {told}", answer.status).trim_end(),
        expected,
        "{line}\n{}",
        answer.text()
    );
}

/// A request line, the status of its answer, and words that the error's sentence must hold.
fn check_refusal(site: &Site, line: &str, status: u16, words: &[&str]) {
    let answer = ask(site, line);
    assert_eq!(answer.status, status, "{line}\n{}", answer.text());
    for word in words {
        assert!(
            answer.error_message().contains(word),
            "{line}: {word:?} in {}",
            answer.text()
        );
    }
}
