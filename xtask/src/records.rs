//! `cargo xtask records`: made-up sign-ins on standard output, one a line, for imports and profiles by hand.

use anyhow::Result;
use clap::Parser;
use generator::RecordSize;
use model::time::Timestamp;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Write made-up sign-ins, one a line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask records")]
struct Args {
    /// How many
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Of 5 KB as Entra's are, instead of 500 bytes
    #[arg(long)]
    entra: bool,
    /// Over how many hours of 1 December 2025 and later they are spread, in no order
    #[arg(long, default_value_t = 1)]
    hours: i64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let start = Timestamp::from_unix_seconds(1_764_547_200);
    let end = start.plus_seconds(3_600 * args.hours);
    let size = if args.entra {
        RecordSize::Entra
    } else {
        RecordSize::Small
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for record in generator::uniform(args.seed, args.count, start, end, size) {
        out.write_all(record.json.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
