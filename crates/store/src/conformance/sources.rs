//! The cases of sources: their hours, their numbers, their losses.

use super::trial::{Told, Trial, draft, ensure, equal, time, told};
use crate::events::Lease;
use crate::ledger::{Closing, HourOf, ImportedFile, Keeping, LateBy, SourceError, ToldGap};
use model::batch::{Batch, Counts, Lateness};
use model::time::{TICKS_PER_SECOND, Timestamp};
use uuid::Uuid;

const FEED: Lateness = Lateness::After(900 * TICKS_PER_SECOND);

fn batch(trial: &Trial, source: &str, arrived: &str, events: &[Told]) -> Batch {
    Batch {
        tenant: trial.tenant,
        source: source.to_owned(),
        arrived: time(arrived),
        lateness: FEED,
        events: events.iter().map(draft).collect(),
        ignored: 0,
        rejected: 0,
        sequence: None,
        error: None,
    }
}

fn append(trial: &Trial, opened: &super::Opened, batch: Batch) -> Result<(), String> {
    let lease = lease(trial);
    opened
        .store
        .append(&lease, batch)
        .map_err(|error| error.to_string())?;
    Ok(())
}

fn lease(trial: &Trial) -> Lease {
    Lease { tenant: trial.tenant }
}

pub(super) fn hours(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let first = [
        told(1, "2017-05-01T10:10:00Z", 1),
        told(2, "2017-05-01T12:00:00Z", 1),
    ];
    append(
        trial,
        &opened,
        batch(trial, "feed", "2017-05-01T12:00:30Z", &first),
    )?;
    let second = Batch {
        ignored: 2,
        rejected: 1,
        error: Some("line 3 is no record".to_owned()),
        ..batch(
            trial,
            "feed",
            "2017-05-01T13:10:00Z",
            // An hour and a half, and three days and two seconds, behind; one that is known and one that is on time.
            &[
                told(3, "2017-05-01T10:30:00Z", 1),
                told(4, "2017-04-28T11:59:58Z", 1),
                told(2, "2017-05-01T12:00:00Z", 1),
                told(5, "2017-05-01T11:50:00Z", 1),
            ],
        )
    };
    append(trial, &opened, second)?;
    let nothing = Batch {
        rejected: 1,
        error: Some("it is no JSON".to_owned()),
        ..batch(trial, "feed", "2017-05-01T13:30:00Z", &[])
    };
    append(trial, &opened, nothing)?;
    let ask = |by, before, limit| {
        let found = opened.store.source_hours(trial.tenant, "feed", by, before, limit);
        found.map_err(|error| error.to_string())
    };
    let arrivals = ask(HourOf::Arrival, None, 10)?;
    let told: Vec<_> = arrivals
        .iter()
        .map(|hour| {
            (
                hour.hour,
                hour.batches,
                hour.counts,
                hour.late_by,
                hour.oldest,
                hour.newest,
                hour.last_error.clone(),
            )
        })
        .collect();
    let late_by = LateBy {
        seconds: 5_400 + 3 * 86_400 + 2,
        most_ticks: (3 * 86_400 + 2) * TICKS_PER_SECOND,
    };
    let second = Counts {
        read: 8,
        new: 3,
        known: 1,
        ignored: 2,
        rejected: 2,
        late: 2,
        ..Counts::default()
    };
    let first = Counts {
        read: 2,
        new: 2,
        ..Counts::default()
    };
    let last_error = SourceError {
        at: time("2017-05-01T13:30:00Z"),
        reason: "it is no JSON".to_owned(),
    };
    equal(
        "the hours of arrival",
        told,
        vec![
            (
                time("2017-05-01T13:00:00Z"),
                2,
                second,
                late_by,
                Some(time("2017-04-28T11:59:58Z")),
                Some(time("2017-05-01T11:50:00Z")),
                Some(last_error.clone()),
            ),
            (
                time("2017-05-01T12:00:00Z"),
                1,
                first,
                LateBy::default(),
                Some(time("2017-05-01T10:10:00Z")),
                Some(time("2017-05-01T12:00:00Z")),
                None,
            ),
        ],
    )?;
    let happened: Vec<(Timestamp, u64)> = ask(HourOf::Event, None, 10)?
        .iter()
        .map(|hour| (hour.hour, hour.counts.read))
        .collect();
    let expected = [
        ("2017-05-01T12:00:00Z", 2),
        ("2017-05-01T11:00:00Z", 1),
        ("2017-05-01T10:00:00Z", 2),
        ("2017-04-28T11:00:00Z", 1),
    ];
    equal(
        "the hours of the events",
        happened,
        expected.map(|(hour, read)| (time(hour), read)).to_vec(),
    )?;
    let page: Vec<Timestamp> = ask(HourOf::Event, Some(time("2017-05-01T12:00:00Z")), 2)?
        .iter()
        .map(|hour| hour.hour)
        .collect();
    equal(
        "a page of them",
        page,
        vec![time("2017-05-01T11:00:00Z"), time("2017-05-01T10:00:00Z")],
    )?;
    let line = opened
        .store
        .ledger(trial.tenant)
        .map_err(|error| error.to_string())?;
    equal("the last error", line[0].last_error.clone(), Some(last_error))?;
    let totals = (line[0].batches, line[0].late_by, line[0].oldest);
    equal(
        "the totals",
        totals,
        (3, late_by, Some(time("2017-04-28T11:59:58Z"))),
    )
}

