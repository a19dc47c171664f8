//! What is known of a network address at a moment: country, place, network, and the lists that name it.
//!
//! Made by `enrich`, read by `detect`, shown in evidence.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What is known of an address at a moment. Everything may be unknown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Whether it is an address of the Internet at all.
    pub scope: Scope,
    /// The country, where that is all that is known, and beside a spot.
    pub country: Option<Country>,
    /// Where it is, if that is known better than by its country.
    pub spot: Option<Spot>,
    /// The network that announces it.
    pub network: Option<Network>,
    /// The lists that named it at that moment, by class and then by name.
    pub listed: Vec<Listing>,
}

impl Whereabouts {
    /// The first list of a class that names the address.
    pub fn listed_as(&self, class: ListClass) -> Option<&Listing> {
        self.listed.iter().find(|listing| listing.class == class)
    }

    /// About where, on one line for people: `Berlin, DE`, `DE`; nothing if nothing is known.
    pub fn place_name(&self) -> Option<String> {
        let city = self.spot.as_ref().and_then(|spot| spot.city.as_deref());
        match (city, self.country) {
            (Some(city), Some(country)) => Some(format!("{city}, {country}")),
            (Some(city), None) => Some(city.to_owned()),
            (None, Some(country)) => Some(country.to_string()),
            (None, None) => None,
        }
    }
}

/// Whether an address is one of the Internet (IANA special-purpose registries, RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Scope {
    /// Anybody's.
    #[default]
    Public,
    /// RFC 1918, RFC 4193, link-local: inside some network, the same address in many of them.
    Private,
    /// The machine itself.
    Loopback,
    /// Between customers and their carrier (RFC 6598, 100.64.0.0/10).
    CarrierShared,
    /// For examples in documents (RFC 5737, RFC 3849); the demo lives there, so lists and files may name them.
    Documentation,
    /// Multicast, reserved, unspecified.
    Reserved,
}

/// A country by ISO 3166-1 alpha-2, in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Country([u8; 2]);

impl Country {
    /// A country by its two letters, in any case; nothing else is one.
    pub fn parse(text: &str) -> Option<Country> {
        let &[first, second] = text.as_bytes() else {
            return None;
        };
        let is_code = first.is_ascii_alphabetic() && second.is_ascii_alphabetic();
        is_code.then(|| Country([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A circle on the ground in which an address is taken to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Degrees north, -90 to 90.
    pub latitude_degrees: f64,
    /// Degrees east, -180 to 180.
    pub longitude_degrees: f64,
    /// Kilometres around it in which the address may be as well.
    pub radius_km: f64,
    /// The city.
    pub city: Option<Arc<str>>,
    /// State or province.
    pub region: Option<Arc<str>>,
}

/// An autonomous system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its number.
    pub number: u32,
    /// Who runs it; empty where nothing tells.
    pub name: Arc<str>,
}

/// What a list says of the addresses that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ListClass {
    /// An exit of Tor.
    Tor,
    /// A proxy that hides who uses it.
    AnonymousProxy,
    /// A VPN that anybody can rent.
    Vpn,
    /// A relay of a maker of devices, such as iCloud Private Relay.
    Relay,
    /// Satellites: the address is where the ground station is.
    Satellite,
    /// A computing centre.
    Hosting,
    /// Machines that talk to a botnet.
    Botnet,
    /// The organisation's own exits: offices, its VPN, its proxy.
    Corporate,
}

impl ListClass {
    /// Every class.
    pub const ALL: &'static [ListClass] = &[
        ListClass::Tor,
        ListClass::AnonymousProxy,
        ListClass::Vpn,
        ListClass::Relay,
        ListClass::Satellite,
        ListClass::Hosting,
        ListClass::Botnet,
        ListClass::Corporate,
    ];

    /// The word for it in settings, evidence and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            ListClass::Tor => "tor",
            ListClass::AnonymousProxy => "anonymous-proxy",
            ListClass::Vpn => "vpn",
            ListClass::Relay => "relay",
            ListClass::Satellite => "satellite",
            ListClass::Hosting => "hosting",
            ListClass::Botnet => "botnet",
            ListClass::Corporate => "corporate",
        }
    }
}

/// A list that names an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// What it says of the address.
    pub class: ListClass,
    /// The list's name.
    pub list: Arc<str>,
    /// What more the list says of this entry, such as the botnet's name.
    pub note: Option<Arc<str>>,
    /// From when the entry counts, where the list tells.
    pub since: Option<Timestamp>,
    /// As of when the list was made.
    pub as_of: Timestamp,
    /// Whether the list was made too long before the moment asked about, for a list of its class, or as long after it.
    pub is_stale: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_country(text: &str, expected: Option<&str>) {
        let country = Country::parse(text);
        assert_eq!(
            country.map(|country| country.to_string()).as_deref(),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn a_country_has_two_letters() {
        check_country("DE", Some("DE"));
        check_country("de", Some("DE"));
        check_country("", None);
        check_country("D", None);
        check_country("D1", None);
        check_country("DEU", None);
        check_country("ü", None);
    }

    #[test]
    fn a_place_is_named_as_far_as_it_is_known() {
        let spot = |city: Option<&str>| Spot {
            latitude_degrees: 52.5,
            longitude_degrees: 13.4,
            radius_km: 20.0,
            city: city.map(Arc::from),
            region: None,
        };
        for (city, country, expected) in [
            (Some("Berlin"), Some("DE"), Some("Berlin, DE")),
            (Some("Berlin"), None, Some("Berlin")),
            (None, Some("DE"), Some("DE")),
            (None, None, None),
        ] {
            let whereabouts = Whereabouts {
                country: country.and_then(Country::parse),
                spot: Some(spot(city)),
                ..Whereabouts::default()
            };
            assert_eq!(whereabouts.place_name().as_deref(), expected);
        }
    }
}
