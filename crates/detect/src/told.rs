//! What detectors tell: findings with their evidence, and which of them hold no longer.

use crate::detectors::DetectorDef;
use crate::population::Populations;
use crate::rules::Version;
use crate::seen::Seen;
use model::finding::{Finding, Found};
use model::identity::{EventKey, Kind};
use model::tenant::TenantId;
use model::time::Timestamp;
use model::whereabouts::{Listing, Scope, Whereabouts};
use serde_json::{Map, Value, json};

/// What the judgement of one sign-in is given beside the sign-in.
pub(crate) struct Judging<'a> {
    /// Whose directory.
    pub(crate) tenant: TenantId,
    /// The thresholds that count for it.
    pub(crate) version: &'a Version,
    /// What is usual in the directory.
    pub(crate) populations: &'a Populations,
    /// Whether what is found in it counts. If not it is only learned from, and the snapshot of its day may be without counts.
    pub(crate) is_decided: bool,
}

/// What detectors tell of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Found, or found to be more than before: one with a known id takes the place of that.
    pub(crate) found: Vec<Finding>,
    /// Why nothing was found, if somebody asked.
    pub(crate) notes: Option<Vec<Note>>,
}

/// Why a detector found nothing in a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The detector.
    pub detector: &'static DetectorDef,
    /// The sign-in's event.
    pub event: EventKey,
    /// When it happened.
    pub time: Timestamp,
    /// Why, in a sentence.
    pub because: String,
}

impl Told {
    /// Says why nothing was found; costs nothing where nobody asked.
    pub(crate) fn note(
        &mut self,
        detector: &'static DetectorDef,
        seen: &Seen,
        because: impl FnOnce() -> String,
    ) {
        if let Some(notes) = &mut self.notes {
            notes.push(Note {
                detector,
                event: seen.key,
                time: seen.time,
                because: because(),
            });
        }
    }
}

/// A finding on its way.
pub(crate) struct Draft<'a> {
    /// The time of the row.
    pub(crate) time: Timestamp,
    /// The newest sign-in of it.
    pub(crate) seen: &'a Seen,
    /// What was found.
    pub(crate) found: Found,
    /// Tells it apart from other findings of the detector about the person: keys of events, or address and day.
    pub(crate) told_apart_by: &'a [&'a str],
    /// Why, on one line.
    pub(crate) summary: String,
    /// What led to it.
    pub(crate) evidence: Evidence,
}

impl Judging<'_> {
    /// The finding with its derived id.
    pub(crate) fn finding(&self, draft: Draft<'_>) -> Finding {
        let detector = draft.found.detector();
        let tenant = self.tenant.to_string();
        let mut parts = vec![detector, tenant.as_str(), &draft.seen.subject];
        parts.extend_from_slice(draft.told_apart_by);
        Finding {
            id: EventKey::from_fields("finding/1", Kind::RiskDetection, &parts).guid(),
            time: draft.time,
            person: draft.seen.person.clone(),
            address: draft.seen.address.map(|address| address.to_string()),
            found: draft.found,
            rule_version: self.version.number,
            summary: draft.summary,
            evidence: draft.evidence.0,
            retracted: None,
        }
    }
}

/// What led to a finding, member by member, in the order in which somebody wants to read it.
#[derive(Debug, Default)]
pub(crate) struct Evidence(Map<String, Value>);

impl Evidence {
    /// With a member more.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Evidence {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With a member more, if there is something to say.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Evidence {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A sign-in in evidence: by its id, so that the event itself can be looked up.
pub(crate) fn sign_in(seen: &Seen) -> Value {
    let mut shown = Map::new();
    let mut say = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    say("event", json!(event_id(seen.key)));
    say("time", json!(seen.time.to_string()));
    if let Some(address) = seen.address {
        say("address", json!(address.to_string()));
    }
    let at = &*seen.whereabouts;
    if let Some(place) = at.place_name() {
        say("place", json!(place));
    }
    if let Some(spot) = &at.spot {
        say("latitude", json!(rounded(spot.latitude_degrees)));
        say("longitude", json!(rounded(spot.longitude_degrees)));
        say("radiusKm", json!(spot.radius_km.round()));
    }
    if let Some(network) = &at.network {
        say(
            "network",
            json!(format!("AS{} {}", network.number, network.name).trim()),
        );
    }
    if !at.listed.is_empty() {
        say("lists", at.listed.iter().map(listing).collect());
    }
    if let Some(agent) = &seen.tool.user_agent {
        say("userAgent", json!(&**agent));
    }
    Value::Object(shown)
}

/// A list's entry in evidence; one that is old says so.
pub(crate) fn listing(listing: &Listing) -> Value {
    let mut shown = Map::new();
    shown.insert("list".to_owned(), json!(&*listing.list));
    shown.insert("class".to_owned(), json!(listing.class.as_str()));
    if let Some(note) = &listing.note {
        shown.insert("note".to_owned(), json!(&**note));
    }
    if let Some(since) = listing.since {
        shown.insert("entrySince".to_owned(), json!(since.to_string()));
    }
    shown.insert("listAsOf".to_owned(), json!(listing.as_of.to_string()));
    if listing.is_stale {
        shown.insert("isStale".to_owned(), json!(true));
    }
    Value::Object(shown)
}

/// The id of an event in evidence.
pub(crate) fn event_id(key: EventKey) -> String {
    key.guid().to_string()
}

/// Whether an address can be anywhere at all: those of inner networks are the same everywhere.
pub(crate) fn is_somewhere(whereabouts: &Whereabouts) -> bool {
    matches!(whereabouts.scope, Scope::Public | Scope::Documentation)
}

/// With four digits behind the point: about ten metres, finer than any database.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}
