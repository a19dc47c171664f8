//! What the catalogue gets of a group, and which numbers of uploads are known to be durable.

use super::{AppendJob, WriterThread};
use crate::error::StoreError;
use crate::sqlite::catalogue;
use crate::sqlite::ledger::lines::Additions;
use crate::sqlite::ledger::numbers::Bridging;
use crate::sqlite::tenant::Tenant;

impl WriterThread {
    /// Writes what no month's commit could carry.
    pub(super) fn write_catalogue(
        &mut self,
        tenant: &Tenant,
        mut additions: Additions,
    ) -> Result<(), StoreError> {
        let bridging = self.bridging();
        let memory = self.tenants.entry(tenant.id).or_default();
        additions.runs = memory.numbers.runs_with(&additions.received, bridging);
        match catalogue::count(tenant, &additions) {
            Ok(()) => memory.numbers.note(&additions.received),
            Err(error) => {
                memory.numbers.forget();
                return Err(error);
            }
        }
        Ok(())
    }

    /// A backup that begins after this was asked copies everything that is known to be durable by now.
    pub(super) fn bridging(&self) -> Bridging {
        if self.shared.backups.may_be_under_way() {
            Bridging::BackupUnderWay
        } else {
            Bridging::Allowed
        }
    }

    /// Reads once which numbers of the sources are durable.
    pub(super) fn load_numbers(&mut self, tenant: &Tenant, jobs: &[AppendJob]) -> Result<(), StoreError> {
        for job in jobs.iter().filter(|job| job.sequence.is_some()) {
            let memory = self.tenants.entry(tenant.id).or_default();
            if memory.numbers.knows(&job.source) {
                continue;
            }
            let found = self.shared.received(tenant, Some(&job.source))?;
            let numbers = found.into_values().next().unwrap_or_default();
            memory.numbers.learn(&job.source, numbers);
        }
        Ok(())
    }
}
