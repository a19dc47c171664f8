//! The embedded store: SQLite in WAL, a file for each tenant and month, written by few threads and read by many.

mod accounts;
mod append;
pub mod backup;
mod catalogue;
mod check;
mod filter;
mod fragments;
mod history;
mod leaving;
mod ledger;
mod lookup;
mod newer;
mod originals;
mod partition;
mod reads;
mod removed;
mod reproject;
mod scan;
mod schema;
mod shared;
mod tables;
mod tally;
mod tenant;
mod upgrade;
mod usage;
mod ways;
mod writer;

use crate::error::StoreError;
use crate::events::{
    Appended, BackupSource, Change, CheckReport, Content, EventStore, Fragment, Health, Kept, Lease,
    LedgerLine, MonthInfo, Near, Newest, Page, Purge, Removal, ReportTotal, Reprojected, Reprojection,
    StoredEvent, TenantFiles, Unassembled,
};
use crate::folder::{DataFolder, make_private_folder};
use append::PreparedEvent;
use crossbeam_channel::{Sender, TrySendError, bounded};
use leaving::Leaving;
use model::batch::{Batch, EventDraft, FragmentDraft, Subject};
use model::identity::{EventKey, Kind};
use model::query::Query;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use partition::Partitions;
pub use schema::SCHEMA_VERSION;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use tenant::Tenant;
pub use upgrade::{Outdated, outdated};
use writer::{AppendJob, Ending, Job, ReprojectJob};

/// How the embedded store is set up.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Month files that are open for reading at once.
    pub open_partitions: usize,
    /// Threads that write; a tenant always has the same one.
    pub writer_threads: usize,
    /// Called when a commit reaches a point where a kill would matter. For tests.
    pub reached: Option<fn(CommitPoint)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            open_partitions: 64,
            writer_threads: 2,
            reached: None,
        }
    }
}

/// Points of a commit at which a test may look at the disk or end the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitPoint {
    /// One month of a batch is durable; others may not be.
    BetweenMonths,
}

/// The embedded store.
pub struct SqliteEventStore {
    shared: Arc<Shared>,
    queues: Vec<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// What callers and writing threads share.
pub(crate) struct Shared {
    tenants_folder: PathBuf,
    tenants: RwLock<HashMap<TenantId, Arc<Tenant>>>,
    /// Held while a tenant is read from disk, so that two callers do not load it twice.
    loading: Mutex<()>,
    partitions: Partitions,
    leaving: Leaving,
    waiting: AtomicUsize,
    commits: AtomicU64,
    write_failure: Mutex<Option<String>>,
    backups: Arc<backup::UnderWay>,
    reached: Option<fn(CommitPoint)>,
}

impl SqliteEventStore {
    /// Opens the store below a data folder that the caller holds.
    pub fn open(folder: &DataFolder, options: Options) -> Result<SqliteEventStore, StoreError> {
        let tenants_folder = folder.path().join("tenants");
        make_private_folder(&tenants_folder)?;
        newer::refuse(&tenants_folder)?;
        let leaving = Leaving::start(folder.path())?;
        leaving.take(removed::left_behind(&tenants_folder)?);
        let shared = Arc::new(Shared {
            tenants_folder,
            tenants: RwLock::new(HashMap::new()),
            loading: Mutex::new(()),
            partitions: Partitions::new(options.open_partitions),
            leaving,
            waiting: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            write_failure: Mutex::new(None),
            backups: Arc::default(),
            reached: options.reached,
        });
        let mut queues = Vec::new();
        let mut threads = Vec::new();
        for number in 0..options.writer_threads.max(1) {
            let (sender, receiver) = bounded(writer::QUEUE_BATCHES);
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new()
                .name(format!("store-writer-{number}"))
                .spawn(move || writer::run(&shared, &receiver))
                .map_err(|error| StoreError::Folder {
                    path: folder.path().to_owned(),
                    reason: error.to_string(),
                })?;
            queues.push(sender);
            threads.push(thread);
        }
        Ok(SqliteEventStore {
            shared,
            queues,
            threads,
        })
    }

    fn send_reproject(
        &self,
        tenant: TenantId,
        month: Month,
        projected: Vec<Reprojection>,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Reprojected, StoreError> {
        let Some(loaded) = self.shared.tenant(tenant)? else {
            return Ok(Reprojected::default());
        };
        let (reply, answer) = bounded(1);
        let job = ReprojectJob {
            tenant: loaded,
            month,
            projected,
            ending,
            now,
            reply,
        };
        self.send(tenant, Job::Reproject(job))?;
        answer.recv().map_err(|_| StoreError::Closing)?
    }

    fn send(&self, tenant: TenantId, job: Job) -> Result<(), StoreError> {
        let queue = tenant.guid().as_u128() as usize % self.queues.len();
        match self.queues[queue].try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(StoreError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Closing),
        }
    }
}

impl Drop for SqliteEventStore {
    /// Waits until everything that was accepted is written.
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a writing thread of the store ended by a panic");
            }
        }
    }
}

