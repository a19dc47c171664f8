//! Microsoft Identity Manager's 'Identity Manager Request Log': whole requests (event 4121) and requests in parts (4137).

mod parts;
mod request;

use crate::fields::Fields;
use crate::formats::Reading;
use crate::windows::WindowsEvent;
use model::time::Timestamp;
use serde_json::{Map, Value};

pub(crate) use parts::Part;

/// The id of the format, the one that has records in parts.
pub(crate) const FORMAT: &str = "mim";
/// The log, and the source that MIM's service writes under
/// (<https://learn.microsoft.com/microsoft-identity-manager/working-with-identity-manager-hybrid-reporting>).
pub(crate) const CHANNEL: &str = "Identity Manager Request Log";
const PROVIDER: &str = "Microsoft.IdentityManagement.Service";

const WHOLE: i64 = 4121;
const CONTINUED: i64 = 4137;

/// Whether an event of Windows is of this log.
pub(crate) fn is_ours(event: &WindowsEvent) -> bool {
    event.is_of_channel(CHANNEL) || event.is_of_provider(PROVIDER) && matches!(event.id, WHOLE | CONTINUED)
}

/// Reads a record.
pub(crate) fn read(record: &Map<String, Value>) -> Reading {
    match said(record) {
        None => Reading::Unrecognised,
        Some(Said::Other(name)) => Reading::Ignored(name),
        Some(Said::Request(request, logged)) => request::read(&request, logged),
        Some(Said::Text(text, logged)) => read_text(&text, logged),
    }
}

/// What parts come to: the record that a whole request would be, or why there is none and what it was put together of.
pub(crate) type Assembled = Result<Vec<u8>, (String, Vec<u8>)>;

/// Puts a request together of the records of its parts, in their order. `None` if one of them is no part.
pub(crate) fn assemble(records: impl Iterator<Item = Option<Map<String, Value>>>) -> Option<Assembled> {
    let mut text = String::new();
    for record in records {
        text.push_str(&chunk_of(&record?)?);
    }
    let request = match serde_json::from_str(text.trim()) {
        Ok(Value::Object(request)) => request,
        Ok(_) => {
            return Some(Err((
                "its parts together are no object".to_owned(),
                text.into_bytes(),
            )));
        }
        Err(error) => {
            let reason =
                format!("its parts together are no JSON: {error} (counted from the start of the request)");
            return Some(Err((reason, text.into_bytes())));
        }
    };
    let mut record = Map::new();
    record.insert("EventID".to_owned(), Value::from(WHOLE));
    record.insert("Message".to_owned(), Value::Object(request));
    Some(Ok(Value::Object(record).to_string().into_bytes()))
}

/// The chunk of a record that is a part, as it was read when it came.
fn chunk_of(record: &Map<String, Value>) -> Option<String> {
    match said(record)? {
        Said::Text(text, _) => match parts::read(&text) {
            Some(Ok(chunk)) => Some(chunk.text.to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// What a record of this log says.
enum Said {
    /// A request as an object, and when the event was logged.
    Request(Map<String, Value>, Option<Timestamp>),
    /// The text of an event, and when it was logged.
    Text(String, Option<Timestamp>),
    /// Another event of the log, by its name.
    Other(String),
}

fn said(record: &Map<String, Value>) -> Option<Said> {
    if let Some(event) = WindowsEvent::of(record) {
        if !is_ours(&event) {
            return None;
        }
        if !matches!(event.id, WHOLE | CONTINUED) {
            return Some(Said::Other(event.name()));
        }
        let logged = event.time.and_then(Result::ok);
        // The text is the one datum; programs that leave the data out have it as the message.
        let datum = event.unnamed.into_iter().next();
        let named = event.data.into_iter().find_map(|(_, value)| match value {
            Value::String(text) if text.contains('{') || text.contains("out of") => Some(text),
            _ => None,
        });
        let text = datum.or(named).or(event.message).unwrap_or_default();
        return Some(Said::Text(text, logged));
    }
    let fields = Fields::new(record);
    // The shape in which MIMAuditor's samples are: the event's number and its message.
    let is_event = matches!(fields.integer("EventID"), Some(WHOLE | CONTINUED));
    for name in ["Message", "Message_raw"] {
        match record.get(name) {
            Some(Value::Object(request)) if is_event => return Some(Said::Request(request.clone(), None)),
            Some(Value::String(text)) if is_event => return Some(Said::Text(text.clone(), None)),
            _ => {}
        }
    }
    // A request alone.
    let is_request = fields.text("ObjectType").as_deref() == Some("Request")
        && fields.get("RequestStatus").is_some()
        && fields.get("HybridObjectID").is_some();
    is_request.then(|| Said::Request(record.clone(), None))
}

fn read_text(text: &str, logged: Option<Timestamp>) -> Reading {
    match parts::read(text) {
        Some(Ok(part)) => return Reading::Fragment(part.owned()),
        Some(Err(reason)) => return Reading::Rejected(reason),
        None => {}
    }
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(Value::Object(request)) => request::read(&request, logged),
        // Something of a request whose header was cut off, as in the samples.
        _ if text.starts_with(['{', '[', '"']) || text.contains('{') => {
            Reading::Fragment(parts::of_unknown(text))
        }
        _ => Reading::Rejected(
            "the event of the Identity Manager Request Log has neither a request in JSON nor a part of one"
                .to_owned(),
        ),
    }
}
