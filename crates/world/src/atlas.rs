//! Where addresses truly are: blocks of them with place, network and use, as the caller knows them.

use crate::geo::Position;
use generator::chance::Chance;
use model::whereabouts::Country;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a block of addresses is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Homes, hotels, cafés.
    Residential,
    /// Gateways of a mobile carrier.
    Mobile,
    /// Computing centres.
    Hosting,
    /// Exits of a VPN that anybody can rent.
    Vpn,
    /// Exits of Tor.
    Tor,
    /// An organisation's own exits.
    Corporate,
    /// A relay of a maker of devices, such as iCloud Private Relay.
    Relay,
}

impl Use {
    /// Every use.
    pub const ALL: &'static [Use] = &[
        Use::Residential,
        Use::Mobile,
        Use::Hosting,
        Use::Vpn,
        Use::Tor,
        Use::Corporate,
        Use::Relay,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Use::Residential => "residential",
            Use::Mobile => "mobile",
            Use::Hosting => "hosting",
            Use::Vpn => "vpn",
            Use::Tor => "tor",
            Use::Corporate => "corporate",
            Use::Relay => "relay",
        }
    }
}

/// A block of addresses with its true place.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The first address.
    pub first: Ipv4Addr,
    /// How many addresses it has; at least 1.
    pub addresses: u32,
    /// The country.
    pub country: Country,
    /// The city.
    pub city: Arc<str>,
    /// Where it is.
    pub position: Position,
    /// The number of the network that announces it.
    pub network: u32,
    /// Who runs that network.
    pub network_name: Arc<str>,
    /// What it is used for.
    pub used_for: Use,
}

impl Block {
    /// The address of a number; numbers past the end begin again.
    pub fn address(&self, number: u64) -> Ipv4Addr {
        let offset = number % u64::from(self.addresses.max(1));
        Ipv4Addr::from_bits(self.first.to_bits().wrapping_add(offset as u32))
    }
}

/// All blocks that a world may use.
#[derive(Debug, Clone, Default)]
pub struct Atlas {
    blocks: Vec<Block>,
    by_use: BTreeMap<Use, Vec<u32>>,
    by_country: BTreeMap<(Use, Country), Vec<u32>>,
}

impl Atlas {
    /// Of these blocks, in this order: another order is another atlas.
    pub fn new(blocks: Vec<Block>) -> Atlas {
        let mut atlas = Atlas {
            blocks,
            ..Atlas::default()
        };
        for (number, block) in atlas.blocks.iter().enumerate() {
            let number = number as u32;
            atlas.by_use.entry(block.used_for).or_default().push(number);
            atlas
                .by_country
                .entry((block.used_for, block.country))
                .or_default()
                .push(number);
        }
        atlas
    }

    /// All blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A block by its number in this atlas.
    pub fn block(&self, number: u32) -> &Block {
        &self.blocks[number as usize]
    }

    /// The blocks of a use.
    pub fn of(&self, used_for: Use) -> &[u32] {
        self.by_use.get(&used_for).map_or(&[], Vec::as_slice)
    }

    /// The blocks of a use in a country.
    pub fn of_country(&self, used_for: Use, country: Country) -> &[u32] {
        self.by_country
            .get(&(used_for, country))
            .map_or(&[], Vec::as_slice)
    }

    /// The countries that have blocks of a use, with how many.
    pub fn countries(&self, used_for: Use) -> impl Iterator<Item = (Country, usize)> {
        self.by_country
            .iter()
            .filter(move |((of, _), _)| *of == used_for)
            .map(|((_, country), blocks)| (*country, blocks.len()))
    }

    /// The blocks of a list that are within so many kilometres of a point.
    pub(crate) fn near(&self, among: &[u32], point: Position, kilometres: f64) -> Vec<u32> {
        let mut near = Vec::new();
        for number in among {
            let position = self.block(*number).position;
            if point.may_be_within(position, kilometres) && point.distance_km(position) <= kilometres {
                near.push(*number);
            }
        }
        near
    }

    /// The blocks of a list within 2 degrees of the equator.
    pub(crate) fn near_equator(&self, among: &[u32]) -> Vec<u32> {
        self.those(among, |position| position.latitude_degrees.abs() <= 2.0)
    }

    /// The blocks of a list within 8 degrees of the date line.
    pub(crate) fn near_date_line(&self, among: &[u32]) -> Vec<u32> {
        self.those(among, |position| position.longitude_degrees.abs() >= 172.0)
    }

    fn those(&self, among: &[u32], are: fn(Position) -> bool) -> Vec<u32> {
        among
            .iter()
            .copied()
            .filter(|number| are(self.block(*number).position))
            .collect()
    }

    /// A block of a use near a point: within 100 km, else anywhere in the country, else anywhere.
    pub(crate) fn local(
        &self,
        used_for: Use,
        country: Country,
        point: Position,
        chance: &mut Chance,
    ) -> Option<u32> {
        let of_country = self.of_country(used_for, country);
        let near = self.near(of_country, point, 100.0);
        [near.as_slice(), of_country, self.of(used_for)]
            .into_iter()
            .find(|list| !list.is_empty())
            .map(|list| *chance.pick(list))
    }
}
