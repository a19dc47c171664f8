//! Findings on their way into the store and out of it, whoever found them.

pub mod answer;
mod list;
mod page;

pub use list::{Asked, BadQuestion, NoAnswer, State};
pub(crate) use list::{SIX, View, list, one};
pub use page::PageToken;

use model::batch::{Batch, EventDraft, Lateness, Outcome, Subject};
use model::finding::Finding;
use model::identity::{EventKey, Kind};
use model::tenant::TenantId;
use model::time::Timestamp;
use sources::finding::{Judged, NotStorable, decode, draft, encode, key};
use std::collections::HashMap;
use store::error::StoreError;
use store::events::{EventStore, Near, StoredEvent};

/// The source of findings in the ledger. It is not that of the service's own events: those follow its people, findings follow
/// what was found, and each recounts by itself. Both are of the kind that has no habit and so no gap.
pub const SOURCE: &str = "detection";

/// Why findings could not be kept. What was kept before stays; keeping all again is safe.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// They could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of them cannot be.
    #[error(transparent)]
    Finding(#[from] NotStorable),
    /// What is stored cannot be read.
    #[error("the stored finding {key:?} cannot be read: {reason}")]
    Unreadable {
        /// Its identity.
        key: EventKey,
        /// Why.
        reason: String,
    },
}

/// What keeping findings came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Found for the first time.
    pub new: u64,
    /// Said otherwise than before: retracted, found again, or with other evidence.
    pub changed: u64,
    /// As they were kept; nothing was written.
    pub same: u64,
    /// Of months that were freed; nothing was written.
    pub purged: u64,
}

/// Keeps findings as they are judged now; answers once they are durable. A finding that says what is kept of it changes nothing, so
/// that judging again, as after a kill between this and the cursor, is harmless. Retracting what is retracted already changes
/// nothing, whatever the reason.
pub fn keep(
    store: &dyn EventStore,
    tenant: TenantId,
    findings: &[Finding],
    now: Timestamp,
) -> Result<Kept, KeepError> {
    let wanted: Vec<(EventKey, Timestamp)> = findings
        .iter()
        .map(|finding| (key(finding.id), finding.time))
        .collect();
    let standing: HashMap<EventKey, StoredEvent> = store
        .events(tenant, &wanted)?
        .into_iter()
        .map(|event| (event.key, event))
        .collect();
    let mut kept = Kept::default();
    let mut drafts = Vec::new();
    for finding in findings {
        let judged_at = match standing.get(&key(finding.id)) {
            Some(event) => {
                let Some(judged_at) = later_than(event, finding, now)? else {
                    kept.same += 1;
                    continue;
                };
                judged_at
            }
            // What is kept of it has another time, or nothing is.
            None => now,
        };
        drafts.push((finding, draft(finding, judged_at)?));
    }
    if drafts.is_empty() {
        return Ok(kept);
    }
    let outcomes = append(store, tenant, drafts.iter().map(|(_, draft)| draft.clone()), now)?;
    for ((finding, draft), outcome) in drafts.iter().zip(outcomes) {
        match outcome {
            Outcome::New => kept.new += 1,
            Outcome::Changed => kept.changed += 1,
            Outcome::Known => kept.same += 1,
            Outcome::Purged => kept.purged += 1,
        }
        if outcome == Outcome::Changed && !standing.contains_key(&draft.key) {
            win(store, tenant, finding, now)?;
        }
    }
    Ok(kept)
}

/// When a finding is judged that says something else than what is kept of it: later than that, whatever the clock says.
/// `None` if it says the same.
fn later_than(
    event: &StoredEvent,
    finding: &Finding,
    now: Timestamp,
) -> Result<Option<Timestamp>, KeepError> {
    let kept = judged(event)?;
    let is_same = encode(finding, kept.judged_at)? == event.original
        || (finding.retracted.is_some() && kept.finding.retracted.is_some());
    Ok((!is_same).then(|| now.max(kept.judged_at.plus_ticks(1))))
}

/// Sees to it that a content that was just kept is the one that counts: the clock may have been set back since the one before, whose
/// time was another.
fn win(store: &dyn EventStore, tenant: TenantId, finding: &Finding, now: Timestamp) -> Result<(), KeepError> {
    let subject = Subject::Finding(finding.id);
    let contents = store.contents(tenant, &key(finding.id), Near::Subject(&subject))?;
    let Some(winner) = contents.into_iter().find(|content| content.wins) else {
        return Ok(());
    };
    let Some(judged_at) = later_than(&winner.event, finding, now)? else {
        return Ok(());
    };
    append(store, tenant, std::iter::once(draft(finding, judged_at)?), now)?;
    Ok(())
}

fn append(
    store: &dyn EventStore,
    tenant: TenantId,
    events: impl Iterator<Item = EventDraft>,
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let batch = Batch {
        tenant,
        source: SOURCE.to_owned(),
        arrived: now,
        lateness: Lateness::NotCounted,
        events: events.collect(),
        ignored: 0,
        rejected: 0,
        sequence: None,
        error: None,
    };
    Ok(store.append(&store.lease(tenant)?, batch)?.outcomes)
}

/// What is kept of the findings of a person or an address whose time is in a range (both ends included), oldest first: those that
/// stand and those that were retracted.
pub fn of_subject(
    store: &dyn EventStore,
    tenant: TenantId,
    subject: &Subject,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Judged>, KeepError> {
    store
        .history_of_kinds(tenant, subject, &[Kind::Finding], from, to, usize::MAX)?
        .iter()
        .map(judged)
        .collect()
}

/// A stored finding.
fn judged(event: &StoredEvent) -> Result<Judged, KeepError> {
    decode(&event.original).map_err(|reason| KeepError::Unreadable {
        key: event.key,
        reason,
    })
}

#[cfg(test)]
mod tests;
