//! Who is in the organisation: homes, desks, carriers, habits and machines.

use crate::atlas::{Atlas, Use};
use crate::geo::Position;
use crate::itinerary::{self, Stay};
use crate::plan::Plan;
use crate::tools::{LAPTOPS, PHONES, Release, Tool};
use crate::truth::{HardCase, HardCases};
use generator::chance::Chance;
use model::whereabouts::Country;
use std::net::Ipv4Addr;

/// The people, their offices, and the accounts that several of them share.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) people: Vec<Person>,
    pub(crate) offices: Vec<Office>,
    /// The members of each shared account, by number of the person.
    pub(crate) shared: Vec<Vec<u32>>,
    /// The exits of the organisation's VPN, all in one block.
    pub(crate) vpn_exits: Vec<(Ipv4Addr, u32)>,
}

/// A place with desks behind few addresses.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) position: Position,
    pub(crate) block: u32,
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) people: u32,
    /// The day of the plan on which everybody got a new password.
    pub(crate) password_day: u32,
}

/// One person.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) home: Position,
    pub(crate) country: Country,
    /// Blocks of the provider at home; the line is in one of them at a time.
    pub(crate) home_blocks: Vec<u32>,
    /// How many days the line keeps an address.
    pub(crate) lease_days: u32,
    pub(crate) desk: Option<Desk>,
    /// Gateways of the phone's carrier; the first is the usual one.
    pub(crate) gateways: Vec<u32>,
    pub(crate) habits: Habits,
    pub(crate) laptop: Tool,
    pub(crate) phone: Tool,
    /// An own machine that the organisation does not manage.
    pub(crate) own: Option<Tool>,
    /// The day on which each browser (laptop, phone, own) gets its next version.
    pub(crate) update_days: [u32; 3],
    /// Another laptop, from a day on.
    pub(crate) next_laptop: Option<(u32, Tool)>,
    pub(crate) stays: Vec<Stay>,
    /// What is hard about every sign-in of this person.
    pub(crate) hard: HardCases,
}

/// Where somebody works when not at home.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk {
    pub(crate) office: u32,
    pub(crate) commute_minutes: i64,
}

/// What somebody does day after day.
#[derive(Debug)]
pub(crate) struct Habits {
    /// The minute of the local day at which work begins.
    pub(crate) starts_at_minute: i64,
    /// How many of a thousand working days are spent at home.
    pub(crate) days_at_home: u64,
    /// How many of a thousand sessions from elsewhere go through the organisation's VPN.
    pub(crate) company_vpn: u64,
    /// The block of a rented VPN in another country.
    pub(crate) rented_vpn: Option<u32>,
    /// Whether machines that may use their maker's relay do.
    pub(crate) has_relay: bool,
    /// Whether Tor is used now and then.
    pub(crate) has_tor: bool,
    /// The day on which a client goes on with an old password.
    pub(crate) stale_client_day: Option<u32>,
}

const KEY_OFFICES: u64 = 1;
const KEY_PERSON: u64 = 2;
const KEY_SHARED: u64 = 3;
const KEY_TOR_USER: u64 = 13;
const KEY_DEVICE_ID: u64 = 14;
const KEY_UPDATE: u64 = 15;
const KEY_NEXT_LAPTOP: u64 = 16;

/// How many of a thousand people get another laptop while the world lasts.
const NEXT_LAPTOPS: u64 = 80;

/// How many of a thousand machines the directory manages, and have a browser that passes on which one it is. Of others it has no id, so that
/// none is no sign of a stranger.
const LAPTOPS_THAT_TELL_THEIR_ID: u64 = 500;
/// The same of telephones.
const PHONES_THAT_TELL_THEIR_ID: u64 = 350;

/// Fewer people are no organisation with an office.
const SMALLEST_OFFICE: u32 = 20;
/// More than this behind one address is rare; larger offices have several.
const PEOPLE_OF_ADDRESS: u32 = 200;

