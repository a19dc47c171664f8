//! How findings of Gatelog's own detection are kept: as JSON of a format of their own, written here and read here.
//!
//! Like that of the service's own records, the format is in no list: no carrier can bring a finding, under any name, or
//! anybody could forge one. It is found where stored events are understood again.

mod members;

use crate::formats::{FormatDef, Reading};
use crate::reading::{Choice, understand};
use crate::telling::{Id, Telling};
use crate::{Understanding, reading};
use members::Members;
use model::batch::EventDraft;
use model::event::{Event, Facts};
use model::finding::{Finding, Found, IrregularClass, Person};
use model::identity::{EventKey, Kind, Vendor};
use model::json::ObjectWriter;
use model::time::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The format of stored findings.
pub const DEF: FormatDef = FormatDef {
    id: "gatelog-finding",
    title: "A finding of this service's own detection",
    about: "What a detector derived from events.",
    looks_for: "",
    read,
};

/// The member that no other record has, with the version of the form.
const VERSION_MEMBER: &str = "gatelogFinding";
/// The version that this code writes and reads.
const VERSION: u32 = 1;
/// Bytes of a text outside of the evidence; longer ones, such as a User-Agent made to hurt, are cut when they are written.
const TEXT_BYTES_MAX: usize = 8 << 10;
/// Bytes of the evidence as JSON: some thousand event ids fit.
const EVIDENCE_BYTES_MAX: usize = 512 << 10;

/// A finding as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// When the service judged so: the later content of a finding wins.
    pub judged_at: Timestamp,
}

impl Judged {
    /// The event as which it is kept, for whoever makes rows of it.
    pub fn event(&self) -> Event {
        Event {
            vendor: Vendor::Gatelog,
            vendor_id: Some(self.finding.id.to_string()),
            time: self.finding.time,
            updated: Some(self.judged_at),
            tenant: None,
            facts: Facts::Finding(Box::new(self.finding.clone())),
        }
    }
}

/// Why a finding cannot be kept: a fault of its detector.
#[derive(Debug, thiserror::Error)]
pub enum NotStorable {
    /// Detectors bound what they tell.
    #[error(
        "the evidence of the finding {id} ({detector}) has {bytes} bytes, and at most {EVIDENCE_BYTES_MAX} are kept"
    )]
    TooMuchEvidence {
        /// The finding.
        id: Uuid,
        /// Who found it.
        detector: &'static str,
        /// How many bytes it is as JSON.
        bytes: usize,
    },
    /// What was written would not be read back.
    #[error("the finding {id} ({detector}) would not be read back: {reason}")]
    NotReadable {
        /// The finding.
        id: Uuid,
        /// Who found it.
        detector: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// The identity of a finding among the events of its tenant.
pub fn key(id: Uuid) -> EventKey {
    EventKey::from_vendor_id(Vendor::Gatelog, Kind::Finding, &id.to_string())
}

/// The form in which a finding is kept. The same finding judged at the same time has the same bytes.
pub fn encode(finding: &Finding, judged_at: Timestamp) -> Result<Vec<u8>, NotStorable> {
    // JSON values always have a JSON form.
    let evidence = serde_json::to_vec(&finding.evidence).unwrap_or_default();
    if evidence.len() > EVIDENCE_BYTES_MAX {
        return Err(NotStorable::TooMuchEvidence {
            id: finding.id,
            detector: finding.found.detector(),
            bytes: evidence.len(),
        });
    }
    let Person {
        user_id,
        user_name,
        display_name,
    } = &finding.person;
    let person = ObjectWriter::new()
        .text("userId", cut(user_id.as_deref()))
        .text("userName", cut(user_name.as_deref()))
        .text("displayName", cut(display_name.as_deref()))
        .finish();
    Ok(ObjectWriter::new()
        .integer(VERSION_MEMBER, Some(i64::from(VERSION)))
        .text("id", Some(&finding.id.to_string()))
        .text("detector", Some(finding.found.detector()))
        .integer("ruleVersion", Some(i64::from(finding.rule_version)))
        .time("time", finding.time)
        .time("judgedAt", judged_at)
        .raw("person", &person)
        .text("address", cut(finding.address.as_deref()))
        .raw("found", &encode_found(&finding.found))
        .text("summary", cut(Some(&finding.summary)))
        .text("retracted", cut(finding.retracted.as_deref()))
        .raw("evidence", &evidence)
        .finish())
}

fn encode_found(found: &Found) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    match found {
        Found::MultipleGeographies {
            first_from,
            second_from,
            between_ticks,
            travel_hours,
        } => object
            .text("firstFrom", cut(first_from.as_deref()))
            .text("secondFrom", cut(second_from.as_deref()))
            .integer("betweenTicks", Some(*between_ticks))
            .integer("travelHours", Some(i64::from(*travel_hours))),
        Found::AfterMultipleFailures { failed_attempts } => {
            object.integer("failedAttempts", Some(i64::from(*failed_attempts)))
        }
        Found::UnknownSource { sign_ins } => object.integer("signIns", Some(i64::from(*sign_ins))),
        Found::SuspiciousAddress => &mut object,
        Found::InfectedDevice {
            location,
            client,
            suspected_infection,
            latest_activity,
        } => {
            object
                .text("location", cut(location.as_deref()))
                .text("client", cut(client.as_deref()))
                .text("suspectedInfection", cut(Some(suspected_infection)));
            let latest = latest_activity.map(|time| time.to_string());
            object.text("latestActivity", latest.as_deref())
        }
        Found::Irregular {
            class,
            device,
            location,
        } => object
            .text("class", Some(class.as_str()))
            .text("device", cut(device.as_deref()))
            .text("location", cut(location.as_deref())),
    }
    .finish()
}

