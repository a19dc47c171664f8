//! Days and the snapshots made of them: a day is closed when a later one begins, is kept, and changes no more.
//!
//! So a snapshot can be made again from what is kept, after a restart, and says the same. What comes later of a day that is closed is in no
//! snapshot; `gatelog detect` makes them anew. In memory are the open days, what is small of the snapshots, and the counts of those that
//! sign-ins are scored by just now: a directory's age costs next to nothing.

use super::DetectionError;
use detect::{DAYS, Day, Population, Populations, Seen};
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::control::{ControlStore, DetectionSnapshot};

/// How days are written; those of another version are made anew.
const VERSION: u32 = 1;
/// The snapshot with the open days, and which are closed.
const INDEX: &str = "calendar";
/// The snapshots of closed days, each with the day as its version.
const CLOSED: &str = "day/1";
/// What is small of the snapshots for days, each with the day as its version.
const POPULATION: &str = "population/1";
/// So long are counts kept that no sign-in was scored by.
const COUNTS_KEPT_TICKS: i64 = 300 * TICKS_PER_SECOND;

/// Where the days of a tenant are kept.
#[derive(Clone, Copy)]
pub(super) struct Snapshots<'a> {
    pub(super) control: &'a dyn ControlStore,
    pub(super) tenant: TenantId,
}

/// The days of a tenant.
#[derive(Default)]
pub(super) struct Calendar {
    open: BTreeMap<i64, Day>,
    closed: BTreeSet<i64>,
    /// Closed days that are not kept.
    unkept: BTreeMap<i64, Day>,
    /// When counts were last asked for, by day of their snapshot.
    lent: BTreeMap<i64, Timestamp>,
    /// The commit of which everything is in these days.
    pub(super) through: u64,
}

#[derive(Serialize, Deserialize)]
struct Index {
    through: u64,
    open: BTreeMap<i64, Day>,
    closed: Vec<u32>,
}

impl Calendar {
    /// What was kept.
    pub(super) fn load(snapshots: Snapshots<'_>) -> Result<Calendar, DetectionError> {
        let Some(index) = snapshots.get::<Index>(INDEX, VERSION)? else {
            return Ok(Calendar::default());
        };
        Ok(Calendar {
            open: index.open,
            closed: index.closed.into_iter().map(i64::from).collect(),
            through: index.through,
            ..Calendar::default()
        })
    }

    /// Learns from a sign-in, if its day is open.
    pub(super) fn add(&mut self, seen: &Seen) {
        let day = seen.time.day();
        if !self.closed.contains(&day) {
            self.open.entry(day).or_default().add(seen);
        }
    }

    /// Whether no day is over that is not closed.
    pub(super) fn is_within_a_day(&self) -> bool {
        self.open.len() <= 1
    }

    /// Closes the days before the newest. Says whether a day was closed: then keep the calendar before a snapshot is made of it.
    pub(super) fn close(&mut self, snapshots: Snapshots<'_>, now: Timestamp) -> Result<bool, DetectionError> {
        let newest = self.open.keys().next_back().copied();
        let Some(newest) = newest.filter(|day| *day <= now.day()) else {
            return Ok(false);
        };
        let is_over = |day: &i64| *day < newest;
        let over: Vec<i64> = self.open.keys().copied().filter(is_over).collect();
        let is_closing = !over.is_empty();
        for day in over {
            let Some(shown) = self.open.remove(&day) else {
                continue;
            };
            // What happened before 1970 is nobody's habit today.
            let Ok(version) = u32::try_from(day) else { continue };
            snapshots.put(CLOSED, version, &shown, now)?;
            self.closed.insert(day);
        }
        Ok(is_closing)
    }

    /// Forgets days before one.
    pub(super) fn forget_before(&mut self, day: i64) {
        self.open = self.open.split_off(&day);
        self.closed = self.closed.split_off(&day);
        self.lent = self.lent.split_off(&day);
    }

    /// Closes every day but today's, and keeps none.
    pub(super) fn close_all(&mut self, now: Timestamp) {
        let rest = self.open.split_off(&now.day());
        let over = std::mem::replace(&mut self.open, rest);
        self.unkept.extend(over.into_iter().filter(|(day, _)| *day >= 0));
        self.closed.extend(self.unkept.keys());
    }

