//! The atlas of a run: random addresses of the Internet, placed by the database that is taken for the truth.

use super::places::{Networks, Places};
use anyhow::{Result, bail};
use generator::chance::Chance;
use std::collections::HashSet;
use std::net::Ipv4Addr;
use world::{Atlas, Block, Use};

/// How many blocks of each use are wanted. Homes are the many; exits are rare.
const WANTED: &[(Use, usize)] = &[
    (Use::Residential, 24_000),
    (Use::Mobile, 2_500),
    (Use::Hosting, 2_000),
    (Use::Vpn, 300),
    (Use::Relay, 300),
];
/// Blocks of homes within 8 degrees of the date line that are looked for beyond those.
const DATE_LINE_WANTED: usize = 12;
/// After so many addresses a survey ends with what it has.
const MOST_DRAWS: u32 = 1_500_000;
/// Of so many home blocks one is an organisation's line.
const HOMES_OF_OFFICE: u64 = 30;
/// Of so many hosting blocks one is an exit of Tor.
const HOSTS_OF_TOR: u64 = 30;

/// Who runs a network tells what it is for: words of names, the first that occurs decides.
const NAMES: &[(Use, &[&str])] = &[
    (
        Use::Relay,
        &[
            "cloudflare",
            "fastly",
            "akamai technologies",
            "akamai international",
        ],
    ),
    (
        Use::Vpn,
        &[
            "m247",
            "datacamp",
            "packethub",
            "tzulo",
            "clouvider",
            "31173",
            "mullvad",
            "proton",
            "private layer",
            "quadranet",
            "performive",
            "cdn77",
            "vpn",
        ],
    ),
    (
        Use::Hosting,
        &[
            "amazon",
            "google",
            "microsoft",
            "digitalocean",
            "ovh",
            "hetzner",
            "linode",
            "akamai connected",
            "choopa",
            "constant company",
            "vultr",
            "leaseweb",
            "contabo",
            "scaleway",
            "ionos",
            "alibaba",
            "tencent",
            "oracle",
            "hosting",
            "hoster",
            "server",
            "datacenter",
            "data center",
            "cloud",
            "vps",
            "colo",
            "rackspace",
        ],
    ),
    (
        Use::Mobile,
        &[
            "mobile",
            "wireless",
            "cellular",
            "cellco",
            "t-mobile",
            "vodafone",
            "mobility",
            "claro",
            "telcel",
            "airtel",
            "jio",
            "mtn",
            "celcom",
            "orange",
            "telefonica moviles",
            "movil",
        ],
    ),
];

/// What a network with that name is used for.
fn use_of(name: &str) -> Use {
    let name = name.to_lowercase();
    for (used_for, words) in NAMES {
        if words.iter().any(|word| name.contains(word)) {
            return *used_for;
        }
    }
    Use::Residential
}

/// Draws addresses until there are enough of each use. The same seed and files give the same atlas.
pub(crate) fn atlas(seed: u64, truth: &Places, networks: &Networks) -> Result<Atlas> {
    let chance = &mut Chance::of(seed, &[0x5u64]);
    let mut wanted: Vec<(Use, usize)> = WANTED.to_vec();
    let mut date_line_wanted = DATE_LINE_WANTED;
    let mut blocks = Vec::new();
    let mut taken = HashSet::new();
    for _ in 0..MOST_DRAWS {
        if date_line_wanted == 0 && wanted.iter().all(|(_, left)| *left == 0) {
            break;
        }
        // 1.0.0.0 to 223.255.255.255: what can be a client's.
        let address = Ipv4Addr::from_bits(chance.between(0x0100_0000, 0xdfff_ffff) as u32);
        let Some((number, name)) = networks.find(address) else {
            continue;
        };
        let Some(found) = truth.find(address)? else {
            continue;
        };
        let (Some(city), Some(position)) = (found.city, found.position) else {
            continue;
        };
        let mut used_for = use_of(name);
        let is_at_date_line = used_for == Use::Residential && position.longitude_degrees.abs() >= 172.0;
        let Some((_, left)) = wanted.iter_mut().find(|(wanted, _)| *wanted == used_for) else {
            continue;
        };
        if *left == 0 && !(is_at_date_line && date_line_wanted > 0) {
            continue;
        }
        // A block is at most a /24: larger records are cut around the address.
        let first = found.first.to_bits().max(address.to_bits() & 0xffff_ff00);
        if !taken.insert(first) {
            continue;
        }
        *left = left.saturating_sub(1);
        date_line_wanted = date_line_wanted.saturating_sub(usize::from(is_at_date_line));
        match used_for {
            Use::Residential if chance.below(HOMES_OF_OFFICE) == 0 => used_for = Use::Corporate,
            Use::Hosting if chance.below(HOSTS_OF_TOR) == 0 => used_for = Use::Tor,
            _ => {}
        }
        blocks.push(Block {
            first: Ipv4Addr::from_bits(first),
            addresses: found.addresses.min(256) as u32,
            country: found.country,
            city,
            position,
            network: number,
            network_name: name.clone(),
            used_for,
        });
    }
    if blocks.is_empty() {
        bail!("no address of the truth's database has a city: is it a database of cities?");
    }
    Ok(Atlas::new(blocks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_network_is_for() {
        for (name, expected) in [
            ("Deutsche Telekom AG", Use::Residential),
            ("Comcast Cable Communications, LLC", Use::Residential),
            ("Verizon Wireless", Use::Mobile),
            ("Hetzner Online GmbH", Use::Hosting),
            ("M247 Europe SRL", Use::Vpn),
            ("Cloudflare, Inc.", Use::Relay),
            ("Akamai Connected Cloud", Use::Hosting),
        ] {
            assert_eq!(use_of(name), expected, "{name}");
        }
    }
}
