//! The threads that write: batches of many callers become one commit for each tenant and month.

mod leftovers;
mod numbers;
mod purge;
mod remake;
mod remove;

use super::append::{Arrival, PreparedEvent, Writer};
use super::filter::KeyFilter;
use super::ledger::lines::{Additions, LedgerDelta};
use super::ledger::notes::{Note, Noted};
use super::ledger::numbers::InMind;
use super::partition::Partition;
use super::tenant::Tenant;
use super::{CommitPoint, Shared, schema};
use crate::error::StoreError;
use crate::events::{Appended, MonthInfo, Purge, Removal, Reprojected, Reprojection};
use crossbeam_channel::{Receiver, Sender};
use model::batch::{Counts, Lateness, Outcome};
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Batches that one commit takes along at the most, so that the first of them does not wait for ever.
const GROUP_BATCHES: usize = 256;
/// Events that one commit takes along at the most.
const GROUP_EVENTS: usize = 20_000;
/// Month files that one thread keeps open for writing.
const OPEN_WRITERS: usize = 24;

/// Something for a writing thread to do.
pub(super) enum Job {
    Append(AppendJob),
    Reproject(ReprojectJob),
    Purge {
        tenant: Arc<Tenant>,
        seen: MonthInfo,
        now: Timestamp,
        reply: Sender<Result<Purge, StoreError>>,
    },
    Remove {
        tenant: Arc<Tenant>,
        reply: Sender<Result<Removal, StoreError>>,
    },
    Note {
        tenant: Arc<Tenant>,
        note: Note,
        reply: Sender<Result<Noted, StoreError>>,
    },
}

/// Rows of a month that are made anew, and where to answer.
pub(super) struct ReprojectJob {
    pub(super) tenant: Arc<Tenant>,
    pub(super) month: Month,
    pub(super) projected: Vec<Reprojection>,
    pub(super) ending: Ending,
    pub(super) now: Timestamp,
    pub(super) reply: Sender<Result<Reprojected, StoreError>>,
}

/// Whether more of a month is to be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    GoesOn,
    Ends { all_counted: bool },
}

/// A batch with its originals compressed, and where to answer.
pub(super) struct AppendJob {
    pub(super) tenant: Arc<Tenant>,
    pub(super) source: String,
    pub(super) arrived: Timestamp,
    pub(super) lateness: Lateness,
    pub(super) events: Vec<PreparedEvent>,
    pub(super) ignored: u64,
    pub(super) rejected: u64,
    /// The number of the upload that is whole with this batch.
    pub(super) sequence: Option<u64>,
    pub(super) error: Option<String>,
    pub(super) reply: Sender<Result<Appended, StoreError>>,
}

