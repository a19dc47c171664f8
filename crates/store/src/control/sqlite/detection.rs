//! Detection's cursors and snapshots. Numbers of commits are kept by their bits: the column is signed.

use super::{SqliteControlStore, bytes, tenants, time};
use crate::control::ControlError;
use crate::control::detection::{
    DetectionCursor, DetectionGrounds, DetectionSnapshot, DetectionStore, KeptSubject,
};
use model::tenant::TenantId;
use model::time::Timestamp;
use rusqlite::{OptionalExtension, params};

impl DetectionStore for SqliteControlStore {
    fn detection_cursor(&self, tenant: TenantId) -> Result<Option<DetectionCursor>, ControlError> {
        self.connection()
            .query_row(
                "SELECT epoch, seq FROM detection_cursors WHERE tenant = ?1",
                [bytes(&tenant.guid())],
                |row| {
                    Ok(DetectionCursor {
                        epoch: row.get::<_, i64>(0)?.cast_unsigned(),
                        commit: row.get::<_, i64>(1)?.cast_unsigned(),
                    })
                },
            )
            .optional()
            .map_err(ControlError::while_trying("read the cursor of detection"))
    }

    fn put_detection_cursor(&self, tenant: TenantId, cursor: DetectionCursor) -> Result<(), ControlError> {
        let doing = "remember the cursor of detection";
        // It moves with every batch, and nothing that is remembered depends on it.
        self.change_forgetting(
            doing,
            |transaction| {
                tenants::must_exist(transaction, tenant)?;
                transaction
                    .execute(
                        "INSERT INTO detection_cursors (tenant, epoch, seq) VALUES (?1, ?2, ?3)
                         ON CONFLICT (tenant) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
                        params![
                            bytes(&tenant.guid()),
                            cursor.epoch.cast_signed(),
                            cursor.commit.cast_signed()
                        ],
                    )
                    .map_err(ControlError::while_trying(doing))?;
                Ok(())
            },
            |_| {},
        )
    }

    fn detection_snapshot(
        &self,
        tenant: TenantId,
        name: &str,
        version: Option<u32>,
    ) -> Result<Option<DetectionSnapshot>, ControlError> {
        self.connection()
            .query_row(
                "SELECT version, as_of, bytes FROM detection_snapshots
                 WHERE tenant = ?1 AND name = ?2 AND (?3 IS NULL OR version = ?3) ORDER BY version DESC LIMIT 1",
                params![bytes(&tenant.guid()), name, version],
                |row| {
                    Ok(DetectionSnapshot {
                        name: name.to_owned(),
                        version: row.get(0)?,
                        as_of: time(row, 1)?,
                        bytes: row.get(2)?,
                    })
                },
            )
            .optional()
            .map_err(ControlError::while_trying("read the snapshot of detection"))
    }

    fn put_detection_snapshot(
        &self,
        tenant: TenantId,
        snapshot: &DetectionSnapshot,
    ) -> Result<(), ControlError> {
        let doing = "keep the snapshot of detection";
        self.change_forgetting(
            doing,
            |transaction| {
                tenants::must_exist(transaction, tenant)?;
                transaction
                    .execute(
                        "INSERT INTO detection_snapshots (tenant, name, version, as_of, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT (tenant, name, version) DO UPDATE SET as_of = excluded.as_of, bytes = excluded.bytes",
                        params![
                            bytes(&tenant.guid()),
                            snapshot.name,
                            snapshot.version,
                            snapshot.as_of.ticks(),
                            snapshot.bytes
                        ],
                    )
                    .map_err(ControlError::while_trying(doing))?;
                Ok(())
            },
            |_| {},
        )
    }

    fn remove_detection_snapshots(
        &self,
        tenant: TenantId,
        name: &str,
        below: u32,
    ) -> Result<u64, ControlError> {
        let doing = "remove snapshots of detection";
        self.change_forgetting(
            doing,
            |transaction| {
                let removed = transaction
                    .execute(
                        "DELETE FROM detection_snapshots WHERE tenant = ?1 AND name = ?2 AND version < ?3",
                        params![bytes(&tenant.guid()), name, below],
                    )
                    .map_err(ControlError::while_trying(doing))?;
                Ok(removed as u64)
            },
            |_| {},
        )
    }

    fn detection_subject(&self, tenant: TenantId, name: &str) -> Result<Option<Vec<u8>>, ControlError> {
        self.subjects.get(tenant, name)
    }

    fn put_detection_subjects(
        &self,
        tenant: TenantId,
        grounds: DetectionGrounds,
        now: Timestamp,
        subjects: &[KeptSubject],
    ) -> Result<(), ControlError> {
        self.subjects.put(tenant, grounds, now, subjects)?;
        // It may have been deleted meanwhile; whoever does that afterwards removes them.
        let exists = tenants::must_exist(&self.connection(), tenant);
        if exists.is_err() {
            self.subjects.clear(tenant)?;
        }
        exists
    }

    fn retain_detection_subjects(
        &self,
        tenant: TenantId,
        grounds: DetectionGrounds,
    ) -> Result<(), ControlError> {
        self.subjects.retain(tenant, grounds)
    }

    fn clear_detection_subjects(&self, tenant: TenantId) -> Result<(), ControlError> {
        self.subjects.clear(tenant)
    }
}
