//! Exits of Tor and machines of a botnet: which addresses, and when they truly were that.

use crate::atlas::{Atlas, Use};
use crate::connection;
use crate::people::Cast;
use crate::plan::Plan;
use generator::chance::Chance;
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::net::Ipv4Addr;

/// An address that truly was something that lists name, and when. A list may know it later, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrueListing {
    /// The address.
    pub address: Ipv4Addr,
    /// What it was.
    pub class: ListClass,
    /// From when.
    pub from: Timestamp,
    /// Until when, that instant not included.
    pub until: Timestamp,
    /// The block it is of.
    pub(crate) block: u32,
    /// Whose line at home it was, by number of the person; of Tor nobody's.
    pub(crate) person: Option<u32>,
}

const KEY_TOR: u64 = 4;
const KEY_BOTNET: u64 = 5;
/// How many exits there are at most.
const TOR_EXITS: u64 = 160;

/// Makes up exits of Tor: most for all the time, some come, some go.
pub(crate) fn tor(plan: &Plan, atlas: &Atlas) -> Vec<TrueListing> {
    let chance = &mut Chance::of(plan.seed, &[KEY_TOR]);
    let blocks = atlas.of(Use::Tor);
    let mut exits = Vec::new();
    if blocks.is_empty() {
        return exits;
    }
    for number in 0..TOR_EXITS {
        let block = *chance.pick(blocks);
        let days = i64::from(plan.days);
        let (mut from, mut until) = (plan.start.plus_days(-30), plan.end().plus_days(1));
        let turn = plan.start.plus_seconds(chance.between(0, days * 86_400));
        match chance.below(10) {
            0..2 => from = turn,
            2..4 => until = turn,
            _ => {}
        }
        exits.push(TrueListing {
            address: atlas.block(block).address(number * 7 + 3),
            class: ListClass::Tor,
            from,
            until,
            block,
            person: None,
        });
    }
    exits
}

/// Makes up infected machines at some homes, for a week or two: the addresses that the home's line has on those days.
pub(crate) fn botnet(plan: &Plan, atlas: &Atlas, cast: &Cast) -> Vec<TrueListing> {
    let mut infected: Vec<TrueListing> = Vec::new();
    for (number, person) in cast.people.iter().enumerate() {
        let number = number as u32;
        let chance = &mut Chance::of(plan.seed, &[KEY_BOTNET, u64::from(number)]);
        if !chance.in_thousand(40) {
            continue;
        }
        let first_day = chance.below(u64::from(plan.days)) as u32;
        let days = chance.between(5, 15) as u32;
        for day in first_day..first_day + days {
            let (block, address) = connection::lease(person, number, day, plan.seed);
            let address = atlas.block(block).address(address);
            let from = plan.start.plus_days(i64::from(day));
            let until = from.plus_days(1);
            if let Some(last) = infected.last_mut()
                && last.person == Some(number)
                && last.address == address
            {
                last.until = until;
                continue;
            }
            infected.push(TrueListing {
                address,
                class: ListClass::Botnet,
                from,
                until,
                block,
                person: Some(number),
            });
        }
    }
    infected
}

/// Whether an address truly was in a list at an instant.
pub(crate) fn is_in(listings: &[TrueListing], address: Ipv4Addr, time: Timestamp) -> bool {
    listings
        .iter()
        .any(|listing| listing.address == address && listing.from <= time && time < listing.until)
}

/// One of those that are in a list at an instant.
pub(crate) fn one_at(listings: &[TrueListing], time: Timestamp, chance: &mut Chance) -> Option<TrueListing> {
    let open: Vec<&TrueListing> = listings
        .iter()
        .filter(|listing| listing.from <= time && time < listing.until)
        .collect();
    (!open.is_empty()).then(|| **chance.pick(&open))
}
