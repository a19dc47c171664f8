//! What syslog puts around a line: RFC 5424, RFC 3164, and what is left of them in the files of /var/log.

use model::time::{TICKS_PER_SECOND, Timestamp};
use std::ops::Range;

/// A line and what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    pub(crate) stamp: Stamp,
    /// Where the stamp stands in the line.
    pub(crate) stamp_at: Range<usize>,
    pub(crate) host: Option<&'a str>,
    pub(crate) program: Option<&'a str>,
    pub(crate) process: Option<&'a str>,
    pub(crate) message: &'a str,
    /// Whether there is an envelope at all.
    pub(crate) found: bool,
}

/// The time of a line, as far as it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// All of it.
    Full(Timestamp),
    /// Without a year (RFC 3164).
    NoYear {
        month: i64,
        day: i64,
        seconds: i64,
        ticks: i64,
    },
    /// Without a date (the console of `WildFly`): ticks since midnight.
    NoDate(i64),
    /// Nothing.
    Absent,
}

const MONTHS: &[&str] = &[
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl<'a> Envelope<'a> {
    /// Takes a line apart. A line without envelope is its own message; a time at its start still counts.
    pub(crate) fn of(line: &'a str) -> Envelope<'a> {
        let after_priority = priority(line);
        let start = after_priority.unwrap_or(0);
        let rest = &line[start..];
        if after_priority.is_some()
            && rest.starts_with("1 ")
            && let Some(envelope) = rfc_5424(line, start + 2)
        {
            return envelope;
        }
        if let Some((stamp, length)) = syslog_stamp(rest) {
            let stamp_at = start..start + length;
            let mut envelope = tagged(line[stamp_at.end..].trim_start_matches(' '), HostRule::Stands);
            envelope.stamp = stamp;
            envelope.stamp_at = stamp_at;
            return envelope;
        }
        if after_priority.is_some() {
            let mut envelope = tagged(rest.trim_start_matches(' '), HostRule::Absent);
            envelope.stamp_at = start..start;
            return envelope;
        }
        let (stamp, length) = bare_stamp(line).unwrap_or((Stamp::Absent, 0));
        Envelope {
            stamp,
            stamp_at: 0..length,
            host: None,
            program: None,
            process: None,
            message: line,
            found: false,
        }
    }

    /// Whether its time has no fraction of a second, so that two equal lines may be two events.
    pub(crate) fn is_of_whole_second(&self, line: &str) -> bool {
        match self.stamp {
            Stamp::NoYear { ticks, .. } => ticks == 0 && !line[self.stamp_at.clone()].contains('.'),
            Stamp::Full(_) => !line[self.stamp_at.clone()].contains(['.', ',']),
            Stamp::NoDate(_) | Stamp::Absent => false,
        }
    }
}

/// Where the text after `<34>` begins.
fn priority(line: &str) -> Option<usize> {
    let (digits, _) = line.strip_prefix('<')?.split_once('>')?;
    let is_one = (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u32>().is_ok_and(|number| number <= 191);
    is_one.then_some(digits.len() + 2)
}

/// `2026-10-11T22:14:15.003Z host app procid msgid [sd] msg`, from an offset on (RFC 5424, section 6).
fn rfc_5424(line: &str, start: usize) -> Option<Envelope<'_>> {
    let mut rest = &line[start..];
    let mut next = || -> Option<&str> {
        let (word, after) = rest.split_once(' ')?;
        rest = after;
        (!word.is_empty()).then_some(word)
    };
    let (time, host, app, process, _id) = (next()?, next()?, next()?, next()?, next()?);
    let stamp = match time {
        "-" => Stamp::Absent,
        time => Stamp::Full(iso(time)?),
    };
    let message = after_structured_data(rest)?;
    Some(Envelope {
        stamp,
        stamp_at: start..start + time.len(),
        host: Some(host).filter(|word| *word != "-"),
        program: Some(app).filter(|word| *word != "-"),
        process: Some(process).filter(|word| *word != "-"),
        // A message in UTF-8 may begin with a byte order mark (section 6.4).
        message: message.trim_start_matches('\u{feff}'),
        found: true,
    })
}

/// What follows `-` or `[id name="value"]…`.
fn after_structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return rest.strip_prefix(' ').or(rest.is_empty().then_some(rest));
    }
    let mut quoted = false;
    let mut escaped = false;
    let mut open = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if open => quoted = !quoted,
            '[' if !open => open = true,
            ']' if open && !quoted => open = false,
            ' ' if !open => return Some(&text[at + 1..]),
            _ if !open => return None,
            _ => {}
        }
    }
    (!open).then_some("")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HostRule {
    /// A host may stand before the tag.
    Stands,
    /// None does.
    Absent,
}

