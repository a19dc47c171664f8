//! A mapping file, and behind a line of dashes the records that it is for: understood or refused, never a panic; one
//! outcome for each record, and the same however they are cut.

use crate::Chance;
use crate::records::{Cut, check_same};
use sources::mapping::Mapping;
use sources::{Choice, Limits, Record, Understanding, members, open};
use std::sync::Arc;

/// Takes the bytes for a mapping, and what follows the first line `---` for records.
pub fn check(bytes: &[u8]) {
    const BETWEEN: &[u8] = b"\n---\n";
    let at = bytes
        .windows(BETWEEN.len())
        .position(|window| window == BETWEEN)
        .unwrap_or(bytes.len());
    let (file, input) = (&bytes[..at], bytes.get(at + BETWEEN.len()..).unwrap_or_default());
    let Ok(text) = std::str::from_utf8(file) else {
        return;
    };
    let mapping = match Mapping::parse(text) {
        Ok(mapping) => Arc::new(mapping),
        Err(errors) => {
            assert!(!errors.0.is_empty());
            let lines = text.matches('\n').count() + 1;
            for error in errors.0 {
                assert!((1..=lines).contains(&error.line), "{error}");
                assert!(!error.message.is_empty());
            }
            return;
        }
    };
    let whole = records(&mapping, &[input]);
    let cut = records(&mapping, &Cut::Places.of(input, &Chance::of(bytes)));
    assert_eq!(cut.len(), whole.len());
    for (one, other) in whole.iter().zip(&cut) {
        assert_eq!((one.line, one.byte), (other.line, other.byte));
        check_same(&one.understanding, &other.understanding);
    }
    for record in whole {
        if let Understanding::Event(understood) = record.understanding {
            let record = members(&understood.original).expect("what was understood can be parsed");
            assert!(mapping.find(&record).present.contains(&"time"));
            let _ = understood.draft();
        }
    }
}

fn records(mapping: &Arc<Mapping>, chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open(Choice::Mapped(Arc::clone(mapping)), Limits::default());
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    out
}
