//! Rows and tallies of stored events made anew, inside a commit.

use super::append::Commit;
use crate::events::{Reprojected, Reprojection};
use model::batch::RowDraft;
use model::identity::EventKey;
use rusqlite::{OptionalExtension, params};

/// A content as it stands.
struct Standing {
    key: EventKey,
    time_ticks: i64,
    usage: Option<String>,
}

/// A row as it is served now: its JSON and particulars.
type Served = (Vec<u8>, Vec<u8>);

impl Commit<'_> {
    /// Puts what an event is to show in the place of what it shows.
    pub(super) fn reproject(
        &mut self,
        projection: &Reprojection,
        sum: &mut Reprojected,
    ) -> rusqlite::Result<()> {
        let Some(standing) = self.standing(projection.number)? else {
            return Ok(());
        };
        for report in &projection.reports {
            let row = projection.rows.iter().find(|row| row.report == *report);
            self.replace(&standing, *report, row, sum)?;
        }
        let Some(drafts) = &projection.usage else {
            return Ok(());
        };
        if let Some(note) = &standing.usage {
            self.sums.take_back(standing.time_ticks, note);
        }
        let note = self
            .sums
            .add(self.connection, self.named, standing.time_ticks, drafts)?;
        if note != standing.usage {
            sum.recounted += 1;
            self.cached("UPDATE events SET usage = ?2 WHERE id = ?1")?
                .execute(params![projection.number as i64, note])?;
        }
        Ok(())
    }

    /// Notes that every event of the month is counted.
    pub(super) fn note_counted(&self) -> rusqlite::Result<()> {
        self.cached("UPDATE meta SET counted = 1")?.execute([]).map(drop)
    }

    /// The content of a number, if it still wins.
    fn standing(&self, number: u64) -> rusqlite::Result<Option<Standing>> {
        self.cached("SELECT key, time, usage FROM events WHERE id = ?1 AND winner = 1 AND quarantined = 0")?
            .query_row([number as i64], |row| {
                Ok(Standing {
                    key: EventKey(row.get(0)?),
                    time_ticks: row.get(1)?,
                    usage: row.get(2)?,
                })
            })
            .optional()
    }

    fn replace(
        &mut self,
        standing: &Standing,
        report: u16,
        row: Option<&RowDraft>,
        sum: &mut Reprojected,
    ) -> rusqlite::Result<()> {
        let (key, time) = (&standing.key, standing.time_ticks);
        let served: Option<Served> = self
            .cached(
                "SELECT json, particulars FROM rows WHERE report = ?1 AND time = ?2 AND key = ?3 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(params![report, time, key.0], |row| {
                let json: Option<Vec<u8>> = row.get(0)?;
                let particulars: Option<Vec<u8>> = row.get(1)?;
                Ok(json.map(|json| (json, particulars.unwrap_or_default())))
            })
            .optional()?
            .flatten();
        match (served, row) {
            (None, None) => {}
            (None, Some(row)) => {
                self.put_draft(key, time, row)?;
                self.count_row(report, time, 1);
                sum.added += 1;
            }
            (Some(_), None) => {
                self.put_row(report, time, key, None, None)?;
                self.count_row(report, time, -1);
                sum.removed += 1;
            }
            (Some((json, particulars)), Some(row)) => {
                if json != row.json || particulars != row.particulars {
                    self.put_draft(key, time, row)?;
                    sum.changed += 1;
                }
            }
        }
        Ok(())
    }
}
