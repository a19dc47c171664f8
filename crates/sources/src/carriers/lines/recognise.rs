//! Whether an input is a log of lines, by its start.

use super::envelope::{Envelope, Stamp, bare_stamp};
use super::repeat;
use crate::carriers::{Recognised, Start};
use crate::table::headings;

/// A log may begin in the middle of something, such as the trace of an error: so many lines are looked at.
const LINES_LOOKED_AT: usize = 500;
/// A first line with so many names, parted as those of a table are, is one of headings.
const HEADINGS_MIN: usize = 3;

/// The first line decides if it can; else the first that is surely one of a log does.
pub(super) fn recognises(start: Start<'_>) -> Recognised {
    let text = start.text;
    let first_bytes = [text.first(), text.get(1)];
    match first_bytes {
        [None, _] => return pending(start),
        [Some(b'{' | b'['), _] => return Recognised::No,
        [Some(b'<'), Some(second)] if !second.is_ascii_digit() => return Recognised::No,
        _ => {}
    }
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut seen = 0;
    while let Some(line) = lines.next() {
        // Without its end a line may still become another.
        let is_whole = lines.clone().next().is_some() || !start.more;
        if !is_whole {
            return Recognised::NeedsMore;
        }
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        if seen == 0 {
            if is_first_of_log(line) {
                return Recognised::Yes;
            }
            if is_of_something_else(line) {
                return Recognised::No;
            }
        } else if is_surely_of_log(line) {
            return Recognised::Yes;
        }
        seen += 1;
        if seen == LINES_LOOKED_AT {
            return Recognised::No;
        }
    }
    Recognised::No
}

fn pending(start: Start<'_>) -> Recognised {
    if start.more {
        Recognised::NeedsMore
    } else {
        Recognised::No
    }
}

/// Whether a line can stand at the start of nothing but a log.
pub(super) fn is_first_of_log(line: &str) -> bool {
    let is_marked = repeat::split(line).1.len() < line.len();
    is_marked || line.starts_with("CEF:") || Envelope::of(line).found || bare_stamp(line).is_some()
}

/// A line of numbers of bytes that are no text, or the headings of a table.
fn is_of_something_else(line: &str) -> bool {
    if line.contains(|character: char| character.is_control() && character != '\t' && character != '\u{1b}') {
        return true;
    }
    let is_hint = line.len() == 5
        && line
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("sep="));
    let names = headings(line).1;
    is_hint
        || names.len() >= HEADINGS_MIN && !line.contains(['{', '}', '[', ']', ':', '=', '\\'])
        || names.len() >= HEADINGS_MIN && names.iter().any(|name| name == "Date (UTC)" || name == "Date")
}

/// Whether a line is one of a log wherever it stands.
fn is_surely_of_log(line: &str) -> bool {
    const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    if line.starts_with("CEF:") {
        return true;
    }
    let envelope = Envelope::of(line);
    if envelope.found {
        return line.starts_with('<')
            || matches!(envelope.stamp, Stamp::NoYear { .. })
            || envelope.program.is_some()
            || envelope.message.starts_with("CEF:");
    }
    let Some((_, end)) = bare_stamp(line) else {
        return false;
    };
    let rest = line[end..].trim_start();
    rest.starts_with('|') || LEVELS.iter().any(|level| rest.starts_with(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Recognised) {
        let start = |text, more| Start {
            raw: input.as_bytes(),
            text,
            more,
        };
        assert_eq!(recognises(start(input.as_bytes(), false)), expected, "{input:?}");
        let mut decided = None;
        for end in 0..=input.len() {
            let found = recognises(start(&input.as_bytes()[..end], true));
            assert!(
                decided.is_none_or(|decided| decided == found),
                "{input:?}: {decided:?} became {found:?} at {end}"
            );
            if found != Recognised::NeedsMore {
                assert_eq!(found, expected, "{input:?} at {end}");
                decided = Some(found);
            }
        }
    }

    #[test]
    fn logs_are_known_by_their_first_line() {
        for line in [
            "<34>1 2026-10-11T22:14:15Z h a - - - x\n",
            "<34>Oct 11 22:14:15 h a: x\n",
            "Oct 11 22:14:15 h a: x\n",
            "2026-10-11T22:14:15.003+02:00 h a: x\n",
            "2026-11-01 12:00:00,123 DEBUG [a] x\n",
            "2026-11-01 12:00:00,123| tid:x| SSO\n",
            "12:00:00,123 INFO  [a] x\n",
            "CEF:0|a|b|c|d|e|1|\n",
            "gatelog repeat=2: Oct 11 22:14:15 h a: x",
        ] {
            check(line, Recognised::Yes);
        }
    }

    #[test]
    fn a_log_may_begin_in_the_middle() {
        check(
            "\tat java.base/x\n\n2026-11-01 12:00:00,123 WARN  [a] x\n",
            Recognised::Yes,
        );
        check("Hello\nOct 11 22:14:15 h a: x\n", Recognised::Yes);
    }

    #[test]
    fn json_tables_xml_and_plain_text_are_no_logs() {
        for text in [
            "{\"a\":1}\n",
            "[{}]\n",
            "<?xml version=\"1.0\"?>\n<Event/>\n",
            "Hello, world\n",
            "2017-05-17 12:00:00, INFO, started\n",
            "time,user,outcome\n2026-10-11T22:14:15Z h a: x\n",
            "\"Date (UTC)\",\"Request ID\",\"Status: x\"\n",
            "sep=;\nOct 11 22:14:15 h a: x\n",
            "ElfFile\0\n",
            "",
        ] {
            check(text, Recognised::No);
        }
    }
}
