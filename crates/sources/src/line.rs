//! A line of a log without its envelope, as the members that the formats of text read.

use crate::carriers::lines::envelope::{Envelope, Stamp};
use crate::carriers::lines::{Dates, nearest, repeat};
use crate::fields::Fields;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// The member that makes a record a line. No maker's record has one of this name.
const TEXT: &str = "line";
const TIME: &str = "line.time";
const HOST: &str = "line.host";
const PROGRAM: &str = "line.program";
const PROCESS: &str = "line.process";
const REPEAT: &str = "line.repeat";

/// A line of a log.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line<'a> {
    /// What was logged.
    pub(crate) text: &'a str,
    /// When, by the envelope, or by the line itself where it begins with a time.
    pub(crate) time: Option<Timestamp>,
    /// The host that wrote it.
    pub(crate) host: Option<&'a str>,
    /// The program that wrote it.
    pub(crate) program: Option<&'a str>,
    /// The process that wrote it.
    pub(crate) process: Option<&'a str>,
    /// Which of several equal lines it is: `2` for the second of one second, `2/5` for one of five that were counted.
    pub(crate) repeat: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// The line that a record is, if it is one.
    pub(crate) fn of(record: &'a Map<String, Value>) -> Option<Line<'a>> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        Some(Line {
            text: text(TEXT)?,
            time: text(TIME).and_then(|time| Timestamp::parse_vendor(time).ok()),
            host: text(HOST),
            program: text(PROGRAM),
            process: text(PROCESS),
            repeat: text(REPEAT),
        })
    }

    /// The record that it is.
    pub(crate) fn record(self) -> Map<String, Value> {
        let mut record = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                record.insert(name.to_owned(), Value::String(value));
            }
        };
        put(TEXT, Some(self.text.to_owned()));
        put(TIME, self.time.map(|time| time.to_string()));
        put(HOST, self.host.map(str::to_owned));
        put(PROGRAM, self.program.map(str::to_owned));
        put(PROCESS, self.process.map(str::to_owned));
        put(REPEAT, self.repeat.map(str::to_owned));
        record
    }
}

/// What the envelope adds to a line that has a time of its own: it may come by several ways.
pub(crate) fn is_envelopes(name: &str) -> bool {
    [TIME, HOST, PROGRAM, PROCESS].contains(&name)
}

/// What stands for a program in the reasons for which lines are ignored: short, and of harmless characters.
pub(crate) fn program_word(program: Option<&str>) -> Option<&str> {
    program.filter(|name| {
        name.len() <= 40
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "-_./()".contains(character))
    })
}

/// Why a line that nobody knows is ignored.
pub(crate) fn nobodys(program: Option<&str>) -> String {
    match program {
        Some(program) => format!("lines of {program} tell no sign-in and no change of an account"),
        None => {
            "lines of programs without a plain name tell no sign-in and no change of an account".to_owned()
        }
    }
}

/// The line that a record of journald carries (`journalctl -o json`), and its program. Fields as systemd.journal-fields(7)
/// and the Journal JSON Format have them: a text, or a list of bytes where it is none.
pub(crate) fn of_journal(record: &Map<String, Value>) -> Option<Map<String, Value>> {
    let text = |name: &str| record.get(name).and_then(text_of);
    let time = |name: &str| text(name).and_then(|micros| micros.parse::<i64>().ok());
    let received = time("__REALTIME_TIMESTAMP")?;
    let message = text("MESSAGE")?;
    let micros = time("_SOURCE_REALTIME_TIMESTAMP").unwrap_or(received);
    let (host, program) = (
        text("_HOSTNAME"),
        text("SYSLOG_IDENTIFIER").or_else(|| text("_COMM")),
    );
    let process = text("SYSLOG_PID").or_else(|| text("_PID"));
    let line = Line {
        text: message.trim_end_matches(['\n', '\r']),
        time: Some(Timestamp::from_ticks(micros.saturating_mul(10))),
        host: host.as_deref(),
        program: program.as_deref(),
        process: process.as_deref(),
        repeat: None,
    };
    Some(line.record())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes
                .iter()
                .map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
                .collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    }
}

/// A line that a log pipeline wrapped into a record.
pub(crate) struct Wrapped {
    /// The record that the line is.
    pub(crate) line: Map<String, Value>,
    /// How often it came, where rsyslog counted.
    times: Option<usize>,
}

impl Wrapped {
    /// The lines that it stands for, `None` if it is one by itself. The error says that they are too many.
    pub(crate) fn counted(&self) -> Option<Result<Vec<Map<String, Value>>, String>> {
        let (times, line) = (self.times?, Line::of(&self.line)?);
        let bytes: usize = [Some(line.text), line.host, line.program, line.process]
            .into_iter()
            .flatten()
            .map(str::len)
            .sum();
        if !repeat::is_bearable(times, bytes) {
            return Some(Err(repeat::too_many(times)));
        }
        let numbered = |number: usize| {
            let word = format!("{number}/{times}");
            let repeat = Some(word.as_str());
            Line { repeat, ..line }.record()
        };
        Some(Ok((1..=times).map(numbered).collect()))
    }
}

/// The line that a log pipeline wrapped into a record: Docker's `log`, Filebeat's and Fluent Bit's `message`. The pipeline's
/// time is that of its reading: it tells the year of a line that has none, and counts only for one without a time.
pub(crate) fn of_wrapper(record: &Map<String, Value>) -> Option<Wrapped> {
    const TEXTS: &[&str] = &["log", "message", "event.original", "_raw", "raw", "body", "line"];
    const TIMES: &[&str] = &["time", "@timestamp", "timestamp"];
    let fields = Fields::new(record);
    let text = TEXTS
        .iter()
        .find_map(|name| fields.get(name)?.as_str())?
        .trim_matches(['\n', '\r', ' ']);
    if text.contains('\n') || Line::of(record).is_some_and(|line| line.time.is_some()) {
        return None;
    }
    let outer = TIMES.iter().find_map(|name| fields.time(name)?.ok());
    let envelope = Envelope::of(text);
    let time = match envelope.stamp {
        Stamp::Absent => outer,
        // Its clock may be of another zone, so that it may lie after the pipeline's.
        Stamp::NoDate(of_day) => outer.map(|outer| nearest(outer, of_day)),
        stamp => Dates::new(outer).resolve(stamp).ok().flatten(),
    };
    let (times, message) = repeat::counted(envelope.message)
        .map_or((None, envelope.message), |(times, inner)| (Some(times), inner));
    let line = Line {
        text: message,
        time,
        host: envelope.host,
        program: envelope.program,
        process: envelope.process,
        repeat: None,
    };
    Some(Wrapped {
        line: line.record(),
        times,
    })
}

/// Whether a record is one that Docker writes for each line of a container's output.
pub(crate) fn is_dockers(record: &Map<String, Value>) -> bool {
    ["log", "stream", "time"]
        .iter()
        .all(|name| record.get(*name).is_some_and(Value::is_string))
        && record
            .keys()
            .all(|name| matches!(name.as_str(), "log" | "stream" | "time" | "attrs"))
}
