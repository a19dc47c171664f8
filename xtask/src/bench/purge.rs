//! `cargo xtask purge`: a large month is freed while the service answers, and what readers and writers felt of it.

use super::client::Line;
use super::fleet::{Member, brought, enrol, rows_of, tenant_id};
use super::product::{self, Build, Server, importing, pour};
use super::samples::{Sample, figures};
use super::steady::Steady;
use super::table::{machine, megabytes, thousands};
use super::templates::{Name, Templates};
use super::vitals::room;
use super::watch::Watch;
use super::{Release, recount};
use anyhow::{Context, Result, bail};
use clap::Parser;
use generator::chance::Chance;
use model::time::{Month, Timestamp};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Free a large month while pages and uploads go on, and print what they felt of it: p50, p99 and the longest before,
/// during and after. Traffic stays on loopback; the folder goes at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask purge")]
struct Args {
    /// Rows of the month that is freed
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    rows: u64,
    /// Pages a second of each tenant
    #[arg(long, default_value_t = 60.0, value_parser = super::rate)]
    pages: f64,
    /// Uploads a second of each tenant, of 20 records
    #[arg(long, default_value_t = 10.0, value_parser = super::rate)]
    uploads: f64,
    /// Seconds that are measured before, and after
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=600))]
    seconds: u64,
    /// Where the data are made and removed again; a real disk
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// A build of gatelog to measure in place of a fresh one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// The tenant whose month goes, one that the same thread writes for, and one of the other thread.
const TENANTS: [(u32, &str); 3] = [(2, "the same tenant"), (4, "same thread"), (5, "other thread")];
const LARGE: u32 = TENANTS[0].0;
/// The month that goes: long over.
const OLD_MONTH: &str = "2016-01";
/// The month of everything else: 2026-03.
const LIVE_FIRST: Timestamp = Timestamp::from_unix_seconds(1_772_323_200);
const LIVE_SECONDS: i64 = 28 * 86_400;
/// Rows of each tenant in the month that stays, so that pages are full.
const LIVE_ROWS: u64 = 5_000;
const UPLOAD_RECORDS: u64 = 20;
const PAGE_ROWS: u32 = 100;
/// Warm-up before anything counts.
const WARM_UP_SECONDS: f64 = 3.0;
/// A month that is not freed by then is a fault.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let build = match product::release(args.program.as_deref())? {
        Release::Here(build) => build,
        Release::Elsewhere(code) => return Ok(code),
    };
    let folder = product::working_folder(&build, args.folder.as_deref())?;
    println!("{}", machine());
    let faults = measure(&args, &build, folder.path())?;
    Ok(if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn measure(args: &Args, build: &Build, beside: &Path) -> Result<u64> {
    let data = beside.join("purge");
    let settings = beside.join("gatelog.toml");
    std::fs::write(&settings, "").context("write the configuration")?;
    load_old_month(args, build, &data)?;
    for month in recount::months(&data, &tenant_id(LARGE))? {
        recount::age(&month)?;
    }
    let server = Server::start_in(build, &data, beside, Some(&settings))?;
    let mut members = Vec::new();
    for (number, _) in TENANTS {
        members.push(enrol(&server, &data, number)?);
    }
    let templates = Templates::new(1)?;
    let watch = Watch::start();
    for member in &members {
        let mut line = Line::to(server.address);
        for batch in 0..LIVE_ROWS / 500 {
            let records = records(&templates, member.number, batch * 500, 500)?;
            brought(line.ask(&member.bring(&server, &records))?)?;
        }
    }
    println!(
        "brought {LIVE_ROWS} rows each to {} tenants in {:.1} s, the first upload of the large one among them",
        members.len(),
        watch.seconds()
    );
    let before = room(&data);
    let steady = Steady::begin();
    let mut samples = Vec::new();
    let mut freed = Err(anyhow::anyhow!("the month was not freed"));
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for (place, member) in members.iter().enumerate() {
            let (steady, server, templates) = (&steady, &server, &templates);
            workers.push(scope.spawn(move || read(steady, server, member, place, args.pages)));
            workers.push(scope.spawn(move || write(steady, server, templates, member, place, args.uploads)));
        }
        freed = free(args, &steady, &server, &data, &settings);
        steady.end();
        for worker in workers {
            match worker.join() {
                Ok(taken) => samples.extend(taken),
                Err(_) => steady.fault("a thread of the load ended by a panic"),
            }
        }
    });
    let freed = freed?;
    server.stop()?;
    println!("\n{}", table(args, &samples, &freed));
    println!(
        "freed {} rows ({}) in {:.0} ms, gone from the disk after {:.0} ms; {} faults",
        thousands(args.rows as f64),
        megabytes(before.all.saturating_sub(room(&data).all) as f64),
        (freed.told - freed.asked) * 1e3,
        (freed.gone - freed.asked) * 1e3,
        steady.faults()
    );
    if recount::months(&data, &tenant_id(LARGE))?
        .iter()
        .any(|month| month.ends_with(format!("{OLD_MONTH}.db")))
    {
        bail!("the month is still there");
    }
    Ok(steady.faults())
}

