//! The embedded store passes the suite, also behind a carrier that repeats, cuts up and shuffles.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use model::batch::{Batch, FragmentDraft, Subject};
use model::identity::{EventKey, Kind};
use model::query::Query;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use std::path::Path;
use std::sync::Arc;
use store::conformance::{Delivery, Opened, run};
use store::error::StoreError;
use store::events::{
    Appended, BackupSource, Change, CheckReport, Content, EventStore, Fragment, Health, Kept, Lease,
    LedgerLine, MonthInfo, Near, Newest, Page, Purge, Removal, ReportTotal, Reprojected, Reprojection,
    StoredEvent, Unassembled,
};
use store::folder::DataFolder;
use store::ledger::{
    Closing, GivenUp, HourOf, ImportedFile, Keeping, Proof, SourceFacts, SourceHour, SourceLedger, ToldGap,
};
use store::sqlite::Options;

fn open_sqlite(path: &Path) -> Opened {
    let folder = DataFolder::open(path).unwrap();
    let store = store::open(
        &folder,
        Options {
            open_partitions: 2,
            ..Options::default()
        },
    )
    .unwrap();
    Opened {
        store,
        hold: Box::new(folder),
    }
}

fn open_unruly(path: &Path) -> Opened {
    let opened = open_sqlite(path);
    Opened {
        store: Arc::new(Unruly(opened.store)),
        hold: opened.hold,
    }
}

fn check(open: fn(&Path) -> Opened, delivery: Delivery) {
    let folder = tempfile::tempdir().unwrap();
    let failures = run(folder.path(), open, delivery);
    let told: Vec<String> = failures
        .iter()
        .map(|failure| format!("{}\n    {}", failure.case, failure.reason))
        .collect();
    assert!(
        failures.is_empty(),
        "{} cases failed:\n  {}",
        failures.len(),
        told.join("\n  ")
    );
}

#[test]
fn the_embedded_store_does_what_every_store_must() {
    check(open_sqlite, Delivery::Exact);
}

#[test]
fn it_does_so_behind_a_carrier_that_repeats_cuts_up_and_shuffles() {
    check(open_unruly, Delivery::Unruly);
}

/// Does to every batch what networks and queues do: its events come one by one, last first, the earlier half twice, and
/// the first again at the end.
struct Unruly(Arc<dyn EventStore>);

impl EventStore for Unruly {
    fn lease(&self, tenant: TenantId) -> Result<Lease, StoreError> {
        self.0.lease(tenant)
    }

    fn append(&self, lease: &Lease, batch: Batch) -> Result<Appended, StoreError> {
        let mut order: Vec<usize> = (0..batch.events.len()).rev().collect();
        order.extend(0..batch.events.len() / 2);
        order.push(0);
        for index in order {
            let Some(event) = batch.events.get(index) else {
                continue;
            };
            self.0.append(
                lease,
                Batch {
                    events: vec![event.clone()],
                    ..batch.clone()
                },
            )?;
        }
        self.0.append(lease, batch)
    }

    fn keep_fragments(
        &self,
        lease: &Lease,
        source: &str,
        arrived: Timestamp,
        fragments: Vec<FragmentDraft>,
    ) -> Result<Vec<Kept>, StoreError> {
        let reversed = fragments.iter().rev().cloned().collect();
        self.0.keep_fragments(lease, "another", arrived, reversed)?;
        self.0.keep_fragments(lease, source, arrived, fragments)
    }

    fn fragments_of(&self, tenant: TenantId, format: &str, whole: &str) -> Result<Vec<Fragment>, StoreError> {
        self.0.fragments_of(tenant, format, whole)
    }

    fn forget_fragments(
        &self,
        lease: &Lease,
        format: &str,
        whole: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.forget_fragments(lease, format, whole, now)?;
        self.0.forget_fragments(lease, format, whole, now)
    }

    fn unassembled(&self, tenant: TenantId) -> Result<Vec<Unassembled>, StoreError> {
        self.0.unassembled(tenant)
    }

    fn scan_onto(&self, tenant: TenantId, query: &Query, head: Vec<u8>) -> Result<Page, StoreError> {
        self.0.scan_onto(tenant, query, head)
    }

    fn remove_tenant(&self, tenant: TenantId) -> Result<Removal, StoreError> {
        self.0.remove_tenant(tenant)
    }

