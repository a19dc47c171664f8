//! Attackers who know the password: from their own country, through a VPN, with the victim's browser, from the victim's machine.

use super::{Attempt, Scribe, near};
use crate::act::{Act, End};
use crate::atlas::Use;
use crate::connection::Hand;
use crate::exits;
use crate::geo::Position;
use crate::people::release_at;
use crate::tools::{LAPTOPS, STRANGERS, Tool};
use crate::truth::{AttackKind, HardCase, HardCases};
use generator::chance::Chance;
use model::event::SignInKind;
use model::time::{TICKS_PER_DAY, Timestamp};
use std::net::Ipv4Addr;

/// The sorts in turn: those whose quality has a goal of its own come twice.
const TURNS: &[AttackKind] = &[
    AttackKind::Naive,
    AttackKind::VpnCountry,
    AttackKind::Targeted,
    AttackKind::SeenAddress,
    AttackKind::Naive,
    AttackKind::VpnCity,
    AttackKind::Tor,
    AttackKind::Targeted,
    AttackKind::Infected,
    AttackKind::Naive,
    AttackKind::VpnCountry,
];

/// Where an attacker comes from and with what.
struct Approach {
    address: Ipv4Addr,
    block: u32,
    body: Position,
    tool: u32,
    hard: HardCases,
}

/// Makes up one takeover.
pub(super) fn make_up(scribe: &mut Scribe<'_>, number: u32, chance: &mut Chance) {
    let plan = scribe.setting.plan;
    let kind = TURNS[(number as usize + plan.seed as usize % TURNS.len()) % TURNS.len()];
    let days = i64::from(plan.days);
    // Four of five after the fortnight that detectors may take to learn, where there is one.
    let first_day = if chance.in_thousand(800) && days > 18 {
        15
    } else {
        days.min(3) - 1
    };
    let begins = plan
        .start
        .plus_seconds(chance.between(first_day.max(0) * 86_400, days * 86_400 - 7200))
        .plus_ticks(chance.between(0, 9_999_999));
    let victim = chance.below(u64::from(plan.people)) as u32;
    let (victim, begins) = match kind {
        AttackKind::Infected => match infected_victim(scribe, chance) {
            Some(found) => found,
            None => return,
        },
        _ => (victim, begins),
    };
    let Some(approach) = approach(scribe, kind, victim, begins, chance) else {
        return;
    };
    let attack = scribe.begin(kind);
    act_it_out(scribe, attack, victim, begins, &approach, chance);
    scribe.end(attack);
}

/// Some tries, some steps of signing in, and one to five successes within two days.
fn act_it_out(
    scribe: &mut Scribe<'_>,
    attack: u32,
    victim: u32,
    begins: Timestamp,
    approach: &Approach,
    chance: &mut Chance,
) {
    let mut attempt = Attempt {
        time: begins,
        account: victim,
        end: End::Success,
        address: approach.address,
        block: approach.block,
        body: approach.body,
        tool: approach.tool,
        kind: SignInKind::Interactive,
        hard: approach.hard,
    };
    if chance.in_thousand(200) {
        let tries = chance.between(1, 3);
        for left in (1..=tries).rev() {
            let mut missed = attempt;
            missed.time = begins.plus_seconds(-60 - left * chance.between(10, 30));
            missed.end = End::WrongPassword;
            scribe.write(attack, missed);
        }
    }
    if chance.in_thousand(300) {
        let mut asked = attempt;
        asked.time = begins.plus_seconds(-chance.between(5, 50));
        asked.end = End::StrongAuthenticationNeededHere;
        asked.hard = asked.hard.with(HardCase::Interrupt);
        scribe.write(attack, asked);
    }
    scribe.write(attack, attempt);
    for _ in 0..chance.below(5) {
        attempt.time = attempt.time.plus_seconds(chance.between(120, 10 * 3600));
        attempt.kind = if chance.in_thousand(500) {
            SignInKind::NonInteractive
        } else {
            SignInKind::Interactive
        };
        scribe.write(attack, attempt);
    }
}

