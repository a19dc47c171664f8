//! Random scripts: whatever happens to files, agent, disk and service, each record is in the store of a real service once, its ledger
//! agrees, and sequences have no holes.
//!
//! `GATELOG_SCRIPTS` says how many, `GATELOG_SEED` from which seed; `cargo xtask agent --scripts 1000` sets both.

#[cfg(unix)]
mod real;
mod sending;
mod stub;
mod world;

use super::counters::Counters;
use super::link::{Link, Service};
use super::pattern::Pattern;
use super::sender::{Sender, Turn};
use super::spool::{Spool, SpoolError, WhenFull};
use super::tail::{Plan, Start, Step, Tail};
use crate::client::auth::proof::SecretSource;
use crate::client::host::{Host, PlainHttp};
use generator::chance::Chance;
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stub::{FAULTS, Stub};
use world::World;

/// 2025-12-01T00:00:00Z
const BEGIN: i64 = 1_764_547_200;

/// An agent's parts, without their loops.
struct Agent {
    spool: Arc<Spool>,
    tail: Tail,
    sender: Sender,
}

/// The way to the stub; `folder` has the secret.
fn link(stub: &Stub, folder: &Path) -> Link {
    std::fs::write(folder.join("secret"), "a secret of scripts").unwrap();
    Link::new(Service {
        host: Host::parse(&format!("http://{}", stub.address), PlainHttp::LoopbackAlone).unwrap(),
        authority: None,
        tenant: "contoso.example".to_owned(),
        client_id: "agent".to_owned(),
        secret: Some(SecretSource::File(folder.join("secret"))),
        certificate: None,
        ca_file: None,
        proxy: None,
        oauth: None,
    })
    .unwrap()
}

/// One script.
struct Script<'a> {
    chance: Chance,
    stub: &'a Stub,
    folder: PathBuf,
    world: World,
    agent: Option<Agent>,
    now: Timestamp,
    when_full: WhenFull,
    spool_bytes: u64,
    piece_bytes: usize,
    log: Vec<String>,
}

