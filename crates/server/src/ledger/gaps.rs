//! What is missing: found anew from what is there whenever somebody asks, less what was closed.

use super::{names, text};
use model::gaps::{missing_hours, missing_numbers, without};
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use store::error::StoreError;
use store::events::{EventStore, Unassembled};
use store::ledger::{Closing, GivenUp, Keeping, SourceFacts, ToldGap};
use uuid::Uuid;

const HOUR_TICKS: i64 = 3_600 * TICKS_PER_SECOND;
/// So long after the first of a record's parts the others are waited for; then it is a gap.
const PARTS_WAIT_TICKS: i64 = HOUR_TICKS;
/// An hour against the habit.
pub const HOUR: &str = "hour";
/// Numbers of uploads that never came.
pub const SEQUENCE: &str = "sequence";
/// A record of which parts never came.
pub const PART: &str = "part";
/// What senders tell of.
pub const TOLD: &[&str] = &["dropped", "half-read-file", "truncated", "unreadable"];

/// Every kind.
pub const KINDS: &[&str] = &[HOUR, SEQUENCE, PART, TOLD[0], TOLD[1], TOLD[2], TOLD[3]];

/// Something that is missing, or was and is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GapAnswer {
    /// What it is closed by.
    pub id: Uuid,
    /// The source.
    pub source: String,
    /// `hour`, `sequence`, `part`, or what the sender told: `dropped`, `half-read-file`, `truncated`, `unreadable`.
    pub kind: String,
    /// When what is missing begins, if that is known.
    pub from: Option<String>,
    /// When it ends: not part of it any more.
    pub to: Option<String>,
    /// The first missing number of a `sequence`.
    pub first_number: Option<u64>,
    /// The last.
    pub last_number: Option<u64>,
    /// How many records are lost, if the sender knows.
    pub records: Option<u64>,
    /// In a sentence.
    pub detail: String,
    /// When the sender told of it.
    pub told_at: Option<String>,
    /// Who closed it, if somebody did.
    pub closed: Option<ClosedAnswer>,
    /// What a closing notes as covered: hours or numbers.
    #[serde(skip)]
    pub(crate) span: (i64, i64),
    /// The record in parts that closing it gives up.
    #[serde(skip)]
    given_up: Option<GivenUp>,
}

/// That somebody closed a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosedAnswer {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
}

/// Who closes a gap.
#[derive(Debug, Clone)]
pub struct ClosedBy {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
}

/// Gaps of a source or a tenant.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GapsAnswer {
    /// Open ones first, as they were found; then those that were closed.
    pub gaps: Vec<GapAnswer>,
}

impl GapAnswer {
    /// The hours that are missing, the newest first, so many at the most.
    pub(super) fn hours(&self, most: usize) -> Vec<Timestamp> {
        if self.kind != HOUR {
            return Vec::new();
        }
        let hours = (self.span.0..=self.span.1).rev().take(most);
        hours.map(hour_start).collect()
    }

    /// For how many seconds nothing came; 0 of gaps that are no hours.
    pub fn seconds(&self) -> i64 {
        if self.kind != HOUR {
            return 0;
        }
        (self.span.1 - self.span.0 + 1).saturating_mul(3_600)
    }
}

/// The gaps of a tenant or of one source: those that are open, then those that were closed, the last first.
pub fn of(
    events: &dyn EventStore,
    tenant: TenantId,
    only: Option<&str>,
    now: Timestamp,
) -> Result<Vec<GapAnswer>, StoreError> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    let mut every = events.source_facts(tenant, only)?;
    let mut waiting: BTreeMap<String, Vec<Unassembled>> = BTreeMap::new();
    for whole in events.unassembled(tenant)? {
        if only.is_some_and(|only| only != whole.source) {
            continue;
        }
        if !every.iter().any(|facts| facts.source == whole.source) {
            every.push(SourceFacts {
                source: whole.source.clone(),
                ..SourceFacts::default()
            });
        }
        waiting.entry(whole.source.clone()).or_default().push(whole);
    }
    for facts in every {
        let waiting = waiting.remove(&facts.source).unwrap_or_default();
        open.extend(open_of(&facts, &waiting, tenant, now));
        closed.extend(closed_of(&facts));
    }
    closed.sort_by_key(|(at, _): &(Timestamp, GapAnswer)| Reverse(*at));
    open.extend(closed.into_iter().map(|(_, gap)| gap));
    Ok(open)
}

