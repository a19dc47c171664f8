//! The product as a user runs it: a release build, its commands, its server as a process of its own.

use super::client::{Connection, get, post, shortened};
use super::watch::Watch;
use super::{Release, again};
use anyhow::{Context, Result, bail};
use generator::Generated;
use model::time::{Month, Timestamp};
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The directory that the generator's even records belong to.
pub(super) const TENANT: &str = "4b2462a4-bbee-495a-a0e1-f23ae524cc9c";
/// The months of the loaded rows: in the past, whenever the bench runs.
const FIRST_DAY: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
const DAYS: i64 = 90;
/// A loaded record; the row that is served of it has about 620 bytes.
pub(super) const LOADED_RECORD_BYTES: u32 = 700;
/// In a kept store: that it is whole, and who may read it.
const NOTE: &str = "bench.json";
/// A server that has not answered by then has failed.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// A release build.
#[derive(Debug)]
pub(crate) struct Build {
    /// `gatelog`
    pub(super) program: PathBuf,
    /// This program, for the yardsticks.
    pub(super) xtask: PathBuf,
    /// `target/release`
    pub(super) folder: PathBuf,
}

/// Builds the product as it ships (unless a program is given) and this program like it; measuring in a development build
/// would be no measure.
pub(super) fn release(given: Option<&Path>) -> Result<Release> {
    let this = std::env::current_exe().context("find this program")?;
    let target = this
        .parent()
        .and_then(Path::parent)
        .context("find the folder of builds")?;
    let folder = target.join("release");
    let root = crate::root()?;
    // One after the other: together they could be built with each other's features.
    let packages = match given {
        None => ["gatelog", "xtask"].as_slice(),
        Some(_) => &["xtask"],
    };
    for package in packages {
        let built = Command::new("cargo")
            .args([
                "build",
                "--release",
                "--quiet",
                "--package",
                package,
                "--target-dir",
            ])
            .arg(target)
            .current_dir(&root)
            .status()
            .context("run cargo build")?;
        if !built.success() {
            bail!("cargo build --release --package {package} failed");
        }
    }
    let build = Build {
        program: given.map_or_else(|| folder.join("gatelog"), Path::to_owned),
        xtask: folder.join("xtask"),
        folder,
    };
    if cfg!(debug_assertions) {
        return Ok(Release::Elsewhere(again(&build.xtask)?));
    }
    Ok(Release::Here(build))
}

/// A folder on a real disk that goes when the bench ends.
pub(super) fn working_folder(build: &Build, wanted: Option<&Path>) -> Result<TempDir> {
    let parent = wanted.unwrap_or(&build.folder);
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(parent)
        .with_context(|| format!("make a folder in {}", parent.display()))
}

/// A data folder with a tenant and an application, and perhaps rows.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub(super) folder: PathBuf,
    /// Where other files of the bench may lie.
    pub(super) beside: PathBuf,
    pub(super) rows: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The application that may read and bring.
    pub(super) client: Client,
    /// The password of the user who reads by that application.
    pub(super) password: String,
}

/// The user who reads.
const READER: &str = "reader@fabrikam.example";

/// An application that may ask for tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    pub(super) tenant: String,
    pub(super) id: String,
    pub(super) secret: String,
}

impl Data {
    /// A folder with a tenant and no rows.
    pub(super) fn empty(build: &Build, beside: &Path, folder: &Path) -> Result<Data> {
        command(
            build,
            folder,
            &["tenant", "create", "fabrikam.example", "--id", TENANT],
        )?;
        let made = command(
            build,
            folder,
            &[
                "app",
                "create",
                "--tenant",
                TENANT,
                "--name",
                "bench",
                "--permission",
                "Directory.Read.All",
                "--permission",
                "Ingest",
            ],
        )?;
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let mut data = Data {
            client: Client {
                tenant: TENANT.to_owned(),
                id: text("clientId"),
                secret: text("clientSecret"),
            },
            ..Data::without_client(folder, beside)
        };
        data.make_reader(build)?;
        Ok(data)
    }

