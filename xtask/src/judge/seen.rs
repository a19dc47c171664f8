//! What detectors see of a made-up sign-in: places by the other database, lists that know most exits, late.

use super::places::{Networks, Places};
use anyhow::Result;
use detect::{Outcome, Seen, Tool};
use generator::chance::Chance;
use model::event::SignIn;
use model::finding::Person;
use model::time::Timestamp;
use model::whereabouts::{ListClass, Listing, Network, Scope, Spot, Whereabouts};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use world::{Atlas, CREDENTIAL_FAILURES, Told, Use, World};

/// How far a place of a city database may be off, where it does not say so itself, in kilometres. `cargo xtask judge` prints what two
/// databases differ by.
pub(crate) const RADIUS_KM: f64 = 50.0;

/// Which database of places the detectors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Cities, with coordinates.
    City,
    /// Countries and nothing more.
    Country,
    /// The truth itself, for a sketch without databases.
    Truth,
}

/// How much of what truly is so the lists know, in thousandths, and how late they are.
const KNOWN_VPN: u64 = 700;
const KNOWN_HOSTING: u64 = 850;
const KNOWN_RELAY: u64 = 970;
const KNOWN_TOR: u64 = 980;
const KNOWN_BOTNET: u64 = 600;
/// A list of Tor's exits has a new one after at most so long, and an old one for at most so much longer.
const TOR_LATE_SECONDS: i64 = 2 * 3600;
/// The same of botnets.
const BOTNET_LATE_SECONDS: i64 = 2 * 86_400;

/// Turns events into what detectors see.
pub(crate) struct Eyes<'a> {
    sight: Sight,
    atlas: &'a Atlas,
    places: Option<&'a Places>,
    networks: Option<&'a Networks>,
    seed: u64,
    as_of: Timestamp,
    blocks: HashMap<u32, u32>,
    entries: HashMap<Ipv4Addr, Vec<(Timestamp, Timestamp, ListClass)>>,
    known: HashMap<Ipv4Addr, Arc<Whereabouts>>,
}

