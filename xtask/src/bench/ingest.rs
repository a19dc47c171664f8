//! Durable ingest over HTTP, against parsing, compressing and storing the same bytes and nothing else on one thread.

use super::client::{Connection, post, shortened};
use super::product::{Data, Server, TENANT, core_seconds};
use super::table::{Line, Verdict, megabytes, microseconds, thousands};
use super::watch::Watch;
use super::yardsticks::Bare;
use super::{Bench, median, ratio};
use anyhow::{Result, bail};
use generator::RecordSize;
use model::time::Timestamp;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Programs that send at the same time; half of what a server takes.
const SENDERS: usize = 4;

/// One size of records.
struct Size {
    name: &'static str,
    records: RecordSize,
    /// Records in a turn, and in one upload.
    in_turn: u64,
    in_upload: u64,
    floor: &'static str,
    goal: &'static str,
    /// The same in events a second.
    floor_rate: f64,
    goal_rate: f64,
}

const SIZES: &[Size] = &[
    Size {
        name: "5 KB",
        records: RecordSize::Entra,
        in_turn: 32_000,
        in_upload: 500,
        floor: "12 k/s",
        goal: "25 k/s",
        floor_rate: 12e3,
        goal_rate: 25e3,
    },
    Size {
        name: "500-byte",
        records: RecordSize::Small,
        in_turn: 128_000,
        in_upload: 2_000,
        floor: "40 k/s",
        goal: "80 k/s",
        floor_rate: 40e3,
        goal_rate: 80e3,
    },
];

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for size in SIZES {
        lines.extend(measure(bench, size)?);
    }
    Ok(lines)
}

fn measure(bench: &Bench<'_>, size: &Size) -> Result<Vec<Line>> {
    let data = Data::empty(
        bench.build,
        &bench.data.beside,
        &bench.data.beside.join(format!("ingest-{}", size.in_upload)),
    )?;
    let mut bare = Bare::open(&bench.data.beside.join(format!("bare-{}.db", size.in_upload)))?;
    let server = Server::start(bench.build, &data)?;
    let token = server.token(&data, "api://gatelog-ingest")?;
    let (mut ours, mut of_bare) = (Vec::new(), Vec::new());
    let (mut our_cost, mut cost_of_bare) = (Vec::new(), Vec::new());
    // The first turn warms up. Each is an hour of a feed, later than the one before.
    for round in 0..=bench.args.rounds {
        let start = data.first.plus_seconds(3_600 * i64::from(round));
        let uploads = uploads(u64::from(round) + 1, start, size);
        let (watch, cost) = (Watch::start(), core_seconds("thread-self")?);
        let mut stored = 0;
        for upload in &uploads {
            stored += bare.store(upload)?;
        }
        let (bare_seconds, bare_cost) = (watch.seconds(), core_seconds("thread-self")? - cost);
        let requests: Vec<Vec<u8>> = uploads
            .iter()
            .map(|upload| {
                let target = format!("/{TENANT}/ingest/auto");
                post(
                    &target,
                    server.address,
                    Some(&token),
                    "application/x-ndjson",
                    upload,
                )
            })
            .collect();
        drop(uploads);
        let (watch, cost) = (Watch::start(), server.core_seconds()?);
        let new = send_all(&server, &requests)?;
        let (seconds, cost) = (watch.seconds(), server.core_seconds()? - cost);
        if new != size.in_turn || stored != size.in_turn {
            bail!(
                "of {} records {new} were new and {stored} stored bare",
                size.in_turn
            );
        }
        if round > 0 {
            ours.push(new as f64 / seconds);
            of_bare.push(stored as f64 / bare_seconds);
            our_cost.push(cost / new as f64);
            cost_of_bare.push(bare_cost / stored as f64);
            println!(
                "ingest of {} records, turn {round}: ours {} a second and {} of a core each, bare {} and {}",
                size.name,
                thousands(new as f64 / seconds),
                microseconds(cost / new as f64),
                thousands(stored as f64 / bare_seconds),
                microseconds(bare_cost / stored as f64),
            );
        }
    }
    let held = server.rss_anon()? as f64;
    server.stop()?;
    Ok(vec![
        Line {
            work: format!(
                "durable ingest over HTTP, {} records, {SENDERS} senders, {} in an upload",
                size.name, size.in_upload
            ),
            measured: format!(
                "{} events/s, {} of a core each, RssAnon after it {}",
                thousands(median(&ours)),
                microseconds(median(&our_cost)),
                megabytes(held)
            ),
            ratio: None,
            floor: size.floor,
            goal: size.goal,
            verdict: Verdict::at_least(median(&ours), size.floor_rate, size.goal_rate),
        },
        Line {
            work: "the same against bare parse + zstd + SQLite on one thread".to_owned(),
            measured: format!("bare {} events/s", thousands(median(&of_bare))),
            ratio: Some(ratio(&ours, &of_bare)),
            floor: "0.5",
            goal: "0.7",
            verdict: Verdict::at_least(ratio(&ours, &of_bare), 0.5, 0.7),
        },
        Line {
            work: "the same by what a core does in a second".to_owned(),
            measured: format!("bare {} of a core each", microseconds(median(&cost_of_bare))),
            ratio: Some(ratio(&cost_of_bare, &our_cost)),
            floor: "–",
            goal: "–",
            verdict: Verdict::None,
        },
    ])
}

fn uploads(seed: u64, start: Timestamp, size: &Size) -> Vec<Vec<u8>> {
    let count = size.in_turn / size.in_upload;
    let span = 3_600 / count.max(1) as i64;
    (0..count)
        .map(|upload| {
            let first = start.plus_seconds(span * upload as i64);
            lines(
                seed * 10_000 + upload,
                size.in_upload,
                first,
                first.plus_seconds(span),
                size.records,
            )
        })
        .collect()
}

/// The people are the same in every upload. Strangers in each would be one long attack, and what is judged behind the ingest would have
/// nothing else to do than to look up who they are.
const DIRECTORY: u64 = 1;

/// Records of random instants in a span, a line each.
pub(super) fn lines(seed: u64, count: u64, first: Timestamp, last: Timestamp, size: RecordSize) -> Vec<u8> {
    let mut text = Vec::new();
    for record in generator::uniform(seed, count, first, last, size).of_directory(DIRECTORY) {
        text.extend_from_slice(record.json.as_bytes());
        text.push(b'\n');
    }
    text
}

/// Sends the uploads with several senders at once; answers how many records were new.
fn send_all(server: &Server, requests: &[Vec<u8>]) -> Result<u64> {
    let next = AtomicUsize::new(0);
    let sender = || -> Result<u64> {
        let mut connection = Connection::open(server.address)?;
        let mut new = 0;
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = connection.ask(request)?;
            if answer.status != 200 {
                bail!("answered {}: {}", answer.status, shortened(answer.body));
            }
            let said: Value = serde_json::from_slice(answer.body)?;
            new += said["new"].as_u64().unwrap_or_default();
        }
        Ok(new)
    };
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(sender)).collect();
        let mut new = 0;
        for sender in senders {
            new += sender
                .join()
                .unwrap_or_else(|_| bail!("a sender ended by a panic"))?;
        }
        Ok(new)
    })
}
