//! Questions to a channel, and how `wevtutil` is asked them.

use super::answer;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// A longer answer is not taken: it is asked for fewer events.
pub(super) const ANSWER_BYTES_MOST: u64 = 64 << 20;
/// `wevtutil` answers within so long, or is ended: it may have to look through a large log.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// What it says of a fault is told up to here.
const SAID_BYTES_MOST: u64 = 4 << 10;
/// Every event.
const ALL: &str = "*";

/// What a channel is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    query: String,
    is_newest_first: bool,
    pub(super) events_most: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// What is the matter.
    Fault(String),
    /// It was too long.
    TooMuch(String),
}

impl Question {
    pub(super) fn newest(events_most: usize) -> Question {
        Question {
            query: ALL.to_owned(),
            is_newest_first: true,
            events_most,
        }
    }

    pub(super) fn oldest() -> Question {
        Question {
            query: ALL.to_owned(),
            is_newest_first: false,
            events_most: 1,
        }
    }

    /// The event of a number, and those after it that are wanted.
    pub(super) fn from(number: u64, event_ids: &[RangeInclusive<u32>], events_most: usize) -> Question {
        let choices = event_ids.iter().map(|ids| match (ids.start(), ids.end()) {
            (first, last) if first == last => format!("EventID={first}"),
            (first, last) => format!("(EventID>={first} and EventID<={last})"),
        });
        let wanted = if event_ids.is_empty() {
            String::new()
        } else {
            format!(" and ({})", choices.collect::<Vec<_>>().join(" or "))
        };
        Question {
            query: format!("*[System[EventRecordID={number} or (EventRecordID>{number}{wanted})]]"),
            is_newest_first: false,
            events_most,
        }
    }

    /// Asks `wevtutil`, and answers what it wrote as text.
    pub(super) async fn ask(
        &self,
        program: &Path,
        channel: &str,
        bytes_most: u64,
    ) -> Result<String, Unanswered> {
        let fault = |what: String| Unanswered::Fault(format!("`{channel}`: {what}"));
        let mut child = Command::new(program)
            .arg("query-events")
            .arg(channel)
            .arg(format!("/query:{}", self.query))
            .arg(format!("/reversedirection:{}", self.is_newest_first))
            .arg(format!("/count:{}", self.events_most))
            // In the code page of the console, letters that it has not would become question marks.
            .args(["/format:xml", "/unicode:true"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| fault(format!("{} cannot be started: {error}", program.display())))?;
        let (out, said) = (child.stdout.take(), child.stderr.take());
        let reading = async {
            let (out, said) =
                tokio::join!(read_up_to(out, bytes_most + 1), read_up_to(said, SAID_BYTES_MOST));
            (out, said, child.wait().await)
        };
        let Ok((out, said, ended)) = tokio::time::timeout(PATIENCE, reading).await else {
            return Err(fault(format!(
                "wevtutil did not answer for {} s",
                PATIENCE.as_secs()
            )));
        };
        if out.len() as u64 > bytes_most {
            return Err(Unanswered::TooMuch(format!(
                "`{channel}`: {} events have more than {bytes_most} bytes",
                self.events_most
            )));
        }
        match ended {
            Ok(status) if status.success() => answer::text(&out).map_err(fault),
            Ok(status) => {
                // In the code page of the system, which may be any.
                let said =
                    answer::text(&said).unwrap_or_else(|_| String::from_utf8_lossy(&said).into_owned());
                Err(fault(format!(
                    "wevtutil says no ({status}): {}",
                    crate::output::printable(said.trim())
                )))
            }
            Err(error) => Err(fault(error.to_string())),
        }
    }
}

/// Everything up to a bound; what comes beyond it is not taken, and whoever writes it notices.
async fn read_up_to(from: Option<impl AsyncRead + Unpin>, bytes_most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was read before a fault is judged by the exit code.
        let _ = from.take(bytes_most).read_to_end(&mut bytes).await;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_the_last_event_and_those_that_are_wanted() {
        let check = |number: u64, ids: &[RangeInclusive<u32>], expected: &str| {
            assert_eq!(Question::from(number, ids, 1).query, expected);
        };
        check(7, &[], "*[System[EventRecordID=7 or (EventRecordID>7)]]");
        check(
            7,
            &[4624..=4625, 4740..=4740],
            "*[System[EventRecordID=7 or (EventRecordID>7 and ((EventID>=4624 and EventID<=4625) or EventID=4740))]]",
        );
    }
}
