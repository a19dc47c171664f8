//! The oldest piece of each input goes to the service; it is deleted when the service has it on its disk, and not before.

use super::aside;
use super::counters::Counters;
use super::gap::{Gap, GapKind};
use super::lines::{self, DOCUMENT};
use super::link::{Link, side};
use super::spool::{Part, Piece, Spool, SpoolError};
use super::verdict::{self, Verdict, backoff, judge};
use crate::client::http::Answer;
use crate::client::said::said;
use model::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A service without the address for gaps is asked again after so long.
const GAPS_AGAIN: Duration = Duration::from_secs(3_600);
/// The name under which the sender's state for gaps is kept; no input has it.
const GAPS: &str = "";

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Something was done: there may be more.
    Did,
    /// Nothing waits.
    Nothing,
    /// Something waits, and its time comes then.
    Until(Timestamp),
}

/// Sends what waits.
pub(crate) struct Sender {
    link: Link,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    /// The word in the address as it is configured now, by input: for pieces that have none, or one that there is not.
    formats: BTreeMap<String, String>,
    patience: BTreeMap<String, Patience>,
}

/// How it stands with one input.
#[derive(Debug, Clone, Default)]
struct Patience {
    failures: u32,
    not_before: Option<Timestamp>,
    /// How long it was to be waited when that was set.
    wait_ticks: i64,
    /// What was said of the last failure, so that a log does not fill with the same line.
    told: String,
}

impl Sender {
    pub(crate) fn new(
        link: Link,
        spool: Arc<Spool>,
        counters: Arc<Counters>,
        formats: BTreeMap<String, String>,
    ) -> Sender {
        Sender {
            link,
            spool,
            counters,
            formats,
            patience: BTreeMap::new(),
        }
    }

    /// Sends at most one piece, or some gaps.
    pub(crate) async fn turn(&mut self, now: Timestamp) -> Result<Turn, SpoolError> {
        let mut earliest: Option<Timestamp> = None;
        let mut waits = |until: Option<Timestamp>| {
            let Some(until) = until else {
                return false;
            };
            earliest = Some(earliest.map_or(until, |earliest| earliest.min(until)));
            true
        };
        let gaps = self.run(Spool::gaps).await?;
        if !gaps.is_empty() && !waits(self.not_before(GAPS, now)) {
            return self.tell(gaps, now).await;
        }
        for input in self.run(Spool::waiting).await? {
            if waits(self.not_before(&input, now)) {
                continue;
            }
            let name = input.clone();
            if let Some(piece) = self.run(move |spool| spool.take(&name)).await? {
                self.send(piece, now).await?;
                return Ok(Turn::Did);
            }
        }
        Ok(earliest.map_or(Turn::Nothing, Turn::Until))
    }

    async fn send(&mut self, piece: Piece, now: Timestamp) -> Result<(), SpoolError> {
        let configured = self.formats.get(&piece.input).map_or("auto", String::as_str);
        let format = piece.format.as_deref().unwrap_or(configured).to_owned();
        let answer = match self.link.bring(&piece, &format).await {
            Ok(answer) => answer,
            Err(error) => {
                let reason = format!("{}: {error:#}", side(&error));
                self.failed(&piece.input, &reason, None, now);
                return Ok(());
            }
        };
        match judge(&answer, now.unix_seconds()) {
            Verdict::Stored => self.stored(&piece, &answer, now).await,
            Verdict::Later(_) if self.is_mended(&piece, &format, &answer) => self.mend(&piece, &format).await,
            Verdict::Later(asked) => {
                let reason = said(answer.status, &answer.body);
                self.failed(&piece.input, &reason, asked, now);
                Ok(())
            }
            Verdict::Split => self.split(piece, &answer, now).await,
            Verdict::Aside => self.set_aside(piece, &answer, now).await,
        }
    }

    /// Whether the service does not know a piece's format, and the configuration names another by now. An input that is no
    /// longer configured says nothing.
    fn is_mended(&self, piece: &Piece, format: &str, answer: &Answer) -> bool {
        let configured = self.formats.get(&piece.input);
        answer.status == 404
            && configured.is_some_and(|configured| configured != format)
            && verdict::problem(answer).as_deref() == Some("no-such-format")
    }

    async fn mend(&mut self, piece: &Piece, format: &str) -> Result<(), SpoolError> {
        let Some(configured) = self.formats.get(&piece.input).cloned() else {
            return Ok(());
        };
        tracing::warn!(
            input = %piece.input,
            "the service knows no format `{format}`: piece {} of `{}` is sent as `{configured}`, as it is configured now",
            piece.sequence,
            piece.input
        );
        let id = piece.id;
        self.run(move |spool| spool.rename_format(id, &configured)).await
    }

