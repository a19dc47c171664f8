//! Event logs that we write ourselves: whole, damaged, cut off, still open, and hostile.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "common/evtx.rs"]
mod evtx;

use evtx::{CHUNK_BYTES, Chunk, Node, file, seal, sign_in_template, sign_in_values, text};
use sources::{Choice, Limits, Understanding, open};

/// `4624 CONTOSO\ann 203.0.113.9` for a sign-in, else what became of the record.
fn told(input: &[u8]) -> Vec<String> {
    pushed(input, input.len().max(1))
}

fn pushed(input: &[u8], size: usize) -> Vec<String> {
    let mut parser = open(Choice::Auto, Limits::default());
    let mut records = Vec::new();
    for piece in input.chunks(size) {
        parser.push(piece, &mut records);
    }
    parser.finish(&mut records);
    records
        .into_iter()
        .map(|record| match record.understanding {
            Understanding::Event(understood) => {
                let model::event::Facts::SignIn(sign_in) = understood.event.facts else {
                    panic!("no sign-in");
                };
                format!(
                    "{} {} {} {}",
                    understood.event.time,
                    sign_in.user_principal_name.unwrap(),
                    sign_in.ip_address.unwrap_or_default(),
                    sign_in.error_code
                )
            }
            Understanding::Rejected { reason, .. } | Understanding::Ignored { reason } => reason,
            Understanding::Fragment(part) => panic!("{part:?}"),
        })
        .collect()
}

fn chunk(users: &[&str]) -> Vec<u8> {
    let mut chunk = Chunk::default();
    for (number, user) in users.iter().enumerate() {
        chunk.record(
            &sign_in_template(),
            &sign_in_values(4625, number as u64, user, "203.0.113.9"),
        );
    }
    chunk.finish()
}

fn sign_in(user: &str) -> String {
    format!("2024-05-04T10:20:30.1234567Z CONTOSO\\{user} 203.0.113.9 1")
}

#[test]
fn records_share_a_template_and_chunks_stand_alone() {
    let bytes = file(
        0,
        &[chunk(&["ann", "bob"]), vec![0; CHUNK_BYTES], chunk(&["cleo"])],
    );
    let expected = [sign_in("ann"), sign_in("bob"), sign_in("cleo")];
    assert_eq!(told(&bytes), expected);
    for size in [1, 7, 4096, 70_000] {
        assert_eq!(pushed(&bytes, size), expected, "{size}");
    }
}

#[test]
fn a_damaged_chunk_is_told_once_and_the_others_are_read() {
    let check = |damage: fn(&mut Vec<u8>), expected: &str| {
        let mut damaged = chunk(&["ann", "bob"]);
        damage(&mut damaged);
        let got = told(&file(0, &[chunk(&["zoe"]), damaged, chunk(&["cleo"])]));
        let expected = format!("chunk 2 of the event log: {expected}");
        assert_eq!(got, [sign_in("zoe"), expected, sign_in("cleo")]);
    };
    check(
        |chunk| chunk[0] ^= 1,
        "it does not begin as a chunk does: it is damaged",
    );
    check(
        |chunk| chunk[30] ^= 1,
        "the checksum of its header does not hold: it is damaged",
    );
    check(
        |chunk| chunk[600] ^= 1,
        "the checksum of its records does not hold: it is damaged",
    );
}

#[test]
fn a_damaged_record_costs_itself_and_an_endless_one_what_follows() {
    let end = |chunk: &[u8]| u32::from_le_bytes(chunk[48..52].try_into().unwrap()) as usize;
    // A token that does not exist, under checksums that hold.
    let mut torn = chunk(&["ann", "bob"]);
    let size = u32::from_le_bytes(torn[516..520].try_into().unwrap()) as usize;
    torn[512 + size + 24 + 4] = 0x3F;
    let sealed = end(&torn);
    seal(&mut torn, sealed);
    let second = 512 + size;
    assert_eq!(
        told(&file(0, &[torn])),
        [
            sign_in("ann"),
            format!(
                "chunk 1 of the event log: the record at byte {second} cannot be read: it has a token that does not exist"
            )
        ]
    );
    let mut endless = chunk(&["ann", "bob"]);
    endless[512 + size + 4] ^= 1;
    seal(&mut endless, sealed);
    assert_eq!(
        told(&file(0, &[endless])),
        [
            sign_in("ann"),
            format!(
                "chunk 1 of the event log: the record at byte {second} has no end; what follows is not read"
            )
        ]
    );
}

/// Windows writes the checksums of a log that it is still writing to later than its records.
#[test]
fn a_log_that_is_still_open_gives_what_it_has() {
    let mut behind = chunk(&["ann", "bob"]);
    behind[52] ^= 1;
    assert_eq!(
        told(&file(1, &[behind.clone()])),
        [sign_in("ann"), sign_in("bob")]
    );
    assert_eq!(told(&file(0, &[behind])).len(), 1);
}

