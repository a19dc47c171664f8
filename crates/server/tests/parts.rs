//! Requests of MIM in parts, through the intake into a store: nothing lost, nothing twice, and what is missing is listed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

use model::batch::{Counts, FragmentDraft, Lateness};
use model::reports::{Face, by_name};
use model::tenant::TenantId;
use model::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use server::inputs::intake::{Intake, Summary, TenantRule, Terms};
use server::ledger::gaps::{self, ClosedBy, GapAnswer};
use sources::{Choice, Limits};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use store::events::{EventStore, Kept};
use store::folder::DataFolder;
use store::sqlite::Options;
use uuid::Uuid;

const TENANT: TenantId = TenantId::new(Uuid::from_u128(7));

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_717_200_000)
}

struct Place {
    store: Arc<dyn EventStore>,
    _folder: DataFolder,
}

fn open(path: &Path) -> Place {
    let folder = DataFolder::open(path).unwrap();
    let store = store::open(&folder, Options::default()).unwrap();
    Place {
        store,
        _folder: folder,
    }
}

impl Place {
    fn bring(&self, source: &str, lines: &[String]) -> Summary {
        let mut intake = Intake::new(Terms {
            store: self.store.as_ref(),
            tenants: TenantRule::Only(TENANT),
            source,
            lateness: Lateness::NotCounted,
            sequence: None,
            choice: Choice::Auto,
            recent: None,
            limits: Limits::default(),
            now,
        });
        for line in lines {
            intake.push(line.as_bytes()).unwrap();
            intake.push(b"\n").unwrap();
        }
        intake.finish().unwrap();
        intake.summary().clone()
    }

    /// How many audits are shown; the store's own check finds nothing.
    fn audits(&self) -> u64 {
        assert_eq!(self.store.check(TENANT).unwrap().faults, Vec::<String>::new());
        let report = by_name(Face::Reports, "auditEvents").unwrap().number;
        let totals = self.store.report_totals(TENANT).unwrap();
        totals
            .iter()
            .find(|total| total.report == report)
            .map_or(0, |total| total.rows.unwrap())
    }

    /// `…ff 1/3` for each request that waits.
    fn waiting(&self) -> Vec<String> {
        let waiting = self.store.unassembled(TENANT).unwrap();
        waiting
            .iter()
            .map(|waits| format!("{} {}/{}", &waits.whole[34..], waits.have, waits.parts))
            .collect()
    }
}

/// A request that is not like another of another number.
fn request(number: usize) -> String {
    json!({
        "HybridObjectID": id(number), "ObjectType": "Request", "Operation": "Put", "RequestStatus": "Completed",
        "CommittedTime": "2024-05-04 10:20:30.417", "TargetObjectType": "Person", "Target": id(100),
        "Justification": "  so  much \\ to say ".repeat(number + 1),
    })
    .to_string()
}

fn id(number: usize) -> String {
    format!("0d1f0000-0000-4000-8000-0000000000{number:02x}")
}

/// Its parts as events of the log, of about the same length.
fn parts(number: usize, count: usize) -> Vec<String> {
    let text: Vec<char> = request(number).chars().collect();
    let length = text.len().div_ceil(count);
    let chunks: Vec<String> = text.chunks(length).map(|chunk| chunk.iter().collect()).collect();
    let all = chunks.len();
    chunks
        .iter()
        .enumerate()
        .map(|(place, chunk)| {
            let text = format!(
                "Request '{}', message {} out of {all}: \n{chunk}",
                id(number),
                place + 1
            );
            json!({"EventID": 4137, "Message": text}).to_string()
        })
        .collect()
}

fn sum(counts: &Counts) -> u64 {
    counts.new + counts.changed + counts.known + counts.ignored + counts.rejected
}

const WAITS: &str = "a part of a request that waits for its others";
const AGAIN: &str = "a part of a request that was put together before";

