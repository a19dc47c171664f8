//! Any bytes as an event log: as records behind headers whose checksums hold, as changes of a sound chunk, and as they are. The same
//! records however it is cut; whatever is damaged is told; what is kept of a record is read again.

use crate::Chance;
use crate::event_log::{CHUNK_BYTES, Chunk, file, seal, sign_in_template, sign_in_values};
use crate::records::{CUTS, check_same};
use crate::tables::check_again;
use sources::{Choice, Limits, Record, Understanding, open};

/// The first byte says what the others are.
pub fn check(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    let chance = Chance::of(bytes);
    let input = match how % 4 {
        0 => as_records(rest),
        1 => changed(rest, true),
        2 => changed(rest, false),
        _ => [b"ElfFile\0".as_slice(), rest].concat(),
    };
    let whole = records(&[&input]);
    // Byte by byte is dear for an input of 64 KiB, and cuts nothing that the others do not.
    let cuts = if input.len() > 1_000 {
        &CUTS[1..]
    } else {
        &CUTS[..]
    };
    for cut in chance.some_of(0, cuts) {
        let cut = records(&cut.of(&input, &chance));
        assert_eq!(cut.len(), whole.len());
        for (one, other) in whole.iter().zip(&cut) {
            assert_eq!((one.line, one.byte), (other.line, other.byte));
            check_same(&one.understanding, &other.understanding);
        }
    }
    for record in whole {
        assert!(record.byte <= input.len() as u64);
        check_again(record.understanding);
    }
}

/// Records of the bytes, each with its length before it, in a chunk that is sound.
fn as_records(mut bytes: &[u8]) -> Vec<u8> {
    let mut chunk = Chunk::default();
    chunk.record(
        &sign_in_template(),
        &sign_in_values(4625, 1, "ann", "203.0.113.9"),
    );
    while let [length, rest @ ..] = bytes {
        let (body, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        chunk.raw_record(body);
        bytes = rest;
    }
    file(0, &[chunk.finish()])
}

/// A sound log, changed at places: three bytes say where and into what. Sealed again, or as Windows leaves an open log.
fn changed(changes: &[u8], is_sealed: bool) -> Vec<u8> {
    let mut sound = Chunk::default();
    for number in 0..3 {
        sound.record(
            &sign_in_template(),
            &sign_in_values(4624 + number, 1, "ann", "203.0.113.9"),
        );
    }
    let mut chunk = sound.finish();
    let end = u32::from_le_bytes([chunk[48], chunk[49], chunk[50], chunk[51]]) as usize;
    for change in changes.chunks_exact(3) {
        // Most changes within what is written.
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % (end + 64);
        chunk[place.min(CHUNK_BYTES - 1)] = change[2];
    }
    if is_sealed {
        seal(&mut chunk, end);
    }
    file(u8::from(!is_sealed), &[chunk])
}

fn records(chunks: &[&[u8]]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    for chunk in chunks {
        parser.push(chunk, &mut out);
    }
    parser.finish(&mut out);
    for record in &out {
        if let Understanding::Rejected { original, .. } = &record.understanding {
            assert!(
                original.len() <= 8 << 20,
                "more is kept of a record than it can have"
            );
        }
    }
    out
}