impl EventStore for SqliteEventStore {
    fn lease(&self, tenant: TenantId) -> Result<Lease, StoreError> {
        Ok(Lease { tenant })
    }

    fn append(&self, lease: &Lease, batch: Batch) -> Result<Appended, StoreError> {
        if batch.tenant != lease.tenant {
            return Err(StoreError::NotOurs {
                path: self.shared.tenants_folder.clone(),
                tenant: lease.tenant.to_string(),
            });
        }
        let tenant = self.shared.tenant_for_writing(batch.tenant)?;
        let events = prepare(batch.events).map_err(|error| StoreError::Backend {
            path: tenant.folder.clone(),
            reason: error.to_string(),
        })?;
        let (reply, answer) = bounded(1);
        let job = AppendJob {
            tenant,
            source: batch.source,
            arrived: batch.arrived,
            lateness: batch.lateness,
            events,
            ignored: batch.ignored,
            rejected: batch.rejected,
            sequence: batch.sequence,
            error: batch.error,
            reply,
        };
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.send(lease.tenant, Job::Append(job)) {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        answer.recv().map_err(|_| StoreError::Closing)?
    }

    fn keep_fragments(
        &self,
        lease: &Lease,
        source: &str,
        arrived: Timestamp,
        fragments: Vec<FragmentDraft>,
    ) -> Result<Vec<Kept>, StoreError> {
        let tenant = self.shared.tenant_for_writing(lease.tenant)?;
        // A tenant that is being removed is not written to: its folder leaves while the gate is held alone.
        let _gate = tenant.read_gate();
        tenant.check()?;
        fragments::keep(&tenant, source, arrived, &fragments)
    }

    fn fragments_of(&self, tenant: TenantId, format: &str, whole: &str) -> Result<Vec<Fragment>, StoreError> {
        let Some(tenant) = self.shared.tenant(tenant)? else {
            return Ok(Vec::new());
        };
        let _gate = tenant.read_gate();
        let mut found = fragments::of(&tenant, format, whole)?;
        // Two sources may have brought the same part at once.
        found.dedup_by_key(|fragment| fragment.part);
        Ok(found)
    }

    fn forget_fragments(
        &self,
        lease: &Lease,
        format: &str,
        whole: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(tenant) = self.shared.tenant(lease.tenant)? else {
            return Ok(());
        };
        let _gate = tenant.read_gate();
        tenant.check()?;
        fragments::forget(&tenant, format, whole, now)
    }

    fn unassembled(&self, tenant: TenantId) -> Result<Vec<Unassembled>, StoreError> {
        let Some(tenant) = self.shared.tenant(tenant)? else {
            return Ok(Vec::new());
        };
        let _gate = tenant.read_gate();
        fragments::unassembled(&tenant)
    }

    fn scan_onto(&self, tenant: TenantId, query: &Query, head: Vec<u8>) -> Result<Page, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => scan::scan(&self.shared, &tenant, query, head),
            None => Ok(Page::of(head)),
        }
    }

    fn is_at_hand(&self, tenant: TenantId) -> bool {
        let tenants = self.shared.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let Some(tenant) = tenants.get(&tenant) else {
            return false;
        };
        tenant.is_free()
            && tenant
                .newest_month()
                .is_none_or(|month| self.shared.partitions.is_open(tenant.id, month))
    }

    fn snapshot(&self, tenant: TenantId) -> Result<u64, StoreError> {
        Ok(self.shared.tenant(tenant)?.map_or(0, |tenant| tenant.published()))
    }

    fn epoch(&self, tenant: TenantId) -> Result<u64, StoreError> {
        Ok(self
            .shared
            .tenant(tenant)?
            .map_or(catalogue::FIRST_EPOCH, |tenant| tenant.epoch()))
    }

    fn history_of_kinds(
        &self,
        tenant: TenantId,
        subject: &Subject,
        kinds: &[Kind],
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.history(&tenant, subject, kinds, (from, to), limit),
            None => Ok(Vec::new()),
        }
    }

    fn newest(
        &self,
        tenant: TenantId,
        subject: &Subject,
        asked: &Newest<'_>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.newest(&tenant, subject, asked),
            None => Ok(Vec::new()),
        }
    }

    fn events(
        &self,
        tenant: TenantId,
        wanted: &[(EventKey, Timestamp)],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.events(&tenant, wanted),
            None => Ok(Vec::new()),
        }
    }

    fn contents(&self, tenant: TenantId, key: &EventKey, near: Near<'_>) -> Result<Vec<Content>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.contents(&tenant, key, near),
            None => Ok(Vec::new()),
        }
    }

    fn changes(&self, tenant: TenantId, since: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.changes(&tenant, since, limit),
            None => Ok(Vec::new()),
        }
    }

    fn report_totals(&self, tenant: TenantId) -> Result<Vec<ReportTotal>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.report_totals(&tenant),
            None => Ok(Vec::new()),
        }
    }

    fn ledger(&self, tenant: TenantId) -> Result<Vec<LedgerLine>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.ledger(&tenant),
            None => Ok(Vec::new()),
        }
    }

    fn months(&self, tenant: TenantId) -> Result<Vec<MonthInfo>, StoreError> {
        Ok(self
            .shared
            .tenant(tenant)?
            .map(|tenant| tenant.month_infos())
            .unwrap_or_default())
    }

    fn purge(&self, tenant: TenantId, seen: &MonthInfo, now: Timestamp) -> Result<Purge, StoreError> {
        let Some(loaded) = self.shared.tenant(tenant)? else {
            return Ok(Purge::NotThere);
        };
        let (reply, answer) = bounded(1);
        self.send(
            tenant,
            Job::Purge {
                tenant: loaded,
                seen: *seen,
                now,
                reply,
            },
        )?;
        answer.recv().map_err(|_| StoreError::Closing)?
    }

    fn remove_tenant(&self, tenant: TenantId) -> Result<Removal, StoreError> {
        let Some(loaded) = self.shared.tenant(tenant)? else {
            return Ok(Removal::NotThere);
        };
        let (reply, answer) = bounded(1);
        self.send(
            tenant,
            Job::Remove {
                tenant: loaded,
                reply,
            },
        )?;
        answer.recv().map_err(|_| StoreError::Closing)?
    }

    fn admit_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        let _alone = lock(&self.shared.loading);
        removed::admit(&self.shared.tenants_folder, tenant)
    }

    fn begin_backup(&self) -> Result<BackupSource, StoreError> {
        // The hold first: what is listed afterwards stays.
        let hold = self.shared.backups.begin();
        let mut tenants = Vec::new();
        for id in self.tenants()? {
            let folder = self.shared.tenants_folder.join(id.to_string());
            tenants.push(TenantFiles {
                tenant: id.to_string(),
                files: backup::files_of(&folder)?,
            });
        }
        Ok(BackupSource {
            tenants,
            hold: Box::new(hold),
        })
    }

    fn winners(
        &self,
        tenant: TenantId,
        month: Month,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, StoredEvent)>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.winners(&tenant, month, after, limit),
            None => Ok(Vec::new()),
        }
    }

    fn reproject(
        &self,
        lease: &Lease,
        month: Month,
        projected: Vec<Reprojection>,
        now: Timestamp,
    ) -> Result<Reprojected, StoreError> {
        self.send_reproject(lease.tenant, month, projected, Ending::GoesOn, now)
    }

    fn uncounted(&self, tenant: TenantId) -> Result<Vec<Month>, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => self.shared.uncounted(&tenant),
            None => Ok(Vec::new()),
        }
    }

    fn end_rebuild(
        &self,
        lease: &Lease,
        month: Month,
        all_counted: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.send_reproject(lease.tenant, month, Vec::new(), Ending::Ends { all_counted }, now)
            .map(drop)
    }

    fn check(&self, tenant: TenantId) -> Result<CheckReport, StoreError> {
        match self.shared.tenant(tenant)? {
            Some(tenant) => check::check(&self.shared, &tenant),
            None => Ok(CheckReport::default()),
        }
    }

    fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        let folder = &self.shared.tenants_folder;
        let failure = |error: std::io::Error| StoreError::Folder {
            path: folder.clone(),
            reason: error.to_string(),
        };
        let mut tenants = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failure)? {
            tenants.extend(
                entry
                    .map_err(failure)?
                    .file_name()
                    .to_str()
                    .and_then(TenantId::parse),
            );
        }
        tenants.sort_unstable();
        Ok(tenants)
    }

    fn health(&self) -> Health {
        Health {
            write_failure: lock(&self.shared.write_failure).clone(),
            open_partitions: self.shared.partitions.count(),
            waiting_batches: self.shared.waiting.load(Ordering::Relaxed),
            commits: self.shared.commits.load(Ordering::Relaxed),
        }
    }
}

/// Compresses originals on the caller's thread, so that the one writer has little left to do.
fn prepare(drafts: Vec<EventDraft>) -> std::io::Result<Vec<PreparedEvent>> {
    let originals: Vec<&[u8]> = drafts.iter().map(|draft| draft.original.as_slice()).collect();
    let packed = originals::pack(&originals)?;
    let mut events = Vec::with_capacity(drafts.len());
    for (draft, original) in drafts.into_iter().zip(packed) {
        let mut subjects: Vec<i64> = draft.subjects.iter().map(Subject::number).collect();
        subjects.sort_unstable();
        subjects.dedup();
        events.push(PreparedEvent {
            key: draft.key,
            kind: draft.kind,
            time: draft.time,
            rank: draft.rank,
            format: draft.format,
            original,
            rows: draft.rows,
            subjects,
            usage: draft.usage,
        });
    }
    Ok(events)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
