//! `--lines`: a file that grows and is rotated, an agent that is killed every few seconds, a service that is away half of the time.

use crate::crash::server::{Installation, Server, TENANT, now};
use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use generator::RecordSize;
use generator::chance::Chance;
use model::time::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The agent lives for so long, in milliseconds.
const AGENT_MILLIS: (i64, i64) = (1_000, 4_000);
/// The service is there, and away, for so long.
const SERVICE_MILLIS: (i64, i64) = (1_500, 5_000);
/// Lines are written over so many seconds, but not slower than a thousand a second.
const WRITING_SECONDS: u64 = 120;
/// The log is rotated so often.
const ROTATIONS: u64 = 20;
/// How often it is asked whether everything has arrived.
const ASKED: Duration = Duration::from_millis(500);

/// What happened meanwhile.
#[derive(Debug, Default)]
struct Struck {
    agent_kills: AtomicU64,
    service_kills: AtomicU64,
    away_millis: AtomicU64,
    service_millis: AtomicU64,
    rotations: AtomicU64,
    packed: AtomicU64,
}

pub(super) fn run(lines: u64, seed: u64, profile: &str, time_limit: Duration) -> Result<ExitCode> {
    println!("agent: {lines} lines, seed {seed} (profile {profile})");
    let folder = tempfile::Builder::new()
        .prefix("gatelog-agent-")
        .tempdir()
        .context("make a folder for the run")?;
    match trial(lines, seed, profile, time_limit, folder.path()) {
        Ok(summary) => {
            println!("{summary}");
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            let kept = folder.keep();
            println!(
                "\nFAILED with seed {seed}: {fault:#}\nthe folder stays for a look: {}",
                kept.display()
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn trial(lines: u64, seed: u64, profile: &str, time_limit: Duration, folder: &Path) -> Result<String> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let installation = Installation::prepare(profile, folder)?.at_port(port);
    let agent = Agent::configure(&installation, port, folder)?;
    let struck = Struck::default();
    let is_over = AtomicBool::new(false);
    let began = now();
    let mut written = HashSet::new();
    std::thread::scope(|scope| -> Result<()> {
        let helpers = [
            scope.spawn(|| kill_agents(&agent, seed, &struck, &is_over)),
            scope.spawn(|| kill_services(&installation, seed, &struck, &is_over)),
        ];
        let outcome = write(lines, seed, &agent.logs, &struck)
            .map(|ids| written = ids)
            .and_then(|()| wait_until_read(&agent, began, time_limit));
        is_over.store(true, Ordering::SeqCst);
        for helper in helpers {
            match helper.join() {
                Ok(ended) => ended?,
                Err(_) => bail!("a helper ended by a panic"),
            }
        }
        outcome
    })?;
    let stored = recount(installation.data(), &written)?;
    let number = |count: &AtomicU64| count.load(Ordering::SeqCst);
    let away = 100 * number(&struck.away_millis) / number(&struck.service_millis).max(1);
    Ok(format!(
        "agent: {stored} of {lines} lines are stored, each once, after {} s; the agent was killed {} times, the service {} times \
         (away {away} % of the time); {} rotations by rename, {} of them packed; nothing lost, nothing twice",
        began.elapsed().as_secs(),
        number(&struck.agent_kills),
        number(&struck.service_kills),
        number(&struck.rotations),
        number(&struck.packed),
    ))
}

/// The agent's program and its files.
struct Agent {
    binary: PathBuf,
    config: PathBuf,
    logs: PathBuf,
    said: PathBuf,
}

impl Agent {
    fn configure(installation: &Installation, port: u16, folder: &Path) -> Result<Agent> {
        let (client_id, client_secret) = installation.application();
        let (config, logs, secret) = (
            folder.join("agent.toml"),
            folder.join("logs"),
            folder.join("secret"),
        );
        fs::create_dir(&logs)?;
        fs::write(&secret, client_secret)?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        fs::write(
            &config,
            format!(
                "[service]\nhost = \"http://127.0.0.1:{port}\"\ntenant = \"{TENANT}\"\nclient_id = \"{client_id}\"\n\
                 client_secret_file = \"secret\"\n[state]\nfolder = \"agent\"\n[http]\nlisten = \"off\"\n\
                 [[inputs]]\nname = \"lines\"\nkind = \"files\"\nfiles = [\"logs/app.json*\"]\n"
            ),
        )?;
        Ok(Agent {
            binary: installation.binary().to_owned(),
            config,
            logs,
            said: folder.join("agent.log"),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("agent")
            .arg("--config")
            .arg(&self.config)
            .stdin(Stdio::null());
        command
    }

    fn start(&self) -> Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.said)?;
        self.command()
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start gatelog agent")
    }

    /// Whether nothing is unread and nothing waits.
    fn has_sent_all(&self) -> Result<bool> {
        let output = self
            .command()
            .args(["check", "--output", "json"])
            .output()
            .context("run gatelog agent check")?;
        let Ok(found) = serde_json::from_slice::<Value>(&output.stdout) else {
            // The state was just being opened by the agent.
            return Ok(false);
        };
        let input = &found["inputs"][0];
        Ok(input["unreadBytes"] == 0 && input["piecesWaiting"] == 0)
    }
}

fn kill_agents(agent: &Agent, seed: u64, struck: &Struck, is_over: &AtomicBool) -> Result<()> {
    let mut chance = Chance::of(seed, &[1]);
    while !is_over.load(Ordering::SeqCst) {
        let mut child = agent.start()?;
        pause(&mut chance, AGENT_MILLIS, is_over);
        if let Some(status) = child.try_wait()? {
            bail!(
                "the agent ended by itself ({status}); its log is {}",
                agent.said.display()
            );
        }
        // The standard library kills with SIGKILL on every Unix.
        child.kill().context("kill the agent")?;
        child.wait().context("wait for the killed agent")?;
        struck.agent_kills.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn kill_services(
    installation: &Installation,
    seed: u64,
    struck: &Struck,
    is_over: &AtomicBool,
) -> Result<()> {
    let mut chance = Chance::of(seed, &[2]);
    while !is_over.load(Ordering::SeqCst) {
        let mut server = Server::start(installation)?;
        let here = pause(&mut chance, SERVICE_MILLIS, is_over);
        server.kill()?;
        struck.service_kills.fetch_add(1, Ordering::SeqCst);
        let away = pause(&mut chance, SERVICE_MILLIS, is_over);
        struck.away_millis.fetch_add(away, Ordering::SeqCst);
        struck.service_millis.fetch_add(here + away, Ordering::SeqCst);
    }
    Ok(())
}

/// Waits for a random time, or until it is over; answers for how many milliseconds.
fn pause(chance: &mut Chance, millis: (i64, i64), is_over: &AtomicBool) -> u64 {
    let wanted = Duration::from_millis(chance.between(millis.0, millis.1) as u64);
    let began = now();
    while began.elapsed() < wanted && !is_over.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed().as_millis() as u64
}

/// Writes the lines, rotates, and packs what was rotated before; answers the ids.
fn write(lines: u64, seed: u64, logs: &Path, struck: &Struck) -> Result<HashSet<String>> {
    // 1 December 2025, an hour.
    let start = Timestamp::from_unix_seconds(1_764_547_200);
    let records = generator::uniform(seed, lines, start, start.plus_seconds(3_600), RecordSize::Small);
    let rate = (lines / WRITING_SECONDS).max(1_000);
    let (began, log) = (now(), logs.join("app.json"));
    let mut chance = Chance::of(seed, &[3]);
    let mut file = BufWriter::new(append(&log)?);
    let mut ids = HashSet::new();
    let mut rotated: Vec<PathBuf> = Vec::new();
    for (number, record) in (1..=lines).zip(records) {
        let json: Value = serde_json::from_str(&record.json).context("read a made-up record")?;
        ids.insert(json["id"].as_str().context("a record without an id")?.to_owned());
        // Half lines are seen, too: a buffer ends anywhere.
        file.write_all(record.json.as_bytes())?;
        file.write_all(b"\n")?;
        if number % rate.div_ceil(20) == 0 {
            file.flush()?;
            let due = Duration::from_millis(1_000 * number / rate);
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        if number % lines.div_ceil(ROTATIONS) == 0 {
            file.flush()?;
            let name = logs.join(format!(
                "app.json.{}",
                struck.rotations.fetch_add(1, Ordering::SeqCst) + 1
            ));
            fs::rename(&log, &name)?;
            file = BufWriter::new(append(&log)?);
            // As `delaycompress` does: what was rotated last stays plain.
            if let Some(plain) = rotated.pop().filter(|_| chance.in_thousand(500)) {
                pack(&plain)?;
                struck.packed.fetch_add(1, Ordering::SeqCst);
            }
            rotated.push(name);
        }
    }
    file.flush()?;
    Ok(ids)
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("open {}", path.display()))
}

fn pack(plain: &Path) -> Result<()> {
    let packed = PathBuf::from(format!("{}.gz", plain.display()));
    let mut encoder = GzEncoder::new(File::create(packed)?, Compression::fast());
    encoder.write_all(&fs::read(plain)?)?;
    encoder.finish()?;
    fs::remove_file(plain)?;
    Ok(())
}

fn wait_until_read(agent: &Agent, began: std::time::Instant, time_limit: Duration) -> Result<()> {
    while !agent.has_sent_all()? {
        if began.elapsed() > time_limit {
            bail!(
                "not everything arrived within {} minutes",
                time_limit.as_secs() / 60
            );
        }
        std::thread::sleep(ASKED);
    }
    Ok(())
}

/// Counts the events and the rows of the store by plain SQL, and compares the rows' ids with what was written.
fn recount(data: &Path, written: &HashSet<String>) -> Result<usize> {
    let (mut events, mut contents, mut rows) = (0, 0, 0);
    let mut missing = written.clone();
    for month in months(data)? {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&month, flags)?;
        let sums = connection.query_row("SELECT count(DISTINCT key), count(*) FROM events", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        events += sums.0 as usize;
        contents += sums.1 as usize;
        let mut statement = connection
            .prepare("SELECT json_extract(CAST(json AS TEXT), '$.id') FROM rows WHERE report = 101 AND json IS NOT NULL")?;
        for id in statement.query_map([], |row| row.get::<_, String>(0))? {
            rows += 1;
            missing.remove(&id?);
        }
    }
    let expected = written.len();
    if !missing.is_empty() || (events, contents, rows) != (expected, expected, expected) {
        let first = missing.iter().next();
        bail!(
            "{expected} lines were written; the store has {events} events, {contents} contents and {rows} rows, and {} are \
             missing, such as {first:?}",
            missing.len()
        );
    }
    Ok(rows)
}

/// The month files of the lines below a folder.
fn months(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(months(&path)?);
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // The month of the lines; what the service tells of itself is in that of today.
        if name.starts_with("2025-12") && path.extension().is_some_and(|ending| ending == "db") {
            found.push(path);
        }
    }
    Ok(found)
}
