//! `cargo xtask tenants`: many tenants on one server, and what each more of them costs.

use super::client::Line;
use super::fleet::{Member, brought, enrol, rows_of};
use super::product::{self, Build, Server};
use super::samples::{Figures, Sample, figures};
use super::steady::Steady;
use super::table::{machine, megabytes, thousands};
use super::templates::{Name, Templates};
use super::vitals::{Reading, Vitals, follow, room};
use super::watch::Watch;
use super::{Release, recount};
use anyhow::{Result, bail};
use clap::Parser;
use generator::chance::Chance;
use model::time::Timestamp;
use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Make tenants on one server and load them evenly: small uploads to and pages of random tenants at a stated rate. Prints
/// rates, p50 and p99, descriptors, memory and the cost of a core for each number of tenants, and recounts by plain SQL at the
/// end whether every acknowledged event is there. Traffic stays on loopback; the folder goes at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask tenants")]
struct Args {
    /// How many tenants
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    tenants: u32,
    /// Measure with each of these numbers of tenants, growing, in place of --tenants: 1,10,100,1000
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    steps: Vec<u32>,
    /// How long each number of tenants is measured
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(2..=3_000))]
    seconds: u64,
    /// Pages a second over all tenants
    #[arg(long, default_value_t = 200.0, value_parser = super::rate)]
    pages: f64,
    /// Uploads a second over all tenants
    #[arg(long, default_value_t = 50.0, value_parser = super::rate)]
    uploads: f64,
    /// Records in an upload
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    records: u64,
    /// Rows that each tenant has before it is measured, over three months
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    rows: u64,
    /// Where the data are made and removed again; a real disk
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// A build of gatelog to measure in place of a fresh one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Threads that ask, and threads that bring.
const READERS: usize = 4;
const BRINGERS: usize = 4;
const PAGE: usize = 0;
const UPLOAD: usize = 1;
/// 2026-01-01, and the end of the three months.
const FIRST: Timestamp = Timestamp::from_unix_seconds(1_767_225_600);
const SECONDS: i64 = 90 * 86_400;
const PAGE_ROWS: u32 = 100;
/// Before this moment of a step nothing counts.
const WARM_UP_SECONDS: f64 = 3.0;

/// A tenant and what was acknowledged of it: the first so many of its records.
struct Tenant {
    member: Member,
    /// Numbers are given out here; each is in one upload.
    next: AtomicU64,
}

