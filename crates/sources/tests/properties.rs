//! What holds for any bytes: no panic, no difference by how they are cut, no difference by the order of members.

mod common;

use common::{one, read};
use proptest::prelude::*;
use serde_json::Value;
use sources::mapping::Mapping;
use sources::splitter::{Content, Piece, Splitter};
use sources::table::{Row, RowContent, RowSplitter};
use sources::{Choice, Limits, Understanding, open};

fn pieces(limits: Limits, chunks: &[&[u8]]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut splitter = Splitter::new(limits);
    for chunk in chunks {
        splitter.push(chunk, &mut out);
    }
    splitter.finish(&mut out);
    out
}

fn cut<'a>(input: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (input.len() + 1)).collect();
    places.extend([0, input.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect()
}

/// Bytes that look like JSON often enough to reach every corner.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\n", "\r\n", " ", "\"value\":", "\"records\":[", "{\"a\":1}",
            "{\"a\":1}\n", "\"a\"", "1", "null", "\u{feff}", "\n{", "\n  {", "\n]", "{\"value\":[{\"a\":1},", "]}\n", "é", "\0",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        "[ -~é\n\t\"\\\\{}\\[\\]]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn objects() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z\"]{1,4}", values(), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_cut_of_the_same_bytes_gives_the_same_pieces(
        input in scraps(), places in prop::collection::vec(any::<usize>(), 0..6), record_bytes_max in 1_usize..64, depth_max in 1_u32..6,
    ) {
        let limits = Limits { record_bytes_max, depth_max };
        let whole = pieces(limits, &[&input]);
        prop_assert_eq!(&pieces(limits, &cut(&input, &places)), &whole);
        let single: Vec<&[u8]> = input.chunks(1).collect();
        prop_assert_eq!(&pieces(limits, &single), &whole);
    }

    #[test]
    fn any_cut_of_utf_16_gives_the_same_pieces(text in "[{}\\[\\]:,\"a-c\n 😀é]{0,60}", places in prop::collection::vec(any::<usize>(), 0..6)) {
        let mut input = vec![0xFF, 0xFE];
        input.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let whole = pieces(Limits::default(), &[&input]);
        prop_assert_eq!(&pieces(Limits::default(), &cut(&input, &places)), &whole);
        // UTF-8 gives the same pieces, but at other offsets.
        let narrow = pieces(Limits::default(), &[text.as_bytes()]);
        let contents = |pieces: &[Piece]| pieces.iter().map(|piece| (piece.line, piece.content.clone())).collect::<Vec<_>>();
        prop_assert_eq!(contents(&narrow), contents(&whole));
    }

    #[test]
    fn objects_come_out_as_they_went_in_however_they_are_packed(objects in prop::collection::vec(objects(), 1..6), packing in 0..6, pretty in any::<bool>()) {
        let texts: Vec<String> = objects.iter().map(|object| if pretty { serde_json::to_string_pretty(object).unwrap() } else { object.to_string() }).collect();
        let input = match packing {
            0 => texts.join("\n"),
            1 => texts.join("\r\n") + "\r\n",
            2 => texts.concat(),
            3 => format!("[{}]", texts.join(",\n")),
            4 => format!("{{\"@odata.context\":\"x\",\"value\":[{}],\"@odata.nextLink\":\"y\"}}", texts.join(",")),
            _ => texts.iter().map(|text| format!("{{\"records\":[{text}]}}")).collect::<Vec<_>>().join("\n"),
        };
        let out = pieces(Limits::default(), &[input.as_bytes()]);
        let expected: Vec<Content> = texts.iter().map(|text| Content::Whole(text.clone().into_bytes())).collect();
        prop_assert_eq!(out.iter().map(|piece| piece.content.clone()).collect::<Vec<_>>(), expected);
        for (piece, text) in out.iter().zip(&texts) {
            let before = &input[..piece.byte as usize];
            prop_assert_eq!(piece.line, before.matches('\n').count() as u64 + 1);
            prop_assert!(input.as_bytes()[piece.byte as usize..].starts_with(text.as_bytes()));
        }
    }

    #[test]
    fn a_torn_line_costs_itself_alone(object in objects(), torn_at in any::<prop::sample::Index>()) {
        let line = object.to_string();
        let torn = &line.as_bytes()[..torn_at.index(line.len())];
        let mut input = format!("{{\"a\":1}}\n{line}\n").into_bytes();
        input.extend_from_slice(torn);
        input.extend_from_slice(format!("\n{line}\n").as_bytes());
        let out = pieces(Limits::default(), &[&input]);
        let whole = out.iter().filter(|piece| matches!(piece.content, Content::Whole(_))).count();
        prop_assert_eq!(whole, 3, "{:?}", out);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&input);
    }

    /// Members that the formats look at, with values that they do not expect.
    #[test]
    fn no_values_make_a_format_panic(members in prop::collection::vec((prop::sample::select(NAMES), values()), 0..20), category in prop::option::of(prop::sample::select(CATEGORIES))) {
        let object: serde_json::Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let record = if let Some(category) = category {
            serde_json::json!({ "category": category, "time": "2023-01-02T03:04:05Z", "resultType": 0, "properties": object })
        } else {
            Value::Object(object)
        };
        for record in read(record.to_string().as_bytes()) {
            if let Understanding::Event(understood) = record.understanding {
                let _ = understood.draft();
            }
        }
    }

    #[test]
    fn the_order_of_members_changes_neither_identity_nor_content(order in Just(SHUFFLED.to_vec()).prop_shuffle(), with_id in any::<bool>()) {
        let text = |order: &[&str]| {
            let inner: Vec<&str> = order.iter().copied().filter(|member| with_id || !member.starts_with("\"id\"")).collect();
            format!("{{\"category\":\"SignInLogs\",\"properties\":{{{}}},\"time\":\"2023-01-02T03:04:05Z\"}}", inner.join(","))
        };
        let (plain, shuffled) = (one(&text(SHUFFLED)), one(&text(&order)));
        prop_assert_eq!((plain.key, plain.rank, plain.event), (shuffled.key, shuffled.rank, shuffled.event));
    }
}