    /// Makes the user who reads, whose application may send the password: nobody sits here to sign in.
    fn make_reader(&mut self, build: &Build) -> Result<()> {
        let folder = self.folder.clone();
        command(
            build,
            &folder,
            &["tenant", "update", TENANT, "--password-grant", "on"],
        )?;
        let permission = ["--add-delegated-permission", "Directory.Read.All"];
        command(
            build,
            &folder,
            &[&["app", "update", &self.client.id], &permission[..]].concat(),
        )?;
        let role = ["--role", "Security Reader"];
        let made = command(
            build,
            &folder,
            &[&["user", "create", READER, "--tenant", TENANT], &role[..]].concat(),
        )?;
        made["password"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.password);
        Ok(())
    }

    fn without_client(folder: &Path, beside: &Path) -> Data {
        Data {
            folder: folder.to_owned(),
            beside: beside.to_owned(),
            rows: 0,
            first: Timestamp::from_unix_seconds(FIRST_DAY),
            last: Timestamp::from_unix_seconds(FIRST_DAY).plus_days(DAYS),
            client: Client::default(),
            password: String::new(),
        }
    }

    /// The same with rows, brought by `gatelog import` as a user would.
    fn load(build: &Build, beside: &Path, folder: &Path, rows: u64) -> Result<Data> {
        let mut data = Data::empty(build, beside, folder)?;
        let watch = Watch::start();
        let bytes = rows * (u64::from(LOADED_RECORD_BYTES) + 1);
        let records = generator::stream(1, bytes, LOADED_RECORD_BYTES, data.first, data.last);
        let mut import = importing(build, &data.folder, None)?;
        pour(&mut import, records)?;
        let sums = imported(import)?;
        data.rows = sums["new"].as_u64().unwrap_or_default();
        if data.rows != rows {
            bail!("{rows} records were poured in and {} came out new", data.rows);
        }
        println!(
            "imported {rows} records of {LOADED_RECORD_BYTES} bytes in {:.1} s ({} a second)",
            watch.seconds(),
            super::table::thousands(rows as f64 / watch.seconds())
        );
        Ok(data)
    }

    /// The store of so many rows that an earlier run left in the folder to keep, else a fresh one, which stays there.
    pub(super) fn load_or_reuse(bench: &super::Bench<'_>, rows: u64) -> Result<Data> {
        Data::kept(bench.build, &bench.data.beside, bench.args.keep.as_deref(), rows)
    }

    /// The same before there is a bench.
    pub(super) fn kept(build: &Build, beside: &Path, keep: Option<&Path>, rows: u64) -> Result<Data> {
        let Some(keep) = keep else {
            return Data::load(build, beside, &beside.join(format!("rows-{rows}")), rows);
        };
        let folder = keep.join(format!("rows-{rows}"));
        let note = folder.join(NOTE);
        if let Ok(text) = std::fs::read(&note) {
            let said: Value = serde_json::from_slice(&text).context("read the note of a kept store")?;
            let word = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            println!("{rows} rows are in {} already", folder.display());
            let mut data = Data {
                client: Client {
                    tenant: TENANT.to_owned(),
                    id: word("clientId"),
                    secret: word("clientSecret"),
                },
                password: word("password"),
                rows,
                ..Data::without_client(&folder, beside)
            };
            if data.password.is_empty() {
                // It was kept before there was a user.
                data.make_reader(build)?;
                data.note(&note)?;
            }
            return Ok(data);
        }
        if folder.exists() {
            bail!(
                "{} is no store that was loaded to its end; remove it",
                folder.display()
            );
        }
        std::fs::create_dir_all(keep).with_context(|| format!("make {}", keep.display()))?;
        let data = Data::load(build, beside, &folder, rows)?;
        data.note(&note)?;
        Ok(data)
    }

    fn note(&self, note: &Path) -> Result<()> {
        let said = serde_json::json!({
            "clientId": self.client.id, "clientSecret": self.client.secret, "password": self.password,
        });
        std::fs::write(note, said.to_string()).context("write the note of a kept store")
    }

    /// Where a yardstick has its copy of the rows: beside a kept store, so that it is kept, too.
    pub(super) fn copy(&self) -> PathBuf {
        self.folder.with_extension("copy.db")
    }

