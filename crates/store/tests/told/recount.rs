//! What recounts in SQL share: a store that was brought batches, and its rows as they lie in the month files.

use super::tenant;
use model::batch::{Batch, EventDraft, Lateness};
use model::time::Timestamp;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::events::EventStore;
use store::folder::DataFolder;
use store::sqlite::Options;

/// A store, in memory where there is such a folder; gone when this is dropped.
pub(crate) struct Brought {
    pub(crate) store: Arc<dyn EventStore>,
    months: PathBuf,
    _folder: DataFolder,
    _parent: tempfile::TempDir,
}

impl Brought {
    /// A store to which these batches came, one after the other.
    pub(crate) fn of(batches: impl Iterator<Item = Vec<EventDraft>>) -> Brought {
        let parent = if Path::new("/dev/shm").is_dir() {
            "/dev/shm"
        } else {
            "."
        };
        let parent = tempfile::tempdir_in(parent).unwrap();
        let folder = DataFolder::open(&parent.path().join("data")).unwrap();
        let store = store::open(&folder, Options::default()).unwrap();
        let lease = store.lease(tenant()).unwrap();
        for events in batches {
            let batch = Batch {
                tenant: tenant(),
                source: "test".to_owned(),
                arrived: Timestamp::from_unix_seconds(1_500_000_000),
                lateness: Lateness::NotCounted,
                events,
                ignored: 0,
                rejected: 0,
                sequence: None,
                error: None,
            };
            store.append(&lease, batch).unwrap();
        }
        Brought {
            store,
            months: folder.path().join("tenants").join(tenant().to_string()),
            _folder: folder,
            _parent: parent,
        }
    }

    /// The latest version of each row of all months in one table: its name and columns, what each column is of `report`, `time` and
    /// `json`, and which rows.
    pub(crate) fn rows(&self, table: &str, columns: &str, values: &str, which: &str) -> Connection {
        let all = Connection::open_in_memory().unwrap();
        all.execute_batch(&format!("CREATE TABLE {table}({columns})"))
            .unwrap();
        for entry in std::fs::read_dir(&self.months).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_none_or(|extension| extension != "db") || name == "catalogue.db" {
                continue;
            }
            all.execute("ATTACH ?1 AS month", [path.to_str().unwrap()])
                .unwrap();
            all.execute_batch(&format!(
                "INSERT INTO {table} SELECT {values}
                 FROM (SELECT report, time, CAST(json AS TEXT) AS json,
                        row_number() OVER (PARTITION BY report, time, key ORDER BY seq DESC) AS age FROM month.rows)
                 WHERE age = 1 AND json IS NOT NULL AND {which};
                 DETACH month;"
            ))
            .unwrap();
        }
        all
    }

    /// The store's own check finds nothing.
    pub(crate) fn assert_sound(&self) {
        let report = self.store.check(tenant()).unwrap();
        assert!(report.faults.is_empty(), "{}", report.faults.join("\n"));
    }
}
