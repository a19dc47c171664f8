//! Rows of a month made anew between two batches.

use super::{Ending, ReprojectJob, WriterThread};
use crate::error::StoreError;
use crate::events::Reprojected;
use crate::sqlite::catalogue;
use crate::sqlite::tenant::CATALOGUE_FILE;

impl WriterThread {
    /// One commit of what a stretch of events is to show.
    pub(super) fn reproject(&mut self, job: &ReprojectJob) -> Result<Reprojected, StoreError> {
        let (tenant, month) = (&job.tenant, job.month);
        if !tenant.months().iter().any(|(stored, _)| *stored == month) {
            return Ok(Reprojected::default());
        }
        let seq = tenant.published() + 1;
        let name = (tenant.id, month);
        self.writer(tenant, month)?;
        let Some((writer, _)) = self.writers.get_mut(&name) else {
            return Err(StoreError::Closing);
        };
        let committed = writer.commit(seq, job.now, |commit| {
            let mut sum = Reprojected::default();
            for projection in &job.projected {
                commit.reproject(projection, &mut sum)?;
            }
            if job.ending == (Ending::Ends { all_counted: true }) {
                commit.note_counted()?;
            }
            Ok(sum)
        });
        match committed {
            Ok((sum, state)) => {
                tenant.wrote(month, state);
                tenant.publish(seq);
                if job.ending != Ending::GoesOn {
                    let path = tenant.folder.join(CATALOGUE_FILE);
                    tenant.begin_epoch(catalogue::raise_epoch(&path, tenant.id, 0)?);
                }
                self.shared.wrote(None);
                Ok(sum)
            }
            Err(error) => {
                self.writers.remove(&name);
                tenant.publish(seq);
                self.shared.wrote(Some(error.clone()));
                Err(error)
            }
        }
    }
}
