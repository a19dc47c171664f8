//! How far two databases of cities differ about the same address: it decides which radius a place deserves.

use super::places::Places;
use super::table::quantile;
use anyhow::Result;
use generator::chance::Chance;
use std::collections::BTreeMap;
use world::{Atlas, Use};

/// What two databases say of the same addresses.
pub(crate) struct Agreement {
    pub(crate) addresses: usize,
    /// The share that is in another country.
    pub(crate) other_country: f64,
    /// Distances by group of addresses, all of them first.
    pub(crate) groups: Vec<(String, Distances)>,
}

/// Distances between two answers, in kilometres.
pub(crate) struct Distances {
    pub(crate) count: usize,
    pub(crate) median_km: f64,
    pub(crate) p75_km: f64,
    pub(crate) p90_km: f64,
    pub(crate) p95_km: f64,
    pub(crate) beyond_100_km: f64,
}

/// So many countries are shown, those with most addresses.
const COUNTRIES_SHOWN: usize = 12;

/// Asks both for an address of each block of the atlas. Both err: the distance is more than the error of either alone.
pub(crate) fn measure(seed: u64, atlas: &Atlas, other: &Places) -> Result<Agreement> {
    let chance = &mut Chance::of(seed, &[0xA6]);
    let mut addresses = 0;
    let mut other_country = 0;
    let mut all = Vec::new();
    let mut by_use: BTreeMap<Use, Vec<f64>> = BTreeMap::new();
    let mut by_size: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut by_country: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for block in atlas.blocks() {
        let Some(found) = other.find(block.address(chance.number()))? else {
            continue;
        };
        addresses += 1;
        other_country += usize::from(found.country != block.country);
        let Some(position) = found.position else { continue };
        let km = block.position.distance_km(position);
        all.push(km);
        by_use.entry(block.used_for).or_default().push(km);
        if block.used_for == Use::Residential {
            by_size.entry(size(found.addresses)).or_default().push(km);
            by_country.entry(block.country.to_string()).or_default().push(km);
        }
    }
    let mut groups = vec![("all".to_owned(), distances(all))];
    for (used_for, km) in by_use {
        groups.push((used_for.as_str().to_owned(), distances(km)));
    }
    for (size, km) in by_size {
        groups.push((format!("residential, seen record {size}"), distances(km)));
    }
    let mut countries: Vec<(String, Vec<f64>)> = by_country.into_iter().collect();
    countries.sort_by_key(|(_, km)| std::cmp::Reverse(km.len()));
    for (country, km) in countries.into_iter().take(COUNTRIES_SHOWN) {
        groups.push((format!("residential, {country}"), distances(km)));
    }
    Ok(Agreement {
        addresses,
        other_country: other_country as f64 / addresses.max(1) as f64,
        groups,
    })
}

/// How large the network of a record is: a large one is seldom one place.
const fn size(addresses: u64) -> &'static str {
    match addresses {
        0..256 => "/25 to /32",
        256..512 => "/24",
        512..2048 => "/22 and /23",
        2048..16_384 => "/19 to /21",
        _ => "/18 and larger",
    }
}

fn distances(mut km: Vec<f64>) -> Distances {
    km.sort_by(f64::total_cmp);
    let beyond = km.iter().filter(|km| **km > 100.0).count();
    Distances {
        count: km.len(),
        median_km: quantile(&km, 0.5),
        p75_km: quantile(&km, 0.75),
        p90_km: quantile(&km, 0.9),
        p95_km: quantile(&km, 0.95),
        beyond_100_km: beyond as f64 / km.len().max(1) as f64,
    }
}
