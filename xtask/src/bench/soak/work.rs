//! What the threads of the soak do: bringing, asking, exporting. Every answer is looked at.

use super::diary::{Counts, Diary};
use super::{EXPORT, Load, PAGE, UPLOAD};
use crate::bench::client::{Line, shortened};
use crate::bench::export::next_target;
use crate::bench::fleet::{brought, rows_of};
use crate::bench::samples::Sample;
use anyhow::{Result, bail};
use generator::chance::Chance;
use std::sync::atomic::{AtomicU64, Ordering};

const PAGE_ROWS: u32 = 100;
/// What says that a page token is of an epoch before a purge.
const EXPIRED: &str = "Directory_ExpiredPageToken";
/// Exports that are begun again, one after the other, at the most.
const TRIES: usize = 5;

/// Brings to one tenant.
pub(super) fn bring(load: &Load<'_>, place: usize, diary: &mut Diary, per_second: f64) -> Vec<Sample> {
    let mut line = Line::to(load.server.address);
    let (member, counts) = (&load.members[place], &load.counts[place]);
    let first = place as f64 / per_second / load.members.len() as f64;
    load.steady.work(first, per_second, || {
        let upload = diary.upload(load.templates, counts)?;
        let answer = brought(line.ask(&member.bring(load.server, &upload.body))?)?;
        upload.acknowledge(counts);
        if answer != upload.expected {
            bail!("{:?} was sent and answered {answer:?}", upload.expected);
        }
        Ok(UPLOAD)
    })
}

/// Asks for pages: of a full day, now and then of one person or with another filter.
pub(super) fn read(load: &Load<'_>, number: usize, per_second: f64) -> Vec<Sample> {
    let mut line = Line::to(load.server.address);
    let mut chance = Chance::of(19, &[number as u64]);
    load.steady
        .work(number as f64 / per_second / 2.0, per_second, || {
            let place = chance.below(load.members.len() as u64) as usize;
            let (member, counts) = (&load.members[place], &load.counts[place]);
            let Some((from, until)) = a_full_day(counts, &mut chance) else {
                return Ok(super::NOTHING);
            };
            let (start, end) = (counts.days.start_of(from), counts.days.start_of(until));
            let failures_only = chance.in_thousand(200);
            let request = if failures_only {
                let target = member.between(start, end);
                member.read(
                    load.server,
                    &format!("{target}%20and%20loginStatus%20eq%20%271%27&$top={PAGE_ROWS}"),
                )
            } else {
                member.page(load.server, start, end, PAGE_ROWS)
            };
            let expected = counts.acknowledged(from).min(u64::from(PAGE_ROWS));
            let rows = rows_of(line.ask(&request)?)? as u64;
            if rows > u64::from(PAGE_ROWS) || (!failures_only && rows < expected) {
                bail!("a page had {rows} rows, {expected} were acknowledged");
            }
            Ok(PAGE)
        })
}

/// Reads a day of the report to its end by nextLink, and counts.
pub(super) fn export(load: &Load<'_>, per_second: f64, restarted: &AtomicU64) -> Vec<Sample> {
    let mut line = Line::to(load.server.address);
    let mut chance = Chance::of(23, &[]);
    load.steady.work(1.0, per_second, || {
        let place = chance.below(load.members.len() as u64) as usize;
        let counts = &load.counts[place];
        let Some((day, _)) = a_full_day(counts, &mut chance) else {
            return Ok(super::NOTHING);
        };
        let least = counts.acknowledged(day);
        for _ in 0..TRIES {
            let Some(rows) = one_export(load, &mut line, place, day)? else {
                restarted.fetch_add(1, Ordering::SeqCst);
                continue;
            };
            let most = counts.sent(day);
            if rows < least || rows > most {
                bail!("an export had {rows} rows; {least} were acknowledged before and {most} sent");
            }
            return Ok(EXPORT);
        }
        bail!("an export was cut off {TRIES} times by a purge")
    })
}

/// The rows of a day; `None` if a purge ended its page tokens.
fn one_export(load: &Load<'_>, line: &mut Line, place: usize, day: u64) -> Result<Option<u64>> {
    let (member, days) = (&load.members[place], load.counts[place].days);
    let start = member.between(days.start_of(day), days.start_of(day + 1));
    let mut request = member.read(load.server, &start);
    let mut rows = 0;
    loop {
        let (status, body) = line.ask_any(&request)?;
        if status == 400 && String::from_utf8_lossy(body).contains(EXPIRED) {
            return Ok(None);
        }
        if status != 200 {
            bail!("an export was answered {status}: {}", shortened(body));
        }
        rows += rows_of(body)? as u64;
        match next_target(body) {
            Some(next) => request = member.read(load.server, &next),
            None => return Ok(Some(rows)),
        }
    }
}

fn a_full_day(counts: &Counts, chance: &mut Chance) -> Option<(u64, u64)> {
    let days = counts.full_days();
    if days.is_empty() {
        return None;
    }
    let day = chance.between(days.start as i64, days.end as i64 - 1) as u64;
    Some((day, day + 1))
}
