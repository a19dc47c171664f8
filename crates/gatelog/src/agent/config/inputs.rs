//! `[[inputs]]`: where records come from.

use super::values::{self, Size, did_you_mean};
use super::{Gathering, Input, Kind};
use crate::agent::documents::{self, Reading};
use crate::agent::event_log;
use crate::agent::journald::Journal;
use crate::agent::lines::PIECE_BYTES;
use crate::agent::pattern::Pattern;
use crate::agent::spool::WhenFull;
use crate::agent::syslog::{Forward, Listen};
use crate::agent::tail::{self, Start};
use crate::platform;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An input as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) name: String,
    kind: String,
    format: Option<String>,
    when_full: Option<String>,
    files: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    start: Option<String>,
    rotate_seconds: Option<u32>,
    half_line_seconds: Option<u32>,
    settle_seconds: Option<u32>,
    channel: Option<String>,
    event_ids: Option<Vec<EventIds>>,
    wevtutil: Option<PathBuf>,
    poll_seconds: Option<u32>,
    matches: Option<Vec<String>>,
    journalctl: Option<String>,
    udp: Option<String>,
    tcp: Option<String>,
    tls: Option<String>,
    tls_certificate_file: Option<PathBuf>,
    tls_key_file: Option<String>,
    message_bytes: Option<Size>,
    utc_offset: Option<String>,
    send: Option<String>,
    linger_milliseconds: Option<u64>,
}

const KINDS: &[&str] = &[
    "files",
    "evtx",
    "whole",
    "event-log",
    "journald",
    "stdin",
    "syslog",
];

/// What an input is; each mistake in it is told.
pub(super) fn check(
    section: &Section,
    folder: &Path,
    when_full: WhenFull,
    mistakes: &mut Vec<String>,
) -> Option<Input> {
    let before = mistakes.len();
    let at = format!("inputs.{}", section.name);
    let is_word = |text: &str, also: &str| {
        !text.is_empty()
            && text.len() <= 64
            && text
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || also.contains(character))
    };
    if !is_word(&section.name, "-_.") || section.name.starts_with('.') {
        mistakes.push(format!(
            "an input's `name` is a word of letters, digits, `-`, `_` and `.`, at most 64, not {:?}",
            section.name
        ));
    }
    let format = section.format.clone().unwrap_or_else(|| "auto".to_owned());
    if !is_word(&format, "-_") {
        mistakes.push(format!(
            "`{at}.format` is auto or the word of a format, not {format:?}"
        ));
    }
    let when_full = match &section.when_full {
        None => when_full,
        Some(word) => values::when_full(&format!("{at}.when_full"), word, mistakes).unwrap_or(when_full),
    };
    for (key, kinds) in set(section) {
        if !kinds.contains(&section.kind.as_str()) && KINDS.contains(&section.kind.as_str()) {
            mistakes.push(format!(
                "`{at}.{key}` is for inputs of the kind {}, and this one is of the kind {}",
                kinds.join(" or "),
                section.kind
            ));
        }
    }
    let gathering = Gathering {
        when_full,
        linger: Duration::from_millis(section.linger_milliseconds.unwrap_or(200).min(60_000)),
    };
    let kind = match section.kind.as_str() {
        "files" => Kind::Files(tail::Plan {
            input: section.name.clone(),
            format: format.clone(),
            files: patterns(&at, "files", section.files.as_deref(), folder, mistakes),
            exclude: excluded(&at, section, folder, mistakes),
            start: start(&at, section.start.as_deref(), mistakes),
            when_full,
            rotate_seconds: i64::from(section.rotate_seconds.unwrap_or(10)),
            half_line_seconds: i64::from(section.half_line_seconds.unwrap_or(3_600)),
            piece_bytes: PIECE_BYTES,
        }),
        "evtx" | "whole" => Kind::Documents(documents::Plan {
            input: section.name.clone(),
            format: format.clone(),
            files: patterns(&at, "files", section.files.as_deref(), folder, mistakes),
            exclude: excluded(&at, section, folder, mistakes),
            when_full,
            reading: if section.kind == "evtx" {
                Reading::EventLogs
            } else {
                Reading::Whole {
                    settle: i64::from(section.settle_seconds.unwrap_or(5)),
                }
            },
        }),
        "event-log" => Kind::EventLog(event_log::Plan {
            input: section.name.clone(),
            format: format.clone(),
            program: wevtutil(&at, section, folder, mistakes),
            channel: channel(&at, section, mistakes),
            event_ids: event_ids(&at, section, mistakes),
            start: start(&at, section.start.as_deref(), mistakes),
            when_full,
            poll: Duration::from_secs(u64::from(section.poll_seconds.unwrap_or(5).clamp(1, 3_600))),
        }),
        "journald" => Kind::Journald(
            Journal {
                program: section
                    .journalctl
                    .clone()
                    .unwrap_or_else(|| "journalctl".to_owned()),
                matches: section.matches.clone().unwrap_or_default(),
            },
            gathering,
        ),
        "stdin" => Kind::Stdin(gathering),
        "syslog" => Kind::Syslog(Box::new(listen(&at, section, folder, mistakes)), gathering),
        other => {
            let known: Vec<String> = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
            let hint = did_you_mean(other, &known);
            mistakes.push(format!(
                "`{at}.kind` is one of {}, not {other:?}{hint}",
                KINDS.join(", ")
            ));
            return None;
        }
    };
    (mistakes.len() == before).then(|| Input {
        name: section.name.clone(),
        format,
        kind,
    })
}

