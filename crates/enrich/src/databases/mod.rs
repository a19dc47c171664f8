//! Files in MaxMind's format, whoever made them: places, countries and networks by address.

mod record;
mod words;

use crate::countries::{CountryTable, CountryTableBuilder, TableError};
use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use model::time::Timestamp;
use model::whereabouts::{Country, Network, Spot};
use record::Record;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use words::Words;

/// How far off a city may be where the file does not tell.
///
/// Measured on 200,000 random IPv4 addresses of June 2026: of the 90,530 for which DB-IP Lite and GeoLite2 both name a
/// city, two thirds lie within 73 km of each other (half: 15 km; nine in ten: 627 km). Two thirds is also what MaxMind's
/// own `accuracy_radius` promises.
pub const CITY_RADIUS_KM: f64 = 75.0;
/// How far off the middle of a state or province may be where no city is known: two thirds of 3,276 within 512 km.
pub const REGION_RADIUS_KM: f64 = 500.0;
/// A circle is never taken to be smaller: an address is a household at best, and the point is the middle of a district.
const LEAST_RADIUS_KM: f64 = 1.0;
/// What a file may be long; the largest that are sold have about 2 GB.
const MAX_BYTES: usize = 3 << 30;

/// A file in MaxMind's format, held in memory.
pub struct Database {
    name: Arc<str>,
    reader: Reader<Vec<u8>>,
    bytes: usize,
    built: Timestamp,
    words: Words,
    unreadable: AtomicU64,
}

