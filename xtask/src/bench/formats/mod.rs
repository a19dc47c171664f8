//! What each format's reader does in a second on one thread, against parsing the same bytes as JSON and nothing else, or
//! against reading them where they are none.

/// The tests of the reader write event logs, too.
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "it is a part of tests"
)]
#[path = "../../../../crates/sources/tests/common/evtx.rs"]
mod evtx;
mod list;
mod template;

use super::table::{Line, Verdict, thousands};
use super::watch::Watch;
use super::{Args, median, ratio};
use anyhow::{Context, Result, bail};
use list::{Reader, Sample, Way};
use serde_json::Value;
use sources::{Choice, Limits, Record, Understanding};
use std::hint::black_box;
use std::io::Read;
use template::Template;

/// So many bytes of records are read in a turn.
const BYTES_IN_TURN: usize = 24 << 20;
/// They come in pieces of this size, as from a file.
const PUSH_BYTES: usize = 64 << 10;

/// Measures every format; none needs a server.
pub(super) fn run(args: &Args) -> Result<Vec<Line>> {
    if let Some(format) = list::missing().first() {
        bail!(
            "there are no sample records of the format `{}`: put one into xtask/src/bench/formats/templates/ and a line into \
             xtask/src/bench/formats/list.rs",
            format.id
        );
    }
    let mut lines = Vec::new();
    for sample in list::ALL {
        lines.push(
            measure(sample, args.rounds).with_context(|| format!("read records of `{}`", sample.format))?,
        );
    }
    Ok(lines)
}

fn measure(sample: &Sample, rounds: u32) -> Result<Line> {
    let (input, count) = input(sample, BYTES_IN_TURN)?;
    let (mut ours, mut of_bare) = (Vec::new(), Vec::new());
    // The first turn warms up.
    for round in 0..=rounds {
        let watch = Watch::start();
        let bare = bare(sample.way, &input)?;
        let bare_seconds = watch.seconds();
        let watch = Watch::start();
        read(sample, &input, count)?;
        let seconds = watch.seconds();
        black_box(bare);
        if round > 0 {
            ours.push(count as f64 / seconds);
            of_bare.push(count as f64 / bare_seconds);
        }
    }
    let megabytes = median(&ours) * input.len() as f64 / count as f64 / 1e6;
    let (way, yardstick) = match sample.way {
        Way::Json => ("JSON", "bare serde_json"),
        Way::Table => ("a table", "a plain read"),
        Way::Text => ("text", "a plain read"),
        Way::EventLog => ("an event log", "a plain read"),
    };
    let measured = format!(
        "{} records/s ({megabytes:.0} MB/s), {yardstick} {}",
        thousands(median(&ours)),
        thousands(median(&of_bare))
    );
    println!("`{}` as {way}: {measured}", sample.format);
    Ok(Line {
        work: format!(
            "records of `{}` as {way}, {} bytes each, read on one thread, against {yardstick} of the same bytes",
            sample.format,
            input.len() / count
        ),
        measured,
        ratio: Some(ratio(&ours, &of_bare)),
        floor: "–",
        goal: "–",
        verdict: Verdict::None,
    })
}

/// At least so many bytes of records, and how many they are.
fn input(sample: &Sample, bytes: usize) -> Result<(Vec<u8>, usize)> {
    if sample.way == Way::EventLog {
        return Ok(event_log(bytes));
    }
    let (head, record) = match sample.way {
        Way::Table => sample
            .text
            .split_once('\n')
            .context("a table has a line of headings and one of cells")?,
        Way::Json | Way::Text | Way::EventLog => ("", sample.text),
    };
    let template = Template::new(record.trim_end())?;
    let mut input = Vec::with_capacity(bytes + 64 * 1024);
    if !head.is_empty() {
        input.extend_from_slice(head.as_bytes());
        input.push(b'\n');
    }
    let mut count = 0;
    while input.len() < bytes || count == 0 {
        template.write(&mut input, count);
        input.push(b'\n');
        count += 1;
    }
    Ok((input, count as usize))
}

