//! Headers of syslog: RFC 5424 is passed on as it is; RFC 3164, which has no year and no zone, gets a header of RFC 5424.

use model::time::{TICKS_PER_SECOND, Timestamp};

/// What a header of RFC 5424 says.
pub(crate) struct Parts<'a> {
    pub(crate) priority: u8,
    pub(crate) time: Timestamp,
    pub(crate) host: &'a str,
    pub(crate) app: &'a str,
    pub(crate) process: &'a str,
    pub(crate) message: &'a [u8],
}

/// What is assumed of who sends RFC 3164.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// When the message came.
    pub(crate) received: Timestamp,
    /// How far its clock is ahead of UTC, in seconds.
    pub(crate) offset_seconds: i64,
}

/// The priority of a message that names none (RFC 3164, 4.3.3: user, notice).
const DEFAULT_PRIORITY: u8 = 13;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A message as one line with a header of RFC 5424.
pub(crate) fn normalised(message: &[u8], sender: &str, terms: Terms) -> Vec<u8> {
    let message = message.trim_ascii_end();
    let (priority, rest) = match priority(message) {
        Some((_, rest)) if is_rfc5424(rest) => return one_line(message),
        Some(found) => found,
        None => (DEFAULT_PRIORITY, message),
    };
    let Some((time, rest)) = rfc3164_time(rest, terms) else {
        // No time that can be read: that of arrival, and everything is the message (RFC 3164, 4.3.2).
        return written(&Parts {
            priority,
            time: terms.received,
            host: sender,
            app: "",
            process: "",
            message: rest,
        });
    };
    let (host, rest) = host(rest);
    let (app, process, message) = tag(rest);
    written(&Parts {
        priority,
        time,
        host: if host.is_empty() { sender } else { &host },
        app: &app,
        process: &process,
        message,
    })
}

/// What stands behind the header of a message, whichever it has: for programs that send JSON by syslog.
pub(crate) fn payload(line: &[u8]) -> &[u8] {
    let Some((_, mut rest)) = priority(line) else {
        return line;
    };
    // VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID
    for _ in 0..6 {
        let Some(space) = rest.iter().position(|byte| *byte == b' ') else {
            return &[];
        };
        rest = &rest[space + 1..];
    }
    let data = structured_data(rest);
    let message = rest[data..].strip_prefix(b" ").unwrap_or(&[]);
    message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message)
}

/// Writes a line.
pub(crate) fn written(parts: &Parts<'_>) -> Vec<u8> {
    let header = format!(
        "<{}>1 {} {} {} {} - - ",
        parts.priority,
        parts.time,
        word(parts.host, 255),
        word(parts.app, 48),
        word(parts.process, 128)
    );
    let mut line = header.into_bytes();
    line.extend_from_slice(&one_line(parts.message));
    line
}

/// A field of the header: printable ASCII without spaces (RFC 5424, 6).
fn word(text: &str, most: usize) -> String {
    let word: String = text
        .chars()
        .take(most)
        .map(|character| {
            if character.is_ascii_graphic() {
                character
            } else {
                '_'
            }
        })
        .collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// Line ends within a message are written as rsyslog does, so that it is one line.
fn one_line(message: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(message.len());
    for byte in message {
        match byte {
            b'\n' => line.extend_from_slice(b"#012"),
            b'\r' => line.extend_from_slice(b"#015"),
            0 => line.extend_from_slice(b"#000"),
            byte => line.push(*byte),
        }
    }
    line
}

fn priority(message: &[u8]) -> Option<(u8, &[u8])> {
    let rest = message.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let digits = std::str::from_utf8(&rest[..end]).ok()?;
    let number: u8 = digits.parse().ok().filter(|number| *number <= 191)?;
    (digits.bytes().all(|byte| byte.is_ascii_digit())).then_some((number, &rest[end + 1..]))
}

/// `1 2025-12-01T…` or `1 - …`.
fn is_rfc5424(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b"1 ") else {
        return false;
    };
    rest.starts_with(b"- ") || (rest.len() > 10 && rest[4] == b'-' && rest[10] == b'T')
}

/// How long the structured data is (RFC 5424, 6.3).
fn structured_data(rest: &[u8]) -> usize {
    if !rest.starts_with(b"[") {
        return rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b' ' if !is_quoted && at > 0 && rest[at - 1] == b']' => return at,
            _ => {}
        }
    }
    rest.len()
}

/// `Dec  1 07:08:09 ` as an instant: of the last year in which it is not after its arrival.
fn rfc3164_time(rest: &[u8], terms: Terms) -> Option<(Timestamp, &[u8])> {
    let text = std::str::from_utf8(rest.get(..15)?).ok()?;
    let month = MONTHS.iter().position(|month| text.get(..3) == Some(month))? as i64 + 1;
    let day: i64 = text.get(4..6)?.trim_start().parse().ok()?;
    let mut clock = text.get(7..15)?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !((0..24).contains(&hour) && (0..60).contains(&minute) && (0..61).contains(&second)) {
        return None;
    }
    let seconds = (hour * 3_600 + minute * 60 + second.min(59)) - terms.offset_seconds;
    let year: i64 = terms.received.to_string().get(..4)?.parse().ok()?;
    // Messages are of the past: a clock may be wrong by a day, but not by months.
    let latest = terms.received.plus_days(1);
    let time = [year - 1, year, year + 1]
        .into_iter()
        .filter_map(|year| Timestamp::from_civil(year, month, day, 0, 0))
        .map(|midnight| midnight.plus_ticks(seconds * TICKS_PER_SECOND))
        .filter(|time| *time <= latest)
        .max()?;
    let rest = rest[15..].strip_prefix(b" ").unwrap_or(&rest[15..]);
    Some((time, rest))
}