/// Works until every sender is gone.
pub(super) fn run(shared: &Arc<Shared>, jobs: &Receiver<Job>) {
    let mut thread = WriterThread {
        shared: Arc::clone(shared),
        writers: HashMap::new(),
        holder: None,
        uses: 0,
        tenants: HashMap::new(),
    };
    let mut held_back = None;
    loop {
        let Some(first) = held_back.take().or_else(|| jobs.recv().ok()) else {
            return;
        };
        match first {
            Job::Purge {
                tenant,
                seen,
                now,
                reply,
            } => {
                // A caller that stopped waiting is no reason to stop.
                let _ = reply.send(thread.purge(&tenant, &seen, now));
            }
            Job::Remove { tenant, reply } => {
                let _ = reply.send(thread.remove(&tenant));
            }
            Job::Note { tenant, note, reply } => {
                let _ = reply.send(note.keep(&tenant));
            }
            Job::Reproject(job) => {
                let answer = thread.reproject(&job);
                let _ = job.reply.send(answer);
            }
            Job::Append(first) => {
                let mut events = first.events.len();
                let mut group = vec![first];
                while group.len() < GROUP_BATCHES && events < GROUP_EVENTS {
                    match jobs.try_recv() {
                        Ok(Job::Append(job)) => {
                            events += job.events.len();
                            group.push(job);
                        }
                        Ok(other) => {
                            held_back = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                thread.append(group);
            }
        }
    }
}

struct WriterThread {
    shared: Arc<Shared>,
    writers: HashMap<(TenantId, Month), (Writer, u64)>,
    /// The month whose turn it is: it alone may hold more than its share of the cache.
    holder: Option<(TenantId, Month)>,
    uses: u64,
    tenants: HashMap<TenantId, TenantMemory>,
}

/// What must be known of a tenant to write for it.
#[derive(Default)]
struct TenantMemory {
    filters: BTreeMap<Month, KeyFilter>,
    /// The newest event of each source that sends a feed.
    watermarks: HashMap<String, Timestamp>,
    /// Feeds that had brought no event when the ledger was asked: it need not be asked again.
    silent: HashSet<String>,
    /// The numbers of uploads that are durable, of sources that number theirs.
    numbers: InMind,
}

/// Which job, which of its events, and whether its identity may be stored already.
#[derive(Debug, Clone, Copy)]
struct Place {
    job: usize,
    event: usize,
    may_hold: bool,
}

/// What a group has come to so far.
struct Progress {
    outcomes: Vec<Vec<Option<Outcome>>>,
    quarantined: Vec<u64>,
    late: Vec<u64>,
    failures: Vec<Option<StoreError>>,
    /// Whether a batch stands on a line of the ledger already.
    counted: Vec<bool>,
    /// The newest event of each feed as it was before the group, whichever of its months is written first.
    watermarks: HashMap<String, Timestamp>,
}

impl WriterThread {
    fn append(&mut self, group: Vec<AppendJob>) {
        let mut by_tenant: BTreeMap<TenantId, Vec<AppendJob>> = BTreeMap::new();
        for job in group {
            by_tenant.entry(job.tenant.id).or_default().push(job);
        }
        for jobs in by_tenant.into_values() {
            let answers = catch_unwind(AssertUnwindSafe(|| self.append_for_tenant(&jobs)))
                .unwrap_or_else(|_| self.recover(&jobs));
            for (job, answer) in jobs.into_iter().zip(answers) {
                self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                let _ = job.reply.send(answer);
            }
        }
    }

    /// After a panic: what was not committed is rolled back already, and what is remembered of the tenant is read again. A
    /// thread that ended here would refuse half of the tenants until the next start.
    fn recover(&mut self, jobs: &[AppendJob]) -> Vec<Result<Appended, StoreError>> {
        let Some(tenant) = jobs.first().map(|job| &job.tenant) else {
            return Vec::new();
        };
        let failure = StoreError::Backend {
            path: tenant.folder.clone(),
            reason: "the thread that writes panicked; the log has its message".to_owned(),
        };
        self.writers.retain(|(owner, _), _| *owner != tenant.id);
        self.tenants.remove(&tenant.id);
        // Some month may hold this commit's number already.
        tenant.publish(tenant.published() + 1);
        self.shared.wrote(Some(failure.clone()));
        jobs.iter().map(|_| Err(failure.clone())).collect()
    }

    fn append_for_tenant(&mut self, jobs: &[AppendJob]) -> Vec<Result<Appended, StoreError>> {
        let Some(tenant) = jobs.first().map(|job| Arc::clone(&job.tenant)) else {
            return Vec::new();
        };
        if let Err(gone) = tenant.check() {
            return jobs.iter().map(|_| Err(gone.clone())).collect();
        }
        let mut progress = Progress {
            outcomes: jobs.iter().map(|job| vec![None; job.events.len()]).collect(),
            quarantined: vec![0; jobs.len()],
            late: vec![0; jobs.len()],
            failures: vec![None; jobs.len()],
            counted: vec![false; jobs.len()],
            watermarks: HashMap::new(),
        };
        let mut failure = None;
        let seq = tenant.published() + 1;
        let prepared = self.find_homes(&tenant, jobs, &mut progress).and_then(|homes| {
            let watermarks = self.watermarks(&tenant, jobs)?;
            self.load_numbers(&tenant, jobs)?;
            Ok((homes, watermarks))
        });
        match prepared {
            Ok((homes, watermarks)) => {
                progress.watermarks = watermarks;
                let mut leftovers = leftovers::find(jobs, &homes, &progress);
                for (month, places) in homes {
                    let extra = leftovers.remove(&Some(month)).unwrap_or_default();
                    let extra = extra.of_whole(jobs, &progress);
                    if let Err(error) =
                        self.write_month(&tenant, month, seq, jobs, &places, extra, &mut progress)
                    {
                        for place in &places {
                            progress.failures[place.job] = Some(error.clone());
                        }
                        failure = Some(error);
                    }
                    self.shared.reached(CommitPoint::BetweenMonths);
                }
                let rest = leftovers.remove(&None).unwrap_or_default();
                let concerned = rest.concerned.clone();
                let rest = rest.of_whole(jobs, &progress);
                if !rest.is_empty()
                    && let Err(error) = self.write_catalogue(&tenant, rest)
                {
                    for index in concerned {
                        progress.failures[index] = Some(error.clone());
                    }
                    failure = Some(error);
                }
            }
            Err(error) => {
                progress
                    .failures
                    .iter_mut()
                    .for_each(|entry| *entry = Some(error.clone()));
                failure = Some(error);
            }
        }
        tenant.publish(seq);
        self.shared.wrote(failure);
        jobs.iter()
            .enumerate()
            .map(|(index, job)| answer(index, job, seq, &mut progress))
            .collect()
    }

    /// Decides for each event the month it lives in: where its identity is already, else the month of its time.
    fn find_homes(
        &mut self,
        tenant: &Tenant,
        jobs: &[AppendJob],
        progress: &mut Progress,
    ) -> Result<BTreeMap<Month, Vec<Place>>, StoreError> {
        self.load_filters(tenant)?;
        let mut homes: BTreeMap<Month, Vec<Place>> = BTreeMap::new();
        let mut assigned: HashMap<EventKey, Month> = HashMap::new();
        let purged = tenant.purged_months();
        for (job_index, job) in jobs.iter().enumerate() {
            for (event_index, event) in job.events.iter().enumerate() {
                let (home, may_hold) = match assigned.get(&event.key) {
                    Some(home) => (*home, true),
                    None => match self.stored_home(tenant, event)? {
                        Some(home) => (home, true),
                        None => (event.time.month(), false),
                    },
                };
                if purged.contains(&home) {
                    progress.outcomes[job_index][event_index] = Some(Outcome::Purged);
                    continue;
                }
                assigned.insert(event.key, home);
                homes.entry(home).or_default().push(Place {
                    job: job_index,
                    event: event_index,
                    may_hold,
                });
            }
        }
        Ok(homes)
    }

    fn stored_home(&mut self, tenant: &Tenant, event: &PreparedEvent) -> Result<Option<Month>, StoreError> {
        let likely = event.time.month();
        let Some(memory) = self.tenants.get(&tenant.id) else {
            return Ok(None);
        };
        let mut candidates: Vec<Month> = memory
            .filters
            .iter()
            .filter(|(_, filter)| filter.may_hold(&event.key.0))
            .map(|(month, _)| *month)
            .collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        candidates.sort_by_key(|month| *month != likely);
        for month in candidates {
            if self.writer(tenant, month)?.holds(&event.key, event.time)? {
                return Ok(Some(month));
            }
        }
        Ok(None)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one private caller, and every argument is another thing"
    )]
    fn write_month(
        &mut self,
        tenant: &Tenant,
        month: Month,
        seq: u64,
        jobs: &[AppendJob],
        places: &[Place],
        mut additions: Additions,
        progress: &mut Progress,
    ) -> Result<(), StoreError> {
        self.writer(tenant, month)?;
        let bridging = self.bridging();
        let Some((writer, _)) = self.writers.get_mut(&(tenant.id, month)) else {
            return Err(StoreError::Closing);
        };
        let memory = self.tenants.entry(tenant.id).or_default();
        additions.runs = memory.numbers.runs_with(&additions.received, bridging);
        let filter = memory
            .filters
            .entry(month)
            .or_insert_with(|| KeyFilter::with_capacity(0));
        let watermarks: Vec<Option<Timestamp>> = jobs
            .iter()
            .map(|job| progress.watermarks.get(&job.source).copied())
            .collect();
        let written_at = places
            .iter()
            .map(|place| jobs[place.job].arrived)
            .max()
            .unwrap_or_default();
        let committed = writer.commit(seq, written_at, |commit| {
            let mut stored = Vec::with_capacity(places.len());
            let mut hours: HashMap<(usize, i64), LedgerDelta> = HashMap::new();
            let mut counted = progress.counted.clone();
            for place in places {
                let (job, event) = (&jobs[place.job], &jobs[place.job].events[place.event]);
                let arrival = Arrival {
                    source: &job.source,
                    at: job.arrived,
                    late_by: leftovers::late_by(job.lateness, event.time, watermarks[place.job]),
                    may_hold: place.may_hold,
                };
                let outcome = commit.store(event, arrival)?;
                if outcome.outcome == Outcome::New {
                    filter.insert(&event.key.0);
                }
                let hour = event.time.hour_start().ticks();
                let line = hours.entry((place.job, hour)).or_default();
                line.note(event, outcome);
                if !std::mem::replace(&mut counted[place.job], true) {
                    line.batches += 1;
                }
                stored.push(outcome);
            }
            for ((job, event_hour), delta) in hours {
                let job = &jobs[job];
                let key = (job.source.clone(), job.arrived.hour_start().ticks(), event_hour);
                additions.lines.entry(key).or_default().add(delta);
            }
            commit.count(&additions)?;
            Ok(stored)
        });
        let (stored, state) = match committed {
            Ok(committed) => committed,
            Err(error) => {
                // After a failed write the connection may be in any state; the next commit opens a new one.
                self.writers.remove(&(tenant.id, month));
                memory.numbers.forget();
                return Err(error);
            }
        };
        tenant.wrote(month, state);
        memory.numbers.note(&additions.received);
        let mut newest: Vec<Option<Timestamp>> = vec![None; jobs.len()];
        for (place, outcome) in places.iter().zip(stored) {
            progress.counted[place.job] = true;
            progress.outcomes[place.job][place.event] = Some(outcome.outcome);
            progress.quarantined[place.job] += u64::from(outcome.quarantined);
            progress.late[place.job] += u64::from(outcome.late_by.is_some());
            if !outcome.quarantined {
                let time = jobs[place.job].events[place.event].time;
                newest[place.job] = newest[place.job].max(Some(time));
            }
        }
        for (job, newest) in jobs.iter().zip(newest) {
            if let (Lateness::After(_), Some(newest)) = (job.lateness, newest) {
                let known = memory.watermarks.entry(job.source.clone()).or_insert(newest);
                *known = (*known).max(newest);
            }
        }
        Ok(())
    }

    /// The newest event of each feed as it was before this group.
    fn watermarks(
        &mut self,
        tenant: &Tenant,
        jobs: &[AppendJob],
    ) -> Result<HashMap<String, Timestamp>, StoreError> {
        let mut found = HashMap::new();
        for job in jobs {
            if !matches!(job.lateness, Lateness::After(_)) || found.contains_key(&job.source) {
                continue;
            }
            let known = self
                .tenants
                .get(&tenant.id)
                .and_then(|memory| memory.watermarks.get(&job.source))
                .copied();
            let memory = self.tenants.get(&tenant.id);
            let newest = match known {
                Some(newest) => Some(newest),
                None if memory.is_some_and(|memory| memory.silent.contains(&job.source)) => None,
                None => self
                    .shared
                    .ledger(tenant)?
                    .into_iter()
                    .find(|line| line.source == job.source)
                    .and_then(|line| line.newest),
            };
            let memory = self.tenants.entry(tenant.id).or_default();
            if let Some(newest) = newest {
                memory.watermarks.insert(job.source.clone(), newest);
                found.insert(job.source.clone(), newest);
            } else {
                memory.silent.insert(job.source.clone());
            }
        }
        Ok(found)
    }

    fn load_filters(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        if self.tenants.contains_key(&tenant.id) {
            return Ok(());
        }
        let mut memory = TenantMemory::default();
        for (month, _) in tenant.months() {
            memory
                .filters
                .insert(month, self.writer(tenant, month)?.read_filter()?);
        }
        self.tenants.insert(tenant.id, memory);
        Ok(())
    }

    fn writer(&mut self, tenant: &Tenant, month: Month) -> Result<&mut Writer, StoreError> {
        self.uses += 1;
        let name = (tenant.id, month);
        if !self.writers.contains_key(&name) {
            let open_before = self.writers.len();
            if self.writers.len() >= OPEN_WRITERS
                && let Some(oldest) = self
                    .writers
                    .iter()
                    .min_by_key(|(_, (_, used))| *used)
                    .map(|(name, _)| *name)
            {
                self.writers.remove(&oldest);
            }
            let path = Partition::path_of(&tenant.folder, month);
            let connection = schema::open_partition_writer(&path, tenant.id, month)?;
            self.writers.insert(name, (Writer::new(path, connection), 0));
            let open = self.writers.len();
            for (other, (writer, _)) in &mut self.writers {
                // Those that were here have their share already if one has only taken another's place.
                if open > open_before || *other == name {
                    writer.share_memory(open)?;
                }
            }
            self.holder = None;
        }
        if self.holder != Some(name) {
            let open = self.writers.len();
            if let Some((before, _)) = self.holder.and_then(|holder| self.writers.get(&holder)) {
                before.share_cache(open)?;
            }
            if let Some((writer, _)) = self.writers.get(&name) {
                writer.share_cache(1)?;
            }
            self.holder = Some(name);
        }
        match self.writers.get_mut(&name) {
            Some((writer, used)) => {
                *used = self.uses;
                Ok(writer)
            }
            None => Err(StoreError::Closing),
        }
    }
}

fn answer(index: usize, job: &AppendJob, seq: u64, progress: &mut Progress) -> Result<Appended, StoreError> {
    if let Some(failure) = progress.failures[index].take() {
        return Err(failure);
    }
    let mut counts = Counts {
        read: job.ignored + job.rejected,
        ignored: job.ignored,
        rejected: job.rejected,
        late: progress.late[index],
        quarantined: progress.quarantined[index],
        ..Counts::default()
    };
    let mut outcomes = Vec::with_capacity(job.events.len());
    let mut refused = Vec::new();
    for (place, outcome) in std::mem::take(&mut progress.outcomes[index])
        .into_iter()
        .enumerate()
    {
        // Every event of a job without failure was given an outcome; anything else is a fault of ours, never a loss.
        let Some(outcome) = outcome else {
            return Err(StoreError::Closing);
        };
        counts.count(outcome);
        outcomes.push(outcome);
        if outcome == Outcome::Purged {
            let original = job.events[place].original.unpacked();
            let original = original.map_err(|error| StoreError::Backend {
                path: job.tenant.folder.clone(),
                reason: format!("a record cannot be unpacked: {error}"),
            })?;
            refused.push((place, original));
        }
    }
    Ok(Appended {
        outcomes,
        refused,
        counts,
        commit: seq,
    })
}

/// How long an unanswered caller's batch may wait in the queue before the store says that it is busy.
pub(super) const QUEUE_BATCHES: usize = 4_096;
