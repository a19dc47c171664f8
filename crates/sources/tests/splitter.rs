//! How bytes are cut into records: packings, line numbers, and what happens when a record breaks.

use sources::Limits;
use sources::splitter::{Content, Piece, Splitter};

fn split(limits: Limits, input: &[u8], chunk: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut splitter = Splitter::new(limits);
    for bytes in input.chunks(chunk.max(1)) {
        splitter.push(bytes, &mut pieces);
    }
    splitter.finish(&mut pieces);
    pieces
}

/// A piece as `line text`, a broken one as `line !reason! text`.
fn shown(piece: &Piece) -> String {
    let (reason, bytes) = match &piece.content {
        Content::Whole(bytes) => (String::new(), bytes),
        Content::Broken { reason, original } => (format!("!{reason}! "), original),
    };
    let text = String::from_utf8_lossy(bytes);
    format!("{} {reason}{}", piece.line, text.escape_debug())
        .trim_end()
        .to_owned()
}

/// Each expected line is compared with a piece; of a reason, the expected part must occur in it. In UTF-8 the piece
/// must stand in the input where it says it does.
fn check_with(limits: Limits, input: &[u8], expected: &[&str]) {
    for chunk in [usize::MAX, 1, 2, 7] {
        let pieces = split(limits, input, chunk);
        for piece in &pieces {
            let (Content::Whole(bytes) | Content::Broken { original: bytes, .. }) = &piece.content;
            assert!(
                input[piece.byte as usize..].starts_with(bytes),
                "{piece:?} is elsewhere"
            );
        }
        let pieces: Vec<String> = pieces.iter().map(shown).collect();
        assert_eq!(pieces.len(), expected.len(), "in chunks of {chunk}: {pieces:#?}");
        for (piece, expected) in pieces.iter().zip(expected) {
            let mut parts = expected.split('!');
            let (place, reason, text) = (parts.next(), parts.next(), parts.next());
            match (place, reason, text) {
                (Some(place), Some(reason), Some(text)) => {
                    assert!(
                        piece.starts_with(&format!("{place}!")),
                        "{piece} is not {expected}"
                    );
                    assert!(piece.contains(reason), "{piece} does not say {reason}");
                    assert!(piece.ends_with(&format!("!{text}")), "{piece} is not {expected}");
                }
                _ => assert_eq!(piece, expected, "in chunks of {chunk}"),
            }
        }
    }
}

fn check(input: &str, expected: &[&str]) {
    check_with(Limits::default(), input.as_bytes(), expected);
}

