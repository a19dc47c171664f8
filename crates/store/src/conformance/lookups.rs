//! The cases about events that somebody knows already: by key and time, by subject and kind, content by content.

use super::Opened;
use super::trial::{Told, Trial, draft, ensure, equal, key, query, report, time, told};
use crate::error::StoreError;
use crate::events::{ChangeKind, Near, Newest, StoredEvent};
use model::batch::{Batch, EventDraft, Lateness, Outcome, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::time::Timestamp;
use std::borrow::Cow;
use uuid::Uuid;

#[allow(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn failed(error: StoreError) -> String {
    error.to_string()
}

/// What is kept of some events: id and content, as their originals tell.
fn told_by(events: &[StoredEvent]) -> Vec<String> {
    let texts = events
        .iter()
        .map(|event| String::from_utf8_lossy(&event.original));
    texts.map(Cow::into_owned).collect()
}

fn texts(told: &[Told]) -> Vec<String> {
    let originals = told.iter().map(|told| draft(told).original);
    originals
        .map(|original| String::from_utf8_lossy(&original).into_owned())
        .collect()
}

pub(super) fn events(trial: &Trial) -> Result<(), String> {
    let moved = [
        told(1, "2017-04-10T08:00:00Z", 1),
        // Another slot of the same month, and a time in another month.
        told(1, "2017-04-10T20:00:00Z", 2),
        told(2, "2017-04-30T23:00:00Z", 1),
        told(2, "2017-05-01T01:00:00Z", 2),
    ];
    let opened = trial.open();
    trial.append(&opened, &moved)?;
    trial.append(
        &opened,
        &[
            told(3, "2017-05-11T08:00:00Z", 1),
            told(4, "2017-05-10T08:00:00Z", 1),
            told(5, "2017-06-09T08:00:00Z", 1),
        ],
    )?;
    let ask = |wanted: &[(u32, &str)]| {
        let wanted: Vec<(EventKey, Timestamp)> = wanted.iter().map(|(id, at)| (key(*id), time(at))).collect();
        let found = opened.store.events(trial.tenant, &wanted).map_err(failed)?;
        Ok::<_, String>(told_by(&found))
    };
    equal("nothing", ask(&[])?, Vec::new())?;
    equal(
        "by the times of the winners, and out of order",
        ask(&[
            (3, "2017-05-11T08:00:00Z"),
            (2, "2017-05-01T01:00:00Z"),
            (1, "2017-04-10T20:00:00Z"),
            (3, "2017-05-11T08:00:00Z"),
        ])?,
        texts(&[moved[1], moved[3], told(3, "2017-05-11T08:00:00Z", 1)]),
    )?;
    equal(
        "by times that they had before",
        ask(&[(1, "2017-04-10T08:00:00Z"), (2, "2017-04-30T23:00:00Z")])?,
        texts(&[moved[1], moved[3]]),
    )?;
    equal(
        "by a time that they never had, by another's key, and one too far in the future",
        ask(&[
            (3, "2017-05-11T18:00:00Z"),
            (4, "2017-05-11T08:00:00Z"),
            (5, "2017-06-09T08:00:00Z"),
            (9, "2017-05-11T08:00:00Z"),
        ])?,
        Vec::new(),
    )?;
    // The content that wins says who brought it, whoever was first.
    let brought_by = [("feed", 1), ("other", 2), ("third", 0)];
    for (source, revision) in brought_by {
        let told = told(6, "2017-05-12T08:00:00Z", revision);
        trial.append_from(&opened, source, Lateness::NotCounted, &[told])?;
    }
    let wanted = [
        (key(6), time("2017-05-12T08:00:00Z")),
        (key(4), time("2017-05-10T08:00:00Z")),
    ];
    let mut found = opened.store.events(trial.tenant, &wanted).map_err(failed)?;
    found.sort_by_key(|event| event.key != key(6));
    let sources: Vec<String> = found.into_iter().map(|event| event.source).collect();
    equal(
        "who brought them",
        sources,
        vec!["other".to_owned(), "suite".to_owned()],
    )
}

