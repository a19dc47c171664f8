//! `cargo xtask bench`: what the service does in a second, beside the most that this machine could do in the same run.
//!
//! Every measure is taken in turns with its yardstick, several times; the table has medians, and ratios of the same
//! turn. Nothing is asserted: a slow machine is no fault, and a noisy one would make a test cry wolf.

mod client;
mod detection;
mod export;
mod fleet;
mod formats;
mod growth;
mod histogram;
mod ingest;
pub(crate) mod memory;
mod page;
mod product;
pub(crate) mod purge;
mod recount;
mod samples;
pub(crate) mod soak;
mod start;
mod steady;
mod table;
mod templates;
pub(crate) mod tenants;
mod vitals;
mod watch;
pub(crate) mod yardsticks;

use anyhow::{Context, Result, bail};
use clap::Parser;
use product::{Build, Data};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;
use table::Line;

/// Measure the service against its ceilings: pages, exports, growth with the number of rows, start, memory, disk, ingest. Prints
/// the table of the design's budgets. Traffic stays on loopback; the data go at the end, but for what --keep keeps.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Args {
    /// Rows in the store while pages are asked for
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    rows: u64,
    /// How long each turn of each measure runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How many turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Connections of the client
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Rows of the stores that `growth` compares, each loaded unless it is kept already: 100000,1000000,10000000
    #[arg(long, value_delimiter = ',', value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    growth: Vec<u64>,
    /// Keep loaded stores here, and use those that are here: ten million rows take minutes to load
    #[arg(long, visible_alias = "data", value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Only these measures: page, export, growth, start, ingest, formats, detection
    #[arg(long, value_delimiter = ',', value_name = "MEASURE")]
    only: Vec<String>,
    /// Where the data are made and removed again; a real disk, for durable writes are measured
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// A build of gatelog to measure in place of a fresh one: for comparing two of them
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Measure in the build that runs already: to see that a measure works, not how fast anything is. For `formats` and `detection` alone
    #[arg(long)]
    this_build: bool,
}

impl Args {
    fn turn(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn wants(&self, measure: &Measure) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == measure.name)
    }
}

/// What a measure has to work with.
struct Bench<'a> {
    args: &'a Args,
    build: &'a Build,
    /// A folder with rows, which no server has open when a measure begins and ends.
    data: &'a Data,
}

/// A measure by its name on the command line.
struct Measure {
    name: &'static str,
    run: Run,
}

/// What a measure needs.
#[derive(Clone, Copy)]
enum Run {
    /// The product, and rows in it.
    Product(fn(&Bench<'_>) -> Result<Vec<Line>>),
    /// Nothing but this program.
    Alone(fn(&Args) -> Result<Vec<Line>>),
}

/// The measures; one line each.
const ALL: &[Measure] = &[
    Measure {
        name: "page",
        run: Run::Product(page::run),
    },
    Measure {
        name: "export",
        run: Run::Product(export::run),
    },
    Measure {
        name: "growth",
        run: Run::Product(growth::run),
    },
    Measure {
        name: "start",
        run: Run::Product(start::run),
    },
    Measure {
        name: "ingest",
        run: Run::Product(ingest::run),
    },
    Measure {
        name: "formats",
        run: Run::Alone(formats::run),
    },
    Measure {
        name: "detection",
        run: Run::Alone(detection::run),
    },
];

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    for name in &args.only {
        if !ALL.iter().any(|measure| measure.name == name) {
            let known: Vec<&str> = ALL.iter().map(|measure| measure.name).collect();
            bail!("there is no measure `{name}`; there are {}", known.join(", "));
        }
    }
    let wanted: Vec<&Measure> = ALL.iter().filter(|measure| args.wants(measure)).collect();
    let needs_product = wanted
        .iter()
        .any(|measure| matches!(measure.run, Run::Product(_)));
    if args.this_build {
        if needs_product {
            bail!(
                "--this-build is for `--only formats,detection`: the other measures need a release build of the product"
            );
        }
        return report(&args, &wanted, None);
    }
    // Without need of the product, any program may stand in its place, so that it is not built.
    let stand_in = args
        .program
        .clone()
        .or_else(|| (!needs_product).then(PathBuf::new));
    let build = match product::release(stand_in.as_deref())? {
        Release::Here(build) => build,
        Release::Elsewhere(code) => return Ok(code),
    };
    if !needs_product {
        return report(&args, &wanted, None);
    }
    let folder = product::working_folder(&build, args.folder.as_deref())?;
    println!("{}", table::machine());
    let data = Data::kept(&build, folder.path(), args.keep.as_deref(), args.rows)?;
    let bench = Bench {
        args: &args,
        build: &build,
        data: &data,
    };
    report(&args, &wanted, Some(&bench))
}

/// Measures what is wanted and prints the table.
fn report(args: &Args, wanted: &[&Measure], bench: Option<&Bench<'_>>) -> Result<ExitCode> {
    if bench.is_none() {
        println!("{}", table::machine());
    }
    let mut lines = Vec::new();
    for measure in wanted {
        let measured = match (measure.run, bench) {
            (Run::Product(run), Some(bench)) => run(bench),
            (Run::Product(_), None) => bail!("the measure {} needs the product", measure.name),
            (Run::Alone(run), _) => run(args),
        };
        lines.extend(measured.with_context(|| format!("measure {}", measure.name))?);
    }
    println!("\n{}", table::shown(&lines));
    Ok(ExitCode::SUCCESS)
}

/// Where the measuring happens.
pub(crate) enum Release {
    /// In this process, which is a release build.
    Here(Build),
    /// It happened in a release build of this program.
    Elsewhere(ExitCode),
}

/// Reads a number of times a second.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("not a number from 0.01 to 100000".to_owned()),
    }
}

/// The middle one; the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The median of the quotients of each turn.
fn ratio(ours: &[f64], yardstick: &[f64]) -> f64 {
    let quotients: Vec<f64> = ours
        .iter()
        .zip(yardstick)
        .map(|(ours, yardstick)| ours / yardstick)
        .collect();
    median(&quotients)
}

/// Hands the work to a release build of this program, which has the same arguments.
fn again(program: &std::path::Path) -> Result<ExitCode> {
    let status = Command::new(program)
        .args(std::env::args_os().skip(1))
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_ratio_is_taken_within_each_turn() {
        assert!((ratio(&[1.0, 9.0, 4.0], &[2.0, 10.0, 8.0]) - 0.5).abs() < 1e-9);
    }
}
