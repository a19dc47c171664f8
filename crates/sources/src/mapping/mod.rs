//! Records of makers that Gatelog does not know, read as a small mapping file says.

mod fields;
mod file;
mod nearest;
mod take;
mod time;

pub use file::{MAPPING_BYTES_MAX, MappingError, MappingErrors};

use crate::address;
use crate::formats::{FormatDef, Reading, Told};
use fields::Field;
use model::content;
use model::event::{Actor, Audit, Device, Event, Facts, Place, SignIn, Target};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::tenant::TenantId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use take::{Condition, Path, Take};
use time::TimeFormat;

/// The word for such events in summaries and beside what is stored.
pub const FORMAT: &str = "mapping";

/// What is known of such records without their mapping. Another format must not read them again by mistake.
pub(crate) const DEF: FormatDef = FormatDef {
    id: FORMAT,
    title: "record of a mapping",
    about: "Records that were read as a mapping file says.",
    looks_for: "what a mapping file says",
    read: |_| Reading::Rejected("it was read by a mapping, and can be read by that alone".to_owned()),
};

/// The error code of a sign-in that failed and whose record gives no code; the same as for records of Entra.
const FAILED_WITHOUT_CODE: i64 = 1;

/// What a mapping file says, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    family: String,
    records: Records,
    rules: Vec<Rule>,
}

/// How the records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Records {
    Json,
    Csv,
}

/// How one sort of records becomes events.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    kind: Kind,
    when: Vec<Condition>,
    time: Path,
    time_format: TimeFormat,
    id: Option<Take>,
    outcome: Option<Outcome>,
    fields: BTreeMap<Field, Take>,
}

/// What tells whether something succeeded.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    take: Take,
    success: Vec<String>,
    /// Words of failure; `None` takes every word but those of success for one.
    failure: Option<Vec<String>>,
}

/// What a mapping finds in a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The mapped properties that the record has.
    pub present: Vec<&'static str>,
    /// Those that it has not.
    pub missing: Vec<&'static str>,
}

impl Mapping {
    /// Reads a mapping file; every mistake is told, with its line.
    pub fn parse(text: &str) -> Result<Mapping, MappingErrors> {
        file::parse(text)
    }

    /// The vendor family: whose ids the records have.
    pub fn family(&self) -> &str {
        &self.family
    }

    pub(crate) fn is_of_tables(&self) -> bool {
        self.records == Records::Csv
    }

    /// Whether a table has the columns without which no row can be read.
    pub(crate) fn knows_headings(&self, names: &[String]) -> bool {
        let record: Map<String, Value> = names
            .iter()
            .map(|name| (name.clone(), Value::from("x")))
            .collect();
        self.rules.iter().any(|rule| rule.time.find(&record).is_some())
    }

    pub(crate) fn headings_wanted(&self) -> String {
        let times: Vec<String> = self.rules.iter().map(|rule| format!("`{}`", rule.time)).collect();
        format!("those of the mapping, at least the time {}", times.join(" or "))
    }

    /// Reads a record by the first rule whose conditions it meets.
    pub(crate) fn read(&self, record: &Map<String, Value>) -> Reading {
        let Some(rule) = self.rule(record) else {
            return Reading::Ignored(format!(
                "the conditions (`when`) of no [[event]] of the mapping `{}` hold",
                self.family
            ));
        };
        match rule.read(&self.family, record) {
            Ok(told) => Reading::Event(Box::new(told)),
            Err(reason) => Reading::Rejected(reason),
        }
    }

    /// Which mapped properties a record has; nothing for one that no rule is for.
    pub fn find(&self, record: &Map<String, Value>) -> Found {
        let mut found = Found::default();
        let Some(rule) = self.rule(record) else {
            return found;
        };
        let mut note = |name, is_there| {
            if is_there {
                found.present.push(name);
            } else {
                found.missing.push(name);
            }
        };
        note("time", rule.time.find(record).is_some());
        if let Some(id) = &rule.id {
            note("id", id.text(record).is_some());
        }
        if let Some(outcome) = &rule.outcome {
            note("outcome", outcome.take.text(record).is_some());
        }
        for (field, take) in &rule.fields {
            note(field.name(), take.text(record).is_some());
        }
        found
    }

