//! What an answer of the service means for a piece, and how long to wait before the next attempt.

use crate::client::retry;
use std::time::Duration;

/// Nobody waits longer between two attempts, unless the service asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What a service may ask for is believed up to here.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// What is to be done with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The service has it for good: it can go.
    Stored,
    /// The same again, later; after the time that the service asked for, if it did.
    Later(Option<Duration>),
    /// It is too large: send it in parts.
    Split,
    /// The service will never take it: keep it aside, and go on.
    Aside,
}

/// Judges an answer by its status. `retry_after` is the header's text, `now` seconds since 1970.
///
/// What an operator can mend (a tenant that is not there, a role that is missing) waits. What no waiting mends (400, 415, 422)
/// goes aside, so that what comes after it is not held up.
pub(crate) fn judge(status: u16, retry_after: Option<&str>, now: i64) -> Verdict {
    match status {
        200 => Verdict::Stored,
        413 => Verdict::Split,
        400 | 405 | 406 | 411 | 412 | 414..=417 | 421..=424 => Verdict::Aside,
        _ => {
            let asked = retry_after.and_then(|text| retry::wanted(text.trim(), now));
            Verdict::Later(asked.map(|wait| wait.min(LONGEST_ASKED)))
        }
    }
}

/// How long to wait after so many failures in a row (from 1): half a second, one, two … a minute, of which up to a half is left
/// to chance (0 to 255), so that many agents do not come at once.
pub(crate) fn backoff(failures: u32, chance: u8) -> Duration {
    let whole = Duration::from_millis(500u64 << failures.saturating_sub(1).min(7)).min(LONGEST_WAIT);
    whole / 2 + whole.mul_f64(f64::from(chance) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_decides_what_becomes_of_a_piece() {
        let check = |status: u16, header: Option<&str>, expected: Verdict| {
            assert_eq!(judge(status, header, 0), expected, "{status} {header:?}");
        };
        let later = |seconds: u64| Verdict::Later(Some(Duration::from_secs(seconds)));
        check(200, None, Verdict::Stored);
        // Nothing but 200 says that it is on the disk.
        check(202, None, Verdict::Later(None));
        check(204, None, Verdict::Later(None));
        check(301, None, Verdict::Later(None));
        check(400, None, Verdict::Aside);
        check(401, None, Verdict::Later(None));
        check(403, None, Verdict::Later(None));
        check(404, None, Verdict::Later(None));
        check(408, None, Verdict::Later(None));
        check(410, None, Verdict::Later(None));
        check(413, None, Verdict::Split);
        check(415, None, Verdict::Aside);
        check(422, None, Verdict::Aside);
        check(429, Some("7"), later(7));
        check(503, Some("Thu, 01 Jan 1970 00:00:09 GMT"), later(9));
        check(503, Some("999999"), later(3_600));
        check(503, None, Verdict::Later(None));
        check(500, None, Verdict::Later(None));
    }

    #[test]
    fn waiting_doubles_up_to_a_minute_and_chance_moves_it() {
        let check = |failures: u32, chance: u8, millis: u128| {
            assert_eq!(
                backoff(failures, chance).as_millis(),
                millis,
                "{failures} {chance}"
            );
        };
        check(1, 0, 250);
        check(1, 255, 500);
        check(2, 0, 500);
        check(4, 255, 4_000);
        check(8, 255, 60_000);
        check(1_000, 0, 30_000);
    }
}
