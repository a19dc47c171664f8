//! What the server does on its own, each task a file.

mod detection;
mod disk;
mod enrichment;
mod gaps;
mod grants;
mod measures;
mod retention;

use crate::app::App;
use crate::health::Readiness;
use crate::run::Stop;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Starts every task; they end when the server is asked to stop.
pub(crate) fn start(app: &Arc<App>, readiness: &Readiness, stop: &Stop) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(detection::run(Arc::clone(app), stop.clone()));
    tasks.spawn(disk::run(Arc::clone(app), readiness.check("disk"), stop.clone()));
    tasks.spawn(enrichment::run(Arc::clone(app), stop.clone()));
    tasks.spawn(gaps::run(Arc::clone(app), stop.clone()));
    tasks.spawn(grants::run(Arc::clone(app), stop.clone()));
    tasks.spawn(measures::run(Arc::clone(app), stop.clone()));
    tasks.spawn(retention::run(Arc::clone(app), stop.clone()));
    tasks
}
