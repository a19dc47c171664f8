//! Points in time as people write them: `7d`, a date, an instant. Without a zone it is UTC.

use crate::exit::Usage;
use model::time::Timestamp;

/// Reads `7d` (so long before now), `2026-11-01`, or `2026-11-01T00:00+01:00`.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, Usage> {
    if let Some(seconds) = span(text) {
        return Ok(now.plus_seconds(-seconds));
    }
    Timestamp::parse_vendor(text).map_err(|_| {
        Usage(format!(
            "{text:?} is no point in time; write 90m, 36h, 7d or 2w for so long ago, or a date such as 2026-11-01, or \
             2026-11-01T08:00:00Z (without a zone it is UTC)"
        ))
    })
}

/// `90m`, `36h`, `7d`, `2w` in seconds.
fn span(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let now = Timestamp::parse_vendor("2026-11-22T12:00:00.5Z").unwrap();
        let parsed = parse(text, now).ok().map(|time| time.to_string());
        assert_eq!(parsed.as_deref(), expected, "{text}");
    }

    #[test]
    fn spans_are_before_now() {
        check("7d", Some("2026-11-15T12:00:00.5Z"));
        check("90m", Some("2026-11-22T10:30:00.5Z"));
        check("36h", Some("2026-11-21T00:00:00.5Z"));
        check("2w", Some("2026-11-08T12:00:00.5Z"));
        check("0s", Some("2026-11-22T12:00:00.5Z"));
    }

    #[test]
    fn a_time_without_zone_is_utc() {
        check("2026-11-01", Some("2026-11-01T00:00:00Z"));
        check("2026-11-01T08:00", Some("2026-11-01T08:00:00Z"));
        check(
            "2026-11-01T08:00:00.1234567",
            Some("2026-11-01T08:00:00.1234567Z"),
        );
        check("2026-11-01T00:00+01:00", Some("2026-10-31T23:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "d",
            "-7d",
            "7 d",
            "yesterday",
            "7y",
            "1.5d",
            "99999999999999999d",
            "ü",
        ] {
            check(text, None);
        }
    }
}