    /// Keeps all days and their snapshots, in the place of those that were kept.
    pub(super) fn keep_all(
        &self,
        snapshots: Snapshots<'_>,
        populations: &Populations,
        through: u64,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        snapshots
            .control
            .remove_detection_snapshots(snapshots.tenant, POPULATION, u32::MAX)?;
        for (day, shown) in &self.unkept {
            if let Ok(version) = u32::try_from(*day) {
                snapshots.put(CLOSED, version, shown, now)?;
            }
        }
        for population in populations.all() {
            snapshots.put_population(population, now)?;
        }
        self.keep(snapshots, through, now)
    }

    /// Reads the snapshots that were kept; none of them has its counts at hand.
    pub(super) fn recall(
        &self,
        snapshots: Snapshots<'_>,
        populations: &mut Populations,
    ) -> Result<(), DetectionError> {
        let Some(newest) = self.newest() else {
            return Ok(());
        };
        for day in self.days_of_snapshots(newest) {
            if let Ok(version) = u32::try_from(day)
                && let Some(population) = snapshots.get::<Population>(POPULATION, version)?
            {
                populations.insert(population);
            }
        }
        Ok(())
    }

    /// Makes the snapshots that are missing, up to a day, and keeps what is small of them.
    pub(super) fn make(
        &self,
        snapshots: Snapshots<'_>,
        populations: &mut Populations,
        newest: i64,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        self.make_unkept(snapshots, populations, newest, |population| {
            snapshots.put_population(population, now)
        })
    }

    /// The same, showing each to the caller instead of keeping it.
    pub(super) fn make_unkept(
        &self,
        snapshots: Snapshots<'_>,
        populations: &mut Populations,
        newest: i64,
        mut show: impl FnMut(&Population) -> Result<(), DetectionError>,
    ) -> Result<(), DetectionError> {
        let mut window = Window::default();
        for day in self.days_of_snapshots(newest) {
            if populations.has(day) {
                continue;
            }
            let wanted: Vec<i64> = self.closed.range(day - DAYS..day).copied().collect();
            let population = Population::for_day(day, window.of(self, snapshots, &wanted)?);
            show(&population)?;
            populations.insert(population);
        }
        Ok(())
    }

    /// Days that have a snapshot of their own. Where nothing came on many days before, the last one still says everything.
    fn days_of_snapshots(&self, newest: i64) -> impl Iterator<Item = i64> + use<'_> {
        let first = self.closed.first().map_or(newest, |first| first + 1);
        let last = self.closed.last().map_or(newest, |last| newest.min(last + DAYS));
        (first..=last).filter(|day| self.closed.range(day - DAYS..*day).next().is_some())
    }

    /// Counts, where they are not at hand, for the snapshots by which sign-ins of these days are scored.
    pub(super) fn lend(
        &mut self,
        snapshots: Snapshots<'_>,
        populations: &mut Populations,
        days: impl IntoIterator<Item = i64>,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        let of: BTreeSet<i64> = days.into_iter().map(|day| populations.at(day).day).collect();
        let mut window = Window::default();
        for day in of {
            self.lent.insert(day, now);
            let population = populations.at(day);
            if population.has_counts() {
                continue;
            }
            let wanted: Vec<i64> = population.made_of().collect();
            populations.count(day, window.of(self, snapshots, &wanted)?);
        }
        Ok(())
    }

    /// Lets go of counts that nobody asked for lately; the newest are always wanted.
    pub(super) fn take_back(&mut self, populations: &mut Populations, now: Timestamp) {
        let Some(newest) = self.newest().map(|newest| newest.min(now.day())) else {
            return;
        };
        let lent = &mut self.lent;
        populations.forget_counts(|day| {
            day < newest - 1 && now.ticks() - lent.entry(day).or_insert(now).ticks() > COUNTS_KEPT_TICKS
        });
        lent.retain(|_, at| now.ticks() - at.ticks() <= COUNTS_KEPT_TICKS);
    }

    /// The newest day that is known of.
    pub(super) fn newest(&self) -> Option<i64> {
        self.open.keys().next_back().max(self.closed.last()).copied()
    }

    /// Keeps the open days, with the commit that they know.
    pub(super) fn keep(
        &self,
        snapshots: Snapshots<'_>,
        through: u64,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        let index = Index {
            through,
            open: self.open.clone(),
            closed: self
                .closed
                .iter()
                .filter_map(|day| u32::try_from(*day).ok())
                .collect(),
        };
        snapshots.put(INDEX, VERSION, &index, now)
    }
}

