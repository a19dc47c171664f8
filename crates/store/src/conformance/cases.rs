//! The cases of the suite.

use super::trial::{Told, Trial, ensure, equal, field, key, query, split, time, told};
use crate::events::ChangeKind;
use model::batch::{Counts, Lateness, Outcome, Subject};
use model::query::{Query, TimeRanges};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) fn outcomes(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let first = told(1, "2017-05-01T10:00:00Z", 1);
    let other = told(1, "2017-05-01T10:00:00Z", 2);
    equal("first", trial.append(&opened, &[first])?.0, vec![Outcome::New])?;
    equal(
        "again",
        trial.append(&opened, &[first, first])?.0,
        vec![Outcome::Known, Outcome::Known],
    )?;
    equal(
        "other",
        trial.append(&opened, &[other])?.0,
        vec![Outcome::Changed],
    )?;
    equal(
        "old revision",
        trial.append(&opened, &[first])?.0,
        vec![Outcome::Known],
    )?;
    let within = [
        told(2, "2017-05-01T11:00:00Z", 1),
        told(2, "2017-05-01T11:00:00Z", 2),
        told(2, "2017-05-01T11:00:00Z", 1),
    ];
    let (outcomes, counts) = trial.append(&opened, &within)?;
    equal(
        "in one batch",
        outcomes,
        vec![Outcome::New, Outcome::Changed, Outcome::Known],
    )?;
    equal(
        "the sum",
        counts,
        Counts {
            read: 3,
            new: 1,
            changed: 1,
            known: 1,
            ..Counts::default()
        },
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let sum = Counts {
        read: 8,
        new: 2,
        changed: 2,
        known: 4,
        ..Counts::default()
    };
    equal(
        "the ledger",
        ledger.iter().map(|line| line.counts).collect::<Vec<_>>(),
        vec![sum],
    )
}

pub(super) fn winners(trial: &Trial) -> Result<(), String> {
    let contents = [
        told(0, "2017-05-01T10:00:00Z", 1),
        told(0, "2017-05-03T10:00:00Z", 3),
        told(0, "2017-04-02T10:00:00Z", 2),
    ];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let opened = trial.open();
    for (number, order) in orders.iter().enumerate() {
        for content in order {
            let event = Told {
                id: number as u32,
                ..contents[*content]
            };
            trial.append(&opened, &[event])?;
        }
    }
    let rows = trial.all_rows(&opened, &query(100))?;
    equal("the number of rows", rows.len(), orders.len())?;
    for row in rows {
        ensure(
            row.contains(r#""content":3"#) && row.contains("2017-05-03"),
            || format!("another content won: {row}"),
        )?;
    }
    Ok(())
}

pub(super) fn other_month(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-04-30T23:59:59Z", 1)])?;
    trial.append(
        &opened,
        &[
            told(1, "2017-05-01T00:00:01Z", 2),
            told(2, "2017-05-01T00:00:02Z", 2),
        ],
    )?;
    trial.append(
        &opened,
        &[
            told(2, "2017-04-30T23:59:58Z", 1),
            told(1, "2017-05-01T00:00:01Z", 2),
        ],
    )?;
    trial.append(
        &opened,
        &[
            told(3, "2017-05-02T00:00:00Z", 1),
            told(3, "2017-04-02T00:00:00Z", 2),
        ],
    )?;
    let rows = trial.all_rows(&opened, &query(2))?;
    let ids: Vec<&str> = rows.iter().map(|row| field(row, "id")).collect();
    equal("the rows", ids, vec!["2", "1", "3"])?;
    ensure(rows[2].contains("2017-04-02"), || {
        format!("the later content did not win: {}", rows[2])
    })
}

pub(super) fn paging(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let times = [
        "2017-05-01T10:00:00Z",
        "2017-05-01T10:00:00.0000001Z",
        "2017-04-30T10:00:00Z",
        "2017-03-01T00:00:00Z",
    ];
    let events: Vec<Told> = (0..60)
        .map(|id| told(id, times[id as usize % times.len()], 1))
        .collect();
    trial.append(&opened, &events)?;
    let mut expected: Vec<(Timestamp, [u8; 16], u32)> = events
        .iter()
        .map(|event| (time(event.time), key(event.id).0, event.id))
        .collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let expected: Vec<String> = expected.into_iter().map(|(_, _, id)| id.to_string()).collect();
    for limit in [1, 2, 3, 7, 15, 59, 60, 61, 1_000] {
        let rows = trial.all_rows(&opened, &query(limit))?;
        let ids: Vec<String> = rows.iter().map(|row| field(row, "id").to_owned()).collect();
        equal(&format!("pages of {limit}"), ids, expected.clone())?;
    }
    let last = trial.scan(&opened, &query(60))?;
    equal("the last page says that it is", last.next, None)
}

pub(super) fn frugality(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let times = [
        "2017-03-01T00:00:00Z",
        "2017-04-01T00:00:00Z",
        "2017-05-01T00:00:00Z",
    ];
    let events: Vec<Told> = (0..30)
        .map(|id| told(id, times[id as usize % times.len()], 1))
        .collect();
    trial.append(&opened, &events)?;
    // One more than the page has tells that there are more.
    let page = trial.scan(&opened, &query(5))?;
    equal("rows and rows looked at", (page.rows, page.examined), (5, 6))
}

pub(super) fn snapshots(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let events: Vec<Told> = (0..10).map(|id| told(id, "2017-05-01T10:00:00Z", 1)).collect();
    trial.append(&opened, &events)?;
    let snapshot = opened
        .store
        .snapshot(trial.tenant)
        .map_err(|error| error.to_string())?;
    let mut query = Query {
        snapshot: Some(snapshot),
        ..query(4)
    };
    let first = trial.scan(&opened, &query)?;
    query.after = first.next;
    // One row moves to the newest end, one to the oldest, one changes in its place, and one is new in the middle.
    let changes = [
        told(0, "2017-05-02T10:00:00Z", 2),
        told(1, "2017-04-01T10:00:00Z", 2),
        told(2, "2017-05-01T10:00:00Z", 2),
        told(77, "2017-05-01T10:00:00Z", 1),
    ];
    trial.append(&opened, &changes)?;
    let mut ids: Vec<u32> = split(&first)
        .iter()
        .chain(&trial.all_rows(&opened, &query)?)
        .filter_map(|row| field(row, "id").parse().ok())
        .collect();
    ids.sort_unstable();
    equal("the rows of the snapshot", ids, (0..10).collect())?;
    query.after = None;
    query.skip = 9;
    equal(
        "skipping in the snapshot",
        trial.all_rows(&opened, &query)?.len(),
        1,
    )?;
    query = Query {
        snapshot: None,
        ..self::query(100)
    };
    let now = trial.all_rows(&opened, &query)?;
    equal("the rows now", now.len(), 11)?;
    equal("the newest row now", field(&now[0], "id"), "0")
}

pub(super) fn ticks(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(1, "2015-03-12T22:01:18.4385955Z", 1),
            told(2, "2015-03-12T22:01:18.4385956Z", 1),
        ],
    )?;
    let at = time("2015-03-12T22:01:18.4385955Z");
    let query = Query {
        times: TimeRanges::between(at, at),
        ..query(10)
    };
    let rows = trial.all_rows(&opened, &query)?;
    equal(
        "the rows at that tick",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["1"],
    )?;
    let two = TimeRanges::between(at, at).union(&TimeRanges::between(at.plus_ticks(1), at.plus_ticks(9)));
    equal(
        "both",
        trial.all_rows(&opened, &Query { times: two, ..query })?.len(),
        2,
    )
}

