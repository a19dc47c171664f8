//! Counts of ways: how often customers were authenticated by which flow, or asked for a second factor of which kind.
//!
//! A day as a whole is a sum of tallies; a part of a day is counted from the rows of its events, so that the count of a window
//! is exact to the instant.

use super::partition::Partition;
use super::tenant::Tenant;
use super::usage::{Line, partitions};
use super::{Shared, scan};
use crate::error::StoreError;
use crate::events::Page;
use model::query::{Query, TimeRanges};
use model::reports::{CountDef, CountedWindow, window_ends};
use model::time::{TICKS_PER_DAY, Timestamp};
use model::usage::{APPLICATION, Tally};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows that are read and counted together.
const ROWS_AT_ONCE: usize = 2_000;

/// What a month knows of a way on a day: how often, for an application.
struct Sum {
    day: i64,
    application: String,
    way: String,
    count: i64,
}

/// The line of a day, for the applications that are asked for; `None` if there was nothing.
pub(super) fn of_day<'a>(
    homes: impl Iterator<Item = &'a Arc<Partition>>,
    tally: Tally,
    day: i64,
    query: &Query,
) -> Result<Option<Line>, StoreError> {
    let time_property = query.report.time_property.unwrap_or_default();
    let start = Timestamp::from_ticks(day * TICKS_PER_DAY);
    let is_asked = |application: &str| {
        let line = json!({ time_property: start.to_string(), APPLICATION: application });
        query
            .predicate
            .as_ref()
            .is_none_or(|predicate| predicate.matches(&line))
    };
    let mut ways = BTreeMap::new();
    for home in homes {
        for sum in home.read(|connection| sums(connection, tally, day, day))? {
            if is_asked(&sum.application) {
                *ways.entry(sum.way).or_insert(0) += sum.count;
            }
        }
    }
    ways.retain(|_, count| *count != 0);
    Ok((!ways.is_empty()).then_some(Line {
        key: String::new(),
        name: (None, None),
        title: (None, None),
        amounts: [0; 3],
        others: 0,
        ways,
    }))
}

/// The one item that counts a window, whatever the question says of pages.
pub(super) fn of_window(
    shared: &Shared,
    tenant: &Tenant,
    query: &Query,
    count: &CountDef,
) -> Result<Page, StoreError> {
    let (start, end) = window_ends(&query.times);
    let mut asked = Asked {
        query,
        window: query.times.intersection(&TimeRanges::between(start, end)),
        of: HashMap::new(),
    };
    let mut ways: BTreeMap<String, i64> = BTreeMap::new();
    let mut parts = TimeRanges::none();
    let (first_day, last_day) = (start.day(), end.day());
    {
        let _gate = tenant.read_gate();
        for partition in partitions(shared, tenant) {
            for sum in partition.read(|connection| sums(connection, count.tally, first_day, last_day))? {
                let day = day_of(sum.day);
                let within = asked.of(&sum.application).intersection(&day);
                if within == day {
                    *ways.entry(sum.way).or_insert(0) += sum.count;
                } else if !within.is_empty() {
                    parts = parts.union(&within);
                }
            }
        }
    }
    count_rows(shared, tenant, count, &parts, &mut asked, &mut ways)?;
    ways.retain(|_, count| *count != 0);
    let block = (count.render)(&CountedWindow {
        start,
        end,
        ways: &ways,
    });
    Ok(Page {
        block,
        rows: 1,
        ..Page::default()
    })
}

/// Adds what the rows of parts of days say.
fn count_rows(
    shared: &Shared,
    tenant: &Tenant,
    count: &CountDef,
    parts: &TimeRanges,
    asked: &mut Asked<'_>,
    ways: &mut BTreeMap<String, i64>,
) -> Result<(), StoreError> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut query = Query {
        report: count.rows,
        times: parts.clone(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit: ROWS_AT_ONCE,
        max_examined: u64::MAX,
    };
    loop {
        let page = scan::scan(shared, tenant, &query, vec![b'['])?;
        let mut block = page.block;
        block.push(b']');
        // A row that cannot be read is a fault of the file, which the check of the store tells.
        let rows: Vec<Value> = serde_json::from_slice(&block).unwrap_or_default();
        for added in rows.iter().filter_map(count.adds) {
            let times = asked.of(added.subject);
            let day = day_of(added.time.day());
            // A day that is asked for as a whole has been counted.
            if times.contains(added.time) && times.intersection(&day) != day {
                *ways.entry(added.way.to_owned()).or_insert(0) += 1;
            }
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Which instants are asked for, application by application.
struct Asked<'a> {
    query: &'a Query,
    window: TimeRanges,
    of: HashMap<String, TimeRanges>,
}

impl Asked<'_> {
    fn of(&mut self, application: &str) -> &TimeRanges {
        if !self.of.contains_key(application) {
            let times = match (&self.query.predicate, self.query.report.time_member()) {
                (Some(predicate), Some(time_member)) => {
                    let times = predicate.times_of(time_member, &json!({ APPLICATION: application }));
                    self.window.intersection(&times)
                }
                _ => self.window.clone(),
            };
            self.of.insert(application.to_owned(), times);
        }
        &self.of[application]
    }
}

fn day_of(day: i64) -> TimeRanges {
    let start = day * TICKS_PER_DAY;
    TimeRanges::between(
        Timestamp::from_ticks(start),
        Timestamp::from_ticks(start + TICKS_PER_DAY - 1),
    )
}

fn sums(connection: &Connection, tally: Tally, first_day: i64, last_day: i64) -> rusqlite::Result<Vec<Sum>> {
    let mut statement = connection.prepare_cached(
        "SELECT day, application.key, coalesce(way.title, way.key), first
         FROM usage JOIN named AS application ON application.id = subject JOIN named AS way ON way.id = member
         WHERE tally = ?1 AND day BETWEEN ?2 AND ?3 AND first <> 0",
    )?;
    let found = statement.query_map(params![tally.number(), first_day, last_day], |row| {
        Ok(Sum {
            day: row.get(0)?,
            application: row.get(1)?,
            way: row.get(2)?,
            count: row.get(3)?,
        })
    })?;
    found.collect()
}
