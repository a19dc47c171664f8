//! Any bytes as a table: the same rows and the same records however it is cut, nothing lost, nothing held that is longer
//! than the limit; what is kept of a row can be read again by itself.

use crate::Chance;
use crate::pieces::{check_places, records};
use crate::records::{CUTS, check_same};
use model::batch::FragmentDraft;
use sources::table::{Row, RowContent, RowSplitter, is_table};
use sources::{Choice, Hints, Limits, Understanding, understand};

/// Takes the bytes for an input. Where it is cut, what parts its cells and how small the limits are comes from its hash.
pub fn check(bytes: &[u8]) {
    let chance = Chance::of(bytes);
    let delimiter = chance.one_of(0, b",;\t");
    let small = Limits {
        record_bytes_max: chance.one_of(1, &[1, 16, 64, 300]),
        ..Limits::default()
    };
    for limits in chance.some_of(12, &[Limits::default(), small]) {
        let whole = rows(limits, delimiter, &[bytes]);
        for cut in chance.some_of(13, &CUTS) {
            let cut = cut.of(bytes, &chance);
            assert_eq!(rows(limits, delimiter, &cut), whole, "the cut changes the rows");
        }
        let places = whole.iter().map(|row| {
            let (RowContent::Whole { original, .. } | RowContent::Broken { original, .. }) = &row.content;
            (row.line, row.byte, original.as_slice())
        });
        check_places(bytes, places, limits);
    }
    if !is_table(bytes) {
        return;
    }
    let whole = records(Hints::default(), &[bytes]);
    for cut in chance.some_of(14, &CUTS) {
        let cut = records(Hints::default(), &cut.of(bytes, &chance));
        assert_eq!(cut.len(), whole.len());
        for (one, other) in whole.iter().zip(&cut) {
            assert_eq!((one.line, one.byte), (other.line, other.byte));
            check_same(&one.understanding, &other.understanding);
        }
    }
    for record in whole {
        check_again(record.understanding);
    }
}

fn rows(limits: Limits, delimiter: u8, chunks: &[&[u8]]) -> Vec<Row> {
    let mut out = Vec::new();
    let mut splitter = RowSplitter::new(limits, delimiter);
    for chunk in chunks {
        splitter.push(chunk, &mut out);
    }
    splitter.finish(&mut out);
    out
}

/// A part of a record is one of its record's, and is read again the same.
pub(crate) fn check_part(part: &FragmentDraft) {
    assert!(
        part.part >= 1 && (part.parts == 0 || part.part <= part.parts),
        "{part:?}"
    );
    assert!(!part.whole.is_empty());
    let Some(Understanding::Fragment(again)) = understand(&Choice::Auto, part.original.clone()) else {
        panic!("cannot be read again: {part:?}")
    };
    assert_eq!(*again, *part);
}

pub(crate) fn check_again(understanding: Understanding) {
    match understanding {
        Understanding::Event(first) => {
            let choice = Choice::Only(sources::by_id(first.format).expect("the format is known"));
            let Some(Understanding::Event(again)) = understand(&choice, first.original.clone()) else {
                panic!(
                    "cannot be read again: {:?}",
                    String::from_utf8_lossy(&first.original)
                )
            };
            assert_eq!(
                (first.key, first.rank, &first.event, &first.original),
                (again.key, again.rank, &again.event, &again.original)
            );
            let _ = first.draft();
        }
        Understanding::Fragment(part) => check_part(&part),
        Understanding::Ignored { reason } | Understanding::Rejected { reason, .. } => {
            assert!(!reason.is_empty());
        }
    }
}
