//! Frees months that are older than a tenant keeps. Off until configured.

use crate::app::App;
use crate::run::Stop;
use model::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use store::error::StoreError;
use store::events::{MonthInfo, Purge};

/// Months end once a month; looking once an hour is plenty. After a reload it looks at once: somebody who has just lowered the
/// days waits for the room.
const EVERY: Duration = Duration::from_secs(3_600);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    loop {
        let working = Arc::clone(&app);
        let swept = tokio::task::spawn_blocking(move || sweep(&working)).await;
        if let Ok(Err(error)) = swept {
            tracing::error!("retention could not free what is over its time: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.configured.notified() => {}
            () = stop.asked() => return,
        }
    }
}

fn sweep(app: &App) -> anyhow::Result<()> {
    let now = app.now();
    let config = app.config();
    for tenant in app.control.tenants()? {
        let Some(days) = config.retention.days_of(tenant.id, &tenant.names) else {
            continue;
        };
        free_old(app, tenant.id, days, now)?;
    }
    Ok(())
}

fn free_old(app: &App, tenant: model::tenant::TenantId, days: u32, now: Timestamp) -> Result<(), StoreError> {
    for month in app.events.months(tenant)? {
        if !is_over(&month, days, now) {
            continue;
        }
        let name = month.month;
        match app.events.purge(tenant, &month, now)? {
            Purge::Freed => {
                app.metrics.count_freed_month();
                tracing::info!(tenant = %tenant, "freed {name} of tenant {tenant}: older than {days} days");
            }
            Purge::WrittenSince => {
                tracing::info!(tenant = %tenant, "kept {name} of tenant {tenant}: something was just written to it");
            }
            Purge::BackupUnderWay => {
                tracing::info!(tenant = %tenant, "kept {name} of tenant {tenant} until the backup under way is done");
            }
            Purge::NotThere => {}
        }
    }
    Ok(())
}

/// A month goes when its end, its last event and its last write are all older: what was just imported stays for the
/// whole time, however old it is.
fn is_over(month: &MonthInfo, days: u32, now: Timestamp) -> bool {
    let oldest_kept = now.plus_days(-i64::from(days));
    month.month.end() <= oldest_kept && month.last < oldest_kept && month.last_write < oldest_kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::time::Month;

    fn check(last: &str, last_write: &str, days: u32, expected: bool) {
        let time = |text: &str| Timestamp::parse_vendor(text).unwrap();
        let month = MonthInfo {
            month: Month::parse("2017-04").unwrap(),
            first: time("2017-04-01"),
            last: time(last),
            last_write: time(last_write),
            last_commit: 1,
        };
        assert_eq!(
            is_over(&month, days, time("2017-06-10")),
            expected,
            "{last} {last_write} {days}"
        );
    }

    #[test]
    fn a_month_goes_when_its_end_and_its_last_write_are_older() {
        check("2017-04-30", "2017-05-01", 30, true);
        check("2017-04-30", "2017-05-01", 39, true);
        check("2017-04-30", "2017-05-01", 40, false);
    }

    #[test]
    fn what_was_just_written_stays() {
        check("2017-04-30", "2017-06-01", 30, false);
        check("2017-05-20", "2017-05-01", 30, false);
    }
}
