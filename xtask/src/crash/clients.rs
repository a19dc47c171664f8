//! Programs that bring records to a server that will be killed.

use super::diary::Diary;
use super::http::{self, Answer, Ask};
use super::lock;
use super::server::TENANT;
use anyhow::{Context, Result, bail};
use generator::chance::Chance;
use generator::{RecordSize, Uniform, uniform};
use model::time::Timestamp;
use serde_json::{Map, Value};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// 2026-03-25 and 100 days on: four months, so that batches touch several files.
const FIRST: Timestamp = Timestamp::from_unix_seconds(1_774_396_800);
const LAST: Timestamp = Timestamp::from_unix_seconds(1_774_396_800 + 100 * 86_400);
/// More than a run ever sends.
const RECORDS: u64 = u64::MAX;
/// Records that a client remembers, to send them again or changed.
const REMEMBERED: usize = 2_000;
/// Names the content in a member that the report shows.
const REVISION: &str = "revision ";

/// A client with its own records; it lives through all rounds.
pub(super) struct Client {
    chance: Chance,
    records: Uniform,
    remembered: Vec<Remembered>,
}

/// A record that was sent at least once.
struct Remembered {
    id: String,
    record: Map<String, Value>,
    /// The times of its contents.
    times: Vec<Timestamp>,
}

/// Records on their way: the body, and what it holds.
struct Batch {
    body: String,
    contents: Vec<(String, usize)>,
}

/// The content that a row shows, by the name that [`Client`] gave it.
pub(super) fn revision_of(app_display_name: &str) -> usize {
    app_display_name
        .strip_prefix(REVISION)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

impl Client {
    pub(super) fn new(seed: u64, number: u32) -> Client {
        let mut chance = Chance::of(seed, &[1, u64::from(number)]);
        Client {
            records: uniform(chance.number(), RECORDS, FIRST, LAST, RecordSize::Small),
            chance,
            remembered: Vec::new(),
        }
    }

    /// Brings batches until the server is killed.
    pub(super) fn bring(
        &mut self,
        address: SocketAddr,
        token: &str,
        diary: &Mutex<Diary>,
        is_ending: &AtomicBool,
    ) -> Result<()> {
        loop {
            let batch = self.batch(diary)?;
            let target = format!("/{TENANT}/ingest/entra-graph");
            let sent = http::send(
                address,
                &Ask {
                    method: "POST",
                    target: &target,
                    token: Some(token),
                    content_type: "application/x-ndjson",
                    body: batch.body.as_bytes(),
                },
            );
            match sent {
                Ok(answer) if answer.status == 200 => {
                    lock(diary).acknowledge(&batch.contents);
                    expect_all_taken(&answer, batch.contents.len())?;
                }
                Ok(answer) if matches!(answer.status, 429 | 503) => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(answer) => bail!(
                    "ingest was answered with {} {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                ),
                Err(_) if is_ending.load(Ordering::SeqCst) => return Ok(()),
                Err(error) => return Err(error).context("ingest failed although the server was not killed"),
            }
            if is_ending.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
    }

    /// Mostly records that were never sent; some again as they were, some again with other content, some of those in
    /// another month.
    fn batch(&mut self, diary: &Mutex<Diary>) -> Result<Batch> {
        let mut batch = Batch {
            body: String::new(),
            contents: Vec::new(),
        };
        for _ in 0..self.chance.between(1, 200) {
            let draw = self.chance.below(100);
            let place = self.chance.below(self.remembered.len() as u64) as usize;
            let (id, revision, record) = match self.remembered.get_mut(place) {
                Some(remembered) if draw < 10 => {
                    let revision = self.chance.below(remembered.times.len() as u64) as usize;
                    (remembered.id.clone(), revision, remembered.content(revision))
                }
                Some(remembered) if draw < 20 => {
                    let time = if self.chance.in_thousand(300) {
                        Timestamp::from_ticks(self.chance.between(FIRST.ticks(), LAST.ticks()))
                    } else {
                        remembered.times[0]
                    };
                    let revision = lock(diary).sends_new_content(&remembered.id, time);
                    remembered.times.push(time);
                    (remembered.id.clone(), revision, remembered.content(revision))
                }
                _ => self.new_record(diary)?,
            };
            batch
                .body
                .push_str(&serde_json::to_string(&record).context("write a record")?);
            batch.body.push('\n');
            batch.contents.push((id, revision));
        }
        Ok(batch)
    }

    fn new_record(&mut self, diary: &Mutex<Diary>) -> Result<(String, usize, Map<String, Value>)> {
        let generated = self.records.next().context("the records ran out")?;
        let record: Map<String, Value> =
            serde_json::from_str(&generated.json).context("read a made-up record")?;
        let id = record["id"]
            .as_str()
            .context("a made-up record has no id")?
            .to_owned();
        let revision = lock(diary).sends_new_content(&id, generated.time);
        let remembered = Remembered {
            id: id.clone(),
            record,
            times: vec![generated.time],
        };
        let content = remembered.content(revision);
        if self.remembered.len() < REMEMBERED {
            self.remembered.push(remembered);
        } else {
            let place = self.chance.below(REMEMBERED as u64) as usize;
            self.remembered[place] = remembered;
        }
        Ok((id, revision, content))
    }
}

impl Remembered {
    /// The record with another content: each has a property more than the one before, so it wins over that.
    fn content(&self, revision: usize) -> Map<String, Value> {
        let mut record = self.record.clone();
        if revision == 0 {
            return record;
        }
        record.insert(
            "createdDateTime".to_owned(),
            self.times[revision].to_string().into(),
        );
        record.insert(
            "appDisplayName".to_owned(),
            format!("{REVISION}{revision}").into(),
        );
        for number in 1..=revision {
            record.insert(format!("crashProperty{number}"), number.into());
        }
        record
    }
}

/// An acknowledgement must be about all records that were sent.
fn expect_all_taken(answer: &Answer, sent: usize) -> Result<()> {
    if !answer.is_whole {
        return Ok(());
    }
    let told: Value = serde_json::from_slice(&answer.body).context("read the answer of ingest")?;
    if told["read"] != sent || told["rejected"] != 0 || told["ignored"] != 0 {
        bail!("{sent} good records were sent, and the answer is {told}");
    }
    Ok(())
}