/// Closed days as far as they are wanted for the next snapshot: from one to the next mostly one day comes and one goes.
#[derive(Default)]
struct Window(BTreeMap<i64, Day>);

impl Window {
    fn of(
        &mut self,
        calendar: &Calendar,
        snapshots: Snapshots<'_>,
        wanted: &[i64],
    ) -> Result<&BTreeMap<i64, Day>, DetectionError> {
        self.0.retain(|day, _| wanted.contains(day));
        for day in wanted {
            if self.0.contains_key(day) {
                continue;
            }
            let shown = match calendar.unkept.get(day) {
                Some(shown) => Some(shown.clone()),
                None => snapshots.get::<Day>(CLOSED, u32::try_from(*day).unwrap_or(u32::MAX))?,
            };
            self.0.extend(shown.map(|shown| (*day, shown)));
        }
        Ok(&self.0)
    }
}

/// Removes what is kept of days before one: addresses and people of months that were freed. Says whether anything was.
pub(crate) fn remove_before(
    control: &dyn ControlStore,
    tenant: TenantId,
    day: i64,
) -> Result<bool, DetectionError> {
    let snapshots = Snapshots { control, tenant };
    let version_of = |day: i64| u32::try_from(day.max(0)).unwrap_or(u32::MAX);
    let Some(snapshot) = control.detection_snapshot(tenant, INDEX, Some(VERSION))? else {
        return Ok(false);
    };
    let mut index: Index = unpack(&snapshot)?;
    let before = index.open.len() + index.closed.len();
    index.open.retain(|of, _| *of >= day);
    index.closed.retain(|of| i64::from(*of) >= day);
    if index.open.len() + index.closed.len() == before {
        return Ok(false);
    }
    control.remove_detection_snapshots(tenant, CLOSED, version_of(day))?;
    // Those for the next days tell of freed days as well, and are made anew of what is left.
    control.remove_detection_snapshots(tenant, POPULATION, version_of(tells_of_them_before(day)))?;
    // At last: a kill before this repeats it.
    snapshots.put(INDEX, VERSION, &index, snapshot.as_of)?;
    Ok(true)
}

/// Until which day snapshots are made of days before one.
pub(super) fn tells_of_them_before(day: i64) -> i64 {
    day.saturating_add(DAYS)
}

impl Snapshots<'_> {
    fn get<T: for<'a> Deserialize<'a>>(&self, name: &str, version: u32) -> Result<Option<T>, DetectionError> {
        let snapshot = self
            .control
            .detection_snapshot(self.tenant, name, Some(version))?;
        snapshot.as_ref().map(unpack).transpose()
    }

    fn put(
        &self,
        name: &str,
        version: u32,
        what: &impl Serialize,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        let snapshot = pack(name, version, what, now)?;
        Ok(self.control.put_detection_snapshot(self.tenant, &snapshot)?)
    }

    fn put_population(&self, population: &Population, now: Timestamp) -> Result<(), DetectionError> {
        match u32::try_from(population.day) {
            Ok(version) => self.put(POPULATION, version, population, now),
            Err(_) => Ok(()),
        }
    }
}

fn pack(
    name: &str,
    version: u32,
    what: &impl Serialize,
    now: Timestamp,
) -> Result<DetectionSnapshot, DetectionError> {
    let refused = |reason: String| DetectionError::Snapshot {
        name: name.to_owned(),
        reason,
    };
    let json = serde_json::to_vec(what).map_err(|error| refused(error.to_string()))?;
    let bytes = zstd::encode_all(json.as_slice(), 3).map_err(|error| refused(error.to_string()))?;
    Ok(DetectionSnapshot {
        name: name.to_owned(),
        version,
        as_of: now,
        bytes,
    })
}

fn unpack<T: for<'a> Deserialize<'a>>(snapshot: &DetectionSnapshot) -> Result<T, DetectionError> {
    let refused = |reason: String| DetectionError::Snapshot {
        name: snapshot.name.clone(),
        reason,
    };
    let json = zstd::decode_all(snapshot.bytes.as_slice()).map_err(|error| refused(error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| refused(error.to_string()))
}
