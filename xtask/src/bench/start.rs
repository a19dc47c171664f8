//! How long a start takes, what an idle server holds, and how large the program is.

use super::client::{Connection, post};
use super::ingest::lines;
use super::product::{Server, TENANT};
use super::table::{Line, Verdict, megabytes, milliseconds, thousands};
use super::vitals::room;
use super::watch::Watch;
use super::{Bench, median};
use anyhow::{Result, bail};
use generator::RecordSize;
use std::time::Duration;

/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(3);
/// Records that a server takes in before it is killed, so that there is something to recover.
const RECORDS_BEFORE_KILL: u64 = 2_000;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let (mut clean, mut killed, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    let mut first_upload = Vec::new();
    for round in 0..bench.args.rounds {
        let server = Server::start(bench.build, bench.data)?;
        clean.push(server.started_in.as_secs_f64());
        std::thread::sleep(IDLE);
        idle.push(server.rss_anon()? as f64);
        let token = server.token(bench.data, "api://gatelog-ingest")?;
        let end = bench.data.last;
        let body = lines(
            100 + u64::from(round),
            RECORDS_BEFORE_KILL,
            end.plus_seconds(-3_600),
            end,
            RecordSize::Small,
        );
        let request = post(
            &format!("/{TENANT}/ingest/auto"),
            server.address,
            Some(&token),
            "application/x-ndjson",
            &body,
        );
        let mut connection = Connection::open(server.address)?;
        let watch = Watch::start();
        let answer = connection.ask(&request)?;
        first_upload.push(watch.seconds());
        if answer.status != 200 {
            bail!("answered {}", answer.status);
        }
        server.kill()?;
        let server = Server::start(bench.build, bench.data)?;
        killed.push(server.started_in.as_secs_f64());
        server.stop()?;
    }
    let program = std::fs::metadata(&bench.build.program)?.len();
    let rows = thousands(bench.data.rows as f64);
    let span = |seconds: &[f64]| milliseconds(Duration::from_secs_f64(median(seconds)));
    let line = |work: String, measured: String, floor, goal, verdict| Line {
        work,
        measured,
        ratio: None,
        floor,
        goal,
        verdict,
    };
    let disk = room(&bench.data.folder).all as f64;
    Ok(vec![
        line(
            format!("start with {rows} rows after a clean stop"),
            span(&clean),
            "200 ms (10 M)",
            "100 ms",
            Verdict::at_most(median(&clean), 0.2, 0.1),
        ),
        line(
            format!("start with {rows} rows after kill -9"),
            span(&killed),
            "2 s (10 M)",
            "1 s",
            Verdict::at_most(median(&killed), 2.0, 1.0),
        ),
        line(
            format!("the first upload after a start, {RECORDS_BEFORE_KILL} records"),
            span(&first_upload),
            "–",
            "–",
            Verdict::None,
        ),
        line(
            format!("size on disk of {rows} rows"),
            format!(
                "{}, {:.0} bytes each",
                megabytes(disk),
                disk / bench.data.rows as f64
            ),
            "–",
            "–",
            Verdict::None,
        ),
        line(
            "memory idle (RssAnon)".to_owned(),
            megabytes(median(&idle)),
            "60 MB",
            "30 MB",
            Verdict::at_most(median(&idle), 60e6, 30e6),
        ),
        line(
            "release binary".to_owned(),
            megabytes(program as f64),
            "30 MB",
            "15 MB",
            Verdict::at_most(program as f64, 30e6, 15e6),
        ),
    ])
}