/// Through the product's import. The tenant is made before the server runs.
fn load_old_month(args: &Args, build: &Build, data: &Path) -> Result<()> {
    let month = Month::parse(OLD_MONTH).context("read the month")?;
    let tenant = tenant_id(LARGE);
    product::command(
        build,
        data,
        &["tenant", "create", "large.example", "--id", &tenant],
    )?;
    let watch = Watch::start();
    let bytes = args.rows * (u64::from(product::LOADED_RECORD_BYTES) + 1);
    let records = generator::stream(
        1,
        bytes,
        product::LOADED_RECORD_BYTES,
        month.start(),
        month.end().plus_seconds(-1),
    );
    let mut import = importing(build, data, Some(&tenant))?;
    pour(&mut import, records)?;
    let new = product::imported(import)?["new"].as_u64().unwrap_or_default();
    if new != args.rows {
        bail!("{} records were poured in and {new} came out new", args.rows);
    }
    println!(
        "imported {new} rows into {OLD_MONTH} in {:.0} s, {}",
        watch.seconds(),
        megabytes(room(data).all as f64)
    );
    Ok(())
}

fn records(templates: &Templates, owner: u32, first: u64, count: u64) -> Result<Vec<u8>> {
    let mut records = Vec::new();
    for number in first..first + count {
        // Spread over the month whatever their number.
        let second = (number * 7_919) as i64 % LIVE_SECONDS;
        let time = LIVE_FIRST.plus_seconds(second);
        templates.write(&mut records, Name { owner, number }, time, 0)?;
    }
    Ok(records)
}

/// Kinds of samples: pages of the first tenant, uploads of the first, pages of the second …
fn read(steady: &Steady, server: &Server, member: &Member, place: usize, rate: f64) -> Vec<Sample> {
    let mut line = Line::to(server.address);
    let mut chance = Chance::of(3, &[u64::from(member.number)]);
    steady.work(place as f64 / (3.0 * rate), rate, || {
        let until = LIVE_FIRST.plus_seconds(chance.between(LIVE_SECONDS / 2, LIVE_SECONDS));
        let page = line.ask(&member.page(server, LIVE_FIRST, until, PAGE_ROWS))?;
        if rows_of(page)? != PAGE_ROWS as usize {
            bail!("a page was not full");
        }
        Ok(2 * place)
    })
}

fn write(
    steady: &Steady,
    server: &Server,
    templates: &Templates,
    member: &Member,
    place: usize,
    rate: f64,
) -> Vec<Sample> {
    let mut line = Line::to(server.address);
    let mut next = LIVE_ROWS;
    steady.work(place as f64 / (3.0 * rate), rate, || {
        let records = records(templates, member.number, next, UPLOAD_RECORDS)?;
        next += UPLOAD_RECORDS;
        let answer = brought(line.ask(&member.bring(server, &records))?)?;
        if answer.new != UPLOAD_RECORDS {
            bail!("{UPLOAD_RECORDS} new records were answered {answer:?}");
        }
        Ok(2 * place + 1)
    })
}

/// Moments of the run, in seconds.
struct Freed {
    /// When retention was configured.
    asked: f64,
    /// When the service said that the month is freed.
    told: f64,
    /// When its file was gone.
    gone: f64,
}

/// Lets the load run, configures a retention that the month is over, waits until it is gone, and lets the load run on.
fn free(args: &Args, steady: &Steady, server: &Server, data: &Path, settings: &Path) -> Result<Freed> {
    let span = args.seconds as f64;
    steady.wait_until(WARM_UP_SECONDS + span);
    let retention = format!("[retention.tenants]\n\"{}\" = 3000\n", tenant_id(LARGE));
    std::fs::write(settings, retention).context("write the configuration")?;
    let asked = steady.watch.seconds();
    server.hang_up()?;
    let watch = Watch::start();
    let mut told = None;
    let folder = data.join("tenants").join(tenant_id(LARGE));
    loop {
        if told.is_none() && server.metric("gatelog_retention_freed_months_total")? >= 1.0 {
            told = Some(steady.watch.seconds());
        }
        let left = std::fs::read_dir(&folder)?
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(OLD_MONTH));
        if let (Some(told), false) = (told, left) {
            let gone = steady.watch.seconds();
            steady.wait_until(gone + span);
            return Ok(Freed { asked, told, gone });
        }
        if watch.elapsed() > PATIENCE {
            bail!("the month was not freed within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn table(args: &Args, samples: &[Sample], freed: &Freed) -> String {
    let span = args.seconds as f64;
    let windows = [
        freed.asked - span..freed.asked,
        freed.asked..freed.gone,
        freed.gone..freed.gone + span,
    ];
    let mut text = String::from(
        "| p50 / p99 / longest, ms | before | during | after | longest against before |\n| --- | --- | --- | --- | --- |\n",
    );
    for (place, (_, who)) in TENANTS.iter().enumerate() {
        for (kind, what) in ["pages", "uploads"].iter().enumerate() {
            let of = windows
                .each_ref()
                .map(|window| figures(samples, 2 * place + kind, window));
            let cells: Vec<String> = of
                .iter()
                .map(|of| {
                    format!(
                        "{:.1} / {:.1} / {:.1} ({})",
                        of.p50 * 1e3,
                        of.p99 * 1e3,
                        of.most * 1e3,
                        of.count
                    )
                })
                .collect();
            let times = of[1].most / of[0].most.max(1e-6);
            let _ = writeln!(text, "| {what}, {who} | {} | {times:.1} × |", cells.join(" | "));
        }
    }
    text
}