#[test]
fn a_file_that_was_cut_off_gives_what_it_has_and_says_so() {
    let bytes = file(0, &[chunk(&["ann"]), chunk(&["bob"])]);
    let cut = 4096 + CHUNK_BYTES + 5_000;
    assert_eq!(
        told(&bytes[..cut]),
        [
            sign_in("ann"),
            sign_in("bob"),
            "chunk 2 of the event log: the file ends after 5000 of its 65536 bytes; was it cut off?"
                .to_owned()
        ]
    );
    assert_eq!(
        told(&bytes[..1_000]),
        ["the event log ends within its header, after 1000 of 4096 bytes; was the file cut off?"]
    );
    assert_eq!(told(&bytes[..4096]), Vec::<String>::new());
}

#[test]
fn several_texts_in_one_place_are_the_element_several_times() {
    let template = Node::Element(
        "Event",
        vec![],
        vec![
            Node::Element(
                "System",
                vec![],
                vec![Node::Element(
                    "EventID",
                    vec![],
                    vec![Node::Text("4121".to_owned())],
                )],
            ),
            Node::Element(
                "EventData",
                vec![],
                vec![Node::Element("Data", vec![], vec![Node::Value(0, 0x81)])],
            ),
        ],
    );
    let mut chunk = Chunk::default();
    let (_, mut both) = text("one\0");
    both.extend(text("two\0").1);
    chunk.record(&template, &[(0x81, both)]);
    let mut parser = open(
        Choice::Only(sources::by_id("entra-graph").unwrap()),
        Limits::default(),
    );
    let mut records = Vec::new();
    parser.push(&file(0, &[chunk.finish()]), &mut records);
    let Understanding::Rejected { original, .. } = &records[0].understanding else {
        panic!("{records:?}");
    };
    assert_eq!(
        String::from_utf8_lossy(original),
        r#"{"Event":{"EventData":{"Data":["one","two"]},"System":{"EventID":"4121"}}}"#
    );
}

/// A template that names one long value again and again, and one that is nested without end, cost little.
#[test]
fn hostile_records_cost_little() {
    let many = (0..4_000).map(|_| Node::Value(0, 0x01)).collect();
    let template = Node::Element("Event", vec![], many);
    let mut chunk = Chunk::default();
    chunk.record(&template, &[text(&"x".repeat(15_000))]);
    assert_eq!(
        told(&file(0, &[chunk.finish()])),
        [
            "chunk 1 of the event log: the record at byte 512 cannot be read: it comes to more than 1 MiB of text"
        ]
    );

    // A template whose only content is itself.
    let mut chunk = Chunk::default();
    let at = 512 + 24;
    let definition = at + 14;
    let mut body = vec![0x0F, 1, 1, 0, 0x0C, 1, 7, 0, 0, 0];
    body.extend(u32::try_from(definition).unwrap().to_le_bytes());
    body.extend([0; 20]);
    body.extend(14_u32.to_le_bytes());
    body.extend([0x0C, 1, 7, 0, 0, 0]);
    body.extend(u32::try_from(definition).unwrap().to_le_bytes());
    body.extend([0; 4]);
    body.extend([0; 8]);
    chunk.raw_record(&body);
    assert_eq!(
        told(&file(0, &[chunk.finish()])),
        [
            "chunk 1 of the event log: the record at byte 512 cannot be read: its elements are nested too deeply"
        ]
    );

    let mut chunk = Chunk::default();
    let nested = [0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0x02].repeat(3_000);
    chunk.raw_record(&nested);
    assert_eq!(told(&file(0, &[chunk.finish()])).len(), 1);
}

/// An element is written once for each text of a list in it: its attributes are not to be multiplied without end.
#[test]
fn a_list_of_texts_in_an_element_with_a_long_attribute_costs_little() {
    let template = Node::Element(
        "Event",
        vec![],
        vec![Node::Element(
            "Data",
            vec![("a", Node::Value(0, 0x01))],
            vec![Node::Value(1, 0x82)],
        )],
    );
    let mut chunk = Chunk::default();
    chunk.record(&template, &[text(&"x".repeat(15_000)), (0x82, vec![0; 4_000])]);
    assert_eq!(
        told(&file(0, &[chunk.finish()])),
        [
            "chunk 1 of the event log: the record at byte 512 cannot be read: it comes to more than 1 MiB of text"
        ]
    );
}

/// A template that is named a thousand times and has another with ten thousand values in it.
#[test]
fn the_values_of_templates_count_as_steps() {
    let token = |definition: usize, values: u32| {
        let mut token = vec![0x0C, 1, 7, 0, 0, 0];
        token.extend(u32::try_from(definition).unwrap().to_le_bytes());
        token.extend(values.to_le_bytes());
        token
    };
    let definition = |content: &[u8]| {
        let mut definition = vec![0; 4 + 16];
        definition.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        definition.extend(content);
        definition
    };
    let outer_at = 512 + 24 + 1_000 * 14 + 1;
    let inner_at = outer_at + 24 + 14 + 40_000 + 1;
    let mut of_many_values = token(inner_at, 10_000);
    of_many_values.extend(vec![0; 40_000 + 1]);
    let mut body = token(outer_at, 0).repeat(1_000);
    body.push(0);
    body.extend(definition(&of_many_values));
    body.extend(definition(&[0]));
    let mut chunk = Chunk::default();
    chunk.raw_record(&body);
    assert_eq!(
        told(&file(0, &[chunk.finish()])),
        [
            "chunk 1 of the event log: the record at byte 512 cannot be read: the records of its chunk take too long to put together"
        ]
    );
}