/// What a number of tenants came to.
struct Step {
    tenants: usize,
    seconds: f64,
    pages: Figures,
    uploads: Figures,
    descriptors: u64,
    memory: u64,
    /// Seconds of a core in a second.
    cores: f64,
}

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let build = match product::release(args.program.as_deref())? {
        Release::Here(build) => build,
        Release::Elsewhere(code) => return Ok(code),
    };
    let folder = product::working_folder(&build, args.folder.as_deref())?;
    println!("{}", machine());
    let mut numbers = if args.steps.is_empty() {
        vec![args.tenants]
    } else {
        args.steps.clone()
    };
    numbers.sort_unstable();
    let faults = measure(&args, &numbers, &build, folder.path())?;
    Ok(if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn measure(args: &Args, numbers: &[u32], build: &Build, beside: &Path) -> Result<u64> {
    let data = beside.join("tenants");
    std::fs::create_dir_all(&data)?;
    let server = Server::start_in(build, &data, beside, None)?;
    let templates = Templates::new(2)?;
    let mut tenants: Vec<Tenant> = Vec::new();
    let acknowledged = std::sync::Mutex::new(HashSet::new());
    let (mut steps, mut faults) = (Vec::new(), 0);
    for number in numbers {
        let watch = Watch::start();
        let before = tenants.len();
        grow(
            args,
            &server,
            &data,
            &templates,
            &mut tenants,
            *number,
            &acknowledged,
        )?;
        println!(
            "{} tenants more, {} rows each, in {:.0} s",
            tenants.len() - before,
            args.rows,
            watch.seconds()
        );
        for tenant in &mut tenants {
            tenant.member.renew(&server)?;
        }
        let (step, more) = step(args, &server, &templates, &tenants, &acknowledged);
        steps.push(step);
        faults += more;
    }
    server.stop()?;
    println!("\n{}", table(args, &steps));
    let acknowledged = acknowledged
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let lost = count_again(&data, &tenants, &acknowledged)?;
    println!(
        "{} acknowledged events, by plain SQL {lost} of them missing or twice; {faults} faults; {} on disk",
        acknowledged.len(),
        megabytes(room(&data).all as f64)
    );
    Ok(faults + lost)
}

type Acknowledged = std::sync::Mutex<HashSet<Name>>;

fn note(acknowledged: &Acknowledged, owner: u32, numbers: std::ops::Range<u64>) {
    acknowledged
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .extend(numbers.map(|number| Name { owner, number }));
}

/// Makes tenants until there are so many, each with its first rows.
fn grow(
    args: &Args,
    server: &Server,
    data: &Path,
    templates: &Templates,
    tenants: &mut Vec<Tenant>,
    until: u32,
    acknowledged: &Acknowledged,
) -> Result<()> {
    let mut line = Line::to(server.address);
    while (tenants.len() as u32) < until {
        let member = enrol(server, data, tenants.len() as u32)?;
        let body = records(templates, member.number, 0, args.rows)?;
        let answer = brought(line.ask(&member.bring(server, &body))?)?;
        if answer.new != args.rows {
            bail!("{} new records were answered {answer:?}", args.rows);
        }
        note(acknowledged, member.number, 0..args.rows);
        tenants.push(Tenant {
            member,
            next: AtomicU64::new(args.rows),
        });
    }
    Ok(())
}

fn records(templates: &Templates, owner: u32, first: u64, count: u64) -> Result<Vec<u8>> {
    let mut records = Vec::new();
    for number in first..first + count {
        templates.write(&mut records, Name { owner, number }, time_of(number, count), 0)?;
    }
    Ok(records)
}

/// The first rows are spread over the months; later ones come in order, as a feed brings them, in the last.
fn time_of(number: u64, count: u64) -> Timestamp {
    if number < count {
        return FIRST.plus_seconds((SECONDS as u64 * number / count) as i64);
    }
    FIRST.plus_seconds(SECONDS - 86_400 + (number % 86_400) as i64)
}

fn step(
    args: &Args,
    server: &Server,
    templates: &Templates,
    tenants: &[Tenant],
    acknowledged: &Acknowledged,
) -> (Step, u64) {
    let steady = Steady::begin();
    let mut samples: Vec<Sample> = Vec::new();
    let mut readings: Vec<Reading> = Vec::new();
    let mut cost = 0.0;
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        let steady = &steady;
        for place in 0..READERS {
            workers.push(scope.spawn(move || read(args, steady, server, tenants, place)));
        }
        for place in 0..BRINGERS {
            workers.push(
                scope.spawn(move || bring(args, steady, server, templates, tenants, acknowledged, place)),
            );
        }
        let following = scope.spawn(move || follow(steady, server.process(), 0.5));
        steady.wait_until(WARM_UP_SECONDS);
        let before = Vitals::of(server.process()).map_or(0.0, |vitals| vitals.core_seconds);
        steady.wait_until(WARM_UP_SECONDS + args.seconds as f64);
        cost = Vitals::of(server.process()).map_or(0.0, |vitals| vitals.core_seconds) - before;
        steady.end();
        for worker in workers {
            match worker.join() {
                Ok(taken) => samples.extend(taken),
                Err(_) => steady.fault("a thread of the load ended by a panic"),
            }
        }
        readings = following.join().unwrap_or_default();
    });
    let window = WARM_UP_SECONDS..f64::INFINITY;
    let most = |of: fn(&Vitals) -> u64| {
        readings
            .iter()
            .map(|(_, vitals)| of(vitals))
            .max()
            .unwrap_or_default()
    };
    let step = Step {
        tenants: tenants.len(),
        // What was due in the time may have been answered after it.
        seconds: (steady.watch.seconds() - WARM_UP_SECONDS).max(args.seconds as f64),
        pages: figures(&samples, PAGE, &window),
        uploads: figures(&samples, UPLOAD, &window),
        descriptors: most(|vitals| vitals.descriptors),
        memory: most(|vitals| vitals.rss_anon),
        cores: cost / args.seconds as f64,
    };
    println!("{}", told(args, &step));
    (step, steady.faults())
}