#[test]
fn the_part_that_completes_a_request_counts_as_its_event_and_the_others_as_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    let parts = parts(1, 3);
    let check = |lines: &[String], new: u64, known: u64, reasons: &[(&str, u64)]| {
        let summary = place.bring("a", lines);
        let counts = summary.total.counts;
        assert_eq!(
            (counts.read, sum(&counts)),
            (lines.len() as u64, lines.len() as u64)
        );
        assert_eq!((counts.new, counts.known, counts.rejected), (new, known, 0));
        let told: Vec<(&str, u64)> = summary
            .ignored
            .iter()
            .map(|(reason, records)| (reason.as_str(), *records))
            .collect();
        assert_eq!(told, reasons);
        summary.unassembled[&TENANT]
    };
    let waits = check(&parts[..1], 0, 0, &[(WAITS, 1)]);
    assert_eq!((waits.records, waits.parts), (1, 1));
    let waits = check(&parts[..1], 0, 0, &[(WAITS, 1)]);
    assert_eq!((waits.records, waits.parts), (1, 1));
    let waits = check(&parts[1..], 1, 0, &[(WAITS, 1)]);
    assert_eq!((waits.records, waits.parts), (0, 0));
    check(&parts, 0, 0, &[(AGAIN, 3)]);
    // The whole request, as an event of its own.
    let whole = json!({"EventID": 4121, "Message": request(1)}).to_string();
    assert_eq!(place.bring("a", &[whole]).total.counts.known, 1);
    assert_eq!(place.audits(), 1);
    let ledger = place.store.ledger(TENANT).unwrap();
    let counts = ledger[0].counts;
    assert_eq!((counts.read, sum(&counts), counts.new), (8, 8, 1));
}

#[test]
fn a_part_that_never_comes_is_listed_through_starts() {
    let folder = tempfile::tempdir().unwrap();
    {
        let place = open(folder.path());
        let mut lines = parts(1, 3);
        lines.remove(1);
        lines.extend(parts(2, 2));
        lines.push(json!({"EventID": 4121, "Message": "{\"Calculated\":\"false\"},{"}).to_string());
        place.bring("a", &lines);
    }
    let place = open(folder.path());
    assert_eq!(place.audits(), 1);
    let waiting = place.store.unassembled(TENANT).unwrap();
    let told: Vec<(&str, &str, u32, u32)> = waiting
        .iter()
        .map(|waits| {
            (
                waits.source.as_str(),
                waits.format.as_str(),
                waits.have,
                waits.parts,
            )
        })
        .collect();
    assert_eq!(told, [("a", "mim", 2, 3), ("a", "mim", 1, 0)]);
    assert_eq!(waiting[0].whole, id(1));
    assert_eq!(waiting[0].first_arrived, now());
    place.bring("b", &parts(1, 3)[1..2]);
    assert_eq!(
        (place.audits(), place.store.unassembled(TENANT).unwrap().len()),
        (2, 1)
    );
}

/// The parts as the intake would keep them.
fn drafts(lines: &[String]) -> Vec<FragmentDraft> {
    let mut records = Vec::new();
    let mut parser = sources::open(Choice::Auto, Limits::default());
    parser.push(lines.join("\n").as_bytes(), &mut records);
    parser.finish(&mut records);
    let fragment = |record: sources::Record| match record.understanding {
        sources::Understanding::Fragment(fragment) => *fragment,
        other => panic!("{other:?}"),
    };
    records.into_iter().map(fragment).collect()
}

#[test]
fn a_kill_after_the_parts_were_kept_or_after_the_event_was_stored_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Killed when the parts were kept, all of one request and two of another, and nothing was put together.
    {
        let place = open(folder.path());
        let lease = place.store.lease(TENANT).unwrap();
        let mut lines = parts(1, 3);
        lines.extend_from_slice(&parts(2, 3)[..2]);
        let kept = place
            .store
            .keep_fragments(&lease, "a", now(), drafts(&lines))
            .unwrap();
        assert_eq!(kept, [Kept::Waits; 5]);
    }
    // Nothing was acknowledged, so all comes again.
    {
        let place = open(folder.path());
        assert_eq!(place.waiting(), ["01 3/3", "02 2/3"]);
        let counts = place.bring("a", &parts(1, 3)).total.counts;
        assert_eq!((counts.new, counts.ignored), (1, 2));
        let counts = place.bring("a", &parts(2, 3)).total.counts;
        assert_eq!((counts.new, counts.ignored), (1, 2));
        assert_eq!((place.audits(), place.waiting()), (2, vec![]));
    }
    // Killed when the event was stored and its parts were not forgotten yet.
    let place = open(folder.path());
    let whole = json!({"EventID": 4121, "Message": request(3)}).to_string();
    assert_eq!(place.bring("a", &[whole]).total.counts.new, 1);
    let lease = place.store.lease(TENANT).unwrap();
    place
        .store
        .keep_fragments(&lease, "a", now(), drafts(&parts(3, 2)))
        .unwrap();
    let counts = place.bring("a", &parts(3, 2)).total.counts;
    assert_eq!((counts.new, counts.known, counts.ignored), (0, 1, 1));
    assert_eq!((place.audits(), place.waiting()), (3, vec![]));
}

