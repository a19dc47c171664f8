//! The ledger: what each source brought, written with the rows, and what is noted beside it.

pub(super) mod lines;
pub(super) mod notes;
pub(super) mod numbers;
pub(super) mod prove;
mod reads;

use super::SqliteEventStore;
use super::catalogue;
use super::writer::Job;
use crate::error::StoreError;
use crate::events::Lease;
use crate::ledger::{
    Closing, GivenUp, HourOf, ImportedFile, Keeping, Proof, SourceFacts, SourceHour, SourceLedger, ToldGap,
};
use crossbeam_channel::bounded;
use model::tenant::TenantId;
use model::time::Timestamp;
use notes::Note;

impl SourceLedger for SqliteEventStore {
    fn source_hours(
        &self,
        tenant: TenantId,
        source: &str,
        by: HourOf,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<SourceHour>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.source_hours(&tenant, source, by, before, limit),
            None => Ok(Vec::new()),
        }
    }

    fn source_facts(&self, tenant: TenantId, only: Option<&str>) -> Result<Vec<SourceFacts>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.source_facts(&tenant, only),
            None => Ok(Vec::new()),
        }
    }

    fn tell_gap(&self, lease: &Lease, gap: ToldGap) -> Result<Keeping, StoreError> {
        self.note(lease.tenant, Note::Told(gap))
    }

    fn close_gap(
        &self,
        lease: &Lease,
        closing: Closing,
        given_up: Option<GivenUp>,
    ) -> Result<Keeping, StoreError> {
        self.note(lease.tenant, Note::Closed(closing, given_up))
    }

    fn note_import(&self, lease: &Lease, import: ImportedFile) -> Result<(), StoreError> {
        self.note(lease.tenant, Note::Imported(import)).map(drop)
    }

    fn imports(&self, tenant: TenantId, limit: usize) -> Result<Vec<ImportedFile>, StoreError> {
        let Some(tenant) = self.shared.tenant(tenant)? else {
            return Ok(Vec::new());
        };
        let found = catalogue::read(&tenant, |connection| notes::imports(connection, limit))?;
        Ok(found.unwrap_or_default())
    }

    fn prove(&self, tenant: TenantId) -> Result<Proof, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => prove::prove(&self.shared, &tenant),
            None => Ok(Proof::default()),
        }
    }
}

impl SqliteEventStore {
    /// The tenant's one writing thread keeps it: the catalogue must not be written while its tenant is removed.
    fn note(&self, tenant: TenantId, note: Note) -> Result<Keeping, StoreError> {
        let loaded = self.shared.tenant_for_writing(tenant)?;
        let (reply, answer) = bounded(1);
        self.send(
            tenant,
            Job::Note {
                tenant: loaded,
                note,
                reply,
            },
        )?;
        answer.recv().map_err(|_| StoreError::Closing)?
    }
}