pub(super) fn proofs(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let events = [
        told(1, "2017-04-30T23:00:00Z", 1),
        told(2, "2017-05-01T12:00:00Z", 1),
        told(2, "2017-05-01T12:00:00Z", 2),
        told(3, "2018-01-01T00:00:00Z", 1),
    ];
    append(
        trial,
        &opened,
        batch(trial, "feed", "2017-05-01T12:00:30Z", &events),
    )?;
    let proof = opened
        .store
        .prove(trial.tenant)
        .map_err(|error| error.to_string())?;
    ensure(proof.faults.is_empty(), || proof.faults.join("; "))?;
    equal("the events", proof.events, 4)?;
    let found: Vec<_> = proof
        .hours
        .iter()
        .map(|hour| {
            let (told, found) = (&hour.told, &hour.found);
            (
                told == found,
                found.new,
                found.changed,
                found.quarantined,
                found.newest,
            )
        })
        .collect();
    let newest = Some(time("2017-05-01T12:00:00Z"));
    equal("the hour", found, vec![(true, 3, 1, 1, newest)])
}

pub(super) fn numbers(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let numbered = |number, events: &[Told]| Batch {
        sequence: Some(number),
        ..batch(trial, "feed", "2017-06-01T12:00:00Z", events)
    };
    append(trial, &opened, numbered(1, &[told(1, "2017-04-01T00:00:00Z", 1)]))?;
    append(trial, &opened, numbered(2, &[told(2, "2017-05-01T00:00:00Z", 1)]))?;
    append(trial, &opened, numbered(5, &[]))?;
    append(trial, &opened, numbered(2, &[told(2, "2017-05-01T00:00:00Z", 1)]))?;
    let both = [
        told(3, "2017-04-02T00:00:00Z", 1),
        told(4, "2017-05-02T00:00:00Z", 1),
    ];
    append(trial, &opened, numbered(3, &both))?;
    let missing = |opened: &super::Opened| {
        let facts = opened.store.source_facts(trial.tenant, Some("feed"));
        let facts = facts.map_err(|error| error.to_string())?;
        Ok::<_, String>(model::gaps::missing_numbers(&facts[0].received))
    };
    equal("what is missing", missing(&opened)?, vec![(4, 4)])?;
    let months = opened
        .store
        .months(trial.tenant)
        .map_err(|error| error.to_string())?;
    let purged = opened
        .store
        .purge(trial.tenant, &months[0], time("2018-01-01T00:00:00Z"));
    purged.map_err(|error| error.to_string())?;
    drop(opened);
    let opened = trial.open();
    equal("what is missing after a purge", missing(&opened)?, vec![(4, 4)])?;
    append(trial, &opened, numbered(4, &[told(5, "2017-05-03T00:00:00Z", 1)]))?;
    equal("what is missing when it came", missing(&opened)?, vec![])
}

pub(super) fn losses(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    append(
        trial,
        &opened,
        batch(
            trial,
            "feed",
            "2017-06-01T12:00:00Z",
            &[told(1, "2017-06-01T11:00:00Z", 1)],
        ),
    )?;
    let gap = ToldGap {
        id: Uuid::from_u128(1),
        source: "feed".to_owned(),
        kind: "dropped".to_owned(),
        told_at: time("2017-06-01T12:00:00Z"),
        from: Some(time("2017-06-01T10:00:00Z")),
        to: None,
        records: Some(7),
        detail: "the spool was full".to_owned(),
    };
    let other = ToldGap {
        source: "other".to_owned(),
        ..gap.clone()
    };
    let lease = lease(trial);
    let keep = |gap: &ToldGap| {
        let kept = opened.store.tell_gap(&lease, gap.clone());
        kept.map_err(|error| error.to_string())
    };
    ensure(keep(&gap)? != Keeping::Taken, || "the gap is not kept".to_owned())?;
    equal("told again", keep(&gap)?, Keeping::Known)?;
    equal("told by another", keep(&other)?, Keeping::Taken)?;
    let closing = Closing {
        id: gap.id,
        source: "feed".to_owned(),
        kind: "dropped".to_owned(),
        first: 0,
        last: 0,
        at: time("2017-06-02T00:00:00Z"),
        by: "somebody".to_owned(),
        because: "it was a test".to_owned(),
    };
    let closed = opened.store.close_gap(&lease, closing.clone(), None);
    closed.map_err(|error| error.to_string())?;
    let again = Closing {
        because: "another reason".to_owned(),
        ..closing.clone()
    };
    let closed = opened.store.close_gap(&lease, again, None);
    equal(
        "closed again",
        closed.map_err(|error| error.to_string())?,
        Keeping::Known,
    )?;
    let file = |name: &str| ImportedFile {
        run: Uuid::from_u128(9),
        file: name.to_owned(),
        ended: time("2017-06-03T00:00:00Z"),
        counts: Counts {
            read: 3,
            new: 3,
            ..Counts::default()
        },
        oldest: Some(time("2017-06-01T00:00:00Z")),
        newest: None,
    };
    for name in ["a.csv", "b.csv"] {
        let noted = opened.store.note_import(&lease, file(name));
        noted.map_err(|error| error.to_string())?;
    }
    drop(opened);
    let opened = trial.open();
    let facts = opened.store.source_facts(trial.tenant, None);
    let facts = facts.map_err(|error| error.to_string())?;
    equal("the sources", facts.len(), 1)?;
    equal("what was told", facts[0].told.clone(), vec![gap])?;
    equal("what was closed", facts[0].closed.clone(), vec![closing])?;
    let imports = opened
        .store
        .imports(trial.tenant, 10)
        .map_err(|error| error.to_string())?;
    equal("what was imported", imports, vec![file("b.csv"), file("a.csv")])
}