impl Cast {
    pub(crate) fn make_up(plan: &Plan, atlas: &Atlas) -> Cast {
        let mut offices = offices(plan, atlas);
        let borders = borders(plan, atlas);
        let mut people = Vec::with_capacity(plan.people as usize);
        for number in 0..plan.people {
            people.push(person(plan, atlas, number, &mut offices, &borders));
        }
        for office in &mut offices {
            let wanted = office.people.div_ceil(PEOPLE_OF_ADDRESS).max(1);
            office.addresses = (0..wanted)
                .map(|number| atlas.block(office.block).address(10 + u64::from(number)))
                .collect();
        }
        let vpn_exits = offices.first().map_or_else(Vec::new, |head| {
            (0..2)
                .map(|number| (atlas.block(head.block).address(40 + number), head.block))
                .collect()
        });
        Cast {
            shared: shared(plan),
            people,
            offices,
            vpn_exits,
        }
    }

    /// How many accounts there are: one for each person, then the shared ones.
    pub(crate) fn accounts(&self) -> u32 {
        (self.people.len() + self.shared.len()) as u32
    }
}

/// A head office, a branch in the same country and two in others.
fn offices(plan: &Plan, atlas: &Atlas) -> Vec<Office> {
    let chance = &mut Chance::of(plan.seed, &[KEY_OFFICES]);
    let sites = [atlas.of(Use::Corporate), atlas.of(Use::Residential)]
        .into_iter()
        .find(|sites| !sites.is_empty())
        .unwrap_or(&[]);
    let mut offices: Vec<Office> = Vec::new();
    if sites.is_empty() || plan.people < SMALLEST_OFFICE {
        return offices;
    }
    for number in 0..4 {
        let head_country = offices.first().map(|head| atlas.block(head.block).country);
        let used_for = atlas.block(sites[0]).used_for;
        let of_head = head_country.map_or(&[][..], |country| atlas.of_country(used_for, country));
        let block = if number == 1 && of_head.len() > 1 {
            *chance.pick(of_head)
        } else {
            *chance.pick(sites)
        };
        offices.push(Office {
            position: atlas
                .block(block)
                .position
                .moved(chance.around(0, 6) as f64, chance.around(0, 6) as f64),
            block,
            addresses: Vec::new(),
            people: 0,
            password_day: chance.between(i64::from(plan.days / 3), i64::from(plan.days.saturating_sub(1)))
                as u32,
        });
    }
    offices
}

/// Pairs of homes and desks in two countries, 8 to 80 km apart.
fn borders(plan: &Plan, atlas: &Atlas) -> Vec<(u32, u32)> {
    let chance = &mut Chance::of(plan.seed, &[KEY_OFFICES, 1]);
    let homes = atlas.of(Use::Residential);
    let mut pairs = Vec::new();
    if homes.is_empty() {
        return pairs;
    }
    for _ in 0..400 {
        let home = *chance.pick(homes);
        let block = atlas.block(home);
        let abroad: Vec<u32> = atlas
            .near(homes, block.position, 80.0)
            .into_iter()
            .filter(|other| {
                let other = atlas.block(*other);
                other.country != block.country && other.position.distance_km(block.position) >= 8.0
            })
            .collect();
        if !abroad.is_empty() {
            pairs.push((home, *chance.pick(&abroad)));
        }
        if pairs.len() > plan.people as usize / 40 {
            break;
        }
    }
    pairs
}

/// Where a person lives and works, before anything else is known of them.
struct Roots {
    home_block: u32,
    office: Option<u32>,
    hard: HardCases,
}