const CATEGORIES: &[&str] = &[
    "SignInLogs",
    "AuditLogs",
    "ProvisioningLogs",
    "UserRiskEvents",
    "RiskyUsers",
    "ServicePrincipalRiskEvents",
    "RiskyServicePrincipals",
];

const NAMES: &[&str] = &[
    "provisioningAction",
    "provisioningStatusInfo",
    "provisioningSteps",
    "modifiedProperties",
    "servicePrincipal",
    "sourceIdentity",
    "targetSystem",
    "riskEventType",
    "riskState",
    "riskLastUpdatedDateTime",
    "detectedDateTime",
    "additionalInfo",
    "keyIds",
    "userId",
    "id",
    "createdDateTime",
    "activityDateTime",
    "activityDisplayName",
    "status",
    "ipAddress",
    "category",
    "time",
    "properties",
    "Type",
    "TimeGenerated",
    "CreatedDateTime",
    "location",
    "deviceDetail",
    "mfaDetail",
    "riskEventTypes_v2",
    "resultType",
    "initiatedBy",
    "targetResources",
    "additionalDetails",
    "log",
    "message",
    "event",
    "tenantId",
    "resourceId",
    "value",
];

/// `USERID` and `userid` are both a user id in another case: the same one must win in any order.
const SHUFFLED: &[&str] = &[
    r#""id":"1""#,
    r#""userPrincipalName":"ann""#,
    r#""status":{"errorCode":0,"failureReason":"x"}"#,
    r#""ipAddress":"192.0.2.1""#,
    r#""USERID":"a""#,
    r#""userid":"b""#,
    r#""appId":"c""#,
    r#""location":{"city":"d","geoCoordinates":{"latitude":1,"longitude":2}}"#,
];

/// If a byte cost a look at all bytes before it, this would take an hour.
#[test]
fn a_long_record_may_come_byte_by_byte() {
    let record = format!("{{\"a\":\"{}\"}}", "x".repeat(3_000_000));
    let mut records = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    for byte in record.as_bytes() {
        parser.push(std::slice::from_ref(byte), &mut records);
    }
    parser.finish(&mut records);
    assert_eq!(records.len(), 1);
}

