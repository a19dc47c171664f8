//! Reads the files of enrichment when the server starts, and again when one of them changed.

use crate::app::App;
use crate::enrichment::Gauges;
use crate::run::Stop;
use std::sync::Arc;
use std::time::Duration;

/// A look at a few files' dates costs nothing; a list that was just renewed should count soon.
const EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    let gauges = Arc::new(Gauges::registered(&app.metrics));
    loop {
        let (asked, shown) = (Arc::clone(&app), Arc::clone(&gauges));
        let looking = tokio::task::spawn_blocking(move || {
            let loaded = asked.enriching.renew(&asked.config());
            shown.set(&loaded.status(asked.now()));
        });
        if let Err(panic) = looking.await {
            tracing::error!("reading what is known of addresses ended in a panic: {panic}");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.asked() => return,
        }
    }
}
