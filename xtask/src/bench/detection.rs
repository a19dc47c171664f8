//! What detection does in a second on one thread: a sign-in looked up, understood as detectors see it, and judged by all of them.

use super::product::rss_anon;
use super::table::{Line, Verdict, megabytes, thousands};
use super::watch::Watch;
use super::{Args, median};
use anyhow::{Context, Result};
use detect::{Effect, Engine, Extract, People, Populations, RuleBook, Rules, Seen, reach};
use enrich::{CountryTable, Enrichment, List, MaxAges, Parts};
use model::event::Event;
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::hint::black_box;
use std::sync::Arc;
use world::{Plan, World};

/// People and days of the world that is judged; the first half of its sign-ins warms up.
const PEOPLE: u32 = 2_000;
const DAYS: u32 = 40;
/// 2026-09-01, a Tuesday.
const START_UNIX_SECONDS: i64 = 1_788_220_800;
/// Addresses on a list that stands for those of an operator.
const LISTED: u32 = 50_000;
/// As the service does it.
const KEPT_FROM: u32 = 16;
/// The floor and the goal of DESIGN.md, in sign-ins a second.
const FLOOR: f64 = 100_000.0;
const GOAL: f64 = 300_000.0;

/// Measures the engine with enrichment and all detectors. Needs no server.
pub(super) fn run(args: &Args) -> Result<Vec<Line>> {
    let plan = Plan::new(7, PEOPLE, DAYS, Timestamp::from_unix_seconds(START_UNIX_SECONDS));
    let atlas = world::sketch::atlas();
    let world = World::make_up(&plan, &atlas).context("make up a world")?;
    let events: Vec<(Event, EventKey)> = world
        .sign_ins()
        .filter(|told| told.sign_in().is_some())
        .map(|told| (told.event, told.key))
        .collect();
    let enrichment = enrichment()?;
    let people = People::default();
    let see = |(event, key): &(Event, EventKey)| -> Option<Arc<Seen>> {
        let extract = Extract::of(event, *key)?;
        let whereabouts = match extract.address {
            Some(address) => Arc::new(enrichment.look_up(address, extract.time)),
            None => Arc::default(),
        };
        extract.seen(&people, whereabouts).map(Arc::new)
    };
    let remembered = memory_of_engine(&events, &see)?;
    let half = events.len() / 2;
    let all: Vec<Arc<Seen>> = events.iter().filter_map(&see).collect();
    let populations = Populations::of(all.iter().map(|seen| &**seen));
    let mut rates = Vec::new();
    let mut of_engine = Vec::new();
    let mut found = 0;
    for _ in 0..args.rounds {
        let mut engine = engine(&populations)?;
        for seen in all.iter().take(half) {
            observe(&mut engine, seen);
        }
        let watch = Watch::start();
        found = 0;
        for event in &events[half..] {
            if let Some(seen) = see(event) {
                found += observe(&mut engine, &seen);
            }
        }
        rates.push((events.len() - half) as f64 / watch.seconds());
        let watch = Watch::start();
        for event in &events[half..] {
            black_box(see(event));
        }
        of_engine.push((events.len() - half) as f64 / watch.seconds());
    }
    let rate = median(&rates);
    let measured = format!(
        "{} sign-ins/s; {} of them looked up and understood alone; {found} findings in {} sign-ins of {PEOPLE} people",
        thousands(rate),
        thousands(median(&of_engine)),
        events.len() - half
    );
    println!("detection: {measured}");
    let speed = Line {
        work: "sign-ins judged by all detectors with enrichment, on one thread, after warm-up".to_owned(),
        measured,
        ratio: None,
        floor: "100 k/s",
        goal: "300 k/s",
        verdict: Verdict::at_least(rate, FLOOR, GOAL),
    };
    let memory = Line {
        work: format!(
            "memory of the engine that remembers {PEOPLE} people, their addresses, and {DAYS} days of each (RssAnon)"
        ),
        measured: format!(
            "{}: {} for 100 k people",
            megabytes(remembered),
            megabytes(remembered * 100_000.0 / f64::from(PEOPLE))
        ),
        ratio: None,
        floor: "–",
        goal: "–",
        verdict: Verdict::None,
    };
    println!("detection: {}", memory.measured);
    let kept = states(&all, &populations)?;
    println!("detection: {}", kept.measured);
    Ok(vec![speed, memory, kept])
}

