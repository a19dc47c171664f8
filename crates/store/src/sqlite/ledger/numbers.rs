//! The numbers of uploads that came whole: runs of them, few in memory and few rows in each file.
//!
//! A row says that each number of its run is durable somewhere in the tenant's files, not that it is in the row's own file. So a
//! file that gets a number writes the whole run that the number now is in, whatever other files hold of it, and takes out its
//! rows inside: however uploads alternate between files, none has more rows than there are losses, and one.

use rusqlite::{Connection, ToSql, params};
use std::collections::{BTreeMap, HashMap};

/// Runs of one source that a writing thread keeps in mind, the highest. What it forgets makes more rows, never wrong ones.
const RUNS_IN_MIND: usize = 1_000;

/// A stretch of numbers, both ends included.
pub(in crate::sqlite) type Run = (i64, i64);

/// Numbers as runs that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sqlite) struct Numbers {
    /// The last of each run by its first.
    runs: BTreeMap<i64, i64>,
}

impl Numbers {
    /// Takes a run in, which may overlap with what is there.
    pub(in crate::sqlite) fn add(&mut self, (mut first, mut last): Run) {
        while let Some((there, end)) = self
            .runs
            .range(..=last.saturating_add(1))
            .next_back()
            .map(|(there, end)| (*there, *end))
            .filter(|(_, end)| end.saturating_add(1) >= first)
        {
            self.runs.remove(&there);
            (first, last) = (first.min(there), last.max(end));
        }
        self.runs.insert(first, last);
    }

    /// The run that a number is in.
    fn run_of(&self, number: i64) -> Option<Run> {
        let (first, last) = self.runs.range(..=number).next_back()?;
        (*last >= number).then_some((*first, *last))
    }

    /// The runs, in their order.
    pub(in crate::sqlite) fn runs(&self) -> impl Iterator<Item = Run> {
        self.runs.iter().map(|(first, last)| (*first, *last))
    }
}

/// What numbers of a tenant's sources are known to be durable, source by source.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct InMind(HashMap<String, Numbers>);

/// Whether a row may tell of numbers that other files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Bridging {
    Allowed,
    /// A backup copies one file after another: a row that tells of a number would come along, and the number's events not.
    BackupUnderWay,
}

impl InMind {
    pub(in crate::sqlite) fn knows(&self, source: &str) -> bool {
        self.0.contains_key(source)
    }

    /// Begins to keep a source in mind, by what its rows say.
    pub(in crate::sqlite) fn learn(&mut self, source: &str, mut numbers: Numbers) {
        while numbers.runs.len() > RUNS_IN_MIND {
            numbers.runs.pop_first();
        }
        self.0.insert(source.to_owned(), numbers);
    }

    /// Forgets everything: it is read again. After a failed write nobody knows what is durable.
    pub(in crate::sqlite) fn forget(&mut self) {
        self.0.clear();
    }

    /// The runs to write where these numbers arrive now. A number that is durable already needs none.
    pub(in crate::sqlite) fn runs_with(
        &self,
        received: &[(String, i64)],
        bridging: Bridging,
    ) -> Vec<(String, Run)> {
        let mut with: BTreeMap<&str, Numbers> = BTreeMap::new();
        let is_durable = |source: &str, number: i64| {
            let known = self.0.get(source);
            known.is_some_and(|numbers| numbers.run_of(number).is_some())
        };
        let mut arriving = Vec::new();
        for (source, number) in received {
            if is_durable(source, *number) {
                continue;
            }
            let numbers = with.entry(source).or_insert_with(|| match bridging {
                Bridging::Allowed => self.0.get(source).cloned().unwrap_or_default(),
                Bridging::BackupUnderWay => Numbers::default(),
            });
            numbers.add((*number, *number));
            arriving.push((source, *number));
        }
        let mut runs: Vec<(String, Run)> = arriving
            .into_iter()
            .filter_map(|(source, number)| {
                let run = with.get(source.as_str())?.run_of(number)?;
                Some((source.clone(), run))
            })
            .collect();
        runs.sort_unstable();
        runs.dedup();
        runs
    }

