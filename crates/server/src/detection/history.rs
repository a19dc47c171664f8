//! Events as detectors see them, and the findings of before, out of the store.

use super::watermarks::Bringer;
use super::{DetectionError, Recent};
use detect::{Extract, People, Reach, Seen, Subject, detectors};
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
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use store::events::{Change, ChangeKind, EventStore, Near, Newest, StoredEvent};
use uuid::Uuid;

/// For [`Historian::history_max`]: an address that half the world signs in from has more.
pub(super) const HISTORY_MAX: usize = 500_000;

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
    /// What came a moment ago, for whoever takes it from there.
    pub(crate) recent: Option<&'a Recent>,
    /// A subject with more sign-ins than this is judged by the newest of them.
    pub(crate) history_max: usize,
}

/// A sign-in that need not be read.
pub(super) enum Held {
    /// As it came.
    Here(Arc<Seen>),
    /// It waits, and does not belong to the history yet.
    Apart,
}

/// Sign-ins by their events, each with who brought it.
pub(super) type NewSignIns = HashMap<EventKey, (Arc<Seen>, Bringer)>;

/// A subject's sign-ins.
pub(crate) struct History {
    /// In the order of their times.
    pub(crate) sign_ins: Vec<Arc<Seen>>,
    /// From here on it has all of them.
    pub(crate) complete_from: Timestamp,
}

impl Historian<'_> {
    /// A stored event as detectors see it; `None` for what none looks at.
    pub(crate) fn seen(&self, stored: StoredEvent) -> Option<Arc<Seen>> {
        let key = stored.key;
        self.seen_in(Extract::of(&understood(stored)?, key)?)
    }

    fn seen_in(&self, extract: Extract) -> Option<Arc<Seen>> {
        let whereabouts = match extract.address {
            Some(address) => Arc::new(self.enrichment.look_up(address, extract.time)),
            None => Arc::<Whereabouts>::default(),
        };
        extract.seen(self.people, whereabouts).map(Arc::new)
    }

    /// The sign-ins that changes brought for the first time, each with who brought it: as they came, if that was a moment ago, else as
    /// they are now. What took the place of one is another change.
    pub(super) fn new_sign_ins<'c>(
        &self,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Result<NewSignIns, DetectionError> {
        let new: Vec<&Change> = changes
            .filter(|change| change.kind == Kind::SignIn && change.what == ChangeKind::New)
            .collect();
        let mut wanted: Vec<_> = new.iter().map(|change| (change.key, change.time)).collect();
        let mut found = HashMap::with_capacity(wanted.len());
        if let Some(recent) = self.recent {
            // What stands aside may have been followed by what does not.
            let counts = new.iter().filter(|change| !change.quarantined);
            let fresh = recent.take(self.tenant, counts.map(|change| change.key));
            let there: HashSet<EventKey> = fresh.iter().map(|fresh| fresh.extract.key).collect();
            wanted.retain(|(key, _)| !there.contains(key));
            for fresh in fresh {
                let (key, bringer) = (fresh.extract.key, fresh.bringer);
                found.extend(self.seen_in(fresh.extract).map(|seen| (key, (seen, bringer))));
            }
        }
        let mut bringers: HashMap<(String, String), Bringer> = HashMap::new();
        for mut stored in self.store.events(self.tenant, &wanted)? {
            let key = stored.key;
            let names = (std::mem::take(&mut stored.source), stored.format.clone());
            let bringer = bringers
                .entry(names)
                .or_insert_with_key(|(source, format)| Bringer {
                    source: source.as_str().into(),
                    format: format.as_str().into(),
                });
            let bringer = bringer.clone();
            found.extend(self.seen(stored).map(|seen| (key, (seen, bringer))));
        }
        Ok(found)
    }

    /// Everything that a sign-in ever said, the losing contents too: whoever they named is judged again. Nothing if detectors see the same in
    /// all of them, as they mostly do: a source adds later what it made of a sign-in.
    pub(super) fn what_was_changed(
        &self,
        key: &EventKey,
        time: Timestamp,
    ) -> Result<Vec<Arc<Seen>>, DetectionError> {
        let contents = self.store.contents(self.tenant, key, Near::Time(time))?;
        let is_known_since_it_came = contents.iter().any(|content| content.what == ChangeKind::New)
            && contents.iter().all(|content| !content.quarantined);
        // Of one that names nobody, or an application, no detector sees anything.
        let seen: Vec<Option<Arc<Seen>>> = contents
            .into_iter()
            .filter(|content| !content.quarantined)
            .map(|content| self.seen(content.event))
            .collect();
        let are_the_same = seen.windows(2).all(|two| two[0] == two[1]);
        // What stood aside when it came was never judged.
        if are_the_same && is_known_since_it_came {
            return Ok(Vec::new());
        }
        Ok(seen.into_iter().flatten().collect())
    }

    /// A subject's sign-ins, as far back as its judgement reaches, without those that came first after a commit. What is held as it came
    /// need not be read.
    pub(super) fn history(
        &self,
        subject: &Subject,
        reach: &Reach,
        through: u64,
        held: &dyn Fn(&EventKey, Timestamp) -> Option<Held>,
    ) -> Result<History, DetectionError> {
        let mut history = BTreeMap::new();
        let mut complete_from = Timestamp::MIN;
        for name in self.names(subject) {
            let asked = Newest {
                from: reach.history_from,
                limit: self.history_max,
                through,
                has: &|event, time| held(event, time).is_some(),
                ..Newest::of(Kind::SignIn)
            };
            let newest = self.store.newest(self.tenant, &name, &asked)?;
            if newest.len() >= self.history_max
                && let Some(oldest) = newest.last()
            {
                // A row of a day counts all of the day.
                complete_from = complete_from.max(oldest.time.day_start().plus_days(1));
            }
            for stored in newest {
                let is_held = stored.original.is_empty();
                let seen = match held(&stored.key, stored.time).filter(|_| is_held) {
                    Some(Held::Here(seen)) => Some(seen),
                    Some(Held::Apart) => None,
                    None => self.seen(stored),
                };
                let Some(seen) = seen else { continue };
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
        Ok(History {
            sign_ins: history.into_values().collect(),
            complete_from,
        })
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

/// Whether a judgement says anything of what was found before: of a time of which the history has not all sign-ins, only that it still
/// holds. That it is not found there means nothing.
pub(super) fn is_decided(before: &Finding, complete_from: Timestamp, holds: &[Finding]) -> bool {
    before.time >= complete_from || holds.iter().any(|finding| finding.id == before.id)
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