    fn rule(&self, record: &Map<String, Value>) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.when.iter().all(|condition| condition.holds(record)))
    }
}

impl Rule {
    fn read(&self, family: &str, record: &Map<String, Value>) -> Result<Told, String> {
        let time = match self.time.find(record) {
            Some(value) => self
                .time_format
                .read(value)
                .map_err(|wrong| format!("its `{}` {wrong}", self.time))?,
            None => {
                return Err(format!(
                    "it does not say when it happened: it has no `{}`",
                    self.time
                ));
            }
        };
        let outcome = self.read_outcome(record)?;
        // A mapping file knows these two kinds.
        let facts = if self.kind == Kind::SignIn {
            Facts::SignIn(Box::new(self.sign_in(record, outcome)?))
        } else {
            Facts::Audit(Box::new(self.audit(record, outcome)))
        };
        let updated = match self.text(Field::Updated, record) {
            Some(text) => Some(
                self.time_format
                    .read(&Value::from(text))
                    .map_err(|wrong| format!("its time of update {wrong}"))?,
            ),
            None => None,
        };
        let tenant = match self.text(Field::Tenant, record) {
            Some(text) => Some(
                TenantId::parse(text.trim())
                    .ok_or_else(|| format!("its tenant is `{}`, which is no GUID", shorten(&text)))?,
            ),
            None => None,
        };
        let vendor_id = self.id.as_ref().and_then(|id| id.text(record));
        let key = match &vendor_id {
            Some(id) => EventKey::from_family_id(family, self.kind, id),
            None => self.key_of_fields(family, &time.to_string(), outcome, record),
        };
        let content = content::digest(record, |_| false);
        Ok(Told {
            event: Event {
                vendor: Vendor::Mapped,
                vendor_id,
                time,
                updated,
                tenant,
                facts,
            },
            key,
            rank: Rank {
                updated,
                properties: content.properties,
                digest: content.digest,
            },
        })
    }

