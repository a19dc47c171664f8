//! Attackers who guess: a few passwords on everybody, leaked pairs on whoever has that name, many passwords on one.

use super::{Attempt, Scribe, near};
use crate::act::End;
use crate::atlas::Use;
use crate::tools::{GUESSERS, Tool};
use crate::truth::{AttackKind, HardCases};
use generator::chance::Chance;
use model::event::SignInKind;
use model::time::Timestamp;
use std::net::Ipv4Addr;

/// The first number of names that do not exist: past every account.
const NOBODY: u32 = 1_000_000;

/// Makes up one attack of this family.
pub(super) fn make_up(scribe: &mut Scribe<'_>, number: u32, chance: &mut Chance) {
    match number % 8 {
        0 | 3 | 5 => spray(scribe, chance),
        1 | 6 => stuffing(scribe, chance),
        _ => brute_force(scribe, chance),
    }
}

/// Addresses to come from, each with its block.
fn sources(scribe: &Scribe<'_>, count: usize, uses: &[Use], chance: &mut Chance) -> Vec<(Ipv4Addr, u32)> {
    let atlas = scribe.setting.atlas;
    let mut sources = Vec::with_capacity(count);
    for _ in 0..count {
        let wanted = atlas.of(*chance.pick(uses));
        let list = if wanted.is_empty() {
            atlas.of(Use::Residential)
        } else {
            wanted
        };
        let block = *chance.pick(list);
        sources.push((atlas.block(block).address(chance.number()), block));
    }
    sources
}

/// Where the attack begins and what it is made with; successes are added by the callers.
fn first_attempt(
    scribe: &mut Scribe<'_>,
    sources: &[(Ipv4Addr, u32)],
    lasts_seconds: i64,
    chance: &mut Chance,
) -> Attempt {
    let plan = scribe.setting.plan;
    let days = i64::from(plan.days);
    let from = if days > 10 { 5 * 86_400 } else { 0 };
    let latest = (days * 86_400 - lasts_seconds - 7200).max(from);
    let tool = scribe.tool(Tool::strange(chance.weighted(GUESSERS)));
    Attempt {
        time: plan
            .start
            .plus_seconds(chance.between(from, latest))
            .plus_ticks(chance.between(0, 9_999_999)),
        account: 0,
        end: End::WrongPassword,
        address: sources[0].0,
        block: sources[0].1,
        body: near(scribe.setting.atlas.block(sources[0].1), chance),
        tool,
        kind: SignInKind::Interactive,
        hard: HardCases::NONE,
    }
}

/// Which of the tried accounts fall: none, one or some.
fn fallen(accounts: &[u32], chance: &mut Chance) -> Vec<u32> {
    let wanted = match chance.below(100) {
        0..20 => 0,
        20..65 => 1,
        _ => chance.between(2, 4),
    };
    let mut fallen: Vec<u32> = (0..wanted).map(|_| *chance.pick(accounts)).collect();
    fallen.sort_unstable();
    fallen.dedup();
    fallen
}

/// What comes after a hit, from the same address: mail is read once or twice.
fn look_around(scribe: &mut Scribe<'_>, attack: u32, hit: Attempt, chance: &mut Chance) {
    let mut next = hit;
    for _ in 0..chance.below(3) {
        next.time = next.time.plus_seconds(chance.between(60, 3600));
        scribe.write(attack, next);
    }
}

