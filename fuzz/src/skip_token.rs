//! Any text as a `$skiptoken`: refused, or read as something that is written and read again the same.

use crate::request_line::{CONTEXT, TENANT};
use arbitrary::{Arbitrary, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::query::Position;
use model::reports;
use model::time::Timestamp;
use odata::options::Options;
use odata::skiptoken::{self, SkipToken};

/// Takes the bytes for a token, for the content of one whose checksum is right, and for the choices of one that the
/// service could have written.
pub fn check(bytes: &[u8]) {
    check_text(&String::from_utf8_lossy(bytes));
    check_text(&with_checksum(bytes));
    if let Ok(token) = made_up(&mut Unstructured::new(bytes)) {
        let text = token.encode(TENANT);
        let read = skiptoken::decode(&text, TENANT);
        assert_eq!(read.as_ref(), Ok(&token), "{text}");
        check_text(&text);
    }
}

fn check_text(text: &str) {
    let Ok(token) = skiptoken::decode(text, TENANT) else {
        return;
    };
    let written = token.encode(TENANT);
    let again = skiptoken::decode(&written, TENANT);
    assert_eq!(again.as_ref(), Ok(&token), "{text}");
    let Some(report) = reports::by_number(token.report) else {
        return;
    };
    let options = Options {
        skip_token: Some(text.to_owned()),
        ..Options::default()
    };
    if let Ok(asked) = odata::ask::ask(report, &options, &CONTEXT) {
        assert!(
            asked.query.limit >= 1,
            "a page without room never ends: {token:?}"
        );
        assert!(asked.query.limit <= CONTEXT.page_rows_max);
        assert_eq!(asked.query.after, Some(token.position));
    }
}

/// The checksum is no secret: it tells damage, and whoever wants to can compute it.
fn with_checksum(content: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("gatelog $skiptoken");
    hasher.update(TENANT.guid().as_bytes());
    hasher.update(content);
    let mut bytes = content.to_vec();
    bytes.extend_from_slice(&hasher.finalize().as_bytes()[..8]);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn made_up(choices: &mut Unstructured<'_>) -> arbitrary::Result<SkipToken> {
    let time = |choices: &mut Unstructured<'_>| Ok(Timestamp::from_ticks(i64::arbitrary(choices)?));
    Ok(SkipToken {
        report: choices.arbitrary()?,
        snapshot: choices.arbitrary()?,
        // Mostly the right one: the wrong one is refused before anything else is looked at.
        epoch: if choices.ratio(7, 8)? {
            CONTEXT.epoch
        } else {
            choices.arbitrary()?
        },
        page_rows: choices.arbitrary()?,
        top_left: choices.arbitrary::<Option<u64>>()?.map(|left| left.max(1)),
        skip_left: choices.arbitrary()?,
        window: if choices.arbitrary()? {
            Some((time(choices)?, time(choices)?))
        } else {
            None
        },
        position: Position {
            time: time(choices)?,
            key: choices.arbitrary()?,
        },
        filter: choices.arbitrary()?,
    })
}
