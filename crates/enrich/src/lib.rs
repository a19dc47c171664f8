//! What is known of a network address at a moment: country, place, network, and the lists that name it. Pure: all data
//! come in as bytes, all time as arguments.

pub mod address;
mod ages;
mod countries;
mod databases;
mod enrichment;
mod index;
mod lists;

pub use ages::{MAX_PLACES_AGE_DAYS, MaxAges, is_place_stale};
pub use countries::{CountryTable, CountryTableBuilder, TableError};
pub use databases::{CITY_RADIUS_KM, Database, DatabaseError, REGION_RADIUS_KM};
pub use enrichment::{Enrichment, Parts};
pub use lists::{Entry, List, ListError, ListProblem, MAX_EDITIONS, MAX_ENTRIES};
