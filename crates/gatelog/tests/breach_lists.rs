//! Breach lists from file to served row, and that a password in one is nowhere in the data folder.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::Value;
use std::path::Path;
use support::http::Request;
use support::{CONTOSO, Server, Workplace, shown};

const HAVE_I_BEEN_PWNED: &str = include_str!("../../../fuzz/seeds/breach-list/have_i_been_pwned.json");

/// Three rows that are understood and four that are not, each with a password or a hash.
const LIST: &str = "\
Domain Email;Breach Name;Breach Date;Data Classes;Password;Notes
ann@contoso.example;Northwind;2012-05-05;Email addresses, Passwords;tr0ub4dor-and-3;tr0ub4dor-and-3
ann@contoso.example;Fabrikam;2019-01-07;Email addresses;tr0ub4dor-and-3;
bob@contoso.example;Fabrikam;2019-01-07;;tr0ub4dor-and-3;
;Fabrikam;2019-01-07;;tr0ub4dor-and-3;
bob@contoso.example:tr0ub4dor-and-3;Fabrikam;2019-01-07;;;
bob@contoso.example;Fabrikam;tr0ub4dor-and-3
bob@contoso.example;Fabrikam;2019-01-07;;\"tr0ub4dor-and-3
";
const SECRET: &[u8] = b"tr0ub4dor-and-3";

fn rows(server: &Server, token: &str) -> Vec<String> {
    let target =
        "/contoso.com/reports/compromisedCredentials?api-version=beta&$filter=eventTime%20ge%202001-01-01";
    let answer = server.get(token, target);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut rows: Vec<String> = answer.json()["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {}",
                text("eventTime"),
                text("userName"),
                text("credentialType")
            )
        })
        .collect();
    rows.sort();
    rows
}

const ROWS: &[&str] = &[
    "2012-05-05T00:00:00Z ann@contoso.example Password",
    "2019-01-07T00:00:00Z ann@contoso.example -",
    "2019-01-07T00:00:00Z bob@contoso.example -",
];

/// How a frame of zstd begins.
const MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// Whether a text stands in a file of a folder, as it is or in what zstd made of it.
fn is_within(folder: &Path, wanted: &[u8]) -> bool {
    let has = |bytes: &[u8]| bytes.windows(wanted.len()).any(|part| part == wanted);
    std::fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .any(|entry| {
            if entry.file_type().unwrap().is_dir() {
                return is_within(&entry.path(), wanted);
            }
            let Ok(bytes) = std::fs::read(entry.path()) else {
                return false;
            };
            let frames = bytes
                .windows(MAGIC.len())
                .enumerate()
                .filter(|(_, part)| *part == MAGIC);
            has(&bytes) || frames.map(|(at, _)| at).any(|at| has(&unpacked(&bytes[at..])))
        })
}

/// What a frame holds, as far as it goes.
fn unpacked(frame: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    if let Ok(mut decoder) = zstd::stream::read::Decoder::new(frame) {
        let _ = std::io::copy(&mut decoder, &mut unpacked);
    }
    unpacked
}

#[test]
fn a_list_fills_the_report_by_import_and_by_ingest_and_no_password_is_kept() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    // The name of the file says nothing.
    let file = workplace.file("list.log", LIST);
    let output = workplace.run(&[
        "import",
        "--tenant",
        CONTOSO,
        file.to_str().unwrap(),
        "-o",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(6), "{}", shown(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        ["read", "new", "rejected"].map(|name| json[name].as_u64().unwrap()),
        [7, 3, 4]
    );
    let mut said = [output.stdout, output.stderr].concat();
    std::fs::remove_file(file).unwrap();

    let server = workplace.serve();
    let read = server.reading_token(&app);
    assert_eq!(rows(&server, &read), ROWS);
    let ingest = server.ingest_token(&app);
    for (body, expected) in [
        (LIST, [0, 0, 3]),
        (HAVE_I_BEEN_PWNED, [0, 3, 0]),
        (HAVE_I_BEEN_PWNED, [0, 0, 3]),
    ] {
        let answer = server.send(
            &Request::post("/contoso.com/ingest/auto")
                .bearer(&ingest)
                .body(body),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        let counts = answer.json();
        assert_eq!(
            ["new", "changed", "known"].map(|name| counts[name].as_u64().unwrap()),
            expected,
            "{counts}"
        );
        said.extend(answer.text().into_bytes());
    }
    assert_eq!(rows(&server, &read), ROWS);
    drop(server);

    let rebuilt = workplace.run(&["rebuild"]);
    assert!(rebuilt.status.success(), "{}", shown(&rebuilt));
    let server = workplace.serve();
    assert_eq!(rows(&server, &server.reading_token(&app)), ROWS);
    drop(server);
    assert!(
        is_within(&workplace.data(), b"ann@contoso.example"),
        "the look into originals is blind"
    );
    assert!(
        is_within(&workplace.data(), b"\"data classes\""),
        "the look into originals is blind"
    );
    // The file of rejected records is there, too.
    assert!(!is_within(workplace.path(), SECRET), "a password is kept");
    assert!(
        !said.windows(SECRET.len()).any(|part| part == SECRET),
        "a password is shown"
    );
}
