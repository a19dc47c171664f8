//! Usage reports: counted from the tallies of a tenant's months when they are asked for.

use super::partition::Partition;
use super::tenant::Tenant;
use super::{Shared, accounts, ways};
use crate::error::StoreError;
use crate::events::{Page, ReportTotal};
use model::query::{Position, Query};
use model::reports::{ALL, Rows};
use model::time::{TICKS_PER_DAY, Timestamp};
use model::usage::{Amounts, Counted, Grain, Tally, row_id};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// A line before it is rendered.
pub(super) struct Line {
    /// As in [`Counted::key`].
    pub(super) key: String,
    /// As in [`Counted::name`], with the day that told it.
    pub(super) name: (Option<i64>, Option<String>),
    /// As in [`Counted::title`], with the day that told it.
    pub(super) title: (Option<i64>, Option<String>),
    /// As in [`Counted::amounts`].
    pub(super) amounts: Amounts,
    /// As in [`Counted::others`].
    pub(super) others: i64,
    /// As in [`Counted::ways`].
    pub(super) ways: BTreeMap<String, i64>,
}

type Render = fn(&Counted<'_>) -> Vec<u8>;

/// Lines of a usage report, the newest day first. Days are counted as they are now, whatever commit the question names: a
/// line stands for its day, so going on page by page meets each line once.
pub(super) fn scan(
    shared: &Shared,
    tenant: &Tenant,
    query: &Query,
    grain: Grain,
    render: Render,
) -> Result<Page, StoreError> {
    let mut page = Page::default();
    if query.limit == 0 {
        return Ok(page);
    }
    let _gate = tenant.read_gate();
    let partitions = partitions(shared, tenant);
    let mut source = Source::open(&partitions, grain)?;
    let mut last = None;
    for day in source.days(query) {
        let start = Timestamp::from_ticks(day * TICKS_PER_DAY);
        let mut lines: Vec<([u8; 16], Line)> = source
            .lines(day, query)?
            .into_iter()
            .map(|line| {
                let id = row_id(tenant.id, query.report.name, &line.key, start);
                (*id.as_bytes(), line)
            })
            .collect();
        lines.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(*key));
        for (key, line) in lines {
            let position = Position { time: start, key };
            if query.after.is_some_and(|after| position >= after) {
                continue;
            }
            if page.examined >= query.max_examined.max(1) {
                page.next = last;
                return Ok(page);
            }
            page.examined += 1;
            let before = last.replace(position);
            let json = render(&Counted {
                id: uuid::Uuid::from_bytes(key),
                day: start,
                key: &line.key,
                name: line.name.1.as_deref(),
                title: line.title.1.as_deref(),
                amounts: line.amounts,
                others: line.others,
                ways: &line.ways,
            });
            if !matches(query, grain, &line, &json) {
                continue;
            }
            if page.skipped < query.skip {
                page.skipped += 1;
                continue;
            }
            if page.rows == query.limit {
                page.next = before;
                return Ok(page);
            }
            if page.rows > 0 {
                page.block.push(b',');
            }
            page.block.extend_from_slice(&json);
            page.rows += 1;
        }
    }
    Ok(page)
}

/// Whether a line fulfils the rest of a question. It may ask for the application although its rows do not tell the id.
fn matches(query: &Query, grain: Grain, line: &Line, json: &[u8]) -> bool {
    let Some(predicate) = &query.predicate else {
        return true;
    };
    if matches!(grain, Grain::Ways(_)) {
        // What was asked of the application decided what was counted.
        return true;
    }
    let Ok(mut row) = serde_json::from_slice::<serde_json::Value>(json) else {
        return false;
    };
    if grain == Grain::Application
        && let Some(row) = row.as_object_mut()
    {
        row.insert("applicationId".to_owned(), line.name.1.clone().into());
    }
    predicate.matches(&row)
}

