//! Our own engine, as the service drives it.

use super::{ADDRESSES, Alarm, Contestant, FAILURES, INFECTED, IRREGULAR, TRAVEL, UNKNOWN};
use detect::{Effect, Engine, Populations, RuleBook, Rules, Seen, Subject, reach};
use model::finding::{Finding, Found};
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn new() -> Box<dyn Contestant> {
    Box::new(Gatelog)
}

struct Gatelog;

/// Why our engine says nothing of an account's sign-ins between two of them.
pub(crate) fn why_not(events: &[Seen], subject: &str, keys: &[EventKey]) -> Vec<String> {
    let tenant = TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c");
    let Some(tenant) = tenant else { return Vec::new() };
    let mut engine = Engine::new(tenant, RuleBook::of(Rules::default()), 1);
    *engine.populations_mut() = Populations::of(events);
    let of_subject = events.iter().filter(|seen| &*seen.subject == subject);
    let history: Vec<Arc<Seen>> = of_subject.map(|seen| Arc::new(seen.clone())).collect();
    let subject = Subject::Person(Arc::from(subject));
    let times = history
        .iter()
        .filter(|seen| keys.contains(&seen.key))
        .map(|seen| seen.time);
    let times: Vec<Timestamp> = times.collect();
    let (_, notes) = engine.explain(&subject, history, Timestamp::MIN, Timestamp::MAX);
    let is_near = |time: Timestamp| times.iter().any(|at| *at <= time && time <= at.plus_days(1));
    notes
        .iter()
        .filter(|note| note.detector.name == TRAVEL && is_near(note.time))
        .map(|note| format!("{} {}", note.time, note.because))
        .collect()
}

impl Contestant for Gatelog {
    fn name(&self) -> &'static str {
        "Gatelog"
    }

    fn detectors(&self) -> &'static [&'static str] {
        &[TRAVEL, FAILURES, UNKNOWN, ADDRESSES, INFECTED, IRREGULAR]
    }

    fn judge(&mut self, events: &[Seen]) -> Vec<Alarm> {
        let mut rules = Rules::default();
        // The judge looks for the score at which one honest sign-in in a hundred is flagged.
        rules.irregular.irregular_score = f64::MIN;
        let mut known = HashSet::new();
        let events: Vec<Arc<Seen>> = events
            .iter()
            .filter(|seen| known.insert(seen.key))
            .map(|seen| Arc::new(seen.clone()))
            .collect();
        let tenant = TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c");
        let Some(tenant) = tenant else { return Vec::new() };
        let mut engine = Engine::new(tenant, RuleBook::of(rules), 1_000_000);
        *engine.populations_mut() = Populations::of(events.iter().map(|seen| &**seen));
        let mut of_person: HashMap<Arc<str>, Vec<Arc<Seen>>> = HashMap::new();
        let mut findings: BTreeMap<Uuid, Finding> = BTreeMap::new();
        for seen in &events {
            of_person
                .entry(Arc::clone(&seen.subject))
                .or_default()
                .push(Arc::clone(seen));
            let observed = engine.observe(seen);
            let mut found = observed.found;
            for Effect::JudgeAgain { subject, from } in observed.effects {
                // In the order of time a subject is judged from its history once: when it is new.
                let history = vec![Arc::clone(seen)];
                let reach = reach(&subject, from);
                found.extend(engine.judge(&subject, history, reach));
            }
            for finding in found {
                findings.insert(finding.id, finding);
            }
        }
        findings.into_values().map(|finding| alarm(&finding)).collect()
    }
}

fn alarm(finding: &Finding) -> Alarm {
    let evidence = &finding.evidence;
    let keys = ["event", "firstFailedEvent"]
        .iter()
        .filter_map(|name| evidence.get(*name)?.as_str())
        .chain(
            [
                "first",
                "second",
                "signIn",
                "lastSignIn",
                "firstSuccess",
                "success",
            ]
            .iter()
            .filter_map(|name| evidence.get(*name)?.get("event")?.as_str()),
        );
    let keys: Vec<EventKey> = keys
        .filter_map(|id| Uuid::try_parse(id).ok())
        .map(|id| EventKey(*id.as_bytes()))
        .collect();
    let count = match &finding.found {
        Found::AfterMultipleFailures { failed_attempts } => Some(*failed_attempts),
        Found::UnknownSource { sign_ins } => Some(*sign_ins),
        _ => None,
    };
    let detector = finding.found.detector();
    let score = (detector == IRREGULAR)
        .then(|| evidence.get("score")?.as_f64())
        .flatten();
    Alarm {
        detector,
        subject: finding.person.user_name.as_deref().map(Arc::from),
        address: finding
            .address
            .as_deref()
            .and_then(|address| address.parse().ok()),
        time: finding.time,
        keys,
        count,
        score,
        because: because(finding),
    }
}

/// The features of a score, or what was weighed.
fn because(finding: &Finding) -> String {
    let Some(features) = finding
        .evidence
        .get("features")
        .and_then(|features| features.as_array())
    else {
        let weighed = finding.evidence.get("weighed").map(ToString::to_string);
        return format!("{} {}", finding.summary, weighed.unwrap_or_default());
    };
    let parts = features.iter().filter_map(|part| {
        let surprise = part.get("surprise")?.as_f64()?;
        Some(format!("{} {surprise:.2}", part.get("feature")?.as_str()?))
    });
    parts.collect::<Vec<_>>().join(", ")
}