/// As much of a text as is kept.
fn cut(text: Option<&str>) -> Option<&str> {
    let text = text?;
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Some(&text[..end])
}

/// A finding ready for the store. Its rank is the time at which it was judged: a retraction wins over what it retracts if it is
/// judged later, and so does a finding that holds again.
pub fn draft(finding: &Finding, judged_at: Timestamp) -> Result<EventDraft, NotStorable> {
    let original = encode(finding, judged_at)?;
    let not_readable = |reason: String| NotStorable::NotReadable {
        id: finding.id,
        detector: finding.found.detector(),
        reason,
    };
    match understand(&Choice::Only(&DEF), original) {
        Some(Understanding::Event(understood)) => Ok(understood.draft()),
        Some(Understanding::Rejected { reason, .. }) => Err(not_readable(reason)),
        other => Err(not_readable(format!("{other:?}"))),
    }
}

/// Reads a stored finding. The error says what is wrong with it.
pub fn decode(original: &[u8]) -> Result<Judged, String> {
    let record = reading::members(original).ok_or("it is no JSON object")?;
    if !record.contains_key(VERSION_MEMBER) {
        return Err(format!("it has no `{VERSION_MEMBER}`"));
    }
    parse(&record)
}

fn read(record: &Map<String, Value>) -> Reading {
    if !record.contains_key(VERSION_MEMBER) {
        return Reading::Unrecognised;
    }
    let Judged { finding, judged_at } = match parse(record) {
        Ok(judged) => judged,
        Err(reason) => return Reading::Rejected(reason),
    };
    Telling {
        vendor: Vendor::Gatelog,
        id: Id::Vendors(finding.id.to_string()),
        time: Ok(finding.time),
        updated: Some(judged_at),
        tenant: None,
        facts: Facts::Finding(Box::new(finding)),
        record,
        is_carriers: |_| false,
    }
    .event()
}

fn parse(record: &Map<String, Value>) -> Result<Judged, String> {
    let mut members = Members::of("it", record);
    let version: u32 = members.whole(VERSION_MEMBER)?;
    if version != VERSION {
        return Err(format!(
            "it is a finding of version {version}, and this program reads version {VERSION}"
        ));
    }
    let id = members.needed_text("id")?;
    let id = Uuid::try_parse(&id).map_err(|_| format!("its `id` is {id:?}, which is no GUID"))?;
    let detector = members.needed_text("detector")?;
    let rule_version = members.whole("ruleVersion")?;
    let time = members.time("time")?;
    let judged_at = members.time("judgedAt")?;
    let person = parse_person(members.object("person")?)?;
    let address = members.text("address")?;
    let found = parse_found(&detector, members.object("found")?)?;
    let summary = members.needed_text("summary")?;
    let retracted = members.text("retracted")?;
    let evidence = members.object("evidence")?.clone();
    members.end()?;
    Ok(Judged {
        finding: Finding {
            id,
            time,
            person,
            address,
            found,
            rule_version,
            summary,
            evidence,
            retracted,
        },
        judged_at,
    })
}

fn parse_person(object: &Map<String, Value>) -> Result<Person, String> {
    let mut members = Members::of("its person", object);
    let person = Person {
        user_id: members.text("userId")?,
        user_name: members.text("userName")?,
        display_name: members.text("displayName")?,
    };
    members.end()?;
    Ok(person)
}

fn parse_found(detector: &str, object: &Map<String, Value>) -> Result<Found, String> {
    let mut members = Members::of("what was found", object);
    let found = match detector {
        "multiple-geographies" => Found::MultipleGeographies {
            first_from: members.text("firstFrom")?,
            second_from: members.text("secondFrom")?,
            between_ticks: members.whole("betweenTicks")?,
            travel_hours: members.whole("travelHours")?,
        },
        "after-multiple-failures" => Found::AfterMultipleFailures {
            failed_attempts: members.whole("failedAttempts")?,
        },
        "unknown-sources" => Found::UnknownSource {
            sign_ins: members.whole("signIns")?,
        },
        "suspicious-addresses" => Found::SuspiciousAddress,
        "infected-devices" => Found::InfectedDevice {
            location: members.text("location")?,
            client: members.text("client")?,
            suspected_infection: members.needed_text("suspectedInfection")?,
            latest_activity: members.maybe_time("latestActivity")?,
        },
        "irregular" => Found::Irregular {
            class: parse_class(&members.needed_text("class")?)?,
            device: members.text("device")?,
            location: members.text("location")?,
        },
        other => return Err(format!("no detector is called {other:?}")),
    };
    members.end()?;
    Ok(found)
}

fn parse_class(word: &str) -> Result<IrregularClass, String> {
    [IrregularClass::Irregular, IrregularClass::Suspicious]
        .into_iter()
        .find(|class| class.as_str() == word)
        .ok_or_else(|| format!("its class is {word:?}, neither Irregular nor Suspicious"))
}

#[cfg(test)]
mod tests;
