//! Looks now and then at the sources of all tenants and for their gaps, so that both are measured without anybody asking.

use crate::app::App;
use crate::ledger::gaps::KINDS;
use crate::ledger::measures::measured;
use crate::run::Stop;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::error::StoreError;

/// From the end of one round to the next.
const EVERY: Duration = Duration::from_secs(60);
/// Tenants that are looked at without a pause; a thousand would otherwise push the files of readers out.
const AT_ONCE: usize = 20;
/// Between two tenants after these.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    loop {
        let round = async {
            round(&app).await;
            tokio::time::sleep(EVERY).await;
        };
        tokio::select! {
            () = round => {}
            () = stop.asked() => return,
        }
    }
}

/// Looks at every tenant once, and takes over what was found.
async fn round(app: &Arc<App>) {
    let tenants = match app.events.tenants() {
        Ok(tenants) => tenants,
        Err(error) => {
            tracing::warn!("the tenants cannot be listed to look for gaps: {error}");
            return;
        }
    };
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seconds = 0_i64;
    let mut sources = Vec::new();
    for (number, tenant) in tenants.into_iter().enumerate() {
        if number >= AT_ONCE {
            tokio::time::sleep(PAUSE).await;
        }
        let looking = Arc::clone(app);
        let found =
            tokio::task::spawn_blocking(move || measured(looking.events.as_ref(), tenant, looking.now()));
        match found.await {
            Ok(Ok((gaps, measures))) => {
                sources.extend(measures);
                for gap in &gaps {
                    if let Some(kind) = KINDS.iter().find(|kind| **kind == gap.kind) {
                        *open.entry(kind).or_default() += 1;
                    }
                    seconds = seconds.saturating_add(gap.seconds());
                }
            }
            // It was removed meanwhile.
            Ok(Err(StoreError::TenantGone { .. })) => {}
            Ok(Err(error)) => tracing::warn!(tenant.id = %tenant, "gaps cannot be looked for: {error}"),
            Err(panic) => tracing::error!("looking for gaps ended in a panic: {panic}"),
        }
    }
    for kind in KINDS {
        app.metrics
            .note_gaps(kind, open.get(kind).copied().unwrap_or_default());
    }
    app.metrics.note_gap_seconds(seconds);
    app.metrics.note_sources(sources);
}