/// So many of the events that are written fit into a chunk.
const EVENTS_IN_CHUNK: u64 = 200;

/// Sign-ins in an event log.
fn event_log(bytes: usize) -> (Vec<u8>, usize) {
    let template = evtx::sign_in_template();
    let mut chunks = Vec::new();
    let mut count = 0;
    while chunks.len() * evtx::CHUNK_BYTES < bytes {
        let mut chunk = evtx::Chunk::default();
        for _ in 0..EVENTS_IN_CHUNK {
            let (user, address) = (
                format!("user{}", count % 997),
                format!("203.0.113.{}", count % 251 + 1),
            );
            chunk.record(&template, &evtx::sign_in_values(4624, count, &user, &address));
            count += 1;
        }
        chunks.push(chunk.finish());
    }
    (evtx::file(0, &chunks), count as usize)
}

/// Reads the records as the product does. Each must tell an event of the format: what is refused costs less.
fn read(sample: &Sample, input: &[u8], expected: usize) -> Result<()> {
    let choice = match sample.reader {
        Reader::Any => Choice::Auto,
        Reader::Own => Choice::Only(sources::by_id(sample.format).context("find the format")?),
    };
    let mut parser = sources::open(choice, Limits::default());
    let mut records = Vec::new();
    let mut events = 0;
    for push in input.chunks(PUSH_BYTES) {
        parser.push(push, &mut records);
        events += told(sample, &mut records)?;
    }
    parser.finish(&mut records);
    events += told(sample, &mut records)?;
    if events != expected {
        bail!("of {expected} records {events} told an event");
    }
    Ok(())
}

/// Drops the records that were read; answers how many there were.
fn told(sample: &Sample, records: &mut Vec<Record>) -> Result<usize> {
    let count = records.len();
    for record in records.drain(..) {
        match record.understanding {
            Understanding::Event(understood) if understood.format == sample.format => {
                black_box(understood);
            }
            Understanding::Event(understood) => bail!("`{}` took it", understood.format),
            Understanding::Fragment(_) => bail!("line {} is part of a record", record.line),
            Understanding::Ignored { reason } => bail!("line {} is ignored: {reason}", record.line),
            Understanding::Rejected { reason, .. } => bail!("line {} is refused: {reason}", record.line),
        }
    }
    Ok(count)
}

/// The least that anybody must do with the bytes: parse each line, or see each byte once. How many lines or what sum.
fn bare(way: Way, input: &[u8]) -> Result<usize> {
    if way == Way::Json {
        let mut count = 0;
        for line in input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            black_box(serde_json::from_slice::<Value>(line)?);
            count += 1;
        }
        return Ok(count);
    }
    let mut rest = input;
    let mut buffer = vec![0; PUSH_BYTES];
    let mut seen = 0_usize;
    loop {
        let read = rest.read(&mut buffer)?;
        if read == 0 {
            return Ok(seen);
        }
        seen += buffer[..read]
            .iter()
            .map(|byte| usize::from(*byte))
            .sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_sample_records() {
        let missing: Vec<&str> = list::missing().iter().map(|format| format.id).collect();
        assert!(missing.is_empty(), "put samples of {missing:?} into list.rs");
    }

    #[test]
    fn every_sample_belongs_to_a_format_and_tells_its_events() {
        for sample in list::ALL {
            assert!(sources::by_id(sample.format).is_some(), "{}", sample.format);
            let (input, count) = input(sample, 20_000).unwrap();
            assert!(count > 3, "{}", sample.format);
            read(sample, &input, count).unwrap_or_else(|error| panic!("{}: {error}", sample.format));
        }
    }

    #[test]
    fn the_yardstick_sees_every_line_or_byte() {
        assert_eq!(bare(Way::Json, b"{}\n{\"a\":1}\n").unwrap(), 2);
        assert_eq!(bare(Way::Text, b"\x01\x02\x04").unwrap(), 7);
        assert!(bare(Way::Json, b"{\n").is_err());
    }
}
