//! Measures now and then what nobody counts as it happens: the size of the data, and the process.

use crate::app::App;
use crate::metrics::Measures;
use crate::routes::admin::{FinishedBackup, LAST_BACKUP_FILE};
use crate::run::Stop;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A thousand tenants have some ten thousand files to look at.
const EVERY: Duration = Duration::from_secs(30);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    let folder = app.config().data.folder.clone();
    if let Some(finished) = last_backup(&folder) {
        app.metrics.note_backup(finished);
    }
    loop {
        let looked_at = folder.clone();
        match tokio::task::spawn_blocking(move || look(&looked_at)).await {
            Ok(measures) => app.metrics.measured(&measures),
            Err(panic) => tracing::error!("measuring ended in a panic: {panic}"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.asked() => return,
        }
    }
}

fn last_backup(folder: &Path) -> Option<i64> {
    let text = fs::read(folder.join(LAST_BACKUP_FILE)).ok()?;
    let backup: FinishedBackup = serde_json::from_slice(&text).ok()?;
    Some(backup.finished_seconds)
}

/// What cannot be read counts as nothing: a measure is no reason to fail.
fn look(folder: &Path) -> Measures {
    let mut measures = Measures::default();
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    measures.control_bytes = length(&folder.join("control.db"));
    measures.detection_bytes = length(&folder.join("detection.db"));
    measures.log_bytes = length(&folder.join("control.db-wal")) + length(&folder.join("detection.db-wal"));
    for tenant in entries(&folder.join("tenants")) {
        measures.tenants += 1;
        for path in entries(&tenant) {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            match name.rsplit_once('.') {
                Some(("catalogue", "db")) => measures.catalogue_bytes += length(&path),
                Some((_, "db")) => {
                    measures.months += 1;
                    measures.month_bytes += length(&path);
                }
                Some((_, "db-wal")) => measures.log_bytes += length(&path),
                _ => {}
            }
        }
    }
    measures.open_files = entries(Path::new("/proc/self/fd")).len() as u64;
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    measures.most_open_files = number_after(&limits, "Max open files");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    measures.resident_bytes = number_after(&status, "VmRSS:") * 1_024;
    measures
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// The first number after some words in a file of `/proc`.
fn number_after(text: &str, words: &str) -> u64 {
    let Some((_, rest)) = text.split_once(words) else {
        return 0;
    };
    rest.split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_for_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = folder.path().join("tenants/a");
        fs::create_dir_all(&tenant).unwrap();
        for (path, bytes) in [
            (folder.path().join("control.db"), 1),
            (folder.path().join("control.db-wal"), 2),
            (folder.path().join("detection.db"), 128),
            (folder.path().join("detection.db-wal"), 256),
            (tenant.join("catalogue.db"), 4),
            (tenant.join("2026-10.db"), 8),
            (tenant.join("2026-11.db"), 16),
            (tenant.join("2026-11.db-wal"), 32),
            (tenant.join("2026-11.db-shm"), 64),
        ] {
            fs::write(path, vec![0; bytes]).unwrap();
        }
        let measures = look(folder.path());
        let sizes = (
            measures.control_bytes,
            measures.detection_bytes,
            measures.catalogue_bytes,
            measures.month_bytes,
            measures.log_bytes,
        );
        assert_eq!(sizes, (1, 128, 4, 24, 290));
        assert_eq!((measures.tenants, measures.months), (1, 2));
    }

    #[test]
    fn the_process_has_open_files_a_limit_and_memory() {
        let measures = look(Path::new("/nowhere"));
        assert!(measures.open_files > 2, "{measures:?}");
        assert!(measures.most_open_files > measures.open_files, "{measures:?}");
        assert!(measures.resident_bytes > 1 << 20, "{measures:?}");
    }
}
