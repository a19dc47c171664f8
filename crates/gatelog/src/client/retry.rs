//! How long to wait before asking again, and when to stop asking.

use std::time::Duration;

/// How often a throttled request is sent again.
pub(crate) const ATTEMPTS: u32 = 6;

/// What a service may ask us to wait at once. Whoever asks for more is believed, and told to the user instead.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What to do with an answer of 429 or 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Wait so long and ask again.
    Wait(Duration),
    /// It was asked often enough, or it wants more patience than there is.
    GiveUp,
}

/// Decides after `attempt` requests (1 after the first). `retry_after` is the header's text, `now` seconds since 1970.
pub(crate) fn decide(attempt: u32, retry_after: Option<&str>, now: i64) -> Patience {
    if attempt >= ATTEMPTS {
        return Patience::GiveUp;
    }
    let asked = retry_after.and_then(|text| wanted(text.trim(), now));
    match asked {
        Some(wait) if wait > LONGEST_WAIT => Patience::GiveUp,
        Some(wait) => Patience::Wait(wait),
        // 1, 2, 4, 8, 16 seconds.
        None => Patience::Wait(Duration::from_secs(1 << (attempt - 1).min(5))),
    }
}

/// `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3).
pub(crate) fn wanted(text: &str, now: i64) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(text)?;
    Some(Duration::from_secs(u64::try_from(until - now).unwrap_or(0)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970 (RFC 9110, 5.6.7); the two older forms are nobody's any more.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split(' ');
    let day = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let seconds = clock.next()?? * 3_600 + clock.next()?? * 60 + clock.next()??;
    let time = model::time::Timestamp::from_civil(year, month, day, seconds, 0)?;
    (parts.next() == Some("GMT")).then(|| time.unix_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, by `date -d`.
    const NOW: i64 = 784_111_777;

    fn check(attempt: u32, header: Option<&str>, seconds: Option<u64>) {
        let expected = seconds.map_or(Patience::GiveUp, |seconds| {
            Patience::Wait(Duration::from_secs(seconds))
        });
        assert_eq!(decide(attempt, header, NOW), expected, "{attempt} {header:?}");
    }

    #[test]
    fn the_service_says_how_long() {
        check(1, Some("3"), Some(3));
        check(5, Some(" 7 "), Some(7));
        check(1, Some("0"), Some(0));
        check(1, Some("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        check(1, Some("Sun, 06 Nov 1994 08:49:27 GMT"), Some(0));
    }

    #[test]
    fn without_a_word_the_wait_doubles() {
        check(1, None, Some(1));
        check(2, None, Some(2));
        check(5, None, Some(16));
        check(2, Some("soon"), Some(2));
        check(2, Some("Sun, 99 Nov 1994 08:49:47 GMT"), Some(2));
        check(2, Some("-5"), Some(2));
    }

    #[test]
    fn patience_ends() {
        check(6, Some("1"), None);
        check(6, None, None);
        check(1, Some("301"), None);
        check(1, Some("Sun, 06 Nov 1994 09:49:37 GMT"), None);
        check(1, Some("18446744073709551615"), None);
    }
}
