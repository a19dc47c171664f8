//! What is known of each file of enrichment, and of an address: as administration answers it.

use super::load::{Held, Loaded};
use enrich::{MAX_PLACES_AGE_DAYS, is_place_stale};
use model::time::{TICKS_PER_SECOND, Timestamp};
use model::whereabouts::{ListClass, Scope, Whereabouts};
use serde::{Deserialize, Serialize};

/// What the table of countries that comes with the program is called.
pub(super) const EMBEDDED: &str = "embedded";

/// Everything that enrichment is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnrichmentStatus {
    /// Countries, then places, then lists.
    pub sources: Vec<SourceStatus>,
}

/// What a source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Countries of addresses.
    Countries,
    /// Places, countries or networks, by a file in MaxMind's format.
    Places,
    /// A list of addresses.
    List,
}

impl SourceKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Countries => "countries",
            SourceKind::Places => "places",
            SourceKind::List => "list",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// What it tells.
    pub kind: SourceKind,
    /// Of a list: what it says of its addresses.
    pub class: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it says itself that it is.
    pub about: String,
    /// Where it was read; nothing is 'in the program'.
    pub file: Option<String>,
    /// As of when it is; nothing if it was never read.
    pub as_of: Option<String>,
    /// How old that is, in seconds.
    pub age_seconds: Option<i64>,
    /// How old it may become, in days.
    pub max_age_days: Option<u32>,
    /// Whether it is older than that.
    pub is_stale: bool,
    /// Ranges, networks or entries that count now.
    pub entries: u64,
    /// Of a list: entries that count no more, which are kept for events of then.
    pub ended_entries: u64,
    /// Of a file of places: look-ups that met a record that cannot be read.
    pub unreadable_records: u64,
    /// Why the file that is there now is not in force.
    pub failure: Option<String>,
}

impl Loaded {
    /// What is known of each source now.
    pub(crate) fn status(&self, now: Timestamp) -> EnrichmentStatus {
        let mut sources = Vec::new();
        let embedded = SourceStatus {
            about: self.embedded.source().to_owned(),
            entries: self.embedded.len() as u64,
            ..aged(SourceKind::Countries, EMBEDDED, Some(self.embedded.as_of()), now)
        };
        match &self.countries.part {
            None if self.countries.failure.is_none() => sources.push(embedded),
            updated => {
                sources.push(embedded);
                let table = updated.as_deref();
                sources.push(SourceStatus {
                    about: table.map_or(String::new(), |table| table.source().to_owned()),
                    entries: table.map_or(0, |table| table.len() as u64),
                    ..of_file(
                        SourceKind::Countries,
                        &self.countries,
                        table.map(enrich::CountryTable::as_of),
                        now,
                    )
                });
            }
        }
        for held in &self.databases {
            let database = held.part.as_deref();
            sources.push(SourceStatus {
                about: database.map_or(String::new(), |database| database.title().to_owned()),
                entries: database.map_or(0, |database| u64::from(database.nodes())),
                unreadable_records: database.map_or(0, enrich::Database::unreadable),
                ..of_file(
                    SourceKind::Places,
                    held,
                    database.map(enrich::Database::built),
                    now,
                )
            });
        }
        for (class, held) in &self.lists {
            let list = held.part.as_deref();
            let as_of = list.map(enrich::List::as_of);
            let ages = &self.enrichment.parts().max_ages;
            let entries = list.map_or(0, |list| list.count_at(now) as u64);
            let all = list.map_or(0, |list| list.entries().len() as u64);
            let editions = list.map_or(0, |list| list.editions().len());
            sources.push(SourceStatus {
                class: Some(class.as_str().to_owned()),
                about: format!("{editions} editions are kept"),
                max_age_days: ages.days(*class),
                is_stale: as_of.is_some_and(|as_of| as_of < now && ages.is_stale(*class, as_of, now)),
                entries,
                ended_entries: all - entries,
                ..of_file(SourceKind::List, held, as_of, now)
            });
        }
        EnrichmentStatus { sources }
    }
}

fn of_file<T>(kind: SourceKind, held: &Held<T>, as_of: Option<Timestamp>, now: Timestamp) -> SourceStatus {
    SourceStatus {
        file: Some(held.file.to_string_lossy().into_owned()),
        failure: held.failure.clone(),
        ..aged(kind, &held.name, as_of, now)
    }
}

fn aged(kind: SourceKind, name: &str, as_of: Option<Timestamp>, now: Timestamp) -> SourceStatus {
    SourceStatus {
        kind,
        class: None,
        name: name.to_owned(),
        about: String::new(),
        file: None,
        as_of: as_of.map(|as_of| as_of.to_string()),
        age_seconds: as_of.map(|as_of| (now.ticks() - as_of.ticks()) / TICKS_PER_SECOND),
        max_age_days: Some(MAX_PLACES_AGE_DAYS),
        is_stale: as_of.is_some_and(|as_of| is_place_stale(as_of, now)),
        entries: 0,
        ended_entries: 0,
        unreadable_records: 0,
        failure: None,
    }
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookUpAnswer {
    /// The address, in its shortest text.
    pub address: String,
    /// The moment that lists were asked about.
    pub at: String,
    /// Whether it is an address of the Internet.
    pub scope: String,
    /// Two letters.
    pub country: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// State or province.
    pub region: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// How far off it may be.
    pub radius_km: Option<f64>,
    /// Who announces it.
    pub network: Option<NetworkAnswer>,
    /// Lists that named it at that moment.
    pub listed: Vec<ListedAnswer>,
}

/// An autonomous system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAnswer {
    /// Its number.
    pub number: u32,
    /// Who runs it.
    pub name: String,
}

/// A list that named an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedAnswer {
    /// What the list says of it.
    pub class: String,
    /// Its name.
    pub list: String,
    /// What more it says.
    pub note: Option<String>,
    /// Since when.
    pub since: Option<String>,
    /// As of when the list of that moment was made.
    pub as_of: String,
    /// Whether that was too far from the moment.
    pub is_stale: bool,
}

impl LookUpAnswer {
    /// The answer to who asked about an address at a moment.
    pub(crate) fn of(address: std::net::IpAddr, at: Timestamp, found: &Whereabouts) -> LookUpAnswer {
        let spot = found.spot.as_ref();
        let listed = found.listed.iter().map(|listing| ListedAnswer {
            class: class_word(listing.class),
            list: listing.list.to_string(),
            note: listing.note.as_deref().map(str::to_owned),
            since: listing.since.map(|since| since.to_string()),
            as_of: listing.as_of.to_string(),
            is_stale: listing.is_stale,
        });
        LookUpAnswer {
            address: address.to_string(),
            at: at.to_string(),
            scope: scope_word(found.scope).to_owned(),
            country: found.country.map(|country| country.to_string()),
            city: spot.and_then(|spot| spot.city.as_deref()).map(str::to_owned),
            region: spot.and_then(|spot| spot.region.as_deref()).map(str::to_owned),
            latitude: spot.map(|spot| spot.latitude_degrees),
            longitude: spot.map(|spot| spot.longitude_degrees),
            radius_km: spot.map(|spot| spot.radius_km),
            network: found.network.as_ref().map(|network| NetworkAnswer {
                number: network.number,
                name: network.name.to_string(),
            }),
            listed: listed.collect(),
        }
    }
}

fn class_word(class: ListClass) -> String {
    class.as_str().to_owned()
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Public => "public",
        Scope::Private => "private",
        Scope::Loopback => "loopback",
        Scope::CarrierShared => "carrier-shared",
        Scope::Documentation => "documentation",
        Scope::Reserved => "reserved",
    }
}
