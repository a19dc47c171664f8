//! What callers and writing threads share: tenants that are loaded, and how writing went.

use super::tenant::Tenant;
use super::{CommitPoint, Shared, lock, removed};
use crate::error::StoreError;
use crate::folder::make_private_folder_while_running;
use model::tenant::TenantId;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

impl Shared {
    /// A tenant that has a folder.
    pub(super) fn tenant(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, StoreError> {
        if let Some(tenant) = self
            .tenants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
        {
            return Ok(Some(Arc::clone(tenant)));
        }
        let folder = self.tenants_folder.join(id.to_string());
        if !folder.is_dir() {
            return Ok(None);
        }
        self.load(id, folder).map(Some)
    }

    pub(super) fn tenant_for_writing(&self, id: TenantId) -> Result<Arc<Tenant>, StoreError> {
        if let Some(tenant) = self.tenant(id)? {
            return Ok(tenant);
        }
        if removed::is_removed(&self.tenants_folder, id) {
            return Err(StoreError::TenantGone {
                tenant: id.to_string(),
            });
        }
        let folder = self.tenants_folder.join(id.to_string());
        make_private_folder_while_running(&folder)?;
        self.load(id, folder)
    }

    pub(super) fn load(&self, id: TenantId, folder: PathBuf) -> Result<Arc<Tenant>, StoreError> {
        let _alone = lock(&self.loading);
        if let Some(tenant) = self
            .tenants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
        {
            return Ok(Arc::clone(tenant));
        }
        let tenant = Arc::new(Tenant::load(id, folder, &self.partitions, &self.leaving)?);
        self.tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&tenant));
        Ok(tenant)
    }

    pub(super) fn wrote(&self, failure: Option<StoreError>) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        if let Some(failure) = &failure {
            tracing::error!("a batch could not be stored: {failure}");
        }
        *lock(&self.write_failure) = failure.map(|failure| failure.to_string());
    }

    pub(super) fn reached(&self, point: CommitPoint) {
        if let Some(reached) = self.reached {
            reached(point);
        }
    }
}