fn approach(
    scribe: &mut Scribe<'_>,
    kind: AttackKind,
    victim: u32,
    time: Timestamp,
    chance: &mut Chance,
) -> Option<Approach> {
    let setting = scribe.setting;
    let (atlas, person) = (setting.atlas, &setting.cast.people[victim as usize]);
    let abroad = somewhere_else(scribe, victim, chance)?;
    let far_body = near(atlas.block(abroad), chance);
    let makes = if chance.in_thousand(500) {
        LAPTOPS
    } else {
        STRANGERS
    };
    let day = ((time.ticks() - setting.plan.start.ticks()).max(0) / TICKS_PER_DAY) as u32;
    let release = release_at(setting.plan.days / 3, day);
    let stranger = Tool::strange(chance.weighted(makes)).with(release);
    let through = |block: u32, tool: u32, chance: &mut Chance| Approach {
        address: atlas.block(block).address(chance.number()),
        block,
        body: far_body,
        tool,
        hard: HardCases::NONE,
    };
    match kind {
        AttackKind::Naive => {
            let tool = scribe.tool(stranger);
            Some(through(abroad, tool, chance))
        }
        AttackKind::VpnCountry => {
            let exits: Vec<u32> = [Use::Vpn, Use::Hosting]
                .iter()
                .flat_map(|used_for| atlas.of_country(*used_for, person.country))
                .copied()
                .collect();
            let block = if exits.is_empty() {
                return None;
            } else {
                *chance.pick(&exits)
            };
            let tool = scribe.tool(stranger);
            Some(through(block, tool, chance))
        }
        AttackKind::VpnCity => {
            let mut exits = Vec::new();
            for used_for in [Use::Vpn, Use::Hosting, Use::Residential] {
                if exits.is_empty() {
                    let of_country = atlas.of_country(used_for, person.country);
                    exits = atlas.near(of_country, person.home, 100.0);
                }
            }
            if exits.is_empty() {
                return None;
            }
            let block = *chance.pick(&exits);
            let tool = scribe.tool(stranger);
            Some(through(block, tool, chance))
        }
        AttackKind::Targeted => {
            let homes = atlas.of_country(Use::Residential, person.country);
            let block = *chance.pick(homes);
            let tool = scribe.tool(person.laptop_at(day).without_id());
            Some(through(block, tool, chance))
        }
        AttackKind::SeenAddress => {
            let seen = seen_before(scribe.lives, victim, time, chance)?;
            let block = scribe.block_of(&seen)?;
            let tool = if chance.in_thousand(500) {
                scribe.tool(stranger)
            } else {
                scribe.tool(person.laptop_at(day).without_id())
            };
            Some(Approach {
                address: seen.address,
                block,
                body: seen.truth.exit,
                tool,
                hard: HardCases::NONE.with(HardCase::SeenAddress),
            })
        }
        AttackKind::Tor => {
            let exit = exits::one_at(setting.tor, time, chance)?;
            Some(Approach {
                address: exit.address,
                block: exit.block,
                body: far_body,
                tool: scribe.numbers.tor_browser,
                hard: HardCases::NONE,
            })
        }
        AttackKind::Infected => {
            let machine = scribe.botnet.iter().find(|listing| {
                listing.from <= time && time < listing.until && listing.person == Some(victim)
            })?;
            Some(Approach {
                address: machine.address,
                block: machine.block,
                body: far_body,
                tool: scribe.numbers.of(victim, Hand::Laptop, day),
                hard: HardCases::NONE.with(HardCase::SeenAddress),
            })
        }
        AttackKind::Spray | AttackKind::Stuffing | AttackKind::BruteForce => None,
    }
}

/// A home or a rented machine in another country.
fn somewhere_else(scribe: &Scribe<'_>, victim: u32, chance: &mut Chance) -> Option<u32> {
    let atlas = scribe.setting.atlas;
    let country = scribe.setting.cast.people[victim as usize].country;
    let used_for = if chance.in_thousand(600) {
        Use::Residential
    } else {
        Use::Hosting
    };
    for _ in 0..100 {
        let list = [used_for, Use::Residential]
            .into_iter()
            .map(|used_for| atlas.of(used_for))
            .find(|list| !list.is_empty())?;
        let block = *chance.pick(list);
        if atlas.block(block).country != country {
            return Some(block);
        }
    }
    None
}

/// An honest success of the victim some time before.
fn seen_before(lives: &[Act], victim: u32, time: Timestamp, chance: &mut Chance) -> Option<Act> {
    let end = lives.partition_point(|act| act.time < time);
    let past: Vec<&Act> = lives[..end]
        .iter()
        .filter(|act| act.account == victim && act.end == End::Success)
        .collect();
    (!past.is_empty()).then(|| **chance.pick(&past))
}

/// A person with an infected machine at home, and a moment at which it is.
fn infected_victim(scribe: &Scribe<'_>, chance: &mut Chance) -> Option<(u32, Timestamp)> {
    if scribe.botnet.is_empty() {
        return None;
    }
    let machine = chance.pick(scribe.botnet);
    let seconds = (machine.until.ticks() - machine.from.ticks()) / model::time::TICKS_PER_SECOND;
    let time = machine.from.plus_seconds(chance.between(0, seconds - 1));
    Some((machine.person?, time))
}

impl Scribe<'_> {
    /// The block that an honest act's address is of.
    fn block_of(&self, act: &Act) -> Option<u32> {
        let atlas = self.setting.atlas;
        let wanted = act.address.to_bits();
        (0..atlas.blocks().len() as u32).find(|number| {
            let block = atlas.block(*number);
            let first = block.first.to_bits();
            block.position == act.truth.exit && wanted >= first && wanted - first < block.addresses
        })
    }
}