/// The keys that are set, and the kinds for which they are.
fn set(section: &Section) -> Vec<(&'static str, &'static [&'static str])> {
    const FILES: &[&str] = &["files", "evtx", "whole"];
    const LINES: &[&str] = &["files"];
    const BEGUN: &[&str] = &["files", "event-log"];
    const CHANNEL: &[&str] = &["event-log"];
    const WHOLE: &[&str] = &["whole"];
    const JOURNAL: &[&str] = &["journald"];
    const SYSLOG: &[&str] = &["syslog"];
    const GATHERED: &[&str] = &["syslog", "journald", "stdin"];
    let all = [
        ("files", section.files.is_some(), FILES),
        ("exclude", section.exclude.is_some(), FILES),
        ("start", section.start.is_some(), BEGUN),
        ("channel", section.channel.is_some(), CHANNEL),
        ("event_ids", section.event_ids.is_some(), CHANNEL),
        ("wevtutil", section.wevtutil.is_some(), CHANNEL),
        ("poll_seconds", section.poll_seconds.is_some(), CHANNEL),
        ("rotate_seconds", section.rotate_seconds.is_some(), LINES),
        ("half_line_seconds", section.half_line_seconds.is_some(), LINES),
        ("settle_seconds", section.settle_seconds.is_some(), WHOLE),
        ("matches", section.matches.is_some(), JOURNAL),
        ("journalctl", section.journalctl.is_some(), JOURNAL),
        ("udp", section.udp.is_some(), SYSLOG),
        ("tcp", section.tcp.is_some(), SYSLOG),
        ("tls", section.tls.is_some(), SYSLOG),
        (
            "tls_certificate_file",
            section.tls_certificate_file.is_some(),
            SYSLOG,
        ),
        ("tls_key_file", section.tls_key_file.is_some(), SYSLOG),
        ("message_bytes", section.message_bytes.is_some(), SYSLOG),
        ("utc_offset", section.utc_offset.is_some(), SYSLOG),
        ("send", section.send.is_some(), SYSLOG),
        (
            "linger_milliseconds",
            section.linger_milliseconds.is_some(),
            GATHERED,
        ),
    ];
    all.into_iter()
        .filter(|(_, is_set, _)| *is_set)
        .map(|(key, _, kinds)| (key, kinds))
        .collect()
}

/// The event log takes about twenty conditions in one question; two are our own.
const CONDITIONS_MOST: usize = 18;

/// The number of an event, or `first-last`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum EventIds {
    One(u32),
    Range(String),
}

fn channel(at: &str, section: &Section, mistakes: &mut Vec<String>) -> String {
    let name = section.channel.clone().unwrap_or_default();
    if name.is_empty() || name.len() > 256 || name.starts_with(['/', '-']) || name.contains(char::is_control)
    {
        mistakes.push(format!(
            "`{at}.channel` is the name of a channel as `wevtutil enum-logs` lists them, such as \"Security\", not {name:?}"
        ));
    }
    if name.eq_ignore_ascii_case("ForwardedEvents") {
        mistakes.push(format!(
            "`{at}.channel`: the events in {name} have the numbers of the computers that they come from, so nobody can say which of them \
             is new; read files of it (kind = \"evtx\"), or the logs of those computers"
        ));
    }
    name
}

fn event_ids(at: &str, section: &Section, mistakes: &mut Vec<String>) -> Vec<RangeInclusive<u32>> {
    let mut ranges = Vec::new();
    for ids in section.event_ids.iter().flatten() {
        let range = match ids {
            EventIds::One(id) => Some(*id..=*id),
            EventIds::Range(text) => text.split_once('-').and_then(|(first, last)| {
                let range = first.trim().parse().ok()?..=last.trim().parse().ok()?;
                (range.start() <= range.end()).then_some(range)
            }),
        };
        match range {
            Some(range) => ranges.push(range),
            None => mistakes.push(format!(
                "`{at}.event_ids` has numbers, or texts such as \"4720-4726\", in it, not {ids:?}"
            )),
        }
    }
    let conditions: usize = ranges
        .iter()
        .map(|range| 1 + usize::from(range.start() < range.end()))
        .sum();
    if conditions > CONDITIONS_MOST {
        mistakes.push(format!(
            "`{at}.event_ids`: the event log takes at most {CONDITIONS_MOST} conditions, of which a range is two: make another input of the rest"
        ));
    }
    ranges
}

