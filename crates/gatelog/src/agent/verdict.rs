//! What an answer of the service means for a piece, and how long to wait before the next attempt.

use crate::client::http::Answer;
use crate::client::retry;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;

/// Nobody waits longer between two attempts, unless the service asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What a service may ask for is believed up to here.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// What the service's problems have for a type, before their kind.
const OURS: &str = "urn:gatelog:problem:";
/// Kinds of problems that condemn the piece, whoever sends it and whenever. A header or a host that is not right is not among
/// them: that is between the agent and the service, an operator mends it, and it would be so with every piece.
const OF_THE_PIECE: &[&str] = &["unsupported-media-type", "bad-encoding"];

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

/// Judges an answer; `now` is in seconds since 1970.
///
/// What an operator can mend (a tenant that is not there, a role that is missing) waits. What no waiting mends (400, 415, 422)
/// goes aside, so that what comes after it is not held up, but only on the word of the service itself: a proxy on the way says
/// 400 or 405 to everything for as long as it is wrong, and says nothing of the piece.
pub(crate) fn judge(answer: &Answer, now: i64) -> Verdict {
    match answer.status {
        200 => Verdict::Stored,
        413 => Verdict::Split,
        400 | 415 | 422 if problem(answer).is_some_and(|kind| OF_THE_PIECE.contains(&kind.as_str())) => {
            Verdict::Aside
        }
        _ => {
            let header = answer.headers.get(RETRY_AFTER);
            let asked = header
                .and_then(|value| value.to_str().ok())
                .and_then(|text| retry::wanted(text.trim(), now));
            Verdict::Later(asked.map(|wait| wait.min(LONGEST_ASKED)))
        }
    }
}

/// The kind of the service's own problem; `None` where it is not the service that speaks.
pub(crate) fn problem(answer: &Answer) -> Option<String> {
    let media = answer.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if media.split(';').next()?.trim() != "application/problem+json" {
        return None;
    }
    let told: Value = serde_json::from_slice(&answer.body).ok()?;
    told["type"].as_str()?.strip_prefix(OURS).map(str::to_owned)
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

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        Answer {
            status,
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn an_answer_decides_what_becomes_of_a_piece() {
        let check = |status: u16, header: Option<&str>, expected: Verdict| {
            let headers: Vec<_> = header.map(|text| ("retry-after", text)).into_iter().collect();
            let judged = judge(&answer(status, &headers, ""), 0);
            assert_eq!(judged, expected, "{status} {header:?}");
        };
        let later = |seconds: u64| Verdict::Later(Some(Duration::from_secs(seconds)));
        check(200, None, Verdict::Stored);
        // Nothing but 200 says that it is on the disk.
        check(202, None, Verdict::Later(None));
        check(204, None, Verdict::Later(None));
        check(301, None, Verdict::Later(None));
        check(401, None, Verdict::Later(None));
        check(403, None, Verdict::Later(None));
        check(404, None, Verdict::Later(None));
        check(408, None, Verdict::Later(None));
        check(410, None, Verdict::Later(None));
        check(413, None, Verdict::Split);
        check(429, Some("7"), later(7));
        check(503, Some("Thu, 01 Jan 1970 00:00:09 GMT"), later(9));
        check(503, Some("999999"), later(3_600));
        check(503, None, Verdict::Later(None));
        check(500, None, Verdict::Later(None));
    }

    #[test]
    fn only_the_service_itself_condemns_a_piece() {
        let check = |status: u16, media: &str, body: &str, expected: Verdict| {
            let judged = judge(&answer(status, &[("content-type", media)], body), 0);
            assert_eq!(judged, expected, "{status} {media} {body}");
        };
        let later = Verdict::Later(None);
        let own = "application/problem+json; charset=utf-8";
        let problem = |kind: &str| format!("{{\"type\":\"urn:gatelog:problem:{kind}\",\"title\":\"No\"}}");
        check(415, own, &problem("unsupported-media-type"), Verdict::Aside);
        check(400, own, &problem("bad-encoding"), Verdict::Aside);
        // Of the way to the service, not of the piece.
        check(400, own, &problem("bad-host"), later);
        check(400, own, &problem("body-broken"), later);
        check(400, own, &problem("bad-header"), later);
        check(405, own, &problem("method-not-allowed"), later);
        // Pages of proxies, and problems of other programs.
        for status in [400, 405, 406, 411, 412, 414, 415, 416, 417, 421, 422, 423, 424] {
            check(status, "text/html", "<h1>We are at work here</h1>", later);
        }
        check(400, "application/json", &problem("bad-encoding"), later);
        check(
            400,
            own,
            "{\"type\":\"about:blank\",\"title\":\"Bad Request\"}",
            later,
        );
        check(400, own, "{", later);
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