/// `host tag[pid]: message`, where host, tag and process may each be missing.
fn tagged(text: &str, rule: HostRule) -> Envelope<'_> {
    let mut envelope = Envelope {
        stamp: Stamp::Absent,
        stamp_at: 0..0,
        host: None,
        program: None,
        process: None,
        message: text,
        found: true,
    };
    let mut rest = text;
    if rule == HostRule::Stands && tag(rest).is_none() {
        let (host, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if host.starts_with("CEF:") || host.starts_with('{') {
            return envelope;
        }
        envelope.host = Some(host).filter(|host| !host.is_empty());
        rest = after.trim_start_matches(' ');
        envelope.message = rest;
    }
    if let Some((program, process, message)) = tag(rest) {
        envelope.program = Some(program);
        envelope.process = process;
        envelope.message = message.trim_start_matches(' ');
    }
    envelope
}

/// `sshd[123]: …` or `sudo: …`: a word that ends with a colon.
fn tag(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (word, message) = text.split_once(' ').unwrap_or((text, ""));
    let word = word.strip_suffix(':')?;
    if word.is_empty() || word.len() > 128 || word.contains(['{', '"', '|']) {
        return None;
    }
    if let Some((program, process)) = word.strip_suffix(']').and_then(|word| word.split_once('['))
        && !program.is_empty()
        && process.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some((
            program,
            Some(process).filter(|process| !process.is_empty()),
            message,
        ));
    }
    // Some login managers leave a bracket in their name: `gdm-password]`.
    Some((word.trim_end_matches(']'), None, message))
}

/// `Oct 11 22:14:15`, also with a fraction or a year, or an ISO time, and its length; a space follows.
fn syslog_stamp(text: &str) -> Option<(Stamp, usize)> {
    if let Some(found) = month_stamp(text) {
        return Some(found);
    }
    let (word, _) = text.split_once(' ')?;
    if word.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    Some((Stamp::Full(iso(word)?), word.len()))
}

fn month_stamp(text: &str) -> Option<(Stamp, usize)> {
    let month = MONTHS.iter().position(|month| text.starts_with(month))? as i64 + 1;
    let mut scanner = Scanner { text, at: 3 };
    scanner.spaces(1, 2)?;
    let day = scanner.number(1, 2)?;
    scanner.spaces(1, 1)?;
    let before_year = scanner.at;
    let year = scanner.number(4, 4).filter(|_| scanner.spaces(1, 1).is_some());
    if year.is_none() {
        scanner.at = before_year;
    }
    let (seconds, ticks) = scanner.clock(b".")?;
    let end = scanner.at;
    scanner.spaces(1, 1)?;
    let stamp = match year {
        Some(year) => Stamp::Full(Timestamp::from_civil(year, month, day, seconds, ticks)?),
        None => Stamp::NoYear {
            month,
            day,
            seconds,
            ticks,
        },
    };
    Some((stamp, end))
}

/// A time at the start of a line that has no envelope: `2026-11-01 12:00:00,123`, `12:00:00,123`.
pub(crate) fn bare_stamp(text: &str) -> Option<(Stamp, usize)> {
    let mut scanner = Scanner { text, at: 0 };
    if let Some((seconds, ticks)) = scanner.clock(b",.") {
        scanner.ends_word()?;
        return Some((Stamp::NoDate(seconds * TICKS_PER_SECOND + ticks), scanner.at));
    }
    scanner.at = 0;
    let year = scanner.number(4, 4)?;
    scanner.byte(b"-")?;
    let month = scanner.number(2, 2)?;
    scanner.byte(b"-")?;
    let day = scanner.number(2, 2)?;
    scanner.byte(b" T")?;
    let (seconds, ticks) = scanner.clock(b",.")?;
    scanner.ends_word()?;
    let time = Timestamp::from_civil(year, month, day, seconds, ticks)?;
    Some((Stamp::Full(time), scanner.at))
}