pub(super) fn short_pages(trial: &Trial) -> Result<(), String> {
    use model::query::{Literal, Operator, Predicate};
    let opened = trial.open();
    let events: Vec<Told> = (0..30)
        .map(|id| told(id, "2017-05-01T10:00:00Z", 1 + u32::from(id % 10 == 0)))
        .collect();
    trial.append(&opened, &events)?;
    let predicate = Predicate::Compare {
        path: &["content"],
        operator: Operator::Equal,
        value: Literal::Integer(2),
    };
    let query = Query {
        predicate: Some(predicate),
        max_examined: 7,
        ..query(10)
    };
    let first = trial.scan(&opened, &query)?;
    ensure(first.examined <= 7 && first.next.is_some(), || {
        format!("it looked at {} rows", first.examined)
    })?;
    equal("the rows that match", trial.all_rows(&opened, &query)?.len(), 3)
}

pub(super) fn skipping(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let times = [
        "2017-05-03T10:00:00Z",
        "2017-05-02T00:00:00Z",
        "2017-05-02T23:59:59.9999999Z",
        "2017-04-30T10:00:00Z",
    ];
    let events: Vec<Told> = (0..40)
        .map(|id| told(id, times[id as usize % times.len()], 1))
        .collect();
    trial.append(&opened, &events)?;
    for (from, to) in [
        ("2017-01-01", "2017-12-31"),
        ("2017-05-02T12:00:00Z", "2017-05-03T10:00:00Z"),
        ("2017-04-01", "2017-05-02T12:00:00Z"),
    ] {
        let query = Query {
            times: TimeRanges::between(time(from), time(to)),
            ..query(100)
        };
        let all = trial.all_rows(&opened, &query)?;
        for skip in [0, 1, 9, 10, 11, 20, 29, 30, 31, 40, 50] {
            let rows = trial.all_rows(
                &opened,
                &Query {
                    skip,
                    ..query.clone()
                },
            )?;
            equal(
                &format!("skip {skip} of {from} to {to}"),
                rows,
                all.iter().skip(skip as usize).cloned().collect(),
            )?;
        }
    }
    Ok(())
}

