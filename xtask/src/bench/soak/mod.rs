//! `cargo xtask soak`: half an hour of everything at once, and whether anything drifts.

mod diary;
mod operator;
mod verdict;
mod work;

use super::client::Line;
use super::fleet::{Member, brought, enrol};
use super::product::{self, Build, Server};
use super::samples::{Sample, figures};
use super::steady::Steady;
use super::table::{machine, megabytes};
use super::templates::{Name, Templates};
use super::vitals::{Reading, Room, follow, room};
use super::{Release, recount};
use anyhow::{Context, Result, bail};
use clap::Parser;
use diary::{BATCH, Counts, Days, Diary};
use model::time::Timestamp;
use operator::Operator;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Run a server under mixed load: uploads of new, late, repeated and changed records, pages with filters, exports of whole
/// days by nextLink, months that leave by retention, and backups. Every answer is checked; at the end everything is recounted
/// by plain SQL and by `gatelog store check`. Prints a line a minute, compares the first and the last third, and ends with 1 on
/// any fault and on memory or descriptors that grow. Traffic stays on loopback; the folder goes at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask soak")]
struct Args {
    /// How long
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=50))]
    minutes: u64,
    /// Records a second, over all tenants
    #[arg(long, default_value_t = 2_000.0, value_parser = super::rate)]
    events: f64,
    /// Pages a second
    #[arg(long, default_value_t = 200.0, value_parser = super::rate)]
    pages: f64,
    /// Exports of a day a second
    #[arg(long, default_value_t = 0.2, value_parser = super::rate)]
    exports: f64,
    /// Months that leave during the run, of each tenant
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=60))]
    months: u32,
    /// Rows of each of them
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    month_rows: u64,
    /// Where the data are made and removed again; a real disk, with room for the store twice
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// A build of gatelog to measure in place of a fresh one
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

const TENANTS: u32 = 4;
const READERS: usize = 3;
/// The owner of what leaves: none of the live records.
const OLD_OWNER: u32 = 1_000_000;

/// Kinds of samples, and their names.
const PAGE: usize = 0;
const UPLOAD: usize = 1;
const EXPORT: usize = 2;
const PURGE: usize = 3;
const BACKUP: usize = 4;
const KINDS: [&str; 5] = ["page", "upload", "export", "purge", "backup"];
/// Nothing was there to be asked for yet.
const NOTHING: usize = usize::MAX;

/// What the threads of the run share.
struct Load<'a> {
    steady: &'a Steady,
    server: &'a Server,
    members: &'a [Member],
    counts: &'a [Counts],
    templates: &'a Templates,
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
    Ok(if soak(&args, &build, folder.path())? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the edge: retention reckons from the present, and so must the records"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_seconds(since.as_secs() as i64)
}

fn soak(args: &Args, build: &Build, beside: &Path) -> Result<bool> {
    let data = beside.join("soak");
    std::fs::create_dir_all(&data)?;
    let settings = beside.join("gatelog.toml");
    // Tokens that outlive the run.
    std::fs::write(&settings, "")?;
    let templates = Templates::new(3)?;
    let server = Server::start_in(build, &data, beside, Some(&settings))?;
    let mut members = Vec::new();
    for number in 0..TENANTS {
        members.push(enrol(&server, &data, number)?);
    }
    let old = bring_old_months(args, &server, &members, &templates)?;
    server.stop()?;
    for member in &members {
        for month in recount::months(&data, member.tenant())? {
            recount::age(&month)?;
        }
    }
    println!(
        "{TENANTS} tenants with {} months of {} rows that will leave",
        args.months, args.month_rows
    );
    let server = Server::start_in(build, &data, beside, Some(&settings))?;
    for member in &mut members {
        member.renew(&server)?;
    }
    let seconds = args.minutes as f64 * 60.0;
    let new_share = 0.8;
    let days = Days {
        first: Timestamp::from_unix_seconds(
            (now().unix_seconds() / 86_400 - 2 * args.minutes as i64 - 12) * 86_400,
        ),
        count: 2 * args.minutes + 10,
        // Two days pass in a minute.
        records: ((args.events * new_share * 30.0 / f64::from(TENANTS)) as u64).max(BATCH),
    };
    let counts: Vec<Counts> = members.iter().map(|_| Counts::new(days)).collect();
    let mut diaries: Vec<Diary> = (0..TENANTS).map(|owner| Diary::new(owner, days)).collect();
    let steady = Steady::begin();
    let load = Load {
        steady: &steady,
        server: &server,
        members: &members,
        counts: &counts,
        templates: &templates,
    };
    let operator = Operator {
        build,
        data: &data,
        settings: &settings,
        beside,
        now: now(),
    };
    let ran = under_load(args, &load, &operator, &mut diaries, seconds);
    // What was measured is told first: it must not be lost with what is done afterwards.
    let mut good = verdict::judge(&ran, seconds, args.events * new_share * seconds);
    if let Err(error) = server.stop() {
        println!("MISSED: the server did not stop well: {error:#}");
        good = false;
    }
    let wrong = recount_all(&data, &members, &diaries)?;
    let stored: usize = diaries.iter().map(|diary| diary.revisions().len()).sum();
    println!(
        "{stored} events brought, and {old} that left; by plain SQL {wrong} of them missing, twice or with another content; \
         {} faults; {} exports begun again after a purge",
        steady.faults(),
        ran.restarted
    );
    match product::command(build, &data, &["store", "check"]) {
        Ok(said) if said["faults"].as_array().is_some_and(Vec::is_empty) => {
            println!(
                "store check: {} contents, {} rows, no faults",
                said["events"], said["rows"]
            );
        }
        other => {
            println!("store check FAILED: {other:?}");
            good = false;
        }
    }
    Ok(good && wrong == 0 && steady.faults() == 0)
}