#[test]
fn one_object_a_line() {
    let expected = [r#"1 {\"a\":1}"#, r#"2 {\"a\":2}"#];
    check("{\"a\":1}\n{\"a\":2}\n", &expected);
    check("{\"a\":1}\n{\"a\":2}", &expected);
    check(
        "{\"a\":1}\r\n{\"a\":2}\r\n",
        &[r#"1 {\"a\":1}"#, r#"2 {\"a\":2}"#],
    );
    check(
        "\n\n {\"a\":1}\n\n\n{\"a\":2}\n\n",
        &[r#"3 {\"a\":1}"#, r#"6 {\"a\":2}"#],
    );
}

#[test]
fn objects_one_after_another() {
    check(
        r#"{"a":1}{"a":2} {"a":3},{"a":4}"#,
        &[
            r#"1 {\"a\":1}"#,
            r#"1 {\"a\":2}"#,
            r#"1 {\"a\":3}"#,
            r#"1 {\"a\":4}"#,
        ],
    );
    check(
        "\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n",
        &[r#"1 {\"a\":1}"#, r#"2 {\"a\":2}"#],
    );
}

#[test]
fn objects_over_several_lines() {
    check(
        "{\n  \"a\": {\n    \"b\": [\n      {}\n    ]\n  }\n}\n{\n  \"a\": 2\n}\n",
        &[
            r#"1 {\n  \"a\": {\n    \"b\": [\n      {}\n    ]\n  }\n}"#,
            r#"8 {\n  \"a\": 2\n}"#,
        ],
    );
}

#[test]
fn an_array_gives_its_elements() {
    check("[]", &[]);
    check(r#"[{"a":1},{"a":2}]"#, &[r#"1 {\"a\":1}"#, r#"1 {\"a\":2}"#]);
    check(
        "[\n  {\n    \"a\": 1\n  },\n  {\"a\": 2}\n]\n",
        &[r#"2 {\n    \"a\": 1\n  }"#, r#"5 {\"a\": 2}"#],
    );
    check(r#"[[{"a":1}],[{"a":2}]]"#, &[r#"1 {\"a\":1}"#, r#"1 {\"a\":2}"#]);
}

#[test]
fn a_page_gives_its_records_wherever_its_list_stands() {
    let elements = [r#"1 {\"a\":1}"#, r#"1 {\"a\":2}"#];
    check(r#"{"value":[{"a":1},{"a":2}]}"#, &elements);
    check(
        r#"{"value":[{"a":1},{"a":2}],"@odata.nextLink":"https://x/{]","n":[{"value":1}]}"#,
        &elements,
    );
    check(
        r#"{"@odata.context":"x","@odata.count":2,"value": [ {"a":1} ]}"#,
        &[r#"1 {\"a\":1}"#],
    );
    check(r#"{"records":[{"a":1}]}"#, &[r#"1 {\"a\":1}"#]);
}

#[test]
fn pages_stand_on_lines_and_in_arrays() {
    check(
        "{\"records\":[{\"a\":1},{\"a\":2}]}\n{\"records\":[{\"a\":3}]}\n",
        &[r#"1 {\"a\":1}"#, r#"1 {\"a\":2}"#, r#"2 {\"a\":3}"#],
    );
    check(
        r#"[{"records":[{"a":1}]},{"records":[{"a":2}]}]"#,
        &[r#"1 {\"a\":1}"#, r#"1 {\"a\":2}"#],
    );
}

#[test]
fn a_member_that_only_looks_like_a_list_of_records_makes_no_page() {
    for record in [
        r#"{"value":["a"]}"#,
        r#"{"value":[]}"#,
        r#"{"value":{"a":[{}]}}"#,
        r#"{"a":{"value":[{}]}}"#,
        r#"{"a":"value","b":[{}]}"#,
        r#"{"values":[{}]}"#,
        r#"{"val\u0075e":[{}]}"#,
        r#"{"value":5,"x":[{}]}"#,
        r#"{"recordsrecords":[{}]}"#,
        r#"{"value":[[{}]]}"#,
    ] {
        check(record, &[&format!("1 {}", record.escape_debug())]);
    }
}

#[test]
fn brackets_and_escaped_quotes_in_texts_mean_nothing() {
    check(
        r#"{"a":"}{][\"\\"}{"b":"\\\\\"{"}"#,
        &[r#"1 {\"a\":\"}{][\\\"\\\\\"}"#, r#"1 {\"b\":\"\\\\\\\\\\\"{\"}"#],
    );
}

#[test]
fn byte_order_marks_are_skipped() {
    check(
        "\u{feff}{\"a\":1}\n\u{feff}{\"a\":2}\n",
        &[r#"1 {\"a\":1}"#, r#"2 {\"a\":2}"#],
    );
}

/// As Windows PowerShell writes it. The offset counts the bytes of the file.
/// Half a pair right after a bracket that told the encoding by itself, without a byte order mark.
#[test]
fn half_a_surrogate_pair_after_the_first_bracket_costs_its_record_alone() {
    for half in [0xDE5B_u16, 0xD83D] {
        let units: Vec<u16> = [u16::from(b'{'), half]
            .into_iter()
            .chain("}\n{\"a\":1}".encode_utf16())
            .collect();
        let little: Vec<u8> = units.iter().copied().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units.iter().copied().flat_map(u16::to_be_bytes).collect();
        for input in [&little, &big] {
            for chunk in [usize::MAX, 1, 3] {
                let pieces = split(Limits::default(), input, chunk);
                let [torn, whole] = pieces.as_slice() else {
                    panic!("{pieces:?}")
                };
                assert!(matches!(&torn.content, Content::Broken { original, .. } if original[0] == b'{'));
                assert_eq!(shown(whole), r#"2 {\"a\":1}"#);
                assert_eq!(whole.byte, 8);
            }
        }
    }
}

#[test]
fn utf_16_is_read_as_utf_8() {
    let text = "{\"a\":\"é😀\"}\r\n{\"a\":2}";
    let little: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let big: Vec<u8> = [0xFE, 0xFF]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_be_bytes))
        .collect();
    // 12 code units (the face is two of them) and the end of the line stand before the second record.
    for (input, mark) in [(&little[..], 2), (&big[..], 2), (&little[2..], 0)] {
        for chunk in [usize::MAX, 1, 3] {
            let pieces = split(Limits::default(), input, chunk);
            assert_eq!(
                pieces.iter().map(shown).collect::<Vec<_>>(),
                [r#"1 {\"a\":\"é😀\"}"#, r#"2 {\"a\":2}"#]
            );
            assert_eq!(
                pieces.iter().map(|piece| piece.byte).collect::<Vec<_>>(),
                [mark, mark + 2 * 13]
            );
        }
    }
}

#[test]
fn a_torn_line_is_refused_alone() {
    check(
        "{\"a\":1}\n{\"a\":\"x\n{\"a\":3}\n",
        &[
            r#"1 {\"a\":1}"#,
            r#"2 !a line break stands inside a text! {\"a\":\"x"#,
            r#"3 {\"a\":3}"#,
        ],
    );
    check(
        "{\"a\":1}\n{\"a\":{\"b\":[1,\n{\"a\":3}\n",
        &[
            r#"1 {\"a\":1}"#,
            r#"2 !a new line begins before it ends! {\"a\":{\"b\":[1,"#,
            r#"3 {\"a\":3}"#,
        ],
    );
    check(
        "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
        &[
            r#"1 {\"a\":1}"#,
            r#"2 !a new line begins before it ends! {\"a\":"#,
            r#"3 {\"a\":3}"#,
        ],
    );
}

#[test]
fn a_first_line_that_is_torn_is_refused_alone_where_json_allows_no_other_reading() {
    check(
        "{\"a\":\"x\n{\"a\":2}\n{\"a\":3}\n",
        &[
            r#"1 !a line break stands inside a text! {\"a\":\"x"#,
            r#"2 {\"a\":2}"#,
            r#"3 {\"a\":3}"#,
        ],
    );
    check(
        "{\"a\":1,\n{\"a\":2}\n",
        &[r#"1 !cut off! {\"a\":1,"#, r#"2 {\"a\":2}"#],
    );
}

#[test]
fn a_torn_line_in_a_list_is_refused_alone() {
    check(
        "[\n{\"a\":1},\n{\"a\":\n{\"a\":3}\n]",
        &[r#"2 {\"a\":1}"#, r#"3 !cut off! {\"a\":"#, r#"4 {\"a\":3}"#],
    );
    check(
        "[\n  {\n    \"a\": \"x\n  },\n  {\n    \"a\": 2\n  }\n]\n{\"b\":1}",
        &[
            r#"2 !a line break stands inside a text! {\n    \"a\": \"x\n  },"#,
            r#"5 {\n    \"a\": 2\n  }"#,
            r#"9 {\"b\":1}"#,
        ],
    );
}

#[test]
fn a_torn_page_on_a_line_does_not_swallow_the_next() {
    check(
        "{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2},{\"a\n{\"records\":[{\"a\":3}]}\n",
        &[
            r#"1 {\"a\":1}"#,
            r#"2 {\"a\":2}"#,
            r#"2 !a line break stands inside a text! {\"a"#,
            r#"3 {\"a\":3}"#,
        ],
    );
    check(
        "{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2},\n{\"records\":[{\"a\":3}]}\n",
        &[
            r#"1 {\"a\":1}"#,
            r#"2 {\"a\":2}"#,
            "2 !the list of records that starts here was cut off!",
            r#"3 {\"a\":3}"#,
        ],
    );
}

#[test]
fn an_element_that_breaks_on_one_line_ends_with_its_brackets() {
    check(
        r#"[{"a":1},{"a" 1,"b":{}},{"a":3}]"#,
        &[
            r#"1 {\"a\":1}"#,
            r#"1 !`:` is missing (line 1, column 15)! {\"a\" 1,\"b\":{}}"#,
            r#"1 {\"a\":3}"#,
        ],
    );
    check(
        r#"[{"a":[1}},{"a":3}]"#,
        &[r#"1 !brackets do not match! {\"a\":[1}}"#, r#"1 {\"a\":3}"#],
    );
}

#[test]
fn what_is_no_object_is_refused_line_by_line() {
    check(
        "time,user\n{\"a\":1}\nx\n",
        &[
            "1 !it is no JSON object! time,user",
            r#"2 {\"a\":1}"#,
            "3 !it is no JSON object! x",
        ],
    );
    check(
        "[1, \"a,]\\\"\", null, {\"a\":1}]",
        &[
            "1 !it is no JSON object! 1",
            r#"1 !it is no JSON object! \"a,]\\\"\""#,
            "1 !it is no JSON object! null",
            r#"1 {\"a\":1}"#,
        ],
    );
}

#[test]
fn an_input_that_ends_in_the_middle_is_told() {
    check(
        "{\"a\":1}\n{\"a\":",
        &[r#"1 {\"a\":1}"#, r#"2 !the input ends in the middle! {\"a\":"#],
    );
    check(
        "{\"value\":[{\"a\":1},{\"a\":2",
        &[r#"1 {\"a\":1}"#, r#"1 !the input ends! {\"a\":2"#],
    );
    check(
        "{\"value\":[{\"a\":1},",
        &[r#"1 {\"a\":1}"#, "1 !the input ends in the middle of the list!"],
    );
    check(
        "[{\"a\":1}",
        &[r#"1 {\"a\":1}"#, "1 !the input ends in the middle of the list!"],
    );
    check(
        "{\"value\":[{\"a\":1}],\"x\":",
        &[r#"1 {\"a\":1}"#, "1 !the input ends!"],
    );
    check("", &[]);
    check("\n", &[]);
    check("{", &["1 !the input ends! {"]);
    check("\u{feff}", &[]);
}

#[test]
fn a_record_over_the_limit_is_refused_and_the_next_one_read() {
    let limits = Limits {
        record_bytes_max: 10,
        depth_max: 127,
    };
    check_with(
        limits,
        b"{\"a\":\"0123456789\"}\n{\"a\":1}\n",
        &[
            r#"1 !it is 18 bytes long and at most 10 are read! {\"a\":\"0123"#,
            r#"2 {\"a\":1}"#,
        ],
    );
    check_with(
        limits,
        b"[{\"a\":\"0123456789\"},{\"a\":1}]",
        &[r#"1 !it is 18 bytes long! {\"a\":\"0123"#, r#"1 {\"a\":1}"#],
    );
    // A page is no record: only its records count.
    check_with(
        limits,
        b"{\"x\":\"0123456789\",\"value\":[{\"a\":1}]}",
        &[r#"1 {\"a\":1}"#],
    );
}

#[test]
fn of_a_very_long_record_the_beginning_is_kept() {
    let limits = Limits {
        record_bytes_max: 100_000,
        depth_max: 127,
    };
    let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":1}}", "x".repeat(1_000_000));
    let pieces = split(limits, long.as_bytes(), 4096);
    let Content::Broken { original, .. } = &pieces[0].content else {
        panic!("{:?}", pieces[0])
    };
    assert_eq!(original.len(), sources::splitter::ORIGINAL_BYTES_KEPT);
    assert_eq!(shown(&pieces[1]), r#"2 {\"a\":1}"#);
}

#[test]
fn a_record_nested_deeper_than_the_limit_is_refused() {
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let limits = Limits {
        record_bytes_max: 1 << 20,
        depth_max: 3,
    };
    check_with(
        limits,
        nested(3).as_bytes(),
        &[&format!("1 {}", nested(3).escape_debug())],
    );
    check_with(
        limits,
        format!("{}\n{{}}", nested(4)).as_bytes(),
        &[
            &format!("1 !it is nested too deep! {}", nested(4).escape_debug()),
            "2 {}",
        ],
    );
    // The most that is allowed is what serde_json can read.
    let deepest = nested(127);
    assert!(serde_json::from_str::<serde_json::Value>(&deepest).is_ok());
    check(&deepest, &[&format!("1 {}", deepest.escape_debug())]);
    let record = common_reason(&nested(128));
    assert!(record.contains("nested too deep"), "{record}");
}

fn common_reason(input: &str) -> String {
    shown(&split(Limits::default(), input.as_bytes(), usize::MAX)[0])
}