fn roots(
    plan: &Plan,
    atlas: &Atlas,
    number: u32,
    offices: &mut Vec<Office>,
    borders: &[(u32, u32)],
    chance: &mut Chance,
) -> Roots {
    let homes = atlas.of(Use::Residential);
    let remote = |list: &[u32], hard: HardCases, chance: &mut Chance| Roots {
        home_block: *chance.pick(list),
        office: None,
        hard,
    };
    match number % 40 {
        7 if !borders.is_empty() => {
            let (home_block, desk_block) = borders[(number / 40) as usize % borders.len()];
            let position = atlas.block(desk_block).position;
            offices.push(Office {
                position,
                block: desk_block,
                addresses: Vec::new(),
                people: 1,
                password_day: plan.days,
            });
            return Roots {
                home_block,
                office: Some(offices.len() as u32 - 1),
                hard: HardCases::NONE.with(HardCase::Border),
            };
        }
        17 => {
            let list = atlas.near_equator(homes);
            if !list.is_empty() {
                return remote(&list, HardCases::NONE.with(HardCase::Equator), chance);
            }
        }
        27 => {
            let list = atlas.near_date_line(homes);
            if !list.is_empty() {
                return remote(&list, HardCases::NONE.with(HardCase::DateLine), chance);
            }
        }
        _ => {}
    }
    let office = match chance.below(100) {
        0..45 => 0,
        45..55 => 1,
        55..65 => 2,
        65..75 => 3,
        _ => return remote(homes, HardCases::NONE, chance),
    };
    let Some(site) = offices.get_mut(office as usize) else {
        return remote(homes, HardCases::NONE, chance);
    };
    let country = atlas.block(site.block).country;
    let near = atlas.near(atlas.of_country(Use::Residential, country), site.position, 50.0);
    let home_block = if near.is_empty() {
        // Nobody else of this atlas lives there: a home at the office's own site.
        site.block
    } else {
        *chance.pick(&near)
    };
    site.people += 1;
    Roots {
        home_block,
        office: Some(office),
        hard: HardCases::NONE,
    }
}

fn person(
    plan: &Plan,
    atlas: &Atlas,
    number: u32,
    offices: &mut Vec<Office>,
    borders: &[(u32, u32)],
) -> Person {
    let chance = &mut Chance::of(plan.seed, &[KEY_PERSON, u64::from(number)]);
    let roots = roots(plan, atlas, number, offices, borders, chance);
    let block = atlas.block(roots.home_block);
    let home = block
        .position
        .moved(chance.around(0, 9) as f64, chance.around(0, 9) as f64);
    let desk = roots.office.map(|office| Desk {
        office,
        // A kilometre a minute and some minutes at both ends: under 60 km/h.
        commute_minutes: 10 + home.distance_km(offices[office as usize].position).ceil() as i64,
    });
    let laptop_make = chance.weighted(LAPTOPS);
    let phone_make = chance.weighted(PHONES);
    let own = chance
        .in_thousand(300)
        .then(|| Tool::strange(chance.weighted(LAPTOPS)));
    let habits = habits(plan, atlas, number, block.country, chance);
    let mut laptop = Tool::managed(laptop_make, format!("LAPTOP-{number:04}"), chance);
    let mut phone = Tool::managed(phone_make, format!("PHONE-{number:04}"), chance);
    let told = &mut Chance::of(plan.seed, &[KEY_DEVICE_ID, u64::from(number)]);
    if !told.in_thousand(LAPTOPS_THAT_TELL_THEIR_ID) {
        laptop = Tool::strange(laptop_make);
    }
    if !told.in_thousand(PHONES_THAT_TELL_THEIR_ID) {
        phone = Tool::strange(phone_make);
    }
    Person {
        home,
        country: block.country,
        home_blocks: home_blocks(atlas, roots.home_block, home, chance),
        lease_days: *chance.pick(&[1, 3, 7, 14, 30, 90, 400]),
        desk,
        gateways: gateways(atlas, block.country, home, chance),
        habits,
        laptop,
        phone,
        update_days: update_days(plan, number),
        next_laptop: next_laptop(plan, number),
        own,
        stays: itinerary::make_up(home, plan.start, plan.end(), atlas, chance),
        hard: roots.hard,
    }
}

impl Person {
    /// The laptop of a day of the plan.
    pub(crate) fn laptop_at(&self, day: u32) -> Tool {
        let laptop = match &self.next_laptop {
            Some((from, next)) if day >= *from => next,
            _ => &self.laptop,
        };
        laptop.with(release_at(self.update_days[0], day))
    }
}

/// Which version a browser has that is brought up to date on a day.
pub(crate) fn release_at(update_day: u32, day: u32) -> Release {
    if day >= update_day {
        Release::Next
    } else {
        Release::First
    }
}

