//! The `$skiptoken`: all that the next page must know, in itself, so that no client need keep or repeat anything else.

use crate::error::{EXPIRED_PAGE_TOKEN, RequestError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::query::Position;
use model::reports::{self, ReportDef};
use model::tenant::TenantId;
use model::time::Timestamp;

/// Written first; a token of another format is refused and not misread.
const FORMAT: u8 = 2;
/// Bytes of checksum at the end.
const CHECK_BYTES: usize = 8;
/// The longest token that is looked at, in characters: the longest `$filter` and what stands beside it.
const MAX_CHARACTERS: usize = 12 * 1024;
const HAS_TOP: u8 = 1;
const HAS_WINDOW: u8 = 2;
const HAS_FILTER: u8 = 4;

/// What a token says. It is checked against damage and mix-ups, not against forgery: whoever makes one up could ask the
/// same by `$filter` and `$top`, and sees nothing that the tenant and the report's visibility do not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipToken {
    /// The report's number.
    pub report: u16,
    /// The state of the tenant that the first page read.
    pub snapshot: u64,
    /// Which life of the tenant's commits that state belongs to.
    pub epoch: u64,
    /// Rows a page.
    pub page_rows: u32,
    /// Rows of `$top` still to come.
    pub top_left: Option<u64>,
    /// Rows of `$skip` still to leave out.
    pub skip_left: u64,
    /// The default window as the first page fixed it.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The place after which the page starts.
    pub position: Position,
    /// The `$filter`, as it was asked.
    pub filter: Option<String>,
}

impl SkipToken {
    /// The token as text: letters, digits, `-` and `_`, so that encoding it for a URL changes nothing.
    pub fn encode(&self, tenant: TenantId) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.report.to_le_bytes());
        let flag = |given: bool, flag: u8| if given { flag } else { 0 };
        bytes.push(
            flag(self.top_left.is_some(), HAS_TOP)
                | flag(self.window.is_some(), HAS_WINDOW)
                | flag(self.filter.is_some(), HAS_FILTER),
        );
        bytes.extend(self.snapshot.to_le_bytes());
        bytes.extend(self.epoch.to_le_bytes());
        bytes.extend(self.page_rows.to_le_bytes());
        bytes.extend(self.skip_left.to_le_bytes());
        bytes.extend(self.position.time.ticks().to_le_bytes());
        bytes.extend(self.position.key);
        if let Some(top_left) = self.top_left {
            bytes.extend(top_left.to_le_bytes());
        }
        if let Some((first, last)) = self.window {
            bytes.extend(first.ticks().to_le_bytes());
            bytes.extend(last.ticks().to_le_bytes());
        }
        bytes.extend(self.filter.as_deref().unwrap_or_default().bytes());
        bytes.extend(checksum(&bytes, tenant));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Refuses a token whose state is gone: data were freed, made anew or restored since, and to go on from there would
    /// leave rows out without a word. The code is that of the old service for a page that cannot be had any more.
    pub fn check_epoch(&self, epoch: u64) -> Result<(), RequestError> {
        if self.epoch == epoch {
            return Ok(());
        }
        Err(RequestError::new(
            EXPIRED_PAGE_TOKEN,
            "This $skiptoken is no longer good: since the first page, data were freed, made anew or restored; start again \
             without it.",
        ))
    }

    /// Refuses the token of another report.
    pub fn check_report(&self, report: &ReportDef) -> Result<(), RequestError> {
        if self.report == report.number {
            return Ok(());
        }
        let owner = reports::by_number(self.report).map_or("another report", |owner| owner.name);
        Err(RequestError::bad(format!(
            "This $skiptoken belongs to `{owner}`, not to `{}`; start again without it.",
            report.name
        )))
    }
}

/// Reads a token that this service gave to a tenant.
pub fn decode(text: &str, tenant: TenantId) -> Result<SkipToken, RequestError> {
    read(text.trim(), tenant).ok_or_else(|| {
        RequestError::bad("This $skiptoken is not one of this service's; start again without it.")
    })
}

fn read(text: &str, tenant: TenantId) -> Option<SkipToken> {
    if text.len() > MAX_CHARACTERS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (content, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_BYTES)?)?;
    if check != checksum(content, tenant) {
        return None;
    }
    let mut fields = Fields(content);
    if fields.take::<1>()? != [FORMAT] {
        return None;
    }
    let report = u16::from_le_bytes(fields.take()?);
    let [flags] = fields.take()?;
    let snapshot = u64::from_le_bytes(fields.take()?);
    let epoch = u64::from_le_bytes(fields.take()?);
    let page_rows = u32::from_le_bytes(fields.take()?);
    let skip_left = u64::from_le_bytes(fields.take()?);
    let position = Position {
        time: fields.time()?,
        key: fields.take()?,
    };
    let top_left = if flags & HAS_TOP == 0 {
        None
    } else {
        let left = u64::from_le_bytes(fields.take()?);
        // With nothing left there is no next page, so no token of ours says so.
        if left == 0 {
            return None;
        }
        Some(left)
    };
    let window = if flags & HAS_WINDOW == 0 {
        None
    } else {
        Some((fields.time()?, fields.time()?))
    };
    let filter = std::str::from_utf8(fields.0).ok()?;
    let filter = if flags & HAS_FILTER == 0 {
        None
    } else {
        Some(filter.to_owned())
    };
    Some(SkipToken {
        report,
        snapshot,
        epoch,
        page_rows,
        top_left,
        skip_left,
        window,
        position,
        filter,
    })
}

/// Tells a damaged token, and one that was given to another tenant, from one that is in its place.
fn checksum(content: &[u8], tenant: TenantId) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("gatelog $skiptoken");
    hasher.update(tenant.guid().as_bytes());
    hasher.update(content);
    let mut check = [0; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut check);
    check
}

