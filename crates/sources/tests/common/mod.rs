//! What several tests of the formats need.

#![allow(dead_code)] // Each test binary uses its own part.

use model::event::{Audit, Facts, SignIn};
use sources::{Choice, Limits, Record, Understanding, Understood, open};
use std::path::Path;

/// Reads an input in one push.
pub(crate) fn read(input: &[u8]) -> Vec<Record> {
    read_as(Choice::Auto, input)
}

/// Reads an input in one push, with a chosen format.
pub(crate) fn read_as(choice: Choice, input: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut parser = open(choice, Limits::default());
    parser.push(input, &mut records);
    parser.finish(&mut records);
    records
}

/// A text that is there, so that expected events read like the real ones.
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What a sign-in says.
pub(crate) fn sign_in(understood: &Understood) -> &SignIn {
    match &understood.event.facts {
        Facts::SignIn(sign_in) => sign_in,
        other => panic!("{other:?}"),
    }
}

/// What an audit says.
pub(crate) fn audit(understood: &Understood) -> &Audit {
    match &understood.event.facts {
        Facts::Audit(audit) => audit,
        other => panic!("{other:?}"),
    }
}

/// The event of the one record of an input.
pub(crate) fn one(input: &str) -> Understood {
    let mut records = read(input.as_bytes());
    assert_eq!(records.len(), 1, "{records:?}");
    match records.remove(0).understanding {
        Understanding::Event(understood) => *understood,
        other => panic!("{input}: {other:?}"),
    }
}

/// Why the one record of an input was rejected or ignored: `rejected: …` or `ignored: …`.
pub(crate) fn refusal(choice: Choice, input: &str) -> String {
    let mut records = read_as(choice, input.as_bytes());
    assert_eq!(records.len(), 1, "{records:?}");
    match records.remove(0).understanding {
        Understanding::Rejected { reason, .. } => format!("rejected: {reason}"),
        Understanding::Ignored { reason } => format!("ignored: {reason}"),
        other => panic!("{input} was understood: {other:?}"),
    }
}

/// The text of an optional member, `-` if there is none.
pub(crate) fn or_dash(text: Option<&String>) -> String {
    text.map_or_else(|| "-".to_owned(), Clone::clone)
}

/// A file of the folder that `GATELOG_SAMPLES` names. Without it the test says so and passes, unless `GATELOG_REQUIRE`
/// names `samples`.
#[allow(clippy::print_stderr)] // A skipped test says so.
pub(crate) fn sample(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("GATELOG_SAMPLES") else {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == "samples"),
            "GATELOG_REQUIRE names samples, but GATELOG_SAMPLES is not set"
        );
        eprintln!("skipped: set GATELOG_SAMPLES to the folder with the real records ({path})");
        return None;
    };
    // Tests run in their package's folder; a relative name means from the root of the repository.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(folder).join(path);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
