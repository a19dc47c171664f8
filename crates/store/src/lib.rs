//! Keeps events, rows and everything that must survive: `EventStore` for what sources say, `ControlStore` for who may.

pub mod backup;
pub mod conformance;
pub mod control;
pub mod error;
pub mod events;
pub mod folder;
pub mod ledger;
pub mod sqlite;

use std::sync::Arc;

/// Opens the event store of a data folder: the one place where a backend is chosen.
pub fn open(
    folder: &folder::DataFolder,
    options: sqlite::Options,
) -> Result<Arc<dyn events::EventStore>, error::StoreError> {
    Ok(Arc::new(sqlite::SqliteEventStore::open(folder, options)?))
}