/// The system's own, if no other one is named.
fn wevtutil(at: &str, section: &Section, folder: &Path, mistakes: &mut Vec<String>) -> PathBuf {
    match (&section.wevtutil, platform::event_log_program()) {
        (Some(program), _) => folder.join(program),
        (None, Some(program)) => program,
        (None, None) => {
            mistakes.push(format!(
                "`{at}` is of the kind event-log, and only Windows has one"
            ));
            PathBuf::new()
        }
    }
}

fn patterns(
    at: &str,
    key: &str,
    texts: Option<&[String]>,
    folder: &Path,
    mistakes: &mut Vec<String>,
) -> Vec<Pattern> {
    let texts = texts.unwrap_or_default();
    if texts.is_empty() && key == "files" {
        mistakes.push(format!("`{at}.files` is missing: which files are to be read?"));
    }
    let mut patterns = Vec::new();
    for text in texts {
        match Pattern::parse(text, folder) {
            Ok(pattern) => patterns.push(pattern),
            Err(reason) => mistakes.push(format!("`{at}.{key}`: {reason}")),
        }
    }
    patterns
}

fn excluded(at: &str, section: &Section, folder: &Path, mistakes: &mut Vec<String>) -> Vec<Pattern> {
    patterns(at, "exclude", section.exclude.as_deref(), folder, mistakes)
}

fn start(at: &str, word: Option<&str>, mistakes: &mut Vec<String>) -> Start {
    match word {
        None | Some("beginning") => Start::Beginning,
        Some("end") => Start::End,
        Some(other) => {
            mistakes.push(format!("`{at}.start` is beginning or end, not {other:?}"));
            Start::Beginning
        }
    }
}

fn listen(at: &str, section: &Section, folder: &Path, mistakes: &mut Vec<String>) -> Listen {
    let mut address = |key: &str, text: &Option<String>| {
        text.as_deref()
            .and_then(|text| values::address(&format!("{at}.{key}"), text, mistakes))
    };
    let (udp, tcp, tls) = (
        address("udp", &section.udp),
        address("tcp", &section.tcp),
        address("tls", &section.tls),
    );
    if section.udp.is_none() && section.tcp.is_none() && section.tls.is_none() {
        mistakes.push(format!(
            "`{at}` listens nowhere: set udp, tcp or tls to an address and a port"
        ));
    }
    let tls = match (tls, &section.tls_certificate_file, &section.tls_key_file) {
        (Some(address), Some(certificate), Some(key)) => Some((
            address,
            folder.join(certificate),
            key_file(at, key, folder, mistakes),
        )),
        (Some(_), _, _) => {
            mistakes.push(format!("`{at}.tls` needs tls_certificate_file and tls_key_file"));
            None
        }
        (None, _, _) => None,
    };
    let message_bytes = section.message_bytes.map_or(16 << 10, |size| size.0);
    if !(480..=1 << 20).contains(&message_bytes) {
        mistakes.push(format!("`{at}.message_bytes` goes from 480 to 1MiB"));
    }
    let offset = section.utc_offset.as_deref().unwrap_or("Z");
    let offset_seconds = values::offset(offset).unwrap_or_else(|| {
        mistakes.push(format!(
            "`{at}.utc_offset` is such as \"+01:00\" or \"Z\", not {offset:?}"
        ));
        0
    });
    let send = match section.send.as_deref() {
        None | Some("message") => Forward::Message,
        Some("payload") => Forward::Payload,
        Some(other) => {
            mistakes.push(format!("`{at}.send` is message or payload, not {other:?}"));
            Forward::Message
        }
    };
    Listen {
        udp,
        tcp,
        tls,
        message_bytes: message_bytes as usize,
        offset_seconds,
        send,
    }
}

/// A file, or `credential:NAME` of systemd.
fn key_file(at: &str, text: &str, folder: &Path, mistakes: &mut Vec<String>) -> PathBuf {
    let Some(name) = text.strip_prefix("credential:") else {
        return folder.join(text);
    };
    match std::env::var_os("CREDENTIALS_DIRECTORY") {
        Some(credentials) if !name.contains('/') && !name.starts_with('.') => {
            PathBuf::from(credentials).join(name)
        }
        _ => {
            mistakes.push(format!(
                "`{at}.tls_key_file` {text:?} is a credential of systemd: there is none without LoadCredential= in the unit"
            ));
            PathBuf::new()
        }
    }
}