    /// Takes over that numbers are durable now.
    pub(in crate::sqlite) fn note(&mut self, received: &[(String, i64)]) {
        for (source, number) in received {
            // What is not kept in mind is read whole when it is asked for.
            let Some(numbers) = self.0.get_mut(source) else {
                continue;
            };
            numbers.add((*number, *number));
            if numbers.runs.len() > RUNS_IN_MIND {
                numbers.runs.pop_first();
            }
        }
    }
}

/// Where a row of `received` goes.
pub(in crate::sqlite) enum Table {
    /// A month's own.
    OfMonth,
    /// The catalogue's, among those of no month, whose `month` is this.
    OfCatalogue(i32),
}

/// Writes that the numbers of a run came, as one row with those of the table that overlap or touch it.
pub(in crate::sqlite) fn receive(
    connection: &Connection,
    table: &Table,
    source: &dyn ToSql,
    (first, last): Run,
) -> rusqlite::Result<()> {
    let (rows, columns, values) = match table {
        Table::OfMonth => ("source = ?1".to_owned(), "", String::new()),
        Table::OfCatalogue(month) => (
            format!("month = {month} AND source = ?1"),
            "month, ",
            format!("{month}, "),
        ),
    };
    let near = connection
        .prepare_cached(&format!(
            "SELECT count(*), min(first), max(last) FROM received WHERE {rows} AND first <= ?3 AND last >= ?2"
        ))?
        .query_row(
            params![source, first.saturating_sub(1), last.saturating_add(1)],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, Option<i64>>(1)?,
                    row.get::<_, Option<i64>>(2)?,
                ))
            },
        )?;
    let joined = match near {
        (1, Some(from), Some(to)) if from <= first && last <= to => return Ok(()),
        (_, Some(from), Some(to)) => (from.min(first), to.max(last)),
        _ => (first, last),
    };
    connection
        .prepare_cached(&format!(
            "DELETE FROM received WHERE {rows} AND first BETWEEN ?2 AND ?3"
        ))?
        .execute(params![source, joined.0, joined.1])?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO received({columns}source, first, last) VALUES ({values}?1, ?2, ?3)"
        ))?
        .execute(params![source, joined.0, joined.1])?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    fn check(added: &[Run], expected: &[Run]) {
        let mut numbers = Numbers::default();
        for run in added {
            numbers.add(*run);
        }
        assert_eq!(numbers.runs().collect::<Vec<_>>(), expected, "{added:?}");
    }

    #[test]
    fn runs_that_touch_or_overlap_are_one() {
        check(&[(1, 1), (3, 3)], &[(1, 1), (3, 3)]);
        check(&[(1, 1), (3, 3), (2, 2)], &[(1, 3)]);
        check(&[(5, 9), (1, 2), (2, 6)], &[(1, 9)]);
        check(&[(1, 9), (3, 4)], &[(1, 9)]);
        check(&[(1, 1), (3, 3), (5, 5), (7, 7), (2, 6)], &[(1, 7)]);
        check(&[(i64::MAX, i64::MAX), (1, 1)], &[(1, 1), (i64::MAX, i64::MAX)]);
    }

    #[test]
    fn rows_that_lie_in_a_run_become_one_row() {
        let connection = Connection::open_in_memory().unwrap();
        let table =
            "CREATE TABLE received(source INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (source, first))";
        connection.execute_batch(table).unwrap();
        let rows = "INSERT INTO received VALUES (1, 1, 1), (1, 3, 3), (1, 5, 9), (1, 12, 12), (2, 4, 4)";
        connection.execute_batch(rows).unwrap();
        for _ in 0..2 {
            receive(&connection, &Table::OfMonth, &1, (2, 6)).unwrap();
        }
        let mut statement = connection
            .prepare("SELECT source, first, last FROM received ORDER BY 1, 2")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(i64, i64, i64)> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, [(1, 1, 9), (1, 12, 12), (2, 4, 4)]);
    }
}
