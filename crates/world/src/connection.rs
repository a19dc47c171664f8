//! By which address somebody reaches the service from where they are.

use crate::atlas::Atlas;
use crate::exits::{self, TrueListing};
use crate::geo::Position;
use crate::itinerary::Journey;
use crate::people::{Cast, Person};
use crate::plan::Plan;
use crate::truth::{HardCase, HardCases};
use generator::chance::Chance;
use model::time::Timestamp;
use std::net::Ipv4Addr;

/// An address, and what is hard about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) address: Ipv4Addr,
    pub(crate) block: u32,
    pub(crate) hard: HardCases,
}

/// What somebody holds in their hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    Laptop,
    Phone,
    /// An own machine that the organisation does not manage.
    Own,
    /// Tor's browser.
    Tor,
}

/// Where somebody is during a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scene {
    Home,
    Desk,
    UnderWay,
    Away(Journey),
}

/// What a connection is made in.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) atlas: &'a Atlas,
    pub(crate) cast: &'a Cast,
    pub(crate) tor: &'a [TrueListing],
}

/// A carrier's gateway that far away is a case of its own, in kilometres.
const ELSEWHERE_KM: f64 = 100.0;

/// The block and the number of the address that the line at somebody's home has on a day of the plan.
pub(crate) fn lease(person: &Person, number: u32, day: u32, seed: u64) -> (u32, u64) {
    let lease = u64::from(day / person.lease_days);
    let chance = &mut Chance::of(seed, &[KEY_LEASE, u64::from(number), lease]);
    (*chance.pick(&person.home_blocks), chance.number())
}

const KEY_LEASE: u64 = 6;
const KEY_HOTEL: u64 = 7;
const KEY_GATEWAY: u64 = 8;
const KEY_TUNNEL: u64 = 9;

/// How long a connection lasts: a phone keeps its gateway, a laptop its VPN, until it is put away.
const CONNECTION_SECONDS: i64 = 6 * 3600;

/// What lasts for some hours: the same draws for a person and a purpose until then.
fn lasting(seed: u64, purpose: u64, number: u32, time: Timestamp) -> Chance {
    // Not everybody's at the same moment.
    let shift = i64::from(number) * 97 % CONNECTION_SECONDS;
    let span = (time.unix_seconds() + shift).div_euclid(CONNECTION_SECONDS);
    Chance::of(seed, &[purpose, u64::from(number), span as u64])
}

/// By which address a person signs in.
pub(crate) fn connect(
    setting: Setting<'_>,
    number: u32,
    time: Timestamp,
    scene: Scene,
    body: Position,
    hand: Hand,
    chance: &mut Chance,
) -> Connection {
    let Setting {
        plan,
        atlas,
        cast,
        tor,
        ..
    } = setting;
    let person = &cast.people[number as usize];
    if hand == Hand::Tor
        && let Some(exit) = exits::one_at(tor, time, chance)
    {
        return Connection {
            address: exit.address,
            block: exit.block,
            hard: HardCases::NONE.with(HardCase::HonestTor),
        };
    }
    if scene != Scene::Desk
        && let Some(tunnel) = tunnel(setting, number, time, body, hand)
    {
        return tunnel;
    }
    let plain = |address, block| Connection {
        address,
        block,
        hard: HardCases::NONE,
    };
    let day = ((time.ticks() - plan.start.ticks()).max(0) / model::time::TICKS_PER_DAY) as u32;
    let home_line = || {
        let (block, address) = lease(person, number, day, plan.seed);
        plain(atlas.block(block).address(address), block)
    };
    match scene {
        Scene::Desk => {
            if hand == Hand::Phone && chance.in_thousand(500) {
                return mobile(setting, number, time, body, chance).unwrap_or_else(home_line);
            }
            let Some(desk) = person.desk else {
                return home_line();
            };
            let office = &cast.offices[desk.office as usize];
            let address = office.addresses[number as usize % office.addresses.len()];
            let crowd = office.people / office.addresses.len() as u32;
            let crowded = if crowd >= 20 {
                HardCases::NONE.with(HardCase::NatOffice)
            } else {
                HardCases::NONE
            };
            Connection {
                address,
                block: office.block,
                hard: crowded,
            }
        }
        Scene::Home => {
            if hand == Hand::Phone && chance.in_thousand(400) {
                return mobile(setting, number, time, body, chance).unwrap_or_else(home_line);
            }
            home_line()
        }
        Scene::UnderWay => mobile(setting, number, time, body, chance).unwrap_or_else(home_line),
        Scene::Away(journey) => {
            if hand == Hand::Phone
                && journey.is_roaming
                && chance.in_thousand(700)
                && let Some(mut connection) = mobile(setting, number, time, body, chance)
            {
                if atlas.block(journey.hotel).country != person.country {
                    connection.hard = connection.hard.with(HardCase::Roaming);
                }
                return connection;
            }
            let hotel = atlas.block(journey.hotel);
            let room = Chance::of(
                plan.seed,
                &[KEY_HOTEL, u64::from(number), u64::from(journey.hotel)],
            )
            .number();
            plain(hotel.address(room), journey.hotel)
        }
    }
}

