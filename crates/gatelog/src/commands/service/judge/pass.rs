//! One pass over the data set, in which the engine is driven as the service drives it.
//!
//! Sign-ins come in the order of their times, so a subject is judged from its history once: when it is new. What was usual for everybody is made
//! anew at each midnight of the days before, as the service does, and only the days that are needed for it are kept.

use super::figures::{Answer, Tally, Truth};
use super::lines::Lines;
use anyhow::{Context, Result, bail};
use detect::{
    DAYS, Day, Effect, Engine, Outcome, People, Population, RuleBook, Rules, Seen, Subject, reach, seen,
};
use model::finding::{Finding, Found};
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::io::BufRead;
use std::sync::Arc;
use uuid::Uuid;
use world::rba::{RbaColumns, RbaRow};

/// Findings name successes of no more than so many days before: the farthest flight takes one, and addresses are looked at for one.
const NAMED_DAYS: i64 = 3;

/// Reads and judges up to so many rows, with so many people and addresses remembered.
pub(super) fn judge<R: BufRead>(
    lines: &mut Lines<R>,
    rows: Option<u64>,
    remembered: usize,
) -> Result<Answer> {
    let Some(first) = lines.next()? else {
        bail!("the file is empty");
    };
    let columns = RbaColumns::of(first)?;
    let mut pass = Pass::new(remembered)?;
    let mut at_once: Vec<RbaRow> = Vec::new();
    let mut read = 0;
    while rows.is_none_or(|most| read < most) {
        let Some(line) = lines.next().context("read on")?.map(<[u8]>::to_vec) else {
            break;
        };
        let row = match columns.read(&line, lines.number) {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err(error) => {
                read += 1;
                pass.unread_rows += 1;
                pass.first_unread.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        read += 1;
        if pass.is_late(&row, at_once.first()) {
            pass.rows_out_of_order += 1;
            continue;
        }
        // Rows of one instant go by their keys, as in the store.
        if at_once
            .first()
            .is_some_and(|other| other.event.time < row.event.time)
        {
            pass.take(&mut at_once);
        }
        at_once.push(row);
    }
    pass.take(&mut at_once);
    if pass.sign_ins == 0 {
        match &pass.first_unread {
            Some(reason) => bail!("none of its rows can be read; the first: {reason}"),
            None => bail!("it has a heading and no rows"),
        }
    }
    Ok(pass.answer())
}

/// A success that findings may still name.
struct Named {
    truth: Truth,
    time: Timestamp,
    /// The detectors that named it, by their places in the list of all.
    by: u8,
}

struct Pass {
    engine: Engine,
    people: People,
    /// What each of the last days showed.
    days: BTreeMap<i64, Day>,
    last: Option<Timestamp>,
    first: Option<Timestamp>,
    /// Who and what was seen, by hash.
    users: HashSet<u64>,
    addresses: HashSet<u64>,
    recent: HashMap<EventKey, Named>,
    /// Findings of the last days: one that has become more is one still.
    found: HashMap<Uuid, Timestamp>,
    shipped: Rules,
    tally: Tally,
    sign_ins: u64,
    successes: u64,
    takeovers: u64,
    attack_address_sign_ins: u64,
    attack_address_successes: u64,
    honest_successes: u64,
    unread_rows: u64,
    first_unread: Option<String>,
    rows_out_of_order: u64,
    rows_known: u64,
    forgotten: u64,
}

impl Pass {
    fn new(remembered: usize) -> Result<Pass> {
        let shipped = Rules::default();
        let mut rules = shipped.clone();
        // Each success gets its score; which of them are findings as shipped is told by the score.
        rules.irregular.irregular_score = f64::MIN;
        let tenant = TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").context("name a directory")?;
        Ok(Pass {
            engine: Engine::new(tenant, RuleBook::of(rules), remembered),
            people: People::default(),
            days: BTreeMap::new(),
            last: None,
            first: None,
            users: HashSet::new(),
            addresses: HashSet::new(),
            recent: HashMap::new(),
            found: HashMap::new(),
            shipped,
            tally: Tally::default(),
            sign_ins: 0,
            successes: 0,
            takeovers: 0,
            attack_address_sign_ins: 0,
            attack_address_successes: 0,
            honest_successes: 0,
            unread_rows: 0,
            first_unread: None,
            rows_out_of_order: 0,
            rows_known: 0,
            forgotten: 0,
        })
    }

    /// Whether a row is older than what was taken, or waits.
    fn is_late(&self, row: &RbaRow, waiting: Option<&RbaRow>) -> bool {
        let newest = waiting.map(|waiting| waiting.event.time).or(self.last);
        newest.is_some_and(|newest| row.event.time < newest)
    }

    fn take(&mut self, rows: &mut Vec<RbaRow>) {
        rows.sort_by_key(|row| row.key);
        let before = rows.len();
        rows.dedup_by_key(|row| row.key);
        self.rows_known += (before - rows.len()) as u64;
        for row in rows.drain(..) {
            self.take_one(row);
        }
    }

    fn take_one(&mut self, row: RbaRow) {
        let time = row.event.time;
        self.begin_day(time.day());
        self.last = Some(time);
        self.first.get_or_insert(time);
        let Some(seen) = seen(&row.event, row.key, &self.people, Arc::new(row.whereabouts)) else {
            // Each row names a person who signs in.
            return;
        };
        let is_success = seen.outcome == Outcome::Success;
        self.sign_ins += 1;
        self.attack_address_sign_ins += u64::from(row.is_attack_address);
        // The data set calls a takeover what succeeded, and nothing else.
        if is_success {
            let truth = Truth::of(row.is_takeover, row.is_attack_address);
            self.successes += 1;
            self.takeovers += u64::from(row.is_takeover);
            self.attack_address_successes += u64::from(row.is_attack_address);
            self.honest_successes += u64::from(truth == Truth::Honest);
            let named = Named { truth, time, by: 0 };
            self.recent.insert(row.key, named);
        }
        let is_new_person = self.users.insert(hashed(&seen.subject));
        let is_new_address = seen
            .address
            .is_some_and(|address| self.addresses.insert(hashed(&address)));
        self.days.entry(time.day()).or_default().add(&seen);
        self.observe(&Arc::new(seen), is_new_person, is_new_address);
    }

    fn observe(&mut self, seen: &Arc<Seen>, is_new_person: bool, is_new_address: bool) {
        let observed = self.engine.observe(seen);
        let mut found = observed.found;
        for Effect::JudgeAgain { subject, from } in observed.effects {
            let is_new = match subject {
                Subject::Person(_) => is_new_person,
                Subject::Address(_) => is_new_address,
            };
            self.forgotten += u64::from(!is_new);
            let reach = reach(&subject, from);
            let history = vec![Arc::clone(seen)];
            found.extend(self.engine.judge(&subject, history, reach));
        }
        for finding in found {
            self.count(&finding);
        }
    }

    fn count(&mut self, finding: &Finding) {
        let detector = detect::detectors::of(&finding.found);
        let keys = named_by(finding);
        if let Found::Irregular { .. } = &finding.found {
            let score = finding.evidence.get("score").and_then(serde_json::Value::as_f64);
            let score = score.unwrap_or_default();
            if let Some(named) = keys.first().and_then(|key| self.recent.get(key)) {
                self.tally.score(score, named.truth);
            }
            if score < self.shipped.irregular.irregular_score {
                return;
            }
        }
        if self.found.insert(finding.id, finding.time).is_none() {
            self.tally.finding(detector.name);
        }
        let place = detect::detectors::ALL
            .iter()
            .position(|other| other.name == detector.name);
        let bit = 1_u8 << place.unwrap_or_default();
        let is_of_attack = keys
            .iter()
            .filter_map(|key| self.recent.get(key))
            .any(|named| named.truth != Truth::Honest);
        for key in keys {
            let Some(named) = self.recent.get_mut(&key) else {
                continue;
            };
            // The owner's own sign-in beside the attacker's is no false alarm; of two honest ones the row is about the later.
            let is_beside = named.truth == Truth::Honest && (is_of_attack || named.time != finding.time);
            if is_beside || named.by & bit != 0 {
                continue;
            }
            named.by |= bit;
            self.tally.flagged(detector.name, named.truth);
        }
    }

    /// Makes what was usual before a day, when its first row comes; the rows of the days before are all in.
    fn begin_day(&mut self, day: i64) {
        let last = self.last.map(Timestamp::day);
        if last == Some(day) {
            return;
        }
        self.days = self.days.split_off(&(day - DAYS));
        let populations = self.engine.populations_mut();
        populations.insert(Population::for_day(day, &self.days));
        populations.forget_before(day);
        self.recent
            .retain(|_, named| named.time.day() >= day - NAMED_DAYS);
        self.found.retain(|_, time| time.day() >= day - NAMED_DAYS);
    }

    fn answer(self) -> Answer {
        let mut cannot_tell: Vec<String> = [
            "The data set is made up after a real one: its values are, its order in time and its figures are close, and no person is real.",
            "It has no coordinates: journeys are judged by country borders alone, so that those within a country and between neighbours are not seen.",
            "It has no lists of anonymous or infected addresses, so unknown-sources and infected-devices find nothing.",
            "It does not say why a sign-in failed: each failure counts as wrong credentials.",
            "Its owner marks a takeover that was noticed; what nobody noticed counts as honest.",
        ]
        .map(str::to_owned)
        .into();
        if self.forgotten > 0 {
            cannot_tell.push(format!(
                "{} times a person or an address came again that was not remembered any more, and was learned anew; --remember takes more.",
                self.forgotten
            ));
        }
        Answer {
            detectors: self.tally.of_detectors(self.honest_successes),
            irregular: self.tally.of_scores(self.takeovers, self.honest_successes),
            sign_ins: self.sign_ins,
            successes: self.successes,
            users: self.users.len(),
            addresses: self.addresses.len(),
            from: self.first.map(|time| time.to_string()),
            to: self.last.map(|time| time.to_string()),
            takeovers: self.takeovers,
            attack_address_sign_ins: self.attack_address_sign_ins,
            attack_address_successes: self.attack_address_successes,
            honest_successes: self.honest_successes,
            unread_rows: self.unread_rows,
            first_unread: self.first_unread,
            rows_out_of_order: self.rows_out_of_order,
            rows_known: self.rows_known,
            forgotten: self.forgotten,
            cannot_tell,
        }
    }
}

/// The successes that a finding names.
fn named_by(finding: &Finding) -> Vec<EventKey> {
    const SIGN_INS: &[&str] = &[
        "signIn",
        "firstSuccess",
        "lastSignIn",
        "success",
        "first",
        "second",
    ];
    let ids = SIGN_INS
        .iter()
        .filter_map(|name| finding.evidence.get(*name)?.get("event")?.as_str());
    ids.filter_map(|id| Uuid::try_parse(id).ok())
        .map(|id| EventKey(*id.as_bytes()))
        .collect()
}

/// Two that have the same number are counted as one: of ten millions that happens once in many thousand runs.
fn hashed(value: &(impl Hash + ?Sized)) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use detect::Populations;
    use std::fmt::Write;

    const HEADING: &str = "index,Login Timestamp,User ID,IP Address,Country,ASN,User Agent String,Browser Name and Version,OS Name and Version,Login Successful,Is Attack IP,Is Account Takeover\n";

    /// Nine people of three networks for 45 days: longer than what is usual is made of.
    fn file() -> String {
        let mut file = HEADING.to_owned();
        let first = Timestamp::parse_vendor("2020-02-04").unwrap();
        for number in 0..405 {
            let (day, user) = (number / 9, number % 9);
            let time = first.plus_days(day).to_string();
            let away = if number % 37 == 0 { 9 } else { user % 3 };
            let _ = writeln!(
                file,
                "{number},{time},{user},203.0.113.{},NO,{},agent {away},Chrome 7{away},Windows 10,True,False,False",
                user * 10 + away,
                64_500 + away,
            );
        }
        file
    }

    /// The scores of all sign-ins, where what is usual is made of everything at once.
    fn scores_of(file: &str) -> BTreeMap<i64, u64> {
        let rows = world::rba::read_all(file.as_bytes()).map(Result::unwrap);
        let mut rows: Vec<RbaRow> = rows.collect();
        rows.sort_by_key(|row| (row.event.time, row.key));
        let people = People::default();
        let seen = rows
            .into_iter()
            .filter_map(|row| seen(&row.event, row.key, &people, Arc::new(row.whereabouts)));
        let seen: Vec<Arc<Seen>> = seen.map(Arc::new).collect();
        let mut pass = Pass::new(1_000).unwrap();
        *pass.engine.populations_mut() = Populations::of(seen.iter().map(|seen| &**seen));
        for seen in &seen {
            let named = Named {
                truth: Truth::Honest,
                time: seen.time,
                by: 0,
            };
            pass.recent.insert(seen.key, named);
            pass.observe(seen, true, true);
        }
        pass.tally.honest_scores().clone()
    }

    #[test]
    fn what_is_usual_day_by_day_is_what_the_service_makes_of_all() {
        let file = file();
        let mut lines = Lines::of(file.as_bytes());
        let first = lines.next().unwrap().unwrap();
        let columns = RbaColumns::of(first).unwrap();
        let mut pass = Pass::new(1_000).unwrap();
        let mut rows = Vec::new();
        while let Some(line) = lines.next().unwrap().map(<[u8]>::to_vec) {
            let row = columns.read(&line, lines.number).unwrap().unwrap();
            if rows
                .first()
                .is_some_and(|other: &RbaRow| other.event.time < row.event.time)
            {
                pass.take(&mut rows);
            }
            rows.push(row);
        }
        pass.take(&mut rows);
        let expected = scores_of(&file);
        assert!(expected.len() > 20, "{expected:?}");
        assert_eq!(pass.tally.honest_scores(), &expected);
    }
}
