//! What the server does on its own, each task a file.

mod retention;

use crate::app::App;
use crate::run::Stop;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Starts every task; they end when the server is asked to stop.
pub(crate) fn start(app: &Arc<App>, stop: &Stop) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(retention::run(Arc::clone(app), stop.clone()));
    tasks
}
