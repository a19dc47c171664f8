//! Drives the engine of one tenant: from the change log to stored findings, round by round.

use super::history::{Held, is_decided, subjects_of};
use super::kept::Shelf;
use super::populations::{Calendar, Snapshots, tells_of_them_before};
use super::watermarks::{Bringer, Watermarks};
use super::{DetectionError, Historian, book};
use crate::findings::keep;
use detect::{Effect, Engine, NO_LONGER, Rules, Seen, Subject, is_scored, settle};
use model::finding::Finding;
use model::identity::{EventKey, Kind};
use model::tenant::TenantId;
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::control::{ControlStore, DetectionCursor};
use store::events::ChangeKind;
use uuid::Uuid;

/// For [`Tools::read_at_once`].
pub(super) const READ_AT_ONCE: usize = 4_000;
/// Sign-ins that wait at the most. More of them are a backlog: it is judged subject by subject, although others may come late.
const WAITING_MAX: usize = 100_000;
/// For [`Tools::judged_at_once`].
pub(super) const JUDGED_AT_ONCE: usize = 20_000;
/// People, and addresses, that an engine remembers; the others are looked up when they come again. A person of whom 40 days are remembered
/// takes about 48 kB with their addresses (`cargo xtask bench --only detection`), so that a tenant's engine stays below 400 MB.
const REMEMBERED: usize = 8_000;
/// The same of all engines together, below 1.6 GB; each has its share.
const REMEMBERED_BY_ALL: usize = 32_000;
/// From one writing of the open days to the next.
const DAYS_KEPT_EVERY_TICKS: i64 = 60 * TICKS_PER_SECOND;
/// For [`Driver::keep`].
const KEPT_TOGETHER: usize = 100;
/// Findings that are stored together.
pub(super) const STORED_TOGETHER: usize = 1_000;

/// The engine of a tenant, and how far it has come.
pub(crate) struct Driver {
    engine: Engine,
    calendar: Calendar,
    /// What is kept as the cursor: everything up to it is judged and stored.
    cursor: DetectionCursor,
    /// How far the change log was read.
    read: u64,
    /// What came up to here may have been judged before the engine began.
    before: u64,
    /// Sign-ins that wait for those that may still come before them.
    /// Nothing that is found rests on them yet.
    waiting: BTreeMap<(Timestamp, EventKey), Waiting>,
    watermarks: Watermarks,
    /// Subjects of sign-ins that were changed, of a backlog and of what may have been judged before, with the first time that is touched.
    touched: BTreeMap<Subject, Timestamp>,
    /// Sign-ins of this round of those that must be looked up.
    at_hand: HashMap<EventKey, Arc<Seen>>,
    /// Whoever the engine let go of.
    shelf: Shelf,
    /// When the open days were kept last.
    days_kept: Timestamp,
    /// When was last judged: the next judgement is later, whatever the clock does.
    judged_at: Timestamp,
}

struct Waiting {
    seen: Arc<Seen>,
    commit: u64,
    bringer: Bringer,
    read_at: Timestamp,
}

/// Where in a round something is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeTheEnd,
    AtTheEnd,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Changes that were read.
    pub(crate) read: u64,
    /// Sign-ins that were judged.
    pub(crate) judged: u64,
    /// Subjects that were judged from their history.
    pub(crate) again: u64,
    /// Findings that were stored.
    pub(crate) found: u64,
    /// Findings that were taken back.
    pub(crate) retracted: u64,
    /// Subjects that were read back as they were kept.
    pub(crate) recalled: u64,
    /// Sign-ins that wait.
    pub(crate) waiting: u64,
}

/// What a round needs.
pub(crate) struct Tools<'a> {
    /// Reads events and findings.
    pub(crate) historian: Historian<'a>,
    /// Keeps the cursor and snapshots.
    pub(crate) control: &'a dyn ControlStore,
    /// How long is waited for sign-ins that come late, in ticks.
    pub(crate) lateness_ticks: i64,
    /// Changes that are read at once.
    pub(crate) read_at_once: usize,
    /// So many that wait are judged, as far as they need not wait any longer, before more is read, if all are of one day.
    pub(crate) judged_at_once: usize,
    /// Whoever has fewer sign-ins is not kept when there is no more room in memory.
    pub(crate) kept_from: u32,
    /// Now.
    pub(crate) now: Timestamp,
    /// Whether there is time to go on: what is begun anew at the next start need not be ended at a stop.
    pub(crate) goes_on: &'a dyn Fn() -> bool,
}