    async fn stored(&mut self, piece: &Piece, answer: &Answer, now: Timestamp) -> Result<(), SpoolError> {
        let Ok(told) = serde_json::from_slice::<Value>(&answer.body) else {
            // A proxy's page with a status of 200 is no acknowledgement.
            self.failed(
                &piece.input,
                "the answer of 200 is not the service's: it is no JSON; is `service.host` right?",
                None,
                now,
            );
            return Ok(());
        };
        if !told["read"].is_u64() {
            let reason = "the answer of 200 is not the service's: it does not say what was read";
            self.failed(&piece.input, reason, None, now);
            return Ok(());
        }
        let id = piece.id;
        self.run(move |spool| spool.done(id)).await?;
        self.succeeded(&piece.input);
        let number = |name: &str| told[name].as_u64().unwrap_or(0);
        self.counters.of(&piece.input, |counts| {
            counts.sent_pieces += 1;
            counts.new += number("new");
            counts.changed += number("changed");
            counts.known += number("known");
            counts.ignored += number("ignored");
            counts.rejected += number("rejected");
            counts.last_success = now.unix_seconds();
        });
        tracing::debug!(
            input = %piece.input,
            sequence = piece.sequence,
            "the service has piece {} of `{}`: {} read, {} new",
            piece.sequence,
            piece.input,
            number("read"),
            number("new")
        );
        if number("rejected") > 0 {
            let reasons = told["rejections"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let reason = reasons
                .first()
                .and_then(|first| first["reason"].as_str())
                .unwrap_or("no reason given");
            tracing::warn!(
                input = %piece.input,
                sequence = piece.sequence,
                rejected = number("rejected"),
                "the service did not understand {} of {} records from {}; the first: {}",
                number("rejected"),
                number("read"),
                piece.origin,
                crate::output::printable(reason)
            );
        }
        Ok(())
    }

    /// Puts two halves in the place of a piece. One that cannot be cut goes aside.
    async fn split(&mut self, piece: Piece, answer: &Answer, now: Timestamp) -> Result<(), SpoolError> {
        let parts = if piece.kind == DOCUMENT {
            super::evtx::halves(&piece.body).or_else(|| super::event_log::halves(&piece.body))
        } else {
            halves(&piece.body)
        };
        let Some(parts) = parts else {
            if verdict::problem(answer).is_some() {
                return self.set_aside(piece, answer, now).await;
            }
            // A proxy's limit is mended at the proxy.
            let reason = said(answer.status, &answer.body);
            self.failed(&piece.input, &reason, None, now);
            return Ok(());
        };
        tracing::info!(
            input = %piece.input,
            "the service finds piece {} of `{}` too large: it is sent in two parts",
            piece.sequence,
            piece.input
        );
        self.run(move |spool| spool.split(&piece, &parts)).await
    }

    async fn set_aside(&mut self, piece: Piece, answer: &Answer, now: Timestamp) -> Result<(), SpoolError> {
        let reason = said(answer.status, &answer.body);
        let kept = self.run(|spool| Ok(aside::bytes(spool.folder()))).await?;
        let most = aside::max_bytes(self.spool.bytes().1);
        if kept > 0 && kept + piece.body.len() as u64 > most {
            let reason = format!(
                "the service REFUSED it, and there is no room to keep it aside: {} has {kept} of {most} bytes; look at \
                 what is there and move it away; {reason}",
                aside::folder(self.spool.folder()).display()
            );
            self.failed(&piece.input, &reason, None, now);
            return Ok(());
        }
        let status = answer.status;
        let (input, records, sequence) = (piece.input.clone(), piece.records, piece.sequence);
        let why = reason.clone();
        let kept = self
            .run(move |spool| {
                let path = aside::keep(spool.folder(), &piece, status, &why)
                    .map_err(|error| SpoolError::Folder(error.to_string()))?;
                let detail = format!(
                    "piece {} from {} was refused with status {status} and is kept aside by the agent",
                    piece.sequence, piece.origin
                );
                spool.gap(
                    &piece.input,
                    &Gap::noticed(GapKind::Unreadable, piece.records, now, detail),
                )?;
                spool.done(piece.id)?;
                Ok(path)
            })
            .await?;
        self.succeeded(&input);
        self.counters.of(&input, |counts| counts.aside_pieces += 1);
        tracing::error!(
            input = %input,
            sequence,
            records,
            "the service REFUSED piece {sequence} of `{input}` ({records} records): {reason}; it is kept in {}",
            kept.display()
        );
        Ok(())
    }

    async fn tell(&mut self, gaps: Vec<(String, Gap)>, now: Timestamp) -> Result<Turn, SpoolError> {
        for (input, gap) in gaps {
            let answer = match self.link.tell(&input, &gap).await {
                Ok(answer) => answer,
                Err(error) => {
                    let reason = format!("{}: {error:#}", side(&error));
                    self.failed(GAPS, &reason, None, now);
                    return Ok(Turn::Did);
                }
            };
            match answer.status {
                200..=299 if is_kept(&answer, &gap) => {}
                // Older services have no such address, or it keeps no more of them: it is kept here, and told again.
                404 | 405 | 409 => {
                    let reason = said(answer.status, &answer.body);
                    self.failed(GAPS, &reason, Some(GAPS_AGAIN), now);
                    return Ok(Turn::Did);
                }
                // Only the service itself says so for good; a proxy's page is waited for.
                400 | 413 | 415 | 422 if refuses(&answer) => {
                    tracing::error!(
                        input = %input,
                        "the service does not take a gap ({}): {}",
                        said(answer.status, &answer.body),
                        gap.detail
                    );
                }
                _ => {
                    let reason = said(answer.status, &answer.body);
                    self.failed(GAPS, &reason, None, now);
                    return Ok(Turn::Did);
                }
            }
            let id = gap.id;
            self.run(move |spool| spool.gap_told(id)).await?;
        }
        self.succeeded(GAPS);
        Ok(Turn::Did)
    }

    /// Until when it is waited. A time further ahead than the wait was is of a clock that was set back since: it is over.
    fn not_before(&self, input: &str, now: Timestamp) -> Option<Timestamp> {
        let patience = self.patience.get(input)?;
        let left = patience.not_before?.ticks() - now.ticks();
        (1..=patience.wait_ticks)
            .contains(&left)
            .then_some(patience.not_before?)
    }

    fn succeeded(&mut self, input: &str) {
        let before = self.patience.remove(input).unwrap_or_default();
        if before.failures > 0 && !input.is_empty() {
            tracing::info!(
                input = input,
                "`{input}` is sent again, after {} failures",
                before.failures
            );
        }
    }

    fn failed(&mut self, input: &str, reason: &str, asked: Option<Duration>, now: Timestamp) {
        let patience = self.patience.entry(input.to_owned()).or_default();
        patience.failures += 1;
        let [chance] = edge::chance::bytes::<1>();
        let own = backoff(patience.failures, chance);
        let wait = asked.map_or(own, |asked| asked.max(Duration::from_millis(50)));
        patience.wait_ticks = (wait.as_nanos() / 100) as i64;
        patience.not_before = Some(now.plus_ticks(patience.wait_ticks));
        let what = if input.is_empty() { "gaps" } else { input };
        if patience.told == reason {
            tracing::debug!(input = what, failures = patience.failures, "again: {reason}");
        } else {
            tracing::warn!(
                input = what,
                "`{what}` could not be sent ({reason}); it is kept and sent again in {:.1} s",
                wait.as_secs_f64()
            );
            reason.clone_into(&mut patience.told);
        }
        if !input.is_empty() {
            self.counters.of(input, |counts| counts.failures += 1);
        }
    }

    /// Work on the disk, on a thread that may wait.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Spool) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = Arc::clone(&self.spool);
        match tokio::task::spawn_blocking(move || work(&spool)).await {
            Ok(done) => done,
            Err(error) => Err(SpoolError::Folder(format!("work on it ended early: {error}"))),
        }
    }
}

/// Whether it is the service that says that it keeps a gap, and no proxy.
fn is_kept(answer: &Answer, gap: &Gap) -> bool {
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    told["id"].as_str() == Some(gap.id.to_string().as_str())
}

/// Whether it is the service that does not take a gap: all that it says of the host and the way can be mended.
fn refuses(answer: &Answer) -> bool {
    verdict::problem(answer).is_some_and(|kind| !matches!(kind.as_str(), "bad-host" | "body-broken"))
}

/// Two halves of a piece of lines, packed.
fn halves(body: &[u8]) -> Option<[Part; 2]> {
    let bytes = lines::unpack(body).ok()?;
    let (left, right) = lines::halves(&bytes)?;
    let part = |bytes: &[u8]| {
        Some(Part {
            records: lines::records(bytes),
            body: lines::pack(bytes).ok()?,
        })
    };
    Some([part(left)?, part(right)?])
}
