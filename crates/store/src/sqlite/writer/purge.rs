//! Freeing a month: its totals first, then its file, which goes when nobody waits for it.

use super::WriterThread;
use crate::error::StoreError;
use crate::events::{MonthInfo, Purge};
use crate::sqlite::catalogue;
use crate::sqlite::tenant::{Tenant, move_away};
use model::time::Timestamp;
use std::sync::Arc;

impl WriterThread {
    /// The totals go to the catalogue first: from then on the month is purged, whatever fails after it, and a start throws
    /// its file away. Then every connection closes, and the file is renamed away. Taking its room back may last as long as a
    /// thousand commits, so another thread does that: this one writes for many tenants, and the gate keeps readers out.
    pub(super) fn purge(
        &mut self,
        tenant: &Tenant,
        seen: &MonthInfo,
        now: Timestamp,
    ) -> Result<Purge, StoreError> {
        let month = seen.month;
        let shared = Arc::clone(&self.shared);
        let Some(_no_backup) = shared.backups.hold_off() else {
            return Ok(Purge::BackupUnderWay);
        };
        let _alone = tenant.purge_gate();
        if tenant.is_purged(month) {
            shared.leaving.take(move_away(&tenant.folder, month)?);
            return Ok(Purge::Freed);
        }
        match tenant.month_infos().iter().find(|stored| stored.month == month) {
            None => return Ok(Purge::NotThere),
            Some(stored) if stored != seen => return Ok(Purge::WrittenSince),
            Some(_) => {}
        }
        let writer = self.writer(tenant, month)?;
        let epoch = catalogue::take_over(tenant, month, now, &writer.connection)?;
        tenant.begin_epoch(epoch);
        tenant.forget(month);
        let checkpointed = writer
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = checkpointed {
            // On a full disk there is no room for it, and a purge is what makes room.
            tracing::warn!(
                "the purged {} goes without a checkpoint: {error}",
                writer.path.display()
            );
        }
        self.writers.remove(&(tenant.id, month));
        self.shared.partitions.close(tenant.id, month);
        if let Some(memory) = self.tenants.get_mut(&tenant.id) {
            memory.filters.remove(&month);
        }
        shared.leaving.take(move_away(&tenant.folder, month)?);
        Ok(Purge::Freed)
    }
}
