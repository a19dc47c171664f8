//! Kept history judged again, with the rules of today or others, and what would be different.

use super::driver::STORED_TOGETHER;
use super::history::{is_decided, subjects_of};
use super::populations::Calendar;
use super::{DetectionError, Tools, book};
use crate::findings::keep;
use detect::{Engine, RuleBook, Rules, Subject, settle};
use model::finding::Finding;
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Why such a finding was taken back.
const OTHER_JUDGEMENT: &str = "kept history was judged again, and it does not hold any more";

/// What is asked for.
pub(crate) struct Asked {
    /// Findings from here on are judged again.
    pub(crate) since: Timestamp,
    /// Rules to judge by; `None` for those that counted at each time.
    pub(crate) rules: Option<Rules>,
    /// Whether what is found is stored, too.
    pub(crate) what: What,
}

/// Whether what is found is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Only shown.
    Shown,
    /// Stored, and what does not hold is taken back.
    Stored,
}

/// What is different.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Sign-ins that were gone through.
    pub(crate) sign_ins: u64,
    /// People and addresses that were judged.
    pub(crate) subjects: u64,
    /// Not found before.
    pub(crate) new: Vec<Finding>,
    /// Found before, and now with something else to say.
    pub(crate) changed: Vec<Finding>,
    /// Found before, and not any more.
    pub(crate) gone: Vec<Finding>,
    /// Found before and now, by detector.
    pub(crate) same: BTreeMap<&'static str, u64>,
}

/// Judges again. With a running detection it must be called while that rests; afterwards its engines are to be made anew.
pub(crate) fn rerun(
    tools: &Tools<'_>,
    configured: &Rules,
    asked: &Asked,
) -> Result<Difference, DetectionError> {
    let historian = &tools.historian;
    let tenant = historian.tenant;
    let mut difference = Difference::default();
    let mut calendar = Calendar::default();
    let through = historian.store.snapshot(tenant)?;
    let subjects = subjects(tools, asked.since, through, &mut calendar, &mut difference)?;

    let (mut book, _) = book::read(tools.control, tenant, configured, tools.now)?;
    if let Some(rules) = &asked.rules {
        book.rewrite(rules.clone(), asked.since);
    }
    let mut engine = engine(tools, &book, &mut calendar, asked.since)?;
    let mut news: Vec<Finding> = Vec::new();
    let mut judged_at = tools.now;
    for subject in &subjects {
        difference.subjects += 1;
        let mut reach = detect::reach(subject, asked.since);
        reach.decides_from = asked.since;
        let history = historian.history(subject, &reach, through, &|_, _| None)?;
        let complete_from = history.complete_from;
        let holds = engine.judge(subject, history.sign_ins, reach);
        let mut before = Vec::new();
        for judged in historian.findings(subject, asked.since)? {
            judged_at = judged_at.max(judged.judged_at.plus_ticks(1));
            if is_decided(&judged.finding, complete_from, &holds) {
                before.push(judged.finding);
            }
        }
        difference.compare(&before, &holds);
        if asked.what == What::Stored {
            news.extend(settle(before, holds, OTHER_JUDGEMENT));
            if news.len() >= STORED_TOGETHER {
                keep(historian.store, tenant, &std::mem::take(&mut news), judged_at)?;
            }
        }
    }
    if asked.what == What::Stored {
        // First, since they are right no longer once anything else is what it was not.
        tools.control.clear_detection_subjects(tenant)?;
        keep(historian.store, tenant, &news, judged_at)?;
        book::keep(tools.control, tenant, &book, tools.now)?;
        calendar.keep_all(tools.snapshots(), engine.populations_mut(), through, tools.now)?;
    }
    Ok(difference)
}

/// An engine that knows the snapshots of these days, and can score sign-ins from some time on.
fn engine(
    tools: &Tools<'_>,
    book: &RuleBook,
    calendar: &mut Calendar,
    since: Timestamp,
) -> Result<Engine, DetectionError> {
    let mut engine = Engine::new(tools.historian.tenant, book.clone(), 1);
    calendar.close_all(tools.now);
    let (snapshots, populations) = (tools.snapshots(), engine.populations_mut());
    if let Some(newest) = calendar.newest() {
        calendar.make_unkept(snapshots, populations, newest, |_| Ok(()))?;
    }
    let first = populations.at(since.day()).day;
    populations.forget_counts(|day| day < first);
    Ok(engine)
}

/// Everybody who has a sign-in since then, and the days of all.
fn subjects(
    tools: &Tools<'_>,
    since: Timestamp,
    through: u64,
    calendar: &mut Calendar,
    difference: &mut Difference,
) -> Result<BTreeSet<Subject>, DetectionError> {
    let historian = &tools.historian;
    let mut subjects = BTreeSet::new();
    let mut read = 0;
    loop {
        let changes = historian
            .store
            .changes(historian.tenant, read, tools.read_at_once)?;
        let Some(last) = changes.last() else { break };
        read = last.commit;
        let new = changes.iter().filter(|change| change.commit <= through);
        for (seen, _) in historian.new_sign_ins(new)?.into_values() {
            difference.sign_ins += 1;
            calendar.add(&seen);
            // A failure before makes a success after it what it is, and a success of the day before may be suspicious now.
            if seen.time >= since.plus_days(-1) {
                subjects.extend(subjects_of(&seen));
            }
        }
        if read >= through {
            break;
        }
    }
    Ok(subjects)
}

impl Difference {
    fn compare(&mut self, before: &[Finding], holds: &[Finding]) {
        let mut standing: BTreeMap<Uuid, &Finding> = before
            .iter()
            .filter(|finding| finding.retracted.is_none())
            .map(|finding| (finding.id, finding))
            .collect();
        for finding in holds {
            match standing.remove(&finding.id) {
                None => self.new.push(finding.clone()),
                Some(same) if same.found == finding.found && same.time == finding.time => {
                    *self.same.entry(finding.found.detector()).or_default() += 1;
                }
                Some(_) => self.changed.push(finding.clone()),
            }
        }
        self.gone.extend(standing.into_values().cloned());
    }
}
