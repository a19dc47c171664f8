//! The rules of a tenant by the time from which they count, kept so that a change is never for what was judged before.

use super::DetectionError;
use detect::{RuleBook, Rules};
use model::tenant::TenantId;
use model::time::Timestamp;
use store::control::{ControlStore, DetectionSnapshot};

/// The snapshot with the book.
const NAME: &str = "rules";
/// How it is written.
const VERSION: u32 = 1;

/// The book of a tenant with these rules as the newest, kept so. If they are others than before, they count for sign-ins from now on; for a
/// tenant that was never judged, for all.
pub(super) fn open(
    control: &dyn ControlStore,
    tenant: TenantId,
    rules: &Rules,
    now: Timestamp,
) -> Result<RuleBook, DetectionError> {
    let (book, is_kept) = read(control, tenant, rules, now)?;
    if !is_kept {
        keep(control, tenant, &book, now)?;
    }
    Ok(book)
}

/// The same without keeping it, for whoever only looks; and whether it is what is kept.
pub(super) fn read(
    control: &dyn ControlStore,
    tenant: TenantId,
    rules: &Rules,
    now: Timestamp,
) -> Result<(RuleBook, bool), DetectionError> {
    let Some(kept) = control.detection_snapshot(tenant, NAME, Some(VERSION))? else {
        return Ok((RuleBook::of(rules.clone()), false));
    };
    let mut book: RuleBook = serde_json::from_slice(&kept.bytes).map_err(|error| refused(&error))?;
    let is_kept = !book.change(rules.clone(), now);
    Ok((book, is_kept))
}

/// Keeps a book.
pub(super) fn keep(
    control: &dyn ControlStore,
    tenant: TenantId,
    book: &RuleBook,
    now: Timestamp,
) -> Result<(), DetectionError> {
    let bytes = serde_json::to_vec(book).map_err(|error| refused(&error))?;
    let snapshot = DetectionSnapshot {
        name: NAME.to_owned(),
        version: VERSION,
        as_of: now,
        bytes,
    };
    Ok(control.put_detection_snapshot(tenant, &snapshot)?)
}

fn refused(error: &serde_json::Error) -> DetectionError {
    DetectionError::Snapshot {
        name: NAME.to_owned(),
        reason: error.to_string(),
    }
}
