//! What an operator does while the service runs: months leave by retention, and backups are taken.

use super::{BACKUP, Load, PURGE};
use crate::bench::client::Line;
use crate::bench::fleet::rows_of;
use crate::bench::product::{Build, command};
use crate::bench::samples::Sample;
use anyhow::{Context, Result, bail};
use model::time::{Month, Timestamp};
use std::fs;
use std::path::{Path, PathBuf};

/// A month that is not freed by then is a fault.
const PATIENCE_SECONDS: f64 = 120.0;

/// What an operator has at hand.
pub(super) struct Operator<'a> {
    pub(super) build: &'a Build,
    pub(super) data: &'a Path,
    /// The configuration file of the server.
    pub(super) settings: &'a Path,
    /// Where backups go.
    pub(super) beside: &'a Path,
    pub(super) now: Timestamp,
}

/// One deed and when it is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Deed {
    /// The month of this place among the old ones leaves.
    Purge(u32),
    Backup,
}

/// The deeds of a run in their order: purges evenly over it, a backup in the middle of each third, so that thirds can be
/// compared.
pub(super) fn plan(seconds: f64, months: u32) -> Vec<(f64, Deed)> {
    let mut deeds: Vec<(f64, Deed)> = (0..months)
        .map(|month| {
            let share = (f64::from(month) + 0.25) / f64::from(months);
            (seconds * share, Deed::Purge(month))
        })
        .collect();
    deeds.extend([1.0, 3.0, 5.0].map(|sixth| (seconds * sixth / 6.0, Deed::Backup)));
    deeds.sort_by(|one, other| one.0.total_cmp(&other.0));
    deeds
}

/// The months that leave, the oldest first.
pub(super) fn old_month(place: u32) -> Result<Month> {
    Month::new(2016 + place as i32 / 12, place as i32 % 12 + 1).context("make a month")
}

impl Operator<'_> {
    /// Does what is due until the run ends.
    pub(super) fn work(&self, load: &Load<'_>, deeds: &[(f64, Deed)]) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (due, deed) in deeds {
            if !load.steady.wait_until(*due) {
                break;
            }
            let began = load.steady.watch.seconds();
            let done = match deed {
                Deed::Purge(month) => self.purge(load, *month).map(|()| PURGE),
                Deed::Backup => self.back_up().map(|()| BACKUP),
            };
            match done {
                Ok(kind) => samples.push(Sample {
                    kind,
                    due: began,
                    took: load.steady.watch.seconds() - began,
                }),
                Err(error) => load.steady.fault(&format!("{deed:?}: {error:#}")),
            }
        }
        samples
    }

    fn purge(&self, load: &Load<'_>, place: u32) -> Result<()> {
        const FREED: &str = "gatelog_retention_freed_months_total";
        let month = old_month(place)?;
        let days = (self.now.unix_seconds() - month.end().unix_seconds()) / 86_400;
        let expected = load.server.metric(FREED)? + load.members.len() as f64;
        fs::write(self.settings, format!("[retention]\ndefault_days = {days}\n"))?;
        let began = load.steady.watch.seconds();
        load.server.hang_up()?;
        while load.server.metric(FREED)? < expected {
            if load.steady.watch.seconds() - began > PATIENCE_SECONDS {
                bail!("{month} was not freed");
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let mut line = Line::to(load.server.address);
        for member in load.members {
            let rows = rows_of(line.ask(&member.page(load.server, month.start(), month.end(), 100))?)?;
            if rows > 0 {
                bail!("{month} is freed and still has rows");
            }
        }
        Ok(())
    }

    fn back_up(&self) -> Result<()> {
        let folder: PathBuf = self.beside.join("backup");
        let to = folder.to_string_lossy().into_owned();
        let written = command(self.build, self.data, &["backup", &to])?;
        fs::remove_dir_all(&folder).context("remove the backup")?;
        if written["files"].as_u64().unwrap_or_default() == 0 {
            bail!("the backup is empty: {written}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_third_has_as_many_purges_and_a_backup() {
        let deeds = plan(90.0, 6);
        for third in 0..3 {
            let within = |due: f64| (due / 30.0) as i32 == third;
            let of = |wanted: fn(&Deed) -> bool| {
                deeds
                    .iter()
                    .filter(|(due, deed)| within(*due) && wanted(deed))
                    .count()
            };
            assert_eq!(of(|deed| *deed == Deed::Backup), 1);
            assert_eq!(of(|deed| *deed != Deed::Backup), 2);
        }
    }
}
