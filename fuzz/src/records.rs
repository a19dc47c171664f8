//! Any bytes as an input full of records: the same records however they are cut, nothing lost, nothing held that is longer
//! than the limit.

use crate::Chance;
use crate::json_tree::Json;
use sources::splitter::{Content, Piece, Splitter};
use sources::{Choice, Limits, Record, Understanding, open};
use std::collections::BTreeSet;

/// Lists inside lists: from here on an inner list is no list of records.
const LISTS_MAX: usize = 5;

/// Takes the bytes for an input. Where it is cut and how small the limits are comes from its hash.
pub fn check(bytes: &[u8]) {
    let chance = Chance::of(bytes);
    let small = Limits {
        record_bytes_max: chance.one_of(0, &[1, 16, 64, 300]),
        depth_max: chance.one_of(1, &[1, 2, 4, 500]),
    };
    for limits in chance.some_of(12, &[Limits::default(), small]) {
        let whole = pieces(limits, &[bytes]);
        for cut in chance.some_of(13, &CUTS) {
            let cut = cut.of(bytes, &chance);
            assert_eq!(pieces(limits, &cut), whole, "the cut changes the pieces");
        }
        for piece in &whole {
            let (Content::Whole(original) | Content::Broken { original, .. }) = &piece.content;
            assert!(original.len() <= limits.record_bytes_max, "{piece:?}");
        }
    }
    let whole = pieces(Limits::default(), &[bytes]);
    check_places(bytes, &whole);
    if let Some(expected) = lines_of_records(bytes) {
        let lines: Vec<u64> = whole.iter().map(|piece| piece.line).collect();
        assert_eq!(lines, expected, "one record or more is lost or made up");
    }
    // Of a table the reader makes rows.
    if !sources::table::is_table(bytes) {
        check_outcomes(bytes, &whole, &chance);
    }
}

fn pieces(limits: Limits, chunks: &[&[u8]]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut splitter = Splitter::new(limits);
    for chunk in chunks {
        splitter.push(chunk, &mut out);
    }
    splitter.finish(&mut out);
    out
}

/// How an input comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Byte by byte.
    Bytes,
    /// In a few pieces, cut at places by chance.
    Places,
}

/// Both.
pub(crate) const CUTS: [Cut; 2] = [Cut::Bytes, Cut::Places];

impl Cut {
    /// The pieces of the input.
    pub(crate) fn of<'a>(self, bytes: &'a [u8], chance: &Chance) -> Vec<&'a [u8]> {
        match self {
            Cut::Bytes => bytes.chunks(1).collect(),
            Cut::Places => {
                let mut places: Vec<usize> = chance.0[2..12]
                    .chunks(2)
                    .map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])) % (bytes.len() + 1))
                    .collect();
                places.extend([0, bytes.len()]);
                places.sort_unstable();
                places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
            }
        }
    }
}

