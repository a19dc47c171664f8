//! The journal of systemd, by `journalctl`: entries become lines of syslog, and the journal's own cursor is the checkpoint.

use super::gather::{Intake, Line};
use super::lines::LINE_BYTES_MOST;
use super::spool::Spool;
use super::syslog::header::{self, Parts};
use model::time::Timestamp;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

/// `journalctl` is started again after so long.
const AGAIN: Duration = Duration::from_secs(5);

/// An entry's cursor stands within so many bytes of its beginning.
const CURSOR_WITHIN: usize = 4 << 10;

/// Which entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Journal {
    /// The program; another one in tests.
    pub(crate) program: String,
    /// Matches such as `_SYSTEMD_UNIT=ssh.service`, as `journalctl` takes them.
    pub(crate) matches: Vec<String>,
}

/// Follows the journal until the agent stops.
pub(crate) async fn follow(
    journal: Journal,
    input: String,
    spool: std::sync::Arc<Spool>,
    intake: Intake,
    stop: CancellationToken,
) {
    let mut handed: Option<String> = None;
    loop {
        // What was handed in and not kept yet is read again after a restart of the agent, not after one of `journalctl`.
        let cursor = match &handed {
            Some(cursor) => Some(cursor.clone()),
            None => match spool.cursor(&input) {
                Ok(cursor) => cursor,
                Err(error) => {
                    tracing::error!(input = %input, "the journal's cursor cannot be read: {error}");
                    None
                }
            },
        };
        match start(&journal, cursor.as_deref()) {
            Ok((mut child, out)) => {
                tokio::select! {
                    () = hand_in(out, &input, &intake, &mut handed) => {}
                    () = stop.cancelled() => {}
                }
                let _ = child.kill().await;
            }
            Err(error) => tracing::error!(input = %input, "`{}` cannot be started: {error}", journal.program),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
        tracing::warn!(input = %input, "`{}` ended; it is started again", journal.program);
    }
}

fn start(journal: &Journal, cursor: Option<&str>) -> std::io::Result<(Child, ChildStdout)> {
    let mut command = Command::new(&journal.program);
    command.args(["--output=json", "--follow", "--quiet", "--all"]);
    match cursor {
        Some(cursor) => command.arg(format!("--after-cursor={cursor}")),
        None => command.arg("--no-tail"),
    };
    let mut child = command
        .args(&journal.matches)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = child
        .stdout
        .take()
        .ok_or_else(|| std::io::Error::other("it has no output"))?;
    Ok((child, out))
}

async fn hand_in(out: impl AsyncRead + Unpin, input: &str, intake: &Intake, handed: &mut Option<String>) {
    let mut reader = BufReader::new(out);
    loop {
        let mut bytes = Vec::new();
        let read = (&mut reader)
            .take(LINE_BYTES_MOST as u64)
            .read_until(b'\n', &mut bytes)
            .await;
        if !matches!(read, Ok(read) if read > 0) {
            return;
        }
        if !bytes.ends_with(b"\n") && bytes.len() >= LINE_BYTES_MOST {
            lost(
                input,
                intake,
                &bytes,
                &format!("it has more than {} MiB", LINE_BYTES_MOST >> 20),
            );
            if !pass_over(&mut reader).await {
                return;
            }
            continue;
        }
        let Some((cursor, line)) = entry(&bytes) else {
            // What `journalctl` says beside entries is none. One that is cut off at the end comes again.
            if bytes.starts_with(b"{") && bytes.ends_with(b"\n") {
                lost(
                    input,
                    intake,
                    &bytes,
                    "it is none of the journal's JSON, or has no time",
                );
            }
            continue;
        };
        handed.clone_from(&cursor);
        if !intake.put(Line { bytes: line, cursor }).await {
            return;
        }
    }
}

/// Passes over the rest of a line. False: the output ended.
async fn pass_over(reader: &mut (impl AsyncBufRead + Unpin)) -> bool {
    loop {
        let Ok(bytes) = reader.fill_buf().await else {
            return false;
        };
        if bytes.is_empty() {
            return false;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        reader.consume(length);
        if end.is_some() {
            return true;
        }
    }
}

/// Tells of an entry that cannot be sent, by the cursor with which `journalctl --cursor` shows it.
fn lost(input: &str, intake: &Intake, bytes: &[u8], reason: &str) {
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(CURSOR_WITHIN)]);
    let cursor = beginning
        .split_once("\"__CURSOR\":\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(cursor, _)| cursor);
    let detail = format!(
        "an entry of the journal cannot be sent: {reason} (cursor {})",
        crate::output::printable(cursor)
    );
    tracing::error!(input = input, "{detail}");
    intake.unreadable(1, &detail);
}

/// An entry of `journalctl --output=json` as its cursor and a line of RFC 5424 (systemd.journal-fields(7)).
fn entry(bytes: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
    let json: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| field(&json[name]);
    let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
    let micros = number("_SOURCE_REALTIME_TIMESTAMP").or_else(|| number("__REALTIME_TIMESTAMP"))?;
    let facility = number("SYSLOG_FACILITY")
        .filter(|facility| (0..24).contains(facility))
        .unwrap_or(3);
    let severity = number("PRIORITY")
        .filter(|severity| (0..8).contains(severity))
        .unwrap_or(6);
    let line = header::written(&Parts {
        priority: (facility * 8 + severity) as u8,
        time: Timestamp::from_ticks(micros.checked_mul(10)?),
        host: &text("_HOSTNAME").unwrap_or_default(),
        app: &text("SYSLOG_IDENTIFIER")
            .or_else(|| text("_COMM"))
            .unwrap_or_default(),
        process: &text("SYSLOG_PID").or_else(|| text("_PID")).unwrap_or_default(),
        message: text("MESSAGE").unwrap_or_default().as_bytes(),
    });
    Some((text("__CURSOR"), line))
}

/// A field is text, or its bytes where they are no UTF-8, or a list where it stands there more than once.
fn field(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let bytes: Option<Vec<u8>> = items
                .iter()
                .map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok()))
                .collect();
            match bytes {
                Some(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                None => items.first().and_then(field),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::counters::Counters;
    use crate::agent::gap::GapKind;
    use crate::agent::gather::Gatherer;
    use crate::agent::spool::WhenFull;
    use std::sync::Arc;

    #[test]
    fn an_entry_is_a_line_of_syslog_with_its_cursor() {
        let check = |json: &str, expected: Option<(&str, &str)>| {
            let read = entry(json.as_bytes());
            let read = read.map(|(cursor, line)| (cursor.unwrap(), String::from_utf8(line).unwrap()));
            let read = read
                .as_ref()
                .map(|(cursor, line)| (cursor.as_str(), line.as_str()));
            assert_eq!(read, expected, "{json}");
        };
        check(
            r#"{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1764547200000001","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"42","PRIORITY":"5","SYSLOG_FACILITY":"10","MESSAGE":"Accepted password for dora"}"#,
            Some((
                "s=1;i=2",
                "<85>1 2025-12-01T00:00:00.000001Z web1 sshd 42 - - Accepted password for dora",
            )),
        );
        // Bytes that are no UTF-8; two values of a field.
        check(
            r#"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1764547200000000","_COMM":"x","_PID":["7","8"],"MESSAGE":[104,105,255]}"#,
            Some(("c", "<30>1 2025-12-01T00:00:00Z - x 7 - - hi\u{fffd}")),
        );
        check(r#"{"__CURSOR":"c"}"#, None);
        check("-- No entries --", None);
    }

    #[tokio::test]
    async fn an_entry_that_cannot_be_read_is_counted_and_told_and_the_next_one_comes() {
        let whole = |cursor: &str| {
            format!(
                "{{\"__CURSOR\":\"{cursor}\",\"__REALTIME_TIMESTAMP\":\"1764547200000000\",\"MESSAGE\":\"{cursor}\"}}\n"
            )
        };
        let long = format!(
            "{{\"__CURSOR\":\"long\",\"MESSAGE\":\"{}\"}}\n",
            "x".repeat(2 * LINE_BYTES_MOST)
        );
        let timeless = "{\"__CURSOR\":\"timeless\"}\n";
        let out = [
            &whole("a"),
            &long,
            &whole("b"),
            timeless,
            "-- No entries --\n",
            &whole("c"),
            "{\"__CUR",
        ]
        .concat();
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&folder.path().join("state"), 1 << 20).unwrap());
        let counters = Arc::new(Counters::default());
        let (intake, mut lines) = Intake::new();
        let lost = intake.lost();
        let mut handed = None;
        hand_in(out.as_bytes(), "journal", &intake, &mut handed).await;
        assert_eq!(handed.as_deref(), Some("c"));
        drop(intake);
        let gatherer = Gatherer {
            input: "journal".to_owned(),
            format: "auto".to_owned(),
            origin: "the journal".to_owned(),
            when_full: WhenFull::Block,
            linger: Duration::ZERO,
            spool: Arc::clone(&spool),
            counters: Arc::clone(&counters),
        };
        gatherer.run(&mut lines, &lost, CancellationToken::new()).await;
        let counts = counters.all()["journal"];
        assert_eq!((counts.read_records, counts.unreadable_records), (3, 2));
        let gaps = spool.gaps().unwrap();
        let told: Vec<_> = gaps
            .iter()
            .map(|(_, gap)| (gap.kind, gap.records, gap.detail.as_str()))
            .collect();
        assert_eq!(
            told,
            [(
                GapKind::Unreadable,
                2,
                "an entry of the journal cannot be sent: it has more than 4 MiB (cursor long)"
            )]
        );
    }
}