/// Closes an open gap for good: what is kept of it, with who closed it and why. Parts of a record that never became whole go with
/// it: nothing else would ever take them away, and only so many may wait.
pub fn close(
    events: &dyn EventStore,
    tenant: TenantId,
    gap: &GapAnswer,
    closed: ClosedBy,
) -> Result<Keeping, StoreError> {
    let closing = Closing {
        id: gap.id,
        source: gap.source.clone(),
        kind: gap.kind.clone(),
        first: gap.span.0,
        last: gap.span.1,
        at: closed.at,
        by: closed.by,
        because: closed.because,
    };
    let lease = events.lease(tenant)?;
    events.close_gap(&lease, closing, gap.given_up.clone())
}

fn open_of(facts: &SourceFacts, waiting: &[Unassembled], tenant: TenantId, now: Timestamp) -> Vec<GapAnswer> {
    let closed_spans = |kind: &str| -> Vec<(i64, i64)> {
        let of_kind = facts.closed.iter().filter(|closing| closing.kind == kind);
        of_kind.map(|closing| (closing.first, closing.last)).collect()
    };
    let is_closed = |id: Uuid| facts.closed.iter().any(|closing| closing.id == id);
    let mut gaps = Vec::new();
    let until = now.ticks().div_euclid(HOUR_TICKS);
    // What the service tells of itself follows its people, not a clock.
    let hours = match names::kind(&facts.source) {
        names::OWN => Vec::new(),
        _ => missing_hours(&facts.hours, until),
    };
    for span in without(&hours, &closed_spans(HOUR)) {
        gaps.push(found(facts, tenant, HOUR, span));
    }
    let numbers: Vec<(i64, i64)> = missing_numbers(&facts.received)
        .into_iter()
        .filter_map(|(first, last)| Some((i64::try_from(first).ok()?, i64::try_from(last).ok()?)))
        .collect();
    for span in without(&numbers, &closed_spans(SEQUENCE)) {
        gaps.push(found(facts, tenant, SEQUENCE, span));
    }
    let waited_for = waiting
        .iter()
        .filter(|whole| whole.first_arrived.plus_ticks(PARTS_WAIT_TICKS) < now);
    for whole in waited_for {
        let gap = unassembled(facts, tenant, whole);
        if !is_closed(gap.id) {
            gaps.push(gap);
        }
    }
    let told = facts.told.iter().filter(|gap| !is_closed(gap.id));
    gaps.extend(told.map(told_answer));
    gaps
}

/// A gap that was found; its id stays the same while it grows at its end.
fn found(facts: &SourceFacts, tenant: TenantId, kind: &str, span: (i64, i64)) -> GapAnswer {
    described(
        &facts.source,
        kind,
        id(tenant, &facts.source, kind, &span.0.to_string()),
        span,
    )
}

fn described(source: &str, kind: &str, id: Uuid, span: (i64, i64)) -> GapAnswer {
    let mut gap = GapAnswer {
        id,
        source: source.to_owned(),
        kind: kind.to_owned(),
        from: None,
        to: None,
        first_number: None,
        last_number: None,
        records: None,
        detail: String::new(),
        told_at: None,
        closed: None,
        span,
        given_up: None,
    };
    let many = span.1.saturating_sub(span.0).saturating_add(1);
    if kind == HOUR {
        gap.from = Some(hour_start(span.0).to_string());
        gap.to = Some(hour_start(span.1 + 1).to_string());
        gap.detail = format!("no events in {}, against the habit", counted(many, "hour"));
    } else if kind == SEQUENCE {
        gap.first_number = Some(span.0.unsigned_abs());
        gap.last_number = Some(span.1.unsigned_abs());
        gap.detail = format!("{} never came", counted(many, "upload"));
    }
    gap
}

/// A record that lacks parts. Its id names when it began to wait: once it was closed and is brought again, it is another gap.
fn unassembled(facts: &SourceFacts, tenant: TenantId, whole: &Unassembled) -> GapAnswer {
    let Unassembled {
        format,
        whole: name,
        have,
        parts,
        first_arrived,
        ..
    } = whole;
    let place = format!("{format}\n{name}\n{first_arrived}");
    let of = if *parts == 0 {
        "of nobody knows how many".to_owned()
    } else {
        format!("of {parts}")
    };
    GapAnswer {
        from: Some(first_arrived.to_string()),
        given_up: Some(GivenUp {
            format: format.clone(),
            whole: name.clone(),
        }),
        detail: format!(
            "the record {name} ({format}) is not whole: {} {of} came",
            counted(i64::from(*have), "part")
        ),
        ..described(
            &facts.source,
            PART,
            id(tenant, &facts.source, PART, &place),
            (0, 0),
        )
    }
}