/// Every byte stands in a piece or is white space, a comma or a bracket of a list. Where pages may be, their wrappers
/// belong to no piece, and only the places of the pieces are looked at.
fn check_places(bytes: &[u8], pieces: &[Piece]) {
    let is_utf16 = matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{' | b'[' | b'<', 0, ..] | [0, b'{' | b'[' | b'<', ..]
    );
    if is_utf16 {
        return;
    }
    let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    let has_pages = has(b"\"value\"") || has(b"\"records\"");
    let mut end = 0;
    let mut line = 1;
    let mut counted = 0;
    for piece in pieces {
        let (Content::Whole(original) | Content::Broken { original, .. }) = &piece.content;
        let start = usize::try_from(piece.byte).expect("the input fits the memory");
        if original.is_empty() {
            // It tells of a list or a page that began earlier.
            continue;
        }
        assert!(start >= end, "pieces overlap: {piece:?}");
        assert!(
            bytes[start..].starts_with(original),
            "the bytes are others: {piece:?}"
        );
        line += bytes[counted..start].split(|byte| *byte == b'\n').count() - 1;
        counted = start;
        assert_eq!(piece.line, line as u64, "{piece:?}");
        if !has_pages {
            check_gap(&bytes[end..start]);
        }
        end = start + original.len();
    }
    if !has_pages {
        check_gap(&bytes[end..]);
    }
}

/// What may stand between pieces; a byte order mark may too, where files were joined.
fn check_gap(gap: &[u8]) {
    let mut rest = gap;
    while let [first, after @ ..] = rest {
        rest = match rest {
            [0xEF, 0xBB, 0xBF, after @ ..] => after,
            [
                b' ' | b'\t' | b'\r' | b'\n' | 0x0C | 0x1E | b',' | b'[' | b']',
                ..,
            ] => after,
            _ => panic!(
                "bytes are lost from {first:#04X} on: {:?}",
                String::from_utf8_lossy(gap)
            ),
        };
    }
}

/// For an input of which every line is JSON by itself: the line of each record that must come of it.
fn lines_of_records(bytes: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains('\\') || text.contains('\0') {
        // An escaped name is no name of a list.
        return None;
    }
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.trim_matches([' ', '\t', '\r']).is_empty() {
            continue;
        }
        let value: Json = serde_json::from_str(line).ok()?;
        if depth(&value) >= 100 {
            return None;
        }
        let count = records_of(&value, 0)?;
        lines.extend(std::iter::repeat_n(index as u64 + 1, count));
    }
    Some(lines)
}

fn depth(value: &Json) -> usize {
    match value {
        Json::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// How many pieces must come of a value that stands in so many lists. `None` if it is nested too deep to be told simply.
fn records_of(value: &Json, lists: usize) -> Option<usize> {
    let items_of = |items: &[Json]| {
        let mut count = 0;
        for item in items {
            count += records_of(item, lists + 1)?;
        }
        Some(count)
    };
    match value {
        Json::List(items) if lists < LISTS_MAX => items_of(items),
        Json::List(_) => None,
        Json::Object(members) if lists < LISTS_MAX => {
            let mut pages = 0;
            let mut count = 0;
            for (name, value) in members {
                let Json::List(items) = value else { continue };
                let is_page = matches!(name.as_str(), "value" | "records");
                if is_page && matches!(items.first(), Some(Json::Object(_))) {
                    pages += 1;
                    count += items_of(items)?;
                }
            }
            Some(if pages == 0 { 1 } else { count })
        }
        _ => Some(1),
    }
}

/// Every piece has an outcome, but for pages without records; and the cut does not change what a record says.
fn check_outcomes(bytes: &[u8], pieces: &[Piece], chance: &Chance) {
    let whole = records(&[bytes]);
    let told: BTreeSet<(u64, u64)> = whole.iter().map(|record| (record.line, record.byte)).collect();
    for piece in pieces {
        assert!(
            told.contains(&(piece.line, piece.byte)) || is_empty_page(piece),
            "no outcome for {piece:?}"
        );
    }
    let cut = records(&Cut::Places.of(bytes, chance));
    assert_eq!(cut.len(), whole.len());
    for (one, other) in whole.iter().zip(&cut) {
        assert_eq!((one.line, one.byte), (other.line, other.byte));
        check_same(&one.understanding, &other.understanding);
    }
}

fn records(chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    out
}

fn is_empty_page(piece: &Piece) -> bool {
    let Content::Whole(original) = &piece.content else {
        return false;
    };
    let Ok(serde_json::Value::Object(page)) = serde_json::from_slice(original) else {
        return false;
    };
    ["value", "records"]
        .iter()
        .any(|name| page.get(*name) == Some(&serde_json::json!([])))
}

pub(crate) fn check_same(one: &Understanding, other: &Understanding) {
    match (one, other) {
        (Understanding::Event(one), Understanding::Event(other)) => {
            assert_eq!(
                (one.format, one.key, one.rank, &one.event, &one.original),
                (other.format, other.key, other.rank, &other.event, &other.original)
            );
        }
        (Understanding::Fragment(one), Understanding::Fragment(other)) => assert_eq!(one, other),
        (Understanding::Ignored { reason: one }, Understanding::Ignored { reason: other }) => {
            assert_eq!(one, other);
        }
        (
            Understanding::Rejected {
                reason: one,
                original: bytes,
            },
            Understanding::Rejected {
                reason: other,
                original: other_bytes,
            },
        ) => assert_eq!((one, bytes), (other, other_bytes)),
        _ => panic!("the cut decides what a record is: {one:?} and {other:?}"),
    }
}