fn iso(word: &str) -> Option<Timestamp> {
    (word.as_bytes().get(10) == Some(&b'T'))
        .then(|| Timestamp::parse_vendor(word).ok())
        .flatten()
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn byte(&mut self, one_of: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| one_of.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    fn spaces(&mut self, min: usize, max: usize) -> Option<()> {
        let mut found = 0;
        while found < max && self.byte(b" ").is_some() {
            found += 1;
        }
        (found >= min).then_some(())
    }

    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let mut value = 0;
        let mut digits = 0;
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit)
            && digits < max
        {
            value = value * 10 + i64::from(byte - b'0');
            digits += 1;
            self.at += 1;
        }
        (digits >= min).then_some(value)
    }

    /// Seconds of the day and ticks of the second.
    fn clock(&mut self, points: &[u8]) -> Option<(i64, i64)> {
        let hour = self.number(2, 2)?;
        self.byte(b":")?;
        let minute = self.number(2, 2)?;
        self.byte(b":")?;
        let second = self.number(2, 2)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut ticks = 0;
        let before = self.at;
        if self.byte(points).is_some() {
            let start = self.at;
            let mut place = TICKS_PER_SECOND;
            while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
                place /= 10;
                ticks += i64::from(byte - b'0') * place;
                self.at += 1;
            }
            if self.at == start {
                self.at = before;
            }
        }
        // A leap second counts as the last second of its minute, as everywhere.
        Some((hour * 3600 + minute * 60 + second.min(59), ticks))
    }

    /// Whether nothing of the same word follows.
    fn ends_word(&self) -> Option<()> {
        matches!(self.peek(), None | Some(b' ' | b'|')).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let envelope = Envelope::of(line);
        let stamp = match envelope.stamp {
            Stamp::Full(time) => time.to_string(),
            Stamp::NoYear {
                month,
                day,
                seconds,
                ticks,
            } => format!("{month}/{day} {seconds}s {ticks}"),
            Stamp::NoDate(ticks) => format!("{ticks}"),
            Stamp::Absent => "-".to_owned(),
        };
        let word = |word: Option<&str>| word.unwrap_or("-").to_owned();
        let told = [
            stamp,
            word(envelope.host),
            word(envelope.program),
            word(envelope.process),
            envelope.message.to_owned(),
        ];
        assert_eq!(told.join(" / "), expected, "{line:?}");
    }

    #[test]
    fn the_envelope_of_rfc_5424_is_taken_off() {
        check(
            "<34>1 2026-10-11T22:14:15.003Z host sshd 123 ID47 - Failed",
            "2026-10-11T22:14:15.003Z / host / sshd / 123 / Failed",
        );
        check(
            "<165>1 2026-10-11T22:14:15+02:00 - - - - [a@1 b=\"x]\\\"y\"][c@1] \u{feff}text",
            "2026-10-11T20:14:15Z / - / - / - / text",
        );
        check("<34>1 - host app - - -", "- / host / app / - / ");
    }

    #[test]
    fn the_envelope_of_rfc_3164_is_taken_off_with_and_without_its_priority() {
        let expected = "10/11 80055s 0 / host / sshd / 123 / Failed x: y";
        check("<34>Oct 11 22:14:15 host sshd[123]: Failed x: y", expected);
        check("Oct 11 22:14:15 host sshd[123]: Failed x: y", expected);
        check(
            "Oct  1 22:14:15 host sudo:     ann : TTY",
            "10/1 80055s 0 / host / sudo / - / ann : TTY",
        );
        check(
            "Oct 11 22:14:15 sshd[123]: Failed",
            "10/11 80055s 0 / - / sshd / 123 / Failed",
        );
        check(
            "Oct 11 2026 22:14:15.5 host a: b",
            "2026-10-11T22:14:15.5Z / host / a / - / b",
        );
        check(
            "Oct 11 22:14:15 host gdm-password]: pam_unix(gdm-password:auth): x",
            "10/11 80055s 0 / host / gdm-password / - / pam_unix(gdm-password:auth): x",
        );
    }

    #[test]
    fn the_iso_form_of_todays_files_is_taken_off() {
        check(
            "2026-10-11T22:14:15.003+02:00 host sshd[123]: Failed",
            "2026-10-11T20:14:15.003Z / host / sshd / 123 / Failed",
        );
        check(
            "<34>2026-10-11T22:14:15Z host sshd: Failed",
            "2026-10-11T22:14:15Z / host / sshd / - / Failed",
        );
    }

    #[test]
    fn a_message_that_looks_like_a_tag_is_a_message() {
        check(
            "Oct 11 22:14:15 host CEF:0|a|b|c|d|e|1|x=y",
            "10/11 80055s 0 / host / - / - / CEF:0|a|b|c|d|e|1|x=y",
        );
        check("<34>{\"a\": 1}", "- / - / - / - / {\"a\": 1}");
    }

    #[test]
    fn a_line_without_envelope_is_its_own_message() {
        check("Hello, world", "- / - / - / - / Hello, world");
        check(
            "2026-11-01 12:00:00,123 DEBUG [a] b",
            "2026-11-01T12:00:00.123Z / - / - / - / 2026-11-01 12:00:00,123 DEBUG [a] b",
        );
        check("12:00:00,500 x", "432005000000 / - / - / - / 12:00:00,500 x");
        check("<999>x", "- / - / - / - / <999>x");
        check("Oct 40 x", "- / - / - / - / Oct 40 x");
    }
}