/// Reads fields of fixed length from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (field, rest) = self.0.split_first_chunk::<LENGTH>()?;
        self.0 = rest;
        Some(*field)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_ticks(i64::from_le_bytes(self.take()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use proptest::prelude::*;
    use uuid::Uuid;

    const TENANT: TenantId = TenantId::new(Uuid::from_u128(7));
    const OTHER_TENANT: TenantId = TenantId::new(Uuid::from_u128(8));
    const NOT_OURS: &str = "This $skiptoken is not one of this service's; start again without it.";

    fn token() -> SkipToken {
        SkipToken {
            report: fixtures::AUDIT_EVENTS.number,
            snapshot: 12,
            epoch: 3,
            page_rows: 1000,
            top_left: Some(5),
            skip_left: 0,
            window: Some((Timestamp::from_ticks(1), Timestamp::from_ticks(2))),
            position: Position {
                time: Timestamp::from_ticks(-3),
                key: [9; 16],
            },
            filter: Some("actor eq 'größe'".to_owned()),
        }
    }

    fn check_refused(text: &str) {
        assert_eq!(decode(text, TENANT).unwrap_err().message, NOT_OURS, "{text}");
    }

    #[test]
    fn a_foreign_token_is_refused() {
        for text in ["-1339686058", "", "AQ", "abc=", "RFNwdAIAAQAAACM6", "über"] {
            check_refused(text);
        }
        check_refused(&"A".repeat(100_000));
        check_refused(&token().encode(OTHER_TENANT));
    }

    /// Three bytes are four characters, so the longest token has 9216 bytes.
    #[test]
    fn a_token_is_looked_at_up_to_the_longest() {
        let with_filter = |bytes: usize| SkipToken {
            filter: Some("a".repeat(bytes)),
            ..token()
        };
        let rest = URL_SAFE_NO_PAD
            .decode(with_filter(0).encode(TENANT))
            .unwrap()
            .len();
        let longest = with_filter(9216 - rest);
        let text = longest.encode(TENANT);
        assert_eq!(text.len(), MAX_CHARACTERS);
        assert!(decode(&text, TENANT) == Ok(longest), "the longest token is read");
        check_refused(&with_filter(9217 - rest).encode(TENANT));
    }

    #[test]
    fn a_token_of_another_format_is_refused_and_not_misread() {
        let mut bytes = URL_SAFE_NO_PAD.decode(token().encode(TENANT)).unwrap();
        bytes.truncate(bytes.len() - CHECK_BYTES);
        bytes[0] = 1;
        bytes.extend(checksum(&bytes, TENANT));
        check_refused(&URL_SAFE_NO_PAD.encode(bytes));
    }

    #[test]
    fn a_token_for_a_page_without_rows_is_none_of_ours() {
        let token = SkipToken {
            top_left: Some(0),
            ..token()
        };
        check_refused(&token.encode(TENANT));
    }

    #[test]
    fn a_token_with_one_character_changed_lost_or_added_is_refused() {
        let text = token().encode(TENANT);
        for index in 0..text.len() {
            let other = if text.as_bytes()[index] == b'A' { "B" } else { "A" };
            check_refused(&format!("{}{other}{}", &text[..index], &text[index + 1..]));
            check_refused(&format!("{}{}", &text[..index], &text[index + 1..]));
            check_refused(&format!("{}{other}{}", &text[..index], &text[index..]));
        }
    }

    #[test]
    fn the_token_of_another_report_is_refused_by_name() {
        let error = token().check_report(&fixtures::TENANT_USER_COUNT).unwrap_err();
        assert!(
            error
                .message
                .ends_with("not to `tenantUserCount`; start again without it."),
            "{}",
            error.message
        );
        assert_eq!(token().check_report(&fixtures::AUDIT_EVENTS), Ok(()));
    }

    #[test]
    fn a_token_of_another_epoch_is_refused_with_a_code_of_its_own() {
        assert_eq!(token().check_epoch(3), Ok(()));
        for epoch in [0, 2, 4, u64::MAX] {
            let error = token().check_epoch(epoch).unwrap_err();
            assert_eq!((error.status, error.code), (400, "Directory_ExpiredPageToken"));
        }
    }

    fn any_token() -> impl Strategy<Value = SkipToken> {
        let time = || (Timestamp::MIN.ticks()..=Timestamp::MAX.ticks()).prop_map(Timestamp::from_ticks);
        (
            (
                any::<u16>(),
                (any::<u64>(), any::<u64>()),
                any::<u32>(),
                proptest::option::of(1..=u64::MAX),
                any::<u64>(),
            ),
            proptest::option::of((time(), time())),
            (time(), any::<[u8; 16]>()),
            any::<Option<String>>(),
        )
            .prop_map(
                |(
                    (report, (snapshot, epoch), page_rows, top_left, skip_left),
                    window,
                    (time, key),
                    filter,
                )| {
                    SkipToken {
                        report,
                        snapshot,
                        epoch,
                        page_rows,
                        top_left,
                        skip_left,
                        window,
                        position: Position { time, key },
                        filter,
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_needs_no_encoding(token in any_token()) {
            let text = token.encode(TENANT);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(decode(&text, TENANT).unwrap(), token);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}") {
            let _ = decode(&text, TENANT);
        }

        /// Content that passes the checksum reaches the fields.
        #[test]
        fn no_content_makes_the_reader_panic(mut content in proptest::collection::vec(any::<u8>(), 0..120)) {
            content.extend(checksum(&content, TENANT));
            let _ = decode(&URL_SAFE_NO_PAD.encode(content), TENANT);
        }
    }
}
