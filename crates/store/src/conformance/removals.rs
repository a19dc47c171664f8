//! The case about tenants that are removed.

use super::Opened;
use super::trial::{Trial, ensure, equal, query, told};
use crate::error::StoreError;
use crate::events::Removal;
use model::tenant::TenantId;
use uuid::Uuid;

/// What is removed is gone for reading and writing, also after a start; another tenant notices nothing, and a tenant of the same
/// id that is admitted later begins with nothing, in an epoch that page tokens of before do not name.
pub(super) fn removing(trial: &Trial) -> Result<(), String> {
    let other = Trial {
        tenant: TenantId::new(Uuid::from_u128(trial.tenant.guid().as_u128() + 1)),
        folder: trial.folder.clone(),
        open: trial.open,
    };
    let opened = trial.open();
    let remove = |opened: &Opened| {
        let removed = opened.store.remove_tenant(trial.tenant);
        removed.map_err(|error| error.to_string())
    };
    equal("a tenant without events", remove(&opened)?, Removal::NotThere)?;
    for trial in [trial, &other] {
        trial.append(&opened, &[told(1, "2017-04-10", 1), told(2, "2017-05-11", 1)])?;
    }
    let epoch = epoch(trial, &opened)?;
    {
        let _backup = opened.store.begin_backup().map_err(|error| error.to_string())?;
        equal(
            "a tenant while a backup is taken",
            remove(&opened)?,
            Removal::BackupUnderWay,
        )?;
        equal("its rows", trial.all_rows(&opened, &query(10))?.len(), 2)?;
    }
    equal("a tenant with events", remove(&opened)?, Removal::Removed)?;
    equal("the same again", remove(&opened)?, Removal::NotThere)?;
    nothing_is_left(trial, &opened)?;
    equal("rows of the other", other.all_rows(&opened, &query(10))?.len(), 2)?;
    drop(opened);
    let opened = trial.open();
    nothing_is_left(trial, &opened)?;
    equal(
        "rows of the other after a start",
        other.all_rows(&opened, &query(10))?.len(),
        2,
    )?;
    let admit = |tenant| {
        opened
            .store
            .admit_tenant(tenant)
            .map_err(|error| error.to_string())
    };
    admit(trial.tenant)?;
    admit(trial.tenant)?;
    admit(other.tenant)?;
    ensure(self::epoch(trial, &opened)? > epoch, || {
        "its second life began no epoch".to_owned()
    })?;
    trial.append(&opened, &[told(3, "2017-04-12", 1)])?;
    equal(
        "rows of its second life",
        trial.all_rows(&opened, &query(10))?.len(),
        1,
    )?;
    equal("rows of the other", other.all_rows(&opened, &query(10))?.len(), 2)
}

fn nothing_is_left(trial: &Trial, opened: &Opened) -> Result<(), String> {
    let store = &opened.store;
    let (tenant, failed) = (trial.tenant, |error: StoreError| error.to_string());
    equal("rows", trial.all_rows(opened, &query(10))?.len(), 0)?;
    equal("the ledger", store.ledger(tenant).map_err(failed)?.len(), 0)?;
    equal("months", store.months(tenant).map_err(failed)?.len(), 0)?;
    equal("totals", store.report_totals(tenant).map_err(failed)?.len(), 0)?;
    let listed = store.tenants().map_err(failed)?.contains(&tenant);
    ensure(!listed, || "it is still listed".to_owned())?;
    let refused = trial.append(opened, &[told(4, "2017-04-13", 1)]).err();
    let expected = StoreError::TenantGone {
        tenant: tenant.to_string(),
    };
    equal(
        "what is said of events for it",
        refused,
        Some(expected.to_string()),
    )
}

fn epoch(trial: &Trial, opened: &Opened) -> Result<u64, String> {
    opened
        .store
        .epoch(trial.tenant)
        .map_err(|error| error.to_string())
}