    /// The files of the months that have rows. Only while no server has them open.
    pub(super) fn partitions(&self) -> Vec<PathBuf> {
        let mut months: Vec<Month> = Vec::new();
        for day in 0..=DAYS {
            let month = self.first.plus_days(day).month();
            if months.last() != Some(&month) {
                months.push(month);
            }
        }
        let folder = self.folder.join("tenants").join(TENANT);
        months
            .iter()
            .map(|month| folder.join(format!("{month}.db")))
            .filter(|path| path.exists())
            .collect()
    }
}

/// `gatelog import -`, waiting for records; for a tenant, which is made, or for whom they name.
pub(super) fn importing(build: &Build, folder: &Path, tenant: Option<&str>) -> Result<Child> {
    let mut command = Command::new(&build.program);
    command
        .arg("--data")
        .arg(folder)
        .args(["-o", "json", "import", "-"]);
    if let Some(tenant) = tenant {
        command.args(["--tenant", tenant]);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start gatelog import")
}

/// Pours records into an import and closes its input.
pub(super) fn pour(import: &mut Child, records: impl Iterator<Item = Generated>) -> Result<()> {
    let input = import.stdin.take().context("reach the import's input")?;
    let mut input = BufWriter::with_capacity(256 << 10, input);
    for record in records {
        input.write_all(record.json.as_bytes())?;
        input.write_all(b"\n")?;
    }
    input.flush().context("pour records into the import")
}

/// Waits for an import and answers what it says.
pub(super) fn imported(import: Child) -> Result<Value> {
    let output = import.wait_with_output().context("wait for the import")?;
    if !output.status.success() {
        bail!("the import ended with {}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("read the import's answer")
}

pub(super) fn command(build: &Build, folder: &Path, arguments: &[&str]) -> Result<Value> {
    let output = Command::new(&build.program)
        .arg("--data")
        .arg(folder)
        .args(["-o", "json"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("run gatelog {}", arguments.join(" ")))?;
    if !output.status.success() {
        bail!("gatelog {} ended with {}", arguments.join(" "), output.status);
    }
    serde_json::from_slice(&output.stdout).context("read its answer")
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    /// Where metrics are.
    pub(super) admin: SocketAddr,
    /// From the start of the process to the first good answer of `/readyz`.
    pub(super) started_in: Duration,
}

impl Server {
    /// Starts the server with the settings that it ships with, but for its addresses.
    pub(super) fn start(build: &Build, data: &Data) -> Result<Server> {
        Server::start_in(build, &data.folder, &data.beside, None)
    }

    /// The same on any data folder, with a configuration file if one is given.
    pub(super) fn start_in(
        build: &Build,
        folder: &Path,
        beside: &Path,
        settings: Option<&Path>,
    ) -> Result<Server> {
        let (address, admin) = (free_address()?, free_address()?);
        let log = File::create(beside.join("server.log")).context("make the server's log")?;
        let watch = Watch::start();
        let mut command = Command::new(&build.program);
        if let Some(settings) = settings {
            command.arg("--config").arg(settings);
        }
        let child = command
            .arg("--data")
            .arg(folder)
            .args(["serve", "--listen"])
            .arg(address.to_string())
            .arg("--admin-listen")
            .arg(admin.to_string())
            .stderr(log)
            .spawn()
            .context("start gatelog serve")?;
        let mut server = Server {
            child,
            address,
            admin,
            started_in: Duration::ZERO,
        };
        let request = get("/readyz", admin, None);
        loop {
            let answered = Connection::open(admin).and_then(|mut connection| {
                let answer = connection.ask(&request)?;
                Ok(answer.status)
            });
            if matches!(answered, Ok(200)) {
                break;
            }
            if watch.elapsed() > START_PATIENCE {
                bail!("the server does not answer: {answered:?}");
            }
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "the server ended with {status}; see {}",
                    beside.join("server.log").display()
                );
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.started_in = watch.elapsed();
        Ok(server)
    }

    /// A token of the bench's application.
    pub(super) fn token(&self, data: &Data, resource: &str) -> Result<String> {
        self.token_of(&data.client, resource)
    }

    /// A token of the bench's user, by the bench's application.
    pub(super) fn user_token(&self, data: &Data, resource: &str) -> Result<String> {
        let grant = format!("grant_type=password&username={READER}&password={}", data.password);
        self.granted(&data.client, &grant, resource)
    }

    /// A token of an application.
    pub(super) fn token_of(&self, client: &Client, resource: &str) -> Result<String> {
        self.granted(client, "grant_type=client_credentials", resource)
    }

    fn granted(&self, client: &Client, grant: &str, resource: &str) -> Result<String> {
        let form = format!(
            "{grant}&client_id={}&client_secret={}&resource={resource}",
            client.id, client.secret
        );
        let target = format!("/{}/oauth2/token", client.tenant);
        let request = post(
            &target,
            self.address,
            None,
            "application/x-www-form-urlencoded",
            form.as_bytes(),
        );
        let mut connection = Connection::open(self.address)?;
        let answer = connection.ask(&request)?;
        let said: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        match said["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => bail!("no token was given: {}", shortened(answer.body)),
        }
    }

    /// A number of `/metrics` by its name; zero if it is not told.
    pub(super) fn metric(&self, name: &str) -> Result<f64> {
        let mut connection = Connection::open(self.admin)?;
        let answer = connection.ask(&get("/metrics", self.admin, None))?;
        let text = String::from_utf8_lossy(answer.body);
        Ok(text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or(0.0))
    }

    /// Waits until detection has judged what was imported, for that takes a core from whatever is measured meanwhile: until the server takes
    /// no more than a twentieth of a core for three seconds, or for five minutes.
    pub(super) fn rested(&self) -> Result<()> {
        const LOOKS: u32 = 300;
        const STILL: u32 = 3;
        let watch = Watch::start();
        let (mut taken, mut still) = (self.core_seconds()?, 0);
        for _ in 0..LOOKS {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.core_seconds()?;
            still = if now - taken > 0.05 { 0 } else { still + 1 };
            taken = now;
            if still == STILL {
                let judged = self.metric("gatelog_detection_sign_ins_total")?;
                println!(
                    "detection judged {judged} sign-ins within {:.0?} of the start",
                    watch.elapsed()
                );
                return Ok(());
            }
        }
        println!("detection is still judging, beside what is measured");
        Ok(())
    }

    /// The id of its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Lets it read its configuration anew.
    pub(super) fn hang_up(&self) -> Result<()> {
        self.signal("-HUP")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let asked = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .context("run kill")?;
        if !asked.success() {
            bail!("the server took no {name}");
        }
        Ok(())
    }

    /// Memory of its own that is in use now, in bytes.
    pub(super) fn rss_anon(&self) -> Result<u64> {
        rss_anon(self.child.id())
    }

    /// What it has cost so far, in seconds of a core.
    pub(super) fn core_seconds(&self) -> Result<f64> {
        core_seconds(&self.child.id().to_string())
    }

    /// Ends it as an operator would.
    pub(super) fn stop(mut self) -> Result<()> {
        self.signal("-TERM")?;
        let ended = self.child.wait().context("wait for the server")?;
        if !ended.success() {
            bail!("the server ended with {ended}");
        }
        Ok(())
    }

    /// Ends it as a power cut would end the process.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the server")?;
        Ok(())
    }
}

impl Drop for Server {
    /// A bench that fails leaves no server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process's own memory that is in use now, in bytes: `RssAnon` of /proc.
pub(super) fn rss_anon(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<u64>().ok())
        .with_context(|| format!("find RssAnon in {path}"))?;
    Ok(kilobytes * 1024)
}

/// What a process (or `thread-self`) has cost so far in user and kernel mode, in seconds of a core. Unlike the clock on
/// the wall it does not see who else works on the machine.
pub(super) fn core_seconds(process: &str) -> Result<f64> {
    /// What /proc counts in, whatever the kernel's own tick is (proc(5): `sysconf(_SC_CLK_TCK)`).
    const TICKS_PER_SECOND: f64 = 100.0;
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    // The name, in parentheses, may hold anything; the times are the 14th and 15th field.
    let ticks: Vec<f64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().skip(11).take(2))
        .into_iter()
        .flatten()
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks[..] {
        [user, kernel] => Ok((user + kernel) / TICKS_PER_SECOND),
        _ => bail!("find the times in {path}"),
    }
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?)
}