/// Everybody's browsers get the next version within a fortnight in the middle of the world.
fn update_days(plan: &Plan, number: u32) -> [u32; 3] {
    let chance = &mut Chance::of(plan.seed, &[KEY_UPDATE, u64::from(number)]);
    [(); 3].map(|()| plan.days / 3 + chance.below(14) as u32)
}

/// Some get another laptop.
fn next_laptop(plan: &Plan, number: u32) -> Option<(u32, Tool)> {
    let chance = &mut Chance::of(plan.seed, &[KEY_NEXT_LAPTOP, u64::from(number)]);
    if !chance.in_thousand(NEXT_LAPTOPS) {
        return None;
    }
    let day = chance.below(u64::from(plan.days)) as u32;
    let make = chance.weighted(LAPTOPS);
    let tool = if chance.in_thousand(LAPTOPS_THAT_TELL_THEIR_ID) {
        Tool::managed(make, format!("LAPTOP-{number:04}-2"), chance)
    } else {
        Tool::strange(make)
    };
    Some((day, tool))
}

fn habits(plan: &Plan, atlas: &Atlas, number: u32, country: Country, chance: &mut Chance) -> Habits {
    let starts_at_minute = if chance.in_thousand(60) {
        chance.around(14 * 60, 60)
    } else {
        chance.around(8 * 60 + 30, 100)
    };
    let exits = atlas.of(Use::Vpn);
    let mut rented_vpn = None;
    if !exits.is_empty() && chance.in_thousand(45) {
        let block = *chance.pick(exits);
        rented_vpn = (atlas.block(block).country != country).then_some(block);
    }
    let company_vpn = match chance.below(100) {
        0..70 => 0,
        70..90 => 60,
        90..96 => 400,
        _ => 900,
    };
    Habits {
        starts_at_minute,
        days_at_home: *chance.pick(&[0, 200, 400, 600]),
        company_vpn,
        rented_vpn,
        has_relay: chance.in_thousand(250),
        has_tor: Chance::of(plan.seed, &[KEY_TOR_USER, u64::from(number)]).in_thousand(7),
        stale_client_day: chance
            .in_thousand(30)
            .then(|| chance.below(u64::from(plan.days)) as u32),
    }
}

/// The provider's block at home, and up to two more of the same network nearby.
fn home_blocks(atlas: &Atlas, home_block: u32, home: Position, chance: &mut Chance) -> Vec<u32> {
    let mut blocks = vec![home_block];
    if chance.in_thousand(700) {
        return blocks;
    }
    let block = atlas.block(home_block);
    let near = atlas.near(atlas.of_country(block.used_for, block.country), home, 60.0);
    for other in near {
        if other != home_block && atlas.block(other).network == block.network && blocks.len() < 3 {
            blocks.push(other);
        }
    }
    blocks
}

/// The usual gateway of a carrier, and up to four more of the same carrier anywhere in the country.
fn gateways(atlas: &Atlas, country: Country, home: Position, chance: &mut Chance) -> Vec<u32> {
    let Some(usual) = atlas.local(Use::Mobile, country, home, chance) else {
        return Vec::new();
    };
    let block = atlas.block(usual);
    if block.country != country {
        // No carrier of this country is known: better none than a foreign one.
        return Vec::new();
    }
    let of_carrier: Vec<u32> = atlas
        .of_country(Use::Mobile, country)
        .iter()
        .copied()
        .filter(|other| *other != usual && atlas.block(*other).network == block.network)
        .collect();
    let mut gateways = vec![usual];
    for _ in 0..chance.below(5) {
        if !of_carrier.is_empty() {
            gateways.push(*chance.pick(&of_carrier));
        }
    }
    gateways
}

/// A shared account for each sixty people, of three to six of them.
fn shared(plan: &Plan) -> Vec<Vec<u32>> {
    let chance = &mut Chance::of(plan.seed, &[KEY_SHARED]);
    let mut accounts = Vec::new();
    if plan.people < SMALLEST_OFFICE {
        return accounts;
    }
    for _ in 0..=plan.people / 60 {
        let mut members: Vec<u32> = (0..chance.between(3, 6))
            .map(|_| chance.below(u64::from(plan.people)) as u32)
            .collect();
        members.sort_unstable();
        members.dedup();
        accounts.push(members);
    }
    accounts
}