    /// From the time, the outcome and everything that is mapped, in the order of [`Field`]'s names, in lower case; absent
    /// counts as empty. The recipe is versioned: a change of fields or order is a new version.
    fn key_of_fields(
        &self,
        family: &str,
        time: &str,
        outcome: Option<Succeeded>,
        record: &Map<String, Value>,
    ) -> EventKey {
        let mut parts = vec![time.to_owned()];
        parts.push(outcome.map_or("", Succeeded::word).to_owned());
        for (field, take) in &self.fields {
            parts.push(field.name().to_owned());
            parts.push(take.text(record).unwrap_or_default().to_lowercase());
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        EventKey::from_fields(&format!("mapping:{family}/1"), self.kind, &parts)
    }

    fn read_outcome(&self, record: &Map<String, Value>) -> Result<Option<Succeeded>, String> {
        let Some(outcome) = &self.outcome else {
            return Ok(None);
        };
        let Some(word) = outcome.take.text(record) else {
            return Err(format!(
                "it does not say whether it succeeded: it has no `{}`",
                outcome.take
            ));
        };
        let is_among = |words: &[String]| words.iter().any(|other| other.eq_ignore_ascii_case(word.trim()));
        if is_among(&outcome.success) {
            return Ok(Some(Succeeded::Yes));
        }
        match &outcome.failure {
            Some(words) if !is_among(words) => Err(format!(
                "its outcome `{}` is `{}`, which stands neither in `success` nor in `failure` of the mapping",
                outcome.take,
                shorten(&word)
            )),
            _ => Ok(Some(Succeeded::No)),
        }
    }

    fn sign_in(&self, record: &Map<String, Value>, outcome: Option<Succeeded>) -> Result<SignIn, String> {
        let text = |field| self.text(field, record);
        let code = match text(Field::ErrorCode) {
            Some(code) => Some(code.trim().parse::<i64>().map_err(|_| {
                format!(
                    "its error code is `{}`, which is no whole number; map it with `values`",
                    shorten(&code)
                )
            })?),
            None => None,
        };
        let error_code = match (outcome, code) {
            (Some(Succeeded::Yes), _) => 0,
            (Some(Succeeded::No), code) => code.filter(|code| *code != 0).unwrap_or(FAILED_WITHOUT_CODE),
            (None, Some(code)) => code,
            (None, None) => {
                return Err("it does not say whether the sign-in succeeded: it has no error code".to_owned());
            }
        };
        let degrees = |field, most: f64| {
            text(field)
                .and_then(|text| text.trim().parse::<f64>().ok())
                .filter(|degrees| degrees.abs() <= most)
        };
        let (latitude, longitude) = (degrees(Field::Latitude, 90.0), degrees(Field::Longitude, 180.0));
        Ok(SignIn {
            user_id: text(Field::UserId),
            user_principal_name: text(Field::User),
            user_display_name: text(Field::UserDisplayName),
            app_id: text(Field::ApplicationId),
            app_display_name: text(Field::Application),
            resource_id: text(Field::ResourceId),
            resource_display_name: text(Field::Resource),
            ip_address: text(Field::IpAddress).and_then(|text| address::normalise(&text)),
            location: Place {
                city: text(Field::City),
                state: text(Field::State),
                country: text(Field::Country),
                latitude: latitude.filter(|_| longitude.is_some()),
                longitude: longitude.filter(|_| latitude.is_some()),
            },
            device: Device {
                id: text(Field::DeviceId),
                display_name: text(Field::Device),
                operating_system: text(Field::OperatingSystem),
                browser: text(Field::Browser),
            },
            client_app: text(Field::Client),
            user_agent: text(Field::UserAgent),
            error_code,
            failure_reason: text(Field::Reason),
            mfa_method: text(Field::MfaMethod),
            mfa_result: text(Field::MfaResult),
            correlation_id: text(Field::CorrelationId),
            ..SignIn::default()
        })
    }

    fn audit(&self, record: &Map<String, Value>, outcome: Option<Succeeded>) -> Audit {
        let text = |field| self.text(field, record);
        let target = Target {
            resource_type: text(Field::TargetType),
            id: text(Field::TargetId),
            display_name: text(Field::Target),
            user_principal_name: text(Field::TargetUser),
            modified: Vec::new(),
        };
        Audit {
            activity: text(Field::Activity),
            category: text(Field::Category),
            operation_type: text(Field::Operation),
            result: outcome.map(|outcome| outcome.word().to_owned()),
            result_reason: text(Field::Reason),
            logged_by_service: text(Field::Service),
            correlation_id: text(Field::CorrelationId),
            actor: Actor {
                user_id: text(Field::UserId),
                user_principal_name: text(Field::User),
                user_display_name: text(Field::UserDisplayName),
                ip_address: text(Field::IpAddress).and_then(|text| address::normalise(&text)),
                app_id: text(Field::ApplicationId),
                app_display_name: text(Field::Application),
                ..Actor::default()
            },
            targets: if target == Target::default() {
                Vec::new()
            } else {
                vec![target]
            },
            additional_details: Vec::new(),
        }
    }

    fn text(&self, field: Field, record: &Map<String, Value>) -> Option<String> {
        self.fields.get(&field)?.text(record)
    }
}

/// Whether something succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Succeeded {
    Yes,
    No,
}

impl Succeeded {
    fn word(self) -> &'static str {
        match self {
            Succeeded::Yes => "success",
            Succeeded::No => "failure",
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