#[test]
fn parts_that_together_make_no_request_are_refused_and_stay_listed() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    let part = |number: u8, chunk: &str| {
        let text = format!("Request '{}', message {number} out of 2: \n{chunk}", id(1));
        json!({"EventID": 4137, "Message": text}).to_string()
    };
    let bad = [part(1, "{\"HybridObjectID\":"), part(2, "}")];
    let summary = place.bring("a", &bad);
    let counts = summary.total.counts;
    assert_eq!((counts.read, counts.rejected, counts.ignored), (2, 1, 1));
    assert_eq!((place.audits(), place.waiting()), (0, vec!["01 2/2".to_owned()]));
}

#[test]
fn the_intact_log_heals_a_request_of_which_a_part_had_come_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    let mut damaged = parts(1, 3);
    damaged[1] = damaged[1].replace("much", "m\\u0001ch\\\"");
    let counts = place.bring("a", &damaged).total.counts;
    assert_eq!((counts.new, counts.ignored, counts.rejected), (0, 2, 1));
    assert_eq!((place.audits(), place.waiting()), (0, vec!["01 3/3".to_owned()]));
    let counts = place.bring("b", &parts(1, 3)).total.counts;
    assert_eq!((counts.new, counts.ignored, counts.rejected), (1, 2, 0));
    assert_eq!((place.audits(), place.waiting()), (1, vec![]));
    // The one part alone heals it, too.
    let mut damaged = parts(2, 2);
    damaged[0] = damaged[0].replace("HybridObjectID", "Hybrid\\\"");
    assert_eq!(place.bring("a", &damaged).total.counts.rejected, 1);
    let counts = place.bring("b", &parts(2, 2)[..1]).total.counts;
    assert_eq!((counts.new, counts.ignored, counts.rejected), (1, 0, 0));
    assert_eq!((place.audits(), place.waiting()), (2, vec![]));
}

#[test]
fn closing_the_gap_of_a_request_lets_go_of_its_parts_until_they_are_brought_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    place.bring("a", &parts(1, 3)[..2]);
    place.bring("a", &parts(2, 2)[..1]);
    let later = now().plus_days(1);
    let gaps = || gaps::of(place.store.as_ref(), TENANT, None, later).unwrap();
    let of_first = |gap: &&GapAnswer| gap.detail.contains(&id(1));
    let told: Vec<GapAnswer> = gaps();
    let gap = told.iter().find(of_first).unwrap();
    assert_eq!((told.len(), gap.kind.as_str()), (2, "part"));
    let closed = ClosedBy {
        at: later,
        by: "ada".to_owned(),
        because: "the log was overwritten".to_owned(),
    };
    gaps::close(place.store.as_ref(), TENANT, gap, closed).unwrap();
    assert_eq!(place.waiting(), ["02 1/2"]);
    let found = gaps();
    let closed = found.iter().find(|found| found.id == gap.id).unwrap();
    assert_eq!(closed.closed.as_ref().unwrap().because, "the log was overwritten");
    assert_eq!((found.len(), found.iter().filter(of_first).count()), (2, 0));
    // The log is found after all.
    place.bring("a", &parts(1, 3));
    assert_eq!((place.audits(), place.waiting()), (1, vec!["02 1/2".to_owned()]));
}

