//! Forgets codes, tokens and sessions that have ended.

use crate::app::App;
use crate::run::Stop;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(3_600);

pub(super) async fn run(app: Arc<App>, stop: Stop) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.asked() => return,
        }
        let app = Arc::clone(&app);
        match tokio::task::spawn_blocking(move || app.control.forget_ended(app.now())).await {
            Ok(Ok(forgotten)) => tracing::debug!("{forgotten} codes, tokens and sessions had ended"),
            Ok(Err(error)) => tracing::warn!("what has ended could not be forgotten: {error}"),
            Err(panic) => tracing::error!("what has ended could not be forgotten: {panic}"),
        }
    }
}
