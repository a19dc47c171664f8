//! The cases about parts of records that wait for their others.

use super::Opened;
use super::trial::{Trial, ensure, equal, time};
use crate::events::Kept;
use crate::ledger::{Closing, GivenUp};
use model::batch::FragmentDraft;
use model::tenant::TenantId;
use uuid::Uuid;

fn part(whole: &str, part: u32, parts: u32, text: &str) -> FragmentDraft {
    FragmentDraft {
        format: "suite",
        whole: whole.to_owned(),
        part,
        parts,
        original: text.as_bytes().to_vec(),
    }
}

fn keep(
    trial: &Trial,
    opened: &Opened,
    source: &str,
    arrived: &str,
    fragments: Vec<FragmentDraft>,
) -> Result<Vec<Kept>, String> {
    let lease = opened
        .store
        .lease(trial.tenant)
        .map_err(|error| error.to_string())?;
    opened
        .store
        .keep_fragments(&lease, source, time(arrived), fragments)
        .map_err(|error| error.to_string())
}

fn forget(trial: &Trial, opened: &Opened, whole: &str) -> Result<(), String> {
    let lease = opened
        .store
        .lease(trial.tenant)
        .map_err(|error| error.to_string())?;
    opened
        .store
        .forget_fragments(&lease, "suite", whole, time("2017-06-02T00:00:00Z"))
        .map_err(|error| error.to_string())
}

/// `whole 2/3 since <time>` for each record that waits.
fn unassembled(trial: &Trial, opened: &Opened) -> Result<Vec<String>, String> {
    let waiting = opened
        .store
        .unassembled(trial.tenant)
        .map_err(|error| error.to_string())?;
    Ok(waiting
        .iter()
        .map(|waits| {
            format!(
                "{} {}/{} since {}",
                waits.whole, waits.have, waits.parts, waits.first_arrived
            )
        })
        .collect())
}

/// The text of what is there of a record, its parts joined.
fn text_of(trial: &Trial, opened: &Opened, whole: &str) -> Result<String, String> {
    let fragments = opened
        .store
        .fragments_of(trial.tenant, "suite", whole)
        .map_err(|error| error.to_string())?;
    let parts: Vec<String> = fragments
        .iter()
        .map(|fragment| {
            format!(
                "{}:{}",
                fragment.part,
                String::from_utf8_lossy(&fragment.original)
            )
        })
        .collect();
    Ok(parts.join(" "))
}

pub(super) fn waiting(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    equal("a tenant without anything", unassembled(trial, &opened)?, vec![])?;
    equal("the same", text_of(trial, &opened, "a")?, String::new())?;
    keep(
        trial,
        &opened,
        "one",
        "2017-06-01T10:00:00Z",
        vec![part("a", 3, 3, "c"), part("b", 1, 2, "x")],
    )?;
    keep(
        trial,
        &opened,
        "two",
        "2017-06-01T09:00:00Z",
        vec![part("a", 1, 3, "a")],
    )?;
    drop(opened);
    let opened = trial.open();
    let kept = keep(
        trial,
        &opened,
        "three",
        "2017-06-01T11:00:00Z",
        vec![part("a", 1, 3, "a"), part("a", 2, 3, "b")],
    )?;
    equal("two more", kept, vec![Kept::Waits, Kept::Waits])?;
    equal(
        "the record",
        text_of(trial, &opened, "a")?,
        "1:a 2:b 3:c".to_owned(),
    )?;
    equal(
        "what waits",
        unassembled(trial, &opened)?,
        vec![
            "a 3/3 since 2017-06-01T09:00:00Z".to_owned(),
            "b 1/2 since 2017-06-01T10:00:00Z".to_owned(),
        ],
    )
}

pub(super) fn forgotten(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let arrived = "2017-06-01T10:00:00Z";
    let parts = || vec![part("a", 1, 2, "a"), part("a", 2, 2, "b")];
    keep(trial, &opened, "one", arrived, parts())?;
    keep(trial, &opened, "one", arrived, vec![part("c", 1, 0, "?")])?;
    forget(trial, &opened, "a")?;
    forget(trial, &opened, "a")?;
    drop(opened);
    let opened = trial.open();
    let kept = keep(trial, &opened, "two", arrived, parts())?;
    equal(
        "parts that come again",
        kept,
        vec![Kept::WholeAlready, Kept::WholeAlready],
    )?;
    equal("the record", text_of(trial, &opened, "a")?, String::new())?;
    equal(
        "what waits",
        unassembled(trial, &opened)?,
        vec!["c 1/0 since 2017-06-01T10:00:00Z".to_owned()],
    )
}