#[test]
fn parts_of_unknown_requests_crowd_out_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    let unknown = |number: usize| {
        let text = format!("{{\"Cut\":{number}}},{{");
        json!({"EventID": 4121, "Message": text}).to_string()
    };
    let lines: Vec<String> = (0..10_001).map(unknown).collect();
    let summary = place.bring("a", &lines);
    let counts = summary.total.counts;
    assert_eq!(
        (counts.read, counts.ignored, counts.rejected),
        (10_001, 1_000, 9_001)
    );
    let ledger = place.store.ledger(TENANT).unwrap();
    let reason = &ledger[0].last_error.as_ref().unwrap().reason;
    assert!(reason.contains("1,000 parts of which nothing tells"), "{reason}");
    let counts = place.bring("a", &parts(1, 3)).total.counts;
    assert_eq!((counts.new, counts.ignored, counts.rejected), (1, 2, 0));
    assert_eq!(place.audits(), 1);
}

/// Any interleaving, order, repetition and split of the parts of several requests over several inputs of several sources gives
/// each request once, and the counts hold throughout.
#[test]
fn any_order_of_parts_gives_every_request_once() {
    let step = (1_usize..4, 0_usize..5, 0_u8..4);
    let script = (prop::collection::vec(step, 0..40), any::<u64>());
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&script, |(extra, seed)| {
            let folder = tempfile::tempdir().unwrap();
            let mut place = open(folder.path());
            let all: Vec<Vec<String>> = (1..4).map(|number| parts(number, number + 1)).collect();
            // Every part once, and some again, in an order that the seed gives.
            let mut lines: Vec<(u64, String)> = Vec::new();
            let mut state = seed | 1;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            for part in all.iter().flatten() {
                lines.push((next(), part.clone()));
            }
            for (number, part, _) in &extra {
                let parts = &all[number - 1];
                lines.push((next(), parts[part % parts.len()].clone()));
            }
            lines.sort();
            let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
            let mut rest = &lines[..];
            let mut new = 0;
            let mut splits = extra
                .iter()
                .map(|(_, size, what)| (*size + 1, *what))
                .chain(std::iter::repeat((3, 0)));
            while !rest.is_empty() {
                let (size, what) = splits.next().unwrap();
                let (these, others) = rest.split_at(size.min(rest.len()));
                rest = others;
                let counts = place
                    .bring(["one", "two"][usize::from(what % 2)], these)
                    .total
                    .counts;
                prop_assert_eq!(counts.read, these.len() as u64);
                prop_assert_eq!(sum(&counts), counts.read);
                prop_assert_eq!(counts.rejected, 0);
                new += counts.new;
                if what == 3 {
                    drop(place);
                    place = open(folder.path());
                }
            }
            prop_assert_eq!(new, 3);
            prop_assert_eq!(place.audits(), 3);
            prop_assert_eq!(place.waiting(), Vec::<String>::new());
            let commits: BTreeSet<_> = place
                .store
                .changes(TENANT, 0, 100)
                .unwrap()
                .iter()
                .map(|change| change.key)
                .collect();
            prop_assert_eq!(commits.len(), 3);
            Ok(())
        })
        .unwrap();
}

/// A sender chooses what is in a record, and so why it is ignored.
#[test]
fn a_thousand_reasons_of_ignored_records_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let place = open(folder.path());
    let lines: Vec<String> = (10_000..11_500)
        .chain([10_007, 11_499])
        .map(|id| json!({"Event": {"System": {"EventID": id, "Channel": "Application"}}}).to_string())
        .collect();
    let summary = place.bring("windows", &lines);
    assert_eq!(summary.total.counts.ignored, 1_502);
    assert_eq!(summary.ignored.values().sum::<u64>(), 1_502);
    assert_eq!(summary.ignored.len(), 1_001);
    assert_eq!(summary.ignored["other reasons"], 501);
    assert_eq!(summary.ignored["Windows event 10007 of Application"], 2);
    let mut both = summary.clone();
    both.add(&place.bring("windows", &lines[900..]));
    assert_eq!(both.ignored.len(), 1_001);
    assert_eq!(both.total.counts.ignored, 1_502 + 602);
    assert_eq!(both.ignored.values().sum::<u64>(), 1_502 + 602);
}