/// A gateway of the person's carrier, mostly the usual one. Now and then a phone registers anew and gets another.
fn mobile(
    setting: Setting<'_>,
    number: u32,
    time: Timestamp,
    body: Position,
    chance: &mut Chance,
) -> Option<Connection> {
    let person = &setting.cast.people[number as usize];
    let usual = *person.gateways.first()?;
    let mut lasting = lasting(setting.plan.seed, KEY_GATEWAY, number, time);
    let draws = if chance.in_thousand(100) {
        chance
    } else {
        &mut lasting
    };
    let block = if draws.in_thousand(650) {
        usual
    } else {
        *draws.pick(&person.gateways)
    };
    let gateway = setting.atlas.block(block);
    let mut hard = HardCases::NONE;
    if gateway.position.distance_km(body) > ELSEWHERE_KM {
        hard = hard.with(HardCase::CarrierElsewhere);
    }
    Some(Connection {
        address: gateway.address(draws.below(48)),
        block,
        hard,
    })
}

/// A VPN or a relay, where the person uses one for these hours.
fn tunnel(
    setting: Setting<'_>,
    number: u32,
    time: Timestamp,
    body: Position,
    hand: Hand,
) -> Option<Connection> {
    let Setting { atlas, cast, .. } = setting;
    let person = &cast.people[number as usize];
    let purpose = KEY_TUNNEL + 100 * hand as u64;
    let chance = &mut lasting(setting.plan.seed, purpose, number, time);
    if hand == Hand::Laptop && !cast.vpn_exits.is_empty() && chance.in_thousand(person.habits.company_vpn) {
        let (address, block) = *chance.pick(&cast.vpn_exits);
        return Some(Connection {
            address,
            block,
            hard: HardCases::NONE.with(HardCase::CompanyVpn),
        });
    }
    if let Some(block) = person.habits.rented_vpn
        && chance.in_thousand(350)
    {
        return Some(Connection {
            address: atlas.block(block).address(chance.below(12)),
            block,
            hard: HardCases::NONE.with(HardCase::HonestVpn),
        });
    }
    let make = match hand {
        Hand::Laptop => person.laptop.make,
        Hand::Phone => person.phone.make,
        Hand::Own | Hand::Tor => return None,
    };
    if person.habits.has_relay && make.has_relay && chance.in_thousand(600) {
        let near = atlas.near(atlas.of(crate::Use::Relay), body, 400.0);
        if near.is_empty() {
            return None;
        }
        let block = *chance.pick(&near);
        return Some(Connection {
            address: atlas.block(block).address(chance.number()),
            block,
            hard: HardCases::NONE.with(HardCase::Relay),
        });
    }
    None
}
