//! An event of a Windows event log, whichever program wrote it down: its number, where and when it was logged, and its data.

pub(crate) mod ad_fs;
pub(crate) mod security;
mod shapes;
pub(crate) mod status;
pub(crate) mod tree;

use crate::formats::Reading;
use crate::telling::{Id, Telling};
use model::event::Facts;
use model::identity::{EventKey, Vendor};
use model::time::Timestamp;
use serde_json::{Map, Value};

/// An event as Windows logged it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WindowsEvent {
    /// The event's number, which means something together with its provider.
    pub(crate) id: i64,
    pub(crate) provider: Option<String>,
    /// The log: `Security`, `Identity Manager Request Log` …
    pub(crate) channel: Option<String>,
    /// The computer on which it happened.
    pub(crate) computer: Option<String>,
    /// The number of the record in its log, as text.
    pub(crate) record_id: Option<String>,
    /// When it was logged; the error is a text that is no time.
    pub(crate) time: Option<Result<Timestamp, String>>,
    /// What its keywords say: whether it is the audit of a success or of a failure.
    pub(crate) outcome: Option<AuditOutcome>,
    /// Its named data; what is empty or `-` is left out.
    pub(crate) data: Map<String, Value>,
    /// Its data without names, in their order.
    pub(crate) unnamed: Vec<String>,
    /// The text that Windows shows for it, where it was written down.
    pub(crate) message: Option<String>,
}

/// The keyword of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuditOutcome {
    Success,
    Failure,
}

impl WindowsEvent {
    /// The event that a record tells; `None` if the record is not one.
    pub(crate) fn of(record: &Map<String, Value>) -> Option<WindowsEvent> {
        shapes::read(record)
    }

    /// A named datum.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str).map(str::trim)
    }

    /// Whether it was logged in this log.
    pub(crate) fn is_of_channel(&self, channel: &str) -> bool {
        self.channel
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(channel))
    }

    /// Whether this provider logged it.
    pub(crate) fn is_of_provider(&self, provider: &str) -> bool {
        self.provider
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(provider))
    }

    /// `Windows event 4688`, with the log where that is not the security log.
    pub(crate) fn name(&self) -> String {
        match self.channel.as_deref() {
            Some(channel) if !self.is_of_channel("Security") => {
                let channel: String = channel.chars().take(64).collect();
                format!("Windows event {} of {channel}", self.id)
            }
            _ => format!("Windows event {}", self.id),
        }
    }

    /// When it happened, or why that cannot be told.
    pub(crate) fn happened(&self) -> Result<Timestamp, String> {
        match &self.time {
            Some(Ok(time)) => Ok(*time),
            Some(Err(text)) => Err(format!("{}: its time `{text}` is none", self.name())),
            None => Err(format!(
                "{} does not say when it happened (TimeCreated, @timestamp or EventTime)",
                self.name()
            )),
        }
    }

    /// The event that it tells, whichever road it came by: its identity and its content are made of what it says, not of how
    /// it was written down.
    pub(crate) fn tell(&self, vendor: Vendor, time: Timestamp, facts: Facts) -> Reading {
        let content = self.content();
        let key = self.key(&facts, time, &content);
        Telling {
            vendor,
            id: Id::Key(key),
            time: Ok(time),
            updated: None,
            tenant: None,
            facts,
            record: &content,
            is_carriers: |_| false,
        }
        .event()
    }

    /// Windows counts records anew where a log is made anew, so a number alone is no identity. The time counts to the second:
    /// some programs that carry events cut off what is below.
    fn key(&self, facts: &Facts, time: Timestamp, content: &Map<String, Value>) -> EventKey {
        let seconds = time.unix_seconds().to_string();
        let lower = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
        let named = (lower(&self.computer), lower(&self.channel), &self.record_id);
        if let (Some(computer), Some(channel), Some(record_id)) = named {
            let fields = [computer.as_str(), &channel, record_id, &seconds];
            return EventKey::from_fields("windows-record/1", facts.kind(), &fields);
        }
        let digest = model::content::digest(content, |_| false).digest;
        let digest = u128::from_be_bytes(digest).to_string();
        EventKey::from_fields("windows-content/1", facts.kind(), &[&seconds, &digest])
    }

    fn content(&self) -> Map<String, Value> {
        let mut content = Map::new();
        let texts = [
            ("provider", &self.provider),
            ("channel", &self.channel),
            ("computer", &self.computer),
            ("record", &self.record_id),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                content.insert(name.to_owned(), Value::from(text.to_lowercase()));
            }
        }
        content.insert("id".to_owned(), Value::from(self.id));
        if let Some(outcome) = self.outcome {
            content.insert(
                "success".to_owned(),
                Value::from(outcome == AuditOutcome::Success),
            );
        }
        content.insert("data".to_owned(), Value::Object(self.data.clone()));
        content.insert("unnamed".to_owned(), Value::from(self.unnamed.clone()));
        content
    }
}
