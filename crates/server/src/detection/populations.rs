//! Days and the snapshots made of them: a day is closed when a later one begins, is kept, and changes no more.
//!
//! So a snapshot can be made again from what is kept, after a restart, and says the same. What comes later of a day that is closed is in no
//! snapshot; `gatelog detect` makes them anew.

use super::DetectionError;
use detect::{Day, Population, Populations, Seen};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::control::{ControlStore, DetectionSnapshot};

/// How days are written; those of another version are made anew.
const VERSION: u32 = 1;
/// The snapshot with the open days, and which are closed.
const INDEX: &str = "calendar";
/// The snapshots of closed days, each with the day as its version.
const CLOSED: &str = "day/1";

/// The days of a tenant.
#[derive(Default)]
pub(super) struct Calendar {
    open: BTreeMap<i64, Day>,
    closed: BTreeMap<i64, Day>,
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
    pub(super) fn load(control: &dyn ControlStore, tenant: TenantId) -> Result<Calendar, DetectionError> {
        let Some(snapshot) = control.detection_snapshot(tenant, INDEX, Some(VERSION))? else {
            return Ok(Calendar::default());
        };
        let index: Index = unpack(&snapshot)?;
        let mut closed = BTreeMap::new();
        for day in index.closed {
            if let Some(snapshot) = control.detection_snapshot(tenant, CLOSED, Some(day))? {
                closed.insert(i64::from(day), unpack(&snapshot)?);
            }
        }
        Ok(Calendar {
            open: index.open,
            closed,
            through: index.through,
        })
    }

    /// Learns from a sign-in, if its day is open.
    pub(super) fn add(&mut self, seen: &Seen) {
        let day = seen.time.day();
        if !self.closed.contains_key(&day) {
            self.open.entry(day).or_default().add(seen);
        }
    }

    /// Closes the days before the newest, and makes the snapshots that are missing. Says whether a day was closed.
    pub(super) fn close(
        &mut self,
        control: &dyn ControlStore,
        tenant: TenantId,
        populations: &mut Populations,
        now: Timestamp,
    ) -> Result<bool, DetectionError> {
        let Some(newest) = self
            .open
            .keys()
            .next_back()
            .copied()
            .filter(|day| *day <= now.day())
        else {
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
            control.put_detection_snapshot(tenant, &pack(CLOSED, version, &shown, now)?)?;
            self.closed.insert(day, shown);
        }
        self.make(populations, newest);
        Ok(is_closing)
    }

    /// Forgets days before one.
    pub(super) fn forget_before(&mut self, day: i64) {
        self.open = self.open.split_off(&day);
        self.closed = self.closed.split_off(&day);
    }

    /// Closes every day but today's.
    pub(super) fn close_all(&mut self, now: Timestamp) {
        let rest = self.open.split_off(&now.day());
        let over = std::mem::replace(&mut self.open, rest);
        self.closed.extend(over.into_iter().filter(|(day, _)| *day >= 0));
    }

    /// Keeps all days, in the place of those that were kept.
    pub(super) fn keep_all(
        &self,
        control: &dyn ControlStore,
        tenant: TenantId,
        through: u64,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        for (day, shown) in &self.closed {
            if let Ok(version) = u32::try_from(*day) {
                control.put_detection_snapshot(tenant, &pack(CLOSED, version, shown, now)?)?;
            }
        }
        self.keep(control, tenant, through, now)
    }

    /// Makes the snapshots that are missing, up to a day.
    pub(super) fn make(&self, populations: &mut Populations, newest: i64) {
        let Some(first) = self.closed.keys().next().copied() else {
            return;
        };
        for day in first + 1..=newest {
            // Nothing came on many days before: the snapshot of then still says everything.
            let has_days = self.closed.range(day - detect::DAYS..day).next().is_some();
            if has_days && !populations.has(day) {
                populations.insert(Population::for_day(day, &self.closed));
            }
        }
    }

    /// The newest day that is known of.
    pub(super) fn newest(&self) -> Option<i64> {
        self.open.keys().chain(self.closed.keys()).max().copied()
    }

    /// Keeps the open days, with the commit that they know.
    pub(super) fn keep(
        &self,
        control: &dyn ControlStore,
        tenant: TenantId,
        through: u64,
        now: Timestamp,
    ) -> Result<(), DetectionError> {
        let index = Index {
            through,
            open: self.open.clone(),
            closed: self
                .closed
                .keys()
                .filter_map(|day| u32::try_from(*day).ok())
                .collect(),
        };
        Ok(control.put_detection_snapshot(tenant, &pack(INDEX, VERSION, &index, now)?)?)
    }
}

/// Removes what is kept of days before one: addresses and people of months that were freed.
pub(crate) fn remove_before(
    control: &dyn ControlStore,
    tenant: TenantId,
    day: i64,
) -> Result<(), DetectionError> {
    let below = u32::try_from(day.max(0)).unwrap_or(u32::MAX);
    control.remove_detection_snapshots(tenant, CLOSED, below)?;
    let Some(snapshot) = control.detection_snapshot(tenant, INDEX, Some(VERSION))? else {
        return Ok(());
    };
    let mut index: Index = unpack(&snapshot)?;
    let before = index.open.len() + index.closed.len();
    index.open.retain(|of, _| *of >= day);
    index.closed.retain(|of| i64::from(*of) >= day);
    if index.open.len() + index.closed.len() < before {
        control.put_detection_snapshot(tenant, &pack(INDEX, VERSION, &index, snapshot.as_of)?)?;
    }
    Ok(())
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