impl<'a> Eyes<'a> {
    /// Eyes for one world. Without databases they see the truth.
    pub(crate) fn new(
        sight: Sight,
        atlas: &'a Atlas,
        places: Option<&'a Places>,
        networks: Option<&'a Networks>,
        world: &World,
    ) -> Eyes<'a> {
        let seed = world.plan().seed;
        let mut entries: HashMap<Ipv4Addr, Vec<(Timestamp, Timestamp, ListClass)>> = HashMap::new();
        for listing in &world.listings {
            let chance = &mut Chance::of(
                seed,
                &[60, u64::from(listing.address.to_bits()), listing.class as u64],
            );
            let (known, late) = match listing.class {
                ListClass::Tor => (KNOWN_TOR, TOR_LATE_SECONDS),
                _ => (KNOWN_BOTNET, BOTNET_LATE_SECONDS),
            };
            if !chance.in_thousand(known) {
                continue;
            }
            let from = listing.from.plus_seconds(chance.between(0, late));
            let until = listing.until.plus_seconds(chance.between(0, late));
            entries
                .entry(listing.address)
                .or_default()
                .push((from, until, listing.class));
        }
        let mut blocks = HashMap::new();
        for (number, block) in atlas.blocks().iter().enumerate() {
            blocks.insert(block.first.to_bits() >> 8, number as u32);
        }
        Eyes {
            sight,
            atlas,
            places,
            networks,
            seed,
            as_of: world.plan().start,
            blocks,
            entries,
            known: HashMap::new(),
        }
    }

    /// What a detector sees of a sign-in. Detectors that are judged get everything from here and from nowhere else.
    pub(crate) fn see(&mut self, told: &Told) -> Result<Option<Seen>> {
        let Some(sign_in) = told.sign_in() else {
            return Ok(None);
        };
        let address = sign_in
            .ip_address
            .as_deref()
            .and_then(|text| text.parse::<Ipv4Addr>().ok());
        let whereabouts = match address {
            Some(address) => self.whereabouts(address, told.event.time)?,
            None => Arc::default(),
        };
        Ok(Some(Seen {
            key: told.key,
            time: told.event.time,
            subject: Arc::from(sign_in.user_principal_name.as_deref().unwrap_or_default()),
            person: Person {
                user_id: sign_in.user_id.clone(),
                user_name: sign_in.user_principal_name.clone(),
                display_name: sign_in.user_display_name.clone(),
            },
            kind: sign_in.kind,
            outcome: outcome(sign_in.error_code),
            account_is_unknown: sign_in.error_code == 50_034,
            is_federated: false,
            address: address.map(IpAddr::V4),
            whereabouts,
            tool: tool(sign_in),
        }))
    }

    /// What is known of an address at a time.
    pub(crate) fn whereabouts(&mut self, address: Ipv4Addr, time: Timestamp) -> Result<Arc<Whereabouts>> {
        let base = if let Some(base) = self.known.get(&address) {
            base.clone()
        } else {
            let base = Arc::new(self.look_up(address)?);
            self.known.insert(address, base.clone());
            base
        };
        let Some(entries) = self.entries.get(&address) else {
            return Ok(base);
        };
        let mut now = (*base).clone();
        for (from, until, class) in entries {
            if *from <= time && time < *until {
                now.listed.push(Listing {
                    class: *class,
                    list: Arc::from(class.as_str()),
                    note: None,
                    since: Some(*from),
                    as_of: *from,
                    is_stale: false,
                });
            }
        }
        now.listed
            .sort_by(|one, other| (one.class, &one.list).cmp(&(other.class, &other.list)));
        Ok(Arc::new(now))
    }

    fn look_up(&self, address: Ipv4Addr) -> Result<Whereabouts> {
        let block = self
            .blocks
            .get(&(address.to_bits() >> 8))
            .map(|number| self.atlas.block(*number));
        let mut known = Whereabouts {
            scope: Scope::Public,
            ..Whereabouts::default()
        };
        match (self.sight, self.places, block) {
            (Sight::Truth, _, Some(block)) => {
                known.country = Some(block.country);
                known.spot = Some(Spot {
                    latitude_degrees: block.position.latitude_degrees,
                    longitude_degrees: block.position.longitude_degrees,
                    radius_km: RADIUS_KM,
                    city: Some(block.city.clone()),
                    region: None,
                });
            }
            (sight, Some(places), _) => {
                if let Some(found) = places.find(address)? {
                    known.country = Some(found.country);
                    known.spot = found
                        .position
                        .filter(|_| sight == Sight::City)
                        .map(|position| Spot {
                            latitude_degrees: position.latitude_degrees,
                            longitude_degrees: position.longitude_degrees,
                            radius_km: RADIUS_KM,
                            city: found.city,
                            region: found.region,
                        });
                }
            }
            _ => {}
        }
        known.network = match (self.networks, block) {
            (Some(networks), _) => networks.find(address).map(|(number, name)| Network {
                number,
                name: name.clone(),
            }),
            (None, block) => block.map(|block| Network {
                number: block.network,
                name: block.network_name.clone(),
            }),
        };
        if let Some(block) = block {
            let chance = &mut Chance::of(self.seed, &[61, u64::from(block.first.to_bits())]);
            let class = match block.used_for {
                Use::Vpn if chance.in_thousand(KNOWN_VPN) => Some(ListClass::Vpn),
                Use::Hosting | Use::Tor if chance.in_thousand(KNOWN_HOSTING) => Some(ListClass::Hosting),
                Use::Relay if chance.in_thousand(KNOWN_RELAY) => Some(ListClass::Relay),
                _ => None,
            };
            if let Some(class) = class {
                known.listed.push(Listing {
                    class,
                    list: Arc::from(class.as_str()),
                    note: None,
                    since: None,
                    as_of: self.as_of,
                    is_stale: false,
                });
            }
        }
        Ok(known)
    }
}

fn outcome(code: i64) -> Outcome {
    match code {
        0 => Outcome::Success,
        code if CREDENTIAL_FAILURES.contains(&code) => Outcome::WrongCredentials,
        50140 | 50158 | 50074 | 50076 | 50079 | 65001 => Outcome::Interrupted,
        _ => Outcome::OtherFailure,
    }
}

fn tool(sign_in: &SignIn) -> Tool {
    let text = |text: &Option<String>| text.as_deref().map(Arc::from);
    Tool {
        device_id: text(&sign_in.device.id),
        user_agent: text(&sign_in.user_agent),
        browser: sign_in.device.browser.as_deref().map(family),
        operating_system: sign_in.device.operating_system.as_deref().map(family),
    }
}

/// `Edge 142.0.3595` is `edge`.
fn family(text: &str) -> Arc<str> {
    let words: Vec<&str> = text
        .split(' ')
        .take_while(|word| !word.starts_with(|letter: char| letter.is_ascii_digit()))
        .collect();
    Arc::from(words.join(" ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_no_version() {
        for (text, expected) in [
            ("Edge 142.0.3595", "edge"),
            ("Chrome Mobile 142.0.0", "chrome mobile"),
            ("Windows 11", "windows"),
            ("MacOs", "macos"),
        ] {
            assert_eq!(&*family(text), expected);
        }
    }

    #[test]
    fn interrupts_are_no_failures() {
        for (code, expected) in [
            (0, Outcome::Success),
            (50126, Outcome::WrongCredentials),
            (50053, Outcome::WrongCredentials),
            (50140, Outcome::Interrupted),
            (50158, Outcome::Interrupted),
            (53003, Outcome::OtherFailure),
        ] {
            assert_eq!(outcome(code), expected, "{code}");
        }
    }
}