pub(super) fn partitions(shared: &Shared, tenant: &Tenant) -> Vec<Arc<Partition>> {
    tenant
        .months()
        .into_iter()
        .map(|(month, _)| shared.partitions.get(tenant.id, &tenant.folder, month))
        .collect()
}

/// Where the lines of days come from.
struct Source<'a> {
    grain: Grain,
    partitions: &'a [Arc<Partition>],
    /// The months that count something on a day.
    days: BTreeMap<i64, Vec<usize>>,
    accounts: BTreeMap<i64, Amounts>,
}

impl<'a> Source<'a> {
    fn open(partitions: &'a [Arc<Partition>], grain: Grain) -> Result<Source<'a>, StoreError> {
        let mut source = Source {
            grain,
            partitions,
            days: BTreeMap::new(),
            accounts: BTreeMap::new(),
        };
        if grain == Grain::Accounts {
            source.accounts = accounts::by_day(partitions)?;
            return Ok(source);
        }
        for (index, partition) in partitions.iter().enumerate() {
            for day in partition.read(|connection| days(connection, tally(grain)))? {
                source.days.entry(day).or_default().push(index);
            }
        }
        Ok(source)
    }

    /// The days that are asked for, newest first.
    fn days(&self, query: &Query) -> Vec<i64> {
        let is_asked = |day: &i64| {
            let start = Timestamp::from_ticks(*day * TICKS_PER_DAY);
            query.times.contains(start) && query.after.is_none_or(|after| start <= after.time)
        };
        match self.grain {
            Grain::Accounts => self.accounts.keys().rev().copied().filter(is_asked).collect(),
            _ => self.days.keys().rev().copied().filter(is_asked).collect(),
        }
    }

    fn lines(&mut self, day: i64, query: &Query) -> Result<Vec<Line>, StoreError> {
        if self.grain == Grain::Accounts {
            let amounts = self.accounts.get(&day).copied().unwrap_or_default();
            return Ok(vec![Line {
                key: String::new(),
                name: (None, None),
                title: (None, None),
                amounts,
                others: 0,
                ways: BTreeMap::new(),
            }]);
        }
        let homes = self.days.get(&day).cloned().unwrap_or_default();
        if let Grain::Ways(tally) = self.grain {
            let homes = homes.into_iter().map(|home| &self.partitions[home]);
            return Ok(ways::of_day(homes, tally, day, query)?.into_iter().collect());
        }
        if let [home] = homes[..] {
            return self.partitions[home].read(|connection| sums(connection, self.grain, day));
        }
        let mut merged = Merged::default();
        for home in homes {
            self.partitions[home].read(|connection| merged.add(connection, self.grain, day))?;
        }
        Ok(merged.lines())
    }
}

fn tally(grain: Grain) -> Tally {
    match grain {
        Grain::Application | Grain::Account => Tally::SignIns,
        Grain::Group => Tally::GroupChanges,
        Grain::Accounts => Tally::Accounts,
        Grain::Ways(tally) => tally,
    }
}

/// The days on which something is counted, by one look each.
fn days(connection: &Connection, tally: Tally) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE days(day) AS (SELECT min(day) FROM usage WHERE tally = ?1 UNION ALL
            SELECT (SELECT min(day) FROM usage WHERE tally = ?1 AND day > days.day) FROM days WHERE days.day IS NOT NULL)
         SELECT day FROM days WHERE day IS NOT NULL",
    )?;
    let found = statement.query_map([tally.number()], |row| row.get(0))?;
    found.collect()
}

/// The lines of a day that one month knows alone.
fn sums(connection: &Connection, grain: Grain, day: i64) -> rusqlite::Result<Vec<Line>> {
    let by = match grain {
        Grain::Account => "member",
        _ => "subject",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key, name_day, name, title_day, title, first, second, third, others FROM
            (SELECT {by} AS id, sum(first) AS first, sum(second) AS second, sum(third) AS third, sum(first > 0) AS others
             FROM usage WHERE tally = ?1 AND day = ?2 GROUP BY 1) JOIN named USING (id)
         WHERE first <> 0 OR second <> 0 OR third <> 0"
    ))?;
    let lines = statement.query_map(params![tally(grain).number(), day], |row| {
        Ok(Line {
            key: row.get(0)?,
            name: (row.get(1)?, row.get(2)?),
            title: (row.get(3)?, row.get(4)?),
            amounts: amounts(row, 5)?,
            others: row.get(8)?,
            ways: BTreeMap::new(),
        })
    })?;
    lines.collect()
}