fn told_answer(gap: &ToldGap) -> GapAnswer {
    GapAnswer {
        from: text(gap.from),
        to: text(gap.to),
        records: gap.records,
        detail: gap.detail.clone(),
        told_at: Some(gap.told_at.to_string()),
        ..described(&gap.source, &gap.kind, gap.id, (0, 0))
    }
}

fn closed_of(facts: &SourceFacts) -> Vec<(Timestamp, GapAnswer)> {
    let describe = |closing: &Closing| {
        let told = facts.told.iter().find(|gap| gap.id == closing.id);
        let gap = match told {
            Some(gap) => told_answer(gap),
            None => described(
                &facts.source,
                &closing.kind,
                closing.id,
                (closing.first, closing.last),
            ),
        };
        let closed = ClosedAnswer {
            at: closing.at.to_string(),
            by: closing.by.clone(),
            because: closing.because.clone(),
        };
        let gap = GapAnswer {
            closed: Some(closed),
            ..gap
        };
        (closing.at, gap)
    };
    facts.closed.iter().map(describe).collect()
}

/// The id of a gap that was found: the same whenever it is found again.
fn id(tenant: TenantId, source: &str, kind: &str, place: &str) -> Uuid {
    Uuid::new_v5(
        &tenant.guid(),
        format!("gap\n{source}\n{kind}\n{place}").as_bytes(),
    )
}

fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_ticks(hour.saturating_mul(HOUR_TICKS))
}

fn counted(many: i64, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::new(Uuid::from_u128(7))
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_vendor(text).unwrap()
    }

    fn closing(kind: &str, first: i64, last: i64) -> Closing {
        Closing {
            id: Uuid::from_u128(1),
            source: "feed".to_owned(),
            kind: kind.to_owned(),
            first,
            last,
            at: time("2026-11-20T00:00:00Z"),
            by: "admin@contoso.example".to_owned(),
            because: "the vendor rested".to_owned(),
        }
    }

    fn check(facts: &SourceFacts, expected: &[(&str, (i64, i64))]) {
        let open = open_of(facts, &[], tenant(), time("2026-11-28T12:00:00Z"));
        let found: Vec<(&str, (i64, i64))> = open.iter().map(|gap| (gap.kind.as_str(), gap.span)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_was_closed_is_open_no_more_and_what_comes_after_it_is() {
        let mut facts = SourceFacts {
            source: "feed".to_owned(),
            received: vec![(1, 2), (5, 5), (9, 9)],
            ..SourceFacts::default()
        };
        check(&facts, &[(SEQUENCE, (3, 4)), (SEQUENCE, (6, 8))]);
        facts.closed.push(closing(SEQUENCE, 3, 4));
        facts.closed.push(closing(HOUR, 6, 8));
        check(&facts, &[(SEQUENCE, (6, 8))]);
        facts.closed.push(closing(SEQUENCE, 6, 7));
        check(&facts, &[(SEQUENCE, (8, 8))]);
    }

    #[test]
    fn a_gap_keeps_its_id_while_it_grows() {
        let of = |received: &[(u64, u64)]| {
            let facts = SourceFacts {
                source: "feed".to_owned(),
                received: received.to_vec(),
                ..SourceFacts::default()
            };
            open_of(&facts, &[], tenant(), time("2026-11-28T12:00:00Z"))
                .pop()
                .unwrap()
                .id
        };
        assert_eq!(of(&[(1, 2), (5, 5)]), of(&[(1, 2), (8, 8)]));
        assert_ne!(of(&[(1, 2), (5, 5)]), of(&[(1, 3), (5, 5)]));
    }

    #[test]
    fn parts_are_waited_for_an_hour_and_then_missed() {
        let details = |first_arrived: &str, parts: u32| {
            let waiting = [Unassembled {
                source: "feed".to_owned(),
                format: "mim".to_owned(),
                whole: "urn:uuid:1".to_owned(),
                have: 2,
                parts,
                first_arrived: time(first_arrived),
            }];
            let facts = SourceFacts {
                source: "feed".to_owned(),
                ..SourceFacts::default()
            };
            let open = open_of(&facts, &waiting, tenant(), time("2026-11-28T12:00:00Z"));
            open.into_iter().map(|gap| gap.detail).collect::<Vec<_>>()
        };
        assert_eq!(details("2026-11-28T11:30:00Z", 3), [""; 0]);
        assert_eq!(
            details("2026-11-28T10:30:00Z", 3),
            ["the record urn:uuid:1 (mim) is not whole: 2 parts of 3 came"]
        );
        assert_eq!(
            details("2026-11-28T10:30:00Z", 0),
            ["the record urn:uuid:1 (mim) is not whole: 2 parts of nobody knows how many came"]
        );
    }
}
