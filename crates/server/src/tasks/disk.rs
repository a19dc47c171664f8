//! Tries now and then whether the data folder can still be written, so that `/readyz` knows before the next upload does.

use crate::app::App;
use crate::health::Check;
use crate::run::Stop;
use prometheus_client::metrics::gauge::Gauge;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(10);
/// As much as the smallest commit needs; a disk with less room is full.
const PROBE_BYTES: usize = 256 << 10;

/// What is measured of the store.
struct Gauges {
    waiting_batches: Gauge,
    open_partitions: Gauge,
    write_failed: Gauge,
}

pub(super) async fn run(app: Arc<App>, check: Check, stop: Stop) {
    let metrics = &app.metrics;
    let gauges = Gauges {
        waiting_batches: metrics.gauge("gatelog_store_waiting_batches", "Batches that wait to be written"),
        open_partitions: metrics.gauge("gatelog_store_open_partitions", "Month files open for reading"),
        write_failed: metrics.gauge(
            "gatelog_store_write_failed",
            "1 while the last batch could not be stored",
        ),
    };
    loop {
        let folder = app.config().data.folder.clone();
        match tokio::task::spawn_blocking(move || probe(&folder)).await {
            Ok(Ok(())) => check.passes(),
            Ok(Err(error)) => check.fails(format!("the data folder cannot be written: {error}; reads go on")),
            Err(panic) => check.fails(format!("the data folder could not be tried: {panic}")),
        }
        let health = app.events.health();
        gauges.waiting_batches.set(health.waiting_batches as i64);
        gauges.open_partitions.set(health.open_partitions as i64);
        gauges.write_failed.set(i64::from(health.write_failure.is_some()));
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.asked() => return,
        }
    }
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(".probe");
    let mut file = File::create(&path)?;
    let written = file
        .write_all(&vec![0; PROBE_BYTES])
        .and_then(|()| file.sync_data());
    drop(file);
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_takes_a_file_is_sound_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        probe(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_gone_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(probe(&folder.path().join("gone")).is_err());
    }
}
