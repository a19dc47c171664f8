//! `cargo xtask countries FILE.mmdb`: the table of countries that comes with the program, made of a file in MaxMind's format.

use anyhow::{Context, Result};
use clap::Parser;
use enrich::Database;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make the table of countries that comes with the program.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask countries")]
struct Args {
    /// A file of countries in MaxMind's format
    file: PathBuf,
    /// Where the data are from, on one line
    #[arg(
        long,
        default_value = "ip-location-db geo-whois-asn-country (CC0-1.0), of data of the NRO and its registries (nro.net, CC BY 4.0)"
    )]
    source: String,
    /// Where to write it
    #[arg(long, default_value = "crates/enrich/data/countries.table")]
    out: PathBuf,
}

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let bytes = std::fs::read(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let database = Database::open(&args.file.to_string_lossy(), bytes)?;
    database.verify()?;
    let table = database.countries(&args.source)?;
    let packed = table.to_bytes()?;
    std::fs::write(&args.out, &packed).with_context(|| format!("write {}", args.out.display()))?;
    println!(
        "{}: {} ranges, {} countries, as of {}, {} bytes",
        args.out.display(),
        table.len(),
        table.countries(),
        table.as_of(),
        packed.len()
    );
    Ok(ExitCode::SUCCESS)
}
