//! When a record says that its event happened, in the vendor's own members.

use crate::fields::Fields;
use model::time::Timestamp;

/// The time in the first of these members that has one. The error says what is wrong with them and what to do.
pub(crate) fn happened(fields: Fields<'_>, names: &[&str]) -> Result<Timestamp, String> {
    let mut unreadable = None;
    for name in names {
        match fields.time(name) {
            Some(Ok(time)) => return Ok(time),
            Some(Err(text)) => unreadable = unreadable.or(Some((name, text))),
            None => {}
        }
    }
    if let Some((name, text)) = unreadable {
        let text: String = text.chars().take(60).collect();
        return Err(format!(
            "its `{name}` is `{text}`, which is no time that can be read (such as 2017-05-17T12:00:00Z)"
        ));
    }
    let name = names.first().copied().unwrap_or_default();
    Err(format!(
        "it does not say when it happened: it has no `{name}`; export that too"
    ))
}