pub(super) fn contents(trial: &Trial) -> Result<(), String> {
    let contents = [
        told(1, "2017-04-10T08:00:00Z", 2),
        told(1, "2017-04-10T20:00:00Z", 3),
        told(1, "2017-04-10T09:00:00Z", 1),
    ];
    let opened = trial.open();
    for content in contents {
        trial.append(&opened, &[content, told(2, "2017-04-10T08:00:00Z", 1)])?;
    }
    let of = Subject::address("192.0.2.1");
    for near in [
        Near::Time(time("2017-04-10T08:00:00Z")),
        Near::Time(time("2017-04-10T20:00:00Z")),
        Near::Subject(&of),
    ] {
        let found = opened
            .store
            .contents(trial.tenant, &key(1), near)
            .map_err(failed)?;
        let events: Vec<StoredEvent> = found.iter().map(|content| content.event.clone()).collect();
        equal("the contents", told_by(&events), texts(&contents))?;
        let what: Vec<(ChangeKind, bool)> =
            found.iter().map(|content| (content.what, content.wins)).collect();
        equal(
            "what became of them",
            what,
            vec![
                (ChangeKind::New, false),
                (ChangeKind::Replaced, true),
                (ChangeKind::Kept, false),
            ],
        )?;
        ensure(
            found.is_sorted_by(|one, other| one.event.commit < other.event.commit),
            || format!("they are not in the order of their commits: {found:?}"),
        )?;
    }
    let nobody = Subject::address("192.0.2.2");
    for near in [Near::Time(time("2017-04-11T08:00:00Z")), Near::Subject(&nobody)] {
        let found = opened
            .store
            .contents(trial.tenant, &key(1), near)
            .map_err(failed)?;
        equal("where it is not", found.len(), 0)?;
    }
    Ok(())
}

pub(super) fn newest(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    // Another content of one of them wins, of another one loses.
    let changed = [
        told(1, "2017-04-10T08:00:00Z", 2),
        told(41, "2017-04-12T08:00:00Z", 0),
    ];
    let late = told(61, "2017-04-01T08:00:00Z", 1);
    // Everybody of these is user1; three have one instant, two are in another month.
    let told = [
        told(1, "2017-04-10T08:00:00Z", 1),
        told(11, "2017-05-10T08:00:00Z", 1),
        told(21, "2017-05-10T08:00:00Z", 1),
        told(31, "2017-05-10T08:00:00Z", 1),
        told(41, "2017-04-12T08:00:00Z", 1),
        told(51, "2017-05-11T08:00:00Z", 1),
    ];
    trial.append(&opened, &told)?;
    append(trial, &opened, vec![finding("2017-05-20T08:00:00Z", 1, None)])?;
    let mut expected: Vec<(Timestamp, EventKey)> =
        told.iter().map(|told| (time(told.time), key(told.id))).collect();
    expected.sort_by(|(one, first), (other, second)| other.cmp(one).then(first.cmp(second)));
    let user = Subject::person("user1@contoso.com");
    for limit in 1..8 {
        let (mut got, mut before) = (Vec::new(), None);
        loop {
            let page = opened
                .store
                .newest(
                    trial.tenant,
                    &user,
                    &Newest {
                        before,
                        limit,
                        ..Newest::of(Kind::Audit)
                    },
                )
                .map_err(failed)?;
            ensure(page.len() <= limit, || format!("{} at once", page.len()))?;
            let Some(last) = page.last() else { break };
            before = Some((last.time, last.key));
            got.extend(page.iter().map(|event| (event.time, event.key)));
        }
        equal("by pages", got, expected.clone())?;
    }
    let since = opened
        .store
        .newest(
            trial.tenant,
            &user,
            &Newest {
                from: time("2017-05-11T08:00:00Z"),
                ..Newest::of(Kind::Audit)
            },
        )
        .map_err(failed)?;
    equal("from an instant on", since.len(), 1)?;
    let findings = opened
        .store
        .newest(trial.tenant, &user, &Newest::of(Kind::Finding))
        .map_err(failed)?;
    equal("findings of the person", findings.len(), 1)?;
    trial.append(&opened, &changed)?;
    let has = [key(1), key(41), key(51)];
    let asked = Newest {
        has: &|event, _| has.contains(event),
        ..Newest::of(Kind::Audit)
    };
    let found = opened.store.newest(trial.tenant, &user, &asked).map_err(failed)?;
    let named: Vec<EventKey> = found
        .iter()
        .filter(|event| event.original.is_empty())
        .map(|event| event.key)
        .collect();
    equal(
        "what the caller has, and counts as it came",
        named,
        vec![key(51), key(41)],
    )?;
    equal("all of them", found.len(), expected.len())?;
    let last = found.iter().map(|event| event.commit).max().unwrap_or(0);
    trial.append(&opened, &[late])?;
    for (through, many) in [(last, 0), (u64::MAX, 1)] {
        let asked = Newest {
            through,
            ..Newest::of(Kind::Audit)
        };
        let found = opened.store.newest(trial.tenant, &user, &asked).map_err(failed)?;
        let is_late = |event: &&StoredEvent| event.key == key(61);
        equal(
            "what came after a commit",
            found.iter().filter(is_late).count(),
            many,
        )?;
        equal("what was changed by then", found.len() - many, expected.len())?;
    }
    let range = (Timestamp::MIN, Timestamp::MAX);
    for (kinds, many) in [
        (&[Kind::Audit][..], 6),
        (&[Kind::Finding], 1),
        (Kind::ALL, 7),
        (&[], 0),
    ] {
        let history = opened
            .store
            .history_of_kinds(trial.tenant, &user, kinds, range.0, range.1, 3)
            .map_err(failed)?;
        equal("the history of some kinds", history.len(), many.min(3))?;
        ensure(history.iter().all(|event| kinds.contains(&event.kind)), || {
            format!("{history:?}")
        })?;
    }
    Ok(())
}