impl Tools<'_> {
    /// Where the days of the tenant are.
    pub(super) fn snapshots(&self) -> Snapshots<'_> {
        Snapshots {
            control: self.control,
            tenant: self.historian.tenant,
        }
    }
}

impl Driver {
    /// The driver of a tenant, from where the last one was.
    pub(crate) fn open(tenant: TenantId, rules: &Rules, tools: &Tools<'_>) -> Result<Driver, DetectionError> {
        let book = book::open(tools.control, tenant, rules, tools.now)?;
        let epoch = tools.historian.store.epoch(tenant)?;
        let last_commit = tools.historian.store.snapshot(tenant)?;
        let kept = tools.control.detection_cursor(tenant)?;
        // In another epoch everything is judged again, which changes nothing that still holds.
        let commit = DetectionCursor::resume(kept, epoch, last_commit);
        let cursor = DetectionCursor { epoch, commit };
        let snapshots = tools.snapshots();
        let calendar = Calendar::load(snapshots)?;
        let mut engine = Engine::new(tenant, book, REMEMBERED);
        engine.keep_from(tools.kept_from);
        let populations = engine.populations_mut();
        calendar.recall(snapshots, populations)?;
        if let Some(newest) = calendar.newest() {
            calendar.make(snapshots, populations, newest, tools.now)?;
            populations.forget_counts(|_| true);
        }
        let mut driver = Driver {
            engine,
            calendar,
            read: cursor.commit,
            before: last_commit,
            cursor,
            waiting: BTreeMap::new(),
            watermarks: Watermarks::default(),
            touched: BTreeMap::new(),
            at_hand: HashMap::new(),
            shelf: Shelf::default(),
            days_kept: Timestamp::MIN,
            judged_at: Timestamp::MIN,
        };
        driver.catch_up_with_days(tools)?;
        Ok(driver)
    }

    /// Sign-ins that are judged already, and of which the open days do not know yet.
    fn catch_up_with_days(&mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        let historian = &tools.historian;
        let mut since = self.calendar.through.min(self.cursor.commit);
        while since < self.cursor.commit {
            let changes = historian
                .store
                .changes(historian.tenant, since, tools.read_at_once)?;
            let Some(last) = changes.last() else { break };
            since = last.commit;
            let unknown = changes.iter().filter(|change| {
                change.commit <= self.cursor.commit && change.commit > self.calendar.through
            });
            for (seen, _) in historian.new_sign_ins(unknown)?.values() {
                self.calendar.add(seen);
            }
        }
        // They may know more: of sign-ins that waited to be judged when they were kept.
        self.calendar.through = self.calendar.through.max(self.cursor.commit);
        Ok(())
    }

    /// Goes on in another epoch that began while the program ran: a month was freed or rows were made anew, and commits are still what
    /// they were.
    pub(crate) fn adopt(&mut self, epoch: u64) {
        self.cursor.epoch = epoch;
        self.shelf.forget();
        // In memory it is not for long.
        self.engine.hold_back();
        self.days_kept = Timestamp::MIN;
    }

    /// What was learned of days before one goes, since they were freed; the snapshots that they are in are made anew of what is left.
    pub(crate) fn forget_before(&mut self, first_kept_day: i64) {
        self.calendar.forget_before(first_kept_day);
        self.engine
            .populations_mut()
            .forget_before(tells_of_them_before(first_kept_day));
    }

    /// Remembers its share where so many engines are kept.
    pub(crate) fn share_memory(&mut self, engines: usize) {
        let share = REMEMBERED_BY_ALL / engines.max(1);
        self.engine.remember(share.min(REMEMBERED));
    }

