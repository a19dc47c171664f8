//! Databases of places and networks as the judge reads them: flat records of MaxMind's format, and ranges in a CSV.

use anyhow::{Context, Result};
use maxminddb::Reader;
use model::whereabouts::Country;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world::Position;

/// Where a database says an address is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) country: Country,
    pub(crate) city: Option<Arc<str>>,
    pub(crate) region: Option<Arc<str>>,
    pub(crate) position: Option<Position>,
    /// The first address of the network that the record is for, and how many it has.
    pub(crate) first: Ipv4Addr,
    pub(crate) addresses: u64,
}

/// A database of places, in one file or several (the parts for IPv4 and IPv6).
pub(crate) struct Places {
    parts: Vec<Reader<Vec<u8>>>,
}

/// A flat record, as the `@ip-location-db` packages have it.
#[derive(Deserialize)]
struct Flat<'a> {
    country_code: Option<&'a str>,
    city: Option<&'a str>,
    state1: Option<&'a str>,
    latitude: Option<Degrees>,
    longitude: Option<Degrees>,
}

/// A number of either width: one maker writes `float`, another `double`, and the reader keeps them apart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Degrees(f64);

impl<'de> Deserialize<'de> for Degrees {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Degrees, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Degrees;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("degrees as a float or a double")
            }

            fn visit_f32<E>(self, degrees: f32) -> std::result::Result<Degrees, E> {
                Ok(Degrees(f64::from(degrees)))
            }

            fn visit_f64<E>(self, degrees: f64) -> std::result::Result<Degrees, E> {
                Ok(Degrees(degrees))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Places {
    /// Reads the files of one database.
    pub(crate) fn open(files: &[PathBuf]) -> Result<Places> {
        let mut parts = Vec::with_capacity(files.len());
        for file in files {
            let bytes = std::fs::read(file).with_context(|| {
                format!("read {}: `cargo xtask judge --fetch` fetches it", file.display())
            })?;
            let part = Reader::from_source(bytes).with_context(|| format!("open {}", file.display()))?;
            parts.push(part);
        }
        Ok(Places { parts })
    }

    /// Where an address is; nothing where no part knows its country.
    pub(crate) fn find(&self, address: Ipv4Addr) -> Result<Option<Found>> {
        for part in &self.parts {
            let found = part.lookup(IpAddr::V4(address))?;
            let Some(flat) = found.decode::<Flat<'_>>()? else {
                continue;
            };
            let Some(country) = flat.country_code.and_then(Country::parse) else {
                continue;
            };
            let network = found.network()?;
            let IpAddr::V4(first) = network.network() else {
                continue;
            };
            let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Arc::from);
            return Ok(Some(Found {
                country,
                city: text(flat.city),
                region: text(flat.state1),
                position: flat
                    .latitude
                    .zip(flat.longitude)
                    .map(|(north, east)| Position::new(north.0, east.0)),
                first,
                addresses: 1 << (32 - u32::from(network.prefix()).min(32)),
            }));
        }
        Ok(None)
    }
}

/// A database's bytes.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file)
        .with_context(|| format!("read {}: `cargo xtask judge --fetch` fetches it", file.display()))
}

/// Networks by their ranges.
pub(crate) struct Networks {
    ranges: Vec<Range>,
}

struct Range {
    first: u32,
    last: u32,
    number: u32,
    name: Arc<str>,
}

impl Networks {
    /// Reads a CSV of ranges: first address, last address, number, name.
    pub(crate) fn open(file: &Path) -> Result<Networks> {
        let about = || format!("read {}: `cargo xtask judge --fetch` fetches it", file.display());
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(file)
            .with_context(about)?;
        let mut ranges: Vec<Range> = Vec::new();
        for row in reader.records() {
            let row = row.with_context(about)?;
            let [Some(first), Some(last), Some(number), Some(name)] =
                [0, 1, 2, 3].map(|column| row.get(column))
            else {
                continue;
            };
            let (Ok(first), Ok(last), Ok(number)) = (
                first.parse::<Ipv4Addr>(),
                last.parse::<Ipv4Addr>(),
                number.parse(),
            ) else {
                continue;
            };
            ranges.push(Range {
                first: first.to_bits(),
                last: last.to_bits(),
                number,
                name: Arc::from(name),
            });
        }
        ranges.sort_by_key(|range| range.first);
        Ok(Networks { ranges })
    }

    /// The network that announces an address: its number and name.
    pub(crate) fn find(&self, address: Ipv4Addr) -> Option<(u32, &Arc<str>)> {
        let bits = address.to_bits();
        let after = self.ranges.partition_point(|range| range.first <= bits);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (bits <= range.last).then_some((range.number, &range.name))
    }
}