/// What an engine keeps of all sign-ins, in bytes. Each is made for it and dropped, so that only what it keeps is counted; and it is
/// the second engine that is weighed, since the first takes what was free already.
fn memory_of_engine(
    events: &[(Event, EventKey)],
    see: &impl Fn(&(Event, EventKey)) -> Option<Arc<Seen>>,
) -> Result<f64> {
    let filled = || -> Result<Engine> {
        let mut engine = engine(&Populations::default())?;
        for event in events {
            if let Some(seen) = see(event) {
                observe(&mut engine, &seen);
            }
        }
        Ok(engine)
    };
    let first = filled()?;
    let before = rss_anon(std::process::id())?;
    let second = filled()?;
    let after = rss_anon(std::process::id())?;
    drop(black_box((first, second)));
    Ok(after.saturating_sub(before) as f64)
}

/// What it costs to let go of a subject and to read it back, packed as the service packs it.
fn states(all: &[Arc<Seen>], populations: &Populations) -> Result<Line> {
    let mut engine = engine(populations)?;
    engine.keep_from(KEPT_FROM);
    for seen in all {
        observe(&mut engine, seen);
    }
    let watch = Watch::start();
    let let_go = engine.let_go_of(usize::MAX);
    let mut bytes = 0;
    let mut packed = Vec::with_capacity(let_go.len());
    for (subject, state) in let_go {
        bytes += state.len();
        packed.push((subject, zstd::encode_all(state.as_slice(), 1)?));
    }
    let subjects = packed.len().max(1) as f64;
    let written = watch.seconds() * 1e6 / subjects;
    let on_disk: usize = packed.iter().map(|(_, packed)| packed.len()).sum();
    let largest = packed.iter().map(|(_, packed)| packed.len()).max();
    let watch = Watch::start();
    for (subject, packed) in &packed {
        anyhow::ensure!(
            engine.recall(subject, &zstd::decode_all(packed.as_slice())?),
            "a state cannot be read back"
        );
    }
    let read = watch.seconds() * 1e6 / subjects;
    Ok(Line {
        work: format!(
            "people and addresses with {KEPT_FROM} sign-ins and more, of {DAYS} days, written down and read back (without the disk)"
        ),
        measured: format!(
            "{written:.0} and {read:.0} µs for each of {subjects}; {:.1} KB, packed {:.1} KB, the largest {:.1} KB",
            bytes as f64 / subjects / 1e3,
            on_disk as f64 / subjects / 1e3,
            largest.unwrap_or_default() as f64 / 1e3
        ),
        ratio: None,
        floor: "–",
        goal: "–",
        verdict: Verdict::None,
    })
}

fn engine(populations: &Populations) -> Result<Engine> {
    let tenant = TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").context("a tenant")?;
    let mut engine = Engine::new(tenant, RuleBook::of(Rules::default()), 1_000_000);
    *engine.populations_mut() = populations.clone();
    Ok(engine)
}

/// As the service does it; in the order of time a subject is judged from its history once, when it is new.
fn observe(engine: &mut Engine, seen: &Arc<Seen>) -> usize {
    let observed = engine.observe(seen);
    let mut found = observed.found.len();
    for Effect::JudgeAgain { subject, from } in observed.effects {
        let history = vec![Arc::clone(seen)];
        found += engine.judge(&subject, history, reach(&subject, from)).len();
    }
    found
}

/// The embedded countries, and a list as long as those that operators have.
fn enrichment() -> Result<Enrichment> {
    let mut text = String::new();
    for number in 0..LISTED {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number * 251);
        text.push_str(&address.to_string());
        text.push('\n');
    }
    let as_of = Timestamp::from_unix_seconds(START_UNIX_SECONDS);
    let list = List::read(ListClass::Vpn, "bench", text.as_bytes(), as_of).context("read a list")?;
    Ok(Enrichment::new(Parts {
        countries: Arc::new(CountryTable::embedded().context("the table of countries")?),
        databases: Vec::new(),
        lists: vec![Arc::new(list)],
        max_ages: MaxAges::default(),
    }))
}