    /// Whether nothing waits in it.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.touched.is_empty()
    }

    /// Forgets everybody, since what is known of addresses or people has changed: each is judged from history when next seen, and what waits
    /// is read again.
    pub(crate) fn forget(&mut self) {
        self.engine.forget();
        self.shelf.forget();
        self.waiting.clear();
        self.before = self.before.max(self.read);
        self.read = self.cursor.commit;
    }

    /// Whether a round has nothing to do: nothing waits, and the change log ends where it was read.
    pub(crate) fn is_at_rest(&self, last_commit: u64) -> bool {
        self.waiting.is_empty() && self.touched.is_empty() && self.read >= last_commit
    }

    /// Reads what is new, judges what needs not wait any longer, stores what is found, and moves the cursor.
    pub(crate) fn round(&mut self, tools: &Tools<'_>) -> Result<Round, DetectionError> {
        let historian = &tools.historian;
        let snapshots = tools.snapshots();
        let mut round = Round::default();
        let mut news: BTreeMap<Uuid, Finding> = BTreeMap::new();
        self.shelf.make_sure(tools, &mut self.engine, self.cursor.epoch)?;
        // What comes while it reads is of the next round.
        let end = historian.store.snapshot(historian.tenant)?;
        while self.read < end && self.read_on(tools, &mut round)? {
            // By what is usual before their day; of several days it is not known until all are read.
            if self.waiting.len() >= tools.judged_at_once && self.calendar.is_within_a_day() {
                self.make_snapshots(tools)?;
                self.judge_next(tools, When::BeforeTheEnd, &mut news, &mut round)?;
            }
            if self.waiting.len() >= WAITING_MAX {
                round.judged += self.waiting.len() as u64;
                self.touch_all();
            }
        }
        if self.calendar.close(snapshots, tools.now)? {
            // At once, wherever the cursor is: a day that was closed must not be an open one at the next start.
            self.calendar.keep(snapshots, self.read, tools.now)?;
            self.days_kept = tools.now;
        }
        self.make_snapshots(tools)?;
        self.judge_next(tools, When::AtTheEnd, &mut news, &mut round)?;
        self.watermarks.forget();
        // What was found in this round must be there when it is compared.
        self.store(tools, &mut news, &mut round)?;
        let touched = std::mem::take(&mut self.touched);
        for (subject, from) in &touched {
            self.judge_again(tools, subject, *from, &mut news, &mut round)?;
        }
        self.at_hand = HashMap::new();
        self.store(tools, &mut news, &mut round)?;
        self.move_on(tools)?;
        self.calendar.take_back(self.engine.populations_mut(), tools.now);
        round.waiting = self.waiting.len() as u64;
        Ok(round)
    }

    /// Makes the snapshots that are missing, up to the newest day.
    fn make_snapshots(&mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        let Some(newest) = self.calendar.newest() else {
            return Ok(());
        };
        let (populations, newest) = (self.engine.populations_mut(), newest.min(tools.now.day()));
        self.calendar
            .make(tools.snapshots(), populations, newest, tools.now)
    }

    /// Judges what needs not wait any longer. Whoever must be looked up is, at the end of the round, once for all sign-ins of it.
    fn judge_next(
        &mut self,
        tools: &Tools<'_>,
        when: When,
        news: &mut BTreeMap<Uuid, Finding>,
        round: &mut Round,
    ) -> Result<(), DetectionError> {
        let released = self.release(tools, when);
        self.lend(tools, released.iter().map(|waiting| &waiting.seen))?;
        round.judged += released.len() as u64;
        for waiting in &released {
            for subject in subjects_of(&waiting.seen) {
                // Whoever is judged from their history is recalled then.
                if !self.engine.remembers(&subject) && !self.touched.contains_key(&subject) {
                    self.recall(tools, &subject, round)?;
                }
            }
            let observed = self.engine.observe(&waiting.seen);
            for finding in observed.found {
                news.insert(finding.id, finding);
            }
            if !observed.effects.is_empty() {
                self.keep_at_hand(&waiting.seen);
            }
            for Effect::JudgeAgain { subject, from } in observed.effects {
                self.touch_subject(subject, from);
            }
        }
        if news.len() >= STORED_TOGETHER {
            self.store(tools, news, round)?;
        }
        Ok(())
    }

    /// Reads the next changes; `false` at the end of the log.
    fn read_on(&mut self, tools: &Tools<'_>, round: &mut Round) -> Result<bool, DetectionError> {
        if !(tools.goes_on)() {
            return Err(DetectionError::Stopping);
        }
        let historian = &tools.historian;
        let changes = historian
            .store
            .changes(historian.tenant, self.read, tools.read_at_once)?;
        let Some(last) = changes.last() else {
            return Ok(false);
        };
        let last = last.commit;
        round.read += changes.len() as u64;
        let mut found = historian.new_sign_ins(changes.iter())?;
        for change in changes.iter().filter(|change| change.kind == Kind::SignIn) {
            match change.what {
                ChangeKind::New => {
                    let Some((seen, bringer)) = found.remove(&change.key) else {
                        continue;
                    };
                    if change.commit > self.calendar.through {
                        self.calendar.add(&seen);
                    }
                    // It is in the history from now on: what was found by it before holds or not.
                    if change.commit <= self.before
                        && seen.time <= tools.now.plus_ticks(-tools.lateness_ticks)
                    {
                        round.judged += 1;
                        self.keep_at_hand(&seen);
                        self.touch(&seen);
                        continue;
                    }
                    self.watermarks.note(&bringer, seen.time);
                    let waiting = Waiting {
                        seen,
                        commit: change.commit,
                        bringer,
                        read_at: tools.now,
                    };
                    let at = (waiting.seen.time, waiting.seen.key);
                    self.waiting.insert(at, waiting);
                }
                ChangeKind::Replaced => {
                    for seen in historian.what_was_changed(&change.key, change.time)? {
                        self.at_hand.remove(&change.key);
                        self.waiting.remove(&(seen.time, seen.key));
                        self.touch(&seen);
                    }
                }
                ChangeKind::Kept => {}
            }
        }
        self.read = last;
        self.calendar.through = self.calendar.through.max(last);
        // Only whole commits are answered, so fewer than were asked for are no end of the log.
        Ok(true)
    }

    /// Whoever a sign-in is of is judged again from its time on.
    fn touch(&mut self, seen: &Seen) {
        for subject in subjects_of(seen) {
            self.touch_subject(subject, seen.time);
        }
    }

    /// Spares the store from being asked for it.
    fn keep_at_hand(&mut self, seen: &Arc<Seen>) {
        if self.at_hand.len() < WAITING_MAX {
            self.at_hand.insert(seen.key, Arc::clone(seen));
        }
    }

    fn touch_subject(&mut self, subject: Subject, from: Timestamp) {
        // What is remembered of it is no longer what happened, and nothing is to be found by that.
        self.engine.forget_subject(&subject, from);
        let first = self.touched.entry(subject).or_insert(from);
        *first = from.min(*first);
    }

    /// Of a backlog no sign-in is kept in memory, only whose they are: their histories have all of it.
    fn touch_all(&mut self) {
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            self.keep_at_hand(&waiting.seen);
            self.touch(&waiting.seen);
        }
    }

    /// What needs not wait any longer, in the order of its times. Before the end it may be less: what does not go on with who brought it is not
    /// looked for each time.
    fn release(&mut self, tools: &Tools<'_>, when: When) -> Vec<Waiting> {
        let marks = self.watermarks.marks(tools.now, tools.lateness_ticks);
        let last = match when {
            When::BeforeTheEnd => marks.latest_brought(),
            When::AtTheEnd => marks.latest(),
        };
        let last = (last, EventKey([0xff; 16]));
        let needs_not = self.waiting.range(..=last);
        let released: Vec<(Timestamp, EventKey)> = needs_not
            .filter(|(_, waiting)| marks.let_go(&waiting.bringer, waiting.seen.time, waiting.read_at))
            .map(|(at, _)| *at)
            .collect();
        released.iter().filter_map(|at| self.waiting.remove(at)).collect()
    }

    /// Counts of the snapshots by which these sign-ins are scored.
    fn lend<'s>(
        &mut self,
        tools: &Tools<'_>,
        sign_ins: impl Iterator<Item = &'s Arc<Seen>>,
    ) -> Result<(), DetectionError> {
        let days: BTreeSet<i64> = sign_ins
            .filter(|seen| is_scored(seen))
            .map(|seen| seen.time.day())
            .collect();
        let populations = self.engine.populations_mut();
        self.calendar
            .lend(tools.snapshots(), populations, days, tools.now)
    }

    fn judge_again(
        &mut self,
        tools: &Tools<'_>,
        subject: &Subject,
        from: Timestamp,
        news: &mut BTreeMap<Uuid, Finding>,
        round: &mut Round,
    ) -> Result<(), DetectionError> {
        if !(tools.goes_on)() {
            return Err(DetectionError::Stopping);
        }
        if !self.engine.remembers(subject) {
            self.recall(tools, subject, round)?;
        }
        let mut reach = self.engine.reach(subject, from);
        // Whoever waits is next, and not late.
        let held = |key: &EventKey, time| match self.at_hand.get(key) {
            _ if self.waiting.contains_key(&(time, *key)) => Some(Held::Apart),
            at_hand => at_hand.map(|seen| Held::Here(Arc::clone(seen))),
        };
        let history = tools.historian.history(subject, &reach, self.read, &held)?;
        let complete_from = history.complete_from;
        reach.cut_off(complete_from);
        if let Subject::Person(_) = subject {
            let decided = history
                .sign_ins
                .iter()
                .filter(|seen| seen.time >= reach.decides_from);
            self.lend(tools, decided)?;
        }
        let decides_from = reach.decides_from;
        let holds = self.engine.judge(subject, history.sign_ins, reach);
        let mut before = tools.historian.findings(subject, decides_from)?;
        before.retain(|judged| is_decided(&judged.finding, complete_from, &holds));
        // What was found by what waits (`gatelog detect` waits for nothing) is looked at again when that is judged. A finding has the time of
        // a sign-in that it rests on, and the others are of the day before or after.
        let is_lost = |finding: &Finding| {
            finding.retracted.is_none() && !holds.iter().any(|other| other.id == finding.id)
        };
        if before.iter().any(|judged| is_lost(&judged.finding))
            && let Some(first_apart) = self.first_that_waits(subject)
        {
            let rests_on_it =
                |finding: &Finding| finding.time.ticks() >= first_apart.ticks().saturating_sub(TICKS_PER_DAY);
            let all = before.len();
            before.retain(|judged| !(is_lost(&judged.finding) && rests_on_it(&judged.finding)));
            if before.len() < all {
                self.touched.insert(subject.clone(), from);
            }
        }
        for judged in &before {
            self.judged_at = self.judged_at.max(judged.judged_at);
        }
        let before = before.into_iter().map(|judged| judged.finding).collect();
        for finding in settle(before, holds, NO_LONGER) {
            news.insert(finding.id, finding);
        }
        round.again += 1;
        if news.len() >= STORED_TOGETHER {
            self.store(tools, news, round)?;
        }
        Ok(())
    }

    /// Reads back a subject that was let go of, if it was kept.
    fn recall(
        &mut self,
        tools: &Tools<'_>,
        subject: &Subject,
        round: &mut Round,
    ) -> Result<(), DetectionError> {
        self.put_on_shelf(tools)?;
        if let Some(state) = self.shelf.take(tools, subject)? {
            round.recalled += u64::from(self.engine.recall(subject, &state));
        }
        Ok(())
    }

    fn put_on_shelf(&mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        let let_go = self.engine.let_go();
        self.shelf.put(tools, self.read, let_go)
    }

    /// Keeps those that the engine let go of outside of a round.
    pub(crate) fn put_away(&mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        self.put_on_shelf(tools)?;
        self.shelf.write(tools, self.read)
    }

    /// Keeps what is in memory for when it is asked for again: at a stop, or where another tenant needs the room. It ends when there is no time
    /// any more.
    pub(crate) fn keep(mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        self.put_on_shelf(tools)?;
        while !self.engine.is_empty() && (tools.goes_on)() {
            let let_go = self.engine.let_go_of(KEPT_TOGETHER);
            self.shelf.put(tools, self.read, let_go)?;
        }
        self.shelf.write(tools, self.read)
    }

    /// The first sign-in of a subject that waits, wherever its history was begun.
    fn first_that_waits(&self, subject: &Subject) -> Option<Timestamp> {
        let waits = self.waiting.values();
        let of_it = waits
            .filter(|waiting| subjects_of(&waiting.seen).any(|other| other == *subject))
            .map(|waiting| waiting.seen.time);
        of_it.min()
    }

    /// Stores what was found and taken back.
    fn store(
        &mut self,
        tools: &Tools<'_>,
        news: &mut BTreeMap<Uuid, Finding>,
        round: &mut Round,
    ) -> Result<(), DetectionError> {
        if news.is_empty() {
            return Ok(());
        }
        self.judged_at = tools.now.max(self.judged_at.plus_ticks(1));
        let findings: Vec<Finding> = std::mem::take(news).into_values().collect();
        let historian = &tools.historian;
        keep(historian.store, historian.tenant, &findings, self.judged_at)?;
        for finding in findings {
            match finding.retracted {
                Some(_) => round.retracted += 1,
                None => round.found += 1,
            }
        }
        Ok(())
    }

    /// Moves the cursor to where everything is judged.
    fn move_on(&mut self, tools: &Tools<'_>) -> Result<(), DetectionError> {
        let waits = self.waiting.values().map(|waiting| waiting.commit).min();
        let commit = waits.map_or(self.read, |commit| commit.saturating_sub(1));
        if commit <= self.cursor.commit {
            return Ok(());
        }
        // Before the cursor: what is not on the shelf any more was judged by what is not in it.
        self.put_on_shelf(tools)?;
        self.shelf.write(tools, self.read)?;
        // The change log has what the open days would lose; to write them with each round would cost more than the round.
        if tools.now.ticks().saturating_sub(self.days_kept.ticks()) >= DAYS_KEPT_EVERY_TICKS {
            self.calendar.keep(tools.snapshots(), self.read, tools.now)?;
            self.days_kept = tools.now;
        }
        let cursor = DetectionCursor {
            epoch: self.cursor.epoch,
            commit,
        };
        tools
            .control
            .put_detection_cursor(tools.historian.tenant, cursor)?;
        self.cursor = cursor;
        Ok(())
    }
}
