//! Files of rules and of people that are wrong: the log says what, where and what to do, once, and the former stay in force.

use super::{AT_ONCE, BERLIN, FAILURES, Site, sign_in, site_in};
use crate::support::Workplace;
use crate::support::records::now;

impl Site {
    /// Puts another file in the place of one, at once: half of one is a file of its own to whoever reads it then.
    fn replace(&self, name: &str, content: &str) {
        let new = self.workplace.file("new", content);
        std::fs::rename(new, self.workplace.path().join(name)).unwrap();
    }

    /// Three wrong passwords, and then the right one.
    fn three_failures(&self, first: u32, user: &str) {
        let from = now().plus_seconds(-7_200);
        let tries: Vec<_> = (0..4)
            .map(|n| {
                let code = if n < 3 { 50_126 } else { 0 };
                sign_in(first + n, from.plus_seconds(i64::from(n)), user, code, BERLIN)
            })
            .collect();
        self.bring(&tries);
    }
}

fn with_failures(minimum: u32) -> String {
    format!("[after_multiple_failures]\nminimum_failures = {minimum}\n")
}

#[test]
fn a_file_that_is_wrong_is_told_once_and_the_former_stays_in_force() {
    let workplace = Workplace::new();
    let rules = workplace.file("rules.toml", with_failures(0));
    let people = workplace.file("people.txt", "ann@contoso.com, 00u1\n");
    let (rules, people) = (rules.to_str().unwrap(), people.to_str().unwrap());
    let files = [("detection.rules", rules), ("detection.people", people)];
    let mut site = site_in(workplace, &[AT_ONCE, &files].concat());
    let told = site
        .server
        .program
        .wait_for("nothing is judged until this is mended");
    assert!(
        told.contains(&format!(
            "{rules}: after_multiple_failures.minimum_failures is 0, and must be at least 1"
        )),
        "{told}"
    );
    site.three_failures(100, "ann");
    site.replace("rules.toml", &with_failures(3));
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() == 1);

    site.replace("people.txt", "# ours\nann@contoso.com;00u1\n");
    let told = site.server.program.wait_for("detection goes on as before");
    assert!(told.contains(people) && told.contains("line 2"), "{told}");
    assert!(told.contains("with commas between"), "{told}");
    site.three_failures(200, "bob");
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() == 2);

    site.replace("rules.toml", "[after_multiple_failures]\nminimum_failure = 3\n");
    let told = site.server.program.wait_for("detection goes on as before");
    assert!(told.contains(rules) && told.contains("line 2"), "{told}");
    assert!(told.contains("unknown field `minimum_failure`"), "{told}");
    let explained = site.server.get(
        &site.read,
        "/contoso.com/findings/why?user=ann@contoso.com&at=2024-05-20T08:00:00Z",
    );
    assert_eq!(explained.status, 503, "{}", explained.text());
    let problem = explained.json();
    assert!(problem["detail"].as_str().unwrap().contains("log"), "{problem}");
    assert!(!problem.to_string().contains("rules.toml"), "{problem}");
    site.three_failures(300, "carol");
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() == 3);
    // Rounds came and went since, and none told it again.
    let said = site.server.program.heard();
    let told = said
        .iter()
        .filter(|line| line.contains("detection goes on as before"));
    assert_eq!(told.count(), 2);
}
