//! Times that somebody gave to records which tell none: kept in the original, told in what the record shows, outranked by a real one.

use crate::formats::Told;
use model::event::Facts;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// The member that such an original gets, so that it says the same when it is read again. Members that begin so belong to no
/// vendor's record and are no part of its content.
const MEMBER: &str = "_gatelogGivenTime";
/// What is shown.
const NOTE: &str = "time given at import";

/// The time that was given to a record when it was brought.
pub(crate) fn of(record: &Map<String, Value>) -> Option<Timestamp> {
    let text = record.get(MEMBER)?.as_str()?;
    Timestamp::parse_vendor(text).ok()
}

/// The original of a record with the time that it is given; `None` if it is no object and so has no room for it.
pub(crate) fn noted(original: &[u8], time: Timestamp) -> Option<Vec<u8>> {
    let members = original.strip_prefix(b"{")?;
    let mut noted = format!("{{\"{MEMBER}\":\"{time}\",").into_bytes();
    noted.extend_from_slice(members);
    Some(noted)
}

/// Gives an event its time. Any record of the same event that tells a time of its own wins over this one.
pub(crate) fn give(told: &mut Told, time: Timestamp) {
    told.event.time = time;
    told.event.updated = None;
    told.rank.updated = None;
    told.rank.properties = 0;
    match &mut told.event.facts {
        Facts::SignIn(sign_in) => {
            sign_in.additional_details = Some(match sign_in.additional_details.take() {
                Some(details) => format!("{details}; {NOTE}"),
                None => NOTE.to_owned(),
            });
        }
        Facts::Audit(audit) => {
            audit
                .additional_details
                .push((NOTE.to_owned(), Some(time.to_string())));
        }
        // What these show has no place for a note.
        Facts::Provisioning(_) | Facts::RiskDetection(_) | Facts::RiskState(_) | Facts::Finding(_) => {}
    }
}