pub(super) fn quarantine(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let (within, beyond) = (
        told(1, "2017-06-02T11:59:59Z", 1),
        told(2, "2017-06-02T12:00:01Z", 1),
    );
    trial.append(&opened, &[within, beyond, told(3, "2099-01-01", 1)])?;
    let rows = trial.all_rows(&opened, &query(10))?;
    equal(
        "the rows",
        rows.iter().map(|row| field(row, "id")).collect::<Vec<_>>(),
        vec!["1"],
    )?;
    let history = opened
        .store
        .history(
            trial.tenant,
            &Subject::person("user2@contoso.com"),
            time("2017-01-01"),
            time("2099-12-31"),
            10,
        )
        .map_err(|error| error.to_string())?;
    equal("the history of a person of a quarantined event", history.len(), 0)?;
    let changes = opened.store.changes(trial.tenant, 0, 10);
    let changes = changes.map_err(|error| error.to_string())?;
    let aside = changes
        .iter()
        .filter(|change| change.quarantined)
        .map(|change| change.key);
    equal(
        "what the change log says to stand aside",
        aside.collect::<BTreeSet<_>>(),
        BTreeSet::from([key(2), key(3)]),
    )?;
    let ledger = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    let line = ledger.first().ok_or("the ledger is empty")?;
    equal("quarantined", line.counts.quarantined, 2)?;
    equal("the newest", line.newest, Some(time(within.time)))
}

pub(super) fn lateness(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let feed = Lateness::After(10_000_000 * 900);
    trial.append_from(&opened, "feed", feed, &[told(1, "2017-05-01T10:00:00Z", 1)])?;
    let (_, counts) = trial.append_from(
        &opened,
        "feed",
        feed,
        &[
            told(2, "2017-05-01T09:45:00Z", 1),
            told(3, "2017-05-01T09:44:59Z", 1),
            told(4, "2017-05-01T11:00:00Z", 1),
        ],
    )?;
    equal("late in a feed", counts.late, 1)?;
    let (_, counts) = trial.append_from(
        &opened,
        "import",
        Lateness::NotCounted,
        &[told(5, "2016-05-01T09:44:59Z", 1)],
    )?;
    equal("late in an import", counts.late, 0)
}

