//! How many accounts were there on each day: seen by its end, and not deleted by then.

use super::partition::Partition;
use crate::error::StoreError;
use model::time::TICKS_PER_DAY;
use model::usage::{Amounts, Tally};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a guest's sign-in name has in it.
const GUEST_MARK: &str = "#EXT#";

/// What months know of the accounts, by the account's key.
#[derive(Default)]
struct Known(HashMap<String, Account>);

#[derive(Default)]
struct Account {
    first_day: Option<i64>,
    /// The newest name, with the day that told it.
    name: (Option<i64>, Option<String>),
    /// Deletions (true) and new beginnings, by instant.
    ends: Vec<(i64, bool)>,
}

/// The amounts of [`model::usage::Grain::Accounts`] for each day from the first account to the newest count.
pub(super) fn by_day(partitions: &[Arc<Partition>]) -> Result<BTreeMap<i64, Amounts>, StoreError> {
    let mut known = Known::default();
    let mut last_day = None;
    for partition in partitions {
        last_day = last_day.max(partition.read(|connection| known.add(connection))?);
    }
    Ok(known.days(last_day))
}

impl Known {
    /// Takes what a month knows; answers its newest day.
    fn add(&mut self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        let (sign_ins, accounts) = (Tally::SignIns.number(), Tally::Accounts.number());
        let mut seen = connection.prepare_cached(
            "SELECT key, name_day, name, first_day FROM
                (SELECT id, min(day) AS first_day FROM
                    (SELECT member AS id, day FROM usage WHERE tally = ?1 AND first > 0
                     UNION ALL SELECT subject, day FROM usage WHERE tally = ?2 AND first > 0)
                 GROUP BY id) JOIN named USING (id)",
        )?;
        let mut rows = seen.query([sign_ins, accounts])?;
        while let Some(row) = rows.next()? {
            let account = self.0.entry(row.get(0)?).or_default();
            account.name = std::mem::take(&mut account.name).max((row.get(1)?, row.get(2)?));
            let first: i64 = row.get(3)?;
            account.first_day = Some(account.first_day.map_or(first, |known| known.min(first)));
        }
        let mut ends = connection.prepare_cached(
            "SELECT key, member, first > 0 FROM usage JOIN named ON named.id = subject
             WHERE tally = ?1 AND (first > 0 OR second > 0)",
        )?;
        let mut rows = ends.query([Tally::AccountEnds.number()])?;
        while let Some(row) = rows.next()? {
            let account = self.0.entry(row.get(0)?).or_default();
            account.ends.push((row.get(1)?, row.get(2)?));
        }
        connection.query_row("SELECT max(day) FROM usage", [], |row| row.get(0))
    }

    fn days(self, last_day: Option<i64>) -> BTreeMap<i64, Amounts> {
        let mut steps: BTreeMap<i64, Amounts> = BTreeMap::new();
        for mut account in self.0.into_values() {
            let Some(first_day) = account.first_day else {
                continue;
            };
            let class = class(account.name.1.as_deref());
            account.ends.sort_unstable();
            steps.entry(first_day).or_default()[class] += 1;
            let mut is_there = true;
            for (instant, is_deletion) in account.ends {
                if is_there == is_deletion {
                    let day = instant.div_euclid(TICKS_PER_DAY).max(first_day);
                    steps.entry(day).or_default()[class] += if is_deletion { -1 } else { 1 };
                    is_there = !is_deletion;
                }
            }
        }
        let (Some((first_day, _)), Some(last_day)) = (steps.first_key_value(), last_day) else {
            return BTreeMap::new();
        };
        let mut days = BTreeMap::new();
        let mut now = [0; 3];
        for day in *first_day..=last_day {
            for (sum, step) in now.iter_mut().zip(steps.get(&day).copied().unwrap_or_default()) {
                *sum += step;
            }
            days.insert(day, now);
        }
        days
    }
}

/// With a sign-in name, a guest, without a name.
fn class(name: Option<&str>) -> usize {
    match name {
        Some(name) if name.to_uppercase().contains(GUEST_MARK) => 1,
        Some(_) => 0,
        None => 2,
    }
}