fn read(args: &Args, steady: &Steady, server: &Server, tenants: &[Tenant], place: usize) -> Vec<Sample> {
    let mut line = Line::to(server.address);
    let mut chance = Chance::of(11, &[place as u64, tenants.len() as u64]);
    let rate = args.pages / READERS as f64;
    steady.work(place as f64 / args.pages, rate, || {
        let member = &chance.pick(tenants).member;
        let until = FIRST.plus_seconds(chance.between(SECONDS / 3, SECONDS));
        let from = until.plus_seconds(-14 * 86_400);
        let expected = (args.rows * 14 / 90).saturating_sub(2).min(u64::from(PAGE_ROWS));
        let rows = rows_of(line.ask(&member.page(server, from, until, PAGE_ROWS))?)?;
        if (rows as u64) < expected {
            bail!("a page had {rows} rows, {expected} were brought");
        }
        Ok(PAGE)
    })
}

fn bring(
    args: &Args,
    steady: &Steady,
    server: &Server,
    templates: &Templates,
    tenants: &[Tenant],
    acknowledged: &Acknowledged,
    place: usize,
) -> Vec<Sample> {
    let mut line = Line::to(server.address);
    let mut chance = Chance::of(12, &[place as u64, tenants.len() as u64]);
    let rate = args.uploads / BRINGERS as f64;
    steady.work(place as f64 / args.uploads, rate, || {
        let tenant = chance.pick(tenants);
        let first = tenant.next.fetch_add(args.records, Ordering::SeqCst);
        let owner = tenant.member.number;
        let mut body = Vec::new();
        for number in first..first + args.records {
            templates.write(&mut body, Name { owner, number }, time_of(number, args.rows), 0)?;
        }
        let answer = brought(line.ask(&tenant.member.bring(server, &body))?)?;
        note(acknowledged, owner, first..first + args.records);
        if answer.new != args.records {
            bail!("{} new records were answered {answer:?}", args.records);
        }
        Ok(UPLOAD)
    })
}

/// How many acknowledged events are not there exactly once, and how many are there that nobody brought.
fn count_again(data: &Path, tenants: &[Tenant], acknowledged: &HashSet<Name>) -> Result<u64> {
    let (mut wrong, mut found) = (0, 0);
    let mut seen = HashSet::with_capacity(acknowledged.len());
    for tenant in tenants {
        let owner = tenant.member.number;
        let brought = tenant.next.load(Ordering::SeqCst);
        for month in recount::months(data, tenant.member.tenant())? {
            recount::each_sign_in(&month, |name, _| match name {
                Some(name) if name.owner == owner && name.number < brought && seen.insert(name) => {
                    found += u64::from(acknowledged.contains(&name));
                }
                _ => wrong += 1,
            })?;
        }
    }
    Ok(wrong + (acknowledged.len() as u64 - found))
}

fn told(args: &Args, step: &Step) -> String {
    let rate = |count: usize| count as f64 / step.seconds;
    let spans = |of: &Figures| format!("{:.1} / {:.1} ms", of.p50 * 1e3, of.p99 * 1e3);
    format!(
        "| {} | {:.0} of {:.0} | {} | {:.1} of {:.1} ({} events/s) | {} | {} | {} | {:.2} |",
        step.tenants,
        rate(step.pages.count),
        args.pages,
        spans(&step.pages),
        rate(step.uploads.count),
        args.uploads,
        thousands(rate(step.uploads.count) * args.records as f64),
        spans(&step.uploads),
        step.descriptors,
        megabytes(step.memory as f64),
        step.cores
    )
}

fn table(args: &Args, steps: &[Step]) -> String {
    let mut text = String::from(
        "| tenants | pages/s | page p50 / p99 | uploads/s | upload p50 / p99 | descriptors, most | RssAnon, most | cores |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for step in steps {
        let _ = writeln!(text, "{}", told(args, step));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_rows_fill_the_months_and_later_ones_the_last_day() {
        assert_eq!(time_of(0, 600), FIRST);
        assert!(time_of(599, 600) < FIRST.plus_seconds(SECONDS));
        assert!(time_of(599, 600) > FIRST.plus_seconds(SECONDS - 86_400));
        assert_eq!(time_of(600, 600), FIRST.plus_seconds(SECONDS - 86_400 + 600));
        assert!(time_of(u64::MAX, 600) < FIRST.plus_seconds(SECONDS));
    }
}