/// One to three passwords on most accounts, from one address or up to eight, within minutes or half a day.
fn spray(scribe: &mut Scribe<'_>, chance: &mut Chance) {
    let people = scribe.setting.plan.people;
    let count = if chance.in_thousand(500) {
        1
    } else {
        chance.between(2, 8) as usize
    };
    let sources = sources(scribe, count, &[Use::Hosting, Use::Vpn, Use::Residential], chance);
    let lasts = chance.between(10 * 60, 12 * 3600);
    let share = chance.between(300, 1000) as u64;
    let mut accounts: Vec<u32> = (0..people).filter(|_| chance.in_thousand(share)).collect();
    if accounts.is_empty() {
        accounts.push(0);
    }
    let fallen = fallen(&accounts, chance);
    // Lists of names are never quite right.
    let strangers = accounts.len() / 8;
    let passwords = chance.between(1, 3);
    let mut attempt = first_attempt(scribe, &sources, lasts, chance);
    let attack = scribe.begin(AttackKind::Spray);
    let tries = (accounts.len() + strangers) as i64 * passwords;
    let begins = attempt.time;
    let hit_at = chance.between(0, passwords - 1);
    let mut done: i64 = 0;
    for password in 0..passwords {
        let names = accounts
            .iter()
            .copied()
            .chain((0..strangers as u32).map(|number| NOBODY + number));
        for account in names {
            let source = chance.pick(&sources);
            (attempt.address, attempt.block) = *source;
            attempt.time = begins
                .plus_seconds(lasts * done / tries)
                .plus_ticks(chance.between(0, 9_999_999));
            attempt.account = account;
            attempt.end = match () {
                () if account >= NOBODY => End::NoSuchUser,
                () if password == hit_at && fallen.contains(&account) => End::Success,
                () if chance.in_thousand(20) => End::Locked,
                () => End::WrongPassword,
            };
            scribe.write(attack, attempt);
            if attempt.end == End::Success {
                look_around(scribe, attack, attempt, chance);
            }
            done += 1;
        }
    }
    scribe.end(attack);
}

/// One or two tries a name, most names unknown, from dozens of addresses.
fn stuffing(scribe: &mut Scribe<'_>, chance: &mut Chance) {
    let people = scribe.setting.plan.people;
    let count = chance.between(8, 80) as usize;
    let sources = sources(scribe, count, &[Use::Residential, Use::Hosting, Use::Vpn], chance);
    let lasts = chance.between(3600, 24 * 3600);
    let known = chance.between(1, 1 + i64::from(people / 4));
    let accounts: Vec<u32> = (0..known)
        .map(|_| chance.below(u64::from(people)) as u32)
        .collect();
    let fallen = fallen(&accounts, chance);
    let unknown = known * 2;
    let mut attempt = first_attempt(scribe, &sources, lasts, chance);
    let attack = scribe.begin(AttackKind::Stuffing);
    let begins = attempt.time;
    for number in 0..known + unknown {
        let source = chance.pick(&sources);
        (attempt.address, attempt.block) = *source;
        attempt.time = begins
            .plus_seconds(chance.between(0, lasts))
            .plus_ticks(chance.between(0, 9_999_999));
        let account = accounts.get(number as usize);
        attempt.account = account.map_or(NOBODY + 50_000 + number as u32, |account| *account);
        attempt.end = match account {
            None => End::NoSuchUser,
            Some(account) if fallen.contains(account) => End::Success,
            Some(_) => End::WrongPassword,
        };
        scribe.write(attack, attempt);
        if attempt.end == End::Success {
            look_around(scribe, attack, attempt, chance);
        }
    }
    scribe.end(attack);
}

/// A dozen to hundreds of passwords on one account; half of them get in.
fn brute_force(scribe: &mut Scribe<'_>, chance: &mut Chance) {
    let people = scribe.setting.plan.people;
    let count = if chance.in_thousand(700) {
        1
    } else {
        chance.between(2, 6) as usize
    };
    let sources = sources(scribe, count, &[Use::Hosting, Use::Residential, Use::Vpn], chance);
    let victim = chance.below(u64::from(people)) as u32;
    let tries = chance.between(12, 300);
    let pause = chance.between(1, 40);
    let mut attempt = first_attempt(scribe, &sources, tries * pause, chance);
    let attack = scribe.begin(AttackKind::BruteForce);
    attempt.account = victim;
    for _ in 0..tries {
        (attempt.address, attempt.block) = *chance.pick(&sources);
        attempt.end = if chance.in_thousand(60) {
            End::Locked
        } else {
            End::WrongPassword
        };
        scribe.write(attack, attempt);
        attempt.time = later(attempt.time, pause, chance);
    }
    if chance.in_thousand(600) {
        attempt.end = End::Success;
        scribe.write(attack, attempt);
        look_around(scribe, attack, attempt, chance);
    }
    scribe.end(attack);
}

fn later(time: Timestamp, pause_seconds: i64, chance: &mut Chance) -> Timestamp {
    time.plus_seconds(chance.between(1, pause_seconds * 2))
        .plus_ticks(chance.between(0, 9_999_999))
}
