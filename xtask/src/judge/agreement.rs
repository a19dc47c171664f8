//! How far two databases of cities differ about the same address: it decides which radius a place deserves.

use super::places::Places;
use super::table::quantile;
use anyhow::Result;
use generator::chance::Chance;
use world::{Atlas, Use};

/// What two databases say of the same addresses.
pub(crate) struct Agreement {
    pub(crate) addresses: usize,
    pub(crate) other_country: f64,
    pub(crate) by_use: Vec<(Use, Distances)>,
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

/// Asks both for an address of each block of the atlas.
pub(crate) fn measure(seed: u64, atlas: &Atlas, seen: &Places) -> Result<Agreement> {
    let chance = &mut Chance::of(seed, &[0xA6]);
    let mut addresses = 0;
    let mut other_country = 0;
    let mut distances: Vec<(Use, f64)> = Vec::new();
    for block in atlas.blocks() {
        let Some(found) = seen.find(block.address(chance.number()))? else {
            continue;
        };
        addresses += 1;
        other_country += usize::from(found.country != block.country);
        if let Some(position) = found.position {
            distances.push((block.used_for, block.position.distance_km(position)));
        }
    }
    let mut by_use = Vec::new();
    for used_for in Use::ALL {
        let mut km: Vec<f64> = distances
            .iter()
            .filter(|(of, _)| of == used_for)
            .map(|(_, km)| *km)
            .collect();
        if km.is_empty() {
            continue;
        }
        km.sort_by(f64::total_cmp);
        let beyond = km.iter().filter(|km| **km > 100.0).count();
        by_use.push((
            *used_for,
            Distances {
                count: km.len(),
                median_km: quantile(&km, 0.5),
                p75_km: quantile(&km, 0.75),
                p90_km: quantile(&km, 0.9),
                p95_km: quantile(&km, 0.95),
                beyond_100_km: beyond as f64 / km.len() as f64,
            },
        ));
    }
    Ok(Agreement {
        addresses,
        other_country: other_country as f64 / addresses.max(1) as f64,
        by_use,
    })
}