/// The host, if there is one: many senders leave it out, and a tag follows at once.
fn host(rest: &[u8]) -> (String, &[u8]) {
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let word = &rest[..end];
    let is_tag = word.ends_with(b":") || word.contains(&b'[') || end == rest.len();
    if is_tag || word.is_empty() {
        return (String::new(), rest);
    }
    (String::from_utf8_lossy(word).into_owned(), &rest[end + 1..])
}

/// `sshd[42]: message` as program, process and message (RFC 3164, 5.3).
fn tag(rest: &[u8]) -> (String, String, &[u8]) {
    let end = rest
        .iter()
        .take(64)
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"-_./@".contains(byte)));
    let Some(end) = end.filter(|end| *end > 0) else {
        return (String::new(), String::new(), rest);
    };
    let app = String::from_utf8_lossy(&rest[..end]).into_owned();
    let (process, behind) = match rest[end..].strip_prefix(b"[") {
        Some(inner) => match inner.iter().position(|byte| *byte == b']') {
            Some(close) => (
                String::from_utf8_lossy(&inner[..close]).into_owned(),
                &inner[close + 1..],
            ),
            None => return (String::new(), String::new(), rest),
        },
        None => (String::new(), &rest[end..]),
    };
    let Some(message) = behind.strip_prefix(b":") else {
        return (String::new(), String::new(), rest);
    };
    (app, process, message.strip_prefix(b" ").unwrap_or(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:05Z
    const RECEIVED: Timestamp = Timestamp::from_unix_seconds(1_767_225_605);

    fn check_at(offset_seconds: i64, message: &str, expected: &str) {
        let terms = Terms {
            received: RECEIVED,
            offset_seconds,
        };
        let line = normalised(message.as_bytes(), "192.0.2.1", terms);
        assert_eq!(String::from_utf8(line).unwrap(), expected, "{message:?}");
    }

    fn check(message: &str, expected: &str) {
        check_at(0, message, expected);
    }

    #[test]
    fn the_new_form_is_passed_on() {
        let message = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed";
        check(message, message);
        check("<34>1 - - - - - - x\n", "<34>1 - - - - - - x");
        check("<34>1 - - - - - - a\nb", "<34>1 - - - - - - a#012b");
    }

    #[test]
    fn the_old_form_gets_the_year_in_which_it_came() {
        check(
            "<38>Jan  1 00:00:03 web1 sshd[42]: Failed password for dora",
            "<38>1 2026-01-01T00:00:03Z web1 sshd 42 - - Failed password for dora",
        );
        // It was sent before midnight of the last day and came after it.
        check(
            "<38>Dec 31 23:59:59 web1 sshd: x",
            "<38>1 2025-12-31T23:59:59Z web1 sshd - - - x",
        );
        // A spring that is to come has sent nothing yet.
        check(
            "<38>Mar  1 00:00:00 web1 sshd: x",
            "<38>1 2025-03-01T00:00:00Z web1 sshd - - - x",
        );
        check(
            "<38>Jan  1 23:00:00 web1 sshd: x",
            "<38>1 2026-01-01T23:00:00Z web1 sshd - - - x",
        );
        check_at(
            3_600,
            "<38>Jan  1 01:00:00 web1 sshd: x",
            "<38>1 2026-01-01T00:00:00Z web1 sshd - - - x",
        );
        // Without a host.
        check(
            "<38>Jan  1 00:00:03 sshd[42]: x y",
            "<38>1 2026-01-01T00:00:03Z 192.0.2.1 sshd 42 - - x y",
        );
        check(
            "<38>Jan  1 00:00:03 web1 no tag here",
            "<38>1 2026-01-01T00:00:03Z web1 - - - - no tag here",
        );
    }

    #[test]
    fn anything_else_came_when_it_came() {
        check("hello", "<13>1 2026-01-01T00:00:05Z 192.0.2.1 - - - - hello");
        check("<38>hello", "<38>1 2026-01-01T00:00:05Z 192.0.2.1 - - - - hello");
        check(
            "<999>Jan  1 00:00:03 x",
            "<13>1 2026-01-01T00:00:05Z 192.0.2.1 - - - - <999>Jan  1 00:00:03 x",
        );
        check(
            "<38>Feb 30 00:00:03 web1 sshd: x",
            "<38>1 2026-01-01T00:00:05Z 192.0.2.1 - - - - Feb 30 00:00:03 web1 sshd: x",
        );
        check("", "<13>1 2026-01-01T00:00:05Z 192.0.2.1 - - - - ");
    }

    #[test]
    fn a_payload_is_what_stands_behind_the_header() {
        let check = |line: &str, expected: &str| {
            assert_eq!(payload(line.as_bytes()), expected.as_bytes(), "{line}");
        };
        check("<34>1 2003-10-11T22:14:15Z m su - ID47 - {\"a\":1}", "{\"a\":1}");
        check("<34>1 - - - - - [a b=\"c \\\"] d\"][e] {}", "{}");
        check("<34>1 - - - - - - \u{feff}{}", "{}");
        check("<34>1 - - - - - -", "");
        check("{}", "{}");
    }
}
