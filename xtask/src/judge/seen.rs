//! What detectors see of a made-up sign-in: by the product's own enrichment, with places of the other database and lists that know
//! most exits, late.

use super::places::Networks;
use anyhow::{Context, Result};
use detect::{People, Seen};
use enrich::{CITY_RADIUS_KM, CountryTable, Database, Enrichment, List, MaxAges, Parts};
use generator::chance::Chance;
use model::time::Timestamp;
use model::whereabouts::{ListClass, Network, Spot, Whereabouts};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use world::{Atlas, Told, Use, World};

/// Which places the detectors see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Those of a database of cities.
    City,
    /// Countries by the table in the program, and nothing more.
    Country,
    /// The truth itself, for a sketch without databases.
    Truth,
}

/// How much of what truly is so the lists know, in thousandths.
const KNOWN_VPN: u64 = 700;
const KNOWN_HOSTING: u64 = 850;
const KNOWN_RELAY: u64 = 970;
const KNOWN_TOR: u64 = 980;
const KNOWN_BOTNET: u64 = 600;
/// A list of Tor's exits has a new one after at most so long, and an old one for at most so much longer.
const TOR_LATE_SECONDS: i64 = 2 * 3600;
/// The same of botnets.
const BOTNET_LATE_SECONDS: i64 = 2 * 86_400;

const KEY_LISTING: u64 = 60;
const KEY_BLOCK: u64 = 61;

/// Turns events into what detectors see.
pub(crate) struct Eyes<'a> {
    sight: Sight,
    atlas: &'a Atlas,
    networks: Option<&'a Networks>,
    enrichment: Enrichment,
    people: People,
    /// The block of the first 24 bits of an address.
    blocks: HashMap<u32, u32>,
    /// Addresses of which a list says something for a time only.
    changing: HashSet<Ipv4Addr>,
    known: HashMap<Ipv4Addr, Arc<Whereabouts>>,
}

impl<'a> Eyes<'a> {
    /// Eyes for one world.
    pub(crate) fn new(
        sight: Sight,
        atlas: &'a Atlas,
        cities: Option<Arc<Database>>,
        networks: Option<&'a Networks>,
        world: &World,
    ) -> Result<Eyes<'a>> {
        let countries = CountryTable::embedded().context("open the table of countries in the program")?;
        let databases = match sight {
            Sight::City => cities.into_iter().collect(),
            Sight::Country | Sight::Truth => Vec::new(),
        };
        let mut blocks = HashMap::new();
        for (number, block) in atlas.blocks().iter().enumerate() {
            blocks.insert(block.first.to_bits() >> 8, number as u32);
        }
        Ok(Eyes {
            sight,
            atlas,
            networks,
            enrichment: Enrichment::new(Parts {
                countries: Arc::new(countries),
                databases,
                lists: lists(atlas, world)?,
                max_ages: MaxAges::default(),
            }),
            people: People::default(),
            blocks,
            changing: world.listings.iter().map(|listing| listing.address).collect(),
            known: HashMap::new(),
        })
    }

    /// What a detector sees of a sign-in. Detectors that are judged get everything from here and from nowhere else.
    pub(crate) fn see(&mut self, told: &Told) -> Option<Seen> {
        let address = told.sign_in()?.ip_address.as_deref()?.parse().ok()?;
        let whereabouts = self.whereabouts(address, told.event.time);
        detect::seen(&told.event, told.key, &self.people, whereabouts)
    }

    /// What is known of an address at a time.
    pub(crate) fn whereabouts(&mut self, address: Ipv4Addr, time: Timestamp) -> Arc<Whereabouts> {
        if self.changing.contains(&address) {
            return Arc::new(self.look_up(address, time));
        }
        if let Some(known) = self.known.get(&address) {
            return Arc::clone(known);
        }
        let known = Arc::new(self.look_up(address, time));
        self.known.insert(address, Arc::clone(&known));
        known
    }

    fn look_up(&self, address: Ipv4Addr, time: Timestamp) -> Whereabouts {
        let mut known = self.enrichment.look_up(address.into(), time);
        let block = self
            .blocks
            .get(&(address.to_bits() >> 8))
            .map(|number| self.atlas.block(*number));
        if let (Sight::Truth, Some(block)) = (self.sight, block) {
            known.country = Some(block.country);
            known.spot = Some(Spot {
                latitude_degrees: block.position.latitude_degrees,
                longitude_degrees: block.position.longitude_degrees,
                radius_km: CITY_RADIUS_KM,
                city: Some(block.city.clone()),
                region: None,
            });
        }
        // Networks come as a table of text, which the product does not read: their numbers are the truth's own.
        known.network = match (self.networks, block) {
            (Some(networks), _) => networks.find(address).map(|(number, name)| Network {
                number,
                name: name.clone(),
            }),
            (None, Some(block)) => Some(Network {
                number: block.network,
                name: block.network_name.clone(),
            }),
            (None, None) => None,
        };
        known
    }
}

/// The lists as an operator would have them: text, read by the product.
fn lists(atlas: &Atlas, world: &World) -> Result<Vec<Arc<List>>> {
    let plan = world.plan();
    let mut texts: BTreeMap<ListClass, String> = BTreeMap::new();
    for listing in &world.listings {
        let address = u64::from(listing.address.to_bits());
        let chance = &mut Chance::of(plan.seed, &[KEY_LISTING, address, listing.class as u64]);
        let (known, late) = match listing.class {
            ListClass::Tor => (KNOWN_TOR, TOR_LATE_SECONDS),
            _ => (KNOWN_BOTNET, BOTNET_LATE_SECONDS),
        };
        let since = listing.from.plus_seconds(chance.between(0, late));
        let until = listing.until.plus_seconds(chance.between(0, late));
        // A list that is later than the address was what it names never names it.
        if chance.in_thousand(known) && since < until {
            let text = texts.entry(listing.class).or_default();
            writeln!(text, "{} since={since} until={until}", listing.address)?;
        }
    }
    for block in atlas.blocks() {
        let chance = &mut Chance::of(plan.seed, &[KEY_BLOCK, u64::from(block.first.to_bits())]);
        let (class, known) = match block.used_for {
            Use::Vpn => (ListClass::Vpn, KNOWN_VPN),
            Use::Hosting | Use::Tor => (ListClass::Hosting, KNOWN_HOSTING),
            Use::Relay => (ListClass::Relay, KNOWN_RELAY),
            Use::Residential | Use::Mobile | Use::Corporate => continue,
        };
        if chance.in_thousand(known) {
            // A /24 around the block, as lists write it; addresses next to it may be named with it.
            let network = Ipv4Addr::from_bits(block.first.to_bits() & 0xffff_ff00);
            writeln!(texts.entry(class).or_default(), "{network}/24")?;
        }
    }
    let mut lists = Vec::new();
    for (class, text) in texts {
        // Lists are renewed all the time: no edition is old at any moment of the world.
        let made = plan.end();
        let list = List::read(class, class.as_str(), text.as_bytes(), made)
            .with_context(|| format!("read the made-up list `{}`", class.as_str()))?;
        lists.push(Arc::new(list));
    }
    Ok(lists)
}