impl Script<'_> {
    fn plan(&self) -> Plan {
        Plan {
            input: "log".to_owned(),
            format: "auto".to_owned(),
            files: vec![Pattern::parse("app.log*", &self.folder.join("logs")).unwrap()],
            exclude: Vec::new(),
            start: Start::Beginning,
            when_full: self.when_full,
            rotate_seconds: 10,
            half_line_seconds: 3_600,
            piece_bytes: self.piece_bytes,
        }
    }

    fn open(&self) -> Agent {
        let state = self.folder.join("state");
        let spool = loop {
            match Spool::open(&state, self.spool_bytes) {
                Ok(spool) => break Arc::new(spool),
                // A thread of the killed agent is still on its last statement; a process would be gone.
                Err(SpoolError::Locked(_)) => std::thread::sleep(Duration::from_micros(200)),
                Err(error) => panic!("{error}"),
            }
        };
        let counters = Arc::new(Counters::default());
        let tail = Tail::open(self.plan(), &spool, Arc::clone(&counters), self.now).unwrap();
        let link = link(self.stub, &self.folder);
        let sender = Sender::new(link, Arc::clone(&spool), counters, BTreeMap::new());
        Agent { spool, tail, sender }
    }

    fn agent(&mut self) -> &mut Agent {
        if self.agent.is_none() {
            self.agent = Some(self.open());
        }
        self.agent.as_mut().unwrap()
    }

    fn kill(&mut self, what: &'static str) {
        if self.agent.take().is_some() {
            self.world.strike(what);
        }
    }

    /// A fault of the disk is what a script may have made; any other is none.
    fn disk<T>(&mut self, outcome: Result<T, SpoolError>) -> Option<T> {
        match outcome {
            Ok(done) => Some(done),
            Err(SpoolError::DiskFull(_)) => {
                self.world.strike("full disk");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// False if the disk was too full to note what was found.
    fn look(&mut self) -> bool {
        let now = self.now;
        let agent = self.agent();
        let looked = agent.tail.look(&agent.spool, now);
        self.disk(looked).is_some()
    }

    fn read(&mut self) -> Step {
        let now = self.now;
        let agent = self.agent();
        let read = agent.tail.read(&agent.spool, now);
        let step = self.disk(read).unwrap_or(Step::Blocked);
        if step == Step::Blocked {
            self.world.strike("full spool");
        }
        step
    }

    /// Reads everything that is there; false if there was no room for it.
    fn read_all(&mut self) -> bool {
        if !self.look() {
            return false;
        }
        loop {
            match self.read() {
                Step::Read => {}
                Step::Idle => return true,
                Step::Blocked => return false,
            }
        }
    }

    /// Sends once; the agent may be killed while a request is under way.
    async fn send(&mut self, may_die: bool) -> Turn {
        let now = self.now;
        let patience = Duration::from_micros(self.chance.below(2_500));
        let agent = self.agent();
        let turn = if may_die {
            tokio::select! {
                turn = agent.sender.turn(now) => Some(turn),
                () = tokio::time::sleep(patience) => None,
            }
        } else {
            Some(agent.sender.turn(now).await)
        };
        if let Some(turn) = turn {
            return self.disk(turn).unwrap_or(Turn::Nothing);
        }
        self.kill("agent killed while sending");
        Turn::Nothing
    }

    async fn step(&mut self) {
        let kind = self.chance.below(100);
        self.now = self.now.plus_seconds(self.chance.below(3) as i64);
        self.log.push(kind.to_string());
        let chance = &mut self.chance;
        match kind {
            0..=19 => {
                let count = 1 + chance.below(15);
                self.world.write(chance, count);
            }
            20..=24 => self.world.write_half(chance),
            25..=29 => self.world.rotate(chance),
            30..=31 => self.world.write_late(chance),
            32..=35 => {
                let copy_is_seen = chance.in_thousand(600);
                // The beginning of a line that was read is sent as it is when its file is cut.
                self.world.end_line();
                // By its nature, it loses what was not read before; in the copy, nothing is lost.
                if self.read_all() {
                    self.world.copy_and_truncate(&mut self.chance, copy_is_seen);
                    if copy_is_seen {
                        self.look();
                    }
                }
            }
            36..=39 => self.world.pack(chance),
            40..=41 => self.world.finish_packing(),
            42..=43 => self.world.renumber(chance),
            44 => {
                // Longer than a last line without an end waits for it, so this one has it.
                self.world.end_line();
                self.world.finish_packing();
                if self.read_all() {
                    self.now = self.now.plus_seconds(4_000);
                    if self.read_all() {
                        self.world.remove_oldest();
                    }
                }
            }
            45 => {
                // It has no name any more, and the agent has it open: it is read to its end.
                self.agent().spool.limit_pages(1_000_000);
                self.look();
                // While a full spool is emptied below minutes go by, and nobody packs for so long: that would be told as a half file.
                self.world.finish_packing();
                self.world.begin_anew();
                self.look();
                while !self.read_all() {
                    let agent = self.agent();
                    agent.spool.limit_pages(1_000_000);
                    self.now = self.now.plus_seconds(60);
                    self.stub.book().faults.clear();
                    self.send(false).await;
                }
            }
            46..=57 => {
                self.look();
            }
            58..=71 => {
                self.look();
                self.read();
            }
            72..=87 => {
                self.send(false).await;
            }
            88..=89 => {
                self.send(true).await;
            }
            90..=92 => self.kill("agent killed"),
            93..=95 => {
                for _ in 0..=self.chance.below(3) {
                    let (fault, _) = *self.chance.pick(&FAULTS);
                    self.stub.book().faults.push_back(fault);
                }
            }
            96 => {
                let room = self.chance.below(4) as u32;
                let agent = self.agent();
                agent.spool.limit_pages(agent.spool.pages() + room);
            }
            97 => self.agent().spool.limit_pages(1_000_000),
            _ => {
                // Nobody packs for so long.
                self.world.finish_packing();
                self.now = self.now.plus_seconds(60);
            }
        }
    }

    /// Everything is well again: what is left comes in.
    async fn finish(&mut self) {
        self.world.end_line();
        self.world.finish_packing();
        self.stub.book().faults.clear();
        self.agent().spool.limit_pages(1_000_000);
        let mut idle = 0;
        for _ in 0..20_000 {
            self.now = self.now.plus_seconds(2_000);
            let is_read = self.read_all();
            let turn = self.send(false).await;
            idle = if is_read && turn == Turn::Nothing {
                idle + 1
            } else {
                0
            };
            if idle > 3 {
                return;
            }
        }
        let book = self.stub.book();
        panic!("the script has no end: {:?}", book.complaints);
    }

    /// What the script came to, and the numbers of dropped pieces.
    fn check(&self, is_exact: bool) -> Result<(Told, BTreeSet<u64>), String> {
        let book = self.stub.book();
        if !book.complaints.is_empty() {
            return Err(format!("{:?}", book.complaints));
        }
        let told: BTreeSet<&String> = book.records.keys().collect();
        let missing: Vec<&String> = self
            .world
            .written
            .iter()
            .filter(|id| !told.contains(id))
            .collect();
        let dropped = book.gaps.values().filter(|gap| gap["kind"] == "dropped");
        let dropped_records: u64 = dropped.clone().map(|gap| gap["records"].as_u64().unwrap()).sum();
        let others: Vec<_> = book
            .gaps
            .values()
            .filter(|gap| gap["kind"] != "dropped")
            .collect();
        if !others.is_empty() {
            return Err(format!("gaps that there are none of: {others:?}"));
        }
        let lost = missing.len() as u64;
        if lost > dropped_records || (is_exact && lost != dropped_records) {
            return Err(format!(
                "{lost} are missing, {dropped_records} were told to be: {missing:?}"
            ));
        }
        if let Some(id) = told.iter().find(|id| !self.world.written.contains(**id)) {
            return Err(format!("{id} was never written"));
        }
        // Every number from 1 was used: it came, or it was told to be dropped.
        let mut numbers: BTreeSet<u64> = book.sequences.keys().copied().collect();
        let mut dropped_numbers = BTreeSet::new();
        for gap in dropped {
            let detail = gap["detail"].as_str().unwrap();
            let number = detail.split("piece ").nth(1).unwrap().split(' ').next().unwrap();
            dropped_numbers.insert(number.parse().unwrap());
        }
        numbers.extend(&dropped_numbers);
        let highest = numbers.last().copied().unwrap_or(0);
        if numbers.len() as u64 != highest || numbers.first().is_some_and(|first| *first != 1) {
            return Err(format!("the sequence has holes: {numbers:?}"));
        }
        // What comes again under a number is the same again, or another part of it.
        for (number, bodies) in &book.sequences {
            for (at, body) in bodies.iter().enumerate() {
                let is_other = bodies[..at]
                    .iter()
                    .any(|other| other != body && !other.is_disjoint(body));
                if is_other {
                    return Err(format!("number {number} came with other records: {bodies:?}"));
                }
            }
        }
        let repeated = book.records.values().map(|times| times - 1).sum();
        let told = Told {
            records: told.len() as u64,
            repeated,
            dropped: lost,
            sequences: highest,
        };
        Ok((told, dropped_numbers))
    }
}

/// The real service behind the stub; on a system where there is none, the stub's book is all.
struct Behind {
    #[cfg(unix)]
    real: Arc<real::Real>,
}

#[cfg(unix)]
impl Behind {
    async fn start(folder: &Path) -> (Stub, Behind) {
        let real = Arc::new(real::Real::start(folder).await);
        (Stub::before(Arc::clone(&real)).await, Behind { real })
    }

    async fn begin(&self, seed: u64) {
        self.real.begin(seed).await;
    }

    fn check(&self, told: &Told, dropped: &BTreeSet<u64>, gaps: usize) -> Result<(), String> {
        self.real.check(told, dropped, gaps)
    }

    /// Everything is in the store, each once.
    fn recount(&self, records: u64) {
        assert_eq!(
            self.real.recount(),
            (records, records),
            "events, and their contents"
        );
    }
}

#[cfg(not(unix))]
impl Behind {
    async fn start(_: &Path) -> (Stub, Behind) {
        (Stub::start().await, Behind {})
    }

    async fn begin(&self, _: u64) {}

    fn check(&self, _: &Told, _: &BTreeSet<u64>, _: usize) -> Result<(), String> {
        Ok(())
    }

    fn recount(&self, _: u64) {}
}

/// What a script came to.
#[derive(Debug, Default)]
struct Told {
    records: u64,
    repeated: u64,
    dropped: u64,
    sequences: u64,
}

async fn run(
    seed: u64,
    stub: &Stub,
    service: &Behind,
    parent: &Path,
    struck: &mut BTreeMap<&'static str, u64>,
) -> Told {
    let folder = parent.join(seed.to_string());
    std::fs::create_dir(&folder).unwrap();
    stub.clear();
    service.begin(seed).await;
    let mut chance = Chance::of(seed, &[5]);
    let (when_full, spool_bytes) = *chance.weighted(&[
        (5, (WhenFull::Block, 1 << 30)),
        (3, (WhenFull::Block, 3_000)),
        (1, (WhenFull::DropOldest, 3_000)),
        (1, (WhenFull::DropNewest, 3_000)),
    ]);
    stub.book().largest = *chance.pick(&[usize::MAX, usize::MAX, 1_500]);
    let piece_bytes = *chance.pick(&[700, 2_000, 512 << 10]);
    let steps = 40 + chance.below(120);
    let mut script = Script {
        world: World::new(&folder.join("logs"), seed),
        chance,
        stub,
        folder: folder.clone(),
        agent: None,
        now: Timestamp::from_unix_seconds(BEGIN),
        when_full,
        spool_bytes,
        piece_bytes,
        log: Vec::new(),
    };
    for _ in 0..steps {
        script.step().await;
    }
    script.finish().await;
    stub.settled().await;
    // A piece that was stored and whose answer was lost may be dropped, and is told to be: then fewer are missing.
    let is_exact = when_full == WhenFull::Block;
    let checked = script.check(is_exact).and_then(|(told, dropped)| {
        let gaps = stub.book().gaps.len();
        service.check(&told, &dropped, gaps).map(|()| told)
    });
    let told = checked.unwrap_or_else(|fault| {
        if std::env::var_os("GATELOG_SEED").is_some() {
            let book = stub.book();
            println!(
                "sequences {:?}\ngaps {:?}\nfiles {:#?}\n{:?}",
                book.sequences,
                book.gaps,
                script.agent.as_ref().map(|agent| agent.spool.files("log")),
                script.agent.as_ref().map(|agent| agent.spool.queued())
            );
        }
        panic!(
            "script {seed} ({when_full:?}, spool {spool_bytes}, pieces {piece_bytes}): {fault}\nsteps: {}",
            script.log.join(" ")
        )
    });
    for counts in [&script.world.struck, &stub.book().struck] {
        for (what, times) in counts {
            *struck.entry(what).or_default() += times;
        }
    }
    drop(script);
    std::fs::remove_dir_all(folder).unwrap();
    told
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whatever_happens_each_record_is_at_the_service_once() {
    let (scripts, seed) = (number("GATELOG_SCRIPTS", 40), number("GATELOG_SEED", 1));
    // Syncs cost nothing in memory; what they are good for is proved with real kills.
    let memory = Path::new("/dev/shm");
    let parent = match tempfile::tempdir_in(memory) {
        Ok(folder) => folder,
        Err(_) => tempfile::tempdir().unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut struck = BTreeMap::new();
    let mut sum = Told::default();
    runtime.block_on(async {
        let (stub, service) = Behind::start(parent.path()).await;
        for script in seed..seed + scripts {
            let told = run(script, &stub, &service, parent.path(), &mut struck).await;
            sum.records += told.records;
            sum.repeated += told.repeated;
            sum.dropped += told.dropped;
            sum.sequences += told.sequences;
        }
        service.recount(sum.records);
    });
    println!("agent: {scripts} scripts from seed {seed}: {sum:?}");
    for (what, times) in struck {
        println!("  {times:>8}  {what}");
    }
}