const ID: Uuid = Uuid::from_u128(9);

/// A finding of user1, judged at the `judged`th second, that holds or not.
fn finding(at: &str, judged: i64, retracted: Option<&str>) -> EventDraft {
    let rows = match retracted {
        Some(_) => Vec::new(),
        None => vec![RowDraft {
            report: report().number,
            json: format!(r#"{{"id":"{ID}","eventTime":"{at}","content":{judged}}}"#).into_bytes(),
            particulars: Vec::new(),
        }],
    };
    EventDraft {
        key: EventKey::from_vendor_id(Vendor::Gatelog, Kind::Finding, &ID.to_string()),
        kind: Kind::Finding,
        time: time(at),
        rank: Rank {
            updated: Some(Timestamp::from_unix_seconds(judged)),
            properties: 1,
            digest: [judged as u8; 16],
        },
        format: "suite",
        original: format!("judged {judged}, {retracted:?}").into_bytes(),
        rows,
        subjects: vec![
            Subject::person("user1@contoso.com"),
            Subject::Finding(ID),
            Subject::Findings,
        ],
        usage: Vec::new(),
    }
}

fn append(trial: &Trial, opened: &Opened, events: Vec<EventDraft>) -> Result<Vec<Outcome>, String> {
    let batch = Batch {
        tenant: trial.tenant,
        source: "suite".to_owned(),
        arrived: time("2017-06-01T12:00:00Z"),
        lateness: Lateness::NotCounted,
        events,
        ignored: 0,
        rejected: 0,
        sequence: None,
        error: None,
    };
    let lease = opened.store.lease(trial.tenant).map_err(failed)?;
    let appended = opened.store.append(&lease, batch).map_err(failed)?;
    Ok(appended.outcomes)
}

pub(super) fn findings(trial: &Trial) -> Result<(), String> {
    const AT: &str = "2017-05-20T08:00:00Z";
    let opened = trial.open();
    let shown = |opened: &Opened| trial.all_rows(opened, &query(10)).map(|rows| rows.len());
    let steps = [
        (finding(AT, 1, None), Outcome::New, 1),
        (finding(AT, 1, None), Outcome::Known, 1),
        (finding(AT, 2, Some("it was late")), Outcome::Changed, 0),
        // The first content again, as after a restart that judged again at the same time: known, and still retracted.
        (finding(AT, 1, None), Outcome::Known, 0),
        (finding(AT, 3, None), Outcome::Changed, 1),
        (finding(AT, 4, Some("again")), Outcome::Changed, 0),
        (finding(AT, 5, None), Outcome::Changed, 1),
    ];
    for (number, (draft, outcome, rows)) in steps.into_iter().enumerate() {
        let step = format!("step {number}");
        equal(&step, append(trial, &opened, vec![draft])?, vec![outcome])?;
        equal(&step, shown(&opened)?, rows)?;
    }
    drop(opened);
    let opened = trial.open();
    equal("rows after a start", shown(&opened)?, 1)?;
    let key = EventKey::from_vendor_id(Vendor::Gatelog, Kind::Finding, &ID.to_string());
    let found = opened
        .store
        .contents(trial.tenant, &key, Near::Subject(&Subject::Finding(ID)))
        .map_err(failed)?;
    let originals: Vec<StoredEvent> = found.into_iter().map(|content| content.event).collect();
    equal(
        "its contents",
        told_by(&originals),
        [
            "judged 1, None",
            r#"judged 2, Some("it was late")"#,
            "judged 3, None",
            r#"judged 4, Some("again")"#,
            "judged 5, None",
        ]
        .map(str::to_owned)
        .to_vec(),
    )?;
    let kinds: Vec<Kind> = opened
        .store
        .changes(trial.tenant, 0, 100)
        .map_err(failed)?
        .iter()
        .map(|change| change.kind)
        .collect();
    equal("the kinds in the change log", kinds, vec![Kind::Finding; 5])
}
