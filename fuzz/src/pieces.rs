//! What holds of every cutting of bytes into pieces, whether they are lines or rows: nothing is lost, moved or counted wrongly.

use sources::{Choice, Hints, Limits, Record, open_with};

/// A piece as it was cut: its line, the bytes before it, and its own.
pub(crate) type Piece<'a> = (u64, u64, &'a [u8]);

/// Every byte stands in a piece or is a line break or a byte order mark. Lines are counted as they are.
pub(crate) fn check_places<'a>(bytes: &[u8], pieces: impl Iterator<Item = Piece<'a>>, limits: Limits) {
    let is_utf16 = matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{' | b'[' | b'<', 0, ..] | [0, b'{' | b'[' | b'<', ..]
    );
    if is_utf16 {
        return;
    }
    let mut end = 0;
    for (line, byte, original) in pieces {
        let told = || {
            format!(
                "line {line}, byte {byte}: {:?}",
                String::from_utf8_lossy(original)
            )
        };
        assert!(original.len() <= limits.record_bytes_max, "{}", told());
        let start = usize::try_from(byte).expect("the input fits the memory");
        assert!(start >= end, "pieces overlap: {}", told());
        assert!(
            bytes[start..].starts_with(original),
            "the bytes are others: {}",
            told()
        );
        let number = bytes[..start].split(|byte| *byte == b'\n').count();
        assert_eq!(line, number as u64, "{}", told());
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

/// The records of an input that comes in these chunks.
pub(crate) fn records(hints: Hints, chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open_with(Choice::Auto, Limits::default(), hints);
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    out
}