pub(super) fn histories(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(
        &opened,
        &[
            told(12, "2017-05-11", 1),
            told(2, "2017-04-11", 1),
            told(3, "2017-04-12", 1),
            told(22, "2017-03-01", 1),
        ],
    )?;
    trial.append(&opened, &[told(2, "2017-04-13", 2)])?;
    let ask = |subject: &Subject, from: &str, to: &str| -> Result<Vec<String>, String> {
        let events = opened
            .store
            .history(trial.tenant, subject, time(from), time(to), 10)
            .map_err(|error| error.to_string())?;
        events
            .iter()
            .map(|event| String::from_utf8(event.original.clone()).map_err(|error| error.to_string()))
            .collect()
    };
    // A person for each last digit of the id.
    let person = Subject::person("User2@contoso.com");
    let all = ask(&person, "2017-01-01", "2017-12-31")?;
    equal(
        "their events",
        all.iter().map(|text| field(text, "id")).collect::<Vec<_>>(),
        vec!["22", "2", "12"],
    )?;
    ensure(all[1].contains(r#""content":2"#), || {
        format!("the losing content is told: {}", all[1])
    })?;
    equal("a stretch", ask(&person, "2017-04-13", "2017-05-10")?.len(), 1)?;
    equal(
        "an address",
        ask(&Subject::address("192.0.2.3"), "2017-01-01", "2017-12-31")?.len(),
        1,
    )
}

pub(super) fn change_log(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-05-01", 2), told(2, "2017-04-01", 1)])?;
    let changes = |since: u64, limit: usize| {
        opened
            .store
            .changes(trial.tenant, since, limit)
            .map_err(|error| error.to_string())
    };
    let first = changes(0, 100)?;
    equal("the first commit", first.len(), 2)?;
    let cursor = first.iter().map(|change| change.commit).max().unwrap_or(0);
    trial.append(
        &opened,
        &[
            told(1, "2017-05-01", 3),
            told(1, "2017-05-01", 1),
            told(1, "2017-05-01", 1),
        ],
    )?;
    let then: Vec<_> = changes(cursor, 100)?
        .iter()
        .map(|change| (change.key, change.what))
        .collect();
    equal(
        "the second commit",
        then,
        vec![(key(1), ChangeKind::Replaced), (key(1), ChangeKind::Kept)],
    )?;
    ensure(
        changes(0, 1)?.iter().all(|change| change.commit <= cursor),
        || "a small limit skips commits".to_owned(),
    )?;
    equal("a small limit gives whole commits", changes(0, 1)?.len(), 2)?;
    equal("nothing more", changes(cursor + 1, 100)?.len(), 0)
}

pub(super) fn tenants(trial: &Trial) -> Result<(), String> {
    let other = Trial {
        folder: trial.folder.clone(),
        open: trial.open,
        tenant: TenantId::new(Uuid::from_u128(8)),
    };
    let opened = trial.open();
    trial.append(&opened, &[told(1, "2017-05-01", 1)])?;
    equal(
        "nothing of ours is theirs",
        other.all_rows(&opened, &query(10))?.len(),
        0,
    )?;
    other.append(&opened, &[told(1, "2017-05-01", 2)])?;
    let (ours, theirs) = (
        trial.all_rows(&opened, &query(10))?,
        other.all_rows(&opened, &query(10))?,
    );
    ensure(
        ours[0].contains(r#""content":1"#) && theirs[0].contains(r#""content":2"#),
        || format!("{ours:?} {theirs:?}"),
    )
}

pub(super) fn reopening(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let events: Vec<Told> = (0..50)
        .map(|id| told(id, if id % 2 == 0 { "2017-05-01" } else { "2016-12-31" }, 1))
        .collect();
    trial.append(&opened, &events)?;
    let before = trial.all_rows(&opened, &query(7))?;
    drop(opened);
    let opened = trial.open();
    equal("the rows", trial.all_rows(&opened, &query(9))?, before)?;
    trial.append(&opened, &events)?;
    let totals = opened
        .store
        .report_totals(trial.tenant)
        .map_err(|error| error.to_string())?;
    equal(
        "the totals",
        totals
            .iter()
            .map(|total| (total.rows, total.newest))
            .collect::<Vec<_>>(),
        vec![(Some(50), time("2017-05-01"))],
    )
}
