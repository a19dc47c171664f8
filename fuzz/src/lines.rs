//! Any bytes as a log of lines: the same lines and the same records however it is cut, nothing lost, nothing held that is longer
//! than the limit; what is kept of a line is read again the same, without what was known of its input.

use crate::Chance;
use crate::pieces::{check_places, records};
use crate::records::{CUTS, check_same};
use crate::tables::check_again;
use model::time::Timestamp;
use sources::lines::{LineSplitter, TextLine, TextLineContent};
use sources::{Hints, Limits};

/// A first line that makes an input a log, whatever follows.
const LOG: &[u8] = b"<13>a: b\n";

/// Takes the bytes for an input. Where it is cut, how small the limits are and what is known of its time comes from its hash.
pub fn check(bytes: &[u8]) {
    let chance = Chance::of(bytes);
    let small = Limits {
        record_bytes_max: chance.one_of(1, &[1, 16, 64, 300]),
        ..Limits::default()
    };
    for limits in chance.some_of(12, &[Limits::default(), small]) {
        let whole = lines(limits, &[bytes]);
        for cut in chance.some_of(13, &CUTS) {
            let cut = cut.of(bytes, &chance);
            assert_eq!(lines(limits, &cut), whole, "the cut changes the lines");
        }
        let places = whole.iter().map(|line| {
            let (TextLineContent::Whole(original) | TextLineContent::TooLong(original)) = &line.content;
            (line.line, line.byte, original.as_slice())
        });
        check_places(bytes, places, limits);
    }
    let hints = Hints {
        not_after: chance.one_of(14, &[None, Some(Timestamp::from_unix_seconds(1_793_534_400))]),
        undated_at: chance.one_of(16, &[None, Some(Timestamp::from_unix_seconds(1_714_521_600))]),
    };
    let log = [LOG, bytes].concat();
    let whole = records(hints, &[&log]);
    for cut in chance.some_of(15, &CUTS) {
        let cut = records(hints, &cut.of(&log, &chance));
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

fn lines(limits: Limits, chunks: &[&[u8]]) -> Vec<TextLine> {
    let mut out = Vec::new();
    let mut splitter = LineSplitter::new(limits);
    for chunk in chunks {
        splitter.push(chunk, &mut out);
    }
    splitter.finish(&mut out);
    out
}