pub(super) fn replaced(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let bring = |source: &str, arrived: &str, fragment: FragmentDraft| {
        keep(trial, &opened, source, arrived, vec![fragment])
    };
    let first = "2017-06-01T10:00:00Z";
    bring("one", first, part("a", 1, 2, "a"))?;
    bring("one", first, part("a", 2, 3, "?"))?;
    bring("one", first, part("b", 2, 2, "y"))?;
    let kept = bring("two", "2017-06-03T10:00:00Z", part("a", 2, 2, "b"))?;
    equal("the part with another content", kept, vec![Kept::Waits])?;
    equal("the record", text_of(trial, &opened, "a")?, "1:a 2:b".to_owned())?;
    equal(
        "the other record",
        text_of(trial, &opened, "b")?,
        "2:y".to_owned(),
    )?;
    let waits = vec![format!("a 2/2 since {first}"), format!("b 1/2 since {first}")];
    equal("what waits", unassembled(trial, &opened)?, waits)?;
    // As large as it may be, and again; then larger.
    let large = "x".repeat((16 << 20) - 1);
    let kept = bring("two", first, part("a", 2, 2, &large))?;
    equal("a large part", kept, vec![Kept::Waits])?;
    let kept = bring("two", first, part("a", 2, 2, &large))?;
    equal("the same again", kept, vec![Kept::Waits])?;
    let kept = bring("two", first, part("a", 2, 2, &format!("{large}x")))?;
    equal("a part that is too large", kept, vec![Kept::TooLarge])
}

pub(super) fn given_up(trial: &Trial) -> Result<(), String> {
    let opened = trial.open();
    let arrived = "2017-06-01T10:00:00Z";
    keep(trial, &opened, "one", arrived, vec![part("a", 1, 2, "a")])?;
    keep(trial, &opened, "two", arrived, vec![part("b", 2, 2, "y")])?;
    let closing = Closing {
        id: Uuid::from_u128(1),
        source: "one".to_owned(),
        kind: "part".to_owned(),
        first: 0,
        last: 0,
        at: time("2017-06-02T00:00:00Z"),
        by: "somebody".to_owned(),
        because: "it will not come".to_owned(),
    };
    let record = GivenUp {
        format: "suite".to_owned(),
        whole: "a".to_owned(),
    };
    let lease = opened
        .store
        .lease(trial.tenant)
        .map_err(|error| error.to_string())?;
    let closed = opened.store.close_gap(&lease, closing.clone(), Some(record));
    closed.map_err(|error| error.to_string())?;
    drop(opened);
    let opened = trial.open();
    let waits = unassembled(trial, &opened)?;
    equal("what waits", waits, vec![format!("b 1/2 since {arrived}")])?;
    let facts = opened.store.source_facts(trial.tenant, Some("one"));
    let facts = facts.map_err(|error| error.to_string())?;
    equal("what was closed", facts[0].closed.clone(), vec![closing])?;
    let parts = vec![part("a", 1, 2, "a"), part("a", 2, 2, "b")];
    let kept = keep(trial, &opened, "one", arrived, parts)?;
    equal("parts that come again", kept, vec![Kept::Waits, Kept::Waits])?;
    equal("the record", text_of(trial, &opened, "a")?, "1:a 2:b".to_owned())
}

pub(super) fn bounds(trial: &Trial) -> Result<(), String> {
    let other = Trial {
        tenant: TenantId::new(Uuid::from_u128(trial.tenant.guid().as_u128() + 1)),
        folder: trial.folder.clone(),
        open: trial.open,
    };
    let opened = trial.open();
    let arrived = "2017-06-01T10:00:00Z";
    let large = "x".repeat(9 << 20);
    keep(trial, &opened, "one", arrived, vec![part("large", 1, 3, &large)])?;
    let kept = keep(trial, &opened, "one", arrived, vec![part("large", 2, 3, &large)])?;
    equal("more bytes than a record may have", kept, vec![Kept::TooLarge])?;
    // Parts that nothing will complete are counted apart, and take no record's place.
    let unknown = (1..=1_000)
        .map(|number| part(&format!("unknown-{number}"), 1, 0, ""))
        .collect();
    let kept = keep(trial, &opened, "one", arrived, unknown)?;
    ensure(kept.iter().all(|kept| *kept == Kept::Waits), || {
        "1,000 parts of unknown records may wait".to_owned()
    })?;
    let again = vec![part("unknown-1001", 1, 0, ""), part("unknown-1", 1, 0, "")];
    let kept = keep(trial, &opened, "one", arrived, again)?;
    equal("one more, and one again", kept, vec![Kept::TooMany, Kept::Waits])?;
    let many = (1..10_000)
        .map(|number| part(&number.to_string(), 1, 2, ""))
        .collect();
    let kept = keep(trial, &opened, "one", arrived, many)?;
    ensure(kept.iter().all(|kept| *kept == Kept::Waits), || {
        "10,000 records may wait".to_owned()
    })?;
    let kept = keep(
        trial,
        &opened,
        "one",
        arrived,
        vec![part("more", 1, 2, ""), part("7", 2, 2, "")],
    )?;
    equal(
        "one more record, and one more part",
        kept,
        vec![Kept::TooMany, Kept::Waits],
    )?;
    equal("the other tenant", unassembled(&other, &opened)?, vec![])?;
    let kept = keep(&other, &opened, "one", arrived, vec![part("more", 1, 2, "")])?;
    equal("a record of the other tenant", kept, vec![Kept::Waits])
}
