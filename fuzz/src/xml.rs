//! Any bytes as Windows events in XML: as they are, and within a sound event. The same records however they are cut; nothing longer
//! than the limit; what is kept of an event is read again.

use crate::Chance;
use crate::records::{CUTS, check_same};
use crate::tables::check_again;
use sources::{Choice, Limits, Record, Understanding, open};

const BEFORE: &[u8] = b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
    <Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4625</EventID><TimeCreated SystemTime='2024-05-04T10:20:30Z'/>\
    <EventRecordID>7</EventRecordID><Channel>Security</Channel><Computer>dc1.contoso.example</Computer></System><EventData>\
    <Data Name='TargetUserName'>";
const AFTER: &[u8] = b"</Data></EventData></Event>";

/// Takes the bytes as an input behind `<Event>`, and as the content of a datum.
pub fn check(bytes: &[u8]) {
    let chance = Chance::of(bytes);
    let inside = [BEFORE, bytes, AFTER, BEFORE, b"ann", AFTER].concat();
    let small = Limits {
        record_bytes_max: chance.one_of(0, &[1, 100, 700]),
        ..Limits::default()
    };
    for input in [[b"<Event>", bytes].concat(), inside] {
        for limits in chance.some_of(1, &[Limits::default(), small]) {
            check_input(&input, limits, chance);
        }
    }
}

fn check_input(input: &[u8], limits: Limits, chance: Chance) {
    let whole = records(limits, &[input]);
    for cut in chance.some_of(2, &CUTS) {
        let cut = records(limits, &cut.of(input, &chance));
        assert_eq!(cut.len(), whole.len());
        for (one, other) in whole.iter().zip(&cut) {
            assert_eq!((one.line, one.byte), (other.line, other.byte));
            check_same(&one.understanding, &other.understanding);
        }
    }
    for record in whole {
        if limits == Limits::default() {
            check_again(record.understanding);
        } else if let Understanding::Event(understood) = record.understanding {
            assert!(understood.original.len() <= limits.record_bytes_max);
        }
    }
}

fn records(limits: Limits, chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open(Choice::Auto, limits);
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    out
}