/// What a file says of an address.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Found {
    pub(crate) country: Option<Country>,
    pub(crate) spot: Option<Spot>,
    pub(crate) network: Option<Network>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Not such a file, or a damaged one.
    #[error(
        "`{name}` is no sound file in MaxMind's format ({source}): copy it anew, unpacked, as a .mmdb file"
    )]
    NotSound {
        /// The file's name.
        name: Arc<str>,
        /// What the reader says.
        source: MaxMindDbError,
    },
    /// Larger than any.
    #[error("`{name}` has more than {MAX_BYTES} bytes: that is no file in MaxMind's format")]
    TooLarge {
        /// The file's name.
        name: Arc<str>,
    },
    /// A file in which no country stands.
    #[error("`{name}` names no country: take a file of countries or cities")]
    NoCountries {
        /// The file's name.
        name: Arc<str>,
    },
    /// The countries in it make no table.
    #[error("no table of countries can be made of `{name}`: {source}")]
    Table {
        /// The file's name.
        name: Arc<str>,
        /// Why.
        source: TableError,
    },
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.name)
            .field("built", &self.built)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// A file by its bytes. Reads the end of it, where it says what it is; the rest is read at each look-up.
    pub fn open(name: &str, bytes: Vec<u8>) -> Result<Database, DatabaseError> {
        let name: Arc<str> = name.into();
        if bytes.len() > MAX_BYTES {
            return Err(DatabaseError::TooLarge { name });
        }
        let size = bytes.len();
        let reader = Reader::from_source(bytes).map_err(|source| DatabaseError::NotSound {
            name: Arc::clone(&name),
            source,
        })?;
        let built = i64::try_from(reader.metadata().build_epoch).unwrap_or(i64::MAX);
        Ok(Database {
            name,
            built: Timestamp::from_unix_seconds(built.min(Timestamp::MAX.unix_seconds())),
            reader,
            bytes: size,
            words: Words::default(),
            unreadable: AtomicU64::new(0),
        })
    }

    /// Reads every record of the file, to find damage before it is used: some seconds for a hundred megabytes.
    ///
    /// The reader's own check is stricter: it refuses files of which only the description is missing.
    pub fn verify(&self) -> Result<(), DatabaseError> {
        let not_sound = |source| self.not_sound(source);
        let mut read = HashSet::new();
        for found in self
            .reader
            .networks(WithinOptions::default())
            .map_err(not_sound)?
        {
            let found = found.map_err(not_sound)?;
            // Many networks share a record.
            if found.offset().is_some_and(|offset| read.insert(offset)) {
                found.decode::<Record<'_>>().map_err(not_sound)?;
            }
        }
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// When it was built, as it says itself.
    pub fn built(&self) -> Timestamp {
        self.built
    }

    /// What it calls itself, such as `GeoLite2-City`.
    pub fn title(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// How large it is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nodes of its tree: about how many networks it tells apart.
    pub fn nodes(&self) -> u32 {
        self.reader.metadata().node_count
    }

    /// How many look-ups met a record that cannot be read: damage within the file.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The countries of the file alone, as a table that is small and fast.
    pub fn countries(&self, source: &str) -> Result<CountryTable, DatabaseError> {
        let table = |source| DatabaseError::Table {
            name: Arc::clone(&self.name),
            source,
        };
        let mut builder = CountryTableBuilder::new(self.built, source);
        let networks = self
            .reader
            .networks(WithinOptions::default())
            .map_err(|source| self.not_sound(source))?;
        for found in networks {
            let found = found.map_err(|source| self.not_sound(source))?;
            let record = found
                .decode::<Record<'_>>()
                .map_err(|source| self.not_sound(source))?;
            let Some(country) = record.and_then(|record| record.country()) else {
                continue;
            };
            let network = found.network().map_err(|source| self.not_sound(source))?;
            let (first, last) = ends(network.network(), network.broadcast());
            builder.push(first, last, country).map_err(table)?;
        }
        let made = builder.finish();
        if made.is_empty() {
            return Err(DatabaseError::NoCountries {
                name: Arc::clone(&self.name),
            });
        }
        Ok(made)
    }

    pub(crate) fn look_up(&self, address: IpAddr) -> Found {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Found::default();
        }
        let record = self
            .reader
            .lookup(address)
            .and_then(|found| found.decode::<Record<'_>>());
        match record {
            Ok(Some(record)) => self.found(&record),
            Ok(None) => Found::default(),
            Err(_) => {
                self.unreadable.fetch_add(1, Ordering::Relaxed);
                Found::default()
            }
        }
    }

    fn found(&self, record: &Record<'_>) -> Found {
        Found {
            country: record.country(),
            spot: self.spot(record),
            network: record.network_number().map(|number| Network {
                number,
                name: self.words.shared(record.network_name().unwrap_or_default()),
            }),
        }
    }

    fn spot(&self, record: &Record<'_>) -> Option<Spot> {
        let (latitude_degrees, longitude_degrees) = record.point()?;
        let city = record.city();
        let region = record.region();
        let radius_km = match record.radius_km() {
            Some(radius) => radius.max(LEAST_RADIUS_KM),
            None if city.is_some() => CITY_RADIUS_KM,
            None if region.is_some() => REGION_RADIUS_KM,
            // The middle of a country, which the country tells better.
            None => return None,
        };
        Some(Spot {
            latitude_degrees,
            longitude_degrees,
            radius_km,
            city: city.map(|city| self.words.shared(city)),
            region: region.map(|region| self.words.shared(region)),
        })
    }

    fn not_sound(&self, source: MaxMindDbError) -> DatabaseError {
        DatabaseError::NotSound {
            name: Arc::clone(&self.name),
            source,
        }
    }
}

/// A file for both families keeps IPv4 as the first 32 bits of IPv6.
fn ends(first: IpAddr, last: IpAddr) -> (IpAddr, IpAddr) {
    match (first, last) {
        (IpAddr::V6(first), IpAddr::V6(last)) if is_v4(first) && is_v4(last) => {
            let v4 = |address: Ipv6Addr| IpAddr::V4(Ipv4Addr::from(address.to_bits() as u32));
            (v4(first), v4(last))
        }
        ends => ends,
    }
}

fn is_v4(address: Ipv6Addr) -> bool {
    address.to_bits() >> 32 == 0
}
