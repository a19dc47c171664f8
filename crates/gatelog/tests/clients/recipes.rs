//! The recipes of docs/scripts.md, letter by letter: what stands there between the fences is what runs here.

use crate::clients;
use crate::conversation::{Heard, Stage, USER};
use crate::site::{PASSWORD, code_of_address};
use crate::support::records::{seconds_ago, sign_in};
use std::collections::BTreeSet;

/// A page has a thousand rows.
const SIGN_INS: i64 = 1_005;
const PAGE: &str = include_str!("../../../../docs/scripts.md");

/// All blocks after "```language label", in the order of the page.
fn recipe(language: &str, label: &str) -> String {
    let mut found = String::new();
    let mut rest = PAGE;
    let fence = format!("\n```{language} {label}\n");
    while let Some((_, after)) = rest.split_once(&fence) {
        let (block, after) = after.split_once("\n```").unwrap();
        found.push_str(block);
        found.push('\n');
        rest = after;
    }
    assert!(!found.is_empty(), "docs/scripts.md has no {language} {label}");
    found
}

/// More sign-ins than a page has rows, two of which failed.
fn bring_sign_ins(stage: &Stage) {
    let collector = stage.site.workplace.app("contoso.com", &["Ingest"]);
    let token = stage.site.server.ingest_token(&collector);
    let records: Vec<String> = (0..SIGN_INS)
        .map(|number| {
            let error_code = if number % 1_000 == 1 { 50_126 } else { 0 };
            let time = seconds_ago(60 + number);
            sign_in(
                &format!("s-{number}"),
                &time,
                "dora@contoso.com",
                "Mail",
                error_code,
            )
        })
        .collect();
    stage
        .site
        .server
        .ingest(&token, "contoso.com", &records.join("\n"));
}

/// Runs a recipe and one line of the test's own, with a person at hand who opens addresses and types codes.
fn check(language: &str, label: &str, typed: &str, last_line: &str, expected: &[&str]) {
    let Some(clients) = clients() else { return };
    let mut stage = Stage::new(clients);
    bring_sign_ins(&stage);
    let (program, ending) = match language {
        "sh" => ("bash", "sh"),
        "python" => ("python", "py"),
        _ => ("node", "mjs"),
    };
    let name = format!("recipe.{ending}");
    let text = format!("{}{last_line}\n", recipe(language, label));
    stage.site.workplace.file(&format!("scripts/{name}"), text);
    let command = match program {
        "bash" => {
            let mut command = stage.command("bash");
            command.arg("scripts/recipe.sh");
            command
        }
        _ => stage.script(&name),
    };
    let said = stage.talk(command, typed, |line| {
        if line.contains("/oauth2/authorize?") {
            return Heard::Browse(line.to_owned(), code_of_address);
        }
        let message = line
            .strip_prefix("To sign in, open the page ")
            .and_then(|rest| rest.strip_suffix('.'))
            .and_then(|rest| rest.split_once(" in a browser and enter the code "));
        match message {
            Some((page, code)) => Heard::Approve(code.to_owned(), page.to_owned()),
            None => Heard::Told,
        }
    });
    assert_eq!(said.len(), expected.len(), "{language} {label}: {said:#?}");
    for (line, expected) in said.iter().zip(expected) {
        assert!(
            line.contains(expected),
            "{language} {label}: {expected:?} is not in {line:?}"
        );
    }
}

/// The status of a report with `TOKEN`.
const CURL: &str = r#"curl -s -o rows.json -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" "$SERVICE/$TENANT/reports/auditEvents?api-version=beta""#;
const PYTHON: &str = r#"import requests; print(requests.get(f'{os.environ["SERVICE"]}/{os.environ["TENANT"]}/reports/auditEvents?api-version=beta', headers={"Authorization": "Bearer " + token}).status_code)"#;

#[test]
fn curl_asks_and_pages_and_reads_errors() {
    check(
        "sh",
        "curl",
        "",
        "wc -l < sign-ins.jsonl",
        &[
            "\"action\":\"Add User\"",
            "\tdora@contoso.com\tOther.",
            "\tdora@contoso.com\tOther.",
            "auditEvents",
            "1005",
        ],
    );
}

#[test]
fn curl_takes_the_code_from_a_browser_and_renews() {
    let renewed = format!("TOKEN=$(jq -r .access_token tokens.json)\n{CURL}");
    check("sh", "curl-browser", "", &renewed, &["200"]);
}

#[test]
fn curl_signs_somebody_in_by_itself() {
    let typed = format!("{USER}\n{PASSWORD}\n");
    check("sh", "curl-alone", &typed, CURL, &["200"]);
}

#[test]
fn curl_signs_somebody_in_on_another_device() {
    check("sh", "curl-device", "", CURL, &["200"]);
}

#[test]
fn python_asks_and_pages_and_reads_errors() {
    let expected = ["Add User", "1005", "404 "];
    check("python", "requests", "", "", &expected);
}

#[test]
fn python_signs_in_with_adal() {
    check("python", "adal", "", PYTHON, &["200"]);
}

#[test]
fn python_signs_in_with_msal() {
    check("python", "msal", "", PYTHON, &["200"]);
}

#[test]
fn node_asks_and_pages_and_reads_errors() {
    let expected = ["Add User", "1005", "404 "];
    check("js", "fetch", "", "", &expected);
}

#[test]
fn node_signs_in_with_msal() {
    let last_line = "for (const token of [accessToken, signedIn.accessToken]) {\n\
        const headers = { Authorization: `Bearer ${token}` };\n\
        console.log((await fetch(`${SERVICE}/${TENANT}/reports/auditEvents?api-version=beta`, { headers })).status);\n}";
    check("js", "msal", "", last_line, &["200", "200"]);
}

/// A recipe with a label that no test knows would claim to be run.
#[test]
fn every_recipe_with_a_label_is_run() {
    let labels: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("```"))
        .filter(|fence| fence.contains(' '))
        .collect();
    let known = [
        "js fetch",
        "js msal",
        "python adal",
        "python msal",
        "python requests",
        "sh curl",
        "sh curl-alone",
        "sh curl-browser",
        "sh curl-device",
    ];
    assert_eq!(labels.into_iter().collect::<Vec<&str>>(), known);
}
