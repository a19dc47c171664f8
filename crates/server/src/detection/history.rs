//! Events as detectors see them, and the findings of before, out of the store.

use super::DetectionError;
use detect::{People, Reach, Seen, Subject, detectors};
use enrich::Enrichment;
use model::batch;
use model::event::Event;
use model::finding::Finding;
use model::identity::{EventKey, Kind};
use model::tenant::TenantId;
use model::time::Timestamp;
use model::whereabouts::Whereabouts;
use sources::finding::Judged;
use sources::{Choice, Understanding};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use store::events::{Change, ChangeKind, EventStore, Near, StoredEvent};
use uuid::Uuid;

/// A subject with more events than this is judged by the newest of them: an address that half the world signs in from.
const HISTORY_MAX: usize = 500_000;

/// Looks into the store for detection.
pub(crate) struct Historian<'a> {
    /// The store.
    pub(crate) store: &'a dyn EventStore,
    /// Whose events.
    pub(crate) tenant: TenantId,
    /// What is known of addresses.
    pub(crate) enrichment: &'a Enrichment,
    /// Who has which names.
    pub(crate) people: &'a People,
}

impl Historian<'_> {
    /// A stored event as detectors see it; `None` for what none looks at.
    pub(crate) fn seen(&self, stored: StoredEvent) -> Option<Arc<Seen>> {
        let key = stored.key;
        let event = understood(stored)?;
        let whereabouts = self.whereabouts(detect::address_of(&event), event.time);
        detect::seen(&event, key, self.people, whereabouts).map(Arc::new)
    }

    fn whereabouts(&self, address: Option<IpAddr>, at: Timestamp) -> Arc<Whereabouts> {
        match address {
            Some(address) => Arc::new(self.enrichment.look_up(address, at)),
            None => Arc::default(),
        }
    }

    /// The sign-ins that changes brought for the first time, as they are now, each with the name of its format.
    pub(crate) fn new_sign_ins<'c>(
        &self,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Result<HashMap<EventKey, (Arc<Seen>, String)>, DetectionError> {
        let wanted: Vec<_> = changes
            .filter(|change| change.kind == Kind::SignIn && change.what == ChangeKind::New)
            .map(|change| (change.key, change.time))
            .collect();
        let stored = self.store.events(self.tenant, &wanted)?;
        Ok(stored
            .into_iter()
            .filter_map(|mut stored| {
                let format = std::mem::take(&mut stored.format);
                Some((self.seen(stored)?, format))
            })
            .map(|found| (found.0.key, found))
            .collect())
    }

    /// Everything that a sign-in ever said, the losing contents too: whoever they named is judged again.
    pub(crate) fn contents(&self, key: &EventKey, time: Timestamp) -> Result<Vec<Arc<Seen>>, DetectionError> {
        let contents = self.store.contents(self.tenant, key, Near::Time(time))?;
        Ok(contents
            .into_iter()
            .filter(|content| !content.quarantined)
            .filter_map(|content| self.seen(content.event))
            .collect())
    }

    /// A subject's sign-ins, as far back as its judgement reaches.
    pub(crate) fn history(&self, subject: &Subject, reach: Reach) -> Result<Vec<Arc<Seen>>, DetectionError> {
        let mut history = BTreeMap::new();
        for name in self.names(subject) {
            let from = reach.history_from;
            let newest = self
                .store
                .newest(self.tenant, &name, Kind::SignIn, from, None, HISTORY_MAX)?;
            for stored in newest {
                let Some(seen) = self.seen(stored) else { continue };
                // Somebody else may have the same name in another place of the record.
                let is_of = match subject {
                    Subject::Person(name) => seen.subject == *name,
                    Subject::Address(address) => seen.address == Some(*address),
                };
                if is_of {
                    history.insert((seen.time, seen.key), seen);
                }
            }
        }
        Ok(history.into_values().collect())
    }

    /// What was found of a subject from a time on, retracted findings among it.
    pub(crate) fn findings(&self, subject: &Subject, from: Timestamp) -> Result<Vec<Judged>, DetectionError> {
        let mut found: BTreeMap<Uuid, Judged> = BTreeMap::new();
        for name in self.names(subject) {
            let stored = self.store.history_of_kinds(
                self.tenant,
                &name,
                &[Kind::Finding],
                from,
                Timestamp::MAX,
                HISTORY_MAX,
            )?;
            for stored in stored {
                let judged = match sources::finding::decode(&stored.original) {
                    Ok(judged) => judged,
                    Err(reason) => {
                        tracing::warn!(finding.id = %stored.key.guid(), "a stored finding is not understood: {reason}");
                        continue;
                    }
                };
                if self.is_of(subject, &judged.finding) {
                    found.insert(judged.finding.id, judged);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    fn is_of(&self, subject: &Subject, finding: &Finding) -> bool {
        let judges = detectors::of(&finding.found).judges;
        match subject {
            Subject::Person(name) => {
                let person = &finding.person;
                let named = self
                    .people
                    .subject(person.user_name.as_deref(), person.user_id.as_deref());
                judges == detectors::Judges::People && named.as_ref() == Some(name)
            }
            Subject::Address(address) => {
                judges == detectors::Judges::Addresses && finding.address == Some(address.to_string())
            }
        }
    }

    /// The names under which the store keeps the history of a subject.
    fn names(&self, subject: &Subject) -> Vec<batch::Subject> {
        match subject {
            Subject::Person(name) => self.people.names(name).map(batch::Subject::person).collect(),
            Subject::Address(address) => vec![batch::Subject::address(&address.to_string())],
        }
    }
}

fn understood(stored: StoredEvent) -> Option<Event> {
    let choice = sources::stored_by_id(&stored.format).map_or(Choice::Auto, Choice::Only);
    match sources::understand(&choice, stored.original) {
        Some(Understanding::Event(understood)) => Some(understood.event),
        _ => None,
    }
}

/// Who is judged by a sign-in.
pub(crate) fn subjects_of(seen: &Seen) -> impl Iterator<Item = Subject> + use<> {
    let address = seen.address.map(Subject::Address);
    [Some(Subject::Person(Arc::clone(&seen.subject))), address]
        .into_iter()
        .flatten()
}
