//! The cases about months that are freed.

use super::Opened;
use super::trial::{Trial, ensure, equal, field, query, time, told};
use crate::events::{MonthInfo, Purge};
use model::batch::{Counts, Outcome};
use model::time::{Month, Timestamp};

/// Two writes may have the same time, as here: it is the commit that tells them apart.
pub(super) fn purging_what_was_seen(trial: &Trial) -> Result<(), String> {
    let now = time("2017-07-01T12:00:00Z");
    let april = Month::parse("2017-04").ok_or("month")?;
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-04-10", 1), told(2, "2017-05-11", 1)])?;
    let decided = month(trial, &opened, april)?;
    let epoch = epoch(trial, &opened)?;
    trial.append(&opened, &[told(3, "2017-04-10", 1)])?;
    equal(
        "a month that was written since",
        purge(trial, &opened, &decided, now)?,
        Purge::WrittenSince,
    )?;
    equal("the rows", trial.all_rows(&opened, &query(10))?.len(), 3)?;
    equal("the epoch", self::epoch(trial, &opened)?, epoch)?;
    let decided = month(trial, &opened, april)?;
    {
        let _backup = opened.store.begin_backup().map_err(|error| error.to_string())?;
        equal(
            "a month while a backup is taken",
            purge(trial, &opened, &decided, now)?,
            Purge::BackupUnderWay,
        )?;
        equal("the rows", trial.all_rows(&opened, &query(10))?.len(), 3)?;
    }
    equal(
        "the month as it was seen",
        purge(trial, &opened, &decided, now)?,
        Purge::Freed,
    )?;
    let nowhere = MonthInfo {
        month: Month::parse("2016-01").ok_or("month")?,
        ..decided
    };
    equal("no month", purge(trial, &opened, &nowhere, now)?, Purge::NotThere)?;
    equal("the rows left", trial.all_rows(&opened, &query(10))?.len(), 1)
}

fn month(trial: &Trial, opened: &Opened, month: Month) -> Result<MonthInfo, String> {
    let months = opened
        .store
        .months(trial.tenant)
        .map_err(|error| error.to_string())?;
    months
        .into_iter()
        .find(|stored| stored.month == month)
        .ok_or_else(|| format!("{month} is not there"))
}

fn purge(trial: &Trial, opened: &Opened, seen: &MonthInfo, now: Timestamp) -> Result<Purge, String> {
    opened
        .store
        .purge(trial.tenant, seen, now)
        .map_err(|error| error.to_string())
}

fn epoch(trial: &Trial, opened: &Opened) -> Result<u64, String> {
    opened
        .store
        .epoch(trial.tenant)
        .map_err(|error| error.to_string())
}

pub(super) fn purging(trial: &Trial) -> Result<(), String> {
    let now = time("2017-06-01T12:00:00Z");
    let april = Month::parse("2017-04").ok_or("month")?;
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(1, "2017-04-10", 1),
            told(2, "2017-04-11", 1),
            told(3, "2017-05-11", 1),
        ],
    )?;
    let seen = month(trial, &opened, april)?;
    let epoch = epoch(trial, &opened)?;
    for _ in 0..2 {
        equal(
            "what became of it",
            purge(trial, &opened, &seen, now)?,
            Purge::Freed,
        )?;
    }
    ensure(self::epoch(trial, &opened)? > epoch, || {
        "a freed month began no epoch".to_owned()
    })?;
    let late = [
        told(1, "2017-04-10", 1),
        told(9, "2017-04-12", 1),
        told(3, "2017-05-11", 1),
        told(2, "2017-05-12", 1),
    ];
    let (outcomes, counts) = trial.append(&opened, &late)?;
    equal(
        "late events",
        outcomes,
        vec![Outcome::Purged, Outcome::Purged, Outcome::Known, Outcome::New],
    )?;
    ensure(counts.adds_up() && counts.rejected == 2, || format!("{counts:?}"))?;
    drop(opened);
    let opened = trial.open();
    let rows = trial.all_rows(&opened, &query(10))?;
    equal(
        "the rows left",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["2", "3"],
    )?;
    equal(
        "late after reopening",
        trial.append(&opened, &late[..1])?.0,
        vec![Outcome::Purged],
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let expected = Counts {
        read: 8,
        new: 4,
        known: 1,
        rejected: 3,
        ..Counts::default()
    };
    equal(
        "the ledger",
        ledger.first().map(|line| line.counts),
        Some(expected),
    )
}
