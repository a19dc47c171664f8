//! Any bytes as a log of lines: the same lines and the same records however it is cut, nothing lost, nothing held that is longer
//! than the limit; what is kept of a line is read again the same, without what was known of its input.

use crate::Chance;
use crate::records::{CUTS, check_same};
use crate::tables::check_again;
use model::time::Timestamp;
use sources::lines::{LineSplitter, TextLine, TextLineContent};
use sources::{Choice, Hints, Limits, Record, open_with};

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
        check_places(bytes, &whole, limits);
    }
    let hints = Hints {
        not_after: chance.one_of(14, &[None, Some(Timestamp::from_unix_seconds(1_793_534_400))]),
        undated_at: None,
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

/// Every byte stands in a line or is a line break or a byte order mark. Lines are counted as they are.
fn check_places(bytes: &[u8], lines: &[TextLine], limits: Limits) {
    let is_utf16 = matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{' | b'[' | b'<', 0, ..] | [0, b'{' | b'[' | b'<', ..]
    );
    if is_utf16 {
        return;
    }
    let mut end = 0;
    for line in lines {
        let (TextLineContent::Whole(original) | TextLineContent::TooLong(original)) = &line.content;
        assert!(original.len() <= limits.record_bytes_max, "{line:?}");
        let start = usize::try_from(line.byte).expect("the input fits the memory");
        assert!(start >= end, "lines overlap: {line:?}");
        assert!(
            bytes[start..].starts_with(original),
            "the bytes are others: {line:?}"
        );
        let number = bytes[..start].split(|byte| *byte == b'\n').count();
        assert_eq!(line.line, number as u64, "{line:?}");
        if limits == Limits::default() {
            check_gap(&bytes[end..start]);
        }
        end = start + original.len();
    }
    if limits == Limits::default() {
        check_gap(&bytes[end..]);
    }
}

fn check_gap(gap: &[u8]) {
    let mut rest = gap;
    while !rest.is_empty() {
        rest = match rest {
            [0xEF, 0xBB, 0xBF, after @ ..] | [b'\r' | b'\n', after @ ..] => after,
            _ => panic!("bytes are lost: {:?}", String::from_utf8_lossy(gap)),
        };
    }
}

fn records(hints: Hints, chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open_with(Choice::Auto, Limits::default(), hints);
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    out
}