    fn admit_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.0.admit_tenant(tenant)
    }

    fn winners(
        &self,
        tenant: TenantId,
        month: Month,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, StoredEvent)>, StoreError> {
        self.0.winners(tenant, month, after, limit)
    }

    fn reproject(
        &self,
        lease: &Lease,
        month: Month,
        projected: Vec<Reprojection>,
        now: Timestamp,
    ) -> Result<Reprojected, StoreError> {
        self.0.reproject(lease, month, projected, now)
    }

    fn uncounted(&self, tenant: TenantId) -> Result<Vec<Month>, StoreError> {
        self.0.uncounted(tenant)
    }

    fn end_rebuild(
        &self,
        lease: &Lease,
        month: Month,
        all_counted: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0.end_rebuild(lease, month, all_counted, now)
    }

    fn is_at_hand(&self, tenant: TenantId) -> bool {
        self.0.is_at_hand(tenant)
    }

    fn snapshot(&self, tenant: TenantId) -> Result<u64, StoreError> {
        self.0.snapshot(tenant)
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
        self.0.history_of_kinds(tenant, subject, kinds, from, to, limit)
    }

    fn newest(
        &self,
        tenant: TenantId,
        subject: &Subject,
        asked: &Newest<'_>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.newest(tenant, subject, asked)
    }

    fn events(
        &self,
        tenant: TenantId,
        wanted: &[(EventKey, Timestamp)],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.events(tenant, wanted)
    }

    fn contents(&self, tenant: TenantId, key: &EventKey, near: Near<'_>) -> Result<Vec<Content>, StoreError> {
        self.0.contents(tenant, key, near)
    }

    fn changes(&self, tenant: TenantId, since: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.0.changes(tenant, since, limit)
    }

    fn report_totals(&self, tenant: TenantId) -> Result<Vec<ReportTotal>, StoreError> {
        self.0.report_totals(tenant)
    }

    fn ledger(&self, tenant: TenantId) -> Result<Vec<LedgerLine>, StoreError> {
        self.0.ledger(tenant)
    }

    fn months(&self, tenant: TenantId) -> Result<Vec<MonthInfo>, StoreError> {
        self.0.months(tenant)
    }

    fn epoch(&self, tenant: TenantId) -> Result<u64, StoreError> {
        self.0.epoch(tenant)
    }

    fn purge(&self, tenant: TenantId, seen: &MonthInfo, now: Timestamp) -> Result<Purge, StoreError> {
        self.0.purge(tenant, seen, now)
    }

    fn begin_backup(&self) -> Result<BackupSource, StoreError> {
        self.0.begin_backup()
    }

    fn check(&self, tenant: TenantId) -> Result<CheckReport, StoreError> {
        self.0.check(tenant)
    }

    fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.0.tenants()
    }

    fn health(&self) -> Health {
        self.0.health()
    }
}

impl SourceLedger for Unruly {
    fn source_hours(
        &self,
        tenant: TenantId,
        source: &str,
        by: HourOf,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<SourceHour>, StoreError> {
        self.0.source_hours(tenant, source, by, before, limit)
    }

    fn source_facts(&self, tenant: TenantId, only: Option<&str>) -> Result<Vec<SourceFacts>, StoreError> {
        self.0.source_facts(tenant, only)
    }

    fn tell_gap(&self, lease: &Lease, gap: ToldGap) -> Result<Keeping, StoreError> {
        self.0.tell_gap(lease, gap.clone())?;
        self.0.tell_gap(lease, gap)
    }

    fn close_gap(
        &self,
        lease: &Lease,
        closing: Closing,
        given_up: Option<GivenUp>,
    ) -> Result<Keeping, StoreError> {
        self.0.close_gap(lease, closing.clone(), given_up.clone())?;
        self.0.close_gap(lease, closing, given_up)
    }

    fn note_import(&self, lease: &Lease, import: ImportedFile) -> Result<(), StoreError> {
        self.0.note_import(lease, import)
    }

    fn imports(&self, tenant: TenantId, limit: usize) -> Result<Vec<ImportedFile>, StoreError> {
        self.0.imports(tenant, limit)
    }

    fn prove(&self, tenant: TenantId) -> Result<Proof, StoreError> {
        self.0.prove(tenant)
    }
}
