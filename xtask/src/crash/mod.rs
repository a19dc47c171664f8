//! `cargo xtask crash`: kills the server in the middle of its work, and looks for what it acknowledged and lost.
//!
//! Several clients bring records over HTTP; each answer of 200 is written down here, apart from the server. At a random
//! moment the server is killed with SIGKILL and started again, and without sending anything again every acknowledged
//! event must be there once, nothing may be there twice, and `gatelog store check` must agree. The folder stays the same
//! through all rounds, so a fault of the first round is still looked for in the last.

mod clients;
mod diary;
mod http;
mod options;
mod rows;
pub(crate) mod server;

use anyhow::{Context, Result, bail};
use clients::Client;
use diary::Diary;
use generator::chance::Chance;
use options::Options;
pub(crate) use server::seed_of_the_moment;
use server::{Installation, Server};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A round lets the clients work for at least and at most this long.
const WORK_MILLIS: (i64, i64) = (20, 1_500);
/// In a quarter of the rounds the server is killed once more while it starts, after at most this long.
const START_MILLIS_MOST: i64 = 60;

/// Runs the task with the arguments of the command line.
pub(crate) fn run() -> Result<ExitCode> {
    let options = match options::parse(std::env::args().skip(2))? {
        options::Asked::Run(options) => options,
        options::Asked::Help => {
            println!("{}", options::HELP);
            return Ok(ExitCode::SUCCESS);
        }
    };
    println!(
        "crash: {} rounds, {} clients, seed {} (profile {})",
        options.rounds, options.clients, options.seed, options.profile
    );
    let folder = tempfile::Builder::new()
        .prefix("gatelog-crash-")
        .tempdir()
        .context("make a folder for the run")?;
    let outcome = Installation::prepare(&options.profile, folder.path())
        .and_then(|installation| rounds(&options, &installation));
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            let kept = folder.keep();
            println!(
                "\nFAILED with seed {}: {fault:#}\nthe folder stays for a look: {}",
                options.seed,
                kept.display()
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn rounds(options: &Options, installation: &Installation) -> Result<String> {
    let began = server::now();
    let mut chance = Chance::of(options.seed, &[0]);
    let diary = Mutex::new(Diary::default());
    let mut clients: Vec<Client> = (0..options.clients)
        .map(|number| Client::new(options.seed, number))
        .collect();
    let mut server = Server::start(installation)?;
    let mut totals = Totals::default();
    for round in 1..=options.rounds {
        if began.elapsed() > options.time_limit {
            bail!(
                "{} rounds were done in {} minutes; ask for fewer, or for more --minutes",
                round - 1,
                options.time_limit.as_secs() / 60
            );
        }
        let work = Duration::from_millis(chance.between(WORK_MILLIS.0, WORK_MILLIS.1) as u64);
        work_and_kill(&mut server, &mut clients, &diary, work).with_context(|| format!("round {round}"))?;
        let mut killed_at_start = "";
        if chance.in_thousand(250) {
            let moment = Duration::from_millis(chance.between(0, START_MILLIS_MOST) as u64);
            Server::kill_while_starting(installation, moment)
                .with_context(|| format!("round {round}, killed while starting"))?;
            totals.kills_at_start += 1;
            killed_at_start = ", killed again while starting";
        }
        server = Server::start(installation)
            .with_context(|| format!("round {round}: start again after the kill"))?;
        let mut diary = lock(&diary);
        let in_flight = diary.in_flight();
        let rows = rows::read_all(&server).with_context(|| format!("round {round}: read what is stored"))?;
        let found = diary
            .compare(&rows)
            .map_err(|faults| anyhow::anyhow!("round {round}: {faults}"))?;
        let checked = installation
            .store_check()
            .with_context(|| format!("round {round}: gatelog store check"))?;
        totals.in_flight += in_flight;
        totals.found += found;
        println!(
            "round {round:>3}: {:>7} acknowledged, all there once; {in_flight:>4} in flight at the kill after {:>4} ms, \
             {found:>4} of them stored; check: {checked}{killed_at_start}",
            diary.acknowledged(),
            work.as_millis(),
        );
    }
    server.kill()?;
    let diary = lock(&diary);
    Ok(format!(
        "crash: {} rounds in {} s, seed {}: {} events acknowledged, {} contents of them; {} events were in flight at the \
         kills, {} of those were stored; {} kills while starting; nothing lost, nothing twice",
        options.rounds,
        began.elapsed().as_secs(),
        options.seed,
        diary.acknowledged(),
        diary.acknowledged_contents(),
        totals.in_flight,
        totals.found,
        totals.kills_at_start,
    ))
}

/// Sums over the rounds.
#[derive(Debug, Default)]
struct Totals {
    in_flight: usize,
    found: usize,
    kills_at_start: usize,
}

/// Lets the clients bring records until the server is killed under them.
fn work_and_kill(
    server: &mut Server,
    clients: &mut [Client],
    diary: &Mutex<Diary>,
    work: Duration,
) -> Result<()> {
    let token = server.token("api://gatelog-ingest")?;
    let address = server.address();
    let is_ending = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(|| client.bring(address, &token, diary, &is_ending)))
            .collect();
        std::thread::sleep(work);
        is_ending.store(true, Ordering::SeqCst);
        let killed = server.kill();
        for worker in workers {
            match worker.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a client ended by a panic"),
            }
        }
        killed
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
