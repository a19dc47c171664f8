//! Removing a tenant: nobody writes or reads it any more, then its folder leaves.

use super::WriterThread;
use crate::error::StoreError;
use crate::events::Removal;
use crate::sqlite::removed;
use crate::sqlite::tenant::Tenant;
use std::sync::{Arc, PoisonError};

impl WriterThread {
    /// The mark first: from then on the tenant is gone, whatever fails after it, and a start takes its folder away. Then every
    /// connection closes, and the folder is renamed. As with a freed month, taking the room back is another thread's work.
    pub(super) fn remove(&mut self, tenant: &Tenant) -> Result<Removal, StoreError> {
        let shared = Arc::clone(&self.shared);
        let Some(_no_backup) = shared.backups.hold_off() else {
            return Ok(Removal::BackupUnderWay);
        };
        let _alone = tenant.purge_gate();
        // Whoever looks for the tenant on the disk waits until its folder has left.
        let _no_loading = shared.loading.lock().unwrap_or_else(PoisonError::into_inner);
        removed::mark(&shared.tenants_folder, tenant.id, tenant.epoch() + 1)?;
        let months = tenant.months();
        tenant.remove();
        let mut tenants = shared.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.remove(&tenant.id);
        drop(tenants);
        self.writers.retain(|(owner, _), _| *owner != tenant.id);
        self.tenants.remove(&tenant.id);
        for (month, _) in months {
            shared.partitions.close(tenant.id, month);
        }
        shared
            .leaving
            .take(removed::move_away(&shared.tenants_folder, tenant.id)?);
        Ok(Removal::Removed)
    }
}
