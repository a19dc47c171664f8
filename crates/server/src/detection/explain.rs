//! Why nothing was found in the sign-ins of a person at a time, or what was.

use super::populations::Calendar;
use super::{DetectionError, Tools, book};
use detect::{Engine, Note, Outcome, Rules, Seen, Subject};
use model::finding::Finding;
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// So long before and after the time that is asked about, sign-ins are explained.
const AROUND_SECONDS: i64 = 3_600;
/// Sign-ins that are explained at the most, those nearest to the time.
const EXPLAINED_MAX: usize = 50;

/// What there is to say.
#[derive(Debug, Default)]
pub(crate) struct Explanation {
    /// The sign-ins of the person around that time; the last one before it, if there is none.
    pub(crate) sign_ins: Vec<Arc<Seen>>,
    /// What is found in them.
    pub(crate) findings: Vec<Finding>,
    /// Why nothing else is.
    pub(crate) notes: Vec<Note>,
}

/// Judges the person, and the addresses of the sign-ins, as detection does, and writes down why.
pub(crate) fn explain(
    tools: &Tools<'_>,
    configured: &Rules,
    user: &str,
    at: Timestamp,
) -> Result<Explanation, DetectionError> {
    let historian = &tools.historian;
    let Some(name) = historian.people.subject(Some(user), None) else {
        return Ok(Explanation::default());
    };
    let person = Subject::Person(name);
    let history = historian
        .history(&person, &detect::reach(&person, at), u64::MAX, &|_, _| None)?
        .sign_ins;
    let sign_ins = around(&history, at);
    let (Some(first), Some(last)) = (sign_ins.first(), sign_ins.last()) else {
        return Ok(Explanation::default());
    };
    let (from, to) = (first.time, last.time);
    let (book, _) = book::read(tools.control, historian.tenant, configured, tools.now)?;
    let mut engine = Engine::new(historian.tenant, book, 1);
    let snapshots = tools.snapshots();
    let mut calendar = Calendar::load(snapshots)?;
    let populations = engine.populations_mut();
    calendar.recall(snapshots, populations)?;
    if let Some(newest) = calendar.newest() {
        calendar.make_unkept(snapshots, populations, newest, |_| Ok(()))?;
    }
    calendar.lend(snapshots, populations, from.day()..=to.day(), tools.now)?;
    let (mut findings, mut notes) = engine.explain(&person, history, from, to);
    let addresses: BTreeSet<_> = sign_ins.iter().filter_map(|seen| seen.address).collect();
    for address in addresses {
        let subject = Subject::Address(address);
        let history = historian.history(&subject, &detect::reach(&subject, from), u64::MAX, &|_, _| None)?;
        let (of_address, reasons) = engine.explain(&subject, history.sign_ins, from, to);
        let is_about = |finding: &Finding| sign_ins.iter().any(|seen| seen.person == finding.person);
        findings.extend(of_address.into_iter().filter(is_about));
        notes.extend(
            reasons
                .into_iter()
                .filter(|note| sign_ins.iter().any(|seen| seen.key == note.event)),
        );
    }
    notes.sort_by_key(|note| note.time);
    Ok(Explanation {
        sign_ins,
        findings,
        notes,
    })
}

/// The sign-ins around a time, else the last one before it.
fn around(history: &[Arc<Seen>], at: Timestamp) -> Vec<Arc<Seen>> {
    let (from, to) = (at.plus_seconds(-AROUND_SECONDS), at.plus_seconds(AROUND_SECONDS));
    let mut near: Vec<Arc<Seen>> = history
        .iter()
        .filter(|seen| from <= seen.time && seen.time <= to)
        .cloned()
        .collect();
    if near.is_empty() {
        near.extend(history.iter().rev().find(|seen| seen.time <= at).cloned());
    }
    near.sort_by_key(|seen| (seen.time.ticks() - at.ticks()).abs());
    near.truncate(EXPLAINED_MAX);
    near.sort_by_key(|seen| (seen.time, seen.key));
    near
}

/// What became of a sign-in, in a word.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::WrongCredentials => "wrongCredentials",
        Outcome::Interrupted => "interrupted",
        Outcome::OtherFailure => "otherFailure",
    }
}