/// What a run came to.
struct Ran {
    samples: Vec<Sample>,
    readings: Vec<Reading>,
    restarted: u64,
}

fn under_load(
    args: &Args,
    load: &Load<'_>,
    operator: &Operator<'_>,
    diaries: &mut [Diary],
    seconds: f64,
) -> Ran {
    let steady = load.steady;
    let restarted = AtomicU64::new(0);
    let taken = Mutex::new(Vec::new());
    let take = |samples: Vec<Sample>| {
        let mut all = taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.extend(samples.into_iter().filter(|sample| sample.kind != NOTHING));
    };
    let uploads = args.events / BATCH as f64 / f64::from(TENANTS);
    let deeds = operator::plan(seconds, args.months);
    let mut readings = Vec::new();
    std::thread::scope(|scope| {
        let (take, restarted, deeds) = (&take, &restarted, &deeds);
        for (place, diary) in diaries.iter_mut().enumerate() {
            scope.spawn(move || take(work::bring(load, place, diary, uploads)));
        }
        for number in 0..READERS {
            let rate = args.pages / READERS as f64;
            scope.spawn(move || take(work::read(load, number, rate)));
        }
        scope.spawn(move || take(work::export(load, args.exports, restarted)));
        scope.spawn(move || take(operator.work(load, deeds)));
        let following = scope.spawn(move || follow(steady, load.server.process(), 1.0));
        println!("{}", verdict::HEADINGS);
        for minute in 1..=args.minutes {
            steady.wait_until(minute as f64 * 60.0);
            println!("{}", minute_line(minute, load, operator.data));
        }
        steady.end();
        readings = following.join().unwrap_or_default();
    });
    let samples = taken
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ran {
        samples,
        readings,
        restarted: restarted.load(Ordering::SeqCst),
    }
}

fn minute_line(minute: u64, load: &Load<'_>, data: &Path) -> String {
    let Room { all, logs } = room(data);
    let held = match super::vitals::Vitals::of(load.server.process()) {
        Ok(vitals) => format!(
            "{:>10} {:>11} {:>7}",
            megabytes(vitals.rss_anon as f64),
            vitals.descriptors,
            vitals.threads,
        ),
        Err(error) => format!("{error:#}"),
    };
    let mut line = format!(
        "{minute:>6} {held} {:>10} {:>10}",
        megabytes(all as f64),
        megabytes(logs as f64)
    );
    let recent = load.steady.take_recent();
    for kind in [PAGE, UPLOAD, EXPORT] {
        let of = figures(&recent, kind, &(0.0..f64::INFINITY));
        let spans = format!("{:.1} / {:.1}", of.p50 * 1e3, of.p99 * 1e3);
        let _ = write!(line, " {spans:>16}");
    }
    line
}

/// Brings what will leave; answers how many rows.
fn bring_old_months(args: &Args, server: &Server, members: &[Member], templates: &Templates) -> Result<u64> {
    const AT_ONCE: u64 = 5_000;
    let mut number = 0;
    for member in members {
        let mut line = Line::to(server.address);
        for place in 0..args.months {
            let month = operator::old_month(place)?;
            let span = month.end().unix_seconds() - month.start().unix_seconds() - 1;
            for first in (0..args.month_rows).step_by(AT_ONCE as usize) {
                let mut body = Vec::new();
                for row in first..args.month_rows.min(first + AT_ONCE) {
                    let second = (i128::from(row) * i128::from(span) / i128::from(args.month_rows)) as i64;
                    let name = Name {
                        owner: OLD_OWNER,
                        number,
                    };
                    number += 1;
                    templates.write(&mut body, name, month.start().plus_seconds(second), 0)?;
                }
                brought(line.ask(&member.bring(server, &body))?)
                    .with_context(|| format!("bring {month} of tenant {}", member.number))?;
            }
        }
    }
    Ok(number)
}

/// How many events are missing, twice, or with another content than was acknowledged last.
fn recount_all(data: &Path, members: &[Member], diaries: &[Diary]) -> Result<u64> {
    let mut wrong = 0;
    for (member, diary) in members.iter().zip(diaries) {
        let expected = diary.revisions();
        let mut seen = vec![false; expected.len()];
        for month in recount::months(data, member.tenant())? {
            recount::each_sign_in(&month, |name, revision| {
                let number = name.map_or(usize::MAX, |name| name.number as usize);
                let good = name.is_some_and(|name| name.owner == member.number)
                    && expected.get(number).copied().map(u32::from) == Some(revision)
                    && !std::mem::replace(&mut seen[number], true);
                wrong += u64::from(!good);
            })?;
        }
        wrong += seen.iter().filter(|seen| !**seen).count() as u64;
    }
    if members.len() != diaries.len() {
        bail!("{} tenants have {} diaries", members.len(), diaries.len());
    }
    Ok(wrong)
}