fn amounts(row: &Row<'_>, column: usize) -> rusqlite::Result<Amounts> {
    Ok([row.get(column)?, row.get(column + 1)?, row.get(column + 2)?])
}

/// The lines of a day that several months know something of: an event whose time was corrected stays in its first month.
/// Each month has numbers of its own, so things are told apart by their keys.
#[derive(Default)]
struct Merged(HashMap<String, (Line, HashSet<String>)>);

impl Merged {
    fn add(&mut self, connection: &Connection, grain: Grain, day: i64) -> rusqlite::Result<()> {
        let (by, other) = match grain {
            Grain::Account => ("member", "subject"),
            _ => ("subject", "member"),
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT named.key, named.name_day, named.name, named.title_day, named.title, first, second, third, others.key
             FROM usage JOIN named ON named.id = usage.{by} LEFT JOIN named AS others ON others.id = usage.{other}
             WHERE tally = ?1 AND day = ?2 AND (first <> 0 OR second <> 0 OR third <> 0)"
        ))?;
        let mut rows = statement.query(params![tally(grain).number(), day])?;
        while let Some(row) = rows.next()? {
            let key: String = row.get(0)?;
            let (line, others) = self.0.entry(key.clone()).or_insert_with(|| {
                let line = Line {
                    key,
                    name: (None, None),
                    title: (None, None),
                    amounts: [0; 3],
                    others: 0,
                    ways: BTreeMap::new(),
                };
                (line, HashSet::new())
            });
            line.name = std::mem::take(&mut line.name).max((row.get(1)?, row.get(2)?));
            line.title = std::mem::take(&mut line.title).max((row.get(3)?, row.get(4)?));
            let more = amounts(row, 5)?;
            for (sum, amount) in line.amounts.iter_mut().zip(more) {
                *sum += amount;
            }
            if more[0] > 0
                && let Some(other) = row.get(8)?
            {
                others.insert(other);
            }
        }
        Ok(())
    }

    fn lines(self) -> Vec<Line> {
        self.0
            .into_values()
            .map(|(line, others)| Line {
                others: others.len() as i64,
                ..line
            })
            .collect()
    }
}

impl Shared {
    /// The newest day of each usage report that has any.
    pub(super) fn usage_totals(&self, tenant: &Tenant) -> Result<Vec<ReportTotal>, StoreError> {
        let partitions = partitions(self, tenant);
        let mut newest: BTreeMap<u8, i64> = BTreeMap::new();
        for partition in &partitions {
            let found = partition.read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT max(day) FROM usage WHERE tally = ?1")?;
                let mut found = Vec::new();
                for tally in Tally::ALL {
                    let day: Option<i64> = statement.query_row([tally.number()], |row| row.get(0))?;
                    found.extend(day.map(|day| (tally.number(), day)));
                }
                Ok(found)
            })?;
            for (tally, day) in found {
                let newest = newest.entry(tally).or_insert(day);
                *newest = (*newest).max(day);
            }
        }
        let mut totals = Vec::new();
        for report in ALL {
            let Rows::Counted { grain, .. } = report.rows else {
                continue;
            };
            let day = match grain {
                Grain::Accounts => newest.values().copied().max(),
                _ => newest.get(&tally(grain).number()).copied(),
            };
            totals.extend(day.map(|day| ReportTotal {
                report: report.number,
                rows: None,
                newest: Timestamp::from_ticks(day * TICKS_PER_DAY),
            }));
        }
        Ok(totals)
    }
}
