//! `cargo xtask memory`: gigabytes out of the generator into `gatelog import`, and its memory while they pass.

use super::product::{self, imported, importing, pour, rss_anon};
use super::table::{machine, megabytes, thousands};
use super::watch::Watch;
use super::{Release, median};
use anyhow::{Context, Result, bail};
use clap::Parser;
use model::time::Timestamp;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Pour records into an import and print its memory over time.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask memory")]
struct Args {
    /// How many bytes of records: 500MB, 10GB
    #[arg(long, default_value = "10GB", value_parser = bytes)]
    bytes: u64,
    /// The size of a record
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(700..=1_000_000))]
    record_bytes: u32,
    /// Over how many days the records are spread
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// How often the memory is read
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    every_seconds: u64,
    /// Where the data are made and removed again
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// This share of the readings at the beginning is warming up.
const WARM_UP_SHARE: usize = 10;

/// One reading.
#[derive(Debug, Clone, Copy)]
struct Reading {
    seconds: f64,
    poured: u64,
    memory: u64,
}

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let build = match product::release(None)? {
        Release::Here(build) => build,
        Release::Elsewhere(code) => return Ok(code),
    };
    let folder = product::working_folder(&build, args.folder.as_deref())?;
    println!("{}", machine());
    println!("  seconds     poured   RssAnon");
    let end = Timestamp::from_unix_seconds(1_767_225_600);
    let start = end.plus_days(-i64::from(args.days));
    let poured = AtomicU64::new(0);
    let records = generator::stream(1, args.bytes, args.record_bytes, start, end).inspect(|record| {
        poured.fetch_add(record.json.len() as u64 + 1, Ordering::Relaxed);
    });
    let watch = Watch::start();
    let mut import = importing(&build, &folder.path().join("data"), None)?;
    let process = import.id();
    let ended = AtomicBool::new(false);
    let (sums, readings) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(process, &args, watch, &poured, &ended));
        let sums = pour(&mut import, records).and_then(|()| imported(import));
        ended.store(true, Ordering::Relaxed);
        (sums, reader.join())
    });
    let Ok(readings) = readings else {
        bail!("the reader of the memory ended by a panic")
    };
    let seconds = watch.seconds();
    let new = sums?["new"].as_u64().unwrap_or_default();
    let poured = poured.into_inner();
    println!(
        "poured {} in {seconds:.0} s: {}/s, {} new events, {} events/s",
        megabytes(poured as f64),
        megabytes(poured as f64 / seconds),
        new,
        thousands(new as f64 / seconds)
    );
    let warm: Vec<f64> = readings
        .iter()
        .skip(readings.len() / WARM_UP_SHARE)
        .map(|reading| reading.memory as f64)
        .collect();
    let least = warm.iter().copied().fold(f64::INFINITY, f64::min);
    let most = warm.iter().copied().fold(0.0, f64::max);
    println!(
        "RssAnon after warming up ({} readings): least {}, median {}, most {}",
        warm.len(),
        megabytes(least),
        megabytes(median(&warm)),
        megabytes(most)
    );
    Ok(ExitCode::SUCCESS)
}

/// Reads the memory until the import has ended.
fn read(process: u32, args: &Args, watch: Watch, poured: &AtomicU64, ended: &AtomicBool) -> Vec<Reading> {
    let every = Duration::from_secs(args.every_seconds);
    let mut readings = Vec::new();
    let mut due = every;
    while !ended.load(Ordering::Relaxed) {
        if watch.elapsed() < due {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        }
        due += every;
        // A process that has just ended has no memory any more.
        let Ok(memory) = rss_anon(process) else { continue };
        let reading = Reading {
            seconds: watch.seconds(),
            poured: poured.load(Ordering::Relaxed),
            memory,
        };
        println!(
            "{:9.0} {:>10} {:>9}",
            reading.seconds,
            megabytes(reading.poured as f64),
            megabytes(reading.memory as f64)
        );
        readings.push(reading);
    }
    readings
}

/// `10GB`, `500MB`, `1000000`; units of a thousand.
fn bytes(text: &str) -> Result<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        other => bail!("`{other}` is no unit; there are KB, MB and GB"),
    };
    let number: u64 = digits
        .trim()
        .parse()
        .with_context(|| format!("`{text}` is no number of bytes"))?;
    number.checked_mul(factor).context("that is too much")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(bytes(text).ok(), expected, "{text}");
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        check("10GB", Some(10_000_000_000));
        check("500 mb", Some(500_000_000));
        check("7", Some(7));
        check("1TB", None);
        check("", None);
        check("99999999999GB", None);
    }
}
