//! Bytes cut into pieces of whole lines, and pieces packed for the way.

use std::io;

/// The media type of a piece that is no lines: chunks of an event log, events as XML, a document.
pub(crate) const DOCUMENT: &str = "application/octet-stream";
/// A piece has whole lines of about so many bytes.
pub(crate) const PIECE_BYTES: usize = 512 << 10;
/// A line that is longer is no record: the service takes none of more.
pub(crate) const LINE_BYTES_MOST: usize = 4 << 20;
/// Small pieces and little work: what a log has is much the same anyway.
const ZSTD_LEVEL: i32 = 3;

/// What a stretch of bytes begins with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// So many bytes are whole lines.
    Whole(usize),
    /// There is only the beginning of a line.
    Half,
    /// The line is too long for a record; its end has not been seen.
    TooLong,
}

/// Finds the whole lines at the beginning of some bytes.
pub(crate) fn cut(bytes: &[u8]) -> Cut {
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => Cut::Whole(at + 1),
        None if bytes.len() >= LINE_BYTES_MOST => Cut::TooLong,
        None => Cut::Half,
    }
}

/// How many lines have something in them.
pub(crate) fn records(bytes: &[u8]) -> u64 {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.trim_ascii().is_empty()).count() as u64
}

/// Packs a piece.
pub(crate) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, ZSTD_LEVEL)
}

/// Unpacks a piece of ours.
pub(crate) fn unpack(body: &[u8]) -> io::Result<Vec<u8>> {
    zstd::stream::decode_all(body)
}

/// Cuts a piece in two at the end of a line near its middle; `None` if it is one line.
pub(crate) fn halves(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.trim_ascii();
    let middle = bytes.len() / 2;
    let before = bytes[..middle].iter().rposition(|byte| *byte == b'\n');
    let after = || {
        let found = bytes[middle..].iter().position(|byte| *byte == b'\n')?;
        Some(middle + found)
    };
    let at = before.or_else(after)? + 1;
    Some(bytes.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_come_first() {
        assert_eq!(cut(b"a\nb\nc"), Cut::Whole(4));
        assert_eq!(cut(b"abc"), Cut::Half);
        assert_eq!(cut(b""), Cut::Half);
        assert_eq!(cut(&vec![b'x'; LINE_BYTES_MOST]), Cut::TooLong);
    }

    #[test]
    fn empty_lines_are_no_records() {
        assert_eq!(records(b"a\n\r\n \nb"), 2);
        assert_eq!(records(b"\n\n"), 0);
    }

    #[test]
    fn a_piece_is_cut_between_lines() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(left, right)| (left.as_bytes(), right.as_bytes()));
            assert_eq!(halves(text.as_bytes()), expected, "{text:?}");
        };
        check("aa\nbb\n", Some(("aa\n", "bb")));
        check("aaaaaaaa\nb\n", Some(("aaaaaaaa\n", "b")));
        check("a\nbbbbbbbb\n", Some(("a\n", "bbbbbbbb")));
        check("a\nb\nc\n", Some(("a\n", "b\nc")));
        check("aaaa\n", None);
        check("aaaa", None);
        check("\naaaa\n", None);
    }

    #[test]
    fn what_was_packed_comes_out() {
        let text = b"a\n".repeat(1_000);
        assert_eq!(unpack(&pack(&text).unwrap()).unwrap(), text);
    }
}