/// Bytes that look like tables often enough to reach every corner.
fn table_scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop_oneof![
        6 => prop::sample::select(vec![
            "Date (UTC),Request ID,Username,Sign-in error code\n", "2024-05-06T07:08:09Z,1,ann,0\n", ",", ";", "\t", "\"", "\"\"", "\n", "\r\n",
            "\r", "a", " ", "\u{feff}", "sep=;\n", "Date (UTC);Request ID;Status\r\n", "é", "\0", "Date (UTC),Activity,Service\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
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

fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..5).prop_flat_map(|columns| {
        let row = prop::collection::vec("[ -~é\n\t\"]{0,8}", columns);
        prop::collection::vec(row, 1..6)
    })
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_cut_of_the_same_table_gives_the_same_rows(
        input in table_scraps(), places in prop::collection::vec(any::<usize>(), 0..6), record_bytes_max in 1_usize..80,
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
    ) {
        let limits = Limits { record_bytes_max, ..Limits::default() };
        let whole = rows(limits, delimiter, &[&input]);
        prop_assert_eq!(&rows(limits, delimiter, &cut(&input, &places)), &whole);
        let single: Vec<&[u8]> = input.chunks(1).collect();
        prop_assert_eq!(&rows(limits, delimiter, &single), &whole);
        for row in &whole {
            let (RowContent::Whole { original, .. } | RowContent::Broken { original, .. }) = &row.content;
            prop_assert!(original.len() <= record_bytes_max, "{:?}", row);
        }
    }

    #[test]
    fn any_cut_of_the_same_table_gives_the_same_records(input in table_scraps(), places in prop::collection::vec(any::<usize>(), 0..6)) {
        let told = |chunks: &[&[u8]]| {
            let mut out = Vec::new();
            let mut parser = open(Choice::Auto, Limits::default());
            for chunk in chunks {
                parser.push(chunk, &mut out);
            }
            parser.finish(&mut out);
            out.iter().map(|record| format!("{record:?}")).collect::<Vec<_>>()
        };
        let whole = told(&[&input]);
        prop_assert_eq!(told(&cut(&input, &places)), whole.clone());
        let single: Vec<&[u8]> = input.chunks(1).collect();
        prop_assert_eq!(told(&single), whole);
    }

    #[test]
    fn cells_come_out_as_they_went_in(table in cells(), ending in prop::sample::select(vec!["\n", "\r\n"])) {
        let lines: Vec<String> = table.iter().map(|row| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(";")).collect();
        let input = lines.join(ending);
        let out = rows(Limits::default(), b';', &[input.as_bytes()]);
        let read: Vec<Vec<String>> = out
            .iter()
            .map(|row| match &row.content {
                RowContent::Whole { cells, .. } => cells.clone(),
                RowContent::Broken { reason, .. } => vec![reason.clone()],
            })
            .collect();
        prop_assert_eq!(read, table);
        for (row, line) in out.iter().zip(&lines) {
            prop_assert_eq!(row.line, input[..row.byte as usize].matches('\n').count() as u64 + 1);
            prop_assert!(input[row.byte as usize..].starts_with(line.as_str()));
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_mappings_panic(text in "(family|records|\\[\\[event\\]\\]|kind|time|[ -~\n]){0,60}") {
        let _ = Mapping::parse(&text);
    }

    /// A mapping whose every value is taken from anywhere in the record.
    #[test]
    fn no_record_makes_a_mapping_panic(record in objects(), path in "[a-z]{1,2}(\\.[a-z0-9]){0,2}", format in prop::sample::select(vec!["iso", "epoch-seconds", "epoch-millis", "%d.%m.%Y %H:%M"])) {
        let text = format!(
            "family = \"x\"\nrecords = \"json\"\n[[event]]\nkind = \"sign-in\"\ntime = {{ path = \"a\", format = \"{format}\" }}\nid = \"{path}\"\n\
             outcome = {{ path = \"{path}\", success = \"a\" }}\n[event.fields]\nuser = \"{path}\"\nlatitude = \"{path}\"\n"
        );
        let mapping = std::sync::Arc::new(Mapping::parse(&text).unwrap());
        let mut out = Vec::new();
        let mut parser = open(Choice::Mapped(mapping), Limits::default());
        parser.push(record.to_string().as_bytes(), &mut out);
        parser.finish(&mut out);
        prop_assert_eq!(out.len(), 1);
    }
}

/// A quote that is never closed would swallow every later line; each costs a second look at the most.
#[test]
fn a_quote_that_is_never_closed_costs_its_line_alone() {
    let mut input = b"a,\"b\n".to_vec();
    for _ in 0..200_000 {
        input.extend_from_slice(b"c,\"d\"\n");
    }
    let out = rows(Limits::default(), b',', &[&input]);
    assert_eq!(out.len(), 200_001);
    let broken = out
        .iter()
        .filter(|row| matches!(row.content, RowContent::Broken { .. }))
        .count();
    assert_eq!(broken, 1);
}
